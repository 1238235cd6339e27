"""Layers of neural networks, each a pure function of arrays.

activations   S and S'
mlp           a fully connected network
toeplitz      convolution as a matrix, and how large its output is
"""

from dlmath_ref.nn.activations import activation
from dlmath_ref.nn.mlp import mlp_backward, mlp_forward, relu_interpolant
from dlmath_ref.nn.toeplitz import conv2d_matrix, conv_output_size, conv_toeplitz, corr_valid_matrix

__all__ = [
    "activation",
    "conv2d_matrix",
    "conv_output_size",
    "conv_toeplitz",
    "corr_valid_matrix",
    "mlp_backward",
    "mlp_forward",
    "relu_interpolant",
]
