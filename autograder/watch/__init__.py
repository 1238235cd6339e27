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
    from autograder.watch.run import Run, Watch
    from autograder.watch.state import Counters, Hand, RunState, worker_name
    from autograder.watch.status import Status

__all__ = ["Counters", "Hand", "Laps", "Phase", "Run", "RunState", "Status", "Watch", "worker_name"]

__getattr__ = from_modules(
    __name__,
    {
        "Counters": "state",
        "Hand": "state",
        "Laps": "phases",
        "Phase": "phases",
        "Run": "run",
        "RunState": "state",
        "Status": "status",
        "Watch": "run",
        "worker_name": "state",
    },
)
