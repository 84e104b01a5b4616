"""Masks from relational graphs (RGP): a layer keeps the blocks of channels that its graph joins.

Source: Z. Chen et al., "RGP: Neural Network Pruning Through Regular Graph With Edges Swapping", IEEE TNNLS (2023).
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.pruning.blocks import channels_of
from prunegraph.pruning.pruned import Pruned
from prunegraph.pruning.task import Task
from prunegraph.relational.mapping import block_mask
from prunegraph.relational.names import sparsity_of

#: What to do with a layer of fewer channels than the graph has nodes.
NARROW = ("refuse", "dense")


def rgp(task: Task, *, self_loops: str = "none", narrow: str = "refuse", compat: bool = False) -> Pruned:
    """Keep the blocks that a relational graph joins, the same graph in every layer: the first of the sparsity asked.

    Channels, or units, are divided among the nodes of the graph (:mod:`prunegraph.relational.mapping`). The sparsity
    counts entries of the block matrix, its diagonal included: 1 - d / n for a regular graph of degree d and n nodes. By
    default the first and the last layer stay dense, as the authors train them; of an MLP, too, whose last layer has no
    more units than classes. No weight is looked at, and nothing is drawn.

    Parameters
    ----------
    self_loops
        ``none``, as the authors do; ``all`` joins every node to itself, as in graph2nn; ``graph``: as its diagonal is.
    narrow
        Of layers with fewer channels than nodes: ``refuse`` them in a sentence, or leave them ``dense``.
    compat
        As published: larger and smaller groups of channels in the order of numpy's permutation of seed 1.

    Raises
    ------
    UserError
        Without relational graphs; if none has the sparsity, naming those that there are; for a layer with fewer
        channels than nodes.
    """
    known(NARROW, narrow, "way with narrow layers:")
    adjacency, row = _chosen(task, self_loops)
    masks = {}
    for name, weight in task.weights.items():
        outputs, inputs, positions = channels_of(task, name)
        if min(outputs, inputs) < len(adjacency):
            if narrow == "refuse":
                raise UserError(
                    f"The graph of {len(adjacency)} nodes is too large for the layer {name!r}, which has {inputs} "
                    f"inputs and {outputs} outputs. Take graphs with fewer nodes, prune other layers (`layers`), or "
                    "leave narrow layers dense (`narrow: dense`)."
                )
            masks[name] = torch.ones(weight.shape, dtype=torch.bool)
            continue
        blocks = block_mask(adjacency, outputs, inputs, positions=positions, self_loops=self_loops, compat=compat)
        kernel = (1,) * (weight.ndim - 2)
        masks[name] = torch.from_numpy(blocks).reshape(*blocks.shape, *kernel).expand(weight.shape)
    if all(mask.all() for mask in masks.values()):
        raise UserError(f"Every layer has fewer channels than the graph's {len(adjacency)} nodes; take a smaller one.")
    return Pruned(masks, facts=facts_of(row))


def facts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a graph as facts of the network that it became; one that is infinite is missing."""
    named = {f"graph_{name}": value for name, value in row.items()}
    return {name: value if isinstance(value, str) or math.isfinite(value) else None for name, value in named.items()}


def _chosen(task: Task, self_loops: str) -> tuple[np.ndarray, Mapping[str, Any]]:
    """The adjacency and the properties of the first graph that has the sparsity."""
    if task.graphs is None:
        raise UserError(
            f"Pruner {task.name!r} needs relational graphs, but none were given; pass graphs=..., a set that "
            "prunegraph.relational.load read."
        )
    found = []
    for adjacency, row in zip(task.graphs.adjacency, task.graphs.rows, strict=True):
        found.append(sparsity_of(int(adjacency.sum()), len(adjacency), self_loops))
        if abs(found[-1] - task.sparsity) < 1e-9:
            return adjacency, row
    there = ", ".join(f"{value:.10g}" for value in sorted(set(found)))
    raise UserError(f"No relational graph has the sparsity {task.sparsity:.10g}; those given have {there}.")
