"""First-order optimisation.

descent     whole runs: rate on a quadratic, gradient descent with line search, SGD
updates     one step each: momentum, Nesterov, RMSprop, AdaGrad, Adam
clipping    a limit for the length of a step
"""

from dlmath_ref.optim.clipping import clip_global_norm
from dlmath_ref.optim.descent import backtracking_gd, quadratic_rate, sgd
from dlmath_ref.optim.updates import adagrad_step, adam_step, momentum_step, nesterov_step, rmsprop_step

__all__ = [
    "adagrad_step",
    "adam_step",
    "backtracking_gd",
    "clip_global_norm",
    "momentum_step",
    "nesterov_step",
    "quadratic_rate",
    "rmsprop_step",
    "sgd",
]
