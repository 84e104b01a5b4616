"""Normalisation as published, and what importing the metrics costs."""

import subprocess
import sys

from prunegraph.metrics import normalise
from prunegraph.metrics.normalise import NAMES

RAW = dict.fromkeys(NAMES, 60)


def test_divisors():
    # Divisors that make the published columns whole numbers in all 2,337 rows.
    by_nodes = {"sink_nodes", "source_nodes", "disconnected_nodes", "mean_component"}
    unchanged = {"components", "spectral_gap", "spectral_radius"}
    expected = {name: 6 if name in by_nodes else 60 if name in unchanged else 3 for name in NAMES}
    assert normalise(RAW, nodes=10, edges=20) == expected


def test_a_published_row():
    # A row of unrolled.csv obeys 1-hop = 1/nodes + 1/edges and mean component = 1/components.
    nodes, edges, components = 191_894, 720_759, 1_542
    raw = {"one_hop": 1 + edges / nodes, "components": components, "mean_component": nodes / components}
    result = normalise(raw, nodes, edges)
    assert abs(result["one_hop"] - (1 / nodes + 1 / edges)) < 1e-18
    assert abs(result["mean_component"] - 1 / components) < 1e-15


def test_what_is_not_defined_stays_undefined():
    result = normalise(RAW | {"spectral_gap": None, "sink_nodes": None}, nodes=10, edges=0)
    assert result["spectral_gap"] is result["sink_nodes"] is result["motifs"] is None
    assert result["source_nodes"] == 6 and result["components"] == 60


def test_other_columns_are_left_out_and_order_is_kept():
    result = normalise({"layer": "conv1", "motifs": 4, "one_hop": 2}, nodes=2, edges=2)
    assert list(result.items()) == [("one_hop", 1), ("motifs", 2)]


def test_importing_the_metrics_loads_nothing_heavy():
    code = (
        "import sys, prunegraph.metrics as m; "
        "assert callable(m.topometrics) and callable(m.ramanujan) and callable(m.normalise); "
        "print([n for n in ('torch', 'numba', 'scipy', 'igraph', 'networkx', 'pandas') if n in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_measuring_needs_no_torch():
    code = (
        "import sys, numpy as np; from prunegraph.graphs import MultipartiteGraph; "
        "from prunegraph.metrics import ramanujan, topometrics; "
        "g = MultipartiteGraph.from_edges((2, 2), np.array([0, 1]), np.array([2, 3])); "
        "topometrics(g); ramanujan(g); "
        "print([n for n in ('torch', 'igraph', 'networkx') if n in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
