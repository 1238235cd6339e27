"""Automatic differentiation.

forward     dual numbers: one directional derivative beside every value
"""

from dlmath_ref.autodiff.forward import Dual, dexp, directional_derivative, dlog, dsin, dtanh

__all__ = ["Dual", "dexp", "directional_derivative", "dlog", "dsin", "dtanh"]
