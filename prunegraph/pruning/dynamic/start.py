"""The mask from which all methods of dynamic sparse training start."""

import dataclasses

import torch

from prunegraph.pruning.erdos_renyi import erk
from prunegraph.pruning.task import Task


def start(task: Task) -> dict[str, torch.Tensor]:
    """The mask of :func:`.erk` with the same seed."""
    return erk(dataclasses.replace(task, stream="erk"))
