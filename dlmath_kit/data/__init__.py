"""Data sets: X has one sample per row, y holds the labels (int64) or the targets (float64).

bundled      digits, breast_cancer, wine, diabetes: part of this package, no network needed
synthetic    two_moons, ring, linear, bars, boxes: drawn from a generator that you pass
landscapes   quadratic, rosenbrock: functions with a known minimum
real         load_mnist: MNIST and Fashion-MNIST from files on disk
cifar        load_cifar10: CIFAR-10 from its archive on disk
fetching     download: gets those files, and checks them
choosing     get: a data set by name, with a fallback
"""

from dlmath_kit.data.bundled import DIABETES_FEATURES, WINE_FEATURES, breast_cancer, diabetes, digits, wine
from dlmath_kit.data.choosing import get
from dlmath_kit.data.cifar import CIFAR10_CLASSES, ArchiveError, load_cifar10
from dlmath_kit.data.fetching import DownloadError, download
from dlmath_kit.data.idx import IdxError, read_idx
from dlmath_kit.data.landscapes import quadratic, rosenbrock, rosenbrock_gradient
from dlmath_kit.data.real import DataNotFound, load_mnist
from dlmath_kit.data.synthetic import bars, boxes, linear, ring, two_moons

__all__ = [
    "CIFAR10_CLASSES",
    "DIABETES_FEATURES",
    "WINE_FEATURES",
    "ArchiveError",
    "DataNotFound",
    "DownloadError",
    "IdxError",
    "bars",
    "boxes",
    "breast_cancer",
    "diabetes",
    "digits",
    "download",
    "get",
    "linear",
    "load_cifar10",
    "load_mnist",
    "quadratic",
    "read_idx",
    "ring",
    "rosenbrock",
    "rosenbrock_gradient",
    "two_moons",
    "wine",
]
