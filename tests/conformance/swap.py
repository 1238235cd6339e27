"""A pytest plugin: nbgrader finds our executor, sanitiser and redaction in a configuration folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from autograder.nbgrader.settings import validate_by_ours

CONFIGURATION = """
from autograder.nbgrader import configure

configure(get_config())
"""


def pytest_configure() -> None:
    folder = Path(tempfile.mkdtemp(prefix="conformance-config-", dir=os.environ.get("HOME")))
    (folder / "nbgrader_config.py").write_text(CONFIGURATION, encoding="utf-8")
    os.environ["JUPYTER_CONFIG_PATH"] = str(folder)
    validate_by_ours()
