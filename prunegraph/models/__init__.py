"""Networks of the studies by name, initialised reproducibly.

Models know nothing of masks, data sets or training. Every network is an ordinary
``torch.nn.Module`` that torch.fx can trace; its state dict has the names of the
published networks, so published weights load strictly.
"""

from typing import TYPE_CHECKING, Any

from prunegraph.models.weights import fill, load_weights, save

if TYPE_CHECKING:
    from torch import nn

__all__ = ["create", "fill", "load_weights", "prunable", "save"]


def create(
    name: str, classes: int, input_shape: tuple[int, int, int] = (3, 32, 32), seed: int = 0, **options: Any
) -> "nn.Module":
    """Build the model `name` with fresh weights, on the CPU, in training mode.

    Weights of convolutions and linear layers are Kaiming-normal (fan-in, gain of
    ReLU; He et al. 2015, equation 10), biases zero, BatchNorm the identity. Every
    layer draws from its own stream of `seed`; the global random state is neither
    read nor changed.

    Parameters
    ----------
    name
        One of ``catalogue.MODELS``.
    classes
        Outputs of the last layer, at least 2.
    input_shape
        (channels, height, width) of one image.
    seed
        Same name, shape, options and seed: same bytes.
    options
        Of the model; all know ``width``, the multiplier of hidden channels and units (published: 1.0).

    Raises
    ------
    UserError
        For an unknown name or option, fewer than 2 classes, an input too small for the model, a bad width.
    """
    from prunegraph.models.build import build

    return build(name, classes, input_shape, seed, options)


def prunable(network: "nn.Module") -> "dict[str, nn.Parameter]":
    """The weight of every Conv2d and Linear of `network` by parameter name, in module order.

    First and last layer and shortcuts are included, biases and BatchNorm never.
    Works for any module; a weight shared by two layers is named once.
    """
    from torch import nn

    found = {
        f"{name}.weight" if name else "weight": module.weight
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }
    named = dict(network.named_parameters())  # without the duplicates of shared weights
    return {name: weight for name, weight in found.items() if name in named}
