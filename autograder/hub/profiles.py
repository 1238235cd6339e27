"""What a server asks for on Docker, Kubernetes and Slurm: limits for everyone, a GPU for those who choose it.

`profiles(settings)` gives the traits of the spawner's class, made from the tables [limits] and [gpus]. What a device is
called depends on who hands it out: an index or UUID (Docker), a resource such as `nvidia.com/mig-1g.10gb` (Kubernetes;
an index means `nvidia.com/gpu`), a gres such as `gpu:a100:1` or `partition/gres` (Slurm).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.hub.settings import Settings

__all__ = ["CPU", "GPU", "LEASING_DOCKER_SPAWNER", "chosen", "profiles"]

CPU, GPU = "cpu", "gpu"
LEASING_DOCKER_SPAWNER = "autograder.hub.profiles_docker.LeasingDockerSpawner"
NVIDIA = "nvidia.com/gpu"
HOURS = 8  # a Slurm job's time when servers have no maximal age
FORM = """<fieldset><legend>Your server</legend>
{choices}
</fieldset>"""
CHOICE = (
    '<div class="form-check"><input class="form-check-input" type="radio" name="profile" id="profile-{slug}" '
    'value="{slug}"{checked}> <label class="form-check-label" for="profile-{slug}">{title}</label></div>'
)


def profiles(settings: Settings) -> dict[str, Any]:
    """Traits for the spawner's class; none where all servers run on the hub's machine and kernels lease GPUs."""
    makers: dict[str, Callable[[Settings], dict[str, Any]]] = {
        "docker": docker,
        "kubernetes": kubernetes,
        "slurm": slurm,
    }
    maker = makers.get(settings.spawner.kind)
    return maker(settings) if maker else {}


def docker(settings: Settings) -> dict[str, Any]:
    """Traits of LeasingDockerSpawner: the device of each container is leased (`count=1` gives everyone the same)."""
    limits = {"mem_limit": settings.limits.memory, "cpu_limit": settings.limits.cpus}
    if not settings.gpus.devices:
        return limits
    from autograder.hub.gpus import gpu_settings
    from autograder.hub.profiles_docker import leased_host_config

    titles = {CPU: "CPU", GPU: "GPU"}
    return {
        **limits,
        "gpu_settings": gpu_settings(settings).as_json(),
        "extra_host_config": leased_host_config(settings.spawner.options.get("extra_host_config", {})),
        "remove": True,  # a container that is kept would start again with the device of its first start
        **choice(titles, {name: {} for name in titles}),
    }


def kubernetes(settings: Settings) -> dict[str, Any]:
    """Traits of KubeSpawner: one profile without and one with each kind of GPU."""
    traits = {"mem_limit": settings.limits.memory, "cpu_limit": settings.limits.cpus}
    resources = list(dict.fromkeys(d if "/" in d else NVIDIA for d in settings.gpus.devices))
    if not resources:
        return traits
    nothing = {"extra_resource_limits": dict.fromkeys(resources), "tolerations": []}
    listed: list[dict[str, Any]] = [
        {"slug": CPU, "display_name": "CPU", "default": True, "kubespawner_override": nothing}
    ]
    for resource in resources:
        override = {
            # Another profile's GPU must not stay: dictionaries of overrides are merged, None removes.
            "extra_resource_limits": {**dict.fromkeys(resources), resource: "1"},
            "tolerations": [{"key": NVIDIA, "operator": "Exists", "effect": "NoSchedule"}],
        }
        listed.append({"slug": slug(resource), "display_name": title(resource), "kubespawner_override": override})
    return {**traits, "profile_list": listed}


def slurm(settings: Settings) -> dict[str, Any]:
    """Traits of SlurmSpawner: memory, cores and time for everyone; gres and partition for those who choose a GPU."""
    limits, options = settings.limits, settings.spawner.options
    traits = {
        "req_memory": limits.memory,
        "req_nprocs": str(math.ceil(limits.cpus)),
        "req_runtime": f"{math.ceil(settings.culling.max_age_hours) or HOURS}:00:00",
    }
    traits |= {name: value for name, value in options.items() if name.startswith("req_")}
    plain = {"req_gres": "", "req_partition": traits.get("req_partition", "")}
    titles, requests = {CPU: "CPU"}, {CPU: plain}
    for device in settings.gpus.devices:
        partition, _, gres = device.rpartition("/")
        gres = gres if ":" in gres else "gpu:1"
        name = GPU if gres == "gpu:1" else slug(gres.removeprefix("gpu:"))
        titles[name] = "GPU" if name == GPU else f"GPU ({gres.removeprefix('gpu:').removesuffix(':1')})"
        requests[name] = {"req_gres": gres, "req_partition": partition or plain["req_partition"]}
    return {**traits, **choice(titles, requests)}


def choice(titles: Mapping[str, str], requests: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """A page to choose on, what is read from it, and how it is applied; no page where there is nothing to choose."""

    def from_form(data: Mapping[str, list[str]]) -> dict[str, str]:
        return {"profile": data.get("profile", [CPU])[0]}

    def apply(spawner: Any, options: Mapping[str, Any]) -> None:
        name = chosen(options, requests)
        # All else is dropped: options also come from the REST API, and batchspawner puts them into its job script.
        spawner.user_options = {"profile": name}
        for trait, value in requests[name].items():
            setattr(spawner, trait, value)

    choices = [
        CHOICE.format(slug=name, title=text, checked=" checked" if name == CPU else "") for name, text in titles.items()
    ]
    page = FORM.format(choices="\n".join(choices)) if len(titles) > 1 else ""
    return {"options_form": page, "options_from_form": from_form, "apply_user_options": apply}


def chosen(options: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """The profile that was asked for; without a choice the one without a GPU."""
    name = options.get("profile", CPU)
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"profile: got {name!r}, expected one of {sorted(known)}.")
    return name


def slug(resource: str) -> str:
    """`gpu` for a whole one, `gpu-mig-1g-10gb` for a part."""
    if resource == NVIDIA:
        return GPU
    return f"{GPU}-" + re.sub(r"[^a-z0-9]+", "-", resource.rpartition("/")[2].lower()).strip("-")


def title(resource: str) -> str:
    """What students read."""
    return "GPU" if resource == NVIDIA else f"GPU ({resource.rpartition('/')[2]})"
