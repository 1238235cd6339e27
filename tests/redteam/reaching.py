"""Attempts on other processes (row 14) and on files outside (row 25).

`{marker}` stands for the grader's process, `{targets}` for folders and files outside, `{own}` for those of them that only
this class has (what would destroy is tried on nothing else), `{trace}` for a place to leave a trace.
"""

from __future__ import annotations

from tests.redteam.attack import Attack
from tests.redteam.carrying import TRY

__all__ = ["REACHING"]

LIBC = "import ctypes, os, signal\nlibc = ctypes.CDLL(None, use_errno=True)\n"
OTHERS = (
    "def others():\n    try:\n        seen = [int(p) for p in os.listdir('/proc') if p.isdigit()]\n"
    "    except OSError:\n        seen = []\n"
    "    return [p for p in dict.fromkeys([*seen, os.getppid(), {marker}, 1, 2]) if p not in (0, os.getpid())]\n"
)
VM = (
    "class V(ctypes.Structure):\n    _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]\n"
    "buffer = ctypes.create_string_buffer(4096)\nv = V(ctypes.addressof(buffer), 4096)\n"
)
TOWARDS = {
    "ptrace": "'ptrace ' + str(libc.ptrace(16, pid, 0, 0))",
    "process_vm_readv": "'vm ' + str(libc.process_vm_readv(pid, ctypes.byref(v), 1, ctypes.byref(v), 1, 0))",
    "process_vm_writev": "'vm ' + str(libc.process_vm_writev(pid, ctypes.byref(v), 1, ctypes.byref(v), 1, 0))",
    "memory files": "open(f'/proc/{pid}/mem', 'r+b')",
    "its environment": "open(f'/proc/{pid}/environ', 'rb').read()",
    "its descriptors": "[os.readlink(f'/proc/{pid}/fd/{fd}') for fd in os.listdir(f'/proc/{pid}/fd')]",
    "a stolen descriptor": "os.read(libc.syscall(438, os.pidfd_open(pid), 5, 0), 100)",
    "a new limit": "__import__('resource').prlimit(pid, __import__('resource').RLIMIT_NOFILE, (3, 3))",
    "its priority": "os.setpriority(os.PRIO_PROCESS, pid, 19)",
    "its processors": "os.sched_setaffinity(pid, {0})",
}
KILLS = {
    "kills each": "for pid in others():\n    attempt(lambda: os.kill(pid, 9))",
    "kills all": "attempt(lambda: os.kill(-1, 9))",
    "stops each": "for pid in others():\n    attempt(lambda: os.kill(pid, signal.SIGSTOP))",
    "kills groups": "for pid in others():\n    attempt(lambda: os.killpg(pid, 9))",
    "kills by descriptor": "for pid in others():\n    attempt(lambda: signal.pidfd_send_signal(os.pidfd_open(pid), 9))",
    "queues signals": "for pid in others():\n    attempt(lambda: libc.sigqueue(pid, 9, 0))",
}
WRITES = {
    "writes files": "open(p + '/redteam-was-here', 'w').write('REDTEAM' + '-WAS-HERE')",
    "appends to files": "open(p, 'a').write('REDTEAM' + '-WAS-HERE')",
    "makes links": "os.symlink('/etc/passwd', p + '/redteam-was-here')",
    "makes folders": "os.mkdir(p + '/redteam-was-here')",
    "mounts": "ctypes.CDLL(None).mount(b'none', p.encode(), b'tmpfs', 0, None)",
}
DESTROYS = {
    "removes files": "os.remove(p)",
    "renames folders": "os.rename(p, p + '.redteam-was-here')",
    "changes modes": "os.chmod(p, 0o777)",
    "truncates files": "os.truncate(p, 0)",
    "empties folders": "[os.remove(os.path.join(p, n)) for n in os.listdir(p)]",
    "changes the gradebook": "__import__('sqlite3').connect(p, timeout=0).execute('UPDATE grade SET auto_score = 100')",
}
THROUGH = {
    "a link": "os.symlink({trace!r}, 'way')\nopen('way', 'w').write('x')",
    "the root of another process": "open('/proc/1/root' + {trace!r}, 'w').write('x')",
    "a descriptor of its own": "open('/proc/self/fd/0', 'w').write('x')",
    "parents": "open('../' * 30 + {trace!r}.lstrip('/'), 'w').write('x')",
    "a shell": "os.system('echo x > ' + {trace!r}) == 0 or os.system('cp /etc/passwd ' + {trace!r})",
}


def _of_each(which: str, act: str) -> str:
    return f"{TRY}import ctypes, os\nfor p in {which}:\n    attempt(lambda: {act})"


REACHING = [
    *(Attack(14, f"reaches others by {what}", fence=True, cell=LIBC + TRY + OTHERS + VM + "for pid in others():\n"
             f"    attempt(lambda: {act})") for what, act in TOWARDS.items()),
    *(Attack(14, f"{what}, in a cell", fence=True, signals=True, keeps=None, cell=LIBC + TRY + OTHERS + act) for what, act in KILLS.items()),
    Attack(14, "kills each, when called", fence=True, signals=True, double=LIBC + TRY + OTHERS + "def double(x):\n    for pid in others():\n"
           "        attempt(lambda: os.kill(pid, 9))\n    return x", keeps=None),
    *(Attack(25, f"{what} outside", fence=True, cell=_of_each("{targets}", act)) for what, act in WRITES.items()),
    *(Attack(25, f"{what} outside", fence=True, cell=_of_each("{own}", act)) for what, act in DESTROYS.items()),
    *(Attack(25, f"writes through {what}", fence=True, cell="import os\n" + TRY + "attempt(lambda: exec(" + repr(act.replace(
             "{trace!r}", "'{trace}'")) + "))") for what, act in THROUGH.items()),
]  # fmt: skip
