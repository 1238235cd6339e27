"""The workers of a Dask cluster on a list of jobs: who is there, who has what, and what becomes of what was lost."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Coroutine, Iterable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from autograder.errors import AutograderError
from autograder.grade import remote
from autograder.grade.asking import ANSWER_SECONDS, Refusal, Trouble, ask, compare
from autograder.grade.messages import Died, Job, Ready, Told
from autograder.grade.offer import Offer
from autograder.record import Graded
from autograder.watch import Hand

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Crew"]

LOOK_SECONDS = 1.0  # between two looks at who is there
ALONE_SECONDS = 20.0  # without any worker, until it is said
START_SECONDS = 360.0  # for a worker until it can begin
SPARE_SECONDS = 60.0  # beyond a job's own time, for its way there and back
ROOM = 64  # results that wait to be recorded
TRIES = 2  # of a submission whose worker process dies: as on one machine
LOSSES = 5  # of a submission whose machine is lost


class Crew:
    """Gives every thread of every worker one job at a time.

    A job is only ever in one place: waiting, in hand, or done. So each is answered once, whatever a worker that was
    lost may still say. A worker is sent a submission when it can begin with it, not before.

    Args:
        client: connected, in this loop.
        offer: what travels.
        tell: is given each result, in this loop's thread.
        waiting: how many results were told and not yet used.
    """

    def __init__(
        self,
        client: Client,
        offer: Offer,
        tell: Callable[[Graded | Died], None],
        waiting: Callable[[], int],
    ) -> None:
        self.client, self.offer, self.tell, self.waiting = client, offer, tell, waiting
        self.stopping = False
        self.levels: set[str] = set()  # of isolation that were reached
        self.places = 0  # the most there were at a time
        self.hands: dict[str, tuple[str, Job, float]] = {}  # task -> worker, job, since when
        self._queue: deque[Job] = deque()
        self._held: set[Job] = set()
        self._deaths: Counter[Job] = Counter()
        self._losses: Counter[Job] = Counter()
        self._changed = asyncio.Event()
        self._welcomed: set[str] = set()
        self._threads: dict[str, int] = {}  # of those that are welcome
        self._company = time.monotonic()  # when somebody was there

    async def open(self) -> None:
        """Welcome the workers that are there.

        Raises:
            AutograderError: one of them must not grade.
        """
        there = await self._look()
        answers = await asyncio.gather(*(self._welcome(address) for address in there), return_exceptions=True)
        refusals = [answer for answer in answers if isinstance(answer, Refusal)]
        if refusals:
            raise AutograderError("\n".join(map(str, refusals)))

    async def grade(self, jobs: Iterable[Job]) -> None:
        """Until all is done, or, when stopping, until nothing is in hand."""
        self._queue.extend(jobs)
        members: dict[str, asyncio.Task[None]] = {}
        try:
            while not self._over():
                there = await self._look()
                for address in members.keys() - there.keys():
                    members.pop(address).cancel()
                    self._dismiss(address)
                for address in [a for a, member in members.items() if member.done()]:
                    members.pop(address).result()
                for address in there.keys() - members.keys():
                    members[address] = asyncio.create_task(self._member(address, there[address]))
                self._complain()
                await self._pause()
        finally:
            await _cancel(members.values())

    async def end(self) -> None:
        """Nothing of the run stays on the workers; those that do not answer find out by themselves."""
        await self.client.run(remote.end, self.offer.run, on_error="ignore")

    def in_hand(self) -> tuple[Hand, ...]:
        """For those who watch; may be asked from any thread."""
        now = time.monotonic()
        return tuple(
            Hand(worker=worker, unit=job.unit, student=job.student, seconds=round(now - since, 1))
            for worker, job, since in list(self.hands.values())
        )

    # Who is there

    async def _look(self) -> dict[str, int]:
        """Address and threads of each worker."""
        try:
            if self.client.status != "running" or self.client.scheduler is None:
                raise OSError(f"the connection is {self.client.status}")
            return dict(await asyncio.wait_for(self.client.scheduler.ncores(), ANSWER_SECONDS))
        except (OSError, TimeoutError) as fault:
            raise AutograderError(
                f"{self.offer.scheduler}: the scheduler does not answer any more ({str(fault) or 'silence'}). What was "
                "graded is recorded. Start it again, and its workers."
            ) from None

    def _complain(self) -> None:
        """Say now and then that nobody is there."""
        now = time.monotonic()
        if self._threads:
            self._company = now
        elif now - self._company > ALONE_SECONDS:
            self._company = now
            print(f"No worker yet. Start one: autograder worker {self.offer.scheduler}", file=sys.stderr)

    async def _member(self, address: str, threads: int) -> None:
        """A worker from its welcome until it is cancelled or all is done."""
        try:
            if address not in self._welcomed:
                await self._welcome(address)
            self._threads[address] = threads
            self.places = max(self.places, sum(self._threads.values()))
            await _together(self._place(address) for _ in range(threads))
        except Trouble as trouble:
            self._dismiss(address)
            if trouble.rest and self.client.status == "running":
                print(f"worker {address}: {trouble}. It rests for {trouble.rest:.0f} s.", file=sys.stderr)
            await asyncio.sleep(trouble.rest)
        except Refusal as refusal:
            print(f"{refusal}\nIt is not used.", file=sys.stderr)
            await asyncio.Event().wait()  # until it is gone

    def _dismiss(self, address: str) -> None:
        self._welcomed.discard(address)
        self._threads.pop(address, None)

    async def _welcome(self, address: str) -> None:
        """Compare versions, send the material, hear which isolation it reaches."""
        await compare(self.client, address)
        offer = self.offer
        words = (offer.run, offer.setup, offer.material, offer.job_seconds)
        ready = msgspec.msgpack.decode(
            await ask(self.client, address, START_SECONDS, remote.welcome, *words), type=Ready
        )
        if ready.refusal:
            raise Refusal(f"worker {address}: {ready.refusal}")
        self.levels.add(ready.isolation)
        self._welcomed.add(address)

    # Who has what

    async def _place(self, address: str) -> None:
        """One thread of a worker."""
        while (job := await self._next()) is not None:
            try:
                told = await self._told(address, job)
            except (asyncio.CancelledError, Trouble) as trouble:
                self._back(job, self._losses, LOSSES, f"machine was lost ({str(trouble) or 'it left the cluster'})")
                raise
            except Exception as fault:  # the submission cannot be read
                self._done(job, Died(job=job, why=f"it could not be sent: {fault}"))
                continue
            if told.stranger or told.unable:
                self._return(job)
                raise Trouble("it forgot the run", rest=0.0) if told.stranger else Trouble(told.unable)
            if told.died:
                self._back(job, self._deaths, TRIES, f"worker process {told.died}")
            else:
                self._done(job, self.offer.received(told.graded, job))

    async def _next(self) -> Job | None:
        """A job, when there is room for its result; None when all is done."""
        while not self._over():
            if self.waiting() >= ROOM:
                await asyncio.sleep(0.05)
            elif self._queue and not self.stopping:
                job = self._queue.popleft()
                self._held.add(job)
                return job
            else:
                self._changed.clear()
                await self._changed.wait()
        self._changed.set()
        return None

    async def _told(self, address: str, job: Job) -> Told:
        parcel = await asyncio.to_thread(self.offer.parcel, job)
        token = uuid4().hex
        self.hands[token] = (address, job, time.monotonic())
        try:
            seconds = self.offer.job_seconds + SPARE_SECONDS
            answer = await ask(self.client, address, seconds, remote.grade, self.offer.run, parcel)
            return msgspec.msgpack.decode(answer, type=Told)
        finally:
            del self.hands[token]

    def _done(self, job: Job, result: Graded | Died) -> None:
        self._held.discard(job)
        self.tell(result)
        self._changed.set()

    def _back(self, job: Job, count: Counter[Job], most: int, why: str) -> None:
        """To another worker, or to none any more."""
        count[job] += 1
        if count[job] >= most:
            self._done(job, Died(job=job, why=f"the {why}, {most} times"))
        else:
            self._return(job)

    def _return(self, job: Job) -> None:
        self._held.discard(job)
        self._queue.appendleft(job)
        self._changed.set()

    def _over(self) -> bool:
        return not self._held and (self.stopping or not self._queue)

    async def _pause(self) -> None:
        """A moment, or less when all is done."""
        until = time.monotonic() + LOOK_SECONDS
        while not self._over() and (left := until - time.monotonic()) > 0:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                break


async def _together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Until all have ended; when one fails, the others are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        await _cancel(tasks)


async def _cancel(tasks: Collection[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
