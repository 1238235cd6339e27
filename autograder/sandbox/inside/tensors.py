"""Torch's tensors and generators as plain structures, and back.

torch costs a second and a hundred megabytes, so it is imported only where the first tensor arrives: what asks
whether something is a tensor does not import it.
"""

from __future__ import annotations

import struct
import sys
from typing import Any

import numpy as np

from .arrays import bytes_of, check_shape
from .wire import ProtocolViolation

__all__ = [
    "elements",
    "is_tensor",
    "is_torch_generator",
    "loaded",
    "new_torch_generator",
    "overwrite_generator",
    "overwrite_tensor",
    "pack_tensor",
    "refuse_tensor",
    "snapshot",
    "tensor_type",
    "unpack_tensor",
]

_DTYPES = (
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64",
    "complex128",
)  # fmt: skip


def loaded() -> Any:
    """The torch module if somebody imported it, else None."""
    return sys.modules.get("torch")


def tensor_type() -> Any:
    """`torch.Tensor`, None where torch is not loaded."""
    return getattr(loaded(), "Tensor", None)


def is_tensor(value: Any) -> bool:
    kind = tensor_type()
    return kind is not None and isinstance(value, kind)


def is_torch_generator(value: Any) -> bool:
    kind = getattr(loaded(), "Generator", None)
    return kind is not None and type(value) is kind


def refuse_tensor(t: Any) -> str:
    """Why this tensor may not cross, "" when it may. A Parameter crosses as a plain tensor."""
    torch = loaded()
    if type(t) not in (torch.Tensor, torch.nn.Parameter):
        return f"a {type(t).__name__} (a subclass of torch.Tensor)"
    if t.layout is not torch.strided:
        return "a sparse torch tensor"
    if t.is_quantized or _name(t.dtype) not in _DTYPES:
        return f"a torch tensor of dtype {t.dtype}"
    if t.device.type == "meta":
        return "a torch tensor on the device meta (it has no data)"
    return ""


def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def pack_tensor(t: Any) -> tuple[list[Any], Any]:
    """(dtype, shape, requires_grad) and the elements' bytes in C order."""
    flat = elements(t)
    return [_name(t.dtype), tuple(t.shape), t.requires_grad], bytes_of(flat) if flat.size else b""


def elements(t: Any) -> np.ndarray:
    """The bytes of a tensor's elements in C order, from whatever device."""
    torch = loaded()
    with torch.no_grad():
        flat = t.detach().cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
        found: np.ndarray = flat.view(torch.uint8).numpy() if flat.numel() else np.empty(0, np.uint8)
    return found


def unpack_tensor(head: Any, data: Any) -> Any:
    import torch

    name, shape, requires_grad = head
    if type(name) is not str or name not in _DTYPES or type(requires_grad) is not bool:
        raise ProtocolViolation("an unknown tensor dtype")
    dtype = getattr(torch, name)
    check_shape(shape, dtype.itemsize, len(data))
    if len(data) == 0:
        t = torch.empty(shape, dtype=dtype, device="cpu")
    else:
        t = torch.frombuffer(data if type(data) is bytearray else bytearray(data), dtype=torch.uint8)
        t = (t != 0 if dtype is torch.bool else t.view(dtype)).reshape(shape)
    if requires_grad:
        if not (dtype.is_floating_point or dtype.is_complex):
            raise ProtocolViolation("an integer tensor that requires a gradient")
        t.requires_grad_(True)
    return t


def snapshot(t: Any) -> Any:
    """A tensor's contents, and its gradient's, to be compared with later ones."""
    grad = t.grad if t.is_leaf and t.requires_grad else None
    return elements(t).tobytes(), None if grad is None else elements(grad).tobytes()


def overwrite_tensor(value: Any, new: Any) -> None:
    """Put the contents of `new` and its gradient into `value`, of the same shape and dtype."""
    with loaded().no_grad():
        value.copy_(new)
    if not (value.is_leaf and value.requires_grad):
        return
    if new.grad is None or value.grad is None:
        value.grad = new.grad
    else:
        value.grad.copy_(new.grad)


def _within_buffer(state: bytes) -> bool:
    """Does torch's Mersenne twister read within its 624 numbers? torch itself looks at the two counts one by one."""
    (left,), (following,) = struct.unpack_from("=i", state, 8), struct.unpack_from("=Q", state, 16)
    return left > 0 and left + following <= 625


def new_torch_generator(state: np.ndarray) -> Any:
    import torch

    generator = torch.Generator()
    overwrite_generator(generator, state)
    return generator


def overwrite_generator(generator: Any, state: Any) -> None:
    fits = type(state) is np.ndarray and state.dtype == np.uint8
    if not fits or state.shape != tuple(generator.get_state().shape):
        raise ProtocolViolation("a change that does not fit its object")
    if generator.device.type == "cpu" and not _within_buffer(state.tobytes()):
        raise ProtocolViolation("a generator position outside its buffer")
    generator.set_state(loaded().from_numpy(state))
