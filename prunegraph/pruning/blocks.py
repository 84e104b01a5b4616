"""Blocks of weights: those between the channels of two nodes of a relational graph."""

import math

import numpy as np

from prunegraph.errors import UserError
from prunegraph.pruning.task import Task
from prunegraph.relational.mapping import groups


def channels_of(task: Task, name: str) -> tuple[int, int, int]:
    """Outputs and inputs of a layer, in channels, and the columns of its weight that belong to one input.

    These are several where a map was flattened before a linear layer. The pixels of an image are channels of their own
    for a linear layer that reads it.
    """
    shape, positions = task.weights[name].shape, 1
    if task.architecture is not None and len(shape) == 2:
        linear = (layer for layer in task.architecture.layers if layer.weight == name and layer.linear and layer.source)
        positions = next((math.prod(layer.kernel) for layer in linear), 1)
    return shape[0], shape[1] // positions, positions


def blocks_in(mask: np.ndarray, nodes: int, positions: int = 1) -> int:
    """How many of the nodes x nodes blocks a mask keeps, channels being divided as :func:`.mapping.groups` does.

    Raises
    ------
    UserError
        If a block is kept in part.
    """
    rows = groups(mask.shape[0], nodes)
    columns = np.repeat(groups(mask.shape[1] // positions, nodes), positions)
    kept = np.zeros((nodes, nodes), np.int64)
    flat = mask.reshape(*mask.shape[:2], -1)
    np.add.at(kept, (rows[:, None], columns[None, :]), flat.sum(2))
    whole = np.bincount(rows)[:, None] * np.bincount(columns)[None, :] * flat.shape[2]
    if ((kept != 0) & (kept != whole)).any():
        raise UserError(f"A mask keeps a part of a block of channels, of {nodes} x {nodes}; expected whole blocks.")
    return int((kept > 0).sum())
