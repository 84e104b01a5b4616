"""How much of a mask is the network's, and how much the draw's, the precision's or the device's."""

import copy
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from prunegraph.masks import Mask
from prunegraph.pruning import prune
from prunegraph.pruning.remembering import remembering
from prunegraph.randomness import torch_generator

if TYPE_CHECKING:
    from torch import nn

    from prunegraph.datasets.data import Data

CHANGES = ("draw", "precision", "device")
"""What is changed: other batches of training images; float32 scores in place of float64; a GPU in place of the CPU."""


def stability(
    network: "nn.Module",
    data: Mapping[str, "Data"],
    pruner: str,
    masks: Mapping[float, Mask],
    seed: int,
    **options: Any,
) -> Iterator[dict[str, Any]]:
    """Share of kept weights that stay when one thing changes about how a mask is made.

    Parameters
    ----------
    network
        Before training.
    data
        The same data set by device: "cpu", and another one to compare devices.
    pruner, seed, options
        Arguments of :func:`prunegraph.pruning.prune`.
    masks
        What it chose, by sparsity. Where their provenance names no device, they were made on the CPU.

    Yields
    ------
    dict
        sparsity; change, a word of :data:`CHANGES`, "device" only where `data` holds a second one; kept, number of
        weights in the mask; stay, the share of them that the other mask keeps, too; chance, the share that another
        random mask with the other one's layer densities would keep.
    """
    with remembering():
        for sparsity, mask in masks.items():
            for change, other in _changed(network, data, pruner, sparsity, mask, seed, options):
                yield {"sparsity": sparsity, "change": change, "kept": mask.kept, **shared(mask, other)}


def _changed(
    network: "nn.Module",
    data: Mapping[str, "Data"],
    pruner: str,
    sparsity: float,
    mask: Mask,
    seed: int,
    options: Mapping[str, Any],
) -> Iterator[tuple[str, Mask]]:
    """What `mask` would be with one thing changed: (word of :data:`CHANGES`, mask)."""

    def made(device: str, batches: Any, precision: str | None = None) -> Mask:
        return prune(copy.deepcopy(network).to(device), pruner, sparsity, seed, batches, precision=precision, **options)

    fastest = list(data)[-1]
    yield "draw", made(fastest, Redrawn(data[fastest], seed))
    yield "precision", made(fastest, data[fastest], "float32")
    here = mask.provenance.get("device", "cpu") == "cpu"
    for device in data:
        if (device == "cpu") is not here:
            yield "device", made(device, data[device])


class Redrawn:
    """A data set whose random batches for pruners are another draw.

    Parameters
    ----------
    data
        Gives the images.
    seed
        Seed of the draw, stream (seed, "prune", "other batches").
    """

    def __init__(self, data: "Data", seed: int):
        self.data, self.train, self.seed = data, data.train, seed

    def batches(self, size: int, generator: Any) -> Iterator[Any]:
        """Random batches as of :meth:`prunegraph.datasets.data.Data.batches`, but for the draw."""
        return self.data.batches(size, torch_generator(self.seed, "prune", "other batches"))


def shared(mask: Mask, other: Mask) -> dict[str, float]:
    """{stay, chance}: the share of the weights of `mask` that `other` keeps, and would keep at random in each layer."""
    counts = {name: (int(mask[name].sum()), int(other[name].sum())) for name in mask}
    stay = sum(int((mask[name] & other[name]).sum()) for name in mask)
    chance = sum(mine * theirs / mask[name].size for name, (mine, theirs) in counts.items())
    return {"stay": stay / mask.kept, "chance": chance / mask.kept}
