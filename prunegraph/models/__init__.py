"""Networks of the studies, by name, with reproducible initial weights.

Models know nothing of masks, data sets or training. Every network is an ordinary ``torch.nn.Module`` that torch.fx can
trace. Its state dict has the names of the published networks, so that published weights can be loaded with strict
names.
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

    Weights of convolutions and linear layers are Kaiming-normal (fan-in, gain of ReLU; He et al. 2015, equation 10);
    biases are zero, and BatchNorm is the identity. Every layer draws from its own random stream of `seed`; the global
    random state is neither read nor changed.

    Parameters
    ----------
    name
        Name of the model, one of ``catalogue.MODELS``.
    classes
        Number of outputs of the last layer, at least 2.
    input_shape
        Shape (channels, height, width) of one image.
    seed
        Seed of the initial weights; equal name, shape, options and seed give equal weights.
    options
        Options of the model; all models have ``width``, the multiplier of hidden channels and units (published: 1.0).

    Raises
    ------
    UserError
        For an unknown name or option, fewer than 2 classes, an input too small for the model, a bad width.
    """
    from prunegraph.models.build import build

    return build(name, classes, input_shape, seed, options)


def prunable(network: "nn.Module") -> "dict[str, nn.Parameter]":
    """Return the weight of every Conv2d and Linear of `network` by parameter name, in the order of its modules.

    First and last layer and shortcuts are included; biases and BatchNorm are not. The function works for any module; a
    weight that two layers share is named once.
    """
    from torch import nn

    found = {
        f"{name}.weight" if name else "weight": module.weight
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }
    named = dict(network.named_parameters())  # without the duplicates of shared weights
    return {name: weight for name, weight in found.items() if name in named}
