"""Columns of the tables of networks, with their types; those of the tables of studies are in `schemas`."""

from prunegraph.metrics.normalise import NAMES
from prunegraph.tables.schemas import SCHEMAS

#: Columns that identify a network. `method` is a configured variant of a pruner; where nothing is configured, it is the
#: name of the pruner.
IDENTITY = {"dataset": "str", "model": "str", "method": "str", "sparsity": "float64", "seed": "int64"}

#: The sixteen topometrics, in the order in which they are reported everywhere.
METRICS = NAMES

#: The Ramanujan properties of one layer graph, and the layer's density.
RAMANUJAN = ("delta_r", "imdb", "imsg", "layer_density")

NETWORK_COLUMNS = {
    "source": "str",  # own, or published: read from the authors' tables
    "dataset": "str",
    "model": "str",
    "method": "str",
    "pruner": "str",
    "repair": "str",  # how the kept weights were changed after pruning; empty if they were not
    "counts": "str",  # what the sparsity is the share of
    "sparsity": "float64",
    "seed": "int64",
    "network_seed": "Int64",  # of the network that was pruned, where many draws of a method share one
    "recipe": "str",
    "epochs": "Int64",
    "classes": "Int64",
    "accuracy": "float64",
    "top5_accuracy": "float64",  # the class is among the five likeliest answers
    "test_images": "Int64",
    "validation_accuracy": "float64",
    "test_loss": "float64",
    "weights": "Int64",
    "kept": "Int64",
    "density": "float64",
    "parameters": "Int64",  # of the whole network, with biases and BatchNorm
    "nonzero": "Int64",  # those that are not 0
    "macs": "Int64",  # multiply-accumulates of one image
    "nonzero_macs": "Int64",  # those by weights that are not 0
    "compression": "float64",  # parameters / nonzero
    "theoretical_speedup": "float64",  # macs / nonzero_macs
    "nodes": "Int64",
    "edges": "Int64",
    "collapsed_layers": "Int64",
    "diverged": "boolean",
    "at_chance": "boolean",  # no more accurate than one constant answer, luck included
    "device": "str",  # on which the network was trained: cpu, or the GPU's name
    "threads": "Int64",  # of the CPU
    "precision": "str",  # of a training step
    "torch": "str",  # version
    "accuracy_drop": "float64",
    "reference": "str",  # whose accuracy the drop refers to: dense, or best_pruned where no dense one is known
}

_GRAPH = {
    "source": "str",
    **IDENTITY,
    "mode": "str",
    "encoding": "str",
    "layer": "str",
    "nodes": "Int64",
    "edges": "Int64",
}
TOPOMETRIC_COLUMNS = {**_GRAPH, **dict.fromkeys(METRICS, "float64")}
RAMANUJAN_COLUMNS = {
    **{name: kind for name, kind in _GRAPH.items() if name != "mode"},
    **dict.fromkeys(RAMANUJAN, "float64"),
}

#: Column -> type, of every table.
TYPES = {**NETWORK_COLUMNS, **TOPOMETRIC_COLUMNS, **RAMANUJAN_COLUMNS}
for _columns in SCHEMAS.values():
    TYPES |= {name: kind for name, (kind, _) in _columns.items() if name not in TYPES}
