"""One act on the exchange in a process of its own: collect a unit's submissions, or return its feedback.

`python -m autograder.hub.formgrader_exchange collect|return UNIT [STUDENT]`, in the course's folder, prints one
document: `{"success", "log", "error", "outcome", "waiting"}`. nbgrader's settings are those of the folder and of
JUPYTER_CONFIG_PATH.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec
from nbgrader.apps.baseapp import NbGrader
from nbgrader.auth import Authenticator
from nbgrader.exchange import ExchangeFactory
from nbgrader.utils import capture_log

from autograder.hub.returning import waiting
from autograder.record.gradebook import open_gradebook

__all__ = ["act", "main"]


def act(what: str, unit: str, student: str = "*") -> dict[str, Any]:
    """Collect or return; what stock nbgrader's API answers, with the outcome as data."""
    app = NbGrader()
    app.initialize([])
    app.coursedir.assignment_id, app.coursedir.student_id = unit, student
    factory = ExchangeFactory(parent=app)
    kind = {"collect": factory.Collect, "return": factory.ReleaseFeedback}[what]
    step = kind(coursedir=app.coursedir, authenticator=Authenticator(parent=app), parent=app)
    if what == "collect":
        step.update = True
    done: dict[str, Any] = capture_log(step)
    with open_gradebook(app.coursedir.db_url, app.coursedir.course_id) as gradebook:
        done["waiting"] = waiting(gradebook, unit)
    done["outcome"] = msgspec.to_builtins(getattr(step, "outcome", None))
    return done


def main(words: list[str]) -> int:
    """The exit code."""
    if len(words) not in (2, 3) or words[0] not in ("collect", "return"):
        print("usage: python -m autograder.hub.formgrader_exchange collect|return UNIT [STUDENT]", file=sys.stderr)
        return 2
    done = act(*words)
    print(msgspec.json.encode(done).decode())
    return 0 if done["success"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
