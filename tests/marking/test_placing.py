"""Torch modules and optimisers live where the answer does; the key reads their parameters as data."""

import pytest
import torch

from autograder.key import N0, Key, check, close, placed, state
from autograder.marking import LocalAnswers, mark_exercise
from autograder.marking.sandboxed import SandboxAnswers
from autograder.results import Verdict
from autograder.sandbox import Limits, Sandbox

STEP = "def step(model, optimizer, X):\n{before}    model(X).pow(2).mean().backward()\n    optimizer.step()\n"
RIGHT, FORGETS = STEP.format(before="    optimizer.zero_grad()\n"), STEP.format(before="")


def function(source):
    names = {}
    exec(source, names)
    return names["step"]


@pytest.fixture
def key():
    """Two steps of gradient descent, against torch's own gradients by hand."""
    key = Key("u/step", reference={"step": function(RIGHT)})

    @key.part("core", weight=3)
    def parameters_after_two_steps(answer, rng):
        X = torch.from_numpy(rng.normal(size=(5, 3)))
        model = torch.nn.Linear(3, 1, dtype=torch.float64)
        weight = torch.from_numpy(rng.normal(size=(1, 3)))
        with torch.no_grad():
            model.weight.copy_(weight)
            model.bias.zero_()
        ours, optimizer = placed(answer, model, torch.optim.SGD(model.parameters(), lr=0.1))
        before = state(ours)
        W, b = weight.clone(), torch.zeros(1, dtype=torch.float64)
        for _ in range(2):
            answer(ours, optimizer, X)
            error = X @ W.T + b  # (5, 1)
            W, b = W - 0.1 * 2 * (error.T @ X) / 5, b - 0.1 * 2 * error.mean(0)
        close(state(ours)["weight"], W)
        close(state(ours)["bias"], b)
        close(before["weight"], weight)

    @key.reject("Gradients add up: clear them.", fails=["parameters_after_two_steps"])
    def step(model, optimizer, X):
        model(X).pow(2).mean().backward()
        optimizer.step()

    return key


@pytest.mark.parametrize(
    ("source", "points", "diagnosis"), [(RIGHT, 3.0, ""), (FORGETS, 0.0, "Gradients add up: clear them.")]
)
def test_here(key, source, points, diagnosis):
    """A lecturer's own objects behave as those in the sandbox do."""
    result = mark_exercise(key, LocalAnswers({"step": function(source)}), b"secret")
    assert (result.points, result.diagnosis) == (points, diagnosis)


@pytest.fixture(scope="module")
def box():
    with Sandbox(limits=Limits(cell_seconds=20, part_seconds=20), heavy=("torch", "optim")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("source", "points", "diagnosis"),
    [
        (RIGHT, 3.0, ""),
        (FORGETS, 0.0, "Gradients add up: clear them."),
        (RIGHT + "    model.state_dict = lambda: {'weight': 'none', 'bias': None}\n", 0.0, ""),
        (RIGHT + "    model.state_dict = None\n", 0.0, ""),
    ],
)
def test_in_the_sandbox(key, box, source, points, diagnosis):
    """A student who tampers with the module loses the part, and nothing of ours is broken."""
    with box.session() as session:
        session.run_cell(source)
        result = mark_exercise(key, SandboxAnswers(session, key.bans, {}), b"secret")
    assert (result.points, result.diagnosis) == (points, diagnosis)
    assert result.verdict is not Verdict.BROKEN


def test_bans_are_for_students(box):
    """Where builtins are banned, optimisers are rebuilt and lengths are asked for all the same."""
    key = Key("u/step", reference={"step": function(RIGHT)}, bans=N0.allowing("torch"))

    @key.part("core", weight=1)
    def an_optimiser_and_a_length(answer, rng):
        model = torch.nn.Sequential(torch.nn.Linear(3, 1))
        ours, optimizer = placed(answer, model, torch.optim.Adam(model.parameters()))
        answer(ours, optimizer, torch.ones(2, 3))
        check(len(ours) == 1, "A network has one layer.")

    with box.session() as session:
        session.run_cell(RIGHT)
        result = mark_exercise(key, SandboxAnswers(session, key.bans, {}), b"secret")
    assert (result.points, result.verdict) == (1.0, Verdict.PASS)


def test_nothing_of_ours_can_be_placed(box):
    key = Key("u/private", reference={"f": len})

    @key.part("core", weight=1)
    def a_limit_is_sent(answer, rng):
        placed(answer, Limits())

    faults: list[str] = []
    with box.session() as session:
        session.run_cell("f = len")
        result = mark_exercise(key, SandboxAnswers(session, key.bans, {}), b"secret", faults=faults)
    assert result.verdict is Verdict.BROKEN and "sandbox: got an object of autograder" in faults[0]
