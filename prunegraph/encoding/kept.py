"""The weights that are edges: those that a mask keeps, whatever their values.

Training may leave a kept weight at exactly zero; it is an edge of weight 0. The value of a removed weight has no
meaning.
"""

from collections.abc import Mapping

import numpy as np

from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.wiring.architecture import Architecture, Layer

Arrays = dict[str, np.ndarray]


def mask_from_zeros(weights: Mapping[str, np.ndarray]) -> Arrays:
    """Make a mask for weights that come without one, such as those of a checkpoint: zeros count as removed.

    This is a guess, and the only place where one is made: a kept weight of exactly zero is taken for a removed one.

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
    """Return the weights of the layers of `architecture`, float32, removed ones zero; and which are kept, bool.

    Both have the shapes of the parameters. With the mask None, :func:`mask_from_zeros` is used. Weights that a mask
    does not name are all kept, as in :meth:`prunegraph.masks.Mask.apply`.

    Raises
    ------
    UserError
        If a weight is missing, a weight or mask has another shape than in the architecture, a mask holds other numbers
        than 0 and 1, or a mask names a parameter that is neither of a layer nor in `weights`.
    """
    values = {layer.weight: architecture.weights_of(layer, weights) for layer in architecture.layers if layer.weight}
    if mask is None:
        kept = mask_from_zeros(values)
    else:
        kept = _fitting(mask if isinstance(mask, Mask) else Mask(mask), values, weights)
    # No product with the mask, because removed weights may be infinite or NaN.
    return {name: np.where(kept[name], values[name], np.float32(0)) for name in values}, kept


def kept_of(architecture: Architecture, layer: Layer, weights: Arrays, mask: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Return the mask of one layer from :func:`kept_weights`; for an identity, all of whose edges exist, ones."""
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
