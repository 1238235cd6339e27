"""One target under libFuzzer, guided by coverage: `python -m tests.fuzz.drive NAME PROGRAM LIBFUZZER_ARGUMENTS`.

A process of its own, because libFuzzer ends the one it runs in. PROGRAM is a file that starts this with these words:
libFuzzer runs it again where it merges.
"""

from __future__ import annotations

import sys
from random import Random

import atheris  # type: ignore[import-not-found]  # has no types, and is not everywhere

from tests.fuzz.target import load

__all__ = ["main"]


def main(name: str, command: list[str]) -> None:
    """Fuzz until libFuzzer has enough; does not return."""
    with atheris.instrument_imports(include=["autograder", "tests.fuzz.planted"]):
        target = load(name)

    def changed(data: bytes, most: int, seed: int) -> bytes:
        """Half of the time a change that knows the form, otherwise one of libFuzzer's own."""
        random = Random(seed)
        if random.random() < 0.5:
            return bytes(atheris.Mutate(data, most))
        return target.mutate(data, random)[:most]

    atheris.Setup(command, target.run, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
