"""Frames between the trusted side and the zygote or a keeper: a length, then JSON. Never seen by student code."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

__all__ = ["receive", "receive_exactly", "receive_with_descriptors", "send"]

_LENGTH = struct.Struct("!I")


def send(sock: socket.socket, message: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
    body = json.dumps(message).encode()
    frame = _LENGTH.pack(len(body)) + body
    if descriptors:
        sent = socket.send_fds(sock, [frame], list(descriptors))
        frame = frame[sent:]
    sock.sendall(frame)


def receive_exactly(sock: socket.socket, size: int) -> bytes:
    """`size` bytes; EOFError when the other end closes first."""
    parts = []
    while size:
        part = sock.recv(min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def receive(sock: socket.socket) -> dict[str, Any]:
    (size,) = _LENGTH.unpack(receive_exactly(sock, _LENGTH.size))
    return _decode(receive_exactly(sock, size))


def receive_with_descriptors(sock: socket.socket, most: int) -> tuple[dict[str, Any], list[int]]:
    """A frame and the descriptors that came with it."""
    head, descriptors, _, _ = socket.recv_fds(sock, _LENGTH.size, most)
    if not head:
        raise EOFError
    head += receive_exactly(sock, _LENGTH.size - len(head))
    (size,) = _LENGTH.unpack(head)
    return _decode(receive_exactly(sock, size)), descriptors


def _decode(body: bytes) -> dict[str, Any]:
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError(f"message: got {type(message).__name__}, expected an object.")
    return message
