"""What a cell puts out, as nbformat output dictionaries, bounded."""

from __future__ import annotations

import ctypes
import fcntl
import io
import os
import sys
import tempfile
from typing import Any

from .talk import bounded

__all__ = ["Outputs", "Stream", "Terminal"]

_MAX_OUTPUTS = 1000
_ftruncate, _pread = os.ftruncate, os.pread


class Outputs:
    """The outputs of one cell at a time; past `size` bytes the rest is dropped and a note says so."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.begin()

    def begin(self) -> None:
        self._items: list[dict[str, Any]] = []
        self._left, self._cut = self.size, False

    def stream(self, name: str, text: str) -> None:
        last = self._items[-1] if self._items else None
        text = self._fit(text)
        if not text:
            return
        if last is not None and last["output_type"] == "stream" and last["name"] == name:
            last["text"].append(text)
        else:
            self._add({"output_type": "stream", "name": name, "text": [text]})

    def rich(self, kind: str, data: dict[str, Any], metadata: dict[str, Any], **more: Any) -> None:
        """A display or a result; one that does not fit is shown by its text alone, or not at all."""
        data = {str(k): _jsonable(v) for k, v in data.items() if v is not None}
        if sum(_size(v) for v in data.values()) > self._left:
            self._cut = True
            data = {k: self._fit(v) for k, v in data.items() if k == "text/plain" and isinstance(v, str)}
        else:
            self._left -= sum(_size(v) for v in data.values())
        if data:
            self._add({"output_type": kind, "data": data, "metadata": _jsonable(metadata) or {}, **more})

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """An error, always shown, shortened where it is long."""
        lines = [bounded(line, 4000) for line in traceback[:60]]
        self._add({"output_type": "error", "ename": bounded(name, 200), "evalue": bounded(value), "traceback": lines})

    def clear(self) -> None:
        self._items = []

    def end(self) -> list[dict[str, Any]]:
        items = [{**i, "text": "".join(i["text"])} if i["output_type"] == "stream" else i for i in self._items]
        if self._cut:
            note = f"\n[The output was cut after {self.size} bytes.]\n"
            items.append({"output_type": "stream", "name": "stderr", "text": note})
        self.begin()
        return items

    def _add(self, item: dict[str, Any]) -> None:
        if len(self._items) < _MAX_OUTPUTS:
            self._items.append(item)
        else:
            self._cut = True

    def _fit(self, text: str) -> str:
        if self._left <= 0:
            self._cut = self._cut or bool(text)
            return ""
        kept = bounded(text[: self._left], len(text) + 1)
        self._left -= len(kept.encode())
        self._cut = self._cut or len(text) > len(kept)
        return kept


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str) else len(str(value))


def _jsonable(value: Any, depth: int = 8) -> Any:
    """Exact JSON values; bytes as base64 as in nbformat, anything else as text."""
    if isinstance(value, str):
        return bounded(value, len(value) + 1)
    if isinstance(value, bytes):
        import base64

        return base64.b64encode(value).decode()
    if value is None or type(value) in (bool, int, float):
        return value
    if depth and isinstance(value, dict):
        return {str(k): _jsonable(v, depth - 1) for k, v in value.items()}
    if depth and isinstance(value, (list, tuple)):
        return [_jsonable(v, depth - 1) for v in value]
    return bounded(str(value))


class Stream(io.TextIOBase):
    """sys.stdout or sys.stderr of a cell."""

    def __init__(self, name: str, fd: int, outputs: Outputs) -> None:
        self.name, self._fd, self._outputs = f"<{name}>", fd, outputs
        self._stream = name
        self._buffer = _Bytes(self)

    encoding = "utf-8"
    errors = "backslashreplace"

    @property
    def buffer(self) -> io.RawIOBase:
        return self._buffer

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._outputs.stream(self._stream, str.__str__(text))
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        """Stays open, as in a notebook."""


class _Bytes(io.RawIOBase):
    def __init__(self, stream: Stream) -> None:
        self._text = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._text.write(bytes(data).decode("utf-8", "backslashreplace"))
        return len(data)

    def close(self) -> None:
        """Stays open with its stream."""


class Terminal:
    """File descriptors 1 and 2 as files, for what C code and other programs write; 0 is empty."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs
        self._files = {"stdout": _unnamed_file(), "stderr": _unnamed_file()}
        self._flush = ctypes.CDLL(None).fflush
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        for fd, file in zip((1, 2), self._files.values(), strict=True):
            os.dup2(file, fd)
        sys.stdin = open(0, encoding="utf-8", closefd=False)

    def drain(self) -> None:
        """Add what was written since the last time to the outputs, and empty the files."""
        self._flush(None)
        for name, file in self._files.items():
            data = _pread(file, self._outputs.size + 1, 0)
            if data:
                _ftruncate(file, 0)
                self._outputs.stream(name, data.decode("utf-8", "backslashreplace"))

    def discard(self) -> None:
        """From here on nothing that is written is kept."""
        null = os.open(os.devnull, os.O_WRONLY)
        for fd in (1, 2):
            os.dup2(null, fd)
        os.close(null)


def _unnamed_file() -> int:
    """A file without a name that grows at its end."""
    with tempfile.TemporaryFile(buffering=0) as file:
        fd = os.dup(file.fileno())
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_APPEND)
    return fd
