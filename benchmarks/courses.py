"""Courses and submissions to be graded by both sides.

The light course is plain nbgrader: a torch notebook with hidden asserts, which stock nbgrader, otter and we all grade.
"""

from __future__ import annotations

import copy
import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

__all__ = ["light_course", "light_otter", "submit_copies", "unit_course"]

UNIT = "light"
SOLUTION = '''def mlp(x, W1, b1, W2, b2):
    """Two layers: x (n, d), W1 (m, d), b1 (m,), W2 (k, m), b2 (k,); returns (n, k)."""
    ### BEGIN SOLUTION
    return torch.relu(x @ W1.T + b1) @ W2.T + b2
    ### END SOLUTION'''
ANSWER = "\n".join(line for line in SOLUTION.splitlines() if "###" not in line)
TESTS = {
    "test_shape": "g = torch.Generator().manual_seed(0)\n"
    "args = [torch.randn(s, generator=g) for s in [(5, 3), (4, 3), (4,), (2, 4), (2,)]]\n"
    "assert mlp(*args).shape == (5, 2)",
    "test_values": "x, W1, b1, W2, b2 = args\n"
    "expected = torch.clamp(x @ W1.T + b1, min=0) @ W2.T + b2\n"
    "assert torch.allclose(mlp(*args), expected)",
    "test_zero": "assert not mlp(*[torch.zeros_like(a) for a in args]).any()",
}


def _graded(source: str, name: str, **flags: Any) -> Any:
    flags = {"grade": False, "locked": False, "solution": False, "task": False, **flags}
    cell = new_code_cell(source, metadata={"nbgrader": {"grade_id": name, "schema_version": 3, **flags}})
    cell.id = name
    return cell


def light_course(folder: Path) -> Path:
    """A plain nbgrader course with one small torch notebook."""
    cells = [
        new_markdown_cell("# A small network", id="title"),
        _graded("import torch", "setup", locked=True),
        _graded(SOLUTION, "mlp", solution=True),
    ]
    for name, test in TESTS.items():
        hidden = f"### BEGIN HIDDEN TESTS\n{test}\n### END HIDDEN TESTS"
        cells.append(_graded(hidden, name, grade=True, locked=True, points=1))
    notebook = new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "source" / UNIT / "light.ipynb"
    path.parent.mkdir(parents=True)
    (folder / "solutions").mkdir()
    nbformat.write(notebook, path)
    return folder


def unit_course(home: Path, folder: Path, unit: str) -> Path:
    """A copy of one unit of the course, text and keys, without anything that a class left behind."""
    for part in ("source", "solutions"):
        shutil.copytree(home / part / unit, folder / part / unit, ignore=shutil.ignore_patterns("*.ipynb"))
    return folder


def submit_copies(course: Path, unit: str, answers: dict[str, str], numbers: Iterable[int]) -> None:
    """Numbered submissions in which each solution cell holds its answer."""
    for released in sorted((course / "release" / unit).glob("*.ipynb")):
        notebook = json.loads(released.read_bytes())
        for number in numbers:
            mine = copy.deepcopy(notebook)
            for cell in mine["cells"]:
                name = cell["metadata"].get("nbgrader", {}).get("grade_id")
                if cell["metadata"].get("nbgrader", {}).get("solution") and name in answers:
                    cell["source"] = f"{answers[name]}\n# student {number}"
            target = course / "submitted" / f"student{number:04d}" / unit / released.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(mine))


def light_otter(folder: Path) -> list[str]:
    """The light notebook as an otter-grader bundle and one submission; the command that grades it."""
    import otter.generate

    tests = folder / "tests"
    tests.mkdir(parents=True)
    for name, test in TESTS.items():
        setup = TESTS["test_shape"].rsplit("\n", 1)[0] + "\nx, W1, b1, W2, b2 = args\n"
        body = "".join(f"    {line}\n" for line in ("import torch\n" + setup + test).splitlines())
        (tests / f"{name}.py").write_text(
            "from otter.test_files import test_case\n"
            f"OK_FORMAT = False\nname = {name!r}\npoints = 1\n\n"
            f"@test_case(points=1, hidden=True)\ndef {name}(mlp):\n{body}"
        )
    otter.generate.main(
        tests_dir=str(tests),
        output_path=str(folder / "autograder.zip"),
        no_environment=True,
        python_version=f"{sys.version_info.major}.{sys.version_info.minor}",
    )
    nbformat.write(new_notebook(cells=[new_code_cell("import torch"), new_code_cell(ANSWER)]), folder / "light.ipynb")
    return [sys.executable, "-m", "otter", "run", "-a", "autograder.zip", "light.ipynb", "--no-logo"]
