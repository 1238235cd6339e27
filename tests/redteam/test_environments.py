"""Students' agents that reach for the environment they act in, the marker behind it, or the channel between them.

The environment lives with the marker. Each attack is student code in the real sandbox, at each level of isolation. It
may raise, or be refused; it never learns the environment's secret, never changes what the environment counts, and
never makes the marker take an object for data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autograder.key import Key, check, close, expose
from autograder.marking import mark_exercise
from autograder.marking.sandboxed import SandboxAnswers
from autograder.results import ExerciseResult, Verdict
from autograder.sandbox import Limits, Sandbox
from autograder.sandbox.probe import probe

LEVELS = ["namespaces", "landlock"]
SECRET = "CANARY-environment-7351"
HEAD = "import gc, os, sys, types\nimport numpy as np\n"


class Counter:
    """Pays 1 for each of ten steps, and holds what no agent may see."""

    def __init__(self) -> None:
        self.reward, self.taken, self.paid, self.secret, self.resets = 1.0, 0, 0.0, SECRET, 0

    def reset(self) -> int:
        self.resets += 1
        return 0

    def step(self, a: int) -> tuple[int, float, bool, bool]:
        check(type(a) is int and a in (0, 1), "An action is 0 or 1.")
        check(self.taken < 10, "Ten steps are enough.")
        self.taken += 1
        self.paid += self.reward * a
        return self.taken, self.reward * a, self.taken == 10, False


SEEN: list[Counter] = []


def agent(env: Any) -> float:
    """The reference: what ten steps to the right pay."""
    env.reset()
    return sum(env.step(1)[1] for _ in range(10))


def _key() -> Key:
    key = Key("u/agent", reference=agent)

    @key.part("core", weight=1)
    def ten_steps_pay_ten(answer: Any, rng: Any) -> None:
        env = Counter()
        SEEN.append(env)
        got = answer(expose(env, "reset", "step"))
        close(got, 10.0, what="the sum of rewards")
        check(env.taken == 10 and env.paid == 10.0, "The environment was not left as ten steps leave it.")

    return key


@pytest.fixture(scope="module", params=LEVELS)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    if reason := probe()[request.param]:
        pytest.skip(f"{request.param}: {reason}")
    limits = Limits(cell_seconds=5, part_seconds=3, submission_seconds=30)
    with Sandbox(isolation=request.param, limits=limits, heavy=()) as opened:
        yield opened


Mark = Callable[[str], tuple[ExerciseResult, Counter, str]]


@pytest.fixture
def marked(box: Sandbox) -> Mark:
    """Marks an agent; the result, the environment afterwards, and every word that the student could read."""

    def mark(source: str) -> tuple[ExerciseResult, Counter, str]:
        key, faults = _key(), list[str]()
        SEEN.clear()  # the first of the environments is the student's, others are the reference's
        with box.session() as session:
            outcome = session.run_cell(HEAD + source, "agent")
            assert outcome.status == "ok", outcome
            result = mark_exercise(key, SandboxAnswers(session, key.bans), b"secret", faults=faults)
            after = session.run_cell("print('alive')", "after")
        assert not faults and result.verdict is not Verdict.BROKEN, faults
        words = f"{result.message} {result.diagnosis} {[(p.message, p.got, p.expected) for p in result.parts]}"
        return result, SEEN[0], f"{words} {outcome.outputs} {after.outputs}"

    return mark


def found(expression: str) -> str:
    """An agent that tells what it could see of the environment."""
    return (
        f"import re\ndef agent(env):\n    env.reset()\n    seen = str({expression})\n"
        "    raise ValueError(f'{len(seen)} characters: {re.findall(r\"CANARY-env[a-z]+-[0-9]+\", seen)[:3]}')\n"
    )


READING = {
    "an attribute that was not exposed": "env.secret",
    "the class of the object": "(type(env).__mro__, vars(type(env)))",
    "the dictionary of the object": "(env.__dict__, vars(env.step), object.__dir__(env))",
    "the globals of its methods": "env.step.__call__.__func__.__globals__",
    "the globals of the channel": "type(env)._method.__globals__",
    "the closure of what asks": "[c.cell_contents for c in (env._ask.__func__.__closure__ or ())]",
    "the object behind what asks": "vars(env._ask.__self__)",
    "all objects that are alive": "[o for o in gc.get_objects() if 'Counter' in type(o).__name__ or 'taken' in str(type(o))]",
    "what refers to it": "[vars(o) for r in gc.get_referrers(env) for o in gc.get_referrers(r) if hasattr(o, '__dict__')][:50]",
    "the frames above": "[(f.f_locals, f.f_globals) for f in iter(lambda s=[sys._getframe()]: s.__setitem__(0, s[0].f_back) "
    "or s[0], None)]",
    "the modules of the marker": "[vars(m) for n, m in sys.modules.items() if 'redteam' in n or 'autograder' in n]",
    "the memory of the marker": "open(f'/proc/{os.getppid()}/mem', 'rb').read(100)",
    "a name asked for by force": "env._ask('attribute', (env._id, 'secret'), [])",
    "the dictionary asked for by force": "env._ask('attribute', (env._id, '__dict__'), [])",
    "globals asked for by force": "env._ask('attribute', (env._id, 'step.__globals__'), [])",
    "another object by number": "[env._ask('attribute', (n, 'secret'), []) for n in range(9)]",
    "a negative number": "env._ask('attribute', (-1, 'secret'), [])",
    "methods added to the stand-in": "(object.__setattr__(env, '_attributes', frozenset({'secret'})), env.secret)",
}


@pytest.mark.parametrize("what", READING)
def test_nothing_more_is_seen(marked: Mark, what: str) -> None:
    """No attempt to read finds the secret, earns a point or takes a step."""
    result, env, told = marked(found(READING[what]))
    assert result.points == 0
    assert SECRET not in told
    assert (env.taken, env.paid, env.reward, env.secret) == (0, 0.0, 1.0, SECRET)


CHANGING = {
    "sets the reward": "env.reward = 10.0",
    "sets the reward past the refusal": "object.__setattr__(env, 'reward', 10.0)",
    "replaces step": "object.__setattr__(env, 'step', lambda a: (0, 10.0, True, False))",
    "patches the stand-in's class": "type(env).step = lambda self, a: (0, 10.0, True, False)",
    "sets by a forged request": "env._ask('setattr', (env._id, 'reward'), [10.0])",
    "calls what was not exposed": "env._ask('callback', (env._id, '__setattr__'), [('reward', 10.0), {}])",
    "calls __init__ anew": "env._ask('callback', (env._id, '__init__'), [(), {}])",
    "calls with the arguments missing": "env._ask('callback', (env._id, 'step'), [])",
    "calls with names that are no text": "env._ask('callback', (env._id, 'step'), [(), {1: 2}])",
    "answers in the marker's place": "env._ask.__self__.send('result', (), [10.0])",
    "answers twice": "[env._ask.__self__.send('value', (), [10.0]) for _ in range(2)]",
    "reads what was sent to it": "env._ask.__self__.receive(0.2)",
    "writes rubbish to every descriptor": "[os.write(fd, b'\\xff' * 64) for fd in range(3, 64) if os.path.exists("
    "f'/proc/self/fd/{fd}')]",
    "reads every descriptor": "[(os.set_blocking(fd, False), os.read(fd, 99)) for fd in map(int, os.listdir('/proc/self/fd')) "
    "if fd > 2]",
    "closes every descriptor": "os.closerange(3, 64)",
}


@pytest.mark.parametrize("what", CHANGING)
def test_neither_state_nor_reward_can_be_touched(marked: Mark, what: str) -> None:
    """An agent that takes no step earns nothing by it, and the environment counts none."""
    source = (
        f"def agent(env):\n    try:\n        {CHANGING[what]}\n    except Exception:\n        pass\n    return 10.0\n"
    )
    result, env, told = marked(source)
    assert result.points == 0
    assert SECRET not in told
    assert (env.taken, env.paid, env.reward, env.secret) == (0, 0.0, 1.0, SECRET)


STEPPING = {
    "more steps than there are": "sum(env.step(1)[1] for _ in range(50))",
    "a swallowed refusal": "[swallowed(env.step, 1) for _ in range(50)] and 11.0",
    "an action that is a subclass of int": "env.step(type('One', (int,), {'__mul__': lambda s, o: 10.0, '__rmul__': lambda s, o: 10.0})(1))",
    "an action that pretends": "env.step(type('All', (), {'__eq__': lambda s, o: True, '__hash__': lambda s: 1, "
    "'__rmul__': lambda s, o: 10.0, '__class__': int})())",
    "an action out of range": "env.step(10)",
    "an array as action": "env.step(np.array([1.0] * 10))",
    "keywords": "env.step(1, reward=10.0)",
    "the environment as action": "env.step(env)",
    "a function as action": "env.step(lambda *a: 10.0)",
}
HELPER = "def swallowed(f, *args):\n    try:\n        return f(*args)\n    except Exception:\n        return None\n"


@pytest.mark.parametrize("what", STEPPING)
def test_steps_that_are_none(marked: Mark, what: str) -> None:
    """What is no honest step pays nothing: never more than ten steps count, and each pays its action."""
    result, env, _ = marked(HELPER + f"def agent(env):\n    env.reset()\n    {STEPPING[what]}\n    return 11.0\n")
    assert result.points == 0
    assert env.taken <= 10 and env.paid == env.taken and type(env.paid) is float


RETURNED = {
    "a subclass of float": "type('Ten', (float,), {'__sub__': lambda s, o: 0.0, '__eq__': lambda s, o: True})(3.0)",
    "an object that is equal to everything": "type('All', (), {'__eq__': lambda s, o: True, '__float__': lambda s: 10.0, "
    "'__array__': lambda s, *a, **k: np.array(10.0)})()",
    "an array with hooks": "np.zeros(()).view(type('Liar', (np.ndarray,), {'__array_ufunc__': lambda *a, **k: np.True_}))",
    "an object that pickles as code": "type('Bomb', (), {'__reduce__': lambda s: (print, (1,))})()",
    "the environment": "env",
    "its method": "env.step",
    "a generator that steps later": "(env.step(1) for _ in range(10))",
    "a forged handle": "type('H', (list,), {})([2, 1, 'float', 'x', True])",
}


@pytest.mark.parametrize("what", RETURNED)
def test_what_is_returned_is_data_or_nothing(marked: Mark, what: str) -> None:
    """Objects with hooks are never asked how they compare."""
    result, env, _ = marked(f"def agent(env):\n    env.reset()\n    return {RETURNED[what]}\n")
    assert result.points == 0 and env.taken == 0


def test_calls_within_calls_end(marked: Mark) -> None:
    """An agent that a callback calls again is served to a bounded depth, and the environment still counts right."""
    deep = "def agent(env, n=0):\n    env.reset()\n    return agent(env, n + 1) if n < 500 else 10.0\n"
    result, env, _ = marked(deep)
    assert result.points == 0 and env.taken == 0 and env.resets == 501


def test_another_process_and_another_thread_gain_nothing(marked: Mark) -> None:
    """A fork may not speak on the channel, and what a thread does counts as the agent's own steps."""
    fork = (
        "def agent(env):\n    env.reset()\n    pid = os.fork()\n    if pid == 0:\n        try:\n            env.step(1)\n"
        "        except BaseException:\n            pass\n        os._exit(0)\n    os.waitpid(pid, 0)\n    return 10.0\n"
    )
    result, env, _ = marked(fork)
    assert result.points == 0 and env.taken == 0


def test_an_honest_agent_earns_its_point(marked: Mark) -> None:
    """Between all these, ten honest steps pay ten."""
    honest = "def agent(env):\n    env.reset()\n    return sum(env.step(1)[1] for _ in range(10))\n"
    result, env, told = marked(honest)
    assert result.points == 1 and env.taken == 10
    assert "alive" in told
