"""Answer key: one step of Adam (unit 3).

The place of eps is a convention and worth one point: only one part uses an eps that can be seen.
"""

from copy import deepcopy

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import adam_step

key = Key("unit03_optimization/adam", reference=adam_step, bans=N0)

NAMES = ("theta", "m", "v")
# torch.optim.Adam with its defaults on Rosenbrock's function, 50 steps from (0.4, -0.2), float64
FIFTY_STEPS = np.array([0.3524769876615447, -0.1516107936120939])


@np.errstate(all="ignore")  # a wrong answer may leave the valley
def rosenbrock_gradient(t):
    return np.array([-2 * (1 - t[0]) - 400 * t[0] * (t[1] - t[0] ** 2), 200 * (t[1] - t[0] ** 2)])


def away(rng, shape):
    """Numbers of both signs and sizes in [1, 2]."""
    return np.asarray(rng.uniform(1, 2, size=shape) * rng.choice([-1, 1], size=shape))


def steps(rng):
    """Arguments of adam_step in the middle of a run; eps is too small to be seen."""
    for shape, t, alpha, beta1, beta2 in [
        ((3, 2), 1, 0.3, 0.9, 0.999),
        ((4,), 2, 0.5, 0.8, 0.95),
        ((), 50, 0.7, 0.95, 0.99),
        ((2, 3, 2), 10_000, 0.4, 0.6, 0.999),
    ]:
        m, v = away(rng, shape), np.asarray(rng.uniform(4, 9, size=shape))
        yield np.asarray(rng.normal(size=shape)), away(rng, shape), m, v, t, alpha, beta1, beta2, 1e-9


def triple(got):
    check(type(got) in (tuple, list) and len(got) == 3, "adam_step must return three values: theta, m, v.")
    return got


@key.part("worked", weight=1)
def the_first_step_by_hand(answer, rng):
    got = answer(np.array([1.0]), np.array([2.0]), np.zeros(1), np.zeros(1), 1, 0.1)
    close(got, (np.array([0.9 + 0.5e-9]), np.array([0.2]), np.array([0.004])), what=NAMES)


@key.part("core", weight=2)
def the_averages_m_and_v_are_returned_uncorrected(answer, rng):
    for args in steps(rng):
        close(tuple(triple(answer(*deepcopy(args)))[1:]), adam_step(*args)[1:], what=("m", "v"))


@key.part("core", weight=3)
def theta_agrees_at_the_steps_1_2_50_and_10000(answer, rng):
    for args in steps(rng):
        close(triple(answer(*deepcopy(args)))[0], adam_step(*args)[0], what="theta")


@key.part("core", weight=1)
def the_first_step_has_length_alpha(answer, rng):
    theta, g, zero = rng.normal(size=6), away(rng, 6) * 10.0 ** np.arange(6), np.zeros(6)
    got = triple(answer(theta.copy(), g.copy(), zero.copy(), zero.copy(), 1, 0.5, 0.9, 0.999, 1e-9))[0]
    close(got, theta - 0.5 * np.sign(g), what="theta after the first step")


@key.part("core", weight=2)
def fifty_steps_with_the_usual_settings(answer, rng):
    theta, m, v = np.array([0.4, -0.2]), np.zeros(2), np.zeros(2)
    for t in range(1, 51):
        theta, m, v = triple(answer(theta, rosenbrock_gradient(theta), m, v, t))
    close(theta, FIFTY_STEPS, what="theta after fifty steps")


@key.part("edge", weight=0.5)
def without_gradient_the_averages_decide(answer, rng):
    theta, zero = rng.normal(size=3), np.zeros(3)
    close(answer(theta.copy(), zero.copy(), zero.copy(), zero.copy(), 3), (theta, zero, zero), what=NAMES)
    args = theta, zero, away(rng, 3), np.full(3, 4 / 3), 10_000, 0.1, 0.5, 0.75, 1e-9  # late: both corrections are 1
    close(answer(*deepcopy(args)), adam_step(*args), what=NAMES)


@key.part("edge", weight=1, feedback="Where does eps stand?")
def eps_is_added_to_the_root(answer, rng):
    m, v = 1e-4 * away(rng, 4), 1e-8 * rng.uniform(1, 2, size=4)
    args = np.zeros(4), 1e-4 * away(rng, 4), m, v, 2, 0.8, 0.7, 0.75, 1e-4
    close(triple(answer(*deepcopy(args)))[0], adam_step(*args)[0], what="theta")
    args = np.zeros(4), 1e-4 * args[1], 1e-4 * m, 1e-8 * v, 2, 0.8, 0.7, 0.75  # the usual eps
    close(triple(answer(*deepcopy(args)))[0], adam_step(*args)[0], what="theta")


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    args = rng.normal(size=(3, 2)), away(rng, (3, 2)), away(rng, (3, 2)), rng.uniform(4, 9, size=(3, 2)), 3
    standard(answer, (*args, 0.5, 0.8, 0.75, 1e-9), adam_step, what=NAMES)


@key.accept
def with_one_fused_step_size(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    root = (1 - beta2**t) ** 0.5
    return theta - alpha * root / (1 - beta1**t) * m / (np.sqrt(v) + eps * root), m, v


@key.accept
def in_place_on_copies(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    theta, m, v = (np.array(a, dtype=float) for a in (theta, m, v))
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * np.square(g)
    theta -= alpha * (m / (1 - np.power(beta1, t))) / ((v / (1 - np.power(beta2, t))) ** 0.5 + eps)
    return [theta, m, v]


@key.accept
def entry_by_entry(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    new = [np.zeros(theta.shape) for _ in range(3)]
    for k in np.ndindex(theta.shape):
        new[1][k] = beta1 * m[k] + (1 - beta1) * g[k]
        new[2][k] = beta2 * v[k] + (1 - beta2) * g[k] ** 2
        mhat, vhat = new[1][k] / (1 - beta1**t), new[2][k] / (1 - beta2**t)
        new[0][k] = theta[k] - alpha * mhat / (vhat**0.5 + eps)
    return tuple(new)


ALL = [
    "the_first_step_by_hand",
    "the_averages_m_and_v_are_returned_uncorrected",
    "theta_agrees_at_the_steps_1_2_50_and_10000",
    "the_first_step_has_length_alpha",
    "fifty_steps_with_the_usual_settings",
    "eps_is_added_to_the_root",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
]
THETA_ALONE = [name for name in ALL if name != "the_averages_m_and_v_are_returned_uncorrected"]
LATER = [name for name in THETA_ALONE if name not in ("the_first_step_by_hand", "the_first_step_has_length_alpha")]
ZERO = "without_gradient_the_averages_decide"


def _averages(g, m, v, beta1, beta2):
    return beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2


EARLY = "The averages start at 0 and are too small at first: divide both by 1 − β to the power t."


@key.reject(EARLY, fails=THETA_ALONE)
def no_bias_correction(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = _averages(g, m, v, beta1, beta2)
    return theta - alpha * m / (np.sqrt(v) + eps), m, v


@key.reject(EARLY, fails=THETA_ALONE)
def only_m_is_corrected(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = _averages(g, m, v, beta1, beta2)
    return theta - alpha * m / (1 - beta1**t) / (np.sqrt(v) + eps), m, v


@key.reject("Your correction is the same at every step: it uses β to the power t.", fails=LATER)
def beta_not_to_power_t(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = _averages(g, m, v, beta1, beta2)
    return theta - alpha * m / (1 - beta1) / (np.sqrt(v / (1 - beta2)) + eps), m, v


TIMES = "Your correction multiplies β by t; it takes β to the power t."


@key.reject(TIMES, fails=[*LATER, ZERO])
def beta_times_t(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = _averages(g, m, v, beta1, beta2)
    return theta - alpha * m / (1 - beta1 * t) / (np.sqrt(v / (1 - beta2 * t)) + eps), m, v


@key.reject(TIMES, fails=[*LATER, ZERO])
def beta_times_t_without_nan(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = _averages(g, m, v, beta1, beta2)
    return theta - alpha * m / (1 - beta1 * t) / (np.sqrt(np.abs(v / (1 - beta2 * t))) + eps), m, v


COUNT = "You count the steps differently: the first step has t = 1, and its correction is 1 − β."


@key.reject(COUNT, fails=THETA_ALONE)
def t_one_too_large(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = _averages(g, m, v, beta1, beta2)
    mhat, vhat = m / (1 - beta1 ** (t + 1)), v / (1 - beta2 ** (t + 1))
    return theta - alpha * mhat / (np.sqrt(vhat) + eps), m, v


@key.reject(COUNT, fails=THETA_ALONE)
def t_one_too_small(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = _averages(g, m, v, beta1, beta2)
    mhat, vhat = m / (1 - beta1 ** (t - 1)), v / (1 - beta2 ** (t - 1))
    return theta - alpha * mhat / (np.sqrt(vhat) + eps), m, v


@key.reject(
    "You return the corrected averages: the next step would correct them again.",
    fails=[
        "the_first_step_by_hand",
        "the_averages_m_and_v_are_returned_uncorrected",
        "fifty_steps_with_the_usual_settings",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def corrected_moments_stored(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = _averages(g, m, v, beta1, beta2)
    m, v = m / (1 - beta1**t), v / (1 - beta2**t)
    return theta - alpha * m / (np.sqrt(v) + eps), m, v


@key.reject("You divide by the average of the squares; divide by its root.", fails=THETA_ALONE)
def no_sqrt(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = _averages(g, m, v, beta1, beta2)
    return theta - alpha * m / (1 - beta1**t) / (v / (1 - beta2**t) + eps), m, v


CENTRED = "Your v averages squared distances from m; Adam's v averages the squares of the gradient itself."


@key.reject(CENTRED, fails=[*ALL, ZERO])
def centred_second_moment(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g - m) ** 2
    return theta - alpha * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@key.reject("Your v averages the gradient; it must average its square.", fails=ALL)
def gradient_not_squared(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g
    return theta - alpha * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@key.reject(
    "The convention of this course: ε is added to the root of v̂, not under it.", fails=["eps_is_added_to_the_root"]
)
def eps_under_the_root(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = _averages(g, m, v, beta1, beta2)
    return theta - alpha * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + eps), m, v


@key.reject(
    "Where all gradients were 0 you divide 0 by 0: ε is missing.",
    fails=["eps_is_added_to_the_root", ZERO],
)
def eps_missing(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = _averages(g, m, v, beta1, beta2)
    return theta - alpha * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t)), m, v


@key.reject("Where g is 0 you keep θ; the averages of the earlier gradients still move it.", fails=[ZERO])
def at_rest_without_gradient(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = _averages(g, m, v, beta1, beta2)
    step = alpha * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return np.where(g == 0, theta, theta - step), m, v


@key.reject("Your step has the wrong sign: it goes uphill.", fails=[*THETA_ALONE, ZERO])
def ascent(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = _averages(g, m, v, beta1, beta2)
    return theta + alpha * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@key.reject(
    "Your function changes its arguments: make new arrays.", fails=["inputs_stay_unchanged_in_any_dtype_and_layout"]
)
def state_overwritten(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g**2
    theta -= alpha * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return theta, m, v
