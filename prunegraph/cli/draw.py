"""``draw``: a picture of a network's multipartite graph."""

import argparse

from prunegraph.cli.network import graph_of
from prunegraph.memory import check_edge_list


def run(options: argparse.Namespace) -> None:
    """Encode and draw; say what was written."""
    from prunegraph.figures import multipartite, style

    graph = graph_of(options)
    check_edge_list(graph.number_of_edges(), "draw")
    title = options.model.rpartition(":")[2] if options.title is None else options.title
    style.save(multipartite.draw(graph, title=title, most_edges=options.most_edges, seed=options.seed), options.output)
    print(f"{options.output}: {graph}")
