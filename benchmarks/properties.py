"""How long do the vectors of properties of many relational graphs take?

    python benchmarks/properties.py [--graphs 5000] [--nodes 128]

Prints for some densities the seconds on one core (the second run, after compilation) for graphs of all families, and
how many of them have a diameter above 2, so that their edge connectivity needs flows.
"""

import argparse
import time

import numpy as np
import root  # noqa: F401
from threadpoolctl import threadpool_limits

from prunegraph.relational.candidates import drawn
from prunegraph.relational.distances import diameter
from prunegraph.relational.limits import FAMILIES
from prunegraph.relational.vectors import vectors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graphs", type=int, default=5000)
    parser.add_argument("--nodes", type=int, default=128)
    given = parser.parse_args()
    print("density  graphs  diameter above 2  seconds to draw  seconds to measure")
    for density in (0.05, 0.1, 0.4, 0.8):
        edges, draw = round(density * given.nodes * (given.nodes - 1) / 2), np.random.default_rng(0)
        began = time.perf_counter()
        each = -(-given.graphs // len(FAMILIES))
        graphs = [graph for name in FAMILIES for graph in drawn(name, given.nodes, edges, each, draw)[0]]
        adjacency, drawing = np.stack(graphs[: given.graphs]), time.perf_counter() - began
        wide = sum(diameter(graph) > 2 for graph in adjacency)
        with threadpool_limits(1):
            vectors(adjacency[:2])
            began = time.perf_counter()
            vectors(adjacency)
            print(f"{density:7} {len(adjacency):7} {wide:17} {drawing:16.1f} {time.perf_counter() - began:19.1f}")


if __name__ == "__main__":
    main()
