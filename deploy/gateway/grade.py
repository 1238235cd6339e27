"""Grade on a cluster of dask-gateway that lives as long as one command of `autograder` runs.

python deploy/gateway/grade.py --gateway https://gateway.example.org --workers 16 -- grade unit02_logistic

Who you are to the gateway, Dask's own settings say (`gateway.auth`), for one ~/.config/dask/gateway.yaml.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from dask_gateway import Gateway, GatewayCluster


def main() -> int:
    options = _options()
    asked = {"threads": options.threads} if options.threads else {}
    with Gateway(options.gateway) as gateway, gateway.new_cluster(**asked) as cluster:
        cluster.scale(options.workers)
        with tempfile.TemporaryDirectory(prefix=".dlmath-tls-") as folder:
            command = [sys.executable, "-m", "autograder", *options.words, "--scheduler", cluster.scheduler_address]
            return subprocess.call(command, env={**os.environ, **credentials(cluster, Path(folder))})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateway", metavar="URL", help="its address; that of Dask's settings if left out")
    parser.add_argument("--workers", type=int, default=4, help="%(default)s unless said otherwise")
    parser.add_argument("--threads", type=int, help="of a worker; what the server's configuration says if left out")
    parser.add_argument("words", nargs="+", metavar="COMMAND", help="of autograder, after --: grade, regrade")
    return parser.parse_args()


def credentials(cluster: GatewayCluster, folder: Path) -> dict[str, str]:
    """The cluster's own key and certificate, in a folder that only you may enter, and where Dask finds them."""
    told = {"DASK_DISTRIBUTED__CLIENT__PRELOAD": "['dask_gateway.comm']"}  # Dask then knows gateway:// addresses
    for name, text in (("dask.crt", cluster.security.tls_cert), ("dask.pem", cluster.security.tls_key)):
        path = folder / name
        path.touch(0o600)
        path.write_text(text)
    tls = {"CA_FILE": "dask.crt", "CLIENT__CERT": "dask.crt", "CLIENT__KEY": "dask.pem"}
    return told | {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(folder / file) for name, file in tls.items()}


if __name__ == "__main__":
    sys.exit(main())
