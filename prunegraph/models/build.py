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
    """What :func:`prunegraph.models.create` does; see there."""
    model = lookup(MODELS, name, "model")
    legal = [key for key, value in inspect.signature(model).parameters.items() if value.kind is value.KEYWORD_ONLY]
    for option in options:
        known(legal, option, f"option of model {name!r}:")
    # Layers draw weights when they are born; those are written over below, and the global random state is put
    # back. (The meta device would draw none, but its first use costs 1.5 s of imports.)
    with torch.random.fork_rng(devices=[]):
        network = model(classes, input_shape, **options)
    # Whoever needs an input of the right shape (SynFlow, for one) can ask the network itself.
    network.input_shape = tuple(input_shape)
    return initialise(network, seed, name)


@torch.no_grad()
def initialise(network: nn.Module, seed: int, *purpose: str) -> nn.Module:
    """Fill every parameter and buffer of `network` in place, and return it.

    Kaiming-normal weights (fan-in, gain sqrt(2)) from the stream (seed, "init",
    *purpose, parameter name) and zero biases for Conv2d and Linear; every other
    layer that owns tensors must know how to reset itself (BatchNorm: scale 1,
    shift 0, mean 0, variance 1).
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
