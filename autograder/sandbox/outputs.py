"""A cell's outputs as they come from the sandbox, checked field by field."""

from __future__ import annotations

from typing import Any

from autograder.sandbox.inside.wire import ProtocolViolation

__all__ = ["checked_outputs", "plain"]

_MAX_OUTPUTS = 2000


def checked_outputs(outputs: Any) -> list[dict[str, Any]]:
    """The same outputs, built anew with nothing but the fields that nbformat knows."""
    if type(outputs) is not list or len(outputs) > _MAX_OUTPUTS:
        raise ProtocolViolation("outputs that are no list")
    return [_checked(output) for output in outputs]


def _checked(output: Any) -> dict[str, Any]:
    match output:
        case {"output_type": "stream", "name": "stdout" | "stderr" as name, "text": str(text)}:
            return {"output_type": "stream", "name": name, "text": text}
        case {"output_type": "error", "ename": str(ename), "evalue": str(evalue), "traceback": list(lines)}:
            if all(type(line) is str for line in lines):
                return {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": lines}
        case {"output_type": "display_data", "data": dict(data), "metadata": dict(metadata)}:
            return {"output_type": "display_data", "data": _bundle(data), "metadata": plain(metadata)}
        case {"output_type": "execute_result", "data": dict(data), "metadata": dict(metadata)}:
            count = output.get("execution_count")
            return {
                "output_type": "execute_result",
                "execution_count": count if type(count) is int and 0 <= count < 2**31 else None,
                "data": _bundle(data),
                "metadata": plain(metadata),
            }
    raise ProtocolViolation("an output of an unknown form")


def _bundle(data: dict[Any, Any]) -> dict[str, Any]:
    """A MIME bundle: text, but for the JSON types."""
    for kind, value in data.items():
        if type(kind) is not str or not (type(value) is str or kind.endswith("json")):
            raise ProtocolViolation("an output that is not text")
    return {kind: plain(value) for kind, value in data.items()}


def plain(value: Any) -> Any:
    """The same value if it is JSON of exact builtin types: a NumPy scalar is a float or a text too, and is refused."""
    if value is None or type(value) in (str, bool, int, float):
        return value
    if type(value) is list:
        return [plain(v) for v in value]
    if type(value) is dict and all(type(k) is str for k in value):
        return {k: plain(v) for k, v in value.items()}
    raise ProtocolViolation("a value that is not JSON")
