"""Networks that are relational graphs, with accuracies made up: the longer the path, the worse, and a little luck."""

import numpy as np
import pandas as pd

from prunegraph.analysis.graph_effects import graph_effects, graph_topometrics
from prunegraph.pruning.rgp import facts_of
from prunegraph.relational import sets
from prunegraph.relational.names import sparsity_of
from prunegraph.tables.columns import METRICS, NETWORK_COLUMNS, TOPOMETRIC_COLUMNS
from prunegraph.tables.frames import typed
from prunegraph.tables.graph_properties import drawn_graphs, graph_properties

GRAPHS = sets.make("random", 0, nodes=12, degrees=[3, 4], number=5)


def networks(slope=-0.2, luck=0.001, seeds=3):
    draw = np.random.default_rng(0)
    shared = {"source": "own", "dataset": "digits", "model": "mlp", "density": 0.4}
    rows = [{**shared, "method": "dense", "pruner": "dense", "sparsity": 0.0, "seed": 0, "accuracy": 0.99}]
    for graph, row in zip(GRAPHS.adjacency, GRAPHS.rows, strict=True):
        for seed in range(seeds):
            accuracy = 0.9 + slope * (row["aspl"] - 2) + luck * draw.standard_normal()
            own = {"method": f"ladder_{row['name']}", "pruner": "rgp", "sparsity": sparsity_of(int(graph.sum()), 12)}
            rows.append({**shared, **own, "seed": seed, "accuracy": accuracy, "validation_accuracy": accuracy})
            rows[-1] |= facts_of(row)
    frame = pd.DataFrame(rows)
    facts = frame[[name for name in frame if name.startswith("graph_")]]
    return typed(frame, NETWORK_COLUMNS).join(facts)


def measured(table):
    """Topometrics made up: one is the path length of the graph, one is always the same, the others are luck."""
    draw = np.random.default_rng(1)
    rows = table[table.pruner == "rgp"].assign(encoding="unrolled", layer="", mode="clean")
    for name in METRICS:
        rows[name] = draw.standard_normal(len(rows))
    return typed(rows.assign(two_hop=-rows.graph_aspl, sink_nodes=0.0), TOPOMETRIC_COLUMNS)


def graph_tables(**facts):
    table = networks(**facts)
    properties = graph_properties(table)
    return {
        "graph_properties": properties,
        "graph_effects": graph_effects(properties, table),
        "graph_topometrics": graph_topometrics(properties, measured(table)),
        "drawn_graphs": drawn_graphs(properties, {"ladder": GRAPHS}),
    }
