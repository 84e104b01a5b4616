"""From a model's name to a network with fresh weights."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from prunegraph import own
from prunegraph.catalogue import MODELS, known, lookup
from prunegraph.errors import UserError
from prunegraph.randomness import torch_generator


def build(
    name: str, classes: int, input_shape: tuple[int, int, int], seed: int, options: Mapping[str, Any]
) -> nn.Module:
    """Build a model with fresh weights; see :func:`prunegraph.models.create`."""
    model = lookup(MODELS, name, "model")
    legal, others = own.options(model)
    for option in options:
        if not others:
            known(legal, option, f"option of model {name!r}:")
    # Layers draw weights when they are made; these are overwritten below, and the global random state is restored. (The
    # meta device would draw none, but its first use costs 1.5 s of imports.)
    with torch.random.fork_rng(devices=[]):
        network = (
            _somebodys(name, model, classes, input_shape, options)
            if own.is_reference(name)
            else model(classes, input_shape, **options)
        )
    # Functions that need an input of the right shape, such as SynFlow, can read it from the network.
    network.input_shape = tuple(input_shape)
    return initialise(network, seed, name)


def _somebodys(
    name: str, model: Callable, classes: int, input_shape: tuple[int, ...], options: Mapping[str, Any]
) -> nn.Module:
    """Call somebody's own model function with what it takes of the number of classes and the shape of an image."""
    taken = inspect.signature(model).parameters
    others = any(each.kind is each.VAR_KEYWORD for each in taken.values())
    given = {key: classes for key in ("classes", "num_classes", "n_classes") if key in taken}
    given = dict(list(given.items())[:1]) or ({"num_classes": classes} if others else {})
    given |= {"input_shape": tuple(input_shape)} if "input_shape" in taken else {}
    try:
        network = model(**given, **options)
    except Exception as problem:  # the user's own code
        said = f"{type(problem).__name__}: {problem}"
        raise UserError(f"The model {name!r} fails with the arguments {given | dict(options)}: {said}") from problem
    if not isinstance(network, nn.Module):
        raise UserError(f"The model {name!r} makes a {type(network).__name__}; expected a torch.nn.Module.")
    _check_outputs(name, network, classes, input_shape)
    return network


def _check_outputs(name: str, network: nn.Module, classes: int, input_shape: tuple[int, ...]) -> None:
    training = network.training
    try:
        with torch.no_grad():
            found = network.eval()(torch.zeros(1, *input_shape))
    except Exception as problem:  # the user's own code
        said = f"{type(problem).__name__}: {problem}"
        raise UserError(f"The model {name!r} fails on an image of shape {tuple(input_shape)}: {said}") from problem
    network.train(training)
    shape = tuple(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
    if shape != (1, classes):
        raise UserError(
            f"The model {name!r} gives {shape} for one image; expected (1, {classes}), a number for each class. "
            "It may take the argument `classes` or `num_classes`."
        )


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
            if not hasattr(module, "reset_parameters"):
                raise UserError(
                    f"The layer {name!r}, a {type(module).__name__}, has parameters but no method reset_parameters, so "
                    "it cannot be initialised from a seed; give it one."
                )
            module.reset_parameters()
    return network
