"""Four pruned networks of which the MGE authors' reference implementation gave every edge."""

import hashlib
import json
from functools import cache

import numpy as np
import pytest
from helpers import golden as golden_networks

from prunegraph import models, tensors
from prunegraph.encoding import encode_weights, trace


@cache
def architecture(model):
    return trace(models.create(model, 10), (3, 32, 32))


@pytest.fixture(params=golden_networks.NETWORKS)
def golden(request):
    name = request.param
    return architecture(golden_networks.NETWORKS[name]), golden_networks.weights(name), golden_networks.facts(name)


def test_the_stored_networks_are_the_originals(shared, tmp_path):
    for name in golden_networks.NETWORKS:
        original, _ = tensors.load(shared / "golden" / f"{name}.safetensors")
        golden_networks.store(name, original, tmp_path)
        for stored in (golden_networks.weights(name), golden_networks.weights(name, tmp_path)):
            assert list(stored) == list(original)
            for key, values in original.items():
                assert (stored[key].dtype, stored[key].shape) == (values.dtype, values.shape), key
                np.testing.assert_array_equal(stored[key], values)
        assert golden_networks.facts(name) == json.loads((shared / "golden" / f"{name}.json").read_text())


def test_the_golden_networks_take_less_than_a_megabyte():
    assert sum(path.stat().st_size for path in golden_networks.FOLDER.iterdir()) < 1e6


def test_compat_edges_are_those_of_the_reference(golden):
    architecture, weights, facts = golden
    graph = encode_weights(architecture, weights, mode="compat")
    assert graph.number_of_nodes() == facts["nodes"]
    assert list(graph.parts) == facts["parts"]
    assert graph.number_of_edges() == facts["edges"]
    source, target, weight = graph.edges()
    pairs = np.column_stack([source, target]).astype("<i8")
    assert hashlib.sha256(pairs.tobytes()).hexdigest() == facts["edge_sha256"]
    twice = int((np.diff(source * graph.number_of_nodes() + target) == 0).sum())
    assert twice == facts["duplicate_edges"] == 0
    assert weight.sum(dtype=np.float64) == pytest.approx(facts["weight_sum_abs_fp16"], rel=1e-12)
    assert graph.weight_sum() == pytest.approx(facts["weight_sum_abs_fp16"], rel=1e-12)
    nodes = graph.number_of_nodes()
    np.testing.assert_array_equal(graph.out_degree(), np.bincount(source, minlength=nodes))
    np.testing.assert_array_equal(graph.in_degree(), np.bincount(target, minlength=nodes))


def test_compat_sinks_and_sources_are_those_of_the_reference(golden):
    architecture, weights, facts = golden
    graph = encode_weights(architecture, weights, mode="compat")
    outgoing, incoming = graph.out_degree(), graph.in_degree()
    sink, source = (outgoing == 0) & (incoming > 0), (incoming == 0) & (outgoing > 0)
    published = facts["unrolled"]
    assert sink.sum() - graph.parts[-1] == published["sink"]
    assert source.sum() - graph.parts[0] == published["source"]
    assert ((outgoing == 0) & (incoming == 0)).sum() == published["disconnected"]


@pytest.mark.parametrize(("encoding", "published"), [("rolled", "rolled"), ("rolled_channel", "rolled-channel")])
def test_layer_graphs_are_those_of_the_reference(golden, encoding, published):
    architecture, weights, facts = golden
    layers = encode_weights(architecture, weights, encoding, "compat")
    expected, measured = facts[published]["ramanujan"], facts[published]["topometrics"]
    assert layers.keys() == expected.keys() == measured.keys()
    for name, graph in layers.items():
        reference = expected[name]
        assert graph.number_of_edges() == reference["edges"], name
        assert graph.number_of_nodes() == reference["nodes"], name
        assert (graph.weights, graph.parameters) == (reference["weights"], reference["params"]), name
        assert graph.density == pytest.approx(reference["density"], rel=1e-6), name
        strength = 2 * graph.weight_sum() / graph.number_of_nodes()
        assert strength == pytest.approx(measured[name]["strength"], rel=1e-9), name


def test_clean_graphs_join_true_neighbours_only(golden):
    architecture, weights, facts = golden
    graph = encode_weights(architecture, weights)
    assert list(graph.parts) == facts["parts"]
    # Each block leads from one whole part into another.
    bounds = set(graph.offsets)
    assert all({*block.source_range, *block.target_range} <= bounds for block in graph.blocks)
    source, target, _ = graph.edges()
    assert (source < target).all() and len(source) == graph.number_of_edges() >= facts["edges"]
