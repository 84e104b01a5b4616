"""Topometrics and Ramanujan properties of the golden networks: what the authors' reference gives for them."""

import pytest
import torch
from helpers.golden import NETWORKS, facts, weights

from prunegraph import encoding, graphs, models
from prunegraph.metrics import ramanujan, topometrics
from prunegraph.metrics.local import local_counts
from prunegraph.metrics.paths import PATHS

# Weighted eigenvalues of the layer graphs come from ARPACK in float32 there, and so do densities.
FLOAT32 = 1e-5
RAMANUJAN = {
    "delta_r": ("delta_r", {"rel": 1e-9}),
    "imdb": ("imdb", {"rel": 1e-9}),
    "imsg": ("iterative_spectral_gap", {"abs": FLOAT32}),
    "layer_density": ("density", {"rel": 1e-6}),
}
COUNTS = {
    "cut_edges": "cut-edges",
    "cut_nodes": "cut-nodes",
    "components": "components",
    "one_hop": "1-hop",
    "k_core": "k-core",
    "mean_component": "mean_component",
}
UNROLLED = COUNTS | {
    "sink_nodes": "sink",
    "source_nodes": "source",
    "disconnected_nodes": "disconnected",
    "removable_out": "r-out",
    "removable_in": "r-in",
    "two_hop": "2-hop",
}


class Golden:
    """A golden network and its expected numbers."""

    def __init__(self, name):
        self.expected = facts(name)
        self.network = models.create(NETWORKS[name], self.expected["classes"])
        self.network.load_state_dict({key: torch.from_numpy(values) for key, values in weights(name).items()})

    def graph(self, kind, mode="compat"):
        return encoding.encode(self.network, (3, 32, 32), kind, mode=mode)


@pytest.fixture(scope="module", params=NETWORKS)
def golden(request):
    return Golden(request.param)


@pytest.mark.parametrize("path, residual", [("explicit", 1e-5), ("implicit", 1e-4)])
def test_unrolled(golden, path, residual):
    graph, expected, report = golden.graph("unrolled"), golden.expected["unrolled"], {}
    result = topometrics(graph, path=path, solver_report=report)
    counts = {name: expected[key] for name, key in UNROLLED.items()}
    assert {name: result[name] for name in counts} == pytest.approx(counts, rel=1e-12, abs=0)
    assert result["strength"] == pytest.approx(expected["strength"], rel=1e-9)
    largest = expected["abs_eigenvalues"][0]
    assert result["spectral_gap"] == pytest.approx(expected["spectral_gap"], abs=1e-5 * largest)
    assert result["spectral_radius"] == pytest.approx(expected["spectral_radius"], rel=1e-6)
    assert max(solve["residual"] for solve in report.values()) <= residual


def test_motifs_of_the_unrolled_graph_equal_igraph():
    graph = Golden("resnet20-0.98").graph("unrolled")
    undirected = graphs.to_igraph(graph).as_undirected()
    expected = undirected.motifs_randesu_no(size=4)
    assert [topometrics(graph, path=path)["motifs"] for path in PATHS] == [expected, expected]


@pytest.mark.parametrize("mode", ["clean", "compat"])
def test_both_paths_count_the_same(golden, mode):
    graph = golden.graph("unrolled", mode)
    results = [topometrics(graph, path=path) for path in PATHS]
    exact = [name for name in results[0] if not name.startswith("spectral")]
    for name in exact:
        assert results[0][name] == pytest.approx(results[1][name], rel=1e-12, abs=0), name


@pytest.mark.parametrize("kind", ["rolled", "rolled_channel"])
def test_layer_topometrics(golden, kind):
    result = topometrics(golden.graph(kind))
    expected = golden.expected[kind.replace("_", "-")]["topometrics"]
    assert list(result) == list(expected)
    for layer, values in expected.items():
        counts = {name: values[key] for name, key in COUNTS.items()}
        assert {name: result[layer][name] for name in counts} == pytest.approx(counts, rel=1e-12, abs=0), layer
        assert result[layer]["strength"] == pytest.approx(values["strength"], rel=1e-9), layer
        assert result[layer]["spectral_radius"] == pytest.approx(values["spectral_radius"], rel=1e-6), layer
        assert result[layer]["spectral_gap"] == pytest.approx(values["spectral_gap"], abs=FLOAT32), layer


@pytest.mark.parametrize("kind", ["rolled", "rolled_channel"])
def test_layer_ramanujan(golden, kind):
    result = ramanujan(golden.graph(kind))
    expected = golden.expected[kind.replace("_", "-")]["ramanujan"]
    assert list(result) == list(expected)
    for layer, values in expected.items():
        for name, (key, tolerance) in RAMANUJAN.items():
            wanted = values[key] if values[key] is None else pytest.approx(values[key], **tolerance)
            assert result[layer][name] == wanted, (layer, name)


def test_the_golden_networks_reach_the_iterative_properties():
    # ResNet-20 has no layer that qualifies; the others keep that part of the comparison from being empty.
    found = facts("conv6-0.99")["rolled-channel"]["ramanujan"]
    assert any(values["imdb"] is not None for values in found.values())


ALL_ONES = [
    # model, edges compat, edges clean, and sink, source, removable_out, removable_in in compat mode
    ("resnet20", 37_138_432, 37_278_208, (1504, 2000, 585_040, 748_032)),
    ("resnet32", 62_783_488, 62_923_264, (1504, 2000, 585_040, 748_032)),
    ("wide_resnet28_2", 194_435_072, 194_994_176, (3008, 4000, 2_331_424, 2_989_184)),
    ("conv6", 241_388_032, 241_388_032, (0, 0, 0, 0)),
]
LOCAL = ("sink_nodes", "source_nodes", "removable_out", "removable_in")


@pytest.mark.parametrize("model, compat_edges, clean_edges, compat", ALL_ONES)
def test_dense_networks(model, compat_edges, clean_edges, compat):
    # Known from the authors' graphs of the dense networks; too many edges to list, so from the blocks' degrees.
    network = models.create(model, 10)
    for weight in models.prunable(network).values():
        weight.data.fill_(1)
    for mode, edges, expected in (("compat", compat_edges, compat), ("clean", clean_edges, (0, 0, 0, 0))):
        graph = encoding.encode(network, (3, 32, 32), mode=mode)
        counts = local_counts(graph.in_degree(), graph.out_degree(), graph.parts, mode)
        assert graph.number_of_edges() == edges
        assert tuple(counts[name] for name in LOCAL) == expected
        assert counts["disconnected_nodes"] == 0
