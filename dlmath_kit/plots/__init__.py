"""Pictures of what the student has just built. Each returns what it drew on, to be changed further.

animations   walk_on_grid: an agent on its way, as a picture that moves
boundary     decision_boundary: a classifier's regions under the points
clusters     clusters: points in groups, with the groups' centers
convolution  filters, feature_maps: what a convolutional layer has learned, and what it makes of an image
curves       loss_curves: loss against step
depth        gradients_by_depth: what becomes of a gradient from layer to layer
errors       bias_variance_curves, roc_curves: where errors come from, how two kinds of them are traded
graphs       computation_graph: a program's steps with their values and adjoints
grids        values_on_grid, q_on_grid, q_table: what states and actions are worth, where a policy goes
histograms   histograms, activations_by_layer: how values are spread
images       image_grid: pictures in rows, with captions
learning     learning_curves: agents that improve, with confidence bands over runs
localisation boxes: boxes on images
masks        dropout_masks: which units are kept
matrices     matrix: the pattern of a matrix
networks     network_in_numbers: where parameters and multiply-adds are
paths        descent_paths: optimisers on a landscape of two parameters
poles        cartpole_strip, cartpole_episode: what an episode of CartPole looked like
positions    windows: which inputs a convolution reads
tables       confusion: truth against prediction
style        PALETTE: colours that colour-blind readers can tell apart
"""

from dlmath_kit.plots.animations import Animation, walk_on_grid
from dlmath_kit.plots.boundary import decision_boundary
from dlmath_kit.plots.clusters import clusters
from dlmath_kit.plots.convolution import feature_maps, filters
from dlmath_kit.plots.curves import loss_curves
from dlmath_kit.plots.depth import gradients_by_depth
from dlmath_kit.plots.errors import bias_variance_curves, roc_curves
from dlmath_kit.plots.graphs import computation_graph
from dlmath_kit.plots.grids import q_on_grid, q_table, values_on_grid
from dlmath_kit.plots.histograms import activations_by_layer, histograms
from dlmath_kit.plots.images import image_grid
from dlmath_kit.plots.learning import learning_curves
from dlmath_kit.plots.localisation import boxes
from dlmath_kit.plots.masks import dropout_masks
from dlmath_kit.plots.matrices import matrix
from dlmath_kit.plots.networks import network_in_numbers
from dlmath_kit.plots.paths import descent_paths
from dlmath_kit.plots.poles import cartpole_episode, cartpole_strip
from dlmath_kit.plots.positions import windows
from dlmath_kit.plots.style import PALETTE
from dlmath_kit.plots.tables import confusion

__all__ = [
    "PALETTE",
    "Animation",
    "activations_by_layer",
    "bias_variance_curves",
    "boxes",
    "cartpole_episode",
    "cartpole_strip",
    "clusters",
    "computation_graph",
    "confusion",
    "decision_boundary",
    "descent_paths",
    "dropout_masks",
    "feature_maps",
    "filters",
    "gradients_by_depth",
    "histograms",
    "image_grid",
    "learning_curves",
    "loss_curves",
    "matrix",
    "network_in_numbers",
    "q_on_grid",
    "q_table",
    "roc_curves",
    "values_on_grid",
    "walk_on_grid",
    "windows",
]
