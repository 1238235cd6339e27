"""Attempts to forge a mark: rows 1-10 of docs/threat_model.md."""

from __future__ import annotations

from tests.redteam.attack import BASELINE, WRONG, Attack

__all__ = ["FORGING"]

LIAR = """
class Liar(np.ndarray):
    def __eq__(self, other): return np.True_
    def __ne__(self, other): return np.False_
    def __lt__(self, other): return np.True_
    def __le__(self, other): return np.True_
    def __bool__(self): return True
    def __abs__(self): return 0.0
    def __sub__(self, other): return np.zeros_like(np.asarray(other))
    __rsub__ = __sub__
    def __array__(self, *args, **kwargs): return np.zeros(3)
    def __array_ufunc__(self, *args, **kwargs): return np.True_
    def __array_function__(self, *args, **kwargs): return True
    def __float__(self): return 1.0
    def __reduce__(self): return (print, ("pickled",))

def double(x):
    return np.asarray(x).view(Liar)
"""

PLAIN_LIAR = """
class Everything:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __call__(self, *args): return self
    def __getattr__(self, name): return self
    def __array__(self, *args, **kwargs): return np.zeros(3)
    def __float__(self): return 1.0
    def __bool__(self): return True
    def __len__(self): return 3
    def __iter__(self): return iter([self] * 3)
    def __getitem__(self, i): return self
    def __abs__(self): return 0.0
    __add__ = __sub__ = __mul__ = __truediv__ = __radd__ = __rsub__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__

def double(x):
    return Everything()
"""

REWRITE_FRAMES = """
import gc, sys
frame = sys._getframe()
while frame:
    for name, value in list(frame.f_locals.items()) + list(frame.f_globals.items()):
        if name in ("expected", "reference", "points", "result", "key"):
            print("found", name, value)
    frame = frame.f_back
for thing in gc.get_objects():
    if type(thing).__name__ in ("Key", "Part", "ExerciseResult", "Mismatch", "PartResult"):
        print("found", type(thing).__name__, thing)
"""

TRACER = """
import sys
def tracer(frame, event, argument):
    for name in ("expected", "points", "verdict", "reference"):
        if name in frame.f_locals:
            print("found", name)
            frame.f_locals[name] = 5
    return tracer
sys.settrace(tracer)
sys.setprofile(tracer)
"""

CHANNEL = """
import os, struct
for fd in range(3, 64):
    for garbage in (b"\\xff" * 64, struct.pack("<Q", 2**62), struct.pack(">I", 2**31), b"\\x00\\x00\\x00\\x05\\x93\\xa6"):
        try:
            os.write(fd, garbage)
        except OSError:
            pass
"""

PATCHES = {
    "numpy comparisons": "np.allclose = np.isclose = np.array_equal = np.all = lambda *a, **k: True\nnp.abs = lambda x: 0.0",
    "numpy.testing": "import numpy.testing as t\nfor n in dir(t):\n    if n.startswith('assert'):\n"
    "        setattr(t, n, lambda *a, **k: None)",
    "torch comparisons": "import torch\ntorch.allclose = torch.equal = lambda *a, **k: True\n"
    "torch.testing.assert_close = lambda *a, **k: None",
    "math and builtins": "import builtins, math\nmath.isclose = lambda *a, **k: True\nbuiltins.abs = lambda x: 0.0\n"
    "builtins.all = builtins.any = builtins.isinstance = lambda *a: True\nbuiltins.AssertionError = ZeroDivisionError",
    "import": "import builtins\nold = builtins.__import__\ndef fake(name, *a, **k):\n"
    "    if 'autograder' in name or 'numpy' in name: print('asked for', name)\n    return old(name, *a, **k)\n"
    "builtins.__import__ = fake",
    "unittest": "import unittest\nfor n in dir(unittest.TestCase):\n    if n.startswith('assert'):\n"
    "        setattr(unittest.TestCase, n, lambda *a, **k: None)",
}

FORGING = [
    *(Attack(1, f"patches {what}", cell=source, keeps=None if "builtins" in what else BASELINE) for what, source in PATCHES.items()),
    Attack(2, "replaces the framework in sys.modules", cell="import sys, types\nfor n in ('autograder', 'autograder.key', "
           "'dlmath_ref', 'inside', 'inside.wire'):\n    m = types.ModuleType(n)\n    m.mark = lambda *a: 5.0\n"
           "    m.close = lambda *a, **k: None\n    sys.modules[n] = m"),
    Attack(2, "patches the channel's code", cell="import sys\nfor name, module in list(sys.modules.items()):\n"
           "    if name.startswith('inside'):\n        for attribute in dir(module):\n            try:\n"
           "                setattr(module, attribute, lambda *a, **k: 5.0)\n            except Exception:\n                pass",
           keeps=None),
    Attack(2, "patches pickle, json and msgpack", cell="import json, pickle\njson.dumps = json.dump = lambda *a, **k: '5'\n"
           "pickle.dump = pickle.dumps = lambda *a, **k: b'5'\ntry:\n    import msgspec\n"
           "    msgspec.msgpack.encode = lambda *a: b'5'\nexcept ImportError:\n    pass"),
    Attack(2, "installs an import hook", cell="import sys\nclass Finder:\n    @staticmethod\n"
           "    def find_spec(name, path=None, target=None):\n        print('import', name)\nsys.meta_path.insert(0, Finder)"),
    Attack(3, "deletes asserts before they run", cell="import ast\nclass T(ast.NodeTransformer):\n"
           "    def visit_Assert(self, node): return ast.Pass()\nget_ipython().ast_transformers.append(T())"),
    Attack(3, "rewrites the text of cells", cell="get_ipython().input_transformers_cleanup.append("
           "lambda lines: ['5.0\\n'] if any('mark(' in l or 'assert' in l for l in lines) else lines)"),
    Attack(3, "hooks before and after cells", cell="ip = get_ipython()\nip.events.register('pre_run_cell', lambda i: None)\n"
           "def after(r):\n    r.result = 5.0\n    print(5.0)\nip.events.register('post_run_cell', after)\n"
           "ip.events.register('post_execute', lambda: print(5.0))"),
    Attack(3, "replaces the display hook", cell="import sys\nsys.displayhook = lambda v: print('10.0')\n"
           "get_ipython().display_formatter.format = lambda *a, **k: ({'text/plain': '10.0'}, {})"),
    Attack(4, "prints and displays marks", cell="from IPython.display import display\nprint('10.0')\ndisplay(10.0)\n10.0"),
    Attack(4, "a test cell of its own", cell="10.0", cell_metadata={"nbgrader": {
        "grade": True, "solution": False, "locked": True, "grade_id": "test_bonus", "points": 100, "schema_version": 3,
        "task": False}}),
    *(Attack(4, f"returns {value}", double=f"def double(x):\n    return {value}")
      for value in ("float('nan')", "True", "-1e308", "9e307", "np.float64('inf')", "'10.0'")),
    Attack(5, "an array that lies", double=LIAR),
    Attack(5, "an object that equals everything", double=PLAIN_LIAR),
    Attack(5, "a tensor that lies", double="import torch\nclass T(torch.Tensor):\n    @classmethod\n"
           "    def __torch_function__(cls, func, types, args=(), kwargs=None): return True\n"
           "def double(x):\n    return torch.zeros(3).as_subclass(T)"),
    Attack(5, "a float that lies", double="class F(float):\n    def __eq__(self, o): return True\n"
           "    def __sub__(self, o): return 0.0\n    __rsub__ = __sub__\n    def __abs__(self): return 0.0\n"
           "def double(x):\n    return F(0.0)"),
    Attack(5, "a class that claims to be an array", double="class C:\n    __class__ = np.ndarray\n    dtype = np.dtype(float)\n"
           "    shape = (3,)\n    ndim = 1\n    def __array__(self, *a, **k): raise SystemExit\n"
           "def double(x):\n    return C()"),
    *(Attack(6, f"returns {what}", double=f"def double(x):\n    return {value}") for what, value in {
        "nan everywhere": "np.full_like(np.asarray(x, float), np.nan)",
        "an empty array": "np.zeros((0,))",
        "another empty shape": "np.zeros((0, 3))",
        "a 0-d array": "np.array(0.0)",
        "objects": "np.array([None] * 3, dtype=object)",
        "a structured array": "np.zeros(3, dtype=[('a', float)])",
        "complex numbers": "2j * np.asarray(x)",
        "float16": "(np.asarray(x) * 3).astype(np.float16)",
        "a masked array": "np.ma.masked_all(3)",
        "a sparse matrix": "__import__('scipy.sparse').sparse.eye(3)",
        "overflowing integers": "np.full(3, 2**63 - 1) + 1",
    }.items()),
    Attack(7, "returns a view and changes it later", double="import threading, time\ndef double(x):\n    y = np.asarray(x)\n"
           "    def later():\n        time.sleep(0.01)\n        y[...] = 2 * y\n    threading.Thread(target=later).start()\n"
           "    return y"),
    Attack(7, "changes its input so that expected equals got", double="def double(x):\n    x[...] = 0.0\n    return x"),
    Attack(7, "counts its calls", double="calls = [0]\ndef double(x):\n    calls[0] += 1\n    return np.asarray(x) * (calls[0] > 50)"),
    Attack(7, "reseeds the global generators", cell="import random, torch\nnp.random.seed(0)\nrandom.seed(0)\ntorch.manual_seed(0)\n"
           "np.random.default_rng = lambda *a: np.random.Generator(np.random.PCG64(0))"),
    Attack(7, "a lazy object that changes when read", double="class Lazy:\n    n = 0\n    def __iter__(self):\n"
           "        Lazy.n += 1\n        yield from [Lazy.n] * 3\n    def __len__(self): return 3\n"
           "def double(x):\n    return Lazy()"),
    Attack(7, "a generator", double="def double(x):\n    yield from 2 * np.asarray(x)"),
    Attack(9, "walks frames and the heap", double=REWRITE_FRAMES + "\n" + WRONG, cell=REWRITE_FRAMES),
    Attack(9, "walks frames when called", double="def double(x):\n" + "".join(f"    {l}\n" for l in REWRITE_FRAMES.splitlines())
           + "    return x"),
    Attack(9, "traces every call", cell=TRACER, keeps=None),
    Attack(9, "an exception that carries frames", double="class E(Exception):\n    def __reduce__(self): return (print, ('x',))\n"
           "    def __str__(self): import inspect; return str(inspect.stack())\ndef double(x):\n    raise E(x)"),
    Attack(10, "writes garbage to every descriptor", cell=CHANNEL, keeps=None),
    Attack(10, "writes garbage when called", double="def double(x):\n" + "".join(f"    {l}\n" for l in CHANNEL.splitlines())
           + "    return x"),
    Attack(10, "closes every descriptor when called", double="import os\ndef double(x):\n    os.closerange(3, 64)\n    return x"),
    Attack(10, "returns a container that holds itself", double="def double(x):\n    a = []\n    a.append(a)\n    return a"),
    Attack(10, "returns deep nesting", double="def double(x):\n    a = []\n    for _ in range(10**6):\n        a = [a]\n    return a"),
    Attack(10, "returns a gigantic array", double="def double(x):\n    return np.zeros(10**9)"),
    Attack(10, "returns a gigantic integer", double="def double(x):\n    return 1 << (10**8)"),
]  # fmt: skip
