"""From a unit as text to the notebooks that students get.

build     source/unit/*.py -> source/unit/*.ipynb, or a BuildError that names every fault
release   source/unit/*.ipynb -> release/unit/*.ipynb, by nbgrader's own conversion
solve     source/unit/*.ipynb -> solutions/unit/*.ipynb, executed
"""

from typing import TYPE_CHECKING

from autograder.lazy import from_modules

if TYPE_CHECKING:
    from autograder.build.notebooks import BuiltNotebook, BuiltUnit, build
    from autograder.build.releasing import ReleasedUnit, release
    from autograder.build.solving import SolvedNotebook, solve

__all__ = ["BuiltNotebook", "BuiltUnit", "ReleasedUnit", "SolvedNotebook", "build", "release", "solve"]

__getattr__ = from_modules(
    __name__,
    {
        "BuiltNotebook": "notebooks",
        "BuiltUnit": "notebooks",
        "ReleasedUnit": "releasing",
        "SolvedNotebook": "solving",
        "build": "notebooks",
        "release": "releasing",
        "solve": "solving",
    },
)
