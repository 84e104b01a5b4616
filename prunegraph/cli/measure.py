"""``measure``: the table of a network's graph."""

import argparse
import shutil
from typing import Any

from prunegraph import files
from prunegraph.cli.network import graph_of
from prunegraph.cli.table import paragraph, table
from prunegraph.graphs import MultipartiteGraph
from prunegraph.metrics import ramanujan, topometrics

# Of the layer graphs, what the terminal shows; the files hold everything.
SHOWN = ("layer", "nodes", "edges", "density", "delta_r", "imdb", "imsg")


def run(options: argparse.Namespace) -> None:
    """Measure, print, and write the files that were asked for."""
    graph = graph_of(options)
    whole = isinstance(graph, MultipartiteGraph)
    layers = {"": graph} if whole else graph
    counted = {"motifs": options.motifs, "seed": options.seed}
    rows = [row(name, layer, options.normalised, not whole, **counted) for name, layer in layers.items()]
    names = ("weights", "model", "input", "encoding", "mode", "identity_edges", "normalised", "motifs", "seed")
    facts = {name: getattr(options, name) for name in names}
    if options.json:
        files.write_json(options.json, {**facts, "input": list(options.input), "rows": rows})
    if options.csv:
        files.write_table(options.csv, rows)
    if whole:
        print(paragraph({name: value for name, value in rows[0].items() if name != "layer"}))
        return
    print(table([{name: row[name] for name in SHOWN} for row in rows], shutil.get_terminal_size().columns))
    if not (options.json or options.csv):
        print("\nThe topometrics of every layer are written with --csv FILE or --json FILE.")


def row(name: str, graph: MultipartiteGraph, normalised: bool, with_ramanujan: bool, **counted: Any) -> dict[str, Any]:
    """Everything measured of one graph: sizes, topometrics, and of a layer graph its Ramanujan properties."""
    sizes = {"layer": name, "nodes": graph.number_of_nodes(), "edges": graph.number_of_edges()}
    sizes |= {"weights_kept": graph.weights, "weights": graph.parameters, "density": graph.density}
    found = topometrics(graph, normalised=normalised, **counted)
    if with_ramanujan:
        found |= {key: value for key, value in ramanujan(graph).items() if key != "layer_density"}
    return sizes | found
