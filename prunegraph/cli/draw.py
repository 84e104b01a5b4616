"""``draw``: a picture of a network's multipartite graph."""

import argparse
from pathlib import Path

from prunegraph.cli.network import origin, whole_graph
from prunegraph.memory import check_edge_list


def run(options: argparse.Namespace) -> None:
    """Encode the network or read its graph, draw it, and print the path of the picture."""
    from prunegraph.figures import multipartite, style

    graph = whole_graph(options, "the picture")
    check_edge_list(graph.number_of_edges(), "draw")
    model = str(origin(options, graph)["model"] or Path(options.weights).stem)
    title = model.rpartition(":")[2] if options.title is None else options.title
    style.save(multipartite.draw(graph, title=title, most_edges=options.most_edges, seed=options.seed), options.output)
    print(f"{options.output}: {graph}")
