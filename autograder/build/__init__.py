"""From a unit as text to the notebooks that students get.

build     source/unit/*.py -> source/unit/*.ipynb, or a BuildError that names every fault
release   source/unit/*.ipynb -> release/unit/*.ipynb, by nbgrader's own conversion
solve     source/unit/*.ipynb -> solutions/unit/*.ipynb, executed
"""

from autograder.build.notebooks import BuiltNotebook, BuiltUnit, build
from autograder.build.release import ReleasedUnit, release
from autograder.build.solve import SolvedNotebook, solve

__all__ = ["BuiltNotebook", "BuiltUnit", "ReleasedUnit", "SolvedNotebook", "build", "release", "solve"]
