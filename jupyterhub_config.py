"""The course's hub. Settings stand in .hub/hub.toml (docs/operators.md); what JupyterHub can do beyond them, here."""

from pathlib import Path

from autograder.hub.configure import configure

c = get_config()  # noqa: F821 - given by JupyterHub
configure(c, Path(__file__).parent)
