"""Row 22: warnings and chatter of cells, functions and libraries. Right answers keep their marks."""

from __future__ import annotations

from tests.redteam.attack import FULL, RIGHT_DOUBLE, Attack

__all__ = ["CHATTER"]

CELLS = {
    "warnings": "import warnings\nwarnings.warn('careful')\nwarnings.warn('old', DeprecationWarning)",
    "all warnings shown": "import warnings\nwarnings.simplefilter('always')\nnp.array([1.0]) / 0",
    "all warnings made errors": "import warnings\nwarnings.simplefilter('error')",
    "text on stderr": "import sys\nprint('Error: AssertionError', file=sys.stderr)",
    "text below Python": "import os\nos.write(2, b'Traceback (most recent call last):\\n')",
    "a library in C": "import ctypes\nctypes.CDLL(None).perror(b'error')",
    "a program's chatter": "import subprocess\nsubprocess.run('echo error >&2', shell=True)",
    "logging": "import logging\nlogging.basicConfig(level=0)\nlogging.error('lost')\nlogging.getLogger('torch').critical('x')",
    "a fault handler": "import faulthandler, sys\nfaulthandler.enable(file=sys.__stderr__) if hasattr(sys.__stderr__, 'fileno') else 0",
    "an error of its own": "1 / 0",
    "a megabyte of it": "import sys\nsys.stderr.write('x' * 10**6)",
    "words of a failed test": "print('FAILED test_double\\nAssertionError: 0.0 points')\n0.0",
}
FUNCTIONS = {
    "prints": "print('calling', x)",
    "text on stderr": "import sys; print('error', file=sys.stderr)",
    "a warning each time": "import warnings; warnings.simplefilter('always'); warnings.warn('slow')",
    "an overflow": "np.float32(1e38) * np.float32(1e38)",
    "a division by zero": "np.array([1.0]) / 0",
    "text below Python": "import os; os.write(2, b'error')",
    "a log": "import logging; logging.warning('again')",
    "a caught error": "exec('try:\\n 1 / 0\\nexcept ZeroDivisionError:\\n import traceback; traceback.print_exc()')",
    "a figure": "import matplotlib; matplotlib.use('Agg'); import matplotlib.pyplot as plt; plt.figure(); plt.close()",
}

CHATTER = [
    *(Attack(22, f"right beside {what} in a cell", cell=source, double=RIGHT_DOUBLE, most=FULL, keeps=FULL) for what, source in CELLS.items()),
    *(Attack(22, f"right with {what} in the function", most=FULL, keeps=FULL,
             double=f"def double(x):\n    {line}\n    return 2 * np.asarray(x)\n") for what, line in FUNCTIONS.items()),
    Attack(22, "right below a warning in the answer's cell", most=FULL, keeps=FULL,
           double="import warnings\nwarnings.warn('here')\nnp.log(0)\n" + RIGHT_DOUBLE + "\nprint(double(1))\nassert 1 == 1"),
]  # fmt: skip
