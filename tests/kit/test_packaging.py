"""What students install is complete and holds no answers."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

KIT = Path(__file__).parents[2] / "dlmath_kit"


def test_the_wheel_is_complete_and_holds_no_answers(tmp_path: Path) -> None:
    """A built wheel, unpacked far from the repository, loads its data; only kit modules and data are in it."""
    copy = shutil.copytree(KIT, tmp_path / "kit", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", str(copy), "-w", "."]
    subprocess.run(command, cwd=tmp_path, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if ".dist-info/" not in n]
        archive.extractall(tmp_path / "site")
    pages = [p for folder in ("page", "labconfig") for p in (KIT / "hub" / folder).iterdir()]
    shipped = [*KIT.rglob("*.py"), *KIT.rglob("*.npz"), *pages]
    assert set(names) == {str(p.relative_to(KIT.parent)) for p in shipped if "build" not in p.parts}
    site = str(tmp_path / "site")
    show = "from dlmath_kit import data; print(data.__file__, len(data.digits()[1]))"
    code = f"import sys; sys.path.insert(0, {site!r}); {show}"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(tmp_path / "site" / "dlmath_kit" / "data" / "__init__.py"), "1797"]
