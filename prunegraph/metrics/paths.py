"""Which way each metric is measured: on a list of the edges, or on masks alone.

``explicit``: compressed rows of all edges; any graph, 36 bytes and more an edge.
``implicit``: blocks as they are; cost independent of the number of edges. For graphs of
blocks only, and where a structure has no implicit count (below) explicit all the same.

=================  ======================================  ================================================
metrics            implicit                                explicit instead, always
=================  ======================================  ================================================
local, strength    tap counts                              never
one_hop            edges / nodes                           where two blocks might make the same edge
two_hop            products of masks, class by class       likewise
motifs             likewise                                likewise; four parts all joined with each other
k_core             rows of masks off degrees               likewise
cuts, components   sample of edges, completed              likewise
spectral           convolutions, float32                   edge lists
=================  ======================================  ================================================
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prunegraph.catalogue import known
from prunegraph.graphs import Block

if TYPE_CHECKING:
    from prunegraph.graphs import MultipartiteGraph

PATHS = ("explicit", "implicit")

# Nanoseconds of one thread, measured on networks of 0.2 to 200 million edges; they only choose a path.
EDGE = {"rows": 50.0, "spectrum": 300.0, "core_and_cuts": 40.0}
WEDGE = 1.2  # one step of the explicit counts of motifs and second neighbours
NODE = 2500.0  # implicit peeling, search and vector work
PRODUCT = 0.02 * 2 * 80  # one multiplication of the dense network: a product each way, about 80 vectors
START = 0.4e9  # loading torch, and what each block costs


@dataclass(frozen=True)
class Plan:
    """The path of each group of metrics."""

    counts: str
    core: str
    cuts: str
    spectrum: str


def plan(graph: "MultipartiteGraph", path: str | None = None) -> Plan:
    """The cheaper path for this graph, or `path` for everything that has it.

    The model compares nanoseconds: explicit, those an edge costs in each step and those of the wedges (pairs of
    edges u-v-w, from the degrees); implicit, those a node costs and those of the dense network's
    multiplications. Close decisions do not matter, as both are quick there.

    Raises
    ------
    UserError
        For an unknown path.
    """
    if path is not None:
        known(PATHS, path, "path")
        return Plan(path, path, path, path)
    if not all(isinstance(block, Block) for block in graph.blocks):
        return Plan(*["explicit"] * 4)
    chosen = "explicit" if explicit_cost(graph) <= implicit_cost(graph) else "implicit"
    return Plan(*[chosen] * 4)


def explicit_cost(graph: "MultipartiteGraph") -> float:
    """Estimated nanoseconds of the explicit path."""
    degree = graph.in_degree() + graph.out_degree()
    wedges = int((degree * (degree - 1) // 2).sum()) + int((graph.in_degree() * graph.out_degree()).sum())
    return graph.number_of_edges() * sum(EDGE.values()) + wedges * WEDGE


def implicit_cost(graph: "MultipartiteGraph") -> float:
    """Estimated nanoseconds of the implicit path."""
    multiplications = sum(
        block.mask.size * block.geometry.target_map[1] * block.geometry.target_map[2] for block in graph.blocks
    )
    return START + graph.number_of_nodes() * NODE + multiplications * PRODUCT
