"""Keeps a service of the hub alive: `python -m autograder.hub.keeper PORT COMMAND…`.

JupyterHub ends, and takes everybody's work with it, when a service does not start. So the hub is given this process
instead. It runs the command; when that ends, it answers on the service's port for a while, and tries again.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

__all__ = ["Keeper", "main"]

AGAIN = 30.0  # seconds between two tries
# What the command said last is in the hub's log only: anybody may open this page.
PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="10">
<title>Not available</title>
<style>body{font:16px sans-serif;max-width:40em;margin:3em auto;padding:0 1em}</style>
<h1>The formgrader is not available</h1>
<p>It ended and is started again in half a minute; this page then shows it. Students can work and hand in meanwhile.</p>
<p>When this lasts, the operator finds the reason in the hub's log, and with <code>autograder hub health</code>.</p>"""
HEAD = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"


class Keeper:
    """Runs the command again and again.

    Args:
        port: where the command listens, and where the page is shown while it does not run.
        again: seconds until the next try.
    """

    def __init__(self, port: int, command: list[str], again: float = AGAIN) -> None:
        self.port, self.command, self.again = port, command, again
        self.process: asyncio.subprocess.Process | None = None
        self.ended = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`."""
        while not self.ended.is_set():
            self.process = await asyncio.create_subprocess_exec(*self.command)
            code = await self.process.wait()
            if not self.ended.is_set():
                print(f"keeper: got exit code {code}, expected that it goes on: {self.command}", file=sys.stderr)
                await self.stand_in()

    async def stand_in(self) -> None:
        """Answer in its place for a while."""
        server = None
        try:
            server = await asyncio.start_server(self.answer, "127.0.0.1", self.port)
        except OSError as error:
            print(f"keeper: port {self.port}: {error}", file=sys.stderr)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.ended.wait(), self.again)
        if server:
            server.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """404 to every request: to the hub that is a service that is there, to `autograder hub health` a fault."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            writer.write(HEAD % len(PAGE) + PAGE)
            await writer.drain()
        writer.close()

    def stop(self) -> None:
        """End the command, and then this."""
        self.ended.set()
        if self.process and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()


async def keep(port: int, command: list[str]) -> None:
    keeper = Keeper(port, command)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, keeper.stop)
    await keeper.run()


def main(words: list[str]) -> None:
    """PORT COMMAND…"""
    asyncio.run(keep(int(words[0]), words[1:]))


if __name__ == "__main__":
    main(sys.argv[1:])
