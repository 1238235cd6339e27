"""Attempts to drown the grader: outputs and values (row 20), notebooks that are broken or huge (row 21)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.redteam.attack import FULL, RIGHT_DOUBLE, Attack

__all__ = ["FLOODING"]

Document = Callable[[dict[str, Any]], bytes]

OUTPUTS = {
    "30 MB on one line": "print('x' * 30_000_000)",
    "endless output": "while True: print('x' * 1000)",
    "endless output past Python": "import os\nwhile True: os.write(1, b'x' * 10**6)",
    "endless errors": "import sys\nwhile True: sys.stderr.write('x')",
    "millions of outputs": "from IPython.display import display\nfor i in range(10**6): display(i)",
    "millions of colours": "print('\\x1b[31m' * 10**6)",
    "carriage returns": "print('\\r' * 10**6 + 'x')",
    "backspaces": "print('x\\b' * 10**6)",
    "a huge picture": "import matplotlib.pyplot as plt\nplt.figure(figsize=(100, 100), dpi=200)\nplt.plot([1, 2])\nplt.show()",
    "many pictures": "from IPython.display import Image, display\nimport base64\n"
    "p = base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==')\n"
    "for _ in range(5000): display(Image(p))",
    "pictures that are none": "from IPython.display import display\nfor _ in range(100): display({'image/png': 'A' * 10**6}, raw=True)",
    "a bundle of a thousand types": "from IPython.display import display\ndisplay({f'a/b{i}': 'x' * 1000 for i in range(10**4)}, raw=True)",
    "data that is no text": "from IPython.display import display\ndisplay({'text/plain': [[['x']]] , 'text/html': {'a': 1}, 3: 4}, raw=True)",
    "a deep bundle": "from IPython.display import display\na = {}\nfor _ in range(10**5): a = {'a': a}\ndisplay({'application/json': a}, raw=True)",
    "a huge value": "list(range(10**7))",
    "an endless repr": "class R:\n    def __repr__(self): return 'x' * 10**8\nR()",
    "a repr that prints": "class R:\n    def __repr__(self):\n        for _ in range(10**7): print('x')\n        return ''\nR()",
    "a huge error": "raise ValueError('x' * 10**8)",
    "an error of many lines": "raise ValueError('\\n' * 10**7)",
    "a chain of errors": "def f(n):\n    try:\n        if n: f(n - 1)\n        raise ValueError(n)\n    except ValueError as e:\n"
    "        raise KeyError(n) from e\nf(300)",
    "a cleared display": "from IPython.display import clear_output\nfor i in range(10**6):\n    print(i)\n    clear_output()",
    "bytes that are no text": "import os\nos.write(1, bytes(range(256)) * 1000)",
    "lone surrogates": "print('\\ud800' * 1000)",
    "a warning a moment": "import warnings\nwarnings.simplefilter('always')\nfor i in range(10**5): warnings.warn(str(i))",
}
VALUES = {
    "a cycle": "a = [1]; a.append(a); return a",
    "a cycle of dictionaries": "d = {}; d['d'] = d; return d",
    "10^6 levels of tuples": "a = ()\n    for _ in range(10**6): a = (a,)\n    return a",
    "10^7 small lists": "return [[] for _ in range(10**7)]",
    "a text of 10^9 characters": "return 'x' * 10**9",
    "one list a thousand times over": "a = [0] * 1000\n    for _ in range(5): a = [a] * 1000\n    return a",
    "an array of 2^40 entries that takes no room": "return np.broadcast_to(np.float64(1), (2**20, 2**20))",
    "an array without elements of 2^62": "return np.zeros((2**62, 0))",
    "64 axes": "return np.zeros((1,) * 32)",
    "a tensor that takes no room": "return torch.zeros(1).expand(2**40)",
    "a range of 10^18": "return range(10**18)",
    "an integer of 10^6 digits": "return 10 ** 10**6",
    "keys of 10^6 characters": "return {'x' * 10**6: i for i in range(2)}",
    "an endless iterator": "import itertools; return itertools.count()",
    "an object whose length is a lie": "return type('L', (), {'__len__': lambda s: 2**62, '__getitem__': lambda s, i: 0})()",
    "prints without end": "while True: print('x' * 1000)",
}


def _whole(data: bytes) -> Document:
    return lambda notebook: data


def _dumped(change: Callable[[dict[str, Any]], object], **how: Any) -> Document:
    """The right notebook with a change to its structure."""

    def document(notebook: dict[str, Any]) -> bytes:
        changed = change(notebook)
        return json.dumps(changed if isinstance(changed, (dict, list)) else notebook, **how).encode(
            "utf-8", "surrogatepass"
        )

    return document


def _cell(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source, **more}


def _each(notebook: dict[str, Any], **entries: Any) -> None:
    for cell in notebook["cells"]:
        cell.update(entries)


DEEP = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": ' + b"[" * 10**5 + b"]" * 10**5 + b"}"
BROKEN: dict[str, tuple[Document, float | None]] = {  # and what is left of the right answer in it
    "nothing": (_whole(b""), 0.0),
    "white space": (_whole(b"\n" * 10**6), 0.0),
    "no JSON": (_whole(b"import numpy as np\n"), 0.0),
    "zero bytes": (_whole(bytes(10**6)), 0.0),
    "a picture": (_whole(b"\x89PNG\r\n\x1a\n" + bytes(1000)), 0.0),
    "a list": (_dumped(lambda n: [n]), 0.0),
    "a number": (_whole(b"5"), 0.0),
    "nan": (_whole(b"NaN"), 0.0),
    "deep JSON": (_whole(DEEP), 0.0),
    "a number of 10^5 digits": (_whole(b'{"nbformat": ' + b"4" * 10**5 + b"}"), 0.0),
    "half a notebook": (lambda n: json.dumps(n).encode()[:-200], 0.0),
    "two notebooks": (lambda n: json.dumps(n).encode() * 2, 0.0),
    "no UTF-8": (lambda n: json.dumps(n).encode().replace(b"double", b"d\xff\xfe", 1), 0.0),
    "UTF-16": (lambda n: json.dumps(n).encode("utf-16"), 0.0),
    "a mark in front": (lambda n: b"\xef\xbb\xbf" + json.dumps(n).encode(), 5.0),
    "lone surrogates": (_dumped(lambda n: n["cells"].append(_cell("'\ud800'"))), 5.0),
    "format 2": (_dumped(lambda n: n.update(nbformat=2)), 0.0),
    "format 5": (_dumped(lambda n: n.update(nbformat=5)), 0.0),
    "a format that is a text": (_dumped(lambda n: n.update(nbformat="4")), 0.0),
    "format 3 that is none": (_dumped(lambda n: n.update(nbformat=3, worksheets=[{"cells": 7}])), 0.0),
    "format 3 of another shape": (_whole(b'{"nbformat": 3, "worksheets": "x", "metadata": []}'), 0.0),
    "no cells": (_dumped(lambda n: n.pop("cells") and n), 0.0),
    "an empty list of cells": (_dumped(lambda n: n["cells"].clear()), 0.0),
    "cells that are a text": (_dumped(lambda n: n.update(cells="x" * 1000)), 0.0),
    "cells that are numbers": (_dumped(lambda n: n.update(cells=list(range(1000)))), 0.0),
    "cells that are none": (_dumped(lambda n: n.update(cells=[None, [], {}, {"cell_type": "code"}])), 0.0),
    "an unknown kind of cell": (_dumped(lambda n: _each(n, cell_type="heading")), 0.0),
    "sources that are numbers": (_dumped(lambda n: _each(n, source=7)), 0.0),
    "sources of nested lists": (_dumped(lambda n: _each(n, source=[["x"]])), 0.0),
    "metadata that are lists": (_dumped(lambda n: _each(n, metadata=[])), None),
    "flags that are texts": (_dumped(lambda n: _each(n, metadata={"nbgrader": "x"})), None),
    "ids that are objects": (_dumped(lambda n: _each(n, id={"a": 1})), 5.0),
    "grade ids that are numbers": (_dumped(lambda n: _each(n, metadata={"nbgrader": {"grade_id": 7}})), None),
    "metadata of the notebook that is a text": (_dumped(lambda n: n.update(metadata="x")), 5.0),
    "outputs of another shape": (_dumped(lambda n: _each(n, outputs={"x": 1}, execution_count="x")), 5.0),
    "attachments of another shape": (_dumped(lambda n: _each(n, attachments={"a": [1], "b": {"image/png": 7}})), 5.0),
    "another kernel": (_dumped(lambda n: n["metadata"].update(kernelspec={"name": "ir", "language": "R", "display_name": "R"})), 5.0),
    "a kernel that is a program": (_dumped(lambda n: n["metadata"].update(kernelspec={"name": "../../bin/sh", "language": ["x"]})), 5.0),
    "10^5 cells": (_dumped(lambda n: n["cells"].extend([_cell("1")] * 10**5)), 0.0),
    "4000 cells": (_dumped(lambda n: n["cells"].extend([_cell("")] * 4000)), 5.0),
    "a cell of 50 MB": (_dumped(lambda n: n["cells"].append(_cell("#" * 50_000_000))), 0.0),
    "a cell of 2 MB": (_dumped(lambda n: n["cells"].append(_cell("#" * 2_000_000))), 5.0),
    "a line of 900 kB": (_dumped(lambda n: n["cells"].append(_cell("x = " + "1+" * 450_000 + "1"))), 5.0),
    "900 kB of brackets": (_dumped(lambda n: n["cells"].append(_cell("(" * 900_000))), 5.0),
    "a source of 10^6 lines": (_dumped(lambda n: n["cells"].append(_cell(["\n"] * 10**6))), 5.0),
    "10^4 keys in the metadata": (_dumped(lambda n: n["metadata"].update({str(i): i for i in range(10**4)})), 5.0),
    "a name of 10^5 characters": (_dumped(lambda n: n["cells"].append(_cell("1", metadata={"nbgrader": {"grade_id": "x" * 10**5}}))), 5.0),
    "another unit's notebook": (_dumped(lambda n: [c["metadata"].get("nbgrader", {}).update(grade_id=f"u{i}") or c.update(id=f"u{i}", source="1") for i, c in enumerate(n["cells"])] and n), 0.0),
    "keys twice": (lambda n: json.dumps(n).encode().replace(b'"metadata"', b'"metadata": 7, "metadata"'), 5.0),
    "a zero byte in a cell": (_dumped(lambda n: n["cells"].append(_cell("x = '\0'"))), 5.0),
}  # fmt: skip


def _no_file(folder: Any, course: Any) -> None:
    (folder / "attack.ipynb").unlink()


FLOODING = [
    *(Attack(20, f"floods with {what}", cell=source) for what, source in OUTPUTS.items()),
    *(Attack(20, f"returns {what}", double=f"def double(x):\n    {line}") for what, line in VALUES.items()),
    *(Attack(21, f"hands in {what}", document=document, keeps=keeps) for what, (document, keeps) in BROKEN.items()),
    Attack(21, "hands in no notebook", place=_no_file, keeps=0.0),
    Attack(21, "hands in extra notebooks", most=FULL, keeps=FULL, double=RIGHT_DOUBLE, place=lambda folder, course: [
        (folder / f"extra{n}.ipynb").write_bytes(DEEP) for n in range(20)] and None),
]  # fmt: skip
