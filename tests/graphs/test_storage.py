"""The compact file: exact round trips, stable bytes, and refusal of everything else."""

import json

import numpy as np
import pytest
import zstandard
from helpers.blocks import block_of
from safetensors.numpy import save as pack

from prunegraph import graphs
from prunegraph.errors import UserError
from prunegraph.graphs import Block, Geometry, LayerGraphs, MultipartiteGraph, RoutedBlock, container, merging, storage


@pytest.fixture
def graph():
    draw = np.random.default_rng(0)
    geometry = Geometry(0, (2, 5, 5), 50, (3, 5, 5), (3, 3), padding=(1, 1))
    weights = draw.normal(size=geometry.weight_shape) * (draw.random(geometry.weight_shape) < 0.5)
    linear = Block(
        "fc", [[[[True]], [[False]], [[True]]]], [0.0, 2.5], Geometry(50, (3, 5, 5), 125, (1, 1, 1), pool=(5, 5))
    )
    return MultipartiteGraph((50, 75, 1), (block_of("conv", weights, geometry), linear), "compat")


@pytest.fixture
def saved(graph, tmp_path):
    graphs.save(tmp_path / "graph.zst", graph, seed=3, method="snip")
    return tmp_path / "graph.zst"


def test_loaded_equals_saved(graph, saved):
    loaded = graphs.load(saved)
    assert loaded == graph and loaded.mode == "compat"
    assert loaded.blocks[1].values.tolist() == [0, 2.5]
    for one, other in zip(loaded.edges(), graph.edges(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_plain_edges_round_trip(tmp_path):
    graph = MultipartiteGraph.from_edges((2, 2), [3, 0, 0], [1, 3, 1], [0.1, 0, 9])
    graphs.save(tmp_path / "graph.zst", graph)
    assert graphs.load(tmp_path / "graph.zst") == graph


def test_layers_round_trip_in_order(graph, tmp_path):
    other = MultipartiteGraph(
        (3, 2), (block_of("x", np.eye(2, 3), Geometry(0, (3, 1, 1), 3, (2, 1, 1))),), "compat", 1, 9
    )
    layers = LayerGraphs({"layer2.0": graph, "layer1.0": other})
    graphs.save(tmp_path / "layers.zst", layers)
    loaded = graphs.load(tmp_path / "layers.zst")
    assert list(loaded.items()) == list(layers.items())
    assert loaded["layer1.0"].density == 1 / 9


def test_what_is_loaded_is_of_the_kind_that_was_saved(graph, saved, tmp_path):
    assert type(graphs.load(saved)) is MultipartiteGraph
    graphs.save(tmp_path / "layers.zst", LayerGraphs({"a": graph}))
    assert type(graphs.load(tmp_path / "layers.zst")) is LayerGraphs


def test_same_graph_and_provenance_give_the_same_bytes(graph, saved, tmp_path):
    graphs.save(tmp_path / "again.zst", graph, method="snip", seed=3)
    assert (tmp_path / "again.zst").read_bytes() == saved.read_bytes()


def test_provenance_is_read_from_the_header(saved):
    facts = graphs.provenance(saved)
    assert facts["seed"] == 3 and facts["method"] == "snip"
    assert {"version", "commit"} < set(facts)


def test_the_file_is_one_checked_zstd_frame_of_safetensors(saved):
    data = saved.read_bytes()
    frame = zstandard.get_frame_parameters(data)
    assert frame.has_checksum and frame.content_size == len(zstandard.decompress(data))


def test_every_truncation_is_refused(saved):
    data = saved.read_bytes()
    for length in range(len(data)):
        saved.write_bytes(data[:length])
        with pytest.raises(UserError, match="make it again"):
            graphs.load(saved)


def test_a_flipped_bit_is_refused_or_changes_nothing(graph, saved):
    # zstd leaves a few bits unused (one in its header, the ends of its bit streams).
    data = saved.read_bytes()
    harmless = 0
    for bit in range(0, 8 * len(data), 3):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        saved.write_bytes(damaged)
        try:
            assert graphs.load(saved) == graph
            harmless += 1
        except UserError as problem:
            assert str(saved) in str(problem)
    assert harmless < 0.02 * 8 * len(data) / 3


def test_extra_bytes_are_refused(saved):
    saved.write_bytes(saved.read_bytes() + b"x")
    with pytest.raises(UserError, match="damaged"):
        graphs.load(saved)


@pytest.mark.parametrize("read", [graphs.load, graphs.provenance])
@pytest.mark.parametrize("content", [b"", b"graph", b"\x00" * 100, zstandard.compress(b"graph")])
def test_other_files_are_refused(read, content, tmp_path):
    (tmp_path / "graph.zst").write_bytes(content)
    with pytest.raises(UserError, match="graph file"):
        read(tmp_path / "graph.zst")
    with pytest.raises(UserError, match=r"missing\.zst"):
        read(tmp_path / "missing.zst")
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path)


def framed(payload: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(payload)


def repacked(path, change):
    """The file at `path` with its description changed and everything else valid."""
    from safetensors.numpy import load as unpack

    payload = zstandard.decompress(path.read_bytes())
    header = json.loads(payload[8 : 8 + int.from_bytes(payload[:8], "little")])
    facts = json.loads(header["__metadata__"]["prunegraph"])
    tensors = unpack(payload)
    change(facts, tensors)
    path.write_bytes(framed(pack(tensors, metadata={"prunegraph": json.dumps(facts)})))


def geometry(facts):
    return facts["graphs"][0]["blocks"][0]["geometry"]


CHANGES = {
    "version 2": lambda facts, tensors: facts.update(version=2),
    "format": lambda facts, tensors: facts.update(format="other"),
    "at most": lambda facts, tensors: geometry(facts).update(kernel=[30000, 30000]),
    "mask bytes": lambda facts, tensors: geometry(facts).update(kernel=[3, 30]),
    "taps times rows": lambda facts, tensors: (
        geometry(facts).update(kernel=[2**13, 1], source_map=[2, 5000, 5]),
        facts["graphs"][0].update(parts=[10**6]),
    ),
    "nodes; at most": lambda facts, tensors: facts["graphs"][0].update(parts=[2**40]),
    "reaches node": lambda facts, tensors: geometry(facts).update(source_offset=10**6),
    "expected whole numbers": lambda facts, tensors: geometry(facts).update(stride=[0, 1]),
    "has the keys": lambda facts, tensors: geometry(facts).pop("pool"),
    "Unknown mode": lambda facts, tensors: facts["graphs"][0].update(mode="other"),
    "two counts": lambda facts, tensors: facts["graphs"][0].update(weights="many"),
    "lacks the array 0.0.values": lambda facts, tensors: tensors.pop("0.0.values"),
    "lacks the array 0.1.mask": lambda facts, tensors: tensors.update({"0.1.mask": np.ones(1)}),
    "kept weights": lambda facts, tensors: tensors.update({"0.1.values": np.ones(7, np.float32)}),
    "negative": lambda facts, tensors: tensors.update({"0.1.values": -np.ones(2, np.float32)}),
    "describes no graph": lambda facts, tensors: facts.update(graphs=[[1]]),
}


@pytest.mark.parametrize("sentence", CHANGES)
def test_a_valid_container_of_an_invalid_graph_is_refused(saved, sentence):
    repacked(saved, CHANGES[sentence])
    with pytest.raises(UserError, match=sentence):
        graphs.load(saved)


def test_a_file_without_provenance_is_refused_by_name(saved):
    repacked(saved, lambda facts, tensors: facts.pop("provenance"))
    with pytest.raises(UserError, match="does not say how it was made"):
        graphs.provenance(saved)


@pytest.fixture
def routed():
    """Behind 3x3 windows that overlap, 3 of 5 rows; two taps, so that the middle row is reached by several sets."""
    windows = [(0, 1, 2), (1, 2, 3), (2, 3, 4)]
    reach = np.zeros((2, 5, 2), bool)
    for tap, target in np.ndindex(2, 2):
        reach[tap, windows[tap + target], target] = True
    draw = np.random.default_rng(0)
    mask = draw.random((3, 2, 2, 2)) < 0.6
    values = draw.random(np.count_nonzero(mask))
    place = {"source_offset": 0, "source_map": (2, 5, 5), "target_offset": 50, "target_map": (3, 2, 2), "groups": 1}
    block = merging.routed("conv", mask, values, (reach, reach), place)
    return MultipartiteGraph((50, 12), (block,), weights=len(values), parameters=mask.size)


def test_routed_blocks_round_trip(routed, tmp_path):
    assert isinstance(routed.blocks[0], RoutedBlock)
    graphs.save(tmp_path / "graph.zst", routed)
    loaded = graphs.load(tmp_path / "graph.zst")
    assert loaded == routed and loaded.blocks[0].geometry == routed.blocks[0].geometry


ROUTES = {
    "names the rows": {"row_table": [[9] * 5] * 3},
    "join the same rows": {"column_table": [[0] * 5] * 2},
    "expected 5 whole numbers": {"row_table": [[0] * 4] * 3},
    "a table is": {"row_table": [[0.5] * 5]},
    "a table is .*None": {"row_table": None},
    "three whole numbers": {"source_map": [2, 5]},
    "offsets": {"source_offset": -1},
    "groups": {"groups": 5},
    "have the keys": {"stride": 1},
}


@pytest.mark.parametrize("sentence", ROUTES)
def test_impossible_routes_are_refused(routed, tmp_path, sentence):
    graphs.save(tmp_path / "graph.zst", routed)
    repacked(tmp_path / "graph.zst", lambda facts, tensors: geometry(facts).update(ROUTES[sentence]))
    with pytest.raises(UserError, match=sentence):
        graphs.load(tmp_path / "graph.zst")


def test_nested_json_is_refused(saved):
    saved.write_bytes(framed(pack({}, metadata={"prunegraph": "[" * 100_000})))
    with pytest.raises(UserError, match="describes none"):
        graphs.load(saved)


def test_the_claimed_size_is_checked_before_anything_is_allocated(saved, monkeypatch):
    bomb = zstandard.ZstdCompressor(write_checksum=True).compress(bytes(container.LIMIT_BYTES // 64))
    saved.write_bytes(bomb)
    assert len(bomb) < 10_000
    monkeypatch.setattr(container, "LIMIT_BYTES", 1 << 20)
    monkeypatch.setattr(zstandard, "ZstdDecompressor", None)
    with pytest.raises(UserError, match=r"claims 16,777,216 bytes of content; at most 1,048,576 are read"):
        graphs.load(saved)


def test_frames_without_size_or_checksum_are_refused(saved):
    payload = zstandard.decompress(saved.read_bytes())
    for options in ({"write_content_size": False, "write_checksum": True}, {"write_checksum": False}):
        saved.write_bytes(zstandard.ZstdCompressor(**options).compress(payload))
        with pytest.raises(UserError, match="lacks the size or the checksum"):
            graphs.load(saved)


def test_a_graph_beyond_the_limits_is_not_written(graph, tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "LIMIT_WEIGHTS", 10)
    with pytest.raises(UserError, match="cannot be saved"):
        graphs.save(tmp_path / "graph.zst", graph)
    assert not list(tmp_path.iterdir())
