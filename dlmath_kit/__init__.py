"""What students import in the notebooks: data sets, environments and plots. It holds no answers.

data     digits, breast_cancer, two_moons, ring, load_mnist, download, get
plots    decision_boundary, loss_curves, image_grid, confusion
envs     TabularEnv, chain, frozen_lake_4x4, Probe, cartpole
hub      what a student's server on JupyterHub needs; notebooks do not

The parts are imported when they are first used: a server and the kernels' GPU leases need neither numpy nor matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlmath_kit import data, envs, plots

__all__ = ["data", "envs", "plots"]
__version__ = "0.1.0"


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
