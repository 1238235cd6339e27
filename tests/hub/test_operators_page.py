"""The examples of docs/operators.md: what can be known of them without a cluster or a login server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from autograder.hub.readiness import _classes
from autograder.hub.settings import read_settings
from tests.build.small_course import make_course

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operators.md").read_text(encoding="utf-8")
EXAMPLES = [text for text in re.findall(r"```toml\n(.*?)```", PAGE, re.S) if ".options]" in text]


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: re.findall(r'kind = "(\w+)"', text)[0])
def test_examples_are_settings_that_the_classes_have(text: str, tmp_path: Path) -> None:
    """Each option of an example is a trait of its class and has a value that the class takes."""
    make_course(tmp_path)
    (tmp_path / ".hub").mkdir()
    (tmp_path / "exchange").mkdir()
    text = text.replace("/srv/exchange", str(tmp_path / "exchange"))
    (tmp_path / ".hub" / "hub.toml").write_text(text, encoding="utf-8")
    assert list(_classes(read_settings(tmp_path))) == []


def test_there_are_examples() -> None:
    """Logins by OAuth and LTI, and Kubernetes."""
    assert len(EXAMPLES) == 3


def test_manifests_name_what_the_settings_name() -> None:
    """The Service is the name that hub.toml gives the hub, and offers the ports of proxy and hub."""
    (manifests,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    service = next(part for part in yaml.safe_load_all(manifests) if part["kind"] == "Service")
    assert f'connect = "{service["metadata"]["name"]}"' in PAGE
    assert [port["port"] for port in service["spec"]["ports"]] == [8000, 8001]
