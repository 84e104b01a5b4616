"""Randomness as an argument: one independent stream per seed and purpose.

Two purposes never share a stream, so drawing one number more in one place
changes nothing elsewhere. No global generator is ever seeded.
"""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed that depends on `seed` and on every word of `purpose`."""
    text = "\x1f".join([str(int(seed)), *map(str, purpose)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def numpy_generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """The numpy stream of (seed, purpose)."""
    return np.random.default_rng(derive(seed, *purpose))


def torch_generator(seed: int, *purpose: str | int) -> "torch.Generator":
    """The torch stream of (seed, purpose), on the CPU so that it is the same on every device."""
    import torch

    return torch.Generator().manual_seed(derive(seed, *purpose))
