"""From a model's name to a network with fresh weights."""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from prunegraph.catalogue import MODELS, known, lookup
from prunegraph.randomness import torch_generator


def build(
    name: str, classes: int, input_shape: tuple[int, int, int], seed: int, options: Mapping[str, Any]
) -> nn.Module:
    """Build a model with fresh weights; see :func:`prunegraph.models.create`."""
    model = lookup(MODELS, name, "model")
    legal = [key for key, value in inspect.signature(model).parameters.items() if value.kind is value.KEYWORD_ONLY]
    for option in options:
        known(legal, option, f"option of model {name!r}:")
    # Layers draw weights when they are made; these are overwritten below, and the global random state is restored. (The
    # meta device would draw none, but its first use costs 1.5 s of imports.)
    with torch.random.fork_rng(devices=[]):
        network = model(classes, input_shape, **options)
    # Functions that need an input of the right shape, such as SynFlow, can read it from the network.
    network.input_shape = tuple(input_shape)
    return initialise(network, seed, name)


@torch.no_grad()
def initialise(network: nn.Module, seed: int, *purpose: str) -> nn.Module:
    """Fill every parameter and buffer of `network` in place, and return it.

    Conv2d and Linear get Kaiming-normal weights (fan-in, gain sqrt(2)) from the random stream (seed, "init", *purpose,
    parameter name), and zero biases. Every other layer with parameters must have a method ``reset_parameters``
    (BatchNorm: scale 1, shift 0, mean 0, variance 1).
    """
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            draw = torch_generator(seed, "init", *purpose, f"{name}.weight")
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu", generator=draw)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif any(True for _ in module.parameters(recurse=False)):
            module.reset_parameters()
    return network
