"""From the bytes of a submitted notebook to plain cells: type, text, nbgrader id."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from autograder.intake.faults import IntakeError

__all__ = ["MAX_NOTEBOOK_BYTES", "StudentCell", "StudentNotebook", "parse_notebook"]

MAX_NOTEBOOK_BYTES = 20 * 2**20
MAX_CELLS = 5000
MAX_CELL_BYTES = 2**20
MAX_TEXT_BYTES = 4 * 2**20  # of all cells: each is parsed for what it defines, at a few seconds a MiB
CELL_TYPES = frozenset({"code", "markdown", "raw"})
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class StudentCell:
    """All that is taken over from a submitted cell.

    Args:
        kind: "code", "markdown" or "raw".
        source: the text.
        grade_id: nbgrader's id as the submission has it, "" when there is none.
        cell_id: the notebook format's id, "" when there is none or it is malformed.
        pictures: attachments of a markdown cell, such as a photograph of a derivation: name to type to base64.
    """

    kind: str
    source: str
    grade_id: str = ""
    cell_id: str = ""
    pictures: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class StudentNotebook:
    """The cells of a submitted notebook, its language, and notes on what was left out."""

    cells: tuple[StudentCell, ...]
    language: str
    notes: tuple[str, ...]


def parse_notebook(data: bytes) -> StudentNotebook:
    """Read a submitted notebook; outputs, attachments other than pictures and the metadata of tools are dropped.

    Raises:
        IntakeError: the file is empty, not JSON, not a notebook, of an unknown format or too large.
    """
    document = _upgraded(_decoded(data))
    raw_cells = document.get("cells")
    if not isinstance(raw_cells, list):
        raise IntakeError("The file is not a notebook: it has no list of cells. Save it again from Jupyter.")
    if len(raw_cells) > MAX_CELLS:
        raise IntakeError(f"The notebook has {len(raw_cells)} cells; at most {MAX_CELLS} are read.")
    notes: list[str] = []
    cells = [c for i, raw in enumerate(raw_cells, 1) if (c := _cell(raw, i, notes)) is not None]
    return StudentNotebook(tuple(_readable(cells, notes)), _language(document), tuple(notes))


def _readable(cells: list[StudentCell], notes: list[str]) -> list[StudentCell]:
    """The cells from the first on whose text together is not too large to be read."""
    room = MAX_TEXT_BYTES
    for number, cell in enumerate(cells):
        room -= len(cell.source.encode())
        if room < 0:
            most = f"{MAX_TEXT_BYTES >> 20} MiB"
            notes.append(f"Your notebook's cells hold more than {most} of text; the last ones were left out.")
            return cells[:number]
    return cells


def _decoded(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise IntakeError(f"The notebook is larger than {MAX_NOTEBOOK_BYTES // 2**20} MiB. Clear its outputs.")
    if not data.strip():
        raise IntakeError("The notebook file is empty. Save it in Jupyter and submit again.")
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise IntakeError("The notebook file is damaged: it is not UTF-8 text. Save it again from Jupyter.") from error
    except (ValueError, RecursionError) as error:
        raise IntakeError("The notebook file is damaged or cut short. Save it in Jupyter and submit again.") from error
    if not isinstance(document, dict):
        raise IntakeError("The file is not a notebook. Save it in Jupyter and submit again.")
    return document


def _upgraded(document: dict[str, Any]) -> dict[str, Any]:
    """Notebook format 4; format 3 is upgraded, every other is refused.

    nbformat's own upgrade takes gigabytes and minutes for what is no notebook, and we want little of one.
    """
    version = document.get("nbformat")
    if version == 4:
        return document
    if version != 3:
        raise IntakeError(f"The notebook has format {version!r:.20}; expected 4. Save it again from Jupyter.")
    cells: list[Any] = []
    sheets = document.get("worksheets")
    for sheet in sheets if isinstance(sheets, list) else [sheets]:
        found = sheet.get("cells") if isinstance(sheet, dict) else None
        if not isinstance(found, list):
            raise IntakeError("The notebook has the old format 3 and is damaged. Save it again from Jupyter.")
        cells += found
    return {"metadata": document.get("metadata"), "cells": [_modern(cell) for cell in cells]}


def _modern(raw: Any) -> Any:
    """A cell of format 3 as one of format 4: code was called input, and headings and HTML had types of their own."""
    kind = raw.get("cell_type") if isinstance(raw, dict) else None
    if kind == "code":
        return {**raw, "source": raw.get("input", "")}
    if kind == "html":
        return {**raw, "cell_type": "markdown"}
    if kind == "heading":
        level = raw.get("level")
        marks = "#" * (level if type(level) is int and 1 <= level <= 6 else 1)
        words = " ".join((_text(raw.get("source")) or "").split())
        return {**raw, "cell_type": "markdown", "source": f"{marks} {words}"}
    return raw


def _cell(raw: Any, number: int, notes: list[str]) -> StudentCell | None:
    kind = raw.get("cell_type") if isinstance(raw, dict) else None
    if not isinstance(kind, str) or kind not in CELL_TYPES:
        notes.append(f"Cell {number} of your notebook is damaged and was left out.")
        return None
    source = _text(raw.get("source"))
    if source is None:
        notes.append(f"Cell {number} of your notebook has no readable text and was left out.")
        return None
    if len(source.encode()) > MAX_CELL_BYTES:
        notes.append(f"Cell {number} of your notebook is larger than 1 MiB and was left out.")
        return None
    return StudentCell(kind, source, _grade_id(raw), _cell_id(raw), _pictures(raw))


def _text(source: Any) -> str | None:
    """A cell's text; characters that no file can hold (lone surrogates) become question marks."""
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    return source.encode("utf-8", "replace").decode("utf-8")


def _grade_id(raw: dict[str, Any]) -> str:
    metadata = raw.get("metadata")
    flags = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    value = flags.get("grade_id") if isinstance(flags, dict) else None
    return value if isinstance(value, str) else ""


def _cell_id(raw: dict[str, Any]) -> str:
    value = raw.get("id")
    return value if isinstance(value, str) and CELL_ID.fullmatch(value) else ""


def _pictures(raw: dict[str, Any]) -> dict[str, dict[str, str]]:
    attachments = raw.get("attachments")
    if raw["cell_type"] != "markdown" or not isinstance(attachments, dict):
        return {}
    kept = {}
    for name, bundle in attachments.items():
        if not isinstance(bundle, dict):
            continue
        pictures = {k: v for k, v in bundle.items() if k in PICTURES and isinstance(v, str) and BASE64.fullmatch(v)}
        if pictures:
            kept[name.encode("utf-8", "replace").decode("utf-8")] = pictures
    return kept


def _language(document: dict[str, Any]) -> str:
    """The language that the submission says it is in, "" when it says nothing."""
    metadata = document.get("metadata")
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    value = spec.get("language") if isinstance(spec, dict) else None
    return value if isinstance(value, str) else ""
