"""What would hand an answer over is forbidden by its key and reported by name; what the course allows is not."""

from pathlib import Path

import pytest

from autograder.key import load_key
from autograder.marking.reach import CodeCell, violation_message, violations

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"
IMPORTS = CodeCell("imports", "import numpy as np\nimport scipy.signal\nimport torch\nimport torchvision", own=False)
BY_HAND = [  # gradients and layers that students write themselves
    "unit04_feedforward/mlp_forward",
    "unit04_feedforward/mlp_backward",
    "unit04_feedforward/reverse_tape",
    "unit04_feedforward/batchnorm_forward",
    "unit04_feedforward/batchnorm_backward",
    "unit04_feedforward/dropout",
    "unit05_convolution/conv2d_forward",
    "unit05_convolution/conv2d_backward",
    "unit05_convolution/im2col",
    "unit05_convolution/pooling",
    "unit05_convolution/inception",
]
FORBIDDEN = [
    *((name, use) for name in BY_HAND for use in ("torch.autograd.grad", "torch.nn.functional.conv2d")),
    *((name, "scipy.signal.correlate2d") for name in BY_HAND if name.startswith("unit05")),
    ("unit05_convolution/conv1d_toeplitz", "np.convolve"),
    ("unit05_convolution/conv1d_toeplitz", "np.correlate"),
    ("unit05_convolution/conv1d_toeplitz", "scipy.linalg.toeplitz"),
    ("unit05_convolution/conv2d_matrix", "scipy.linalg.convolution_matrix"),
    ("unit05_convolution/vgg19_accounting", "torchvision.models.vgg19"),
    ("unit05_convolution/cnn_digits", "torchvision.models.vgg19"),
]
ALLOWED = [
    *(
        (f"unit05_convolution/{name}", "np.lib.stride_tricks.sliding_window_view")
        for name in ("conv1d_toeplitz", "conv2d_forward", "conv2d_backward", "im2col", "pooling", "inception")
    ),
    ("unit05_convolution/conv2d_matrix", "np.kron"),
    ("unit05_convolution/cnn_digits", "torch.nn.Conv2d"),
]


def messages(exercise, use):
    """What a student reads whose first function calls it."""
    key = load_key(SOLUTIONS, exercise)
    cell = CodeCell("answer", f"def {key.functions[0]}(*args):\n    return {use}(*args)")
    return [violation_message(found) for found in violations([IMPORTS, cell], key.functions, key.bans)]


@pytest.mark.parametrize(("exercise", "use"), FORBIDDEN)
def test_what_hands_the_answer_over_is_reported_by_name(exercise, use):
    """The message holds the name as the student wrote it, and its place."""
    assert messages(exercise, use) == [f"`{use}` may not be used in this exercise (cell answer, line 2)."]


@pytest.mark.parametrize(("exercise", "use"), ALLOWED)
def test_what_the_course_allows_is_not_reported(exercise, use):
    """Views of windows, Kronecker products, and torch where the exercise is about torch."""
    assert messages(exercise, use) == []
