"""All topometrics of a graph, or of every layer's graph, as plain numbers.

The compiled functions need numba and are imported on first use.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from prunegraph.catalogue import MODES, MOTIFS, known
from prunegraph.metrics.normalise import NAMES, normalise
from prunegraph.metrics.paths import plan

if TYPE_CHECKING:
    from prunegraph.graphs import MultipartiteGraph


def topometrics(
    graph: "MultipartiteGraph | Mapping[str, MultipartiteGraph]",
    mode: str | None = None,
    normalised: bool = False,
    *,
    path: str | None = None,
    motifs: str = "exact",
    seed: int = 0,
    device: str = "cpu",
    solver_report: dict | None = None,
) -> dict:
    """Measure the 16 topometrics of a graph: local, neighbour, strength, global and expansion properties.

    Source: E. Cunegatti, M. Farina, D. Bucur, G. Iacca, "Understanding Sparse Neural Networks from their
    Topology via Multipartite Graph Representations", TMLR 2024 (arXiv 2305.16886).

    Parameters
    ----------
    graph : MultipartiteGraph, or mapping of layer names to graphs
        For a mapping the result is a dict of the layers' results.
    mode : "clean", "compat" or None
        Definition of the local counts (:func:`prunegraph.metrics.local.local_counts`); with None, that of the graph.
        Nothing else depends on it, because the encoding has determined the edges.
    normalised : bool
        Whether values are divided as in the published tables (:func:`prunegraph.metrics.normalise.normalise`).
    path : "explicit", "implicit" or None
        Whether edges are listed or counted from masks (:mod:`prunegraph.metrics.paths`); with None, the cheaper path.
        Both paths give the same counts; spectral values agree within 1e-5 of the largest eigenvalue.
    motifs : "exact" or "estimate"
        "estimate" (a compat option): the published random estimate with a standard deviation of about 17 %
        (:mod:`prunegraph.metrics.explicit.motif_estimate`), which lists the edges. The exact number costs less in
        all but tiny graphs.
    seed : int
        Seed of the estimate.
    device : str
        Device of the products with the adjacency matrix on the implicit path, as torch names it ("cpu", "cuda").
    solver_report : dict, optional
        Dict that is filled with {"spectral_gap" and "spectral_radius": {"steps", "residual"}}, by layer for a mapping.

    Returns
    -------
    dict
        sink_nodes source_nodes disconnected_nodes removable_out removable_in one_hop two_hop motifs strength
        k_core cut_edges cut_nodes components mean_component spectral_gap spectral_radius: int, float or None
        (not defined: see each metric's file). The first seven depend on the direction of edges; the others are those of
        the undirected graph. The explicit path takes mainly O(wedges) for the motifs and O(edges) for each step of the
        solver, and about 36 bytes of memory per edge. The implicit path takes 40 to 80 times the multiplications of the
        dense network, and about 400 bytes of memory per node, whatever the number of edges.

    Raises
    ------
    UserError
        If the mode, the path or the word for `motifs` is unknown.
    """
    report = {} if solver_report is None else solver_report
    options = (mode, normalised, path, motifs, seed, device)
    if isinstance(graph, Mapping):
        return {name: _of_graph(layer, *options, report.setdefault(name, {})) for name, layer in graph.items()}
    return _of_graph(graph, *options, report)


def _of_graph(
    graph: "MultipartiteGraph",
    mode: str | None,
    normalised: bool,
    path: str | None,
    motifs: str,
    seed: int,
    device: str,
    report: dict,
) -> dict:
    from prunegraph.metrics.measurement import Measurement

    mode = known(MODES, graph.mode if mode is None else mode, "mode")
    measurement = Measurement(graph, plan(graph, path), device, report)
    if known(MOTIFS, motifs, "count of motifs") == "estimate":
        measurement.motifs_seed = seed
    raw = measurement.local(mode) | measurement.counts() | measurement.cuts() | measurement.spectrum()
    raw = {name: raw[name] for name in NAMES}
    return normalise(raw, graph.number_of_nodes(), graph.number_of_edges()) if normalised else raw
