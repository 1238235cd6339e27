"""Leases: nobody over capacity, first come first served, nothing left behind by the dead."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from dlmath_kit.hub.gpu.leases import Leases, NoGpuFree
from dlmath_kit.hub.gpu.locks import NOTE_BYTES, read_note
from dlmath_kit.hub.gpu.settings import GpuSettings
from dlmath_kit.hub.gpu.slots import Holder
from dlmath_kit.hub.gpu.tickets import draw

ADA, BOB = Holder(user="ada"), Holder(user="bob")
TAKE = """
import asyncio, sys
from pathlib import Path
from dlmath_kit.hub.gpu.leases import Leases
from dlmath_kit.hub.gpu.slots import Holder
leases = Leases(Path(sys.argv[1]), ("0",))
lease = asyncio.run(leases.take(Holder(user=sys.argv[2]), 60))
print("has it", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def leases(tmp_path: Path) -> Leases:
    found = Leases(tmp_path / "leases", ("0", "1"), shares=2)
    found.prepare()
    return found


def process(leases: Leases, user: str) -> subprocess.Popen[str]:
    """Another server that takes a lease and keeps it."""
    command = [sys.executable, "-c", TAKE, str(leases.folder), user]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def wait_for(leases: Leases, waiters: int) -> None:
    deadline = time.monotonic() + 60
    while len(leases.picture().queue) != waiters:
        assert time.monotonic() < deadline, leases.picture()
        time.sleep(0.02)


def test_shares_are_spread_over_devices_first(leases: Leases) -> None:
    """Two kernels get two devices; only the third shares one."""
    taken = [leases.try_take(ADA)[0] for _ in range(4)]
    assert [lease and lease.device for lease in taken] == ["0", "1", "0", "1"]


def test_nobody_gets_more_than_there_is(leases: Leases) -> None:
    """The fifth of four shares is refused, and granted when one is freed."""
    taken = [leases.try_take(ADA)[0] for _ in range(4)]
    assert leases.try_take(BOB)[0] is None
    assert taken[2] is not None
    taken[2].free()
    assert (again := leases.try_take(BOB)[0]) is not None and again.slot == taken[2].slot


def test_the_overview_names_holders_and_waiters(leases: Leases) -> None:
    """Who holds a share, and who waits, can be read from the folder."""
    before = time.time()
    lease, _, _ = leases.try_take(Holder(user="ada", kernel="k1"))
    after = time.time()
    with leases.alone() as counter:
        ticket = draw(leases.folder / "tickets", counter, BOB)
    picture = leases.picture()
    holder = picture.slots[0][1]
    assert holder is not None and (holder.user, holder.kernel) == ("ada", "k1")
    assert before <= holder.since <= after
    assert [waiter.user for waiter in picture.queue] == ["bob"]
    ticket.tear()
    assert lease is not None and leases.picture().queue == []


def test_first_come_first_served(leases: Leases) -> None:
    """Five servers that wait for one device get it in the order in which they came, whatever their names."""
    leases = Leases(leases.folder, ("0",))
    lease, _, _ = leases.try_take(ADA)
    waiters = []
    for place, user in enumerate(["eve", "bob", "dan", "ann", "cyd"], start=1):
        waiters.append(process(leases, user))
        wait_for(leases, place)
    try:
        assert lease is not None
        lease.free()
        served = []
        for _ in waiters:
            deadline = time.monotonic() + 60
            while (holder := leases.picture().slots[0][1]) is None or holder.user in served:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            served.append(holder.user)
            next(p for p in waiters if p.args[-1] == holder.user).communicate("\n")
        assert served == ["eve", "bob", "dan", "ann", "cyd"]
    finally:
        for waiter in waiters:
            waiter.kill()
            waiter.wait()


def test_the_dead_do_not_wait(leases: Leases) -> None:
    """A waiter that was killed is out of the queue at once, and its ticket file is removed."""
    leases = Leases(leases.folder, ("0",))
    lease, _, _ = leases.try_take(ADA)
    waiter = process(leases, "bob")
    wait_for(leases, 1)
    waiter.send_signal(signal.SIGKILL)
    waiter.communicate()
    assert leases.picture().queue == []
    assert list((leases.folder / "tickets").iterdir()) == []
    assert lease is not None


def test_the_dead_hold_nothing(leases: Leases) -> None:
    """A server that was killed frees what it held."""
    holder = process(leases, "bob")
    assert holder.stdout is not None and holder.stdout.readline() == "has it\n"
    assert leases.picture().held == 1
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert leases.picture().held == 0


def test_a_newcomer_cannot_pass_those_who_wait(leases: Leases) -> None:
    """With one share free and one waiter, somebody without a ticket gets nothing."""
    taken = [leases.try_take(ADA)[0] for _ in range(3)]
    with leases.alone() as counter:
        ticket = draw(leases.folder / "tickets", counter, BOB)
    assert leases.try_take(ADA)[0] is None
    assert leases.try_take(BOB, ticket)[0] is not None
    assert all(taken)


def test_refusal_says_place_and_what_to_do(leases: Leases) -> None:
    """The message names what is in use, the place, how many wait and the way out."""
    taken = [leases.try_take(ADA)[0] for _ in range(4)]
    with leases.alone() as counter:
        ticket = draw(leases.folder / "tickets", counter, BOB)
    with pytest.raises(
        NoGpuFree, match=r"4 of 4 in use\. .* number 2 in the queue \(1 other waiting\)\..* Use the CPU"
    ):
        asyncio.run(leases.take(ADA, 0.1, "Use the CPU."))
    assert [Holder.read(path).user for path in [ticket.path]] == ["bob"]
    assert len(leases.picture().queue) == 1, "who gave up holds up nobody"
    assert all(taken)


def test_who_tries_again_keeps_the_place(leases: Leases) -> None:
    """A second try goes on from the old place, before those who came in between."""
    leases = Leases(leases.folder, ("0",))
    lease, _, _ = leases.try_take(ADA)
    with pytest.raises(NoGpuFree):
        asyncio.run(leases.take(BOB, 0.0))
    with leases.alone() as counter:
        later = draw(leases.folder / "tickets", counter, Holder(user="cyd"))
    with pytest.raises(NoGpuFree) as refusal:
        asyncio.run(leases.take(BOB, 0.0))
    assert refusal.value.place == 1
    later.tear()
    assert lease is not None


def test_a_lost_counter_repeats_no_number(leases: Leases) -> None:
    """If the count is lost, the next ticket still comes after those that wait."""
    with leases.alone() as counter:
        first = draw(leases.folder / "tickets", counter, ADA)
        os.truncate(counter, 0)
        second = draw(leases.folder / "tickets", counter, BOB)
    assert second.number > first.number


def test_a_cancelled_wait_leaves_the_queue(leases: Leases) -> None:
    """A student who closes the dialog while waiting does not hold up the others."""
    taken = [leases.try_take(ADA)[0] for _ in range(4)]

    async def impatient() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(leases.take(BOB, 30), 0.2)

    asyncio.run(impatient())
    assert leases.picture().queue == []
    assert all(taken)


def test_a_slot_can_be_taken_again_by_name(leases: Leases) -> None:
    """After a restart the hub takes the very slot that its container uses."""
    lease = leases.take_again(ADA, "1", 1)
    assert lease is not None and (lease.device, lease.slot.share) == ("1", 1)
    assert leases.take_again(BOB, "1", 1) is None
    assert leases.take_again(BOB, "7", 0) is None


def test_other_accounts_can_queue_and_lock_but_not_remove(leases: Leases) -> None:
    """Students' servers under their own accounts share the folder; none can delete a slot or another's ticket."""
    mode = {name: stat.S_IMODE((leases.folder / name).stat().st_mode) for name in ("slots", "tickets", "mutex")}
    assert mode == {"slots": 0o755, "tickets": 0o1777, "mutex": 0o666}
    assert {stat.S_IMODE(slot.path.stat().st_mode) for slot in leases.slots} == {0o666}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another account")
def test_another_account_takes_a_lease_that_root_prepared() -> None:
    """An ordinary account queues, takes a share and keeps it until it ends; root sees its name."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # pytest's own folder is closed to others
        os.chmod(name, 0o755)
        leases = Leases(Path(name) / "leases", ("0",))
        leases.prepare()
        ready, tell = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                leases.prepare()
                lease = asyncio.run(leases.take(BOB, 5))
                os.write(tell, b"1" if lease.alive else b"0")
                time.sleep(60)
            except BaseException as error:
                os.write(tell, repr(error).encode())
            finally:
                os._exit(0)
        try:
            assert os.read(ready, 1000) == b"1"
            assert leases.try_take(ADA)[0] is None
            holder = leases.picture().slots[0][1]
            assert holder is not None and holder.user == "bob"
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        assert leases.picture().held == 0


def test_what_is_written_in_a_slot_is_read_with_care(leases: Leases) -> None:
    """A holder that writes nonsense is shown as unknown; no reader fails."""
    lease, _, _ = leases.try_take(ADA)
    for text in (b"", b"{", b"[]", b'{"since": "x"}', b"\xff" * NOTE_BYTES):
        leases.slots[0].path.write_bytes(text)
        assert isinstance(leases.picture().slots[0][1], Holder)
    assert lease is not None
    lease.note(pid=7)
    assert read_note(leases.slots[0].path)["pid"] == 7


def test_long_names_fit(leases: Leases) -> None:
    """A user name of a thousand letters does not break the note."""
    lease, _, _ = leases.try_take(Holder(user="é" * 1000, kernel="k" * 1000))
    assert lease is not None


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"devices": ["0"], "shares": 0}, r"shares: got 0, expected 1 or more"),
        ({"devices": ["0", "0"]}, r"devices: got \['0', '0'\], expected each device once"),
        ({"memory_fraction": 2.0}, r"memory_fraction: got 2.0, expected \[0, 1\]"),
        ({"device": ["0"]}, r"got key 'device', expected one of"),
    ],
)
def test_settings_that_cannot_be(table: dict[str, object], message: str) -> None:
    """A setting that makes no sense is named, with what is expected."""
    with pytest.raises(ValueError, match=message):
        GpuSettings.of(table)


def test_settings_come_from_the_environment() -> None:
    """DLMATH_GPUS round-trips; without it there are no devices."""
    settings = GpuSettings.of({"devices": [0, "MIG-7"], "shares": 3, "folder": "/x"})
    assert GpuSettings.from_environment({"DLMATH_GPUS": settings.as_json()}) == settings
    assert settings.devices == ("0", "MIG-7") and settings.fraction == pytest.approx(1 / 3)
    assert GpuSettings.from_environment({}).devices == ()
    with pytest.raises(ValueError, match="expected JSON"):
        GpuSettings.from_environment({"DLMATH_GPUS": "{"})
    assert json.loads(settings.as_json())["devices"] == ["0", "MIG-7"]
