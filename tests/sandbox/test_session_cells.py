"""Cells run as in Jupyter, and a bad one costs only itself."""

from __future__ import annotations

import pytest

from autograder.sandbox import Session


def text(outcome, name="stdout"):
    return "".join(o["text"] for o in outcome.outputs if o["output_type"] == "stream" and o["name"] == name)


def kinds(outcome):
    return [o["output_type"] for o in outcome.outputs]


def test_print_and_last_value(session):
    """Prints become one stream, the last expression a result."""
    outcome = session.run_cell("print('a')\nprint('b')\n1 + 1")
    assert outcome.status == "ok" and kinds(outcome) == ["stream", "execute_result"]
    assert text(outcome) == "a\nb\n" and outcome.outputs[1]["data"] == {"text/plain": "2"}
    assert outcome.outputs[1]["execution_count"] == 1


def test_a_semicolon_hides_the_value(session):
    """`1;` shows nothing, as in Jupyter."""
    assert session.run_cell("1;").outputs == []


def test_names_last_from_cell_to_cell(session):
    """Cells share one namespace whose module is __main__."""
    session.run_cell("x = 3")
    assert text(session.run_cell("print(x, __name__)")) == "3 __main__\n"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("!echo hello", "hello"), ("%%time\nprint('in')", "in"), ("%matplotlib inline\nprint(1)", "1"),
        ("import asyncio\nawait asyncio.sleep(0)\nprint('awaited')", "awaited"),
        ("import os\n_ = os.system('echo deep')", "deep"),
        ("import subprocess\n_ = subprocess.run(['echo', 'sub'])", "sub"),
        ("import ctypes\n_ = ctypes.CDLL(None).puts(b'from C')", "from C"),
        ("import sys\n_ = sys.stdout.buffer.write(b'bytes')", "bytes"),
        ("import os\n_ = os.write(1, b'raw')", "raw"),
        ("%load_ext autoreload\n%autoreload 2\nprint('loaded')", "loaded"),
        ("from IPython.display import display, clear_output\nprint('gone')\nclear_output()\nprint('stays')", "stays"),
        ("files = !echo one two\nprint(files)", "one two"), ("print(17\n% 10)", "7"), (">>> print(3)", "3"),
        ("    print('indented')", "indented"), ("async def f():\n    return 4\nprint(await f())", "4"),
    ],
)  # fmt: skip
def test_what_students_use_works(session, source, shown):
    """Magics, shell commands, top-level await, other programs and C code put out what they do in Jupyter."""
    outcome = session.run_cell(source)
    assert outcome.status == "ok", outcome
    assert shown in text(outcome) and "gone" not in text(outcome)


def test_rich_output_and_figures(session):
    """HTML is displayed with its text; an open figure is shown as PNG at the end of its cell."""
    outcome = session.run_cell("from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))")
    assert outcome.outputs[0]["data"]["text/html"] == "<b>x</b>"
    outcome = session.run_cell("import matplotlib.pyplot as plt\nplt.figure(figsize=(1, 1))\nplt.plot([1, 2]);")
    assert kinds(outcome) == ["display_data"] and outcome.outputs[0]["data"]["image/png"].startswith("iVBOR")


def test_a_figure_is_drawn_for_its_picture_alone(session):
    """To measure it and to show it; not for a window as well, which there is none of."""
    session.run_cell(
        "import matplotlib.pyplot as plt\n"
        "from matplotlib.backends.backend_agg import FigureCanvasAgg as Canvas\n"
        "drawn, draw = [], Canvas.draw\n"
        "Canvas.draw = lambda canvas: (drawn.append(canvas), draw(canvas))"
    )
    assert kinds(session.run_cell("plt.figure(figsize=(1, 1))\nplt.plot([1, 2]);")) == ["display_data"]
    assert session.run_cell("len(drawn)").outputs[0]["data"]["text/plain"] == "2"


def test_an_error_is_shown_with_its_traceback(session):
    """The traceback names the cell and the line; the outcome says name and message."""
    session.run_cell("def f():\n    return 1 / 0")
    outcome = session.run_cell("f()")
    assert outcome.status == "error" and outcome.error == "ZeroDivisionError: division by zero"
    shown = "".join(outcome.outputs[0]["traceback"])
    assert "Cell In[1], line 2" in shown and "\x1b[" not in shown


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("def f(): return f()\nf()", "RecursionError"), ("import sys; sys.exit(3)", "SystemExit"),
        ("quit()", "SystemExit"),
        ("exit", "SystemExit"), ("raise KeyboardInterrupt", "KeyboardInterrupt"), ("x = (", "SyntaxError"),
        ("input('name? ')", "EOFError"), ("import sys; raise SystemExit", "SystemExit"), ("x +* 2", "SyntaxError"),
        ("class E(Exception):\n    def __str__(self): 1/0\nraise E", ""),
    ],
)  # fmt: skip
def test_bad_cells_are_errors(session, source, name):
    """Whatever a cell raises, it is an error and the process lives on."""
    session.run_cell("x = 1")
    outcome = session.run_cell(source)
    assert outcome.status == "error" and outcome.error.startswith(name), outcome
    assert text(session.run_cell("print(x)")) == "1\n"


@pytest.mark.parametrize(
    "source",
    [
        "import os; os._exit(0)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import ctypes; ctypes.string_at(0)", "import os; os.abort()",
        "import os; os.closerange(3, 100)",
    ],
)  # fmt: skip
def test_a_cell_that_kills_the_process_costs_only_itself(session, source):
    """After a crash the earlier cells have run again in a new process."""
    session.run_cell("x = 1")
    session.run_cell("x += 1")
    assert session.run_cell(source).status == "crash"
    assert text(session.run_cell("print(x)")) == "2\n"


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("    x = 3\n    print(x)", "3\n"),
        ("\n\nprint(4)", "4\n"),
        ("In [1]: x = 5\nIn [2]: print(x)", "5\n"),
        (">>> x = 6\n>>> print(x)", "6\n"),
        ("x = 7\nfrom __future__ import annotations\nprint(x)", "7\n"),
        ("import asyncio\nawait asyncio.sleep(0)\nprint(8)", "8\n"),
        ("%%capture told\nprint(9)", ""),
        ("x = 10\nassert (x, 'always'), 'true'\nprint(x)", "10\n"),
    ],
)
def test_cells_mean_what_they_mean_in_jupyter(session, source, printed):
    """Indentation, prompts, late imports from __future__, await and magics are IPython's business."""
    outcome = session.run_cell(source)
    assert (outcome.status, text(outcome)) == ("ok", printed)


def test_statements_before_one_that_cannot_be_compiled_are_run(session):
    """As in Jupyter, where each statement is compiled when it is its turn."""
    outcome = session.run_cell("x = 1\nreturn x\nx = 2")
    assert outcome.status == "error" and "'return' outside function" in outcome.error
    assert text(session.run_cell("print(x)")) == "1\n"


def test_a_notebook_may_transform_its_cells(session):
    """A transformer that a cell adds sees those after it."""
    session.run_cell(
        "get_ipython().input_transformers_cleanup.append(lambda lines: [s.replace('1', '2') for s in lines])"
    )
    assert text(session.run_cell("print(11)")) == "22\n"


def test_a_slow_cell_is_interrupted_and_its_process_kept(session):
    """CPU time ends an endless loop; what it had set is still there."""
    source = "import os, time\npid, x, began = os.getpid(), 5, time.process_time()\n"
    outcome = session.run_cell(source + "while True: used = time.process_time() - began")
    assert outcome.status == "timeout" and outcome.seconds > 1.5
    assert text(session.run_cell("print(x, pid == os.getpid(), used < 3)")) == "5 True True\n"


def test_a_sleeping_cell_is_interrupted_by_wall_time(session):
    """Sleep uses no CPU; it ends at twice the time."""
    assert session.run_cell("import time; time.sleep(1e6)").status == "timeout"


@pytest.mark.parametrize(
    "source",
    [
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "import signal\nfor s in (signal.SIGPROF, signal.SIGALRM, signal.SIGINT): signal.signal(s, signal.SIG_IGN)\n"
        "while True: pass",
    ],
)
def test_a_cell_that_swallows_interrupts_is_killed(session, source):
    """The trusted side does not wait for a process that will not stop."""
    session.run_cell("x = 1")
    assert session.run_cell(source).status == "timeout"
    assert text(session.run_cell("print(x)")) == "1\n"


@pytest.mark.parametrize(
    "source",
    [
        "print('x' * 10**8)", "for i in range(10**5): print(i)",
        "import os\nfor i in range(100): os.write(1, b'y' * 10**5)",
        "from IPython.display import display, HTML\nfor i in range(5000): display(HTML('<b>b</b>'))",
        "'z' * 10**7", "raise ValueError('v' * 10**7)", "!yes | head -c 30000000",
    ],
)  # fmt: skip
def test_endless_output_is_cut_with_a_note(session, source):
    """Output is bounded, and a note says that it was cut."""
    outcome = session.run_cell(source)
    assert sum(len(str(o)) for o in outcome.outputs) < 250_000
    assert "cut" in text(outcome, "stderr") or "raise" in source


def test_state_that_students_change_does_not_hurt(session):
    """Seterr, warnings as errors, default dtype, folder, logging, patched builtins: cells and calls go on."""
    outcome = session.run_cell(
        "import numpy as np, torch, warnings, os, logging, builtins, time, json, sys, socket, random\n"
        "np.seterr(all='raise'); warnings.simplefilter('error'); torch.set_default_dtype(torch.float64)\n"
        "os.chdir('/'); logging.basicConfig(level=0); print = lambda *a: None; open = None; sum = max = len = None\n"
        "time.sleep = time.monotonic = json.dumps = socket.socket = None; sys.modules['inside'] = None\n"
        "sys.setrecursionlimit(400); np.asarray = np.frombuffer; hash = id = None\n"
        "sys.stdout = None; sys.stderr = open\n"
        "def f(x): return x + 1"
    )
    assert outcome.status == "ok", outcome
    assert session.run_cell("2 + 2").outputs[0]["data"]["text/plain"] == "4"
    with session.fork() as branch:
        assert branch.get("f")(1) == 2


def test_a_child_that_comes_back_ends(session):
    """A cell that forks without exec answers once."""
    outcome = session.run_cell("import os\npid = os.fork()\nprint('here')")
    assert outcome.status == "ok" and text(outcome) == "here\n"
    assert text(session.run_cell("print(pid > 0)")) == "True\n"


def test_unseeded_generators_start_the_same(plain_box):
    """Two runs of the same notebook draw the same numbers from the global generators."""
    seen = []
    for _ in range(2):
        with Session(plain_box) as session:
            seen.append(
                text(
                    session.run_cell(
                        "import numpy as np, random, torch\nprint(np.random.rand(), random.random(), torch.rand(1))"
                    )
                )
            )
    assert seen[0] == seen[1]


def test_student_code_cannot_put_other_types_into_outputs(session):
    """A display of odd data arrives as text or not at all."""
    outcome = session.run_cell(
        "from IPython.display import publish_display_data\n"
        "class S(str): pass\n"
        "publish_display_data({'text/plain': S('a'), 'text/html': object(), 'application/json': {'a': [S('b'), 1]}})"
    )
    assert outcome.status == "ok"
    data = outcome.outputs[0]["data"]
    assert type(data["text/plain"]) is str and type(data["text/html"]) is str
    assert data["application/json"] == {"a": ["b", 1]}
