"""Files in a submission that lead elsewhere (row 15) or wait to be imported later (row 24)."""

from __future__ import annotations

import io
import os
import socket
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.redteam.attack import RIGHT_DOUBLE, Attack

__all__ = ["PLANTING"]

UNIT = "unit01_attack"
READS_ALL = (
    "import os\nfor folder, _, names in os.walk('.'):\n    for n in names:\n        try:\n"
    "            print(n, open(os.path.join(folder, n), errors='replace').read(3000))\n        except OSError as e:\n"
    "            print(type(e).__name__)"
)
Place = Callable[[Path, Path], None]  # the submission's folder, the course's


def _instead(make: Callable[[Path, Path], object]) -> Place:
    """Something else in place of the notebook: `make(path, course)`."""

    def place(folder: Path, course: Path) -> None:
        path = folder / "attack.ipynb"
        path.unlink()
        make(path, course)

    return place


def _beside(name: str | bytes, make: Callable[[Path, Path], object]) -> Place:
    """Something beside the notebook."""

    def place(folder: Path, course: Path) -> None:
        path = Path(os.fsdecode(os.path.join(os.fsencode(folder), os.fsencode(name))))
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path, course)

    return place


def _others(course: Path) -> Path:
    return course / "submitted" / "r00_honest_at_the_start" / UNIT / "attack.ipynb"


def _socket(path: Path, course: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's address must be short
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path.name)
    os.chdir(here)


def _device(path: Path, course: Path) -> None:
    if os.getuid() == 0:
        os.mknod(path, 0o20666, os.makedev(1, 5))  # /dev/zero
    else:
        path.symlink_to("/dev/zero")


def _folder_of_links(path: Path, course: Path) -> None:
    path.mkdir()
    for n, target in enumerate((course / "outside.txt", course / "solutions", course / ".autograder" / "secret", "..")):
        (path / f"l{n}").symlink_to(target)


def _deep(path: Path, course: Path) -> None:
    folder = path
    for n in range(60):
        folder = folder / f"d{n}"
    folder.mkdir(parents=True)
    (folder / "data.txt").write_text("deep")


def _many(path: Path, course: Path) -> None:
    path.mkdir()
    for n in range(1500):
        (path / f"f{n}").touch()


def _sparse(path: Path, course: Path) -> None:
    with open(path, "wb") as f:
        f.truncate(2**40)


def _zip_bomb(path: Path, course: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("../../../../redteam-was-here", bytes(2**22))
        z.writestr("/tmp/redteam-was-here", bytes(2**22))


def _tar_of_links(path: Path, course: Path) -> None:
    with tarfile.open(path, "w:gz") as tar:
        link = tarfile.TarInfo("way")
        link.type, link.linkname = tarfile.SYMTYPE, str(course / "solutions")
        tar.addfile(link)
        inside = tarfile.TarInfo("way/redteam-was-here")
        inside.size = 1
        tar.addfile(inside, io.BytesIO(b"x"))


def _text(text: str) -> Callable[[Path, Path], object]:
    return lambda path, course: path.write_text(text.replace("COURSE", str(course)), errors="surrogateescape")


def _solved(path: Path, course: Path) -> None:
    """The right answer where no notebook of this unit should be looked for."""
    path.write_text(_others(course).read_text())


INSTEAD: dict[str, Callable[[Path, Path], object]] = {
    "a link to the source": lambda p, c: p.symlink_to(c / "source" / UNIT / "attack.ipynb"),
    "a relative link to the source": lambda p, c: p.symlink_to(f"../../../source/{UNIT}/attack.ipynb"),
    "a hard link to the source": lambda p, c: os.link(c / "source" / UNIT / "attack.ipynb", p),
    "a link to another's answers": lambda p, c: p.symlink_to(_others(c)),
    "a hard link to another's answers": lambda p, c: os.link(_copy(c), p),
    "a dangling link": lambda p, c: p.symlink_to("nowhere"),
    "a link to itself": lambda p, c: p.symlink_to("attack.ipynb"),
    "a pipe": lambda p, c: os.mkfifo(p),
    "a socket": _socket,
    "a device": _device,
    "a folder": lambda p, c: p.mkdir(),
    "an endless file": _sparse,
    "another name that looks the same": lambda p, c: _solved(p.with_name("аttack.ipynb"), c),
    "another case": lambda p, c: _solved(p.with_name("Attack.IPYNB"), c),
    "a name with a space": lambda p, c: _solved(p.with_name("attack.ipynb "), c),
    "a notebook in a folder": lambda p, c: (p.with_name("attack").mkdir(), _solved(p.with_name("attack") / "attack.ipynb", c)),
}  # fmt: skip
BESIDE: dict[str, tuple[str | bytes, Callable[[Path, Path], object]]] = {
    "a link to a secret": ("data.txt", lambda p, c: p.symlink_to(c / ".autograder" / "secret")),
    "a hard link to a secret": ("data.txt", lambda p, c: os.link(c / "outside.txt", p)),
    "a link to the keys": ("data", lambda p, c: p.symlink_to(c / "solutions")),
    "a folder of links": ("data", _folder_of_links),
    "a link named as the time": ("timestamp.txt", lambda p, c: p.symlink_to(c / "outside.txt")),
    "a link named as nbgrader's secret": ("submission_secret.txt", lambda p, c: p.symlink_to(c / "outside.txt")),
    "a time that is none": ("timestamp.txt", _text("9" * 5000)),
    "a time of another age": ("timestamp.txt", _text("9999-12-31 23:59:59.999999 -2359")),
    "a pipe as data": ("data.txt", lambda p, c: os.mkfifo(p)),
    "a socket as data": ("data.sock", _socket),
    "a device as data": ("zero", _device),
    "an endless file as data": ("big.bin", _sparse),
    "a file that nobody may read": ("closed.txt", lambda p, c: (p.write_text("x"), p.chmod(0))),
    "a name that is no text": (b"\xff\xfe\x80.txt", _text("x")),
    "a name that runs backwards": ("photo\u202egpj.exe", _text("x")),
    "a name with a new line": ("a\nINFO graded zz_honest 100", _text("x")),
    "a name with commands for a terminal": ("\x1b]0;x\x07\x1b[2J.txt", _text("x")),
    "a name of all bytes there are": ("n" * 255, _text("x")),
    "a name with backslashes": ("..\\..\\outside.txt", _text("x")),
    "a name that is an option": ("--force", _text("x")),
    "a name of markup": ("<img src=x onerror=alert(1)>.txt", _text("x")),
    "a name of dots": ("...", _text("x")),
    "sixty folders deep": ("deep", _deep),
    "very many files": ("many", _many),
    "a zip bomb that climbs": ("data.zip", _zip_bomb),
    "a tar file that follows links": ("data.tar.gz", _tar_of_links),
    "extra notebooks": ("solution.ipynb", _solved),
}


def _copy(course: Path) -> Path:
    """A right answer of a student who is not graded here, to link to without spoiling an honest one's."""
    copy = course / "others.ipynb"
    if not copy.exists():
        copy.write_text(_others(course).read_text())
    return copy


DROPPED = "import os\nprint('IMP' + 'ORTED')\ntry:\n    open({trace!r}, 'w').write('x')\nexcept OSError:\n    pass\n"
FILES = [
    "conftest.py", "sitecustomize.py", "usercustomize.py", "numpy.py", "numpy/__init__.py", "torch.py", "scipy/__init__.py",
    "IPython.py", "msgpack.py", "autograder/__init__.py", "dlmath_kit/__init__.py", "dlmath_ref.py", "solutions/__init__.py",
    "inside/__init__.py", "nbgrader_config.py", "jupyter_notebook_config.py", "jupyter_server_config.py", "matplotlibrc",
    "ipython_config.py", "setup.py", "unit01_attack.py", "double.py", "attack.py", "json.py", "encodings/__init__.py",
]  # fmt: skip
HIDDEN_FILES = [
    ".ipython/profile_default/startup/00.py",
    ".local/lib/python3.11/site-packages/usercustomize.py",
    ".pythonrc.py",
]
OTHER_FILES = {
    "evil.pth": "import os; print('IMP' + 'ORTED')", "pyproject.toml": "[build-system]\nbuild-backend = 'evil'",
    "share/jupyter/kernels/python3/kernel.json": '{"argv": ["touch", TRACE], "display_name": "x", "language": "python"}',
    "pytest.ini": "[pytest]\naddopts = -p evil", ".env": "PYTHONPATH=.", "Makefile": "all:\n\ttouch TRACE",
}  # fmt: skip


def _drop(folder: Path, course: Path) -> None:
    """Everything that some program looks for in a folder."""
    trace = str(Path(os.environ["TMPDIR"]) / "redteam-was-here")
    texts = {name: DROPPED.replace("{trace!r}", repr(trace)) for name in (*FILES, *HIDDEN_FILES)}
    texts |= {name: text.replace("TRACE", trace) for name, text in OTHER_FILES.items()}
    for name, text in texts.items():
        path = folder / name
        if not path.parent.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def _drop_some(names: list[str]) -> Place:
    def place(folder: Path, course: Path) -> None:
        trace = str(Path(os.environ["TMPDIR"]) / "redteam-was-here")
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(DROPPED.replace("{trace!r}", repr(trace)))

    return place


AT_RUN_TIME = (
    "import os, site, sys\n"
    "for folder in {'.', os.path.expanduser('~'), site.getusersitepackages(), os.environ['TMPDIR'], *sys.path, '/tmp', "
    "os.path.expanduser('~/.ipython/profile_default/startup')}:\n"
    "    for name in ('sitecustomize.py', 'usercustomize.py', 'conftest.py', 'evil.pth', '00.py'):\n        try:\n"
    "            os.makedirs(folder, exist_ok=True)\n            open(os.path.join(folder, name), 'w').write("
    "\"print('IMP' 'ORTED')\")\n        except OSError:\n            pass"
)

PLANTING = [
    *(Attack(15, f"hands in {what}", place=_instead(make), keeps=0.0) for what, make in INSTEAD.items()),
    *(Attack(15, f"adds {what}", cell=READS_ALL, place=_beside(name, make)) for what, (name, make) in BESIDE.items()),
    Attack(24, "drops files that wait to be imported", place=_drop),
    *(Attack(24, f"drops {name}", place=_drop_some([name])) for name in ("numpy.py", "torch.py", "sitecustomize.py", "conftest.py")),
    Attack(24, "imports what it dropped", place=_drop_some(["helper.py"]), keeps=None,
           cell="try:\n    import helper\nexcept ImportError as e:\n    print(e)"),
    Attack(24, "drops a module with the right answer", place=lambda folder, course: (folder / "answer.py").write_text(
           f"import numpy as np\n{RIGHT_DOUBLE}") and None, cell="try:\n    from answer import double\nexcept ImportError as e:\n    print(e)"),
    Attack(24, "drops files while it runs", cell=AT_RUN_TIME),
]  # fmt: skip
