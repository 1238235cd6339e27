"""Reference implementation of the book's mathematics, to be read beside it.

losses            sigmoid, softmax, cross-entropies with gradients
training          one-layer networks by gradient descent and SGD, a network for digits, one-vs-rest, one-vs-one
autoencoder       one hidden layer that reconstructs its input
metrics           how good predictions are: squared errors, counts of classes, ROC curves
gradcheck         central differences, complex step, directional check
regression        linear model in closed form and by gradient descent, bias and variance
unsupervised      principal components, k-means
preprocessing     encoded tables, polynomial features, one-hot rows, standardised columns
model_selection   train, dev and test, cross-validation, mini-batches, early stopping
optim             quadratic rate, line search, momentum and adaptive steps, SGD, clipping
autodiff          forward mode by dual numbers, reverse mode by a tape
nn                layers: activations, fully connected networks, convolution, pooling, normalisation, dropout
rl                decision processes as tables, agents that learn from transitions
second_order      Newton's method, BFGS, L-BFGS
vision            overlapping boxes
errors            ShapeError, RangeError
"""

from dlmath_ref.autodiff import Dual, Var, dexp, directional_derivative, dlog, dsin, dtanh
from dlmath_ref.autoencoder import autoencoder_loss_grad
from dlmath_ref.errors import RangeError, ShapeError
from dlmath_ref.gradcheck import complex_step, directional_check, numerical_gradient
from dlmath_ref.losses import (
    bce_loss_grad,
    log_sigmoid,
    logsumexp,
    sigmoid,
    softmax,
    softmax_ce_grad,
)
from dlmath_ref.metrics import (
    accuracy,
    confusion_matrix,
    precision_recall_f1,
    regression_metrics,
    roc_auc,
    topk_accuracy,
)
from dlmath_ref.model_selection import early_stopping, kfold_cv, kfold_indices, minibatches, split_indices
from dlmath_ref.nn import (
    VGG19_SPEC,
    activation,
    avgpool,
    avgpool_backward,
    bn_backward,
    bn_forward,
    col2im,
    conv2d,
    conv2d_backward,
    conv2d_matrix,
    conv_output_size,
    conv_toeplitz,
    corr_valid_matrix,
    count_network,
    dropout_backward,
    dropout_forward,
    im2col,
    inception_forward,
    init_layer,
    maxpool,
    maxpool_backward,
    mlp_backward,
    mlp_forward,
    receptive_field,
    relu_interpolant,
)
from dlmath_ref.optim import (
    adagrad_step,
    adam_step,
    backtracking_gd,
    clip_global_norm,
    momentum_step,
    nesterov_step,
    quadratic_rate,
    rmsprop_step,
    sgd,
)
from dlmath_ref.preprocessing import Standardizer, encode_tabular, one_hot, polynomial_features
from dlmath_ref.regression import bias_variance, gd_linear, least_squares
from dlmath_ref.rl import (
    ReplayBuffer,
    bellman,
    double_dqn_target,
    dqn_target,
    epsilon_greedy,
    epsilon_greedy_probs,
    policy_evaluation,
    policy_iteration,
    q_learning,
    q_update,
    value_iteration,
)
from dlmath_ref.second_order import bfgs_minimize, bfgs_update, lbfgs_direction, newton_logistic
from dlmath_ref.training import gd_logistic, predict_ovo, predict_ovr, sgd_softmax, train_mlp_digits
from dlmath_ref.unsupervised import kmeans, kmeans_step, pca
from dlmath_ref.vision import iou, nms

__all__ = [
    "Dual",
    "RangeError",
    "ReplayBuffer",
    "ShapeError",
    "Standardizer",
    "VGG19_SPEC",
    "Var",
    "accuracy",
    "activation",
    "adagrad_step",
    "adam_step",
    "autoencoder_loss_grad",
    "avgpool",
    "avgpool_backward",
    "backtracking_gd",
    "bce_loss_grad",
    "bellman",
    "bfgs_minimize",
    "bfgs_update",
    "bias_variance",
    "bn_backward",
    "bn_forward",
    "clip_global_norm",
    "col2im",
    "complex_step",
    "confusion_matrix",
    "conv2d",
    "conv2d_backward",
    "conv2d_matrix",
    "conv_output_size",
    "conv_toeplitz",
    "corr_valid_matrix",
    "count_network",
    "dexp",
    "directional_check",
    "directional_derivative",
    "dlog",
    "double_dqn_target",
    "dqn_target",
    "dropout_backward",
    "dropout_forward",
    "dsin",
    "dtanh",
    "early_stopping",
    "encode_tabular",
    "epsilon_greedy",
    "epsilon_greedy_probs",
    "gd_linear",
    "gd_logistic",
    "im2col",
    "inception_forward",
    "init_layer",
    "iou",
    "kfold_cv",
    "kfold_indices",
    "kmeans",
    "kmeans_step",
    "lbfgs_direction",
    "least_squares",
    "log_sigmoid",
    "logsumexp",
    "maxpool",
    "maxpool_backward",
    "minibatches",
    "mlp_backward",
    "mlp_forward",
    "momentum_step",
    "nesterov_step",
    "newton_logistic",
    "nms",
    "numerical_gradient",
    "one_hot",
    "pca",
    "policy_evaluation",
    "policy_iteration",
    "polynomial_features",
    "precision_recall_f1",
    "predict_ovo",
    "predict_ovr",
    "q_learning",
    "q_update",
    "quadratic_rate",
    "receptive_field",
    "regression_metrics",
    "relu_interpolant",
    "rmsprop_step",
    "roc_auc",
    "sgd",
    "sgd_softmax",
    "sigmoid",
    "softmax",
    "softmax_ce_grad",
    "split_indices",
    "topk_accuracy",
    "train_mlp_digits",
    "value_iteration",
]
