"""Sets of relational graphs: a function for each kind that a configuration can name (``catalogue.RELATIONAL``).

Each gives graphs with their names. Its keyword-only parameters are the options of the kind; what they can be is checked
by :mod:`.kinds`. Every degree has random streams of its own, so the graphs of one do not depend on which others there
are.
"""

import logging
from collections.abc import Callable, Iterator

import numpy as np

from prunegraph.catalogue import RELATIONAL, lookup
from prunegraph.errors import UserError
from prunegraph.randomness import numpy_generator
from prunegraph.relational import files, generators, original, search, small
from prunegraph.relational.candidates import drawn
from prunegraph.relational.distances import aspl
from prunegraph.relational.kinds import check
from prunegraph.relational.limits import FAMILIES
from prunegraph.relational.properties import properties
from prunegraph.relational.search import Goal
from prunegraph.relational.storage import GraphSet

logger = logging.getLogger("prunegraph")

Named = Iterator[tuple[str, np.ndarray]]


def make(kind: str, seed: int, **options) -> GraphSet:
    """A set of a kind, with the properties of each graph.

    Raises
    ------
    UserError
        For an unknown kind, options that no graph can have, or graphs with different numbers of nodes.
    """
    function = lookup(RELATIONAL, kind, "kind of relational graphs")
    check(kind, options)
    names, graphs = zip(*function(seed, **options), strict=True)
    if len({len(graph) for graph in graphs}) > 1:
        raise UserError("The graphs of a set have as many nodes each.")
    rows = [{"name": name, **properties(graph)} for name, graph in zip(names, graphs, strict=True)]
    return GraphSet(np.stack(graphs), rows)


def regular(
    seed: int,
    *,
    nodes: int,
    degrees: list[int],
    rungs: int = 10,
    tries: int = 20_000,
    chains: int = 1,
    symmetry: int = 1,
    prefer: str = "aspl",
) -> Named:
    """A ladder for each degree: `rungs` graphs from the smallest to the largest average shortest path length (ASPL).

    The lowest rung is what annealing towards the minimum finds. The highest is the ring lattice; where that is short
    (an odd degree, which joins opposite nodes, or a large one) it is what climbing towards the maximum finds. Those
    between are searched, each from the ring lattice, for lengths at equal distances.

    Raises
    ------
    UserError
        If there are not as many different lengths as rungs.
    """
    for degree in degrees:
        ring = generators.ring_lattice(nodes, degree)

        def found(goal: Goal, rung: str, method: str = "climbing", ring=ring, degree=degree) -> np.ndarray:
            draw = numpy_generator(seed, "relational", nodes, degree, rung)
            options = {"tries": tries, "chains": chains, "symmetry": symmetry, "method": method}
            return search.search(ring, goal, draw, **options).adjacency

        lowest = found(Goal("min", prefer=prefer), "lowest", "annealing")
        ladder = [lowest, *(_rungs(ring, lowest, rungs, found) if rungs > 1 else ())]
        for rung, graph in enumerate(sorted(ladder, key=aspl)):
            yield f"degree{degree}_{rung}", graph


def _rungs(
    ring: np.ndarray, lowest: np.ndarray, rungs: int, found: Callable[[Goal, str], np.ndarray]
) -> Iterator[np.ndarray]:
    """All rungs of a ladder but the lowest; `found` searches towards a goal, with the random stream of a name."""
    nodes, degree = len(ring), int(ring[0].sum())
    highest = ring if degree % 2 == 0 and _lengths(lowest, ring) >= rungs else found(Goal("max"), "highest")
    if _lengths(lowest, highest) < rungs:
        raise UserError(
            f"Graphs of {nodes} nodes with degree {degree} were found with {_lengths(lowest, highest)} different "
            f"average shortest path lengths, too few for {rungs} rungs. Ask for fewer `rungs`, for another degree, or "
            "for the kind random."
        )
    for place, length in enumerate(np.linspace(aspl(lowest), aspl(highest), rungs)[1:-1], 1):
        yield found(Goal("target", length), f"{place} of {rungs}")
    yield highest


def _lengths(low: np.ndarray, high: np.ndarray) -> int:
    """How many ASPLs there can be from that of one graph to that of another: sums of distances of pairs are even."""
    return max(round((aspl(high) - aspl(low)) * len(low) * (len(low) - 1) / 2), 0) + 1


def crossed(
    seed: int,
    *,
    nodes: int,
    degrees: list[int],
    aspl: list[float],
    clustering: list[float],
    tries: int = 100_000,
    chains: int = 1,
) -> Named:
    """For each degree a graph near every pair of an ASPL and a clustering, so that the two do not change together.

    The nearest found: the table of properties says how near it came, because not all pairs exist.
    """
    for degree in degrees:
        ring = generators.ring_lattice(nodes, degree)
        for row, length in enumerate(aspl):
            for column, share in enumerate(clustering):
                draw = numpy_generator(seed, "relational", nodes, degree, "pair", repr(length), repr(share))
                goal = Goal("pair", length, share)
                found = search.search(ring, goal, draw, tries=tries, chains=chains)
                yield f"degree{degree}_aspl{row}_clustering{column}", found.adjacency


def random(seed: int, *, nodes: int, degrees: list[int], number: int = 10) -> Named:
    """`number` random regular graphs of each degree."""
    for degree in degrees:
        for place in range(number):
            draw = numpy_generator(seed, "relational", nodes, degree, "random", place)
            yield f"degree{degree}_{place}", generators.random_regular(nodes, degree, draw)


def circulant(seed: int, *, nodes: int, steps: list[list[int]]) -> Named:
    """A circulant graph for each list of steps; [1, 2] is the ring lattice of degree 4. Nothing is random."""
    del seed
    for each in steps:
        yield f"steps{'_'.join(map(str, each))}", generators.circulant(nodes, each)


def authors(seed: int, *, nodes: int, degrees: list[int], number: int | None = None) -> Named:
    """The ladder of the authors of RGP for each degree, `number` graphs; see :func:`.original.ladder`."""
    for degree in degrees:
        draw = numpy_generator(seed, "relational", nodes, degree, "authors")
        graphs = original.ladder(nodes, degree, draw, number)
        for place, graph in enumerate(graphs):
            yield f"degree{degree}_{place}", graph


def candidates(
    seed: int, *, nodes: int, edges: list[int], number: int = 30, families: list[str] | None = None
) -> Named:
    """Up to `number` graphs of each family with exactly each number of edges; see :mod:`.candidates`.

    The job's log counts those that are not as first drawn.
    """
    for count in edges:
        for family in families or FAMILIES:
            draw = numpy_generator(seed, "relational", nodes, "edges", count, family)
            graphs, reasons = drawn(family, nodes, count, number, draw)
            said = ", ".join(f"{times} {reason}" for reason, times in sorted(reasons.items()))
            logger.info("%s, %d edges: %d graphs%s", family, count, len(graphs), said and f" ({said})")
            for place, graph in enumerate(graphs):
                yield f"{family}_edges{count}_{place}", graph


def every(seed: int, *, nodes: int) -> Named:
    """Every connected graph of 3 to 6 nodes, up to the names of its nodes; see :mod:`.small`. Nothing is random."""
    del seed
    for place, graph in enumerate(small.every(nodes)):
        yield f"graph{place}", graph


def file(seed: int, *, path: str) -> Named:
    """The graphs in a file of the user; see :func:`.files.read`. Nothing is random."""
    del seed
    for place, graph in enumerate(files.read(path)):
        yield f"graph{place}", graph
