"""Attempts to steal answers or data: rows 11-12. Everything found is printed; canaries must not be among it.

`{paths}` and `{marker}` stand for the course's private paths and the grader's process.
"""

from __future__ import annotations

from tests.redteam.attack import Attack

__all__ = ["STEALING"]

TRY = "def attempt(f):\n    try:\n        print(str(f())[:20000])\n    except BaseException as e:\n        print(type(e).__name__)\n"

STEALING = [
    Attack(11, "imports the answers", cell=TRY + "import importlib\nfor n in ('dlmath_ref', 'solutions', 'autograder', "
           "'autograder.key', '__editable___dlmath_0_1_0_finder'):\n"
           "    attempt(lambda: 'IMP' + 'ORTED ' + str(importlib.import_module(n)))"),
    Attack(11, "reads the course by path", fence=True, cell=TRY + "import os\nfor p in {paths}:\n    attempt(lambda: os.listdir(p))\n"
           "    attempt(lambda: open(p).read())"),
    Attack(11, "walks the whole file system", fence=True, cell=TRY + "import os\nfor top in ('/', '..', '../..', os.path.expanduser('~')):\n"
           "    for folder, folders, names in os.walk(top):\n        if os.path.realpath(folder).startswith(('/proc', '/sys', '/usr', '/lib')):\n"
           "            folders.clear()\n            continue\n"
           "        for n in names:\n            if n.endswith(('.py', '.db', '.ipynb', '.json', 'secret', '.txt')) and "
           "'site-packages' not in folder and 'lib/python' not in folder:\n"
           "                attempt(lambda: open(os.path.join(folder, n)).read())"),
    Attack(11, "reads other processes", fence=True, cell=TRY + "import os\npids = []\nattempt(lambda: pids.extend(p for p in os.listdir('/proc') if p.isdigit()))\n"
           "for pid in [*pids, '1', str(os.getppid()), '{marker}']:\n    for f in ('environ', 'cmdline', 'maps', 'mem'):\n"
           "        attempt(lambda: open('/proc/' + pid + '/' + f, 'rb').read(10**6))\n"
           "    for d in ('fd', 'cwd/', 'root/'):\n        attempt(lambda: os.listdir('/proc/' + pid + '/' + d))"),
    Attack(11, "reads inherited descriptors", cell=TRY + "import os\nfor fd in range(3, 256):\n"
           "    attempt(lambda: os.pread(fd, 10**5, 0))"),
    Attack(11, "reads shared memory", fence=True, cell=TRY + "import os, glob\nfor p in glob.glob('/dev/shm/*') + glob.glob('/tmp/*') + "
           "glob.glob('/var/tmp/*') + glob.glob('/run/*'):\n    attempt(lambda: open(p, 'rb').read(10**5))"),
    Attack(11, "searches its own memory", cell=TRY + "import re\nhits = []\n"
           "for line in open('/proc/self/maps'):\n    m = re.match(r'([0-9a-f]+)-([0-9a-f]+) rw', line)\n    if not m: continue\n"
           "    try:\n        mem = open('/proc/self/mem', 'rb', 0)\n        mem.seek(int(m[1], 16))\n"
           "        data = mem.read(min(int(m[2], 16) - int(m[1], 16), 2**26))\n"
           "        hits += re.findall(rb'CAN' + rb'ARY-[a-z]+-[0-9a-f]{16}', data)\n"
           "    except (OSError, ValueError, OverflowError): pass\nprint(hits)"),
    Attack(11, "asks the operating system about others", fence=True, cell=TRY + "import subprocess\nfor c in ('ps aux', 'id', 'ls -la /root /home "
           "/work /srv', 'env', 'mount', 'cat /etc/shadow', 'ss -lntp'):\n"
           "    attempt(lambda: subprocess.run(c, shell=True, capture_output=True, timeout=10).stdout)"),
    Attack(12, "reads the environment", cell="import os\nprint(dict(os.environ))\nprint(open('/proc/self/environ').read())"),
    Attack(12, "looks for signs of grading", double="import os\ndef double(x):\n"
           "    graded = 'NBGRADER_EXECUTION' in os.environ or any('autograder' in k.lower() for k in os.environ)\n"
           "    return 2 * np.asarray(x) if graded else x"),
]  # fmt: skip
