"""The random estimate of the number of motifs: its mean, its seeds, and where it stands."""

import numpy as np
import pytest
from helpers.architectures import random_graph

from prunegraph.errors import UserError
from prunegraph.metrics import topometrics
from prunegraph.metrics.explicit.adjacency import from_graph
from prunegraph.metrics.explicit.motif_estimate import estimated_motifs
from prunegraph.metrics.explicit.motifs import motifs


@pytest.fixture(scope="module")
def graph():
    return random_graph(3, density=0.4)


@pytest.mark.parametrize("seed", range(12))
def test_all_nodes_give_the_exact_number(seed):
    rows = from_graph(random_graph(seed)).undirected
    assert estimated_motifs(rows, 0, sample=rows.nodes) == motifs(rows)


def test_unbiased(graph):
    rows = from_graph(graph).undirected
    estimates = [estimated_motifs(rows, seed, sample=rows.nodes // 8) for seed in range(400)]
    error = np.std(estimates, ddof=1) / len(estimates) ** 0.5
    assert 0 < error < 0.1 * motifs(rows)
    assert abs(np.mean(estimates) - motifs(rows)) < 4 * error


@pytest.mark.parametrize("path", ["explicit", "implicit"])
def test_the_option_changes_motifs_alone(graph, path):
    exact = topometrics(graph, path=path)
    found = topometrics(graph, path=path, motifs="estimate", seed=5)
    assert found == topometrics(graph, path=path, motifs="estimate", seed=5)
    assert found["motifs"] == estimated_motifs(from_graph(graph).undirected, 5)
    assert found | {"motifs": 0} == exact | {"motifs": 0}
    rows = from_graph(graph).undirected
    assert len({estimated_motifs(rows, seed) for seed in range(10)}) > 1


def test_only_two_ways_to_count(graph):
    with pytest.raises(UserError, match=r"Unknown count of motifs 'sampled'.*exact.*estimate"):
        topometrics(graph, motifs="sampled")
