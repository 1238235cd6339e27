"""Grade on Slurm: jobs of workers for as long as one command of `autograder` runs, by dask-jobqueue.

python deploy/slurm/cluster.py --jobs 8 -- grade unit02_logistic
python deploy/slurm/cluster.py --show                              # the job that would be submitted

It runs where the course is and where jobs are submitted. What a job asks for is in jobqueue.yaml beside this file. A
job that ends early is submitted again; all are cancelled when the command has ended. The connection is encrypted, with
certificates that are made for this run.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import dask
import yaml
from dask_jobqueue import SLURMCluster
from distributed import Security

SETTINGS = Path(__file__).with_name("jobqueue.yaml")
ROLES = ("scheduler", "worker", "client")


def main() -> int:
    options = _options()
    dask.config.update(dask.config.config, yaml.safe_load(options.settings.read_text()))
    shared = dask.config.get("jobqueue.slurm.shared-temp-directory") or Path.home()
    with tempfile.TemporaryDirectory(dir=shared, prefix=".dlmath-tls-") as folder:
        environment = certificates(Path(folder))
        with SLURMCluster(security=Security(), n_workers=0) as cluster:
            if options.show:
                print(cluster.job_script())
                return 0
            jobs = min(options.jobs, useful(options.words))
            cluster.adapt(minimum_jobs=jobs, maximum_jobs=jobs)  # so many, also after one was lost
            command = autograder(*options.words, "--scheduler", cluster.scheduler_address)
            return subprocess.call(command, env={**os.environ, **environment})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=4, help="the most at a time (%(default)s)")
    parser.add_argument("--settings", type=Path, default=SETTINGS, metavar="FILE", help="instead of jobqueue.yaml")
    parser.add_argument("--show", action="store_true", help="print the job and submit none")
    parser.add_argument("words", nargs="*", metavar="COMMAND", help="of autograder, after --: grade, regrade")
    options = parser.parse_args()
    if not options.words and not options.show:
        parser.error("got no command, expected one, such as: -- grade unit02_logistic")
    return options


def certificates(folder: Path) -> dict[str, str]:
    """Keys and certificates of one run, in a folder that all nodes see and only you may enter; Dask is told where.

    Returns:
        what tells it to another process: its environment.
    """
    made: Any = Security.temporary()
    contents = {"ca-file": made.tls_ca_file}
    contents |= {f"{role}.{kind}": getattr(made, f"tls_{role}_{kind}") for role in ROLES for kind in ("key", "cert")}
    told = {"distributed.comm.require-encryption": "True"}
    for name, content in contents.items():
        path = folder / name
        path.touch(0o600)
        path.write_text(content)
        told[f"distributed.comm.tls.{name}"] = str(path)
    dask.config.set(told)
    return {f"DASK_{name.replace('.', '__').replace('-', '_').upper()}": value for name, value in told.items()}


def useful(words: list[str]) -> float:
    """Jobs that have something to do: one thread for each submission that is due, where the command tells how many."""
    asked = subprocess.run(autograder(*words, "--dry-run", "--json"), stdout=subprocess.PIPE, check=True)
    found = json.loads(asked.stdout).get("due")
    if found is None:
        return math.inf
    return max(1, math.ceil(len(found) / int(dask.config.get("jobqueue.slurm.cores"))))


def autograder(*words: str) -> list[str]:
    return [sys.executable, "-m", "autograder", *words]


if __name__ == "__main__":
    sys.exit(main())
