"""When the hub will stop this server for want of use, asked without using it.

The hub takes the later of two times for the last use: what Jupyter's server reports (its API, kernels, terminals) and
when its proxy last passed an answer on. The proxy counts every answer below 300, so a page that asks how long the
server still lives would keep it alive by asking. `Idle` therefore answers 304, without a body: the proxy counts that
as no use, and the time stands in a header.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from dlmath_kit.hub.desk import Api

__all__ = ["HEADER", "Idle", "watch"]

HEADER = "X-Dlmath-Idle-Seconds"
SEEN = "dlmath_seen"  # not "..._last_activity": Jupyter would report it to the hub
COUNTED = 300  # the proxy takes answers below this for use


def watch(web_app: Any) -> None:
    """Note when this server last gave an answer that the proxy counts."""
    stock = web_app.log_request
    web_app.settings[SEEN] = datetime.now(UTC)

    def log_request(handler: web.RequestHandler) -> None:
        if handler.get_status() < COUNTED:
            web_app.settings[SEEN] = datetime.now(UTC)
        stock(handler)

    web_app.log_request = log_request


class Idle(Api):
    """GET: 304, and in a header for how many seconds nobody has used the server; 0 while a cell runs."""

    _track_activity = False

    @web.authenticated
    @authorized
    def get(self) -> None:
        idle = 0.0 if self.works() else (datetime.now(UTC) - self.last_use()).total_seconds()
        self.set_header(HEADER, str(max(0, round(idle))))
        self.set_header("Cache-Control", "no-store")
        self.set_status(304)
        self.finish()

    def last_use(self) -> datetime:
        """As the hub sees it."""
        reported: datetime = self.application.last_activity()  # type: ignore[attr-defined]
        return max(reported, self.settings[SEEN])

    def works(self) -> bool:
        """Does a cell run? Such a server is not stopped, however silent it is."""
        kernels = (self.kernel_manager.get_kernel(id) for id in self.kernel_manager.list_kernel_ids())
        return any(getattr(kernel, "execution_state", "") == "busy" for kernel in kernels)
