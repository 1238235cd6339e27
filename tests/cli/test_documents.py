"""docs/results.md describes the documents of `--json` key by key."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from autograder.cli.documents import Document
from autograder.results import Verdict

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^### (?P<package>\w+): (?P<name>\w+)\n(?P<body>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
DESCRIBED = {
    (m["package"], m["name"]): re.findall(r"^\| `(\w+)` \|", m["body"], re.MULTILINE) for m in SECTION.finditer(PAGE)
}
PACKAGES = {"cli": "autograder.cli.documents"}


def package_module(package: str) -> ModuleType:
    return importlib.import_module(PACKAGES.get(package, f"autograder.{package}"))


def structs(module: ModuleType) -> dict[str, type[msgspec.Struct]]:
    found = {name: getattr(module, name) for name in module.__all__}
    return {
        n: v for n, v in found.items() if isinstance(v, type) and issubclass(v, msgspec.Struct) and v is not Document
    }


@pytest.mark.parametrize(("package", "name"), DESCRIBED, ids="/".join)
def test_keys_are_those_of_the_code(package: str, name: str) -> None:
    """Each table lists exactly the keys that are printed, in their order."""
    assert DESCRIBED[package, name] == list(getattr(package_module(package), name).__struct_fields__)


@pytest.mark.parametrize("package", ["cli", "results"])
def test_every_document_is_described(package: str) -> None:
    """Each document of a command and each stored result has a table."""
    assert set(structs(package_module(package))) == {name for p, name in DESCRIBED if p == package}


def test_every_type_that_is_referred_to_is_described() -> None:
    """A table never refers to a type that the page does not describe, nor describes one that is not used."""
    bodies = "\n".join(m["body"] for m in SECTION.finditer(PAGE))
    named = set(re.findall(r"(?:^|[ |])(\w+): ([A-Z]\w+)", bodies, re.MULTILINE))
    assert named | {("results", "SubmissionResult")} == {key for key in DESCRIBED if key[0] != "cli"}


def test_every_verdict_is_described() -> None:
    """The words that a part or an exercise can end with."""
    assert re.findall(r"^\| ([A-Z]+) \|", PAGE, re.MULTILINE) == [str(v) for v in Verdict]
