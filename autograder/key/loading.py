"""The key of an exercise, from its file."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path

from autograder.errors import AutograderError, KeyFault
from autograder.key.key import Key

__all__ = ["load_key"]

_loaded: dict[Path, tuple[int, Key]] = {}


def load_key(solutions: Path, exercise_id: str) -> Key:
    """The one Key that `solutions/unit/exercise.py` defines; read again when the file has changed."""
    path = (Path(solutions) / f"{exercise_id}.py").resolve()
    if exercise_id.count("/") != 1 or not all(s.isidentifier() for s in exercise_id.split("/")):
        raise KeyFault(f'key: got id "{exercise_id}", expected "unit/exercise".')
    if not path.is_file():
        raise KeyFault(f"{path}: got no file, expected the answer key of {exercise_id}.")
    changed = path.stat().st_mtime_ns
    if path not in _loaded or _loaded[path][0] != changed:
        _loaded[path] = (changed, _read(path, exercise_id))
    return _loaded[path][1]


def _read(path: Path, exercise_id: str) -> Key:
    name = f"_key_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise KeyFault(f"{path}: got something that cannot be imported, expected a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except AutograderError:
        raise
    except Exception as error:
        raise KeyFault(f"{path}: got {type(error).__name__}: {error} while it was imported.") from error
    keys = list({id(v): v for v in vars(module).values() if isinstance(v, Key)}.values())
    if len(keys) != 1 or keys[0].id != exercise_id:
        found = ", ".join(k.id for k in keys) or "none"
        raise KeyFault(f'{path}: got {found}, expected exactly one Key("{exercise_id}").')
    keys[0].finish()
    return keys[0]
