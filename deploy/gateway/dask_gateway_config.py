"""Clusters for grading by dask-gateway, on Kubernetes: what a server's configuration needs for it (docs/clusters.md).

With the Helm chart: put this text below `gateway.extraConfig`, and image and `extraPodConfig` where the chart has them.
"""

from dask_gateway_server.options import Integer, Options

LIMIT, OURS = 2.0, 0.6  # GiB a thread: for its submission, for what grades it

c = get_config()  # noqa: F821  given by traitlets

c.DaskGateway.backend_class = "dask_gateway_server.backends.kubernetes.KubeBackend"
c.KubeClusterConfig.namespace = "grading"
# Built with --build-arg LIBRARIES="scikit-learn dask-gateway": its scheduler loads a module of the gateway's.
c.KubeClusterConfig.image = "registry.example.org/dlmath-worker:1"
c.ClusterConfig.scheduler_cmd = ["dask", "scheduler"]  # the usual `dask-scheduler` is no longer a command of Dask's
c.ClusterConfig.worker_cmd = ["autograder", "worker"]
c.ClusterConfig.idle_timeout = 1800  # seconds after which a forgotten cluster ends


def sized(options):
    """Cores and memory follow from the number of threads."""
    memory = f"{options.threads * (LIMIT + OURS):.0f} G"
    return {"worker_cores": options.threads, "worker_threads": options.threads, "worker_memory": memory}


c.Backend.cluster_options = Options(
    Integer("threads", 8, min=1, max=64, label="Submissions that a worker grades at a time"), handler=sized
)

# As deploy/kubernetes/cluster.yaml has it. Here a pod may have users of its own (Linux 6.3, Kubernetes 1.33): the
# kernel then counts its processes alone, and several workers may share a node.
CONTAINER = {
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
    "env": [{"name": "HOME", "value": "/tmp"}],
    "volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],
}
POD = {
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "hostUsers": False,
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "volumes": [{"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": "4Gi"}}],
}
c.KubeClusterConfig.worker_extra_container_config = CONTAINER
c.KubeClusterConfig.scheduler_extra_container_config = CONTAINER
c.KubeClusterConfig.scheduler_extra_pod_config = POD
c.KubeClusterConfig.worker_extra_pod_config = {
    **POD,
    "nodeSelector": {"dlmath.org/grading": "true"},
    "tolerations": [{"key": "dlmath.org/grading", "operator": "Exists", "effect": "NoSchedule"}],
}
