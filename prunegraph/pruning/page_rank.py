"""Structured pruning by weighted PageRank and its relatives (MLP-Rank; Hoffmann et al., 2024), on any network of units.

Each measure gives every unit of a layer a score; the scores of a layer sum to 1 (see :mod:`.sweep`). Tied units, such
as channels that a skip connection adds, have one score, the mean over their layers (:func:`.units.joined`). The
measures without a sweep are in :mod:`.unit_measures`.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import nn

from prunegraph.catalogue import known
from prunegraph.pruning.pruned import Pruned
from prunegraph.pruning.ranking import ranked
from prunegraph.pruning.remembering import remembered
from prunegraph.pruning.sweep import Stage, columns_shared, share, sweep
from prunegraph.pruning.task import Task
from prunegraph.pruning.weights import in_range
from prunegraph.wiring.tracing import evaluation


def page_rank(
    task: Task,
    *,
    gamma: float = 0.9,
    theta: float = 0.5,
    scope: str = "layer",
    images: int = 64,
    columns: bool = False,
    compat: bool = False,
) -> Pruned:
    """Keep the units of largest PageRank in the layered graph, weighted by weights and activations.

    With the magnitudes W of a layer's weights, A = [W > 0], the columns of both divided by their sums, and the norms a
    of what its units emit on some training images:
    r = g (t W + (1 - t) A) r' + (1 - g) a / sum(a), where r' are the scores of the layer's inputs; then r / sum(r).
    Inputs of the network have their norms as scores. As a network has no cycles, one sweep solves the linear system
    (I - g T) r = c exactly.

    Parameters
    ----------
    gamma
        g, in [0, 1]: 0 looks at activations only; at 1 a walk never starts anew.
    theta
        t, in [0, 1]: 1 follows weights in proportion to their magnitude; 0 follows all alike, so that in a dense
        network all units of a layer receive the same, and only activations differ.
    scope
        ``layer``: the same share of each layer; ``global``: the lowest of all layers, their scores divided by the
        layer's mean so that wide layers are not favoured, but one unit of each stays.
    images
        Training images on which activations are measured; how much depends on the draw is the fact
        ``calibration_agreement``, Kendall's tau between two halves of the images, mean over layers.
    columns
        Remove the weights that read a removed unit as well, so that it emits nothing; without, it emits a constant
        from its bias. See :func:`prunegraph.pruning.units.unit_masks`.
    compat
        As published (with ``layers: all``): the first images in order, in train mode (BatchNorm by the batch);
        outputs measured behind a ReLU even of logits; skip connections are not seen and units not tied;
        round(amount n) units of each layer are removed, or (``global``) the ceil(amount N) of lowest scores, undivided,
        of all layers, whatever is left of one.

    Raises
    ------
    UserError
        If an option is out of its range, data are missing, too few or not finite, or units cannot be told apart.
    """
    for option, value in {"gamma": gamma, "theta": theta}.items():
        in_range(0 <= value <= 1, value, option, task.name, "a number in [0, 1]")
    measure = partial(drawn_scores, measure="page_rank", gamma=gamma, theta=theta, compat=compat)
    return ranked(task, measure, scope, images, columns, compat)


def modified_page_rank(
    task: Task,
    *,
    z_importance: bool = False,
    scope: str = "layer",
    images: int = 64,
    columns: bool = False,
    compat: bool = False,
) -> Pruned:
    """Keep the units of largest score r = (W r') a, element by element, divided by its sum: symbols as in
    :func:`page_rank`, columns of W undivided.

    Parameters
    ----------
    z_importance
        Set the lowest scores of the layer before, the share that is to be removed, to 0 first. (It acts on what the
        layer reads, not on the scores of the layer before.)
    scope, images, columns, compat
        As of :func:`page_rank`.

    Raises
    ------
    UserError
        As :func:`page_rank`.
    """
    clear = task.sparsity if z_importance else 0.0
    measure = partial(drawn_scores, measure="modified_page_rank", clear=clear, compat=compat)
    return ranked(task, measure, scope, images, columns, compat)


def unit_wanda(
    task: Task, *, scope: str = "layer", images: int = 64, columns: bool = False, compat: bool = False
) -> Pruned:
    """Keep the units of largest score r = W a', where a' are the norms of the layer's inputs (after Wanda: Sun, Liu,
    Bair & Kolter, ICLR 2024).

    Parameters
    ----------
    scope, images, columns, compat
        As of :func:`page_rank`.

    Raises
    ------
    UserError
        As :func:`page_rank`.
    """
    return ranked(task, partial(drawn_scores, measure="unit_wanda", compat=compat), scope, images, columns, compat)


def unit_activation(
    task: Task, *, scope: str = "layer", images: int = 64, columns: bool = False, compat: bool = False
) -> Pruned:
    """Keep the units whose activations have the largest norm over the images (and positions).

    Parameters
    ----------
    scope, images, columns, compat
        As of :func:`page_rank`.

    Raises
    ------
    UserError
        As :func:`page_rank`.
    """
    return ranked(task, partial(drawn_scores, measure="unit_activation", compat=compat), scope, images, columns, compat)


def unit_scores(network: nn.Module, images: torch.Tensor, **options: object) -> dict[str, torch.Tensor]:
    """Scores of the rows of each layer, by the name of its weight; options as of :func:`drawn_scores`."""
    return drawn_scores(network, [images], **options)[0]


@remembered
def drawn_scores(
    network: nn.Module,
    draws: Sequence[torch.Tensor],
    *,
    measure: str = "page_rank",
    gamma: float = 0.9,
    theta: float = 0.5,
    clear: float = 0.0,
    compat: bool = False,
) -> list[dict[str, torch.Tensor]]:
    """Scores of the rows of each layer in evaluation mode: from all images together, then from each draw of them.

    Parameters
    ----------
    measure
        ``page_rank``, ``modified_page_rank``, ``unit_wanda`` or ``unit_activation``.
    gamma, theta
        Of :func:`page_rank`.
    clear
        Of :func:`modified_page_rank`: the share of the scores that a layer reads to set to 0, the lowest.
    compat
        See :func:`page_rank`; the network is then measured in the mode in which it is.
    """
    steps = {
        "page_rank": partial(_page_rank, gamma=gamma, theta=theta),
        "modified_page_rank": partial(_modified, clear=clear),
        "unit_wanda": lambda stage, before: share(stage.weights @ stage.inputs),
        "unit_activation": lambda stage, before: share(stage.outputs),
    }
    step = steps[known(steps, measure, "measure of units:")]
    if compat:
        return sweep(network, draws, step, compat=True)
    with evaluation(network):
        return sweep(network, draws, step)


def _page_rank(stage: Stage, before: torch.Tensor, gamma: float, theta: float) -> torch.Tensor:
    matrix = theta * columns_shared(stage.weights) + (1 - theta) * columns_shared((stage.weights != 0).double())
    return share(gamma * matrix @ before + (1 - gamma) * share(stage.outputs))


def _modified(stage: Stage, before: torch.Tensor, clear: float) -> torch.Tensor:
    lowest = before.argsort()[: round(clear * len(before))]
    return share((stage.weights @ before.index_fill(0, lowest, 0)) * stage.outputs)
