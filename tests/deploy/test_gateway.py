"""dask-gateway: its own classes take our settings, and a gateway of this machine grades with them."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.course import Course
from autograder.sandbox import Limits
from tests.deploy.conftest import DEPLOY, ENVIRONMENT, WAIT_SECONDS, assert_graded

pytest.importorskip("dask_gateway_server", reason="dask-gateway-server is not installed")

FOLDER = DEPLOY / "gateway"
# What a test changes of the configuration: processes of this machine instead of pods.
HERE = """
load_subconfig({ours!r})
c = get_config()
c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.DaskGateway.address = "127.0.0.1:{api}"
c.Proxy.address = "127.0.0.1:{proxy}"
c.UnsafeLocalBackend.clusters_directory = {clusters!r}
c.UnsafeLocalBackend.inherited_environment = ["PATH", "PYTHONPATH", "LANG", "TMPDIR"]
"""


def settings() -> Config:
    return PyFileConfigLoader("dask_gateway_config.py", path=str(FOLDER)).load_config()


def cluster_of(threads: int) -> Any:
    """What the server makes of a user's wish, without the namespace that it looks up in a cluster."""
    from dask_gateway_server.backends.kubernetes import KubeClusterConfig
    from dask_gateway_server.models import User

    options = settings().Backend.cluster_options
    asked = options.parse_options({"threads": threads})
    return KubeClusterConfig(config=settings(), **options.get_configuration(asked, User(name="ada")))


@pytest.mark.parametrize("threads", [1, 8, 64])
def test_memory_follows_from_threads(threads: int) -> None:
    made = cluster_of(threads)
    assert (made.worker_threads, made.worker_cores) == (threads, threads)
    assert made.worker_memory >= threads * Limits().memory_bytes * 1.2
    assert made.worker_cmd == ["autograder", "worker"]


@pytest.mark.parametrize("wish", [{"threads": 0}, {"threads": 65}, {"image": "mine"}])
def test_users_choose_nothing_else(wish: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        settings().Backend.cluster_options.parse_options(wish)


@pytest.mark.parametrize("role", ["worker", "scheduler"])
def test_pods_keep_the_restricted_rules(role: str) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    made = cluster_of(8)
    inside, pod = getattr(made, f"{role}_extra_container_config"), getattr(made, f"{role}_extra_pod_config")
    container = {"name": role, "image": made.image, **inside}
    spec = {**pod, "containers": [container]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": role}, "spec": spec}
    kubernetes_validate.validate(body, "1.37", strict=True)
    assert (
        spec["securityContext"]["runAsNonRoot"]
        and spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    )
    rights = container["securityContext"]
    assert rights["capabilities"] == {"drop": ["ALL"]} and rights["allowPrivilegeEscalation"] is False
    assert spec["automountServiceAccountToken"] is False and spec["hostUsers"] is False


@pytest.mark.cluster
def test_a_gateway_grades(handed_in: Course, tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    """A real gateway and proxy, processes in the place of pods: one command starts a cluster, grades, ends it."""
    proxy, api = free_ports(2)
    clusters = tmp_path / "clusters"
    clusters.mkdir()
    ours = str(FOLDER / "dask_gateway_config.py")
    file = tmp_path / "config.py"
    file.write_text(HERE.format(ours=ours, proxy=proxy, api=api, clusters=str(clusters)))
    server = [sys.executable, "-m", "dask_gateway_server", "-f", str(file)]
    started.append(subprocess.Popen(server, env=ENVIRONMENT, cwd=tmp_path))
    wait_for(proxy)
    env = {**ENVIRONMENT, "HOME": str(tmp_path)}
    words = ["--course", str(handed_in.home), "-q", "grade", "--json"]
    command = [sys.executable, str(FOLDER / "grade.py"), "--gateway", f"http://127.0.0.1:{proxy}"]
    done = subprocess.run(
        [*command, "--workers", "1", "--threads", "1", "--", *words],
        env=env, capture_output=True, text=True, timeout=WAIT_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert_graded(handed_in, done.stdout)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def wait_for(port: int) -> None:
    import time

    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
            return
        except OSError:
            assert time.monotonic() < until, f"nobody listens on {port}"
            time.sleep(0.1)
