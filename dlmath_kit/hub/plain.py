"""What Python reports, in plain words."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["explain_cell", "explain_check", "strip_colours"]

LONGEST = 1500
UNCLOSED = "it ends too early, a bracket or a quote is not closed"
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
PLACE = re.compile(r"Cell In ?\[\d+\], line (\d+)(?:, in (\w+))?")
ARROW = re.compile(r"^-+>\s*\d+ (.*)$", re.MULTILINE)


def strip_colours(text: str) -> str:
    """Text without a terminal's colours."""
    return COLOURS.sub("", text)


def explain_cell(error: dict[str, Any]) -> str:
    """Why a student's own cell stopped."""
    name, value = _facts(error)
    if name in ("SyntaxError", "IndentationError", "TabError"):
        what = UNCLOSED if value.startswith("incomplete input") else _without_file(value)
        return f"Python cannot read this cell: {what}.{_line(error, value)}"
    if name == "CellTimeoutError":
        return "This cell ran too long and was stopped. Is there a loop that does not end?"
    if name == "NotImplementedError":
        return "Not solved yet: the cell still raises NotImplementedError."
    if name in ("ModuleNotFoundError", "ImportError"):
        return f"An import failed: {value}."
    return _raised(error, "This cell raised")


def explain_check(error: dict[str, Any]) -> str:
    """Why a visible check failed: its own message where it has one."""
    name, value = _facts(error)
    if name == "AssertionError":
        return value or _failed_line(error)
    if name == "NotImplementedError":
        return "Not solved yet: your function still raises NotImplementedError."
    if name == "NameError":
        wanted = re.search(r"name '([^']+)'", value)
        return f"{wanted.group(1) if wanted else value}: not defined. The solution cell must define this name."
    if name == "CellTimeoutError":
        return "The check ran too long and was stopped. Is there a loop that does not end?"
    return _raised(error, "While your code was being checked it raised")


def _facts(error: dict[str, Any]) -> tuple[str, str]:
    return str(error.get("ename", "")), strip_colours(str(error.get("evalue", ""))).strip()[:LONGEST]


def _without_file(value: str) -> str:
    return re.sub(r"\s*\([^()]*line \d+\)$", "", value)


def _line(error: dict[str, Any], value: str) -> str:
    """Line and text of a syntax error."""
    number = re.search(r"line (\d+)\)$", value)
    if number is None:
        return ""
    text = strip_colours("\n".join(map(str, error.get("traceback", []))))
    shown = re.search(r"^(.*)\n\s*\^", text, re.MULTILINE)
    code = re.sub(r"^-+>\s*\d+\s?|^\s*\d+\s", "", shown.group(1)).strip() if shown else ""
    return f" Look at line {number.group(1)}" + (f": {code[:200]}" if code else ".")


def _failed_line(error: dict[str, Any]) -> str:
    lines = ARROW.findall(strip_colours("\n".join(map(str, error.get("traceback", [])))))
    return f"This must hold: {lines[0].strip()[:300]}" if lines else "An assertion without a message failed."


def _raised(error: dict[str, Any], beginning: str) -> str:
    """Name and text of an exception, with the last of the student's own lines that it passed."""
    name, value = _facts(error)
    places = PLACE.findall(strip_colours("\n".join(map(str, error.get("traceback", [])))))
    where = ""
    if places:
        line, function = places[-1]
        where = f", in {function}, line {line} of its cell" if function else f", in line {line}"
    return f"{beginning} {name}{where}: {value}" if value else f"{beginning} {name}{where}."
