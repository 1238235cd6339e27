"""The manifests are what Kubernetes and the operator accept, keep the strictest rules, and their commands work."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from distributed import Security

from autograder.course import Course
from autograder.sandbox import Limits
from tests.deploy.conftest import DEPLOY, ENVIRONMENT, WAIT_SECONDS, grade_on

FOLDER = DEPLOY / "kubernetes"
RELEASE = "1.37"
GIB = 2**30
SECRET = Path("/run/dask-tls")


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def kinds(name: str, kind: str) -> list[dict[str, Any]]:
    return [d for d in documents(name) if d["kind"] == kind]


(CLUSTER,) = kinds("cluster.yaml", "DaskCluster")
PODS = {role: CLUSTER["spec"][role]["spec"] for role in ("scheduler", "worker")}
POLICIES = {d["metadata"]["name"]: d["spec"] for d in documents("network.yaml")}
LABELS = {role: {"dask.org/component": role, "dask.org/cluster-name": "grading"} for role in PODS}


def container(role: str) -> dict[str, Any]:
    (only,) = PODS[role]["containers"]
    return dict(only)


def gib(words: str) -> float:
    return float(words.removesuffix("Gi")) if words.endswith("Gi") else float(words.removesuffix("Mi")) / 1024


# What Kubernetes takes.


def own_objects() -> list[dict[str, Any]]:
    """Kubernetes' own kinds, and the pods and the service that the operator makes."""
    found = [d for name in ("cluster.yaml", "network.yaml") for d in documents(name) if "dask" not in d["apiVersion"]]
    for role, spec in PODS.items():
        found.append({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": role}, "spec": spec})
    service = CLUSTER["spec"]["scheduler"]["service"]
    return [*found, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "scheduler"}, "spec": service}]


@pytest.mark.parametrize("document", own_objects(), ids=lambda d: f"{d['kind']}-{d['metadata']['name']}")
def test_kubernetes_knows_every_field(document: dict[str, Any]) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    kubernetes_validate.validate(document, RELEASE, strict=True)


def test_a_misspelt_field_is_found() -> None:
    """The check above is one that can fail."""
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    wrong = {**PODS["worker"], "automountServiceAcountToken": False}
    with pytest.raises(kubernetes_validate.ValidationError):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": wrong}
        kubernetes_validate.validate(pod, RELEASE, strict=True)


def definition(kind: str) -> dict[str, Any]:
    """The operator's own definition of a kind; what it does not name is refused, where Kubernetes drops it."""
    shipped = Path(sys.prefix, "share", "dask-kubernetes")
    if not shipped.is_dir():
        pytest.skip("dask-kubernetes was not put aside by make setup: no definition to compare with")
    (path,) = shipped.rglob(f"crds/{kind.lower()}.yaml")
    return closed(yaml.safe_load(path.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"])


def closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


def test_the_operator_knows_every_field() -> None:
    body = {"spec": CLUSTER["spec"]}
    schema = definition("DaskCluster")
    jsonschema.validate(body, schema)
    wrong = json.loads(json.dumps(body))
    wrong["spec"]["worker"]["spec"]["hostUsers"] = False
    with pytest.raises(jsonschema.ValidationError, match="hostUsers"):
        jsonschema.validate(wrong, schema)  # would be dropped without a word


# What students' code must not find.


@pytest.mark.parametrize("role", PODS)
def test_pods_keep_the_restricted_rules(role: str) -> None:
    """Not root, no capability, no way to more, the runtime's filter of system calls, nothing of the node, no token."""
    pod, inside = PODS[role], container(role)["securityContext"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inside["allowPrivilegeEscalation"] is False and inside["capabilities"] == {"drop": ["ALL"]}
    assert inside["readOnlyRootFilesystem"] is True and not inside.get("privileged")
    assert pod["automountServiceAccountToken"] is False and pod["enableServiceLinks"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC", "serviceAccountName"} & pod.keys()
    assert {next(iter(v.keys() - {"name"})) for v in pod["volumes"]} <= {"emptyDir", "secret"}
    (namespace,) = kinds("cluster.yaml", "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_only_secret_is_dasks() -> None:
    secrets = [v["secret"]["secretName"] for pod in PODS.values() for v in pod["volumes"] if "secret" in v]
    assert set(secrets) == {"dask-tls"}
    values = [e for role in PODS for e in container(role)["env"]]
    assert all(set(e) == {"name", "value"} for e in values), "no environment from secrets"
    image = (FOLDER / "Dockerfile").read_text()
    copied = " ".join(re.findall(r"^COPY (.*)$", image, re.M)).split()
    assert {"autograder", "dlmath_kit", "dlmath_ref"} < set(copied)
    assert not {".", "source", "solutions", "release"} & set(copied)
    assert "USER 10001:10001" in image


def test_workers_have_the_memory_and_cores_of_their_threads() -> None:
    worker, volumes = container("worker"), {v["name"]: v for v in PODS["worker"]["volumes"]}
    threads = int(worker["args"][worker["args"].index("--threads") + 1])
    limits, scratch = worker["resources"]["limits"], gib(volumes["scratch"]["emptyDir"]["sizeLimit"])
    assert worker["resources"]["requests"] == limits and int(limits["cpu"]) == threads
    assert scratch >= threads * Limits().disk_bytes / GIB * 1.2
    assert gib(limits["memory"]) - scratch >= threads * (Limits().memory_bytes / GIB + 0.6)


def test_no_two_workers_share_a_node() -> None:
    """They would share the kernel's count of a user's processes."""
    (rule,) = PODS["worker"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert rule["topologyKey"] == "kubernetes.io/hostname"
    assert rule["labelSelector"]["matchLabels"].items() <= LABELS["worker"].items()


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    return selector.get("matchLabels", {}).items() <= labels.items()


def rules(role: str, way: str) -> list[dict[str, Any]]:
    """What the policies that hold for these pods allow: none when nothing is said."""
    chosen = [p for p in POLICIES.values() if selects(p["podSelector"], LABELS[role]) and way in p["policyTypes"]]
    assert chosen, "no policy: all is allowed"
    return [rule for policy in chosen for rule in policy.get(way.lower(), [])]


def peers(role: str, way: str) -> list[tuple[dict[str, str], dict[str, str], tuple[int, ...]]]:
    """Namespace, pods and ports of each rule."""
    found = []
    for rule in rules(role, way):
        for peer in rule["to" if way == "Egress" else "from"]:
            assert "ipBlock" not in peer
            place, pods = (peer.get(f"{kind}Selector", {}).get("matchLabels", {}) for kind in ("namespace", "pod"))
            found.append((place, pods, tuple(p["port"] for p in rule.get("ports", []))))
    return found


def test_workers_speak_to_the_scheduler_alone() -> None:
    names = ({"kubernetes.io/metadata.name": "kube-system"}, {"k8s-app": "kube-dns"}, (53, 53))
    scheduler = {"dask.org/component": "scheduler"}
    assert peers("worker", "Egress") == [({}, scheduler, (8786,)), names]
    assert peers("worker", "Ingress") == [({}, scheduler, ())]


def test_the_scheduler_is_reached_by_workers_batches_and_the_operator() -> None:
    found = {(*place.values(), *pods.values()): ports for place, pods, ports in peers("scheduler", "Ingress")}
    assert found == {("worker",): (8786,), ("true", "batch"): (8786,), ("dask-operator",): (8787,)}
    assert {*map(str, peers("scheduler", "Egress"))} == {
        str(({}, {"dask.org/component": "worker"}, ())),
        str(({"kubernetes.io/metadata.name": "kube-system"}, {"k8s-app": "kube-dns"}, (53, 53))),
    }


# The very commands of the manifest, here.


@pytest.mark.cluster
def test_the_commands_grade_over_tls(handed_in: Course, tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    """Scheduler and worker as the manifest starts them, with certificates where its Secret would put them."""
    secret, scratch = tmp_path / "secret", tmp_path / "scratch"
    for folder in (secret, scratch):
        folder.mkdir()
    made: Any = Security.temporary()
    for name, text in (
        ("ca.crt", made.tls_ca_file),
        ("tls.crt", made.tls_worker_cert),
        ("tls.key", made.tls_worker_key),
    ):
        (secret / name).write_text(text)
    file = tmp_path / "scheduler.json"

    def start(role: str, *more: str, **given: str) -> None:
        known = {e["name"]: e["value"].replace(str(SECRET), str(secret)) for e in container(role)["env"]}
        known |= {"HOME": str(scratch), "TMPDIR": str(scratch), **given}
        words = [re.sub(r"\$\((\w+)\)", lambda m: known[m[1]], word) for word in container(role)["args"]]
        started.append(subprocess.Popen([*words, *more], env={**ENVIRONMENT, **known}, cwd=scratch))

    here = ["--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(file)]
    start("scheduler", *here)
    until = time.monotonic() + WAIT_SECONDS
    while not file.exists() or not file.read_text():
        assert time.monotonic() < until
        time.sleep(0.05)
    told = json.loads(file.read_text())
    address = told["address"]
    assert address.startswith("tls://127.0.0.1:")
    start("worker", "--nthreads", "1", DASK_SCHEDULER_ADDRESS=address, DASK_WORKER_NAME="grading-default-worker-1")
    mine = {
        f"DASK_DISTRIBUTED__COMM__TLS__CLIENT__{k}": str(secret / f)
        for k, f in (("CERT", "tls.crt"), ("KEY", "tls.key"))
    }
    mine |= {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(secret / "ca.crt")}
    grade_on(handed_in, address, {**ENVIRONMENT, **mine})
    page = f"http://127.0.0.1:{told['services']['dashboard']}/api/v1/get_workers"  # what the operator asks
    with urllib.request.urlopen(page) as answer:
        assert [w["name"] for w in json.load(answer)["workers"]] == ["grading-default-worker-1"]
