"""Started by path in an isolated interpreter: makes this folder the package `inside` and runs the zygote.

No folder that holds our code is on `sys.path`: student code finds `inside`, which is loaded, and nothing beside it.
"""

import importlib.util
import os
import sys


def _load_package() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
    spec = importlib.util.spec_from_file_location(
        "inside", os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["inside"] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    _load_package()
    from inside.zygote import main  # type: ignore[import-not-found]

    main()
