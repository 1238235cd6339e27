"""How a student's code can fail, and what is said about it.

An error text may repeat a hidden input. Outside parts with public inputs, a text is shown only when it has the
form of one of Python's, numpy's or torch's common messages, with names that the student wrote and small numbers.
"""

from __future__ import annotations

import builtins
import re
from typing import Any

from autograder.key.raising import Raised
from autograder.results import Verdict

__all__ = ["AnswerFault", "blocked", "not_callable", "not_defined", "raised_message", "unusable"]

SHAPE = r"(?:torch\.Size\(\[[\d, ]*\]\)|[\(\[]?[\d,x ]*[\)\]]?)"
COMMON = [
    r"name '(\w+)' is not defined",
    r"cannot access local variable '(\w+)' where it is not associated with a value",
    r"(\w+)\(\) missing \d+ required positional arguments?: '(\w+)'(?:,? and '(\w+)')?",
    r"(\w+)\(\) takes (?:from )?\d+ (?:to \d+ )?positional arguments? but \d+ (?:was|were) given",
    r"(\w+)\(\) got an unexpected keyword argument '(\w+)'",
    r"'(\w+)' object has no attribute '(\w+)'",
    r"module '([\w.]+)' has no attribute '(\w+)'",
    r"'(\w+)' object is not (?:callable|iterable|subscriptable)",
    r"unsupported operand type\(s\) for (?:[-+*/@%&|^<>=]{1,3}|\*\* or pow\(\)): '(\w+)' and '(\w+)'",
    rf"operands could not be broadcast together with (?:remapped )?shapes (?:{SHAPE} ?)+",
    rf"shapes {SHAPE} and {SHAPE} not aligned: \d+ \(dim \d\) != \d+ \(dim \d\)",
    r"matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature [\w(),?>-]+ "
    r"\(size \d+ is different from \d+\)",
    rf"cannot reshape array of size \d+ into shape {SHAPE}",
    rf"could not broadcast input array from shape {SHAPE} into shape {SHAPE}",
    rf"mat1 and mat2 shapes cannot be multiplied {SHAPE} and {SHAPE}",
    r"index \d+ is out of bounds for axis \d+ with size \d+",
    r"axis -?\d+ is out of bounds for array of dimension \d+",
    r"too many indices for array: array is \d+-dimensional, but \d+ were indexed",
    r"(?:too many|not enough) values to unpack \(expected \d+(?:, got \d+)?\)",
    r"(?:list|tuple|string) index out of range",
    r"division by zero",
    r"maximum recursion depth exceeded(?: in comparison| while calling a Python object| in __instancecheck__)?",
    r"assignment destination is read-only",
    r"Singular matrix",
    r"The truth value of an array with more than one element is ambiguous\. Use a\.any\(\) or a\.all\(\)",
    r"only integer scalar arrays can be converted to a scalar index",
    r"cannot unpack non-iterable (\w+) object",
    r"Cannot cast ufunc '(\w+)' output from dtype\('(\w+)'\) to dtype\('(\w+)'\) with casting rule 'same_kind'",
    r"setting an array element with a sequence\.(?: The requested array has an inhomogeneous shape after \d+ "
    rf"dimensions\. The detected shape was {SHAPE} \+ inhomogeneous part\.?)?",
]
COMMON_TEXT = re.compile("|".join(f"(?:{p})" for p in COMMON))
TYPES = set(
    "NoneType int float complex bool str bytes list tuple dict set range slice function method type object builtin "
    "builtin_function_or_method module generator ndarray numpy Tensor torch int64 int32 float64 float32 bool_ uint8 "
    "add subtract multiply divide power float16 complex128 math random linalg Generator".split()
)
SMALL = 1000  # larger numbers in an error text are not shown


class AnswerFault(Raised):
    """The student's code did not give a value.

    Args:
        verdict: CRASH, TIMEOUT, BLOCKED or FAIL.
        kind: name of the exception type, "" unless the code raised.
        text: the exception's own text, which may hold hidden inputs, or the whole message for other faults.
        place: "cell softmax, line 3" where known.
        builtin: name of the builtin exception type that `kind` is, or is derived from.
    """

    def __init__(self, verdict: Verdict, kind: str = "", text: str = "", place: str = "", builtin: str = "") -> None:
        super().__init__(f"{verdict}: {kind} {text}")
        self.verdict, self.kind, self.text, self.place, self.builtin = verdict, kind, text, place, builtin

    def __reduce__(self) -> Any:
        return type(self), (self.verdict, self.kind, self.text, self.place, self.builtin)


def not_defined(name: str, cell: str) -> str:
    return f'{name}: not defined. The cell "{cell}" must define a function of this name.'


def not_callable(name: str, got: str) -> str:
    return f"{name}: got {got}, expected a function."


def blocked(name: str) -> str:
    """A refused module or call; what else breaks the rules is not repeated."""
    if re.fullmatch(r"[A-Za-z_][\w.]{0,79}", name):
        return f"`{name}` may not be used in this exercise."
    return "Your code interferes with the program that grades it."


def unusable(what: str) -> str:
    words = re.sub(r"[^A-Za-z _.-]", "", what)[:80].strip()
    return f"Your function returned {words or 'something'}, which cannot be used here."


def raised_message(fault: AnswerFault, public: bool, source: str | None) -> str:
    """What the student's function raised, in at most 300 characters.

    Args:
        public: the inputs may be seen, so the text is shown.
        source: the student's code, whose names may be shown; None for no restriction.
    """
    kind = fault.kind if public or source is None or _known(fault.kind, source) else "an exception"
    where = f" ({fault.place})" if fault.place else ""
    text = " ".join(fault.text.split())[:300]
    if text and (public or source is None or _harmless(text, source)):
        return f"Your function raised {kind}: {text.rstrip('.')}{where}."
    return f"Your function raised {kind}{where}."


def _known(kind: str, source: str) -> bool:
    """Is this exception's name one that everybody knows, or that the student wrote?"""
    return hasattr(builtins, kind) or kind in ("LinAlgError", "AxisError") or kind in re.findall(r"\w+", source)


def _harmless(text: str, source: str) -> bool:
    found = COMMON_TEXT.fullmatch(text)
    if not found:
        return False
    names = {part for g in found.groups() if g for part in g.split(".")}
    words = set(re.findall(r"\w+", source)) | TYPES
    numbers = re.findall(r"\d+", "".join(c if c not in "'" else " " for c in text))
    return names <= words and len(numbers) <= 12 and all(len(n) < 10 and int(n) < SMALL for n in numbers)
