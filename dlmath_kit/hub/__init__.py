"""What a student's Jupyter server needs on the hub. Installed by `dlmath-kit[hub]`; notebooks import nothing of it.

extension    the page of the units and its API: a Jupyter server extension
actions      fetch, submit, feedback, receipts, over nbgrader's exchange
validation   runs the visible checks in a process of its own
gpu          leases of graphics cards
"""

from __future__ import annotations

from typing import Any

__all__ = ["_jupyter_server_extension_points", "_load_jupyter_server_extension"]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "dlmath_kit.hub"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Jupyter calls this; the import waits for it, because kernels import this package too."""
    from dlmath_kit.hub.extension import load

    load(server)
