"""Sets of graphs: every kind, what it refuses, and the file it is kept in."""

import math
import re

import numpy as np
import pytest
import yaml
from helpers import ROOT

from prunegraph import relational
from prunegraph.catalogue import RELATIONAL
from prunegraph.errors import UserError
from prunegraph.relational import generators, sets
from prunegraph.relational.properties import properties
from prunegraph.relational.storage import GraphSet
from prunegraph.variants import options_of

RING = generators.ring_lattice(8, 4).astype(float)
OPTIONS = {
    "regular": {"nodes": 16, "degrees": [3, 4], "rungs": 4, "tries": 2000},
    "crossed": {"nodes": 16, "degrees": [4], "aspl": [1.9, 2.1], "clustering": [0.1, 0.3], "tries": 3000},
    "random": {"nodes": 16, "degrees": [4, 9], "number": 3},
    "circulant": {"nodes": 16, "steps": [[1, 2], [1, 8]]},
    "authors": {"nodes": 16, "degrees": [4], "number": 12},
    "candidates": {"nodes": 16, "edges": [24, 32], "number": 2},
    "every": {"nodes": 5},
}


def written(tmp_path, graphs, name="mine.npy"):
    path = tmp_path / name
    np.save(path, graphs)
    return path


def test_every_kind_of_the_catalogue_is_tried_here():
    assert set(RELATIONAL) == {*OPTIONS, "file"}


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_set_has_its_graphs_with_their_properties_and_comes_back(kind, tmp_path):
    made = sets.make(kind, 0, **OPTIONS[kind])
    assert made.adjacency.dtype == bool and made.adjacency.shape[1:] == (OPTIONS[kind]["nodes"],) * 2
    assert len({row["name"] for row in made.rows}) == len(made.rows) == len(made.adjacency) > 1
    for graph, row in zip(made.adjacency, made.rows, strict=True):
        assert {**properties(graph), "name": row["name"]} == row
    relational.save(tmp_path / "one.zst", made, seed=0)
    found = relational.load(tmp_path / "one.zst")
    assert (found.adjacency == made.adjacency).all() and found.rows == made.rows
    relational.save(tmp_path / "two.zst", sets.make(kind, 0, **OPTIONS[kind]), seed=0)
    assert (tmp_path / "one.zst").read_bytes() == (tmp_path / "two.zst").read_bytes()


def test_a_ladder_climbs_in_equal_steps_and_another_degree_changes_none():
    made = sets.make("regular", 0, **OPTIONS["regular"])
    for degree in (3, 4):
        rows = [row for row in made.rows if row["degree"] == degree]
        assert [row["name"] for row in rows] == [f"degree{degree}_{rung}" for rung in range(4)]
        steps = np.diff([row["aspl"] for row in rows])
        assert (steps > 0).all() and np.ptp(steps) <= 2 * 4 / 240
    assert rows[-1]["aspl"] == pytest.approx(2.4)  # the ring lattice of degree 4
    alone = sets.make("regular", 0, **{**OPTIONS["regular"], "degrees": [4]})
    assert (alone.adjacency == made.adjacency[4:]).all()
    assert (sets.make("regular", 1, **OPTIONS["regular"]).adjacency != made.adjacency).any()


def test_clustering_and_length_can_be_crossed():
    rows = sets.make("crossed", 0, nodes=32, degrees=[6], aspl=[2.2, 2.5], clustering=[0.2, 0.4], tries=30_000).rows
    for row, length, share in zip(rows, (2.2, 2.2, 2.5, 2.5), (0.2, 0.4, 0.2, 0.4), strict=True):
        assert row["aspl"] == pytest.approx(length, abs=0.02) and row["clustering"] == pytest.approx(share, abs=0.02)


def test_files_of_the_user(tmp_path):
    text = tmp_path / "mine.csv"
    np.savetxt(text, RING, delimiter=",", fmt="%d")
    several = written(tmp_path, np.stack([RING, 1 - np.eye(8)]))
    assert (sets.make("file", 0, path=str(text)).adjacency == [RING]).all()
    made = sets.make("file", 0, path=str(several))
    assert [row["name"] for row in made.rows] == ["graph0", "graph1"]
    assert [row["degree"] for row in made.rows] == [4, 7] and made.rows[1]["aspl"] == 1


def changed(*places, value=0.0):
    graph = RING.copy()
    for place in places:
        graph[place] = value
    return graph


@pytest.mark.parametrize(
    ("graphs", "said"),
    [
        (np.ones((8, 7)), "has the shape 8 x 7; expected nodes x nodes"),
        (np.ones(5), "has the shape 5; expected nodes x nodes"),
        (np.ones((2, 2)), "has 2 nodes; expected 3 to"),
        (np.empty((0, 8, 8)), "holds no graph"),
        (changed((0, 1)), "is not symmetric: it joins 0 and 1 in one direction only"),
        (changed((0, 1), (1, 0), value=0.5), "holds 0.5; expected 0 and 1, because a relational graph has no weights"),
        (changed((0, 1), (1, 0), value=np.nan), "holds NaN or infinity"),
        (changed((3, 3), value=1), "joins node 3 to itself"),
        (np.kron(np.eye(2), 1 - np.eye(4)), "in several pieces"),
        (np.stack([RING, changed((0, 1))]), "Graph 1 in .*mine.npy is not symmetric"),
        (np.full((4, 4), "a"), "holds <U1, no numbers"),
        (np.full((4, 4), None), "is no readable array of numpy"),
    ],
)
def test_an_adjacency_that_is_none_is_said_in_a_sentence(graphs, said, tmp_path):
    path = written(tmp_path, graphs)
    with pytest.raises(UserError, match=said) as problem:
        sets.make("file", 0, path=str(path))
    assert "mine.npy" in str(problem.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("mine.csv", "0,1\n1\n", "is no table of numbers"),
        ("mine.csv", "", "is no table of numbers"),
        ("mine.csv", "a,b\n", "is no table of numbers"),
        ("mine.csv", "0,1,nan\n1,0,1\nnan,1,0\n", "NaN"),
        ("mine.npy", "nothing", "is no readable array of numpy"),
        ("mine.mat", "", "has the ending '.mat'; expected"),
    ],
)
def test_a_file_that_holds_no_adjacency_is_said_in_a_sentence(name, content, said, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=said):
        sets.make("file", 0, path=str(tmp_path / name))


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("regular", {"degrees": [4, 4]}, "`degrees` names 4 twice"),
        ("regular", {"nodes": 15, "degrees": [3]}, "must be even"),
        ("regular", {"degrees": [16]}, "at most 15 others"),
        ("regular", {"degrees": [8]}, "has the same average shortest path length, 1.466667"),
        ("regular", {"degrees": [2]}, "the only connected graph of degree 2"),
        ("regular", {"rungs": 500}, "too few for 500 rungs"),
        ("regular", {"symmetry": 3}, "must divide them"),
        ("crossed", {"aspl": [1.2]}, "the lower bound is"),
        ("crossed", {"clustering": [2]}, r"lies in \[0, 1\], found 2"),
        ("circulant", {"steps": [[2, 4]]}, "not connected"),
        ("authors", {"number": 10}, "a multiple of 6; found 10"),
        ("file", {}, "There is no file nowhere.npy"),
        ("uniform", {}, "Unknown kind of relational graphs 'uniform'"),
    ],
)
def test_a_set_that_cannot_be_is_said_in_a_sentence(kind, changes, said):
    options = {**OPTIONS.get(kind, {"path": "nowhere.npy"}), **changes}
    with pytest.raises(UserError, match=said):
        sets.make(kind, 0, **options)


def test_infinity_comes_back(tmp_path):
    cube = np.array([[bin(a ^ b).count("1") == 1 for a in range(8)] for b in range(8)])
    made = GraphSet(cube[None], [{"name": "cube", **properties(cube)}])
    relational.save(tmp_path / "cube.zst", made)
    assert relational.load(tmp_path / "cube.zst").rows[0]["gradient_resistance"] == math.inf


def test_a_damaged_file_is_said_in_a_sentence(tmp_path):
    path = tmp_path / "graphs.zst"
    relational.save(path, sets.make("circulant", 0, **OPTIONS["circulant"]))
    whole = path.read_bytes()
    for content in (whole[:-3], whole[:20], b"nothing", b"", whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(content)
        with pytest.raises(UserError, match="is damaged or no set of relational graphs"):
            relational.load(path)
    with pytest.raises(UserError, match="cannot be read"):
        relational.load(tmp_path / "nothing.zst")


def test_another_safetensors_file_is_no_set(tmp_path):
    import zstandard
    from safetensors.numpy import save

    compressor = zstandard.ZstdCompressor(write_checksum=True)
    for metadata in (None, {"prunegraph": '{"format": "prunegraph graph", "version": 1}'}):
        path = tmp_path / "other.zst"
        path.write_bytes(compressor.compress(save({"a": np.zeros(3)}, metadata=metadata)))
        with pytest.raises(UserError, match="holds no set of relational graphs of version 1"):
            relational.load(path)


def test_the_examples_of_the_documentation():
    text = (ROOT / "docs/relational.md").read_text()
    examples = [yaml.safe_load(block)["relational_graphs"] for block in re.findall(r"```yaml\n(.*?)```", text, re.S)]
    assert [list(example) for example in examples] == [["regular_16"], ["crossed_32"]]
    for facts in (facts for example in examples for facts in example.values()):
        options = {key: value for key, value in facts.items() if key != "kind"}
        rows = sets.make(facts["kind"], 0, **options).rows
        lengths = [row["aspl"] for row in rows]
        if facts["kind"] == "regular":
            assert len(rows) == 30 and all(np.diff(lengths[place : place + 10]).min() > 0 for place in (0, 10, 20))
        else:
            assert np.reshape(lengths, (3, 3)) == pytest.approx(np.repeat([[2.1], [2.3], [2.5]], 3, 1), abs=0.02)
            shares = np.reshape([row["clustering"] for row in rows], (3, 3))
            assert shares == pytest.approx(np.repeat([[0.2, 0.3, 0.4]], 3, 0), abs=0.02)
    for kind, row in re.findall(r"^\| `(\w+)` \|.*\| (`.*) \|$", text, re.M):
        assert set(re.findall(r"`(\w+)`", row)) == set(options_of(RELATIONAL[kind])), kind
