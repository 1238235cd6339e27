"""Joins the page of the units to a Jupyter server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dlmath_kit.hub.desk import Desk
from dlmath_kit.hub.handlers import routes
from dlmath_kit.hub.idling import watch

__all__ = ["load"]

# A folder of Jupyter configuration: labconfig/default_setting_overrides.json below it holds our defaults for
# JupyterLab, which a student's own settings replace.
DEFAULTS = Path(__file__).parent


def load(server: Any) -> None:
    """Add the handlers, and our defaults for JupyterLab."""
    web_app = server.web_app
    watch(web_app)
    web_app.add_handlers(".*$", routes(web_app.settings["base_url"], Desk(Path(server.root_dir).resolve())))
    path = os.environ.get("JUPYTER_CONFIG_PATH", "")
    if str(DEFAULTS) not in path.split(os.pathsep):
        os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [path, str(DEFAULTS)]))
    server.log.info("dlmath: the page of the units is at %sdlmath", web_app.settings["base_url"])
