"""``graph``: a network's graph in the file formats of other programs."""

import argparse
from pathlib import Path

from prunegraph.cli.network import STORED, graph_of, origin
from prunegraph.errors import UserError
from prunegraph.graphs import MultipartiteGraph, save
from prunegraph.graphs.exports import BY_SUFFIX
from prunegraph.memory import check_edge_list


def run(options: argparse.Namespace) -> None:
    """Encode the network or read its graph, write it, and print the path of the file."""
    output = Path(options.output)
    if output.suffix not in {*BY_SUFFIX, STORED}:
        raise UserError(f"{output} is of no known kind: expected a name ending in {', '.join([*BY_SUFFIX, STORED])}.")
    graph = graph_of(options)
    if output.suffix == STORED:
        save(output, graph, **origin(options, graph) | {"weights": Path(options.weights).name})
        print(f"{output}: {graph}")
        return
    whole = isinstance(graph, MultipartiteGraph)
    for name, layer in {"": graph}.items() if whole else graph.items():
        check_edge_list(layer.number_of_edges(), "write")
        path = output if whole else output.with_name(f"{output.stem}.{name}{output.suffix}")
        BY_SUFFIX[output.suffix](layer, path)
        print(f"{path}: {layer.number_of_nodes():,} nodes, {layer.number_of_edges():,} edges")
