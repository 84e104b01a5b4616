"""The graphs of a set before it is made: their names, and how many entries of the adjacency each has.

Pure Python, so that a dry run can tell which sparsities a set has. The names are those that :mod:`.sets` gives.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from prunegraph.relational.limits import CHAINS, number_of_graphs


def entries(kind: str, options: Mapping[str, Any]) -> dict[str, int] | None:
    """For each graph of a set by its name, the entries of its adjacency that are 1, twice its edges.

    None where only the graphs themselves tell: of a file, of every connected graph, of candidates, of which there may
    be fewer than asked for.
    """
    function = {"regular": _regular, "crossed": _crossed, "random": _random, "circulant": _circulant}
    function["authors"] = _authors
    if kind not in function:
        return None
    return {name: options["nodes"] * degree for name, degree in function[kind](**options)}


def sparsity_of(entries: int, nodes: int, self_loops: str = "none") -> float:
    """The sparsity of a block matrix with so many entries off its diagonal: of nodes x nodes, the diagonal included.

    To ten decimals, as many as a path has.
    """
    return round(1 - (entries + nodes * (self_loops == "all")) / nodes**2, 10)


def _regular(*, degrees: list[int], rungs: int = 10, **_: Any) -> Iterator[tuple[str, int]]:
    yield from ((f"degree{degree}_{rung}", degree) for degree in degrees for rung in range(rungs))


def _crossed(*, degrees: list[int], aspl: list[float], clustering: list[float], **_: Any) -> Iterator[tuple[str, int]]:
    for degree in degrees:
        for row in range(len(aspl)):
            yield from ((f"degree{degree}_aspl{row}_clustering{column}", degree) for column in range(len(clustering)))


def _random(*, degrees: list[int], number: int = 10, **_: Any) -> Iterator[tuple[str, int]]:
    yield from ((f"degree{degree}_{place}", degree) for degree in degrees for place in range(number))


def _circulant(*, nodes: int, steps: list[list[int]], **_: Any) -> Iterator[tuple[str, int]]:
    for each in steps:
        yield f"steps{'_'.join(map(str, each))}", sum(1 if 2 * step == nodes else 2 for step in each)


def _authors(*, degrees: list[int], number: int | None = None, **_: Any) -> Iterator[tuple[str, int]]:
    for degree in degrees:
        count = number_of_graphs(degree) if number is None else number
        yield from ((f"degree{degree}_{place}", degree) for place in range(count // CHAINS * CHAINS))
