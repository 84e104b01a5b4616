"""The path by which each metric is measured: from a list of the edges, or from masks alone.

``explicit``: compressed rows of all edges; for any graph, at least 36 bytes an edge.
``implicit``: the blocks themselves; the cost does not depend on the number of edges. It is possible for graphs of
blocks only; structures without an implicit count (see the table) are measured explicitly.
Up to `LISTED` edges the cheaper path is chosen; for more edges only the implicit path is used.

Motifs through loose blocks (:class:`prunegraph.metrics.implicit.layout.Layout`: those of split feature maps and of
``compat`` graphs) are counted for single pairs of nodes (:mod:`prunegraph.metrics.implicit.separable`), two-hop
neighbourhoods around them for single nodes (:mod:`prunegraph.metrics.implicit.loose_neighbourhood`). Where this is not
possible, as for strided blocks of ``compat`` graphs that follow each other, the edges around them are listed.

=================  ======================================  ===================================================
metrics            implicit                                explicit instead, always
=================  ======================================  ===================================================
local, strength    tap counts                              never
one_hop            edges / nodes                           where two blocks might make the same edge
two_hop            products of masks, class by class       likewise
motifs             likewise                                likewise; four parts all joined with each other
k_core             rows of masks off degrees               likewise
cuts, components   sample of edges, completed              likewise
spectral           convolutions, float32                   edge lists; where torch is not installed
=================  ======================================  ===================================================
"""

from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from typing import TYPE_CHECKING

from prunegraph.catalogue import known
from prunegraph.graphs.blocks import Bundle

if TYPE_CHECKING:
    from prunegraph.graphs import MultipartiteGraph

PATHS = ("explicit", "implicit")

# Nanoseconds on one thread, measured on networks of 0.2 to 200 million edges; they are used only to choose a path.
ROWS = 60  # an edge, in the lists that all explicit metrics share
WEDGE = 1.2  # one step of the explicit counts of motifs and second neighbours
STEPS = 80, 200  # an edge, and a node, in the same counts
SEARCH = 40  # an edge, in the explicit cores and cuts
SOLVE = 200, 1500  # an edge, and a node, in the explicit eigenvalue solves
CLASSES, PEEL, BASIS = 450, 800, 600  # a node, in implicit counts, in cores and cuts, and in eigenvalue solves
PRODUCT = 0.03 * 2 * 60  # one multiplication of the dense network, both ways, for about 60 vectors
SETUP = 2e7  # constant cost of either implicit count
LISTED = 8_000_000  # edges whose list takes 0.3 GB; larger lists are made only where there is no implicit count
TORCH = 4e8  # importing it takes 1.3 s, in a job that measures about three networks


@dataclass(frozen=True)
class Plan:
    """The path of each group of metrics: neighbourhoods and motifs; cores and cuts; eigenvalues."""

    counts: str
    cuts: str
    spectrum: str


def plan(graph: "MultipartiteGraph", path: str | None = None) -> Plan:
    """Choose the cheapest path for this graph, or `path` for every metric that has it.

    A model estimates nanoseconds. The explicit path takes a time for each edge and group, for counts also for each
    wedge (pair of edges that share a node, from the degrees), and the list of edges once, if any group needs it. The
    implicit path takes a time for each node, and for eigenvalues the multiplications of the dense network. If both
    paths cost about the same, the choice may be wrong, which does not matter. The choice depends on the graph alone, so
    that the same graph gives the same bytes (but without torch, eigenvalues always take the explicit path).

    Raises
    ------
    UserError
        For an unknown path.
    """
    if path is not None:
        known(PATHS, path, "path")
        return Plan(path, path, path)
    if not all(isinstance(block, Bundle) for block in graph.blocks):
        return Plan(*["explicit"] * 3)
    paths = PATHS if graph.number_of_edges() <= LISTED else ("implicit",)
    choices = [Plan(*three) for three in product(paths, repeat=3)]
    costs = estimate(graph)
    if find_spec("torch") is None:
        choices = [Plan(plan.counts, plan.cuts, "explicit") for plan in choices]
    return min(choices, key=lambda plan: _total(plan, costs))


def _total(plan: Plan, costs: dict[str, dict[str, float]]) -> float:
    chosen = {"counts": plan.counts, "cuts": plan.cuts, "spectrum": plan.spectrum}
    rows = costs["explicit"]["rows"] if "explicit" in chosen.values() else 0.0
    return rows + sum(costs[path][group] for group, path in chosen.items())


def estimate(graph: "MultipartiteGraph") -> dict[str, dict[str, float]]:
    """Estimate the nanoseconds that each group of metrics would take on each path."""
    into, out, edges, nodes = graph.in_degree(), graph.out_degree(), graph.number_of_edges(), graph.number_of_nodes()
    degree = into + out
    wedges = int((degree * (degree - 1) // 2).sum()) + int((into * out).sum())
    multiplications = sum(
        block.mask.size * block.geometry.target_map[1] * block.geometry.target_map[2] for block in graph.blocks
    )
    return {
        "explicit": {
            "rows": ROWS * edges,
            "counts": WEDGE * wedges + STEPS[0] * edges + STEPS[1] * nodes,
            "cuts": SEARCH * edges,
            "spectrum": SOLVE[0] * edges + SOLVE[1] * nodes,
        },
        "implicit": {
            "counts": SETUP + CLASSES * nodes,
            "cuts": SETUP + PEEL * nodes,
            "spectrum": TORCH + BASIS * nodes + PRODUCT * multiplications,
        },
    }
