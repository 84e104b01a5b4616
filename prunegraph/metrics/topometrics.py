"""All topometrics of a graph, or of every layer's graph, as plain numbers.

The kernels behind this file need numba and are imported on the first use.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from prunegraph.catalogue import MODES, known
from prunegraph.metrics.normalise import NAMES, normalise

if TYPE_CHECKING:
    from prunegraph.graphs import MultipartiteGraph
    from prunegraph.metrics.adjacency import Adjacency


def topometrics(
    graph: "MultipartiteGraph | Mapping[str, MultipartiteGraph]",
    mode: str | None = None,
    normalised: bool = False,
    *,
    solver_report: dict | None = None,
) -> dict:
    """The 16 topometrics of a graph: local, neighbour, strength, global and expansion properties.

    Parameters
    ----------
    graph : MultipartiteGraph, or mapping of layer names to graphs
        For a mapping the result is a dict of the layers' results.
    mode : "clean", "compat" or None
        Which definition of the local counts holds (:func:`prunegraph.metrics.local.local_counts`);
        None: that of the graph. Nothing else depends on it: encoding has fixed the edges.
    normalised : bool
        Divide as in the published tables (:func:`prunegraph.metrics.normalise.normalise`).
    solver_report : dict, optional
        Filled with {"spectral_gap" and "spectral_radius": {"steps", "residual"}}, per layer for a mapping.

    Returns
    -------
    dict
        sink_nodes source_nodes disconnected_nodes removable_out removable_in one_hop two_hop motifs strength
        k_core cut_edges cut_nodes components mean_component spectral_gap spectral_radius: int, float or None
        (not defined: see each metric's file). Direction matters for the first seven; the
        others belong to the undirected graph. Time: mainly the motifs' O(wedges) and the solver's
        O(edges) per step; memory about 36 bytes per edge.

    Raises
    ------
    UserError
        For an unknown mode.

    Source: E. Cunegatti, M. Farina, D. Bucur, G. Iacca, "Understanding Sparse Neural Networks from their
    Topology via Multipartite Graph Representations", TMLR 2024 (arXiv 2305.16886).
    """
    if isinstance(graph, Mapping):
        return {name: _of_layer(name, layer, mode, normalised, solver_report) for name, layer in graph.items()}
    from prunegraph.metrics.adjacency import from_graph

    mode = known(MODES, graph.mode if mode is None else mode, "mode")
    raw = measure(from_graph(graph), graph.parts, mode, {} if solver_report is None else solver_report)
    return normalise(raw, graph.number_of_nodes(), graph.number_of_edges()) if normalised else raw


def _of_layer(name, layer, mode, normalised, solver_report) -> dict:
    report = None if solver_report is None else solver_report.setdefault(name, {})
    return topometrics(layer, mode, normalised, solver_report=report)


def measure(graph: "Adjacency", parts: tuple[int, ...], mode: str, report: dict) -> dict:
    """The raw topometrics of compressed rows; `report` receives the solver's steps and residuals."""
    from prunegraph.metrics.coreness import k_core
    from prunegraph.metrics.cuts import cuts, mean_component
    from prunegraph.metrics.local import local_counts
    from prunegraph.metrics.motifs import motifs
    from prunegraph.metrics.neighbourhood import one_hop, two_hop
    from prunegraph.metrics.spectral import spectral_gap, spectral_radius
    from prunegraph.metrics.strength import strength

    undirected = graph.undirected
    cut = cuts(undirected)
    gap, radius = spectral_gap(graph), spectral_radius(graph)
    for name, solution in (("spectral_gap", gap), ("spectral_radius", radius)):
        report[name] = {"steps": solution.steps, "residual": solution.residual}
    raw = local_counts(graph.in_degree, graph.out_degree, parts, mode) | {
        "one_hop": one_hop(graph),
        "two_hop": two_hop(graph),
        "motifs": motifs(undirected),
        "strength": strength(graph),
        "k_core": k_core(undirected),
        "cut_edges": cut.edges,
        "cut_nodes": cut.nodes,
        "components": cut.components,
        "mean_component": mean_component(graph.nodes, cut.components),
        "spectral_gap": gap.value,
        "spectral_radius": radius.value,
    }
    return {name: raw[name] for name in NAMES}
