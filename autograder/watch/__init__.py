"""How grading is watched: where its time goes, how far it is, what happened.

- `phases`: seconds by phase
- `state`: `.autograder/run.json`, what a run says of itself while it works
- `run`: what a batch tells as it goes; keeps state, log and metrics
- `log`: `.autograder/log/`, one JSON object a line
- `metrics`: the same numbers as Prometheus reads them
- `status`: what another process can tell of a run
"""

from typing import TYPE_CHECKING

from autograder.lazy import from_modules

if TYPE_CHECKING:
    from autograder.watch.phases import Laps, Phase
    from autograder.watch.state import worker_name

__all__ = ["Laps", "Phase", "worker_name"]

__getattr__ = from_modules(__name__, {"Laps": "phases", "Phase": "phases", "worker_name": "state"})
