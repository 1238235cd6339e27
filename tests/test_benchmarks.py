"""The scripts behind docs/benchmarks.md: what they read, count and say, on figures that are known beforehand."""

import json
import random
import re
import sqlite3
import subprocess
import sys
import types
from collections import Counter
from importlib import import_module
from pathlib import Path

import numpy as np
import psutil
import pytest

HOME = Path(__file__).parents[1]
PAGE = HOME / "docs" / "benchmarks.md"


@pytest.fixture
def script(monkeypatch):
    """Imports a module of benchmarks/ as its scripts do, and leaves none behind."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(HOME / "benchmarks")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield import_module
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(HOME / "benchmarks")):
            del sys.modules[name]


def said(done: int) -> str:
    """A line of `autograder --progress json`."""
    return json.dumps({"progress": "grade", "done": done, "total": 100}, separators=(",", ":"))


def test_figures_replace_what_stands_between_the_scripts_lines(script, tmp_path):
    """The rest of the page stays; a page without the lines, or with two of them, is refused."""
    page = tmp_path / "page.md"
    lines = "<!-- figures: benchmarks/{} -->\nold\n<!-- end of figures -->\n"
    page.write_text(f"a\n{lines.format('x.py')}b\n{lines.format('y.py')}")
    script("pages").put(page, "x.py", "new\n")
    assert page.read_text() == f"a\n{lines.format('x.py').replace('old', 'new')}b\n{lines.format('y.py')}"
    with pytest.raises(ValueError, match=r"got no single part from '<!-- figures: benchmarks/z.py -->'"):
        script("pages").put(page, "z.py", "new")
    page.write_text(2 * lines.format("x.py"))
    with pytest.raises(ValueError, match="expected one"):
        script("pages").put(page, "x.py", "new")


def test_the_page_has_a_place_for_each_script():
    """What `make bench WRITE=--write` runs finds its lines, and each plot that the page shows is there."""
    page, makefile = PAGE.read_text(), (HOME / "Makefile").read_text()
    scripts = re.findall(r"benchmarks/(\w+\.py)[^\n]*\$\(WRITE\)", makefile)
    assert {"grading.py", "breakdown.py", "scale.py", "convolution.py"} <= set(scripts)
    assert all(page.count(f"<!-- figures: benchmarks/{name} -->") == 1 for name in scripts)
    plots = [HOME / "docs" / name for name in re.findall(r"\((images/benchmark_\w+\.svg)\)", page)]
    assert len(plots) == 3 and all(p.stat().st_size < 100_000 for p in plots)


def test_times_of_a_log_that_names_students(script):
    """A submission lasts from its student's first mention to the next student's; the last one's end is not known."""
    rhythm, cost = script("rhythm"), script("measure").Cost
    lines = [(2.0, "Copying student0007"), (2.5, "Converting student0007"), (5.0, "student0008"), (9.0, "student0009")]
    found = rhythm.by_name(cost(10.0, 0.0, 0, [], lines))
    assert (found.each, found.before, found.median) == ((3.0, 4.0), 2.0, 3.5)
    with pytest.raises(ValueError, match="got 1 students in the log, expected two or more"):
        rhythm.by_name(cost(10.0, 0.0, 0, [], lines[:2]))


def test_times_of_our_progress(script):
    """Each span holds enough submissions; start-up is what is left of the first."""
    cost = script("measure").Cost
    lines = [(t, said(n)) for t, n in [(3.0, 4), (5.0, 20), (7.0, 40), (15.0, 80)]]
    found = script("rhythm").by_progress(cost(16.0, 0.0, 0, [], [(0.1, "a warning"), *lines]))
    assert found.each == pytest.approx((4 / 36, 8 / 40))
    assert found.before == pytest.approx(3 - 4 * (4 / 36 + 8 / 40) / 2)


def test_submissions_done_between_two_lines_of_progress(script):
    """The curve is straight between what was said; nothing was done at the start, everything at the end."""
    cost = script("measure").Cost
    lines = [(10.0, said(20)), (20.0, said(60))]
    run = script("class_runs").Run(60, 2, cost(21.0, 0.0, 0, [], lines), 3, {})
    assert [run.done_at(t) for t in (0.0, 5.0, 15.0, 20.5, 99.0)] == [0, 10, 40, 60, 60]
    assert (run.seconds_for(20), run.seconds_for(21), run.rate) == (10.0, 20.0, 60 / 21)


def test_transactions_are_read_from_the_file(script, tmp_path):
    """SQLite counts those that write; with a write-ahead log it does not, and nothing is claimed."""
    commits, path = script("class_runs")._commits, tmp_path / "gradebook.db"
    assert commits(path) == 0
    with sqlite3.connect(path) as db:
        for statement in ("create table t (x)", "insert into t values (1)", "insert into t values (2)"):
            db.execute(statement)
            db.commit()
        db.execute("select * from t").fetchall()
        assert commits(path) == 3
        db.execute("pragma journal_mode = wal")
        assert commits(path) is None


def test_memory_is_told_by_what_processes_are_for(script, tmp_path):
    """A worker, the sandbox's launcher and zygote, and what runs for a submission below them."""
    memory = script("memory")
    inside, worker, batch = tmp_path / "sandbox" / "inside", tmp_path / "worker.py", tmp_path / "batch.py"
    inside.parent.mkdir()
    inside.write_text(
        "import os, sys\nfor _ in range(3):\n    if os.fork():\n        os.wait()\n        os._exit(0)\n"
        "print('ready', flush=True)\nsys.stdin.read()\n"
    )
    starts = "import subprocess, sys; subprocess.run([sys.executable, *{words!r}])"
    worker.write_text(starts.format(words=[str(inside)]))
    batch.write_text(starts.format(words=[str(worker), memory.WORKER]))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, str(batch)], **pipes) as process:
        assert process.stdout.readline() == b"ready\n"
        roles = Counter(role for _, role in memory._tree(psutil.Process(process.pid), "batch"))
        sizes = memory.by_role(psutil.Process(process.pid))
        process.stdin.close()
    assert roles == {"batch": 1, "workers": 1, "zygotes": 2, "sandboxes": 2}
    assert set(sizes) == set(memory.ROLES)


def test_an_answer_in_its_students_hand(script):
    """The same chance writes the same text; another way to divide is right up to rounding, a slip is a change."""
    simulated = script("simulated")
    source = "def f(x, y):\n    z = x / y\n    w = z / 3 - y\n    return w / y"
    for hand in simulated._BY_KIND.values():
        assert hand(source, random.Random(5)) == hand(source, random.Random(5))
    scope, other = {}, {}
    exec(source, scope)
    exec(simulated._other_digits(source, random.Random(0)), other)
    x, y = np.random.default_rng(0).normal(size=(2, 100))
    assert np.allclose(scope["f"](x, y), other["f"](x, y), rtol=1e-12) and "1.0 /" in simulated._other_digits(
        source, random.Random(0)
    )
    assert simulated._slip(source, random.Random(0)) != source
    assert sum(simulated.HANDS.values()) < 1


def test_bare_compute_stops_at_a_limit_and_leaves_out_callbacks(script):
    """An endless answer ends when its time is up; what it calls of ours is not its compute."""
    bare = script("bare")
    watch = bare._Stopwatch()
    watch.left = 0.05

    def endless():
        while True:
            pass

    with watch.limiting(), pytest.raises(bare.AnswerFault, match="TIMEOUT"):
        watch.wrap(endless)()
    assert watch.seconds > 0
    watch = bare._Stopwatch()
    seen = []
    with watch.limiting():
        watch.wrap(lambda f: f())(lambda: seen.append(watch._on))
        assert seen == [False] and not watch._on
        assert watch.wrap(3) == 3


def test_time_belongs_to_the_innermost_stage(script, monkeypatch):
    """Two stages, one within the other, on a clock that is moved by hand."""
    stages = script("stages")
    now = [0.0]
    monkeypatch.setattr(stages.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(stages.time, "process_time", lambda: now[0] / 2)

    def spend(seconds, then=lambda: None):
        now[0] += seconds
        then()

    found = stages.Stages()
    inner = found._watched("inner", lambda: spend(3.0), counts=True)
    outer = found._watched("outer", lambda: (spend(1.0, inner), spend(1.0)), counts=True)
    outer()
    with found.aside():
        spend(100.0)
    spend(0.5)
    found._account()
    assert found.wall == {"outer": 2.0, "inner": 3.0, stages.REST: 0.5}
    assert found.own["inner"] == 1.5 and found.calls == {"outer": 1, "inner": 1}


def test_every_stage_is_a_function_of_grading(script):
    """A function that was renamed is found here, and not first when somebody measures."""
    stages = script("stages")
    places = [place for of_stage in stages.PLACES.values() for place in of_stage]
    assert all(callable(getattr(owner, name)) for owner, name in places)


def test_plots_are_small_and_repeat(script, tmp_path):
    """The same figures give the same bytes, however many they are; the ground is white."""
    plots = script("plots")
    n = 3000
    sizes = {role: [(i * 7919 % 1000 + 1) * 2**18 for i in range(n)] for role in ("batch", "workers", "sandboxes")}
    bars = [plots.Bar("light", grader, 0.02, seconds) for grader, seconds in (("a", 5.0), ("b", 0.05))]
    for name in ("once", "twice"):
        plots.memory([i / 2 for i in range(n)], sizes, tmp_path / name / "memory.svg")
        plots.throughput({1: 1.0, 2: 1.9, 4: 2.0}, 2, tmp_path / name / "workers.svg")
        plots.times(bars, tmp_path / name / "times.svg")
    for path in (tmp_path / "once").iterdir():
        drawn = path.read_bytes()
        assert drawn == (tmp_path / "twice" / path.name).read_bytes()
        assert len(drawn) < 100_000 and b"fill: #ffffff" in drawn


def test_the_target_of_a_class_by_hand(script):
    """1.15 times the bare compute and what each submission may cost, divided by the cores that were used."""
    scale_text, class_runs, cost = script("scale_text"), script("class_runs"), script("measure").Cost
    sample = script("measure").Sample
    lines = [(float(t), said(10 * t)) for t in range(1, 11)]
    memory = [sample(t + 0.5, {"batch": 100 * 2**20, "workers": (50 + t) * 2**20}) for t in range(10)]
    run = class_runs.Run(100, 4, cost(30.0, 50.0, 0, memory, lines), 4, {"gradebook.db": 2**20})
    whole = types.SimpleNamespace(
        made=types.SimpleNamespace(unit="u"), answers=Counter(known=9, slip=1), texts=5, attackers=["a"]
    )
    bare = class_runs.BareClass((0.1, 0.3), 99, (2.0,))
    found = scale_text.Scale(
        whole=whole, size=script("courses").Size(3, 11), cores=2, run=run, by_workers=[run], by_size=[], bare=bare,
        pages=[class_runs.Pages(1, 300, 15.0)], memory=class_runs.Memory(10, 110, 55),
    )  # fmt: skip
    assert bare.seconds == pytest.approx(21.8)
    assert found.target == pytest.approx((1.15 * 21.8 + 100 * 0.163) / 2)
    text = "\n".join(scale_text.text(found))
    assert "| 1.45: **not met** |" in text and "one for 25 submissions" in text and "(50%)" in text
    assert "Memory is flat: the last fifth takes 1.05 times" in text


def test_an_interrupted_class_writes_nothing(script, monkeypatch, tmp_path, capsys):
    """Control-C in the middle leaves the page as it was and says so."""
    scale = script("scale")

    def interrupt(*_):
        scale.progress("the class: 340/2000")
        raise KeyboardInterrupt

    page = tmp_path / "page.md"
    page.write_text("as it was")
    monkeypatch.setattr(scale, "measure", interrupt)
    monkeypatch.setattr(sys, "argv", ["scale.py", "--write", "--page", str(page)])
    assert scale.main() == 130
    assert page.read_text() == "as it was"
    assert "Interrupted (the class: 340/2000): not measured to the end" in capsys.readouterr().err
