"""Automatic differentiation.

forward     dual numbers: one directional derivative beside every value
reverse     Var: the gradient of one result by a walk back through the program
"""

from dlmath_ref.autodiff.forward import Dual, dexp, directional_derivative, dlog, dsin, dtanh
from dlmath_ref.autodiff.reverse import Var

__all__ = ["Dual", "Var", "dexp", "directional_derivative", "dlog", "dsin", "dtanh"]
