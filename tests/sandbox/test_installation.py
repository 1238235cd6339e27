"""Which heavy libraries are imported before the first submission."""

from __future__ import annotations

import pytest

from autograder.sandbox.installation import needed


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["import numpy as np"], ()),
        (["import torch\nnet = torch.nn.Linear(2, 1)"], ("torch",)),
        (["import torch\nsgd = torch.optim.SGD([w], lr=1)"], ("torch", "optim")),
        (["from torch import optim"], ("torch", "optim")),
        (["import numpy", "from scipy.stats import norm"], ("scipy",)),
        (["# the same path as torch.optim.SGD with lr = 0.004\nimport numpy as np"], ()),
        (["# torch.optim.Adam's numbers", "import torch"], ("torch",)),
    ],
)
def test_what_the_texts_import_is_wanted(texts: list[str], expected: tuple[str, ...]) -> None:
    """Imports count, a remark about a library does not: it would cost every submission tens of megabytes."""
    assert needed(texts) == expected
