"""Lay the lecturer's cells and the student's text out as one notebook."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from autograder.cells import GIVEN, Role, grade_id, role
from autograder.intake.definitions import defined_names, without_definitions
from autograder.intake.matching import Extra, Match, joined, same_text
from autograder.intake.parse import CELL_ID, StudentCell

__all__ = ["Assembly"]


@dataclass(eq=False)
class _Place:
    """One cell of the notebook to be: the lecturer's with its name, or the student's with ""."""

    cell: dict[str, Any]
    name: str
    theirs: bool  # the text is the student's
    wanted_id: str

    @cached_property
    def defines(self) -> frozenset[str]:
        return defined_names(self.cell["source"]) if self.cell["cell_type"] == "code" else frozenset()


class Assembly:
    """The graded notebook in the making.

    Args:
        base: the lecturer's cells in order.
        found: the student's answers and added cells.
        given: text and tags of the lecturer's free cells; a copy that the student left alone keeps its tags.
    """

    def __init__(self, base: Sequence[dict[str, Any]], found: Match, given: Mapping[str, list[str]]) -> None:
        self.notes: list[str] = []
        self._places: list[_Place] = []
        self._found = found
        self._given = given
        self._texts = {grade_id(cell): joined(cell["source"]) for cell in base}
        self._lay_out(base)
        for name in [grade_id(c) for c in base if role(c) is Role.SOLUTION]:
            self._clear_unused_stub(name)

    def notebook(self, frame: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The notebook in the given frame, and the ids of the cells with the student's text."""
        used: set[str] = set()
        tried: dict[str, int] = {}
        theirs = []
        for place in sorted(self._places, key=lambda p: not p.name):  # the lecturer's cells have first choice of an id
            place.cell["id"] = _unused(place, used, tried)
            used.add(place.cell["id"])
        for place in self._places:
            if place.theirs:
                theirs.append(place.cell["id"])
        return {**frame, "cells": [place.cell for place in self._places]}, tuple(theirs)

    def _lay_out(self, base: Sequence[dict[str, Any]]) -> None:
        following: dict[tuple[str, str], list[Extra]] = {}
        for extra in self._found.extras:
            following.setdefault((extra.after, extra.beside), []).append(extra)
        self._add_extras(following.get(("", ""), []))
        for cell in base:
            name = grade_id(cell)
            self._add_extras(following.get((name, "before"), []))
            self._places.append(self._lecturers(cell))
            self._add_extras(following.get((name, "after"), []))
            self._add_extras(following.get((name, ""), []))

    def _add_extras(self, extras: list[Extra]) -> None:
        for extra in extras:
            tags = self._given.get(extra.cell.source.strip())
            metadata = {} if tags is None else {"tags": [GIVEN, *tags]}
            cell = _fresh(extra.cell.kind, extra.cell.source, metadata, extra.cell.pictures)
            self._places.append(_Place(cell, "", tags is None, extra.cell.cell_id))

    def _lecturers(self, cell: dict[str, Any]) -> _Place:
        name = grade_id(cell)
        answer = self._found.answers.get(name)
        source = self._texts[name]
        if answer is not None:
            source = answer.source
            self._note_kind(name, cell["cell_type"], answer)
        elif name not in self._found.known:
            self.notes.append(f"The cell {name} is missing from your notebook; the released one was used.")
        pictures = answer.pictures if answer else cell.get("attachments", {})
        fresh = _fresh(cell["cell_type"], source, copy.deepcopy(cell["metadata"]), copy.deepcopy(pictures))
        return _Place(fresh, name, answer is not None, str(cell.get("id", "")))

    def _note_kind(self, name: str, kind: str, answer: StudentCell) -> None:
        if answer.kind != kind:
            self.notes.append(f"The cell {name} was turned from {kind} to {answer.kind}; its text was taken as {kind}.")

    def _clear_unused_stub(self, name: str) -> None:
        """Let an answer that stands in a cell of the student's own count.

        A stub that was deleted or left untouched must not redefine what such a cell defines; a cell that
        stands behind the exercise's test is moved up to the stub.
        """
        at = next(i for i, place in enumerate(self._places) if place.name == name)
        stub = self._places[at]
        if stub.cell["cell_type"] != "code" or not self._is_stub(name, stub):
            return
        own = [p for p in self._places if not p.name and p.defines & stub.defines]
        if not own:
            return
        taken = stub.defines & frozenset().union(*(p.defines for p in own))
        test = next((i for i in range(at, len(self._places)) if _is_test(self._places[i])), len(self._places))
        if all(self._places.index(p) > test for p in own):
            for p in own:
                self._places.remove(p)
            self._places[at + 1 : at + 1] = own
        stub.cell["source"] = without_definitions(stub.cell["source"], taken)
        words = ", ".join(sorted(taken))
        self.notes.append(f"The cell {name} is as it was released; {words} was taken from a cell of your own.")

    def _is_stub(self, name: str, place: _Place) -> bool:
        answer = self._found.answers.get(name)
        return answer is None or same_text(answer.source, self._texts[name])


def _is_test(place: _Place) -> bool:
    return bool(place.name) and role(place.cell) is Role.TEST


def _fresh(kind: str, source: str, metadata: dict[str, Any], pictures: dict[str, Any]) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": metadata, "source": source}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    elif pictures:
        cell["attachments"] = pictures
    return cell


def _unused(place: _Place, used: set[str], tried: dict[str, int]) -> str:
    """The id that the cell came with if it is well formed and free, otherwise one derived from its text.

    Args:
        tried: how many ids were derived from each text: thousands of cells may hold the same one.
    """
    if CELL_ID.fullmatch(place.wanted_id) and place.wanted_id not in used:
        return place.wanted_id
    text = f"{place.name}:{place.cell['source']}"
    while True:
        attempt = tried.get(text, 0)
        tried[text] = attempt + 1
        if (derived := _digest(f"{attempt}:{text}")) not in used:
            return derived


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
