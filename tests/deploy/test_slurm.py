"""What is submitted to Slurm asks for what grading needs, and its commands really grade."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from autograder.course import Course
from autograder.sandbox import Limits
from tests.deploy.conftest import DEPLOY, ENVIRONMENT, WAIT_SECONDS, assert_graded, grade_on

pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")

SLURM = DEPLOY / "slurm"
WORKERS = SLURM / "workers.sbatch"
CLUSTER = [sys.executable, str(SLURM / "cluster.py")]
UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}
SBATCH = """#!/usr/bin/env bash
cp "$1" {folder}/job.sh
setsid bash {folder}/job.sh >{folder}/job.log 2>&1 &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/usr/bin/env bash
kill -TERM -- "-$1"
echo "$1" >>{folder}/cancelled
"""


def directives(script: str) -> dict[str, str]:
    """Slurm's options in a script, short names as they are."""
    found = {}
    for line in re.findall(r"^#SBATCH (.*)$", script, re.M):
        name, _, value = line.partition("=" if line.startswith("--") else " ")
        found[name] = value
    return found


def size(words: str) -> int:
    return int(words[:-1]) * UNITS[words[-1]]


def bash_accepts(script: str) -> bool:
    return subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script that dask-jobqueue makes of our settings."""
    env = {**ENVIRONMENT, "HOME": str(tmp_path_factory.mktemp("home"))}
    done = subprocess.run([*CLUSTER, "--show"], env=env, capture_output=True, text=True, timeout=WAIT_SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_job_has_a_core_and_the_memory_for_each_thread(job: str) -> None:
    asked, settings = directives(job), yaml.safe_load((SLURM / "jobqueue.yaml").read_text())["jobqueue"]["slurm"]
    threads = int(asked["--cpus-per-task"])
    assert threads == settings["cores"] and settings["processes"] == 1
    assert re.search(rf" -m autograder worker tls://\S+ .*--nthreads {threads} ", job)
    assert size(asked["--mem"]) >= threads * Limits().memory_bytes * 1.2
    assert asked["-t"] == settings["walltime"] == "02:00:00"
    assert asked["-n"] == "1" and "--requeue" in asked and asked["-J"] == "dlmath"


def test_a_job_is_confined_to_scratch_and_certificates(job: str) -> None:
    """Files lie on the node's own disk and go with the job; the last word on memory is that Dask has no limit."""
    assert bash_accepts(job)
    command = shlex.split(job.strip().splitlines()[-1])
    assert command[command.index("--local-directory") + 1] == "${TMPDIR}"
    assert [command[i + 1] for i, word in enumerate(command) if word == "--memory-limit"][-1] == "0"
    assert {"--tls-ca-file", "--tls-cert", "--tls-key"} <= set(command)
    assert "rm -rf" in job and "export OMP_NUM_THREADS=1" in job


def test_the_plain_script_asks_for_the_same() -> None:
    script = WORKERS.read_text()
    asked = directives(script)
    assert bash_accepts(script)
    assert asked["--ntasks-per-node"] == "1"
    assert size(asked["--mem-per-cpu"]) >= Limits().memory_bytes * 1.2
    assert re.fullmatch(r"\d\d:\d\d:\d\d", asked["--time"])
    assert "SLURM_CPUS_PER_TASK" in script and os.access(WORKERS, os.X_OK)


def test_the_plain_script_says_what_it_misses() -> None:
    env = {name: value for name, value in ENVIRONMENT.items() if name != "DLMATH_SCHEDULER"}
    done = subprocess.run(["bash", str(WORKERS)], env=env, capture_output=True, text=True)
    assert done.returncode == 1 and "expected the address of the scheduler, such as tls://10.0.0.5:8786" in done.stderr


@pytest.mark.cluster
def test_the_plain_script_grades(handed_in: Course, tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    """Without Slurm the script starts its worker here: it grades, and leaves nothing behind when it is ended."""
    assert shutil.which("srun") is None, "this test is for machines without Slurm"
    file, scratch = tmp_path / "scheduler.json", tmp_path / "scratch"
    scratch.mkdir()
    words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    started.append(subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_scheduler", *words], env=ENVIRONMENT))
    address = yaml.safe_load(content(file))["address"]
    env = {**ENVIRONMENT, "DLMATH_SCHEDULER": address, "DLMATH_PYTHON": sys.executable, "TMPDIR": str(scratch)}
    worker = subprocess.Popen(["bash", str(WORKERS)], env=env)
    started.append(worker)
    grade_on(handed_in, address, ENVIRONMENT)
    started[0].terminate()  # the scheduler ends, so does the job
    worker.wait(WAIT_SECONDS)
    assert list(scratch.iterdir()) == []


@pytest.mark.cluster
def test_jobs_live_as_long_as_the_command(handed_in: Course, tmp_path: Path) -> None:
    """cluster.py submits as many jobs as have work, by an sbatch that runs them here; they grade and are cancelled."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tools / name).write_text(text.format(folder=tools))
        (tools / name).chmod(0o755)
    env = {**ENVIRONMENT, "HOME": str(tmp_path), "PATH": f"{tools}{os.pathsep}{ENVIRONMENT['PATH']}"}
    words = ["--course", str(handed_in.home), "-q", "grade", "--json"]
    done = subprocess.run(
        [*CLUSTER, "--jobs", "3", "--", *words], env=env, capture_output=True, text=True, timeout=WAIT_SECONDS
    )
    assert done.returncode == 0, done.stderr
    assert_graded(handed_in, done.stdout)
    assert len((tools / "cancelled").read_text().split()) == 1
    assert not list(tmp_path.glob(".dlmath-tls-*"))


def content(file: Path) -> str:
    """What is in a file that somebody is about to write."""
    until = time.monotonic() + WAIT_SECONDS
    while not file.exists() or not file.read_text():
        assert time.monotonic() < until, f"{file.name} was not written"
        time.sleep(0.05)
    return file.read_text()
