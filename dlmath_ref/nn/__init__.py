"""Layers of neural networks, each a pure function of arrays.

activations   S and S'
mlp           a fully connected network
"""

__all__ = []
