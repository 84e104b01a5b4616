"""Topometrics of small graphs whose values are known on paper."""

from itertools import combinations, product
from math import comb, cos, pi, sqrt

import numpy as np
import pytest

from prunegraph.errors import UserError
from prunegraph.graphs import MultipartiteGraph
from prunegraph.metrics import normalise, topometrics
from prunegraph.metrics.explicit.adjacency import from_arrays
from prunegraph.metrics.explicit.coreness import coreness
from prunegraph.metrics.explicit.cuts import cuts
from prunegraph.metrics.explicit.motifs import Subgraphs, subgraphs
from prunegraph.metrics.normalise import NAMES
from prunegraph.metrics.spectrum.gap_and_radius import spectral_gap, spectral_radius


def path(n):
    return n, [(i, i + 1) for i in range(n - 1)]


def cycle(n):
    return n, [*path(n)[1], (0, n - 1)]


def star(leaves):
    return leaves + 1, [(0, i) for i in range(1, leaves + 1)]


def complete(n):
    return n, list(combinations(range(n), 2))


def complete_bipartite(m, n):
    return m + n, [(i, m + j) for i, j in product(range(m), range(n))]


def petersen():
    outer, spokes = cycle(5)[1], [(i, i + 5) for i in range(5)]
    return 10, [*outer, *spokes, *[(5 + i, 5 + (i + 2) % 5) for i in range(5)]]


def barbell(k):
    """Two k-cliques joined by one edge."""
    edges = complete(k)[1]
    return 2 * k, [*edges, *[(k + a, k + b) for a, b in edges], (k - 1, k)]


def union(*graphs):
    total, edges = 0, []
    for nodes, some in graphs:
        edges += [(total + a, total + b) for a, b in some]
        total += nodes
    return total, edges


def copies(count, graph):
    return union(*[graph] * count)


def rows(graph, weight=1.0):
    nodes, edges = graph
    pairs = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return from_arrays(nodes, pairs[:, 0], pairs[:, 1], np.full(len(pairs), weight))


def multipartite(graph, parts):
    pairs = np.array(graph[1], dtype=np.int64).reshape(-1, 2)
    return MultipartiteGraph.from_edges(parts, pairs[:, 0], pairs[:, 1], np.ones(len(pairs), np.float32))


@pytest.mark.parametrize(
    "graph, expected",
    [
        # n nodes: stars C(d, 3), 3-edge paths, 4-cycles, paws, diamonds, cliques, as subgraphs.
        (path(7), Subgraphs(0, 4, 0, 0, 0, 0)),  # n - 3 paths
        (cycle(4), Subgraphs(0, 4, 1, 0, 0, 0)),
        (cycle(9), Subgraphs(0, 9, 0, 0, 0, 0)),  # n paths for n > 4
        (star(6), Subgraphs(comb(6, 3), 0, 0, 0, 0, 0)),
        (complete(4), Subgraphs(4, 12, 3, 12, 6, 1)),
        # K_n: every graph on four nodes as often as K_4 holds it, C(n, 4) times.
        (complete(7), Subgraphs(*[comb(7, 4) * k for k in (4, 12, 3, 12, 6, 1)])),
        # K_{m,n}: cycles C(m,2) C(n,2), stars m C(n,3) + n C(m,3), paths m n (m-1) (n-1).
        (complete_bipartite(3, 5), Subgraphs(3 * 10 + 5 * 1, 3 * 5 * 2 * 4, 3 * 10, 0, 0, 0)),
        # Petersen: cubic, girth 5; every edge is the middle of 2 * 2 paths.
        (petersen(), Subgraphs(10, 60, 0, 0, 0, 0)),
        # Paw: a triangle 0-1-2 with a pendant 3 at 2. Diamond: K_4 without an edge.
        ((4, [(0, 1), (0, 2), (1, 2), (2, 3)]), Subgraphs(1, 2, 0, 1, 0, 0)),
        ((4, [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]), Subgraphs(2, 6, 1, 4, 1, 0)),
    ],
)
def test_subgraph_counts(graph, expected):
    assert subgraphs(rows(graph).undirected) == expected


@pytest.mark.parametrize(
    "graph, expected",
    [
        (path(7), 4),
        (cycle(4), 1),
        (cycle(9), 9),
        (star(6), 20),
        (complete(6), comb(6, 4)),  # every four nodes induce K_4
        # Four nodes of K_{m,n} are connected unless all lie on one side: C(8,4) - C(5,4).
        (complete_bipartite(3, 5), comb(8, 4) - comb(5, 4)),
        (petersen(), 70),  # 10 claws + 60 paths
        # Two K_4; with both ends of the bridge: two more of one clique, or one of each.
        (barbell(4), 2 + 2 * comb(3, 2) + 3 * 3),
        (union(path(4), star(3)), 2),
        ((3, [(0, 1)]), 0),
    ],
)
def test_motifs_count_connected_induced_subgraphs(graph, expected):
    assert subgraphs(rows(graph).undirected).motifs == expected


def test_motifs_of_a_hub_do_not_overflow():
    # C(3 * 10^5, 3) = 4.5 * 10^15; the hub has the lowest number, so renumbering by degree pays.
    assert subgraphs(rows(star(300_000)).undirected).motifs == comb(300_000, 3)


@pytest.mark.parametrize(
    "graph, cores, edges, nodes, components",
    [
        (path(5), [1] * 5, 4, 3, 1),
        (cycle(5), [2] * 5, 0, 0, 1),
        (star(4), [1] * 5, 4, 1, 1),
        (complete(5), [4] * 5, 0, 0, 1),
        (complete_bipartite(3, 3), [3] * 6, 0, 0, 1),
        (complete_bipartite(2, 5), [2] * 7, 0, 0, 1),
        (petersen(), [3] * 10, 0, 0, 1),
        (barbell(4), [3] * 8, 1, 2, 1),
        (union(cycle(3), path(3), (2, [])), [2, 2, 2, 1, 1, 1, 0, 0], 2, 1, 4),
        # A triangle with a tail of two: the tail's edges are bridges, its inner node and the foot are cuts.
        ((5, [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4)]), [2, 2, 2, 1, 1], 2, 2, 1),
        ((4, []), [0] * 4, 0, 0, 4),
    ],
)
def test_cores_and_cuts(graph, cores, edges, nodes, components):
    undirected = rows(graph).undirected
    assert coreness(undirected).tolist() == cores
    assert cuts(undirected) == (edges, nodes, components)


def test_two_edges_between_the_same_nodes_are_no_bridge():
    undirected = rows((3, [(0, 1), (1, 0), (1, 2)])).undirected
    assert cuts(undirected) == (1, 1, 1)
    assert subgraphs(rows((4, [(0, 1), (1, 0), (1, 2), (2, 3)])).undirected).motifs == 1


def test_a_long_path_needs_no_recursion():
    assert cuts(rows(path(200_000)).undirected) == (199_999, 199_998, 1)


SPECTRA = [
    # graph, |l1| - |l3| of the adjacency, largest Laplacian eigenvalue
    # P_n: 2 cos(pi k / (n + 1)); Laplacian 2 + 2 cos(pi / n).
    (path(10), 2 * cos(pi / 11) - 2 * cos(2 * pi / 11), 2 + 2 * cos(pi / 10)),
    # C_8: 2 cos(2 pi k / 8): 2, -2, then +-sqrt 2 twice each; Laplacian 2 - (-2) = 4.
    (cycle(8), 2 - sqrt(2), 4),
    # C_9: 2, then 2 cos(8 pi / 9) twice (magnitude 1.879, negative, double); Laplacian 2 + 2 cos(pi / 9).
    (cycle(9), 2 - 2 * cos(pi / 9), 2 + 2 * cos(pi / 9)),
    # Star K_{1,m}: +-sqrt m and zeros; Laplacian m + 1.
    (star(9), 3, 10),
    # K_{m,n}: +-sqrt(m n) and zeros; Laplacian m + n.
    (complete_bipartite(3, 3), 3, 6),
    (complete_bipartite(2, 8), 4, 10),
    # K_n: n - 1, then -1 (n - 1 times); Laplacian n.
    (complete(6), 4, 6),
    # Petersen: 3, 1 (5 times), -2 (4 times); Laplacian 3 + 2.
    (petersen(), 1, 5),
    # Equal components repeat every eigenvalue: |l3| = |l1|.
    (copies(2, star(9)), 0, 10),
    (copies(3, complete(6)), 0, 6),
    (copies(2, complete(6)), 4, 6),  # 5, 5, then -1
    (union(star(9), path(10)), 3 - 2 * cos(pi / 11), 10),
    ((5, []), 0, 0),
    ((4, [(0, 1)]), 1, 2),  # 1, -1, 0, 0
]


@pytest.mark.parametrize("isolated", [0, 400], ids=["dense", "lanczos"])
@pytest.mark.parametrize("graph, gap, radius", SPECTRA)
def test_spectrum(graph, gap, radius, isolated):
    # Isolated nodes add zeros only; with 400 of them the iterative solver does the work.
    larger = rows(union((isolated, []), graph), weight=0.5)
    assert spectral_gap(larger).value == pytest.approx(gap / 2, abs=1e-9)
    assert spectral_radius(larger).value == pytest.approx(radius / 2, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "graph, gap, radius",
    [
        (cycle(1000), 2 - 2 * cos(2 * pi / 1000), 4),
        (star(900), 30, 901),
        (complete_bipartite(20, 500), 100, 520),
        (complete(300), 298, 300),
        (copies(100, complete_bipartite(3, 3)), 0, 6),
        (copies(200, petersen()), 0, 5),
        (union(copies(2, complete(20)), path(500)), 19 - 2 * cos(pi / 501), 20),
    ],
)
def test_spectrum_of_large_graphs_with_many_equal_eigenvalues(graph, gap, radius):
    found, reach = spectral_gap(rows(graph)), spectral_radius(rows(graph))
    first = {1000: 2, 901: 30, 520: 100, 300: 299, 600: 3, 2000: 3, 540: 19}[graph[0]]
    assert found.value == pytest.approx(gap, abs=1e-5 * first)
    assert reach.value == pytest.approx(radius, rel=1e-6)
    assert found.steps > 0 and found.residual <= 3e-6 and reach.residual <= 1e-6


# Two layers of a small directed graph: 0 1 | 2 3 4 | 5 6; see each comment.
SMALL = multipartite((7, [(0, 2), (0, 3), (2, 5), (4, 5)]), (2, 3, 2))


def test_local_counts_by_hand():
    # Node 1 disconnected (input), 3 a sink, 4 a source, 6 disconnected (output); 5 is an output, 0 an input.
    result = topometrics(SMALL, "clean")
    local = [result[name] for name in NAMES[:5]]
    assert local == [1, 1, 2, 1, 1]
    # compat: all sinks {3, 5} minus 2 outputs; all sources {0, 4} minus 2 inputs; edges into sinks
    # with id < 7 - 1 - 2 = 4, so node 3; edges out of sources with id > 2, so node 4.
    assert [topometrics(SMALL, "compat")[name] for name in NAMES[:5]] == [0, 0, 2, 1, 1]


def test_compat_conditions_are_off_by_one():
    # 0 | 1 2 | 3: node 1 is a source, 2 a sink. Sinks need id < 4 - 1 - 1 = 2, sources id > 1.
    graph = multipartite((4, [(0, 2), (1, 3)]), (1, 2, 1))
    assert [topometrics(graph, "clean")[name] for name in NAMES[:5]] == [1, 1, 0, 1, 1]
    assert [topometrics(graph, "compat")[name] for name in NAMES[:5]] == [1, 1, 0, 0, 0]


def test_neighbourhoods_by_hand():
    # Reached in one step, itself included: 0: {0 2 3}, 2: {2 5}, 4: {4 5}, others themselves: 3 + 2 + 2 + 4.
    result = topometrics(SMALL)
    assert result["one_hop"] == 11 / 7
    assert result["two_hop"] == 12 / 7  # node 0 also reaches 5


def test_two_hop_counts_each_node_once():
    # 0 -> 1, 2 -> 3 twice, and a shortcut 0 -> 3: node 0 reaches 4 nodes, 1 and 2 reach 2 each.
    graph = multipartite((4, [(0, 1), (0, 2), (0, 3), (1, 3), (2, 3)]), (1, 2, 1))
    assert topometrics(graph)["two_hop"] == (4 + 2 + 2 + 1) / 4


def test_result_is_plain_numbers_in_the_stated_order():
    result = topometrics(SMALL)
    assert tuple(result) == NAMES
    assert all(type(value) in (int, float) for value in result.values())
    assert result["strength"] == 8 / 7
    assert result["components"] == 3 and result["mean_component"] == 7 / 3
    assert result["motifs"] == 2  # the path 3-0-2-5-4 holds two paths of four nodes


def test_no_edges():
    pairs = np.zeros(0, np.int64)
    result = topometrics(MultipartiteGraph.from_edges((2, 3), pairs, pairs))
    expected = dict.fromkeys(NAMES, 0) | {"disconnected_nodes": 5, "one_hop": 1, "two_hop": 1}
    assert result == expected | {"components": 5, "mean_component": 1}
    assert topometrics(MultipartiteGraph.from_edges((2, 3), pairs, pairs), normalised=True)["motifs"] is None


def test_fewer_than_three_nodes_have_no_third_eigenvalue():
    two = topometrics(multipartite((2, [(0, 1)]), (1, 1)))
    assert two["spectral_gap"] is None
    assert two["spectral_radius"] == pytest.approx(2)
    assert topometrics(multipartite((1, []), (1,)))["spectral_radius"] == 0


def test_normalised_as_published():
    raw = topometrics(SMALL)
    result = topometrics(SMALL, normalised=True)
    assert result == normalise(raw, nodes=7, edges=4)
    assert result["one_hop"] == pytest.approx(1 / 7 + 1 / 4)  # holds in every published row
    assert result["mean_component"] == pytest.approx(1 / result["components"])
    assert result["sink_nodes"] == 1 / 7 and result["removable_out"] == 1 / 4
    assert result["cut_nodes"] == raw["cut_nodes"] / 4
    assert result["spectral_gap"] == raw["spectral_gap"]


def test_a_mapping_gives_one_result_per_layer():
    report = {}
    result = topometrics({"a": SMALL, "b": SMALL}, solver_report=report)
    assert list(result) == ["a", "b"] and result["a"] == topometrics(SMALL)
    assert report["b"]["spectral_gap"] == {"steps": 0, "residual": 0.0}


def test_unknown_mode_is_refused():
    with pytest.raises(UserError, match="Unknown mode 'strict'"):
        topometrics(SMALL, "strict")


def test_rows_refuse_what_is_no_graph():
    with pytest.raises(UserError, match="nodes 0 to 5"):
        from_arrays(3, [0], [5], [1])
    with pytest.raises(UserError, match="to itself"):
        from_arrays(3, [1], [1], [1])
