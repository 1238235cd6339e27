"""The messages of a conversation, the same on both ends.

A message is `[kind, plain values, encoded values, changes of shared objects, unused indices]`. The marker
asks; the sandbox answers, or calls back before it answers; while a callback runs the marker may ask again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .arrays import BIT_GENERATORS
from .decoder import Decoder
from .encoder import Encoder
from .shared import Shared, generator_state, new_generator
from .tags import FIRST_OPAQUE_TAG
from .tensors import is_tensor, is_torch_generator
from .wire import Bounds, Channel, ProtocolViolation, Unsendable

__all__ = ["CALLBACK", "EXPOSED", "HANDLE", "OBJECT", "OURS", "REF", "Talk", "bounded"]

SHARED, GENERATOR, HANDLE, REF, CALLBACK, EXPOSED, OURS, OBJECT = range(FIRST_OPAQUE_TAG, FIRST_OPAQUE_TAG + 8)


def bounded(text: str, size: int = 2000) -> str:
    """At most `size` characters of a text, and valid Unicode."""
    text = text if len(text) <= size else text[: size - 1] + "…"
    return text.encode("utf-8", "backslashreplace").decode()


class Talk:
    """One end of a conversation. The two ends fill in what is not data.

    Args:
        channel: where frames go.
        marker: is this the marker's end? It shares its arrays, and accepts no unusual layout.
    """

    def __init__(self, channel: Channel, marker: bool) -> None:
        self.channel, self.marker = channel, marker
        self.shared = Shared(weak=marker)
        self._layout = marker

    @property
    def bounds(self) -> Bounds:
        return self.channel.bounds

    # Out

    def send(self, kind: str, plain: Sequence[Any] = (), values: Sequence[Any] = (), **how: Any) -> None:
        """Send one message with the changes of shared objects since the last one."""
        mark, dropped = self.shared.mark(), self.shared.dropped()
        e = Encoder(self.bounds, self._opaque_out, layout=self._layout)
        try:
            changes = [[i, self._change(e, v)] for i, v in self.shared.changes()]
            nodes = self.encode_values(e, values)
            unused = dropped if self.marker else self.shared.fall_idle()
            self.channel.send([kind, list(plain), nodes, changes, unused], e.bulks, **how)
        except BaseException:
            if self.marker:
                self.shared.rollback(mark)
            raise
        self.shared.commit(len(dropped))

    def encode_values(self, e: Encoder, values: Sequence[Any]) -> list[Any]:
        self._encoder = e
        if self.marker:
            e.shared = self._refer
        return [e.encode(v) for v in values]

    def _change(self, e: Encoder, value: Any) -> Any:
        return e.encode(value if isinstance(value, np.ndarray) or is_tensor(value) else generator_state(value))

    def _refer(self, value: Any) -> Any:
        index = self.shared.find(value)
        if index is not None:
            return [SHARED, index]
        self.shared.add(value)
        return None

    def _opaque_out(self, value: Any) -> Any:
        if type(value) is np.random.Generator or is_torch_generator(value):
            return self._generator_out(value)
        return self.opaque_out(value)

    def _generator_out(self, value: Any) -> Any:
        index = self.shared.find(value)
        if index is not None:
            return [SHARED, index]
        if isinstance(value, np.random.Generator) and type(value.bit_generator).__name__ not in BIT_GENERATORS:
            raise Unsendable(f"a generator of type {type(value.bit_generator).__name__}")
        e = self._encoder
        sharing, e.shared = e.shared, None
        node = [GENERATOR, e.encode(generator_state(value))]
        e.shared = sharing
        if self.marker:
            self.shared.add(value)
        return node

    def opaque_out(self, value: Any) -> Any:
        raise NotImplementedError

    # In

    def receive(self, deadline: float | None = None) -> tuple[str, tuple[Any, ...], list[Any]]:
        """The next message, after its changes were made to the shared objects."""
        structure, bulks = self.channel.receive(deadline)
        if type(structure) is not tuple or len(structure) != 5 or type(structure[0]) is not str:
            raise ProtocolViolation("a message of an unknown form")
        kind, plain, nodes, changes, dropped = structure
        if not all(type(part) is tuple for part in structure[1:]):
            raise ProtocolViolation("a message of an unknown form")
        d = Decoder(self.bounds, bulks, self._opaque_in, layout=not self.marker)
        self._decoder = d
        changed: set[int] = set()
        for change in changes:
            self._apply(d, change, changed)
        self._drop(dropped)
        return kind, plain, self.decode_values(d, nodes)

    def decode_values(self, d: Decoder, nodes: tuple[Any, ...]) -> list[Any]:
        if not self.marker:
            d.created = self._created
        return [d.decode(n) for n in nodes]

    def _created(self, value: Any) -> None:
        self.shared.add(value)

    def _apply(self, d: Decoder, change: Any, changed: set[int]) -> None:
        if type(change) is not tuple or len(change) != 2 or type(change[0]) is not int:
            raise ProtocolViolation("a change of an unknown form")
        if change[0] in changed:  # each costs as much as the object is large
            raise ProtocolViolation("two changes of one object")
        changed.add(change[0])
        try:
            self.shared.apply(change[0], d.decode(change[1]))
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise ProtocolViolation(f"a change that does not fit: {type(error).__name__}") from None

    def _drop(self, unused: tuple[Any, ...]) -> None:
        """Forget what the marker no longer has; let rest what nobody in the sandbox holds."""
        for index in unused:
            if self.marker:
                self.shared.rest(index)
            else:
                self.shared.drop(index)

    def _opaque_in(self, tag: int, rest: tuple[Any, ...]) -> Any:
        if tag == SHARED and len(rest) == 1:
            return self.shared[rest[0]]
        if tag == GENERATOR and len(rest) == 1:
            return self._generator_in(rest[0])
        return self.opaque_in(tag, rest)

    def _generator_in(self, node: Any) -> Any:
        d = self._decoder
        created, d.created = d.created, None
        generator = new_generator(d.decode(node))
        d.created = created
        if not self.marker:
            self.shared.add(generator)
        return generator

    def opaque_in(self, tag: int, rest: tuple[Any, ...]) -> Any:
        raise ProtocolViolation(f"an unknown tag {tag}")
