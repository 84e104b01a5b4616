"""Sets of relational graphs in the workflow: made once, known by what was asked, read through their manifest."""

import csv
import json

import networkx as nx
import numpy as np
import pytest
from helpers.workflow import jobs, snakemake

from prunegraph import relational
from prunegraph.pool import Manifest

SMALL = "'small': {'kind': 'regular', 'nodes': 16, 'degrees': [%s], 'rungs': 3, 'tries': 1000}"
RING = "'ring': {'kind': 'circulant', 'nodes': 16, 'steps': [[1, 2]]}"
MINE = "'mine': {'kind': 'file', 'path': 'mine.npy'}"


def sets(*entries):
    return [f"relational_graphs={{{', '.join(entries)}}}"]


def graphs(folder, name):
    """The set as a later job reads it."""
    return relational.load(Manifest(folder / f"results/relational/{name}.json").file("graphs", "graphs.zst"))


def table(folder, name):
    with open(folder / f"results/relational/{name}/properties.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_a_set_is_made_with_its_table_and_another_degree_makes_that_set_anew(tmp_path):
    config = sets(SMALL % "4", RING)
    targets = [f"results/relational/{name}.json" for name in ("small", "ring")]
    planned = jobs(snakemake(tmp_path, "-n", "relational", config=config))
    assert planned["relate"] == planned["files_of_relational_graphs"] > 2  # those of config.yaml, too
    made = jobs(snakemake(tmp_path, *targets, config=config))
    assert made == {"relate": 2, "files_of_relational_graphs": 2, "total": 4}
    found, rows = graphs(tmp_path, "small"), table(tmp_path, "small")
    assert len(rows) == len(found.adjacency) == 3 and [row["name"] for row in rows] == [
        f"degree4_{n}" for n in range(3)
    ]
    for adjacency, row in zip(found.adjacency, rows, strict=True):
        graph = nx.from_numpy_array(adjacency)
        assert dict(graph.degree()) == dict.fromkeys(range(16), 4)
        assert float(row["aspl"]) == pytest.approx(nx.average_shortest_path_length(graph), abs=1e-12)
        assert float(row["clustering"]) == pytest.approx(nx.average_clustering(graph), abs=1e-12)
        assert float(row["transitivity"]) == pytest.approx(nx.transitivity(graph), abs=1e-12)
        assert (int(row["diameter"]), int(row["edges"])) == (nx.diameter(graph), 32)
    assert nx.is_isomorphic(nx.from_numpy_array(found.adjacency[-1]), nx.circulant_graph(16, [1, 2]))

    again = jobs(snakemake(tmp_path, *targets, config=sets(SMALL % "3, 4", RING)))
    assert again == {"relate": 1, "files_of_relational_graphs": 1, "total": 2}
    more = graphs(tmp_path, "small")
    assert len(more.adjacency) == 6 and (more.adjacency[3:] == found.adjacency).all()


def test_a_file_of_the_user_that_changes_is_read_again_and_a_lost_one_is_made_again(tmp_path):
    ring = nx.to_numpy_array(nx.circulant_graph(10, [1, 2]), dtype=np.int8)
    np.save(tmp_path / "mine.npy", ring)
    target, config = "results/relational/mine.json", sets(MINE)
    snakemake(tmp_path, target, config=config)
    assert (graphs(tmp_path, "mine").adjacency == [ring]).all()
    assert "Nothing to be done" in str(snakemake(tmp_path, "-n", target, config=config))

    complete = 1 - np.eye(10, dtype=np.int8)
    np.save(tmp_path / "mine.npy", np.stack([ring, complete]))
    assert jobs(snakemake(tmp_path, target, config=config))["relate"] == 1
    assert [row["aspl"] for row in graphs(tmp_path, "mine").rows][1] == 1

    (tmp_path / "results/relational/mine/graphs.zst").unlink()
    assert jobs(snakemake(tmp_path, target, config=config))["relate"] == 1
    assert len(graphs(tmp_path, "mine").adjacency) == 2


def test_what_is_wrong_with_a_set_is_said_in_a_sentence(tmp_path):
    target = "results/relational/mine.json"
    missing = snakemake(tmp_path, target, config=sets(MINE), check=False)
    assert missing.returncode and "in mine.npy, and there is no such file. Correct its `path`" in missing.stderr
    np.save(tmp_path / "mine.npy", np.triu(np.ones((4, 4)), 1))
    wrong = snakemake(tmp_path, target, config=sets(MINE), check=False)
    said = "\n".join(path.read_text() for path in (tmp_path / "results/logs/relate").iterdir())
    assert wrong.returncode and "mine.npy is not symmetric: it joins 0 and 1 in one direction only" in said
    assert "Traceback" not in said
    unknown = snakemake(tmp_path, "results/relational/other.json", config=sets(MINE), check=False)
    assert unknown.returncode and "Unknown set of relational graphs 'other'." in unknown.stderr
    assert "mine" in unknown.stderr.partition("Known: ")[2]


def test_the_provenance_stands_in_the_manifest(tmp_path):
    snakemake(tmp_path, "results/relational/ring.json", config=sets(RING))
    listed = json.loads((tmp_path / "results/relational/ring.json").read_text())
    assert set(listed["items"]["graphs"]["files"]) == {"graphs.zst", "properties.csv"}
    assert len(list((tmp_path / "results/relational").glob("ring.*.manifest.json"))) == 1
