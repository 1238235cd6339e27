"""Calls on a fork of the student's process."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from autograder.key.bans import N0, Bans
from autograder.sandbox import (
    AnswerBlocked,
    AnswerCrashed,
    AnswerRaised,
    AnswerTimeout,
    AnswerUnusable,
    NotDefined,
    Remote,
    Session,
    expose,
    remote_type,
)
from autograder.sandbox.inside.wire import awake
from autograder.sandbox.pickles import dump

HEAD = "import numpy as np, torch, os, time\n"


def test_data_and_functions(student):
    """Data is data; a function is a stand-in that carries its name."""
    with student(HEAD + "x = [1, np.float32(2)]\ndef double(a, *, times=2): return times * a") as branch:
        assert branch.get("x") == [1, 2.0] and type(branch.get("x")[1]) is np.float32
        double = branch.get("double")
        assert isinstance(double, Remote) and double.__name__ == "double" and remote_type(double) == "function"
        assert double(np.arange(3)).tolist() == [0, 2, 4] and double(3, times=5) == 15
        assert branch.get("double") is double


def test_what_is_not_there(student):
    """An undefined name raises NotDefined and names it."""
    with student("pass") as branch, pytest.raises(NotDefined, match="softmax: not defined"):
        branch.get("softmax")


def test_a_fork_leaves_the_session_alone(student, session):
    """What a branch changes is gone in the next one."""
    with student("n = [0]\ndef bump():\n    n[0] += 1\n    return n[0]") as branch:
        assert branch.get("bump")() == 1
        assert branch.get("bump")() == 2
    with session.fork() as branch:
        assert branch.get("bump")() == 1


def test_an_exception_names_type_message_and_the_students_lines(student):
    """Only lines of the student's cells are repeated."""
    with student("def inner(x):\n    raise ValueError('no ' + x)\ndef f(x):\n    return inner(x)") as branch:
        with pytest.raises(AnswerRaised) as caught:
            branch.get("f")("good")
        assert caught.value.type_name == "ValueError" and caught.value.message == "no good"
        assert [line.split(",")[1].strip() for line in caught.value.lines] == ["line 4", "line 2"]
        assert all("inside" not in line for line in caught.value.lines)
    with student("class Own(KeyError): pass\ndef h(x):\n    raise Own(x)") as branch:
        with pytest.raises(AnswerRaised) as caught:
            branch.get("h")("x")
        assert (caught.value.type_name, caught.value.builtin) == ("Own", "KeyError")


def test_instances_generators_and_classes_are_stand_ins(student):
    """Attributes, items, length, iteration and setting go to the student's object."""
    source = (
        "class Net:\n    width = 3\n    def __init__(self, k=1): self.k = k\n    def __len__(self): return 7\n"
        "    def __getitem__(self, i): return i * self.k\n    def __setitem__(self, i, v): self.k = v\n"
        "def count(n):\n    for i in range(n): yield i\n"
    )
    with student(source) as branch:
        net = branch.get("Net")(k=4)
        assert remote_type(net) == "Net" and net.width == 3 and len(net) == 7 and net[5] == 20
        net.k = 6
        assert net[1] == 6
        net[0] = 9
        assert net.k == 9
        assert list(branch.get("count")(3)) == [0, 1, 2]
        with pytest.raises(AnswerRaised, match="AttributeError"):
            net.absent  # noqa: B018
        with pytest.raises(AttributeError, match="private"):
            net._k  # noqa: B018


def test_a_stand_in_is_compared_by_identity_alone(student):
    """Truth, equality and conversion to an array never ask the student."""
    source = (
        "class Liar:\n    def __eq__(self, o): return True\n    def __bool__(self): return True\n"
        "    def __array__(self, *a): return 1/0\n    def __float__(self): return 1.0\n    __class__ = float\n"
        "liar = Liar()"
    )
    with student(source) as branch:
        liar = branch.get("liar")
        assert remote_type(liar) == "Liar" and (liar == 1.0) is False and not isinstance(liar, float)
        for convert in (bool, np.asarray, float, int):
            with pytest.raises(TypeError):
                convert(liar)


def test_arrays_changed_in_place_are_changed_here_too(student):
    """Also inside containers, for tensors, and for an object that keeps what it was given."""
    source = HEAD + (
        "def add(a): a += 1\ndef deep(d): d['x'][0][:] = 5\n"
        "class Opt:\n    def __init__(self, ps): self.ps = ps\n    def step(self):\n"
        "        for p in self.ps: p.data.sub_(p.grad); p.grad.zero_()\n"
    )
    with student(source) as branch:
        a = np.zeros((3, 4))[::-1, ::2]
        branch.get("add")(a)
        assert (a == 1).all()
        d = {"x": [np.zeros(2), np.zeros(2)]}
        branch.get("deep")(d)
        assert d["x"][0].tolist() == [5, 5] and d["x"][1].tolist() == [0, 0]
        p = torch.ones(2, requires_grad=True)
        p.grad = torch.full((2,), 0.25)
        opt = branch.get("Opt")([p])
        opt.step()
        assert p.tolist() == [0.75, 0.75] and p.grad.tolist() == [0, 0]
        p.grad = torch.ones(2)  # changed here: seen there
        opt.step()
        assert p.tolist() == [-0.25, -0.25]


def test_views_that_the_student_keeps_are_followed(student):
    """An array of which only a view is kept is still in step; one that nobody keeps is not looked at."""
    source = HEAD + (
        "kept = []\ndef keep(a): kept.append(a[1:])\ndef look(a): return a.sum()\n"
        "def change():\n    kept[0] += 1\ndef seen(): return kept[0].copy()\n"
    )
    with student(source) as branch:
        a, b = np.zeros(3), np.zeros(3)
        branch.get("keep")(a)
        branch.get("look")(b)
        branch.get("change")()
        assert a.tolist() == [0, 1, 1]
        a[:] = 7
        assert branch.get("seen")().tolist() == [7, 7]
        assert [branch.shared._entries[i].idle for i in sorted(branch.shared._entries)] == [False, True]
        b[0] = 5
        assert branch.get("look")(b) == 5 and branch.get("look")(b) == 5


def test_reshaping_an_argument_in_place_is_unusable(student):
    """The marker's array cannot follow, and says so; the next call works."""
    with student("def f(a): a.shape = (4,)\ndef g(): return 1") as branch:
        with pytest.raises(AnswerUnusable, match="shape"):
            branch.get("f")(np.zeros((2, 2)))
        assert branch.get("g")() == 1


def test_a_returned_view_cannot_change_later(student):
    """What was returned is a copy."""
    with student("def f(a): return a[:1]\nkeep = []\ndef g(a):\n    a += 1") as branch:
        a = np.zeros(3)
        view = branch.get("f")(a)
        branch.get("g")(a)
        assert view[0] == 0 and a[0] == 1


def test_generators_go_there_and_back(student):
    """A generator draws the same numbers there, continues here where the student stopped, has its own children."""
    with student("def draw(rng, n): return rng.normal(size=n)") as branch:
        for make in (np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64):
            rng, twin = np.random.Generator(make(3)), np.random.Generator(make(3))
            assert np.array_equal(branch.get("draw")(rng, 3), twin.normal(size=3))
            assert rng.bit_generator.state["state"].keys() == twin.bit_generator.state["state"].keys()
            assert rng.normal() == twin.normal()
            assert np.array_equal(branch.get("draw")(rng, 2), twin.normal(size=2))
    with student("def child(rng): return rng.spawn(1)[0].normal()") as branch:
        first, second = (branch.get("child")(np.random.default_rng(seed)) for seed in (1, 2))
        assert first != second and first == branch.get("child")(np.random.default_rng(1))
    with student("import torch\ndef draw2(g): return torch.rand(3, generator=g)") as branch:
        g, twin = torch.Generator().manual_seed(1), torch.Generator().manual_seed(1)
        assert torch.equal(branch.get("draw2")(g), torch.rand(3, generator=twin))
        assert torch.equal(torch.rand(1, generator=g), torch.rand(1, generator=twin))


def test_callbacks(student):
    """A function that is passed in is called back with the student's arguments, nested as deep as it comes."""
    with student("def apply(f, x): return f(x) + f(x)\ndef inc(x): return x + 1") as branch:
        apply, inc = branch.get("apply"), branch.get("inc")
        seen = []
        assert apply(lambda x: seen.append(x) or x * 2, 3) == 12 and seen == [3, 3]
        assert apply(lambda x: inc(x) * 10, 1) == 40  # the callback asks the student again
        assert apply(inc, 1) == 4  # the student's own function goes back as itself
        assert apply(np.tanh, np.zeros(2)).tolist() == [0, 0]  # a public function is sent by name


def test_arrays_are_in_step_while_a_callback_runs(student):
    """The callback sees the student's changes, the student sees the callback's."""
    with student("def descend(w, grad):\n    for _ in range(3):\n        w -= grad()\n    return w.copy()") as branch:
        w, seen = np.ones(2), []

        def grad():
            seen.append(w[0])
            return 0.5 * w

        assert branch.get("descend")(w, grad).tolist() == [0.125, 0.125]
        assert seen == [1, 0.5, 0.25] and w[0] == 0.125


def test_a_generator_passed_on_to_a_callback_is_the_markers_own(student):
    """Draws in the callback and draws of the student come from one stream."""
    with student("def play(rng, policy): return [rng.random(), policy(rng), rng.random()]") as branch:
        rng, twin = np.random.default_rng(5), np.random.default_rng(5)

        def policy(r):
            assert r is rng
            return r.random()

        assert branch.get("play")(rng, policy) == [twin.random() for _ in range(3)]
        assert rng.random() == twin.random()


def test_an_error_in_a_callback_is_ours(student):
    """It reaches the student as a plain failure, and the marker as what it was."""
    source = (
        "def call(f):\n    return f()\n"
        "def swallow(f):\n    try: f()\n    except Exception as e: return type(e).__name__, str(e)"
    )
    with student(source) as branch:

        def broken():
            raise LookupError("secret")

        with pytest.raises(LookupError, match="secret"):
            branch.get("call")(broken)
        name, said = branch.get("swallow")(broken)
        assert name == "CallbackFailed" and "secret" not in said
        with pytest.raises(AnswerRaised):
            branch.get("call")(3)


class Chain:
    """An environment of the marker's."""

    n_states, secret = 3, 42

    def __init__(self):
        self.state = 0

    def step(self, action):
        self.state += action
        return self.state, float(self.state == 2), self.state == 2, False, {}


def test_only_exposed_names_are_visible(student):
    """The rest does not exist, and asking for it by force is a violation."""
    source = (
        "def run(env):\n    total = 0.0\n    while True:\n        s, r, done, *_ = env.step(1)\n        total += r\n"
        "        if done: return total, env.n_states\n"
        "def peek(env): return env.secret\n"
        "def force(env, name): return env._ask('callback', (env._id, name), [(), {}])\n"
        "def read(env, name): return env._ask('attribute', (env._id, name), [])\n"
    )
    env = Chain()
    with student(source) as branch:
        shown = expose(env, "step", "n_states")
        assert branch.get("run")(shown) == (1.0, 3) and env.state == 2
        with pytest.raises(AnswerRaised, match="AttributeError"):
            branch.get("peek")(shown)
    with pytest.raises(ValueError, match="public name"):
        expose(env, "__class__")


@pytest.mark.parametrize("name", ["secret", "__class__", "__init__", "__globals__", "step.__globals__", ""])
def test_forced_use_of_hidden_names_is_a_violation(student, name):
    """A forged callback is refused and the branch is not asked again."""
    with student("def force(env, name): return env._ask('callback', (env._id, name), [(), {}])") as branch:
        force = branch.get("force")
        with pytest.raises(AnswerBlocked, match="protocol"):
            force(expose(Chain(), "step"), name)
        assert not branch.alive
        with pytest.raises(AnswerBlocked):
            branch.get("force")


def test_an_object_of_a_public_class_is_rebuilt_there(student):
    """A module and its optimiser keep pointing at each other; their state is read back as data."""
    source = (
        "def train(model, opt, X):\n    for _ in range(2):\n"
        "        opt.zero_grad(); model(X).sum().backward(); opt.step()\n"
        "    return model"
    )
    model = torch.nn.Linear(2, 1)
    opt = torch.optim.SGD(model.parameters(), lr=0.5)
    X = torch.ones(4, 2)
    with student(source) as branch:
        there, opt_there = branch.put(model, opt)
        result = branch.get("train")(there, opt_there, X)
        assert result is there
        state = there.state_dict()
        assert torch.allclose(state["weight"], model.weight - 4.0) and type(state["weight"]) is torch.Tensor
        assert branch.get("train")(model, opt, X) is there  # the same object again


def test_nothing_of_ours_is_sent_as_an_object(student):
    """Objects and functions of the grader, the keys and the reference are refused anywhere in the graph."""
    from autograder.results import Verdict
    from autograder.sandbox.limits import Limits

    for thing in (Limits(), {"a": [Limits()]}, Verdict, Limits, torch.nn.Sequential, [expose]):
        public = thing is torch.nn.Sequential
        if public:
            assert dump([thing], lambda v: None)
            continue
        with pytest.raises(TypeError, match="sandbox: got an object of autograder"):
            dump(thing, lambda v: None)
    with student("def f(x): return type(x).__name__") as branch:
        with pytest.raises(TypeError, match="autograder"):
            branch.get("f")(Limits())
        assert branch.get("f")(1) == "int"


def test_a_refused_argument_leaves_the_two_ends_in_step(student):
    """After a call that could not be sent, arrays still follow."""
    with student("def f(a, b=None): a += 1") as branch:
        a = np.zeros(2)
        with pytest.raises(ValueError, match="object"):
            branch.get("f")(a, np.array([None]))
        branch.get("f")(a)
        assert a.tolist() == [1, 1]


def test_endless_calls_time_out_and_the_branch_goes_on(student):
    """CPU time interrupts the call; sleeping is ended by wall time; swallowing it does not help."""
    source = HEAD + (
        "def loop():\n    while True: pass\ndef nap(): time.sleep(1e6)\n"
        "def stubborn():\n    try:\n        while True: pass\n    except BaseException: return 1\ndef ok(): return 1"
    )
    with student(source) as branch:
        for name in ("loop", "nap", "stubborn"):
            with pytest.raises(AnswerTimeout):
                branch.get(name)()
        assert branch.get("ok")() == 1


def test_a_stuck_branch_is_given_up(student, session):
    """A call that ignores every signal ends at the marker's deadline; the session goes on."""
    source = (
        "import signal\ndef stuck():\n    for s in (signal.SIGPROF, signal.SIGALRM): signal.signal(s, signal.SIG_IGN)\n"
        "    while True: pass\ndef ok(): return 1"
    )
    with student(source) as branch:
        with pytest.raises(AnswerTimeout):
            branch.get("stuck")()
        assert not branch.alive
    with session.fork() as branch:
        assert branch.get("ok")() == 1


def test_time_in_the_markers_callbacks_does_not_count(student):
    """A slow callback is not the student's fault."""
    with student("def f(g): return [g(i) for i in range(3)]") as branch:
        assert branch.get("f")(lambda i: time.sleep(0.8) or i) == [0, 1, 2]


@pytest.mark.parametrize(
    ("how", "reason"),
    [("os._exit(3)", "exit status 3"), ("os.kill(os.getpid(), 11)", "SIGSEGV"), ("os.abort()", "SIGABRT")],
)
def test_a_call_that_kills_its_process(student, session, how, reason):
    """The reason is said; the next fork is as the session stood."""
    with student(HEAD + f"def die(): {how}\ndef ok(): return 1") as branch:
        with pytest.raises(AnswerCrashed, match=reason):
            branch.get("die")()
    with session.fork() as branch:
        assert branch.get("ok")() == 1


def test_killing_the_trunk_from_a_branch_is_survived(student, session):
    """The session runs the cells again."""
    with student(HEAD + "def kill():\n    os.kill(os.getppid(), 9)\n    return 1\ndef ok(): return 1") as branch:
        branch.get("kill")()
    with session.fork() as branch:
        assert branch.get("ok")() == 1


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("np.array([None])", "a numpy array of dtype object"), ("np.ma.array([1])", "masked"),
        ("[[np.zeros(2, dtype='i4,i4')]]", "void"), ("np.matrix([1])", "matrix"),
        ("torch.eye(2).to_sparse()", "sparse"),
        ("deep", "nested deeper"), ("[None] * 2 * 10**6", "elements"), ("np.zeros(10**8)", "128 MiB"),
        ("'\\ud800'", "Unicode"),
    ],
)  # fmt: skip
def test_unusable_results_are_named(student, source, what):
    """What cannot be data says what it is, and the branch goes on."""
    with student(HEAD + f"deep = []\ndeep.append(deep)\ndef f(): return {source}") as branch:
        with pytest.raises(AnswerUnusable, match=what):
            branch.get("f")()
        with pytest.raises(NotDefined):
            branch.get("g")


def test_random_state_tells_whether_the_global_generators_were_touched(student):
    """Each of the three generators counts."""
    source = (
        HEAD
        + "import random\ndef a(): np.random.rand()\ndef b(): random.random()\ndef c(): torch.rand(1)\ndef d(): pass"
    )
    with student(source) as branch:
        for name, changes in (("a", True), ("b", True), ("c", True), ("d", False)):
            before = branch.random_state()
            branch.get(name)()
            assert (branch.random_state() != before) is changes


BANNED = Bans(modules={"scipy", "torch"}, calls={"numpy.linalg.solve", "open", "eval", "numpy.random.default_rng"})


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("def f():\n    import scipy.special", "scipy.special"), ("def f():\n    from scipy import optimize", "scipy"),
        ("import importlib\ndef f(): importlib.import_module('scipy')", "scipy"),
        ("from scipy.special import expit\ndef f(): return expit(1.0)", "scipy.special"),
        ("def f(): return torch.zeros(2)", "torch.zeros"),
        ("from torch import sigmoid\ndef f(): return sigmoid(1)", "torch"),
        ("def f(): return np.linalg.solve(np.eye(2), np.ones(2))", "numpy.linalg.solve"),
        ("from numpy.linalg import solve\ndef f(): return solve(np.eye(2), np.ones(2))", "numpy.linalg.solve"),
        (
            "def f():\n    try: np.linalg.solve(np.eye(2), np.ones(2))\n    except Exception: return 1",
            "numpy.linalg.solve",
        ),
        ("def f(): return open('x')", "open"), ("def f(): return eval('1')", "eval"),
        ("def f():\n    import builtins\n    return builtins.open('x')", "open"),
        ("def f(): return getattr(open, '__wrapped__', open)('x')", "open"),
    ],
)  # fmt: skip
def test_banned_modules_and_calls(student, source, name):
    """A banned use is reported by its name, also when the exception is swallowed."""
    with student(HEAD + source, BANNED) as branch, pytest.raises(AnswerBlocked, match=name):
        branch.get("f")()


@pytest.mark.parametrize(
    "source",
    [
        "import collections\ndef f(): return collections.namedtuple('P', 'x')(1)[0]",
        "def f(): return float(np.linalg.lstsq(np.eye(2), np.ones(2), rcond=None)[0][0])",
        "def f():\n    import math, numpy.linalg\n    return float(np.linalg.inv(np.eye(2))[0, 0])",
        "def f(): return float(np.median([1.0]))", "def f(): return np.einsum('i->', np.ones(1))",
    ],
)  # fmt: skip
@pytest.mark.parametrize("bans", [BANNED, N0])
def test_what_libraries_do_themselves_is_allowed(student, source, bans):
    """NumPy and the standard library may use what the student may not."""
    with student(HEAD + source, bans) as branch:
        assert branch.get("f")() == 1


def test_banned_methods(student):
    """A method of a class is refused, and used freely by the library."""
    bans = Bans(calls={"torch.Tensor.backward", "torch.autograd.grad"})
    source = HEAD + (
        "def f(x):\n    y = (x * x).sum()\n    y.backward()\n    return x.grad\n"
        "def g(x): return torch.autograd.grad((x * x).sum(), x)[0]\ndef h(x): return x * 2"
    )
    x = torch.ones(2, requires_grad=True)
    with student(source, bans) as branch:
        for name, call in (("f", "torch.Tensor.backward"), ("g", "torch.autograd.grad")):
            with pytest.raises(AnswerBlocked, match=call):
                branch.get(name)(x)
        assert branch.get("h")(x).tolist() == [2, 2]


def test_bans_end_with_their_branch(student, session):
    """The session and the next branch know nothing of them."""
    with student(HEAD + "def f(): return float(torch.ones(1)[0])", BANNED) as branch, pytest.raises(AnswerBlocked):
        branch.get("f")()
    with session.fork() as branch:
        assert branch.get("f")() == 1


def test_a_submission_has_so_much_time(plain_box):
    """When the submission's time is used up, cells and forks say so at once."""
    with Session(plain_box) as session:
        session._ends = awake()
        assert session.run_cell("1").status == "timeout"
        with pytest.raises(AnswerTimeout), session.fork():
            pass


def test_a_call_is_one_message(session):
    """The function, its arguments and its result go there and back once."""
    session.run_cell("def f(x, y): return {'sum': x + y}")
    with session.fork(tape=True) as branch:
        f = branch.get("f")
        before = len(branch.channel.said)
        assert f(np.zeros((5, 7)), y=np.ones(7))["sum"].sum() == 35
        assert len(branch.channel.said) == before + 1
