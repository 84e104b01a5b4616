"""All connected graphs of a few nodes, each once whatever its nodes are called."""

from itertools import permutations

import numpy as np

from prunegraph.relational.adjacency import connected


def every(nodes: int) -> list[np.ndarray]:
    """Every connected graph of 3 to 6 nodes up to the names of its nodes, in the order of their numbers of edges.

    There are 2, 6, 21 and 112 (sequence A001349 of the OEIS).
    """
    rows, columns = np.triu_indices(nodes, 1)
    place = np.zeros((nodes, nodes), np.int64)
    place[rows, columns] = place[columns, rows] = np.arange(len(rows))
    codes = np.arange(1 << len(rows))
    smallest = codes.copy()
    for order in permutations(range(nodes)):
        named = np.zeros_like(codes)
        for pair, other in enumerate(place[np.array(order)[rows], np.array(order)[columns]]):
            named |= (codes >> pair & 1) << other
        np.minimum(smallest, named, out=smallest)
    graphs = []
    for code in codes[smallest == codes]:
        graph = np.zeros((nodes, nodes), bool)
        graph[rows, columns] = graph[columns, rows] = code >> np.arange(len(rows)) & 1
        if connected(graph):
            graphs.append(graph)
    return sorted(graphs, key=lambda graph: graph.sum())
