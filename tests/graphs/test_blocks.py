"""Blocks against edges listed by hand, and against the definition written as plain loops."""

import itertools

import numpy as np
import pytest
from helpers.blocks import block_of

from prunegraph.errors import UserError
from prunegraph.graphs import Block, Geometry, MultipartiteGraph


def pairs(graph_or_block):
    source, target, _ = graph_or_block.edges()
    return list(zip(source.tolist(), target.tolist(), strict=True))


def listed(block):
    """The definition (Geometry's docstring), one edge at a time."""
    geometry, values = block.geometry, block.dense_values
    (_, high, wide), (outputs, out_high, out_wide) = geometry.source_map, geometry.target_map
    found = []
    for o, c, dy, dx in np.argwhere(block.mask).tolist():
        channel = o // (outputs // geometry.groups) * values.shape[1] + c
        for row, column in itertools.product(range(out_high), range(out_wide)):
            y = row * geometry.stride[0] + dy * geometry.dilation[0] - geometry.padding[0]
            x = column * geometry.stride[1] + dx * geometry.dilation[1] - geometry.padding[1]
            if not (0 <= y < high // geometry.pool[0] and 0 <= x < wide // geometry.pool[1]):
                continue
            target = geometry.target_offset + (o * out_high + row) * out_wide + column
            for a, b in itertools.product(range(geometry.pool[0]), range(geometry.pool[1])):
                place = (channel * high + y * geometry.pool[0] + a) * wide + x * geometry.pool[1] + b
                found.append((geometry.source_offset + place, target, float(values[o, c, dy, dx])))
    return sorted(found)


def random_block(draw):
    """A block with every feature at random; stride, padding and pooling need not fit the map."""

    def pair(low, high):
        return tuple(draw.integers(low, high, 2).tolist())

    groups = int(draw.integers(1, 4))
    source = (groups * int(draw.integers(1, 3)), *pair(1, 11))
    target = (groups * int(draw.integers(1, 3)), *(pair(1, 7) if draw.random() < 0.7 else (1, 1)))
    geometry = Geometry(
        source_offset=int(draw.integers(0, 5)),
        source_map=source,
        target_offset=300 * 11,
        target_map=target,
        kernel=pair(1, 6),
        stride=pair(1, 4),
        padding=pair(-1, 3),
        dilation=pair(1, 3),
        pool=pair(1, 4),
        groups=groups,
    )
    weights = draw.normal(size=geometry.weight_shape) * (draw.random(geometry.weight_shape) < 0.6)
    return block_of("layer", weights, geometry)


def test_a_3x3_convolution_of_a_3x3_map():
    # Weights only above the centre (dy=0, dx=1) and right of it (dy=1, dx=2), padding 1:
    # output (Y, X) sees (Y-1, X) with weight 2 and (Y, X+1) with weight 3.
    weights = np.zeros((1, 1, 3, 3))
    weights[0, 0, 0, 1], weights[0, 0, 1, 2] = 2, -3
    block = block_of("conv", weights, Geometry(0, (1, 3, 3), 9, (1, 3, 3), (3, 3), padding=(1, 1)))
    source, target, weight = block.edges()
    assert source.tolist() == [0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 7, 8]
    assert target.tolist() == [12, 9, 13, 10, 14, 15, 12, 16, 13, 17, 15, 16]
    assert weight.tolist() == [2, 3, 2, 3, 2, 2, 3, 2, 3, 2, 3, 3]
    assert block.in_degree().tolist() == [[[1, 1, 0], [2, 2, 1], [2, 2, 1]]]
    assert block.out_strength().tolist() == [[[2, 5, 5], [2, 5, 5], [0, 3, 3]]]


def test_a_full_3x3_convolution_of_a_3x3_map_counts_neighbours():
    block = block_of("conv", np.ones((1, 1, 3, 3)), Geometry(0, (1, 3, 3), 9, (1, 3, 3), (3, 3), padding=(1, 1)))
    assert block.in_degree().tolist() == block.out_degree().tolist() == [[[4, 6, 4], [6, 9, 6], [4, 6, 4]]]
    assert block.number_of_edges() == 49


def test_stride_skips_sources():
    # 4x4 map, 1x1 kernel, stride 2: outputs see (0,0), (0,2), (2,0), (2,2).
    block = block_of("conv", np.ones((1, 1, 1, 1)), Geometry(0, (1, 4, 4), 16, (1, 2, 2), stride=(2, 2)))
    assert pairs(block) == [(0, 16), (2, 17), (8, 18), (10, 19)]


def test_pooling_fans_out_and_a_row_that_fills_no_window_is_left_out():
    # 2x5 map pooled 2x2: windows {0,1,5,6} and {2,3,7,8}; column 4 fills none.
    block = block_of("conv", np.ones((1, 1, 1, 1)), Geometry(0, (1, 2, 5), 10, (1, 1, 2), pool=(2, 2)))
    assert pairs(block) == [(0, 10), (1, 10), (2, 11), (3, 11), (5, 10), (6, 10), (7, 11), (8, 11)]


def test_depthwise_channels_keep_apart():
    block = block_of("conv", [[[[5]]], [[[7]]]], Geometry(0, (2, 1, 2), 4, (2, 1, 2), groups=2))
    assert pairs(block) == [(0, 4), (1, 5), (2, 6), (3, 7)]
    assert block.edges()[2].tolist() == [5, 5, 7, 7]


def test_a_stack_of_linear_layers():
    first = block_of("a", [[1, 0], [2, 3], [0, 4]], Geometry(0, (2, 1, 1), 2, (3, 1, 1)))
    second = block_of("b", [[0, 5, 6]], Geometry(2, (3, 1, 1), 5, (1, 1, 1)))
    graph = MultipartiteGraph((2, 3, 1), (first, second))
    assert pairs(graph) == [(0, 2), (0, 3), (1, 3), (1, 4), (3, 5), (4, 5)]
    assert graph.edges()[2].tolist() == [1, 2, 3, 4, 5, 6]
    assert graph.weight_sum() == 21
    assert graph.density == 6 / 9


def test_a_linear_layer_on_a_pooled_map():
    # Maps 2 channels of 2x2, pooled to 1x1; one output that uses the second channel only.
    block = block_of("fc", [[0, 2]], Geometry(0, (2, 2, 2), 8, (1, 1, 1), pool=(2, 2)))
    assert pairs(block) == [(4, 8), (5, 8), (6, 8), (7, 8)]


@pytest.mark.parametrize("seed", range(60))
def test_random_blocks_equal_the_definition(seed):
    block = random_block(np.random.default_rng(seed))
    source, target, weight = block.edges()
    expected = listed(block)
    assert list(zip(source.tolist(), target.tolist(), weight.tolist(), strict=True)) == expected
    assert (source.dtype, target.dtype, weight.dtype) == (np.int64, np.int64, np.float32)
    assert block.number_of_edges() == len(expected)
    nodes = block.geometry.target_offset + block.geometry.target_size
    graph = MultipartiteGraph((nodes,), (block,))
    np.testing.assert_array_equal(graph.out_degree(), np.bincount(source, minlength=nodes))
    np.testing.assert_array_equal(graph.in_degree(), np.bincount(target, minlength=nodes))
    np.testing.assert_allclose(graph.out_strength(), np.bincount(source, weight, nodes), rtol=1e-12)
    np.testing.assert_allclose(graph.in_strength(), np.bincount(target, weight, nodes), rtol=1e-12)
    np.testing.assert_allclose(graph.weight_sum(), weight.sum(dtype=np.float64), rtol=1e-12)


def test_enumeration_in_many_chunks(monkeypatch):
    from prunegraph.graphs import enumeration

    draw = np.random.default_rng(0)
    blocks = [random_block(draw) for _ in range(12)]
    whole = [block.edges() for block in blocks]
    monkeypatch.setattr(enumeration, "CHUNK", 1)
    for block, edges in zip(blocks, whole, strict=True):
        for one, other in zip(block.edges(), edges, strict=True):
            np.testing.assert_array_equal(one, other)


def test_an_edge_of_weight_zero_is_an_edge():
    block = Block("conv", np.ones((1, 1, 1, 1), bool), [0.0], Geometry(0, (1, 1, 1), 1, (1, 1, 1)))
    assert pairs(block) == [(0, 1)]


def test_a_block_owns_its_arrays():
    mask, values = np.ones((1, 1, 1, 1), bool), np.ones(1, np.float32)
    block = Block("conv", mask, values, Geometry(0, (1, 1, 1), 1, (1, 1, 1)))
    mask[:], values[:] = False, 9
    assert block.values.tolist() == [1] and block.mask.all()
    with pytest.raises(ValueError, match="read-only"):
        block.values[0] = 2


@pytest.mark.parametrize(
    ("mask", "values", "sentence"),
    [
        (np.ones((1, 1, 1, 2), bool), [1, 1], "expected bool"),
        (np.ones((1, 1, 1, 1)), [1], "expected bool"),
        (np.ones((1, 1, 1, 1), bool), [1, 1], "for 1 kept weights"),
        (np.ones((1, 1, 1, 1), bool), [-1], "negative"),
        (np.ones((1, 1, 1, 1), bool), [np.nan], "not a number"),
        (np.ones((1, 1, 1, 1), bool), [np.inf], "infinite"),
    ],
)
def test_blocks_check_themselves(mask, values, sentence):
    with pytest.raises(UserError, match=sentence):
        Block("conv", mask, values, Geometry(0, (1, 1, 1), 1, (1, 1, 1)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"stride": (0, 1)},
        {"kernel": (3,)},
        {"pool": 2},
        {"padding": (0.5, 0)},
        {"dilation": (1, 2**50)},
        {"source_offset": -1},
        {"groups": 0},
        {"groups": 2},
        {"target_map": (1, 1, True)},
    ],
)
def test_geometries_check_themselves(wrong):
    facts = {"source_offset": 0, "source_map": (1, 3, 3), "target_offset": 9, "target_map": (1, 3, 3)} | wrong
    with pytest.raises(UserError, match="Geometry: "):
        Geometry(**facts)
