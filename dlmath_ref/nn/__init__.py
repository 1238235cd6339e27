"""Layers of neural networks, each a pure function of arrays.

activations   S and S'
mlp           a fully connected network
init          weights to begin with, by He and by Xavier
conv          a convolutional layer, its gradients, im2col
toeplitz      convolution as a matrix, and how large its output is
dropout       inverted dropout
norm          batch normalisation
pool          largest entry or mean of every window
blocks        inception module
accounting    parameters, multiply-adds, receptive fields; VGG19
cnn           a small network for digits, trained; with torch, so it is imported by its own name
"""

from dlmath_ref.nn.accounting import VGG19_SPEC, count_network, receptive_field
from dlmath_ref.nn.activations import activation
from dlmath_ref.nn.blocks import inception_forward
from dlmath_ref.nn.conv import col2im, conv2d, conv2d_backward, im2col
from dlmath_ref.nn.dropout import dropout_backward, dropout_forward
from dlmath_ref.nn.init import init_layer
from dlmath_ref.nn.mlp import mlp_backward, mlp_forward, relu_interpolant
from dlmath_ref.nn.norm import bn_backward, bn_forward
from dlmath_ref.nn.pool import avgpool, avgpool_backward, maxpool, maxpool_backward
from dlmath_ref.nn.toeplitz import conv2d_matrix, conv_output_size, conv_toeplitz, corr_valid_matrix

__all__ = [
    "VGG19_SPEC",
    "activation",
    "avgpool",
    "avgpool_backward",
    "bn_backward",
    "bn_forward",
    "col2im",
    "conv2d",
    "conv2d_backward",
    "conv2d_matrix",
    "conv_output_size",
    "conv_toeplitz",
    "corr_valid_matrix",
    "count_network",
    "dropout_backward",
    "dropout_forward",
    "im2col",
    "inception_forward",
    "init_layer",
    "maxpool",
    "maxpool_backward",
    "mlp_backward",
    "mlp_forward",
    "receptive_field",
    "relu_interpolant",
]
