"""`autograder gpus`: what operators see, with and without GPUs."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from autograder.cli.gpus import describe, span
from autograder.cli.main import cli
from autograder.cli.state import State
from autograder.hub.gpus import GpuOverview, gpu_settings, lease_folder, overview, prepare
from dlmath_kit.hub.gpu.leases import Leases
from dlmath_kit.hub.gpu.slots import Holder
from dlmath_kit.hub.gpu.tickets import draw
from tests.hub.gpu_machine import hub_settings

DOCS = Path(__file__).resolve().parents[2] / "docs" / "gpus.md"
SMI = """#!/bin/sh
echo "0, GPU-aa, NVIDIA H100, 1024, 81559, 37"
echo "1, GPU-bb, NVIDIA H100, [N/A], [N/A], [N/A]"
"""


@pytest.fixture
def no_smi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_smi")
def test_without_gpus_it_says_so(tmp_path: Path) -> None:
    """On a machine without devices and without nvidia-smi there is a sentence for each, and nothing fails."""
    seen = overview(hub_settings(tmp_path, ""))
    assert (seen.cards, seen.shares, seen.queue) == ([], [], [])
    assert "no devices are configured" in describe(seen) and "nvidia-smi is not installed" in describe(seen)


@pytest.mark.usefixtures("no_smi")
def test_holders_and_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each share shows its holder, since when and how long idle; the queue shows who waits."""
    monkeypatch.setattr(time, "time", lambda: 1e9)
    settings = hub_settings(tmp_path, '[gpus]\ndevices = ["0", "MIG-7"]\n')
    prepare(settings)
    gpus = gpu_settings(settings)
    leases = Leases(gpus.path, gpus.devices, gpus.shares)
    lease, _, _ = leases.try_take(Holder(user="ada", kernel="1234567890", pid=42))
    assert lease is not None
    lease.note(active=lease.holder.since - 600)
    with leases.alone() as counter:
        ticket = draw(leases.folder / "tickets", counter, Holder(user="bob"))
    seen = overview(settings)
    first, second = seen.shares
    assert (first.device, first.user, first.pid, second.device, second.user) == ("0", "ada", 42, "MIG-7", "")
    assert (first.held_seconds, first.idle_seconds) == (0, 600)
    text = describe(seen)
    assert re.search(r"^0 +0 +ada +12345678 +42 +0 s +10 min$", text, re.M)
    assert re.search(r"^MIG-7 +0 +free$", text, re.M)
    assert "1 of 2 free, 1 waiting" in text and re.search(r"^1 +bob +0 s$", text, re.M)
    ticket.tear()


def test_cards_are_read_from_nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory and use of each card; a card that does not say is shown with a dash."""
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(SMI)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    seen = overview(hub_settings(tmp_path, '[gpus]\ndevices = ["0", "1"]\n'))
    assert [(card.memory_used, card.busy) for card in seen.cards] == [(1024, 37), (None, None)]
    assert "1024 of 81559 MiB" in describe(seen)
    program.write_text("#!/bin/sh\necho 'driver mismatch'; exit 18\n")
    assert "nvidia-smi: driver mismatch" in describe(overview(hub_settings(tmp_path, "")))


@pytest.mark.usefixtures("no_smi")
def test_the_command_prints_one_document(tmp_path: Path) -> None:
    """`autograder gpus --json` prints the document that docs/gpus.md describes key by key."""
    hub_settings(tmp_path, '[gpus]\ndevices = ["0"]\n')
    done = CliRunner().invoke(cli, ["--course", str(tmp_path), "gpus", "--json"], obj=State(), catch_exceptions=False)
    document = json.loads(done.stdout)
    assert (document["schema"], document["command"], len(document["shares"])) == (1, "gpus", 1)
    described = set(
        re.findall(
            r"^\| `([\w.\[\]]+)` \|", DOCS.read_text(encoding="utf-8").split("| key |")[1].split("\n\n")[0], re.M
        )
    )
    keys = set()
    for field in msgspec.structs.fields(GpuOverview):
        inner = getattr(field.type, "__args__", (str,))[0]
        subkeys = msgspec.structs.fields(inner) if hasattr(inner, "__struct_fields__") else ()
        keys |= {f"{field.name}[].{sub.name}" for sub in subkeys} or {field.name}
    assert keys == described


def test_leases_lie_where_those_who_take_them_can_reach_them(tmp_path: Path) -> None:
    """In the hub's folder where all run under one account; outside of it where students have their own."""
    simple = hub_settings(tmp_path, "")
    assert lease_folder(simple) == Path(simple.state) / "leases"
    text = f'[spawner]\nkind = "system"\nenvironment = "{tmp_path}"\n[exchange]\nroot = "{tmp_path}"\n'
    assert lease_folder(hub_settings(tmp_path, text)) == Path("/run/dlmath/dlmath/leases")


@pytest.mark.parametrize(("seconds", "text"), [(None, "-"), (12, "12 s"), (300, "5 min"), (12000, "3 h 20 min")])
def test_spans(seconds: int | None, text: str) -> None:
    """Times are short and in words."""
    assert span(seconds) == text
