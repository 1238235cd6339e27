"""Grading on a machine with a GPU: answers run on the processor, and tensors cross as data wherever they lie."""

from __future__ import annotations

import pytest
import torch

from autograder.sandbox import Sandbox
from autograder.sandbox.probe import probe

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.device_count(), reason="no CUDA device"),
]

LEVELS = ["namespaces", "landlock", "rlimits"]


@pytest.mark.parametrize("level", LEVELS)
def test_answers_run_on_the_processor(level: str) -> None:
    """Code that takes a GPU where it finds one finds none in the sandbox, so all students are graded alike."""
    if reason := probe()[level]:
        pytest.skip(f"{level}: {reason}")
    with Sandbox(isolation=level) as box, box.session() as session:
        outcome = session.run_cell(
            "import torch\ndevice = 'cuda' if torch.cuda.is_available() else 'cpu'\nx = torch.ones(3, device=device)",
            "a",
        )
        assert outcome.status == "ok", outcome.error
        with session.fork() as branch:
            assert branch.get("device") == "cpu"
            assert torch.equal(branch.get("x"), torch.ones(3))


def test_a_tensor_on_the_gpu_crosses_as_data(student) -> None:
    """What lies on the GPU arrives on the processor, bit for bit."""
    source = "import torch\ndef make():\n    return torch.arange(6, dtype=torch.float64, device='cuda') / 7"
    with student(source) as branch:
        x = branch.get("make")()
    assert x.device.type == "cpu"
    assert torch.equal(x, torch.arange(6, dtype=torch.float64) / 7)
