"""Attempts to break the batch: rows 16-19. Each may cost only the exercise concerned."""

from __future__ import annotations

from tests.redteam.attack import Attack

__all__ = ["BREAKING"]

ENDS = {
    "sys.exit": "import sys\nsys.exit(0)",
    "os._exit": "import os\nos._exit(0)",
    "quit": "quit()",
    "abort": "import os\nos.abort()",
    "segmentation fault": "import ctypes\nctypes.string_at(0)",
    "kill -9 of itself": "import os\nos.kill(os.getpid(), 9)",
    "deep recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1) + 1\nf(0)",
    "stack overflow in C": "import pickle\na = []\nfor _ in range(10**6): a = [a]\nrepr(a)",
    "an exit handler": "import atexit, os\natexit.register(os._exit, 1)",
    "a destructor": "import os\nclass D:\n    def __del__(self): os._exit(1)\nd = D()\ndel d",
    "a thread": "import os, threading\nthreading.Timer(0.05, os._exit, (1,)).start()\nimport time\ntime.sleep(0.2)",
}

LOOPS = {
    "pass for ever": "while True:\n    pass",
    "swallowed interrupts": "while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass",
    "ignored signals": "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass\nwhile True:\n    pass",
    "sleep": "import time\ntime.sleep(1e6)",
    "C code": "2 ** (10 ** 9) % 7",
    "blocked signals and sleep": "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: time.sleep(1e5)",
}

BOMBS = {
    "forks": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "threads": "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(1e6,)).start()",
    "a daemon": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
    "        open('daemon', 'w').write('CAN' + 'ARY-daemon')\n        time.sleep(1e6)\n    os._exit(0)",
}

FILLS = {
    "Python objects": "a = []\nwhile True: a.append(bytearray(2**26))",
    "numpy": "a = []\nwhile True: a.append(np.ones(2**23))",
    "torch": "import torch\na = []\nwhile True: a.append(torch.ones(2**23))",
    "mmap": "import mmap\na = []\nwhile True:\n    m = mmap.mmap(-1, 2**26)\n    m.write(b'x' * 2**26)\n    a.append(m)",
    "memory spread over processes": "import os, time\nfor _ in range(16):\n    if os.fork() == 0:\n"
    "        a = bytearray(2**28)\n        time.sleep(1e6)\ntime.sleep(1e6)",
    "disk": "f = open('big', 'wb')\nwhile True: f.write(b'x' * 2**24)",
    "temporary files": "import tempfile\nfs = []\nwhile True:\n    f = tempfile.NamedTemporaryFile(delete=False)\n"
    "    f.write(b'x' * 2**24)\n    fs.append(f)",
    "inodes": "i = 0\nwhile True:\n    open(f'f{i}', 'w').close()\n    i += 1",
    "descriptors": "import os\nfds = []\nwhile True: fds.append(os.dup(1))",
}


def _called(source: str) -> str:
    return "def double(x):\n" + "".join(f"    {line}\n" for line in source.splitlines()) + "    return x"


def _both(row: int, kind: str, sources: dict[str, str]) -> list[Attack]:
    """In a cell of its own, and in the tested function."""
    cells = [Attack(row, f"{kind} {what}, in a cell", cell=source) for what, source in sources.items()]
    return cells + [
        Attack(row, f"{kind} {what}, when called", double=_called(source)) for what, source in sources.items()
    ]


BREAKING = [
    *_both(16, "ends by", ENDS),
    *_both(17, "loops by", LOOPS),
    Attack(17, "loops in a repr", cell="class R:\n    def __repr__(self):\n        while True: pass\nR()"),
    Attack(17, "loops in a generator", double="def double(x):\n    while True:\n        yield 1"),
    *_both(18, "bombs with", BOMBS),
    *_both(19, "fills with", FILLS),
]
