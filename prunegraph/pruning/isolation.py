"""A copy of a network to work on, so that scoring leaves no trace."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from prunegraph.randomness import derive


@contextmanager
def isolated(network: torch.nn.Module, seed: int, purpose: str) -> Iterator[torch.nn.Module]:
    """Give a deep copy of `network` in train mode, every parameter trainable.

    Inside, layers that draw from torch's global generators (dropout) draw the
    stream of (seed, "prune", purpose); afterwards these generators are as before.
    """
    devices = {parameter.device for parameter in network.parameters() if parameter.is_cuda}
    with torch.random.fork_rng(devices=list(devices)):
        torch.manual_seed(derive(seed, "prune", purpose, "layers"))
        yield copy.deepcopy(network).train().requires_grad_(True)
