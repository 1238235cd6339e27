"""Pictures of what the student has just built. Each returns what it drew on, to be changed further.

boundary    decision_boundary: a classifier's regions under the points
clusters    clusters: points in groups, with the groups' centers
curves      loss_curves: loss against step
depth       gradients_by_depth: what becomes of a gradient from layer to layer
errors      bias_variance_curves, roc_curves: where errors come from, how two kinds of them are traded
graphs      computation_graph: a program's steps with their values and adjoints
histograms  histograms, activations_by_layer: how values are spread
images      image_grid: pictures in rows, with captions
masks       dropout_masks: which units are kept
paths       descent_paths: optimisers on a landscape of two parameters
tables      confusion: truth against prediction
style       PALETTE: colours that colour-blind readers can tell apart
"""

from dlmath_kit.plots.boundary import decision_boundary
from dlmath_kit.plots.clusters import clusters
from dlmath_kit.plots.curves import loss_curves
from dlmath_kit.plots.depth import gradients_by_depth
from dlmath_kit.plots.errors import bias_variance_curves, roc_curves
from dlmath_kit.plots.graphs import computation_graph
from dlmath_kit.plots.histograms import activations_by_layer, histograms
from dlmath_kit.plots.images import image_grid
from dlmath_kit.plots.masks import dropout_masks
from dlmath_kit.plots.paths import descent_paths
from dlmath_kit.plots.style import PALETTE
from dlmath_kit.plots.tables import confusion

__all__ = [
    "PALETTE",
    "activations_by_layer",
    "bias_variance_curves",
    "clusters",
    "computation_graph",
    "confusion",
    "decision_boundary",
    "descent_paths",
    "dropout_masks",
    "gradients_by_depth",
    "histograms",
    "image_grid",
    "loss_curves",
    "roc_curves",
]
