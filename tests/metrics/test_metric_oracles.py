"""Every topometric of random graphs against igraph, networkx and dense linear algebra."""

import warnings

import igraph
import networkx as nx
import numpy as np
import pytest

from prunegraph import graphs
from prunegraph.graphs import MultipartiteGraph
from prunegraph.metrics import topometrics
from prunegraph.metrics.normalise import NAMES
from prunegraph.randomness import numpy_generator


def layered(seed, parts, density, skip=False, inside=False):
    """A random multipartite graph; `skip` adds shortcut edges (triangles), `inside` edges within parts."""
    draw = numpy_generator(seed, "test", "layered")
    offsets = np.cumsum([0, *parts])
    part = np.repeat(np.arange(len(parts)), parts)
    source, target = np.triu_indices(offsets[-1], 1)
    span = part[target] - part[source]
    allowed = (span == 1) | ((span == 2) & skip) | ((span == 0) & inside)
    kept = allowed & (draw.random(len(source)) < density)
    weight = draw.random(int(kept.sum()), dtype=np.float32)
    return MultipartiteGraph.from_edges(parts, source[kept], target[kept], weight)


def tangled(seed, nodes, edges):
    """A random directed graph with cycles; some pairs of nodes are joined both ways."""
    draw = numpy_generator(seed, "test", "tangled")
    source, target = np.divmod(draw.permutation(nodes * nodes)[:edges], nodes)
    kept = source != target
    weight = draw.random(int(kept.sum()), dtype=np.float32)
    return MultipartiteGraph.from_edges((nodes // 2, nodes - nodes // 2), source[kept], target[kept], weight)


CASES = {
    "sparse": lambda seed: layered(seed, (12, 20, 20, 9, 4), 0.04),
    "dense": lambda seed: layered(seed, (12, 20, 20, 9, 4), 0.5),
    "shortcuts": lambda seed: layered(seed, (8, 15, 15, 15, 5), 0.2, skip=True),
    "inside": lambda seed: layered(seed, (8, 15, 15, 5), 0.3, skip=True, inside=True),
    "two parts": lambda seed: layered(seed, (30, 8), 0.2),
    "lanczos": lambda seed: layered(seed, (40, 90, 120, 80, 10), 0.03, skip=True),
    "scattered": lambda seed: layered(seed, (90, 120, 90), 0.004),
    "tangled": lambda seed: tangled(seed, 40, 150),
    "unions": lambda seed: tangled(seed, 60, 50),
}


@pytest.fixture(params=[(name, seed) for name in CASES for seed in range(3)], ids=lambda p: f"{p[0]}-{p[1]}")
def graph(request):
    name, seed = request.param
    return CASES[name](seed)


def igraph_counts(graph):
    directed, nodes = graphs.to_igraph(graph), graph.number_of_nodes()
    undirected = directed.as_undirected(mode="each")
    simple = undirected.copy()
    simple.simplify()
    return {
        "one_hop": sum(directed.neighborhood_size(order=1, mode="out")) / nodes,
        "two_hop": sum(directed.neighborhood_size(order=2, mode="out")) / nodes,
        "motifs": int(simple.motifs_randesu_no(size=4)),
        "strength": sum(undirected.strength(weights="weight")) / nodes,
        "k_core": sum(undirected.coreness()) / nodes,
        "cut_edges": len(undirected.bridges()),
        "cut_nodes": len(undirected.articulation_points()),
        "components": len(undirected.connected_components()),
    }


def test_counts_equal_igraph(graph):
    result = topometrics(graph)
    expected = igraph_counts(graph)
    assert {name: result[name] for name in expected} == pytest.approx(expected, rel=1e-9, abs=0)


def networkx_counts(graph):
    directed, nodes = graphs.to_networkx(graph), graph.number_of_nodes()
    undirected = nx.MultiGraph()
    undirected.add_nodes_from(directed)
    undirected.add_edges_from(directed.edges)
    simple = nx.Graph(undirected)
    reach = nx.single_source_shortest_path_length
    return {
        "one_hop": sum(len(reach(directed, u, 1)) for u in directed) / nodes,
        "two_hop": sum(len(reach(directed, u, 2)) for u in directed) / nodes,
        "cut_nodes": len(set(nx.articulation_points(simple))),
        "cut_edges": sum(undirected.number_of_edges(u, v) == 1 for u, v in nx.bridges(simple)),
        "components": nx.number_connected_components(simple),
    }


def test_counts_equal_networkx(graph):
    result = topometrics(graph)
    expected = networkx_counts(graph)
    assert {name: result[name] for name in expected} == pytest.approx(expected, rel=1e-12, abs=0)


def test_coreness_equals_networkx():
    graph = CASES["shortcuts"](7)
    cores = nx.core_number(graphs.to_networkx(graph).to_undirected())
    assert topometrics(graph)["k_core"] == pytest.approx(sum(cores.values()) / graph.number_of_nodes())


def test_local_counts_equal_igraph(graph):
    directed, nodes = graphs.to_igraph(graph), graph.number_of_nodes()
    into, out = np.array(directed.indegree()), np.array(directed.outdegree())
    node, first, last = np.arange(nodes), graph.parts[0], graph.parts[-1]
    sink, source = (out == 0) & (into > 0), (into == 0) & (out > 0)
    ending, starting = sink & (node < nodes - last), source & (node >= first)
    clean = [ending.sum(), starting.sum(), ((into + out) == 0).sum(), into[ending].sum(), out[starting].sum()]
    assert [topometrics(graph, "clean")[name] for name in NAMES[:5]] == clean
    ending, starting = sink & (node < nodes - 1 - last), source & (node > first)
    compat = [sink.sum() - last, source.sum() - first, clean[2], into[ending].sum(), out[starting].sum()]
    assert [topometrics(graph, "compat")[name] for name in NAMES[:5]] == compat


def test_spectrum_equals_dense_linear_algebra(graph):
    matrix = graphs.to_scipy(graph).toarray().astype(np.float64)
    matrix += matrix.T
    values = np.sort(np.abs(np.linalg.eigvalsh(matrix)))[::-1]
    radius = np.linalg.eigvalsh(np.diag(matrix.sum(axis=0)) - matrix)[-1]
    result = topometrics(graph)
    assert result["spectral_gap"] == pytest.approx(values[0] - values[2], abs=1e-7 * values[0])
    assert result["spectral_radius"] == pytest.approx(radius, rel=1e-8)


def test_order_of_nodes_does_not_matter():
    # Renumbering within parts changes every kernel's path through the graph, and no result.
    graph = CASES["inside"](11)
    draw = numpy_generator(0, "test", "renumber")
    offsets = np.cumsum([0, *graph.parts])
    new = np.concatenate([o + draw.permutation(p) for o, p in zip(offsets, graph.parts, strict=False)])
    source, target, weight = graph.edges()
    other = MultipartiteGraph.from_edges(graph.parts, new[source], new[target], weight)
    assert topometrics(other) == pytest.approx(topometrics(graph), rel=1e-7)


def test_same_graph_gives_same_bytes():
    graph = CASES["lanczos"](5)
    assert repr(topometrics(graph)) == repr(topometrics(graph))


def test_report_holds_steps_and_residuals():
    report = {}
    topometrics(CASES["lanczos"](5), solver_report=report)
    for name in ("spectral_gap", "spectral_radius"):
        assert report[name]["steps"] > 0 and 0 <= report[name]["residual"] <= 1e-5


def test_a_solve_that_does_not_converge_says_so(monkeypatch):
    from prunegraph.metrics.spectrum import lanczos

    monkeypatch.setattr(lanczos, "MOST_STEPS", 4)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        topometrics(CASES["lanczos"](5))
    assert any("Lanczos: residual" in str(warning.message) for warning in caught)


def test_networkx_and_igraph_agree_on_the_strange_cases():
    # Guards the oracles themselves: a pair of opposite edges is a cycle of length two, not a bridge.
    double = igraph.Graph(n=3, edges=[(0, 1), (1, 0), (1, 2)])
    assert double.bridges() == [2] and double.articulation_points() == [1]
