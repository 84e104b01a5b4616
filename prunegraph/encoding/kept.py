"""Which weights are edges: those that a mask keeps, whatever their values.

Training may leave a kept weight at exactly zero; it is an edge of weight 0. What stands in the place of a removed
weight means nothing.
"""

from collections.abc import Mapping

import numpy as np

from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.wiring.architecture import Architecture, Layer

Arrays = dict[str, np.ndarray]


def mask_from_zeros(weights: Mapping[str, np.ndarray]) -> Arrays:
    """The mask of weights that come without one, such as a checkpoint's: zeros count as removed.

    A guess, and the only place where one is made: a kept weight of exactly zero is taken for a removed one.

    Parameters
    ----------
    weights
        Arrays of any shape by parameter name.

    Returns
    -------
    Arrays
        Boolean arrays of the same names and shapes, False where the weight is 0 or -0.
    """
    return {name: np.asarray(values) != 0 for name, values in weights.items()}


def kept_weights(
    architecture: Architecture, weights: Mapping[str, np.ndarray], mask: Mapping[str, np.ndarray] | None
) -> tuple[Arrays, Arrays]:
    """The weights that the layers of `architecture` name, float32, removed ones zero; and which are kept, bool.

    Both have the shapes of the parameters. None: :func:`mask_from_zeros`. Weights that a mask does not name are all
    kept, as by :meth:`prunegraph.masks.Mask.apply`.

    Raises
    ------
    UserError
        If a weight is missing, a weight or mask is of another shape than the architecture's, a mask holds other
        numbers than 0 and 1, or names what is among neither the layers nor `weights`.
    """
    values = {layer.weight: architecture.weights_of(layer, weights) for layer in architecture.layers if layer.weight}
    if mask is None:
        kept = mask_from_zeros(values)
    else:
        kept = _fitting(mask if isinstance(mask, Mask) else Mask(mask), values, weights)
    # No product, because removed weights may be infinite or no numbers.
    return {name: np.where(kept[name], values[name], np.float32(0)) for name in values}, kept


def kept_of(architecture: Architecture, layer: Layer, weights: Arrays, mask: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """One layer's part of what :func:`kept_weights` returns; of an identity, whose edges all exist, ones."""
    values = architecture.weights_of(layer, weights)
    return values, mask[layer.weight] if layer.weight else np.ones(values.shape, bool)


def _fitting(mask: Mask, values: Arrays, weights: Mapping[str, np.ndarray]) -> Arrays:
    for name, kept in mask.items():
        if name not in values and name not in weights:
            raise UserError(
                f"The mask has a layer {name!r} that the network lacks; it has {', '.join(values):.300}. "
                "Give the mask that was made for this network."
            )
        if name in values and kept.shape != values[name].shape:
            raise UserError(f"Layer {name!r}: the mask has shape {kept.shape}, the weight {values[name].shape}.")
    return {name: mask[name] if name in mask else np.ones(own.shape, bool) for name, own in values.items()}
