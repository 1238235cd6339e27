"""What servers ask for on Docker, Kubernetes and Slurm, seen on the spawners' own objects."""

from __future__ import annotations

import asyncio
import getpass
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker
import pytest
from batchspawner import SlurmSpawner
from jupyterhub.objects import Hub, Server
from kubernetes_asyncio import client as kubernetes_client
from kubespawner import KubeSpawner
from tornado.web import HTTPError
from traitlets.config import Config

from autograder.hub.profiles import profiles
from autograder.hub.profiles_docker import LeasingDockerSpawner
from dlmath_kit.hub.gpu.leases import NoGpuFree
from tests.hub.gpu_machine import hub_settings

LIMITS = '[limits]\nmemory = "3G"\ncpus = 1.5\n'
QUANTITY = re.compile(r"[0-9.]+(m|k|Ki|M|Mi|G|Gi|T|Ti)?")


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: nowhere
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
clusters: [{name: nowhere, cluster: {server: "https://127.0.0.1:9"}}]
users: [{name: nobody, user: {token: none}}]
"""


@pytest.fixture(autouse=True)
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KubeSpawner reads where its cluster is before anything else; nothing is sent there."""
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    monkeypatch.setattr(
        "kubernetes_asyncio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "kubeconfig")
    )


def spawner_of(kind: type, traits: dict[str, Any], name: str = "ada", **options: Any) -> Any:
    """The spawner as the hub makes it, with a user's choice."""
    user = SimpleNamespace(
        name=name,
        id=1,
        url=f"/user/{name}/",
        escaped_name=name,
        settings={},
        state={},
        server=None,
        groups=[],
        admin=False,
    )
    made = kind(user=user, hub=Hub(public_host="http://hub"), config=Config({kind.__name__: traits}))
    made.server, made.api_token, made.user_options = Server(), "token", options
    made.orm_spawner = SimpleNamespace(name="", oauth_client_id="id", user_options=options, server=None)
    return made


def unknown_keys(data: Any, kind: str, place: str) -> list[str]:
    """Where a manifest says what the Kubernetes API does not know; `kind` is a type of the client's OpenAPI models."""
    if match := re.fullmatch(r"list\[(.*)\]", kind):
        return [f for i, item in enumerate(data) for f in unknown_keys(item, match[1], f"{place}[{i}]")]
    if match := re.fullmatch(r"dict\((.*), (.*)\)", kind):
        wrong = [] if isinstance(data, dict) else [f"{place}: not a map"]
        return wrong or [f for key, value in data.items() for f in unknown_keys(value, match[2], f"{place}.{key}")]
    if ".resources." in place and not isinstance(data, bool):  # quantities: the API takes numbers for text
        data = str(data) if isinstance(data, int | float) else data
    plain = {"str": str, "int": int, "bool": bool, "float": (int, float), "object": object, "datetime": str}
    if kind in plain:
        return [] if isinstance(data, plain[kind]) else [f"{place}: got {data!r}, expected {kind}"]
    model = getattr(kubernetes_client, kind)
    names = {wire: attribute for attribute, wire in model.attribute_map.items()}
    faults = [f"{place}.{key}: unknown to {kind}" for key in data if key not in names]
    model(
        **{names[key]: value for key, value in data.items() if key in names}
    )  # ValueError: a required field is missing
    for key, value in data.items():
        if key in names:
            faults += unknown_keys(value, model.openapi_types[names[key]], f"{place}.{key}")
    return faults


async def pod(traits: dict[str, Any], spawner: KubeSpawner | None = None, **options: str) -> dict[str, Any]:
    """The manifest that is sent to Kubernetes, checked against the API's models."""
    traits = {**traits, "image": "course:1", "cmd": ["jupyterhub-singleuser"]}
    spawner = spawner or spawner_of(KubeSpawner, traits)
    spawner.user_options = options
    await spawner.load_user_options()
    made = await spawner.get_pod_manifest()
    data: dict[str, Any] = kubernetes_client.ApiClient().sanitize_for_serialization(made)
    assert unknown_keys(data, "V1Pod", "pod") == []
    limits = data["spec"]["containers"][0]["resources"]["limits"]
    assert all(QUANTITY.fullmatch(str(value)) for value in limits.values()), limits
    return data


def resources(data: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = data["spec"]["containers"][0]["resources"]["limits"]
    return {name: str(value) for name, value in found.items()}


def test_one_machine_needs_no_profiles(tmp_path: Path) -> None:
    """With the simple spawner, kernels lease GPUs; servers ask for nothing."""
    assert profiles(hub_settings(tmp_path, '[gpus]\ndevices = ["0"]\n')) == {}


def test_kubernetes_pods(tmp_path: Path) -> None:
    """The CPU profile is the default and asks for no GPU; the GPU profile for one, on nodes kept for GPU pods."""
    text = LIMITS + '[spawner]\nkind = "kubernetes"\nimage = "course:1"\n[gpus]\ndevices = ["0"]\n'
    traits = profiles(hub_settings(tmp_path, text))

    async def story() -> None:
        plain = await pod(traits)
        assert resources(plain) == {"cpu": "1.5", "memory": str(3 * 1024**3)}
        assert not plain["spec"].get("tolerations")
        gpu = await pod(traits, profile="gpu")
        assert resources(gpu) == {"cpu": "1.5", "memory": str(3 * 1024**3), "nvidia.com/gpu": "1"}
        assert gpu["spec"]["tolerations"] == [{"effect": "NoSchedule", "key": "nvidia.com/gpu", "operator": "Exists"}]
        with pytest.raises(ValueError, match="No such profile: tpu"):
            await pod(traits, profile="tpu")

    asyncio.run(story())


def test_kubernetes_profiles_do_not_add_up(tmp_path: Path) -> None:
    """Who goes from one kind of GPU to another, or to none, asks for exactly what was chosen last."""
    devices = '["nvidia.com/gpu", "nvidia.com/mig-1g.10gb"]'
    text = f'[spawner]\nkind = "kubernetes"\nimage = "course:1"\n[gpus]\ndevices = {devices}\n'
    traits = profiles(hub_settings(tmp_path, text))

    async def story() -> None:
        spawner = spawner_of(KubeSpawner, {**traits, "image": "course:1"})
        chosen = [resources(await pod(traits, spawner, profile=p)) for p in ("gpu", "gpu-mig-1g-10gb", "cpu")]
        gpus = [{name for name in limits if "/" in name} for limits in chosen]
        assert gpus == [{"nvidia.com/gpu"}, {"nvidia.com/mig-1g.10gb"}, set()]

    asyncio.run(story())


def test_the_check_of_manifests_finds_faults() -> None:
    """A misspelt key, a wrong type and a missing field are found."""
    container = {"name": "c", "resources": {"limit": {}}}
    assert unknown_keys({"spec": {"containers": [container]}}, "V1Pod", "pod") == [
        "pod.spec.containers[0].resources.limit: unknown to V1ResourceRequirements"
    ]
    assert unknown_keys({"spec": {"containers": [{"name": 3}]}}, "V1Pod", "pod") == [
        "pod.spec.containers[0].name: got 3, expected str"
    ]
    with pytest.raises(ValueError, match="containers"):
        unknown_keys({"spec": {}}, "V1Pod", "pod")


def job(traits: dict[str, Any], **options: Any) -> str:
    """The script that is given to sbatch."""
    spawner = spawner_of(SlurmSpawner, traits, getpass.getuser(), **options)
    asyncio.run(spawner._run_apply_user_options(spawner.user_options))
    script: str = asyncio.run(spawner._get_batch_script(**spawner.get_req_subvars(), cmd="jupyterhub-singleuser"))
    return script


def test_slurm_jobs(tmp_path: Path) -> None:
    """The job asks for memory, cores and time; with a GPU chosen, for its gres in its partition."""
    text = (
        LIMITS + f'[spawner]\nkind = "slurm"\nenvironment = "{tmp_path}"\n[spawner.options]\nreq_partition = "course"\n'
        '[gpus]\ndevices = ["gpu:1", "big/gpu:a100:1"]\n'
    )
    traits = profiles(hub_settings(tmp_path, text))
    plain = job(traits)
    for line in ("--mem=3G", "--cpus-per-task=2", "--time=8:00:00", "--partition=course"):
        assert f"#SBATCH {line}\n" in plain
    assert "--gres" not in plain
    assert "--gres=gpu:1\n" in (gpu := job(traits, profile="gpu")) and "--partition=course\n" in gpu
    assert "--gres=gpu:a100:1\n" in (big := job(traits, profile="gpu-a100-1")) and "--partition=big\n" in big
    for name in ("cpu", "gpu", "gpu-a100-1"):
        assert f'value="{name}"' in traits["options_form"]


def test_slurm_jobs_take_nothing_else_from_users(tmp_path: Path) -> None:
    """Options sent to the hub's API do not reach the job script: batchspawner would put them in."""
    text = f'[spawner]\nkind = "slurm"\nenvironment = "{tmp_path}"\n[gpus]\ndevices = ["gpu:1"]\n'
    traits = profiles(hub_settings(tmp_path, text))
    script = job(traits, gres="gpu:8", options="--qos=boss", prologue="touch /tmp/x")
    assert not [word for word in ("gpu:8", "boss", "touch") if word in script]
    for wrong in ("x\n#SBATCH --qos=boss", ["gpu"], None):
        with pytest.raises(HTTPError, match=r"400.*Invalid user options"):
            job(traits, profile=wrong)


class Docker:
    """Keeps what would be sent to the Docker daemon; builds host configurations as the client library does."""

    def __init__(self) -> None:
        self.created: list[dict[str, Any]] = []

    def create_host_config(self, **options: Any) -> dict[str, Any]:
        return dict(docker.types.HostConfig(version="1.43", **options))


def docker_spawner(traits: dict[str, Any], daemon: Docker, name: str, **options: Any) -> LeasingDockerSpawner:
    made: LeasingDockerSpawner = spawner_of(LeasingDockerSpawner, traits, name, **options)
    made.__dict__["client"] = daemon
    made.trait_values()

    async def send(method: str, *_: Any, **sent: Any) -> dict[str, Any]:
        if method == "inspect_image":
            return {"Config": {"Cmd": ["jupyterhub-singleuser"]}}
        assert method == "create_container"
        daemon.created.append(sent)
        return {"Id": f"container{len(daemon.created)}"}

    made.docker = send  # the daemon's end of the socket
    type(made).client = property(lambda self: daemon)  # type: ignore[assignment,method-assign]
    return made


def docker_settings(home: Path, gpus: str) -> dict[str, Any]:
    return profiles(hub_settings(home, LIMITS + f'[spawner]\nkind = "docker"\nimage = "course:1"\n[gpus]\n{gpus}\n'))


def device_ids(sent: dict[str, Any]) -> list[str] | None:
    requests = sent["host_config"].get("DeviceRequests") or []
    assert all(request["Capabilities"] == [["gpu"]] and not request["Count"] for request in requests)
    return requests[0]["DeviceIDs"] if requests else None


def test_docker_containers_get_leased_devices(tmp_path: Path) -> None:
    """Two containers get two devices, the third a reason, one without the choice none; who stops frees the device."""
    traits = docker_settings(tmp_path, 'devices = ["0", "GPU-b"]\nwait_seconds = 0')
    daemon = Docker()

    async def story() -> None:
        ada, bob, cyd = (docker_spawner(traits, daemon, name, profile="gpu") for name in ("ada", "bob", "cyd"))
        for spawner in (ada, bob, docker_spawner(traits, daemon, "dan", profile="cpu")):
            await spawner.create_object()
        assert [device_ids(sent) for sent in daemon.created] == [["0"], ["GPU-b"], None]
        host = daemon.created[0]["host_config"]
        assert (host["Memory"], host["CpuQuota"], host["AutoRemove"]) == (3 * 1024**3, 150_000, True)
        with pytest.raises(NoGpuFree, match=r"2 of 2 in use.*server without a GPU") as refusal:
            await cyd.create_object()
        assert refusal.value.jupyterhub_message == str(refusal.value)
        ada.clear_state()
        await cyd.create_object()
        assert device_ids(daemon.created[-1]) == ["0"]
        for spawner in (bob, cyd):
            spawner.clear_state()

    asyncio.run(story())


def test_docker_containers_keep_devices_when_the_hub_restarts(tmp_path: Path) -> None:
    """A new hub takes the slots of running containers again, and gives none of them away."""
    traits = docker_settings(tmp_path, 'devices = ["0", "1"]\nwait_seconds = 0')
    daemon = Docker()

    async def story() -> None:
        first, second = (docker_spawner(traits, daemon, name, profile="gpu") for name in ("ada", "bob"))
        await first.create_object()
        await second.create_object()
        state = second.get_state()
        for spawner in (first, second):
            assert spawner.lease is not None
            spawner.lease.leave()  # the old hub is gone, the first container too
        again = docker_spawner(traits, daemon, "bob", profile="gpu")
        again.load_state(state)
        new = docker_spawner(traits, daemon, "cyd", profile="gpu")
        await new.create_object()
        assert again.lease is not None and again.lease.device == "1" and device_ids(daemon.created[-1]) == ["0"]
        for spawner in (again, new):
            spawner.clear_state()

    asyncio.run(story())


def test_docker_shares_limit_memory(tmp_path: Path) -> None:
    """Two containers on one device are each told half of its memory."""
    traits = docker_settings(tmp_path, 'devices = ["0"]\nshares = 2')
    spawner = docker_spawner(traits, Docker(), "ada", profile="gpu")
    assert spawner.get_env()["PYTORCH_ALLOC_CONF"] == "per_process_memory_fraction:0.5"
    assert "PYTORCH_ALLOC_CONF" not in docker_spawner(traits, Docker(), "bob").get_env()
