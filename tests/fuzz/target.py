"""What a target is, and the list of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

__all__ = ["CORPUS", "NAMES", "Target", "load"]

CORPUS = Path(__file__).with_name("corpus")
NAMES = ("channel", "cells", "intake", "inbox")


@dataclass(frozen=True)
class Target:
    """One place where bytes from outside are read.

    Args:
        about: what is read, in a few words.
        run: reads them; returns, or raises what nobody declared: a finding.
        mutate: another input like this one.
        seeds: valid inputs to begin with.
        longest: bytes of an input.
    """

    name: str
    about: str
    run: Callable[[bytes], None]
    mutate: Callable[[bytes, Random], bytes]
    seeds: Callable[[], Iterator[bytes]]
    longest: int

    @property
    def corpus(self) -> Path:
        return CORPUS / self.name


def load(name: str) -> Target:
    """The target of this name; imports what it tests."""
    found = importlib.import_module(f"tests.fuzz.{name}").TARGET
    assert isinstance(found, Target) and found.name == name
    return found
