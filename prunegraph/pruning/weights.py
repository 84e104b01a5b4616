"""What there is to prune, and beside it the biases that published code ranks too."""

from collections.abc import Iterable, Mapping

import torch

from prunegraph.errors import UserError
from prunegraph.models import prunable


def size(tensors: Mapping[str, torch.Tensor]) -> int:
    """Entries of all tensors together."""
    return sum(values.numel() for values in tensors.values())


def biases(network: torch.nn.Module, weights: Iterable[str]) -> dict[str, torch.Tensor]:
    """The biases of `network` that belong to the `weights` of these names, by parameter name."""
    parameters = dict(network.named_parameters())
    names = [name.removesuffix("weight") + "bias" for name in weights]
    return {name: parameters[name] for name in names if name in parameters}


def any_weight(network: torch.nn.Module) -> torch.Tensor:
    """The first prunable weight: an example of the device and number type that inputs need."""
    return next(iter(prunable(network).values()))


def at_least(least: int, value: int, option: str, pruner: str) -> int:
    """Return the value of an option that counts something.

    Raises
    ------
    UserError
        If it is below `least`.
    """
    if value < least:
        raise UserError(f"Option {option!r} of pruner {pruner!r} is {value}; expected at least {least}.")
    return value


def in_range(fits: bool, value: object, option: str, pruner: str, expected: str) -> None:
    """Refuse the value of an option that does not fit.

    Raises
    ------
    UserError
        Saying what was `expected`.
    """
    if not fits:
        raise UserError(f"Option {option!r} of pruner {pruner!r} is {value!r}; expected {expected}.")
