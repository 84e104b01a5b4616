"""What graphs cannot be: rules of nodes, degrees and path lengths. Pure Python, so that a dry run can ask."""

from collections.abc import Sequence

from prunegraph.errors import UserError

#: The most nodes of a graph; indices of nodes are 16 bits wide.
MOST_NODES = 4096

#: Chains behind the authors' ladder of a degree.
CHAINS = 6

#: Families of graphs with a given number of edges; see :mod:`prunegraph.relational.candidates`.
FAMILIES = ("uniform", "ring", "small_world", "attachment", "blocks", "core")


def check_degree(nodes: int, degree: int) -> None:
    """Refuse a degree that no simple, connected, regular graph of so many nodes has.

    Raises
    ------
    UserError
        For fewer than 3 or too many nodes, a degree below 2 or not below the number of nodes, or an odd product of the
        two.
    """
    if not 3 <= nodes <= MOST_NODES:
        raise UserError(f"A relational graph has 3 to {MOST_NODES} nodes, found {nodes}.")
    if degree >= nodes:
        raise UserError(
            f"A graph of {nodes} nodes has no degree {degree}: a node has at most {nodes - 1} others to be joined to."
        )
    if degree < 2:
        raise UserError(f"A connected regular graph of {nodes} nodes needs a degree from 2 up, found {degree}.")
    if nodes * degree % 2:
        raise UserError(
            f"There is no graph of {nodes} nodes with degree {degree}: nodes times degree is twice the number of "
            "edges, so it must be even. Change one of the two by one."
        )


def check_edges(nodes: int, edges: int) -> None:
    """Refuse a number of edges that no simple, connected graph of so many nodes has.

    Raises
    ------
    UserError
        For fewer than 3 or too many nodes, fewer edges than a tree has, or more than there are pairs.
    """
    if not 3 <= nodes <= MOST_NODES:
        raise UserError(f"A relational graph has 3 to {MOST_NODES} nodes, found {nodes}.")
    least, most = nodes - 1, nodes * (nodes - 1) // 2
    if not least <= edges <= most:
        raise UserError(f"A connected graph of {nodes} nodes has {least} to {most} edges, found {edges}.")


def shortest_possible(nodes: int, degree: int) -> float:
    """The lower bound of the average shortest path length (ASPL) of a graph with at most `degree` edges a node.

    Distance t can be that of at most degree * (degree - 1)^(t - 1) nodes, so the shells are filled in order. Graphs
    that reach it exist for some numbers only.

    Source: V. Cerf, D. Cowan, R. Mullin, R. Stanton, "A lower bound on the average shortest path length in regular
    graphs", Networks 4 (1974), after E. Moore's bound of the diameter.
    """
    remaining, shell, distance, total = nodes - 1, degree, 1, 0
    while remaining > 0 and shell > 0:
        reached = min(shell, remaining)
        total += distance * reached
        remaining -= reached
        distance += 1
        shell *= degree - 1
    return total / (nodes - 1) if remaining == 0 else float("inf")


def check_length(nodes: int, degree: int, length: float) -> None:
    """Refuse an average shortest path length that no graph has.

    Raises
    ------
    UserError
        If it lies below the bound, or above that of a path, (nodes + 1) / 3.
    """
    bound, longest = shortest_possible(nodes, degree), (nodes + 1) / 3
    if not length >= bound - 1e-9:
        raise UserError(
            f"No graph of {nodes} nodes with degree {degree} has an average shortest path length of {length}: the "
            f"lower bound is {bound:.6f}. Ask for more."
        )
    if length > longest:
        raise UserError(
            f"No connected graph of {nodes} nodes has an average shortest path length of {length}: that of a path is "
            f"{longest:.6f}. Ask for less."
        )


def check_ladder(nodes: int, degree: int) -> None:
    """Refuse a ladder of regular graphs whose average shortest path lengths cannot differ.

    Two nodes that are not joined have 2 `degree` neighbours among nodes - 2; if these are too few for all to be
    different, the two have a common one, and every distance is 1 or 2.

    Raises
    ------
    UserError
        For degree 2, of which the ring is the only connected graph, or one from (nodes - 1) / 2 up.
    """
    if degree == 2:
        raise UserError("The ring is the only connected graph of degree 2, so there is no ladder of several `rungs`.")
    if 2 * degree >= nodes - 1:
        raise UserError(
            f"Every graph of {nodes} nodes with degree {degree} has the same average shortest path length, "
            f"{2 - degree / (nodes - 1):.6f}, because any two nodes have a common neighbour: there is no ladder of "
            f"several `rungs`. Ask for degrees below {nodes / 2 - 0.5:g}, or for the kind random."
        )


def check_symmetry(nodes: int, symmetry: int) -> None:
    """Refuse a rotational symmetry that does not divide the nodes.

    Raises
    ------
    UserError
        With the numbers that do.
    """
    if symmetry < 1 or nodes % symmetry:
        legal = ", ".join(str(number) for number in range(1, nodes) if nodes % number == 0)
        raise UserError(
            f"{nodes} nodes have no rotational symmetry of order {symmetry}, which must divide them: {legal}."
        )


def check_steps(nodes: int, steps: Sequence[int]) -> None:
    """Refuse steps round the ring that make no connected circulant graph.

    Raises
    ------
    UserError
        For a step outside 1 ... nodes / 2, one named twice, none, or steps that reach some of the nodes only.
    """
    import math

    if not 3 <= nodes <= MOST_NODES:
        raise UserError(f"A relational graph has 3 to {MOST_NODES} nodes, found {nodes}.")
    if not steps or len(set(steps)) < len(steps) or not all(1 <= step <= nodes // 2 for step in steps):
        raise UserError(
            f"The steps of a circulant graph of {nodes} nodes are different whole numbers from 1 to {nodes // 2}, "
            f"found {list(steps)}."
        )
    if math.gcd(nodes, *steps) > 1:
        raise UserError(
            f"The circulant graph of {nodes} nodes with steps {list(steps)} is not connected: all steps and the number "
            f"of nodes are multiples of {math.gcd(nodes, *steps)}. Add a step that is not."
        )


def number_of_graphs(degree: int) -> int:
    """How many graphs of 64 nodes the authors kept of a degree: 270 of degree 4, 240 of 6, ..., 120 from 14 on."""
    return max(270 - int(2.5 * 6 * (degree - 4)), 120)
