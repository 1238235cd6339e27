"""What the README tells people to type does what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[1]
README = (HOME / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.S)
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{p.name}" for p in (HOME / "docs").glob("*.md"))]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z]+)", README))))
def test_make_knows_the_target(target: str) -> None:
    """Every `make` target that is named exists."""
    assert shutil.which("make")
    assert subprocess.run(["make", "-n", target], cwd=HOME, capture_output=True).returncode == 0


def test_trying_a_wrong_answer(tmp_path: Path) -> None:
    """The block that marks an answer by hand runs, and names the mistake."""
    (block,) = (b for b in BLOCKS if "autograder show" in b)
    command = f"{sys.executable} -m autograder --course {HOME} --work {tmp_path}"
    script = block.replace(".venv/bin/autograder", command)
    done = subprocess.run(["bash", "-euc", script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Your exponentials overflow: the maximum must be subtracted before exp is taken." in done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Every relative link of a page names a file of the repository."""
    folder = (HOME / page).parent
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (HOME / page).read_text())
    assert [link for link in links if not (folder / link).exists()] == []
