"""The table of a set of relational graphs: one row of properties for each graph."""

from typing import Any

import numpy as np

from prunegraph.relational.adjacency import degrees
from prunegraph.relational.clustering import clustering, transitivity
from prunegraph.relational.distances import aspl, diameter
from prunegraph.relational.limits import shortest_possible
from prunegraph.relational.walks import aopu, gradient_resistance

#: Columns after ``name``, and whether they hold whole numbers.
COLUMNS = {
    "nodes": int,
    "edges": int,
    "degree": float,
    "largest_degree": int,
    "aspl": float,
    "bound": float,
    "diameter": int,
    "clustering": float,
    "transitivity": float,
    "gradient_resistance": float,
    "aopu": float,
}


def properties(adjacency: np.ndarray) -> dict[str, Any]:
    """The properties of a connected graph: :data:`COLUMNS`.

    ``degree`` is the mean number of neighbours, ``bound`` the lower bound of the average shortest path length
    (``aspl``) for the largest degree. Lengths are in steps; ``gradient_resistance`` may be infinite.
    """
    degree = degrees(adjacency)
    found = {
        "nodes": len(adjacency),
        "edges": degree.sum() // 2,
        "degree": degree.mean(),
        "largest_degree": degree.max(),
        "aspl": aspl(adjacency),
        "bound": shortest_possible(len(adjacency), int(degree.max())),
        "diameter": diameter(adjacency),
        "clustering": clustering(adjacency),
        "transitivity": transitivity(adjacency),
        "gradient_resistance": gradient_resistance(adjacency),
        "aopu": aopu(adjacency),
    }
    return {name: kind(found[name]) for name, kind in COLUMNS.items()}
