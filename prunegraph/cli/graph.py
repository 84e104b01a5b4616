"""``graph``: the edges of a network's graph, for other programs."""

import argparse
from pathlib import Path

from prunegraph.cli.network import graph_of
from prunegraph.errors import UserError
from prunegraph.graphs import MultipartiteGraph, save
from prunegraph.graphs.exports import BY_SUFFIX
from prunegraph.memory import check_edge_list

COMPACT = ".graph"


def run(options: argparse.Namespace) -> None:
    """Encode and write; say what was written."""
    output = Path(options.output)
    if output.suffix not in {*BY_SUFFIX, COMPACT}:
        raise UserError(f"{output} is of no known kind: expected a name ending in {', '.join([*BY_SUFFIX, COMPACT])}.")
    graph = graph_of(options)
    if output.suffix == COMPACT:
        save(output, graph, model=options.model, weights=Path(options.weights).name, input=list(options.input))
        print(f"{output}: {graph}")
        return
    whole = isinstance(graph, MultipartiteGraph)
    for name, layer in {"": graph}.items() if whole else graph.items():
        check_edge_list(layer.number_of_edges(), "write")
        path = output if whole else output.with_name(f"{output.stem}.{name}{output.suffix}")
        BY_SUFFIX[output.suffix](layer, path)
        print(f"{path}: {layer.number_of_nodes():,} nodes, {layer.number_of_edges():,} edges")
