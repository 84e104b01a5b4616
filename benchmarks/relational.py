"""How short do the paths of regular graphs become, and in which time?

    python benchmarks/relational.py [--seeds 0 1] [--long]

First the time of one average shortest path length (ASPL) in compiled code, of random regular graphs. Then searches by
annealing from the ring lattice on one core: the lower bound of the ASPL, what was reached, the seconds until the
search ended (at the bound, or with its last try), seed and symmetry; beside it the best graph that the authors of RGP
kept, and the record of the competition Graph Golf of 2016, which counts the diameter first. --long adds a search of
some minutes for 64 nodes and degree 8.
"""

import argparse
import time

import numpy as np
import root  # noqa: F401
from numba import njit

from prunegraph.relational.adjacency import tables
from prunegraph.relational.distances import UNLIMITED, total_distance
from prunegraph.relational.generators import random_regular, ring_lattice
from prunegraph.relational.limits import shortest_possible
from prunegraph.relational.search import Goal, search

# nodes, degree, symmetry, tries of a chain, chains: of the order of a minute at most.
SEARCHES = [
    (64, 4, 4, 2_000_000, 5),
    (64, 4, 1, 10_000_000, 2),
    (64, 6, 4, 2_000_000, 5),
    (64, 8, 8, 10_000_000, 3),
    (64, 8, 1, 10_000_000, 2),
    (64, 10, 4, 5_000_000, 3),
    (64, 12, 1, 1_000_000, 10),
    (64, 14, 1, 1_000_000, 10),
    (64, 16, 1, 1_000_000, 10),
    (36, 3, 1, 2_000_000, 5),
    (32, 4, 1, 1_000_000, 10),
    (16, 4, 1, 200_000, 5),
]
LONG = [(64, 8, 8, 60_000_000, 5)]
AUTHORS = {(64, 4): 3.045635, (64, 6): 2.40873, (64, 8): 2.12847, (64, 10): 1.9499, (64, 12): 1.84772}
AUTHORS |= {(64, 14): 1.78423, (64, 16): 1.746032, (16, 4): 1.75}
GRAPH_GOLF = {(64, 8): 1.927, (36, 3): 3.067}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--prefer", default="aspl", help="aspl, or diameter")
    parser.add_argument("--long", action="store_true", help="only the search of some minutes")
    given = parser.parse_args()
    if not given.long:
        times()
    print(f"{'nodes':>5} {'degree':>6} {'bound':>9} {'reached':>9} {'diameter':>8} {'seconds':>7} {'seed':>4} ", end="")
    print(f"{'symmetry':>8} {'tries':>11} {'authors':>9} {'record':>7}")
    search(ring_lattice(16, 4), Goal(prefer=given.prefer), np.random.default_rng(0), tries=10)  # compiles
    for nodes, degree, symmetry, tries, chains in LONG if given.long else SEARCHES:
        for seed in given.seeds:
            began = time.perf_counter()
            draw, goal = np.random.default_rng(seed), Goal("min", prefer=given.prefer)
            found = search(ring_lattice(nodes, degree), goal, draw, tries=tries, chains=chains, symmetry=symmetry)
            seconds = time.perf_counter() - began
            print(
                f"{nodes:5} {degree:6} {found.bound:9.6f} {found.aspl:9.6f} {found.diameter:8} {seconds:7.1f} ", end=""
            )
            print(f"{seed:4} {symmetry:8} {found.tries:11,} {AUTHORS.get((nodes, degree), ''):>9} ", end="")
            print(f"{GRAPH_GOLF.get((nodes, degree), ''):>7}", flush=True)


def times(calls: int = 100_000, repeats: int = 9) -> None:
    """Print the time of one ASPL, the shortest of several repeats, of nodes and degrees."""
    print("nodes degree  ASPL      bound     microseconds a call (shortest, median)")
    for nodes, degree in [(64, 4), (64, 8), (64, 12), (64, 16), (32, 4), (128, 8), (256, 8), (1024, 8)]:
        neighbours, _, bits = tables(random_regular(nodes, degree, np.random.default_rng(0)))
        number = calls if nodes <= 64 else calls // nodes
        total = many(neighbours, bits, 1)
        spent = []
        for _ in range(repeats):
            began = time.perf_counter()
            many(neighbours, bits, number)
            spent.append((time.perf_counter() - began) / number * 1e6)
        bound = shortest_possible(nodes, degree)
        reached = total / (nodes * (nodes - 1))
        print(f"{nodes:5} {degree:6}  {reached:.6f}  {bound:.6f}  {min(spent):.2f}, {np.median(spent):.2f}", flush=True)


@njit
def many(neighbours, bits, calls):
    """Compute the ASPL `calls` times; the sum of distances."""
    level, other = np.empty_like(bits), np.empty_like(bits)
    total = 0
    for _ in range(calls):
        total += total_distance(neighbours, bits, level, other, UNLIMITED)[0]
    return total // calls


if __name__ == "__main__":
    main()
