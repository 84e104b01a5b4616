"""How much of a mask is the network's, and how much the draw's, the precision's or the device's."""

from collections.abc import Iterator, Mapping, Sequence
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
    sparsities: Sequence[float],
    seed: int,
    **options: Any,
) -> Iterator[dict[str, Any]]:
    """Share of kept weights that stay when one thing changes about how a mask is made.

    Parameters
    ----------
    network
        Before training.
    data
        The same data set by device; "cpu" is the one that the others are compared with.
    pruner, sparsities, seed, options
        As of :func:`prunegraph.pruning.prune`.

    Yields
    ------
    dict
        sparsity; change, a word of :data:`CHANGES`, "device" only where `data` holds a second one; kept, number of
        weights in the mask; stay, the share of them that the other mask keeps, too; chance, the share that another
        random mask with the other one's layer densities would keep.
    """
    with remembering():
        for sparsity in sparsities:
            masks = _masks(network, data, pruner, sparsity, seed, options)
            mask = masks.pop("")
            for change, other in masks.items():
                yield {"sparsity": sparsity, "change": change, "kept": mask.kept, **shared(mask, other)}


def _masks(
    network: "nn.Module",
    data: Mapping[str, "Data"],
    pruner: str,
    sparsity: float,
    seed: int,
    options: Mapping[str, Any],
) -> dict[str, Mask]:
    """The mask as it is, under the empty name, and those with one thing changed."""

    def made(device: str = "cpu", draw: str = "batches", precision: str | None = None) -> Mask:
        batches = data[device].batches(128, torch_generator(seed, "prune", draw))
        return prune(network.to(device), pruner, sparsity, seed, batches, precision=precision, **options)

    masks = {"": made(), "draw": made(draw="other batches"), "precision": made(precision="float32")}
    other = next((device for device in data if device != "cpu"), None)
    return masks | ({"device": made(other)} if other else {})


def shared(mask: Mask, other: Mask) -> dict[str, float]:
    """{stay, chance}: the share of the weights of `mask` that `other` keeps, and would keep at random in each layer."""
    counts = {name: (int(mask[name].sum()), int(other[name].sum())) for name in mask}
    stay = sum(int((mask[name] & other[name]).sum()) for name in mask)
    chance = sum(mine * theirs / mask[name].size for name, (mine, theirs) in counts.items())
    return {"stay": stay / mask.kept, "chance": chance / mask.kept}
