"""Graph to mask: the relational graph of a layer says which groups of its inputs each group of its outputs reads.

The channels of a layer are divided among the nodes of the graph, outputs and inputs by the same rule; a weight is kept
where the graph joins the nodes of its two channels.

Source: J. You et al., "Graph Structure of Neural Networks", ICML (2020), section 2.3; Z. Chen et al., "RGP" (2023).
"""

from typing import NamedTuple

import numpy as np

from prunegraph.catalogue import known
from prunegraph.errors import UserError

#: What to do with the diagonal of an adjacency: leave it empty, take it as it is, or join every node to itself.
SELF_LOOPS = ("none", "graph", "all")


class Densities(NamedTuple):
    """Shares of what a mask keeps: of the entries of the nodes x nodes block matrix, and of the layer's weights.

    The two differ where the groups have different sizes.
    """

    graph: float
    parameters: float


def group_sizes(channels: int, nodes: int, *, compat: bool = False) -> np.ndarray:
    """How many channels each node stands for: as equal as can be, the first ``channels % nodes`` have one more.

    Parameters
    ----------
    compat
        As the authors of RGP do: the same sizes in the order of numpy's legacy permutation of seed 1.

    Raises
    ------
    UserError
        If there are more nodes than channels.
    """
    if nodes > channels:
        raise UserError(
            f"A graph of {nodes} nodes cannot be the mask of a layer with {channels} channels: each node needs at "
            "least one. Take a graph with fewer nodes, a wider layer, or leave the layer dense."
        )
    sizes = np.full(nodes, channels // nodes)
    sizes[: channels % nodes] += 1
    return np.random.RandomState(1).permutation(sizes) if compat else sizes  # a generator of its own, not numpy's


def groups(channels: int, nodes: int, *, compat: bool = False) -> np.ndarray:
    """The node of every channel; each node has neighbouring ones. See :func:`group_sizes`."""
    return np.repeat(np.arange(nodes), group_sizes(channels, nodes, compat=compat))


def with_loops(adjacency: np.ndarray, self_loops: str = "none") -> np.ndarray:
    """A copy of `adjacency` as booleans, its diagonal as one of :data:`SELF_LOOPS` says."""
    known(SELF_LOOPS, self_loops, "policy of self-loops")
    found = np.array(adjacency, bool)
    if self_loops != "graph":
        np.fill_diagonal(found, self_loops == "all")
    return found


def block_mask(
    adjacency: np.ndarray,
    outputs: int,
    inputs: int,
    *,
    positions: int = 1,
    self_loops: str = "none",
    compat: bool = False,
) -> np.ndarray:
    """The mask of a layer: outputs x (inputs * positions), bool; True is kept.

    Parameters
    ----------
    adjacency
        nodes x nodes of 0 and 1; row: outputs, column: inputs.
    inputs, positions
        Channels that the layer reads, and how many of its inputs in a row belong to one: the pixels of a map that was
        flattened before a linear layer. The kernel of a convolution is the caller's: one value for all its positions.

    Raises
    ------
    UserError
        If there are more nodes than outputs or inputs.
    """
    blocks = with_loops(adjacency, self_loops)
    rows, columns = (groups(channels, len(blocks), compat=compat) for channels in (outputs, inputs))
    return np.repeat(blocks[np.ix_(rows, columns)], positions, axis=1)


def densities(
    adjacency: np.ndarray, outputs: int, inputs: int, *, self_loops: str = "none", compat: bool = False
) -> Densities:
    """What the mask of :func:`block_mask` keeps, without making it. For a regular graph of degree d: d / nodes."""
    blocks = with_loops(adjacency, self_loops)
    rows, columns = (group_sizes(channels, len(blocks), compat=compat) for channels in (outputs, inputs))
    return Densities(float(blocks.mean()), float(rows @ blocks @ columns) / (outputs * inputs))
