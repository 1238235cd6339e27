"""What students import in the notebooks: data sets and plots. It holds no answers.

data     digits, breast_cancer, two_moons, ring, load_mnist, download, get
plots    decision_boundary, loss_curves, image_grid, confusion
"""

from dlmath_kit import data, plots

__all__ = ["data", "plots"]
__version__ = "0.1.0"
