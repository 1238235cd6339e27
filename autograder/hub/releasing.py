"""`nbgrader release_assignment` whose inbound folder protects what students hand in from each other."""

from __future__ import annotations

import stat
from pathlib import Path

from nbgrader.exchange.default import ExchangeReleaseAssignment

__all__ = ["ReleaseAssignment"]


class ReleaseAssignment(ExchangeReleaseAssignment):
    """Stock releasing, but for: in `inbound`, a folder is renamed or removed by its owner alone (the sticky bit).

    Stock nbgrader lets everybody who knows the name of a submission's folder rename it, so that it is never collected.
    """

    def init_dest(self) -> None:
        """Make the exchange's folders."""
        super().init_dest()
        inbound = Path(self.inbound_path)
        mode = stat.S_IMODE(inbound.stat().st_mode)
        if not mode & stat.S_ISVTX:
            inbound.chmod(mode | stat.S_ISVTX)
