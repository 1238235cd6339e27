"""Frames on a channel: lengths, one msgpack structure, then the bulk data it refers to.

A frame is `structure length (4 bytes), number of bulks (4), their lengths (8 each), structure, bulks`, big-endian.
Everything that a peer announces is checked against `Bounds` before memory is taken. The structure holds only
None, bool, int, float, str, bytes and arrays of these; `values` gives it meaning.
"""

from __future__ import annotations

import array
import os
import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgpack  # type: ignore[import-untyped]  # it ships no types

__all__ = ["INLINE_BYTES", "Bounds", "Channel", "ChannelClosed", "ProtocolViolation", "TooLate", "Unsendable", "awake"]

INLINE_BYTES = 4096  # data up to this size travels within the structure
_AT_ONCE = 16384  # bytes: most frames are read in one go
_HEADER = struct.Struct(">II")
_SLICE = 1.0  # seconds waited at a time
_ODD = 2 * _SLICE  # seconds between two looks at the clock in which nothing was computed: a wait is shorter
_now, _used = time.monotonic, time.process_time
_looked, _had_used = _now(), _used()
_stood_still = 0.0


def awake() -> float:
    """The monotonic clock without the time in which this process was stopped: what deadlines are given in."""
    global _looked, _had_used, _stood_still
    now, used = _now(), _used()
    gap = now - _looked
    if gap > _ODD and used - _had_used < gap / 2:
        _stood_still += gap - _SLICE  # what it may have waited
    _looked, _had_used = now, used
    return now - _stood_still


class ProtocolViolation(Exception):
    """The peer sent what no honest peer sends."""


class Unsendable(Exception):
    """A value cannot cross the channel; the text names it."""


class ChannelClosed(Exception):
    """The peer is gone."""


class TooLate(Exception):
    """The peer did not answer in time."""


@dataclass(frozen=True)
class Bounds:
    """What one frame may hold.

    A structure of 4 MiB decodes to at most about 150 MiB of Python objects, whatever it says.
    """

    value_bytes: int = 128 * 2**20
    structure_bytes: int = 4 * 2**20
    depth: int = 64
    elements: int = 1_000_000
    keys: int = 20_000  # dict keys and set members that are not text: hashes of numbers can be made to collide


class Channel:
    """One end of a stream socket that carries frames. Deadlines are times of `awake`, which falls behind others."""

    def __init__(self, sock: socket.socket, bounds: Bounds) -> None:
        self.sock = sock
        self.bounds = bounds
        self._ahead = bytearray()  # read, but not asked for yet
        # Bound now: code that runs later may patch the modules these come from.
        self._now, self._poll = awake, select.poll
        self._sendmsg, self._recv, self._recv_into, self._recvmsg = (
            sock.sendmsg,
            sock.recv,
            sock.recv_into,
            sock.recvmsg,
        )
        self._pack = msgpack.Packer(use_bin_type=True, autoreset=True).pack
        self._unpack, self._header, self._lengths = msgpack.unpackb, _HEADER, struct.Struct

    def fileno(self) -> int:
        return self.sock.fileno()

    def close(self) -> None:
        self.sock.close()

    def send(
        self, structure: Any, bulks: Sequence[Any] = (), deadline: float | None = None, fds: Sequence[int] = ()
    ) -> None:
        """Send one frame, with file descriptors if any."""
        self.write(self.frame(structure, bulks), deadline, fds)

    def receive(self, deadline: float | None = None, fds: list[int] | None = None) -> tuple[Any, list[bytearray]]:
        """The next frame's structure and bulks; descriptors that came with it are appended to `fds`."""
        payload, bulks = self.read(deadline, fds)
        return self.decode(payload), bulks

    def frame(self, structure: Any, bulks: Sequence[Any] = ()) -> list[Any]:
        """The pieces of the frame, as they are written one after the other."""
        payload = self._pack(structure)
        sizes = [len(b) for b in bulks]
        if len(payload) > self.bounds.structure_bytes or sum(sizes) > self.bounds.value_bytes:
            raise Unsendable(f"more than {self.bounds.value_bytes >> 20} MiB of data, or too many small values")
        head = self._header.pack(len(payload), len(sizes)) + self._lengths(f">{len(sizes)}Q").pack(*sizes)
        return [head + payload, *bulks]

    def read(self, deadline: float | None = None, fds: list[int] | None = None) -> tuple[bytearray, list[bytearray]]:
        """The next frame's structure, still packed, and its bulks."""
        length, count = self._header.unpack(self._read(8, deadline, fds))
        if length > self.bounds.structure_bytes:
            raise ProtocolViolation(f"a structure of {length} bytes")
        if count > self.bounds.value_bytes // INLINE_BYTES:
            raise ProtocolViolation(f"{count} bulks")
        sizes = self._lengths(f">{count}Q").unpack(self._read(8 * count, deadline)) if count else ()
        if sum(sizes) > self.bounds.value_bytes:
            raise ProtocolViolation(f"{sum(sizes)} bytes of data")
        return self._read(length, deadline), [self._read(size, deadline) for size in sizes]

    def decode(self, payload: bytearray) -> Any:
        """The structure of a frame that was read."""
        try:
            return self._unpack(
                payload,
                raw=False,
                use_list=False,
                strict_map_key=True,
                max_map_len=0,
                max_ext_len=0,
                max_array_len=min(len(payload), self.bounds.elements * 2 + 16),
            )
        except Exception as error:
            raise ProtocolViolation(f"a malformed structure: {type(error).__name__}") from None

    def write(self, parts: Sequence[Any], deadline: float | None = None, fds: Sequence[int] = ()) -> None:
        """Send the pieces of a frame."""
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        views = [memoryview(p) for p in parts if len(p)]
        flags = 0 if deadline is None else socket.MSG_DONTWAIT
        while views:
            try:
                sent = self._sendmsg(views[:64], ancillary, flags)
            except BlockingIOError:
                self._wait(deadline, select.POLLOUT)
                continue
            except OSError:
                raise ChannelClosed from None
            ancillary = []
            while views and sent >= len(views[0]):
                sent -= len(views.pop(0))
            if sent:
                views[0] = views[0][sent:]

    def _wait(self, deadline: float | None, event: int) -> None:
        """Until something can be read or written; TooLate when the deadline comes first."""
        if deadline is None:
            return
        poll = self._poll()
        poll.register(self.sock, event)
        while not poll.poll(1000 * max(0.0, min(deadline - self._now(), _SLICE))):
            if deadline <= self._now():
                raise TooLate

    def _read(self, size: int, deadline: float | None, fds: list[int] | None = None) -> bytearray:
        """Exactly `size` bytes; what came with them waits for the next reading."""
        while len(self._ahead) < size:
            missing = size - len(self._ahead)
            if missing > _AT_ONCE:
                return self._read_long(size, deadline)
            self._ahead += self._receive(deadline, fds)
        data = self._ahead[:size]
        del self._ahead[:size]
        return data

    def _receive(self, deadline: float | None, fds: list[int] | None) -> bytes:
        try:
            self._wait(deadline, select.POLLIN)
            data = self._recv(_AT_ONCE) if fds is None else self._receive_with_fds(fds)
        except (OSError, ValueError):  # poll says ValueError of a closed socket
            raise ChannelClosed from None
        if not data:
            raise ChannelClosed
        return data

    def _read_long(self, size: int, deadline: float | None) -> bytearray:
        data = bytearray(size)
        view, got = memoryview(data), len(self._ahead)
        view[:got] = self._ahead
        self._ahead.clear()
        while got < size:
            try:
                self._wait(deadline, select.POLLIN)
                n = self._recv_into(view[got:])
            except (OSError, ValueError):
                raise ChannelClosed from None
            if n == 0:
                raise ChannelClosed
            got += n
        return data

    def _receive_with_fds(self, fds: list[int]) -> bytes:
        data, ancillary, _, _ = self._recvmsg(_AT_ONCE, socket.CMSG_SPACE(4))
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(payload[: len(payload) - len(payload) % received.itemsize])
                fds.extend(received)
                for fd in received:
                    os.set_inheritable(fd, False)
        return data
