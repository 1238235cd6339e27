"""Who may import whom, and what belongs in the repository: docs/design.md, enforced over every module."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("autograder", "dlmath_kit", "dlmath_ref", "solutions")
SHARED = {
    "autograder",
    "autograder.errors",
    "autograder.results",
    "autograder.cells",
    "autograder.cores",
    "autograder.course",
    "autograder.files",
    "autograder.lazy",
    "autograder.lock",
    "autograder.schema",
}
KEYS = {"autograder.key", "autograder.stats"}
MARKING = {"autograder.marking", "autograder.sandbox", *KEYS, *SHARED}

# The table of docs/design.md. A package may import itself, what is named here, and what lies below that.
MAY_IMPORT = {
    "autograder.errors": SHARED,
    "autograder.results": SHARED,
    "autograder.cells": SHARED,
    "autograder.cores": SHARED,
    "autograder.course": SHARED,
    "autograder.files": SHARED,
    "autograder.lazy": SHARED,
    "autograder.lock": SHARED,
    "autograder.schema": SHARED,
    "autograder.sandbox": {"autograder.errors", "autograder.lazy"},
    "autograder.stats": {"autograder.key", "autograder.errors", "autograder.results"},
    "autograder.key": {"autograder.stats", "autograder.errors", "autograder.results"},
    "autograder.marking": {"autograder.key", "autograder.sandbox", *SHARED},
    "autograder.intake": SHARED,
    "autograder.build": {"autograder.key", *SHARED},
    "autograder.record": {"autograder.intake", *SHARED},
    "autograder.watch": {"autograder.record", *SHARED},
    "autograder.feedback": {"autograder.record", *SHARED},
    "autograder.report": {"autograder.feedback", "autograder.record", *SHARED},
    "autograder.grade": {
        "autograder.intake",
        "autograder.build",
        "autograder.record",
        "autograder.feedback",
        "autograder.watch",
        *MARKING,
    },
    "autograder.verify": {"autograder.build", *MARKING},
    "autograder.nbgrader": {"autograder.intake", "autograder.feedback", *MARKING},
    "autograder.demo": {
        *(
            f"autograder.{name}"
            for name in ("build", "feedback", "grade", "key", "record", "report", "sandbox", "verify")
        ),
        *SHARED,
    },
    # Grading is started as a process of its own; the hub reads what it wrote.
    "autograder.hub": {
        "autograder.build",
        "autograder.intake",
        "autograder.record",
        "autograder.watch",
        "dlmath_kit.hub",
        *SHARED,
    },
    "autograder.cli": {"autograder"},
    "autograder.__main__": {"autograder.cli"},
    "autograder": {"autograder.marking"},
    "dlmath_ref": set(),
    "dlmath_kit": set(),
    "solutions": {"dlmath_ref", "dlmath_kit", *KEYS},
}
GENERATED = re.compile(
    r"(^|/)(\.venv|__pycache__|\.autograder|\.pytest_cache|\.hypothesis|[^/]+\.egg-info)/|\.pyc$|^gradebook\.db"
    r"|^(source|solutions|release)/.*\.ipynb$|^(submitted|autograded|feedback|demo|build|dist)/"
)
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|Users)/[a-z][\w.-]*/|(?<![\w./])/work/[a-z]")
LARGEST = 1_000_000


@cache
def tracked() -> tuple[Path, ...]:
    """Files that git keeps, as they lie in the working tree; all but the ignored ones outside of a clone."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git clone: nothing says which files are kept")
    return tuple(ROOT / name for name in listed if name and (ROOT / name).is_file())


def modules() -> list[Path]:
    return sorted(p for package in OURS for p in (ROOT / package).rglob("*.py") if "__pycache__" not in p.parts)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def imported(path: Path) -> set[str]:
    """The modules of ours that a file names in an import, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = absolute(path, node)
            found |= {name if is_module(name := f"{base}.{alias.name}") else base for alias in node.names}
    return {name for name in found if name.split(".")[0] in OURS}


def absolute(path: Path, node: ast.ImportFrom) -> str:
    """The module that an import names; only the sandbox's inner side, which is started by path, names it by dots."""
    if not node.level:
        return str(node.module)
    assert "inside" in path.parts, f"{path.relative_to(ROOT)}, line {node.lineno}: got a relative import"
    package = path.relative_to(ROOT).parts[: -node.level]
    return ".".join([*package, *filter(None, [node.module])])


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def owner(module: str) -> str:
    """The row of the table that a module belongs to: the longest that fits."""
    rows = [row for row in MAY_IMPORT if within(module, row)]
    assert rows, f"{module}: got a package that the table of docs/design.md does not name"
    return max(rows, key=len)


def allowed(module: str, target: str) -> bool:
    row = owner(module)
    if within(target, row) and row != "autograder":
        return True
    return any(target == name or (name != "autograder" and within(target, name)) for name in MAY_IMPORT[row]) or (
        row == "autograder.cli"
    )


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_packages_import_what_the_table_allows(package: str) -> None:
    """Each import of our own modules is one that docs/design.md allows."""
    faults = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path in modules()
        if owner(module_name(path)) == package and "inside" not in path.parts
        for target in sorted(imported(path))
        if not allowed(module_name(path), target)
    ]
    assert not faults, "\n".join(faults)


def test_untrusted_side_imports_nothing_of_ours() -> None:
    """What runs beside student code is started by path and sees no package of ours but itself."""
    inside = ROOT / "autograder" / "sandbox" / "inside"
    faults = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path in sorted(inside.rglob("*.py"))
        for target in imported(path)
        if not within(target, "autograder.sandbox.inside")
    ]
    assert not faults, "\n".join(faults)


def test_autograder_never_names_the_reference() -> None:
    """The grader knows nothing of deep learning: only answer keys import dlmath_ref."""
    faults = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.is_relative_to(ROOT / "autograder") and any(within(t, "dlmath_ref") for t in imported(path))
    ]
    assert not faults


def test_every_package_stands_in_the_design_table() -> None:
    """A new package is described in docs/design.md before it is used."""
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    table = design.split("## Who may import whom")[1].split("\n## ")[0]
    packages = {
        module_name(p).split(".")[1] for p in (ROOT / "autograder").rglob("*.py") if module_name(p).count(".") >= 1
    }
    assert not {p for p in packages if f"`autograder.{p}`" not in table and f"`{p}`" not in table} - {"__main__"}


def test_no_generated_file_is_kept() -> None:
    """What can be built again is not in the repository."""
    assert not [str(p) for p in tracked() if GENERATED.search(p.relative_to(ROOT).as_posix())]


def test_no_file_is_over_a_megabyte() -> None:
    """The repository stays quick to clone."""
    assert not {p.relative_to(ROOT).as_posix(): p.stat().st_size for p in tracked() if p.stat().st_size > LARGEST}


def test_no_path_of_a_machine_is_kept() -> None:
    """Nothing in the repository depends on where its authors worked."""
    faults = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        if path == Path(__file__) or "\0" in text[:1000]:
            continue
        faults += [f"{path.relative_to(ROOT)}: {m.group()}" for m in MACHINE_PATH.finditer(text)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_module_has_one_subject_and_is_short(path: Path) -> None:
    """A module says in its first line what it is about and stays under 400 lines."""
    text = path.read_text(encoding="utf-8")
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "a module begins with a docstring"
    assert text.count("\n") <= 400
    assert path.stem not in ("utils", "helpers", "common", "misc")
