"""Questions to a worker of a cluster, which may be unfit, busy with itself, or gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from autograder.errors import AutograderError
from autograder.grade import versions

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["ANSWER_SECONDS", "Refusal", "Trouble", "ask", "compare", "require_dlmath"]

ANSWER_SECONDS = 30.0  # for scheduler or worker to answer a short question
REST_SECONDS = 60.0  # before a worker that failed is asked again
NO_DLMATH = "{}: has no fitting dlmath ({}). Install there what is installed here: dlmath {}."


class Trouble(Exception):
    """A worker cannot go on now; its jobs go to others.

    Args:
        rest: seconds until it is asked again.
    """

    def __init__(self, why: str, rest: float = REST_SECONDS) -> None:
        super().__init__(why)
        self.rest = rest


class Refusal(AutograderError):
    """This machine must not take part."""


async def ask(client: Client, address: str, seconds: float, function: Callable[..., bytes], *words: Any) -> bytes:
    """What the function says in a thread of that worker, and of no other.

    Raises:
        Trouble: nothing, or nothing in time.
    """
    future = client.submit(
        function, *words, workers=[address], allow_other_workers=False, pure=False, key=f"autograder-{uuid4().hex}"
    )
    try:
        return bytes(await _in_time(future, seconds))
    finally:
        future.release()


async def compare(client: Client, address: str) -> None:
    """Nothing that decides a verdict may be another there than here.

    Raises:
        Refusal: something is; names both versions.
        Trouble: the worker does not say.
    """
    asked = client.run(versions.everything, workers=[address], on_error="return")
    ours, theirs = _ours(), (await _in_time(asked, ANSWER_SECONDS)).get(address)
    if isinstance(theirs, ImportError | AttributeError):
        raise Refusal(NO_DLMATH.format(f"worker {address}", theirs, ours.get("dlmath")))
    if not isinstance(theirs, dict):
        raise Trouble(f"{theirs!r}")
    names = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    if names:
        unlike = "; ".join(f"{name} {theirs.get(name, 'none')}, here {ours.get(name, 'none')}" for name in names)
        raise Refusal(
            f"worker {address}: got {unlike}. Verdicts must not depend on the machine: install the same on both."
        )


async def require_dlmath(client: Client, scheduler: str) -> None:
    """Dask reads tasks on the scheduler: it must know what they call.

    Raises:
        Refusal: it does not.
    """
    try:
        await asyncio.wait_for(client.run_on_scheduler(versions.everything), ANSWER_SECONDS)
    except (ImportError, AttributeError) as fault:
        raise Refusal(NO_DLMATH.format(scheduler, fault, _ours().get("dlmath"))) from None


@cache
def _ours() -> dict[str, str]:
    return versions.everything()


async def _in_time(asked: Awaitable[Any], seconds: float) -> Any:
    """What was asked for; trouble when it fails or does not come."""
    try:
        async with asyncio.timeout(seconds):
            return await asked
    except TimeoutError:
        raise Trouble(f"no answer in {seconds:.0f} s") from None
    except Exception as fault:  # lost, cancelled by the scheduler, or it raised there
        raise Trouble(f"{type(fault).__name__}: {str(fault)[:300]}") from None
