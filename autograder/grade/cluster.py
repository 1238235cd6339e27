"""`Cluster`: what `Pool` is on one machine, on the workers of a Dask scheduler."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import queue
import re
import sys
import threading
import warnings
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import Any

from autograder.errors import AutograderError, ConfigurationError, UsageError
from autograder.grade.asking import require_dlmath
from autograder.grade.crew import Crew
from autograder.grade.messages import Died, Job
from autograder.grade.offer import Offer
from autograder.record import Graded
from autograder.watch import Hand

try:
    import dask
    import distributed
    from distributed.utils import format_dashboard_link
    from distributed.versions import VersionMismatchWarning
except ImportError as missing:
    raise UsageError(f"--scheduler: got no Dask ({missing}). Install it: pip install 'dlmath[cluster]'") from None

__all__ = ["Cluster"]

TICK_SECONDS = 0.5
CONNECT_SECONDS = 20.0
FAREWELL_SECONDS = 15.0  # for workers to clear up
ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[^\s:/@]+):(\d+)|gateway://[^\s@]+")  # the last: dask-gateway
OPEN = (
    "The course's answer keys and secret travel to {} without encryption, and whoever reaches that port can run code "
    "there. Use tls:// or a network of your own (docs/clusters.md)."
)
_END = object()


class Cluster:
    """The workers of a Dask scheduler on a list of jobs.

    Dask starts the workers, watches that they live and carries the bytes, encrypted with tls://. Which worker is
    given which submission is decided by `Crew`, in a thread with a loop of its own.

    Args:
        offer: what travels.

    Attributes:
        scheduler: its address.
        dashboard: Dask's page on the run; "" when there is none.
        isolation: what the workers reached; several names when they differ.
        size: the most submissions that were graded at a time.

    Raises:
        UsageError: the address is none.
        ConfigurationError: there is no certificate for tls://.
        AutograderError: the scheduler does not answer, or a worker of those that are there must not grade.
    """

    def __init__(self, offer: Offer) -> None:
        if not ADDRESS.fullmatch(offer.scheduler):
            raise UsageError(f"--scheduler: got {offer.scheduler!r}, expected tcp://HOST:PORT or tls://HOST:PORT.")
        self.scheduler, self.dashboard, self.isolation = offer.scheduler, "", ""
        self.size, self.stopping = 0, False
        self._offer = offer
        self._results: queue.Queue[Any] = queue.Queue()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cluster", daemon=True)
        self._client: distributed.Client | None = None
        self._crew: Crew | None = None
        self._grading: asyncio.Task[None] | None = None
        self._stack = ExitStack()

    def hands(self) -> tuple[Hand, ...]:
        """What each worker has in hand."""
        return self._crew.in_hand() if self._crew else ()

    def __enter__(self) -> Cluster:
        for name in ("distributed.client", "distributed.core", "distributed.utils"):  # what they say, we say shorter
            logging.getLogger(name).setLevel(logging.CRITICAL)
        warnings.simplefilter("ignore", VersionMismatchWarning)
        large = {"distributed.admin.large-graph-warning-threshold": "1GB"}  # a unit's data, sent once to each worker
        self._stack.enter_context(dask.config.set(large))
        self._thread.start()
        try:
            self._wait(self._open())
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *what: object) -> None:
        self._close()

    def run(self, jobs: Sequence[Job]) -> Iterator[Graded | Died | None]:
        """Results as they come; None when nothing came for a moment."""
        asyncio.run_coroutine_threadsafe(self._grade(jobs), self._loop)
        while True:
            self._exchange()
            try:
                result = self._results.get(timeout=TICK_SECONDS)
            except queue.Empty:
                yield None
                continue
            if result is _END:
                self._exchange()
                return
            if isinstance(result, BaseException):
                raise result
            yield result

    def _exchange(self) -> None:
        """What either thread must know of the other."""
        if self._crew:
            self._crew.stopping = self.stopping
            self.size, self.isolation = self._crew.places, ", ".join(sorted(self._crew.levels))

    # In the loop's thread

    async def _open(self) -> None:
        self._client = distributed.Client(
            self.scheduler, asynchronous=True, set_as_default=False, timeout=CONNECT_SECONDS
        )
        try:
            await self._client
        except TypeError:
            raise ConfigurationError(
                f"{self.scheduler}: got no certificate in Dask's configuration, expected one as docs/clusters.md shows."
            ) from None
        except (OSError, TimeoutError, ValueError) as fault:
            raise AutograderError(
                f"{self.scheduler}: got no answer of a scheduler ({fault}). Start one: dask scheduler"
            ) from None
        assert self._client.scheduler
        info = await self._client.scheduler.identity(n_workers=-1)
        self.dashboard = self._page(info)
        await require_dlmath(self._client, self.scheduler)
        self._warn(self.scheduler, *info["workers"])
        self._crew = Crew(self._client, self._offer, self._results.put, self._results.qsize)
        await self._crew.open()

    async def _grade(self, jobs: Sequence[Job]) -> None:
        assert self._crew
        self._grading = asyncio.current_task()
        try:
            await self._crew.grade(jobs)
            self._results.put(_END)
        except BaseException as fault:
            self._results.put(fault)
            raise

    async def _farewell(self) -> None:
        """End what is under way; who does not answer clears up alone."""
        if self._grading:
            self._grading.cancel()
            await asyncio.wait([self._grading])
        if self._client is None:
            return
        with suppress(Exception):
            if self._crew and self._client.status == "running":
                await asyncio.wait_for(self._crew.end(), FAREWELL_SECONDS)
        with suppress(Exception):
            await asyncio.wait_for(self._client.close(), FAREWELL_SECONDS)

    async def _stop(self) -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    # In the caller's thread

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _close(self) -> None:
        try:
            self._wait(self._farewell())
            self._wait(self._stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._stack.close()

    def _page(self, info: dict[str, Any]) -> str:
        port = info.get("services", {}).get("dashboard")
        host = self.scheduler.split("://")[1].rpartition(":")[0]
        page = format_dashboard_link(host, port) if port else ""
        if page:
            print(f"Dashboard: {page}", file=sys.stderr)
        return page

    def _warn(self, *addresses: str) -> None:
        """Say it when an address is neither encrypted nor on this machine."""
        for address in addresses:
            known = ADDRESS.fullmatch(address)
            if known and known[1] == "tcp" and not _is_here(known[2].strip("[]")):
                print(OPEN.format(address), file=sys.stderr)
                return


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
