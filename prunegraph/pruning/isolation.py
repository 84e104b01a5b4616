"""A copy of a network to work on, so that scoring leaves no trace."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from prunegraph.precision import tf32
from prunegraph.randomness import derive


@contextmanager
def isolated(
    network: torch.nn.Module, seed: int, purpose: str, dtype: torch.dtype | None = None
) -> Iterator[torch.nn.Module]:
    """Give a deep copy of `network` in train mode, every parameter trainable, in numbers of `dtype` (None: its own).

    Inside, layers that draw from torch's global generators (dropout) draw the
    stream of (seed, "prune", purpose), and products of float32 numbers are not rounded to TF32 on a GPU; afterwards
    these generators and that switch are as before.
    """
    devices = {parameter.device for parameter in network.parameters() if parameter.is_cuda}
    with torch.random.fork_rng(devices=list(devices)), tf32(False):
        torch.manual_seed(derive(seed, "prune", purpose, "layers"))
        yield copy.deepcopy(network).to(dtype=dtype).train().requires_grad_(True)
