"""Where the scripts' figures go: between two marker lines of a page, and pictures beside it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

__all__ = ["BENCHMARKS", "HOME", "add_options", "add_plots", "images", "put", "write"]

HOME = Path(__file__).resolve().parent.parent
BENCHMARKS = HOME / "docs" / "benchmarks.md"
END = "<!-- end of figures -->"


def add_options(parser: argparse.ArgumentParser, page: Path = BENCHMARKS) -> None:
    """`--write` and `--page`."""
    name = page.relative_to(HOME)
    parser.add_argument("--write", action="store_true", help=f"put the figures into {name}")
    parser.add_argument("--page", type=Path, default=page, metavar="FILE", help=f"another page than {name}")


def add_plots(parser: argparse.ArgumentParser) -> None:
    """`--plots`."""
    parser.add_argument("--plots", action="store_true", help="draw the plots into images/ beside the page")


def images(options: argparse.Namespace) -> Path:
    """The folder of the page's pictures."""
    return Path(options.page).parent / "images"


def write(options: argparse.Namespace, script: str, text: str) -> None:
    """Put the text into the page, if that is wanted."""
    if options.write:
        put(options.page, script, text)
        print(f"written: {options.page}", file=sys.stderr)


def put(page: Path, script: str, text: str) -> None:
    """Replace what stands between the script's marker lines.

    Raises:
        ValueError: the page has no such lines, or not once.
    """
    begin, whole = f"<!-- figures: benchmarks/{script} -->", page.read_text(encoding="utf-8")
    before, found, rest = whole.partition(begin)
    _, closed, after = rest.partition(END)
    if not found or not closed or begin in rest:
        raise ValueError(f"{page}: got no single part from '{begin}' to '{END}', expected one.")
    page.write_text(f"{before}{begin}\n{text.strip()}\n{END}{after}", encoding="utf-8")
