"""The answer keys prove themselves, in process: right answers earn all, wrong ones lose and are named.

Each accepted or rejected answer is run as a student would hand it in: as the text of one cell, with numpy alone.
"""

import ast
import sys
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from autograder.errors import AutograderError
from autograder.key import load_key
from autograder.key.sources import as_cell
from autograder.marking import LocalAnswers, mark_exercise
from autograder.results import Verdict

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"
CODE_POINTS = 90  # of the 100 points of a unit; written derivations hold the other 10
# What each exercise is worth. A unit is complete when its table holds all 90 points; until then keys may be added.
POINTS = {
    "unit01_machine_learning": {
        "tabular_encode": 8,
        "regression_metrics": 6,
        "confusion_topk": 7,
        "precision_recall_f1": 9,
        "roc_auc": 9,
        "split_indices": 6,
        "kfold_cv": 11,
        "least_squares_ridge": 9,
        "gd_linear_trace": 8,
        "bias_variance": 7,
        "pca": 6,
        "kmeans_step": 4,
    },
    "unit02_logistic": {
        "autoencoder_grad": 9,
        "bce_loss_grad": 10,
        "cross_entropy_grad": 10,
        "gd_logistic_trace": 8,
        "minibatches": 7,
        "numerical_gradient": 9,
        "ovr_ovo_predict": 6,
        "polynomial_features": 7,
        "sigmoid_stable": 6,
        "softmax_logsumexp": 8,
        "softmax_sgd": 10,
    },
    "unit03_optimization": {
        "backtracking_gd": 7,
        "momentum": 7,
        "nesterov": 8,
        "rmsprop_adagrad": 8,
        "adam": 11,
        "sgd_schedule": 7,
        "dual_numbers": 10,
        "newton_logistic": 9,
        "bfgs_update": 10,
        "lbfgs_two_loop": 8,
        "quadratic_rate": 5,
    },
    "unit04_feedforward": {
        "activations": 6,
        "mlp_forward": 8,
        "relu_interpolant": 5,
        "init": 7,
        "clip_global_norm": 5,
        "dropout": 8,
        "batchnorm_forward": 8,
        "batchnorm_backward": 9,
        "mlp_backward": 13,
        "early_stopping": 3,
        "mlp_digits": 5,
        "reverse_tape": 13,
    },
    "unit05_convolution": {
        "inception": 7,
        "pooling": 10,
        "conv2d_forward": 12,
        "conv2d_backward": 14,
        "im2col": 7,
        "conv1d_toeplitz": 9,
        "conv2d_matrix": 6,
        "conv_output_shape": 4,
        "iou_nms": 4,
        "vgg19_accounting": 7,
        "receptive_field": 4,
        "cnn_digits": 6,
    },
    "unit09_reinforcement": {
        "replay_buffer": 8,
        "dqn_update_step": 8,
        "dqn_on_log": 4,
        "q_agent": 9,
        "bellman_backup": 8,
        "value_iteration": 8,
        "policy_evaluation": 7,
        "policy_iteration": 5,
        "epsilon_greedy": 7,
        "q_update": 9,
        "dqn_target": 9,
        "double_dqn_target": 8,
    },
}
NAMED = {f"{unit}/{name}": points for unit, table in POINTS.items() for name, points in table.items()}
FOUND = {f"{path.parent.name}/{path.stem}" for path in SOLUTIONS.glob("*/*.py")}
EXERCISES = sorted(NAMED.keys() | FOUND)
SECRETS = [b"first", b"second", b"third", b"fourth"]
# Whose part about unchanged inputs is earned by an answer that does nothing.
NOTHING_EARNS = {"unit02_logistic/numerical_gradient"}
# Trained by a student's own choices: nothing of it can be worked by hand.
NO_EXAMPLE = {"unit04_feedforward/mlp_digits"}


@cache
def key(name):
    return load_key(SOLUTIONS, name)


@cache
def cell(name, answer):
    """The answer of this name as a student's cell."""
    k = key(name)
    return next(as_cell(k, v) for v in (*k.accepted, *k.rejected) if v.name == answer)


def variants(kind):
    """The accepted or the rejected answers of all keys that can be read; test_points_and_parts fails for the others."""
    found = []
    for name in EXERCISES:
        try:
            found += [pytest.param(name, v, id=f"{name}-{v.name}") for v in getattr(key(name), kind)]
        except AutograderError:
            continue
    return found


def as_handed_in(k, variant):
    """The exercise's functions with those of the variant's cell, which knows numpy and nothing else of ours."""
    namespace = {"np": np}
    exec(cell(k.id, variant.name), namespace)
    return LocalAnswers({**k.references, **{name: namespace[name] for name in variant.targets}})


def mark(k, answers, secret):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # overflow and log(0) are what some of them are about
        return mark_exercise(k, answers, secret)


def failed(result):
    return {p.name for p in result.parts if p.verdict is not Verdict.PASS}


@pytest.mark.parametrize("name", EXERCISES)
def test_points_and_parts(name):
    """The parts add up to the exercise's points, begin with a worked example worth 1, and all can be lost."""
    k = key(name)
    assert k.points == NAMED.get(name, k.points)
    assert [p.weight for p in k.parts if p.kind == "worked"] == ([] if name in NO_EXAMPLE else [1])
    assert {p.name for p in k.parts} == set().union(*(v.fails for v in k.rejected))


@pytest.mark.parametrize("unit", POINTS)
def test_the_unit_adds_up(unit):
    """90 points of a unit are marked by machine, each by a key of the table."""
    total = sum(POINTS[unit].values())
    assert total <= CODE_POINTS
    if total == CODE_POINTS:
        assert {name for name in FOUND if name.startswith(f"{unit}/")} == {f"{unit}/{name}" for name in POINTS[unit]}


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("secret", SECRETS)
def test_the_reference_earns_everything(name, secret):
    """The reference passes every part, whatever the secret."""
    k = key(name)
    assert failed(mark(k, LocalAnswers(k.references), secret)) == set()


@pytest.mark.parametrize("name, variant", variants("accepted"))
def test_accepted_answers_earn_everything(name, variant):
    """A right answer written differently passes every part."""
    k = key(name)
    result = mark(k, as_handed_in(k, variant), variant.name.encode())
    assert failed(result) == set(), [p.message for p in result.parts]
    assert result.points == k.points


@pytest.mark.parametrize("name, variant", variants("rejected"))
def test_rejected_answers_fail_their_parts_and_are_named(name, variant):
    """A wrong answer fails exactly the parts that the key says, among them one beyond the example, and is told why.

    Each meets inputs of its own: luck that a key leans on would show in one of them.
    """
    k = key(name)
    result = mark(k, as_handed_in(k, variant), variant.name.encode())
    assert failed(result) == variant.fails
    assert variant.fails & {p.name for p in k.parts if p.kind != "worked"}
    assert result.diagnosis == variant.sentence


@pytest.mark.parametrize("name", EXERCISES)
def test_sentences_are_short_and_stand_alone(name):
    """A diagnosis is one or two sentences and gives no code away."""
    for v in key(name).rejected:
        assert v.sentence.endswith((".", "?")) and len(v.sentence) < 140, v.name
        assert "np." not in v.sentence.replace("np.array_split", ""), v.name


@pytest.mark.parametrize("name", EXERCISES)
def test_no_answer_needs_more_than_numpy(name):
    """The cells of all answers import numpy and the standard library alone; torch where the exercise allows it."""
    k = key(name)
    allowed = sys.stdlib_module_names | {m for m in ("torch",) if not k.bans.forbids(m)}
    for v in (*k.accepted, *k.rejected):
        names = {
            module.split(".")[0]
            for node in ast.walk(ast.parse(cell(name, v.name)))
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for module in ([node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
        }
        assert names <= allowed, v.name


@pytest.mark.parametrize("name", EXERCISES)
def test_an_answer_that_returns_nothing_gets_nothing(name):
    """A function that returns None fails every part of every exercise, by words and not by a fault of ours."""
    k = key(name)
    result = mark(k, LocalAnswers(dict.fromkeys(k.functions, lambda *args, **named: None)), b"first")
    assert result.points == 0 or name in NOTHING_EARNS
    assert {p.verdict for p in result.parts} <= {Verdict.PASS, Verdict.FAIL, Verdict.CRASH}


def test_numpys_global_generator_is_noticed():
    """np.random.permutation gives valid epochs, but loses the part about the generator and is told so."""

    def minibatches(n, batch_size, rng, drop_last=False):
        order = np.random.permutation(n)
        stop = n - n % batch_size if drop_last else n
        return [order[i : i + batch_size] for i in range(0, stop, batch_size)]

    result = mark(key("unit02_logistic/minibatches"), LocalAnswers({"minibatches": minibatches}), b"first")
    (lost,) = [p for p in result.parts if p.verdict is not Verdict.PASS]
    assert lost.name == "the_passed_generator_decides_the_order"
    assert lost.message == "Use the generator that is passed in, not numpy's global one."


def test_the_order_of_monomials_costs_one_point():
    """A convention is worth at most 1 point."""
    k = key("unit02_logistic/polynomial_features")
    lost = {
        v.name: sum(p.weight for p in k.parts if p.name in v.fails) for v in k.rejected if "convention" in v.sentence
    }
    assert set(lost.values()) == {1}
