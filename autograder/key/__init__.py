"""Answer keys: what an exercise asks, how it is checked, which wrong answers are known.

key           Key: parts, accepted and rejected answers
comparators   close, exact, check: the first difference, in words for the student
directional   gradients against central differences
raising       raises: errors that an answer must raise
standard      the checks that every numerical exercise shares
bans          modules and calls that an exercise forbids
tolerances    T64, T64E, T32, ITER
placing       placed, state: torch modules and optimisers on the answer's side
loading       load_key: the key of an exercise, from its file
exposing      expose: let an answer call some methods of an object of the key
sources       an accepted or rejected answer as a student's cell
"""

from autograder.key.bans import N0, Bans
from autograder.key.comparators import check, close, exact
from autograder.key.directional import directional
from autograder.key.exposing import expose
from autograder.key.key import Key, Part, Variant
from autograder.key.loading import load_key
from autograder.key.mismatch import Mismatch
from autograder.key.placing import placed, state
from autograder.key.raising import raises
from autograder.key.standard import standard
from autograder.key.tolerances import ITER, T32, T64, T64E, Tolerance

__all__ = [
    "ITER",
    "N0",
    "T32",
    "T64",
    "T64E",
    "Bans",
    "Key",
    "Mismatch",
    "Part",
    "Tolerance",
    "Variant",
    "check",
    "close",
    "directional",
    "exact",
    "expose",
    "load_key",
    "placed",
    "raises",
    "standard",
    "state",
]
