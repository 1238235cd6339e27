"""Idle kernels are told and lose their GPU; and what students see in the server's answers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from dlmath_kit.hub.gpu.kernelspecs import CPU, GPU, install
from dlmath_kit.hub.gpu.settings import GpuSettings
from tests.hub.gpu_machine import Machine, eventually

IDLE_SECONDS = 6


def test_idle_kernel_is_told_and_its_gpu_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning and then a farewell appear below the cell that ran last; only then the kernel is shut down."""
    machine = Machine(tmp_path, monkeypatch, idle_minutes=IDLE_SECONDS / 60)

    async def story() -> None:
        kernels = AsyncMappingKernelManager()
        kernel_id = await kernels.start_kernel(kernel_name=GPU)
        client = kernels.get_kernel(kernel_id).client()
        client.start_channels()
        await client.wait_for_ready(timeout=30)
        texts, started = [], time.monotonic()
        cell = client.execute("import time; time.sleep(7)")  # longer than the limit: busy is not idle

        async def listen() -> None:
            while True:
                message = await client.get_iopub_msg(timeout=60)
                if message["msg_type"] == "stream":
                    assert message["parent_header"]["msg_id"] == cell
                    texts.append((time.monotonic() - started, message["content"]["text"]))

        listening = asyncio.ensure_future(listen())
        await eventually(lambda: kernel_id not in kernels, 120)
        ended = time.monotonic() - started
        listening.cancel()
        client.stop_channels()
        assert ended > 7 + IDLE_SECONDS
        assert [text.split(",")[0].strip() for _, text in texts] == [
            "GPU: nothing has run in this notebook for 4 seconds. In 2 seconds its GPU goes to the next student and "
            "the kernel is shut down. Run any cell to keep it.",
            "GPU: taken back",
        ]
        assert texts[0][0] > 7 + IDLE_SECONDS / 2
        assert machine.held == 0

    asyncio.run(story())


class JupyterServer:
    """A real Jupyter server of a student."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "jupyter_server", f"--port={self.port}", "--ServerApp.token=t", "--no-browser"]
        command += [f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0", "--allow-root", *options]
        with (folder / "server.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))
        deadline = time.monotonic() + 40
        while self.ask("GET", "status")[0] != 200:
            assert time.monotonic() < deadline, (folder / "server.log").read_text()
            time.sleep(0.2)

    def ask(self, method: str, what: str, body: Any = None) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/{what}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "token t"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")
        except OSError:
            return 0, None

    def open_notebook(self, name: str, kernel: str = GPU) -> tuple[int, Any]:
        return self.ask(
            "POST", "sessions", {"path": name, "name": name, "type": "notebook", "kernel": {"name": kernel}}
        )


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch, devices=("0",))


def test_what_the_server_answers(machine: Machine, tmp_path: Path) -> None:
    """The dialog's text is the answer to both ways of asking; delete frees, and a killed server leaves nothing."""
    server = JupyterServer(tmp_path)
    try:
        status, session = server.open_notebook("a.ipynb")
        assert status == 201 and machine.held == 1
        for status, answer in (server.open_notebook("b.ipynb"), server.ask("POST", "kernels", {"name": GPU})):
            assert status >= 500
            lines = answer["message"].splitlines()
            assert lines[0] == "No GPU is free: the only one in use." and lines[1].startswith("You waited")
            assert max(map(len, lines)) <= 72, "JupyterLab's dialog shows one line for a line"
            assert '"Python (course, CPU)"' in answer["message"]
        assert server.open_notebook("b.ipynb", CPU)[0] == 201
        assert server.ask("DELETE", f"sessions/{session['id']}")[0] == 204
        assert machine.held == 0
        assert server.open_notebook("a.ipynb")[0] == 201 and machine.held == 1
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        asyncio.run(eventually(lambda: machine.held == 0, 60))
    finally:
        server.process.kill()
        server.process.wait()


def test_jupyters_own_culler_frees(machine: Machine, tmp_path: Path) -> None:
    """A kernel that the server culls gives its device back."""
    options = ("cull_idle_timeout=2", "cull_interval=1")
    server = JupyterServer(tmp_path, *(f"--MappingKernelManager.{option}" for option in options))
    try:
        assert server.open_notebook("a.ipynb")[0] == 201 and machine.held == 1
        asyncio.run(eventually(lambda: machine.held == 0, 60))
        asyncio.run(eventually(lambda: server.ask("GET", "kernels") == (200, []), 60))
    finally:
        server.process.terminate()
        server.process.wait(timeout=30)


def test_kernels_of_the_course(tmp_path: Path) -> None:
    """CPU and GPU kernels are told apart by name; without devices there is no GPU kernel, also after there was one."""
    written = install(tmp_path, {"devices": ["0"], "folder": str(tmp_path)})
    specs = {path.parent.name: json.loads(path.read_text()) for path in written}
    assert {name: spec["display_name"] for name, spec in specs.items()} == {
        "python3": "Python (course, CPU)",
        "course-gpu": "Python (course, GPU)",
    }
    assert [path.parent.name for path in install(tmp_path, GpuSettings())] == ["python3"]
    assert [path.name for path in (tmp_path / "kernels").iterdir()] == ["python3"]


@pytest.mark.gpu
def test_a_real_device_is_seen_and_its_memory_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine with a GPU: one device is visible, and torch refuses to take more than its share of the memory."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("torch.cuda.is_available() is false: no CUDA device on this machine")
    from tests.hub.gpu_machine import execute

    machine = Machine(tmp_path, monkeypatch, devices=("0",), shares=4)
    code = (
        "import torch; print(torch.cuda.device_count())\ntotal = torch.cuda.mem_get_info()[1]\n"
        "try:\n    torch.empty(int(total * 0.3), dtype=torch.uint8, device='cuda'); print('took it')\n"
        "except torch.OutOfMemoryError: print('refused')\n"
        "print(torch.empty(int(total * 0.1), dtype=torch.uint8, device='cuda').device)"
    )

    async def story(kernels: Any) -> None:
        kernel_id = await kernels.start_kernel(kernel_name=GPU)
        assert (await execute(kernels.get_kernel(kernel_id), code)).split() == ["1", "refused", "cuda:0"]

    machine.run(story)
