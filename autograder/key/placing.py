"""Objects of public classes that live where the answer does: torch modules, optimisers, environments of the kit."""

from __future__ import annotations

from typing import Any

__all__ = ["placed", "state"]


def placed(answer: Any, *objects: Any) -> tuple[Any, ...]:
    """Rebuild objects on the answer's side, as one graph; a stand-in for each.

    What belongs together, such as an optimiser and the module that it steps, must be placed in one call. Calls,
    attributes and items of a stand-in go to the answer's process; an object of the key's own cannot be placed.

        q, optimizer = placed(answer, q, torch.optim.SGD(q.parameters(), lr=0.1))
        answer(q, optimizer, batch)
        close(state(q)["0.weight"], expected)
    """
    hook = getattr(type(answer), "__place__", None)
    return tuple(hook(answer, objects)) if hook is not None else objects


def state(module: Any) -> dict[str, Any]:
    """Parameters and buffers of a torch module as they stand now, copied, by name."""
    return {name: value.detach().clone() for name, value in dict(module.state_dict()).items()}
