"""How far a submission is closed depends on who must read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dlmath_kit.hub import closing
from tests.hub.student.server import UNIT, Server

OTHER, GROUP = 54_321, 54_322  # nobody's here
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives folders to other accounts: takes root")


def submission(inbound: Path, owner: int, mode: int) -> Path:
    """A folder as nbgrader leaves it, below an inbound folder of this owner."""
    inbound.mkdir()
    os.chown(inbound, owner, GROUP if owner else -1)
    inbound.chmod(mode)
    folder = inbound / "ana+unit+time+random"
    (folder / "more").mkdir(parents=True)
    for name in ("lab.ipynb", "more/data.csv"):
        (folder / name).write_text("mine")
        (folder / name).chmod(0o666)
    folder.chmod(0o777)
    return folder


def closed(folder: Path) -> tuple[set[int], set[int]]:
    """Modes of the folders and of the files, after closing."""
    closing.close(folder)
    paths = [folder, *folder.rglob("*")]
    modes = [(p.is_dir(), stat.S_IMODE(p.stat().st_mode)) for p in paths]
    return {m for is_folder, m in modes if is_folder}, {m for is_folder, m in modes if not is_folder}


def test_one_account_for_all_keeps_submissions_to_itself(tmp_path: Path) -> None:
    """On a laptop the grader is the same account: nobody else reads."""
    assert closed(submission(tmp_path / "inbound", os.geteuid(), 0o3733)) == ({0o700}, {0o600})


@as_root
def test_the_grader_s_group_reads_where_inbound_hands_it_on(tmp_path: Path) -> None:
    """nbgrader's setgid folder gives each submission the group of the account that released the unit."""
    folder = submission(tmp_path / "inbound", OTHER, 0o3733)
    assert folder.stat().st_gid == GROUP
    assert closed(folder) == ({0o750}, {0o640})


@as_root
def test_nobody_writes_where_the_grader_is_a_stranger(tmp_path: Path) -> None:
    """Without a common group all may read, as with stock nbgrader, and only the student may write."""
    assert closed(submission(tmp_path / "inbound", OTHER, 0o1733)) == ({0o755}, {0o644})


@as_root
def test_root_in_a_container_without_rights_is_a_stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There user 0 reads no more than any account, so a private folder could not be collected."""
    table = tmp_path / "uid_map"
    monkeypatch.setattr(closing, "INITIAL_USERS", str(table))
    for text, root in (("         0          0 4294967295\n", True), ("0 1000 1\n1 100000 65536\n", False)):
        table.write_text(text)
        assert closing.is_root_everywhere() is root


def test_a_submission_is_closed_when_it_appears(student: Server) -> None:
    """Submitted by the page: 0700 and 0600, for this grader is the account of the tests."""
    assert student.api("POST", f"/{UNIT}/fetch")[0] == 200
    assert student.api("POST", f"/{UNIT}/submit")[0] == 200
    [folder] = student.submissions()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
