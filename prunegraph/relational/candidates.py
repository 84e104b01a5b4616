"""Graphs with exactly so many edges, of six families that differ in their properties.

Uniformly random graphs of a size hardly differ in any property, so a search among them has nothing to find. Each family
here gives every pair of nodes a random key; the graph has the pairs of lowest key. Where it would be in several pieces,
the pairs that join pieces, lowest first, take the place of the highest (the least spanning tree, by Kruskal, stays). A
graph that is connected anyway is the plain draw, because its least spanning tree lies within it.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from prunegraph.relational.adjacency import connected
from prunegraph.relational.limits import FAMILIES

Law = Callable[[int, int, np.random.Generator], np.ndarray]

#: Draws without a new graph after which no more are expected.
PATIENCE = 100


def uniform(nodes: int, edges: int, draw: np.random.Generator) -> np.ndarray:
    """Keys by which every set of pairs is as likely (Erdos and Renyi 1959)."""
    del edges
    return draw.random(_pairs(nodes))


def ring(nodes: int, edges: int, draw: np.random.Generator) -> np.ndarray:
    """Keys of the nearest pairs on a ring; of those at the largest distance some are drawn."""
    del edges
    return _round_the_ring(nodes) + 0.5 * draw.random(_pairs(nodes))


def small_world(nodes: int, edges: int, draw: np.random.Generator) -> np.ndarray:
    """The ring, of which a share of edges goes elsewhere; the share is drawn, its logarithm uniform in 0.01 to 0.5.

    Source: D. Watts, S. Strogatz, Nature 393 (1998), with both ends of an edge drawn anew.
    """
    near = np.argsort(ring(nodes, edges, draw))[:edges]
    share = np.exp(draw.uniform(np.log(0.01), np.log(0.5)))
    keys = 1 + draw.random(_pairs(nodes))
    stay = near[draw.random(edges) >= share]
    keys[stay] = draw.random(len(stay))
    return keys


def attachment(nodes: int, edges: int, draw: np.random.Generator) -> np.ndarray:
    """Nodes arrive one by one and join to those that have many edges; each brings as many edges, or one more.

    Source: A.-L. Barabasi, R. Albert, Science 286 (1999).
    """
    joined = np.zeros((nodes, nodes), bool)
    brought = _brought(nodes, edges)
    for node in range(1, nodes):
        weights = joined[:node].sum(1) + 1.0
        chosen = draw.choice(node, brought[node], replace=False, p=weights / weights.sum())
        joined[node, chosen] = joined[chosen, node] = True
    keys = 1 + draw.random(_pairs(nodes))
    return keys - joined[np.triu_indices(nodes, 1)]


def blocks(nodes: int, edges: int, draw: np.random.Generator) -> np.ndarray:
    """Two to four groups as large; pairs within one are up to 100 times as likely as others.

    Source: P. Holland, K. Laskey, S. Leinhardt, Social Networks 5 (1983).
    """
    del edges
    groups = np.arange(nodes) % draw.integers(2, min(4, nodes // 2) + 1)
    within = np.exp(draw.uniform(np.log(2), np.log(100)))
    return _unlikely(np.where(groups[:, None] == groups, within, 1.0), draw)


def core(nodes: int, edges: int, draw: np.random.Generator) -> np.ndarray:
    """A core of a tenth to a half of the nodes; each end of a pair in it makes the pair up to 10 times as likely.

    Source: S. Borgatti, M. Everett, Social Networks 21 (2000).
    """
    del edges
    inside = np.arange(nodes) < max(1, round(draw.uniform(0.1, 0.5) * nodes))
    each = np.where(inside, np.exp(draw.uniform(np.log(2), np.log(10))), 1.0)
    return _unlikely(np.outer(each, each), draw)


#: As named by :data:`prunegraph.relational.limits.FAMILIES`.
LAWS: dict[str, Law] = dict(zip(FAMILIES, (uniform, ring, small_world, attachment, blocks, core), strict=True))


def drawn(
    family: str, nodes: int, edges: int, number: int, draw: np.random.Generator
) -> tuple[list[np.ndarray], Counter[str]]:
    """Up to `number` different connected graphs of a family with exactly `edges` edges.

    Returns
    -------
    The graphs, and why some are not as first drawn: ``joined`` counts graphs whose lowest keys were in several pieces,
    ``twice`` draws of a graph that is there already, which were drawn again; after :data:`PATIENCE` of them in a row
    the rest is ``lacking``, as there may be no more (one ring has as many edges as nodes).
    """
    found: dict[bytes, np.ndarray] = {}
    reasons: Counter[str] = Counter()
    patience = PATIENCE
    while len(found) < number and patience:
        graph, whole = lowest(LAWS[family](nodes, edges, draw), nodes, edges)
        if graph.tobytes() in found:
            reasons["twice"] += 1
            patience -= 1
            continue
        patience = PATIENCE
        reasons["joined"] += not whole
        found[graph.tobytes()] = graph
    reasons["lacking"] = number - len(found)
    return list(found.values()), +reasons


def lowest(keys: np.ndarray, nodes: int, edges: int) -> tuple[np.ndarray, bool]:
    """The connected graph of `edges` pairs with low keys, and whether it is simply that of the lowest.

    `keys` are those of the pairs (0, 1), (0, 2), ..., (1, 2), ...; different ones.
    """
    order = np.argsort(keys, kind="stable")
    plain = _graph(order[:edges], nodes)
    if connected(plain):
        return plain, True
    tree = _spanning(order, nodes)
    others = order[~np.isin(order, tree)]
    return _graph(np.concatenate([tree, others[: edges - len(tree)]]), nodes), False


def _spanning(order: np.ndarray, nodes: int) -> np.ndarray:
    """The least spanning tree, as places of pairs (J. Kruskal 1956)."""
    piece, tree = np.arange(nodes), []
    rows, columns = np.triu_indices(nodes, 1)
    for pair in order:
        one, other = piece[rows[pair]], piece[columns[pair]]
        if one != other:
            piece[piece == other] = one
            tree.append(pair)
            if len(tree) == nodes - 1:
                break
    return np.array(tree)


def _graph(pairs: np.ndarray, nodes: int) -> np.ndarray:
    found = np.zeros((nodes, nodes), bool)
    rows, columns = np.triu_indices(nodes, 1)
    found[rows[pairs], columns[pairs]] = found[columns[pairs], rows[pairs]] = True
    return found


def _pairs(nodes: int) -> int:
    return nodes * (nodes - 1) // 2


def _round_the_ring(nodes: int) -> np.ndarray:
    rows, columns = np.triu_indices(nodes, 1)
    return np.minimum(columns - rows, nodes - columns + rows).astype(float)


def _brought(nodes: int, edges: int) -> Sequence[int]:
    """How many edges each node brings: the same number, or one more, and at most one to each before it."""
    brought, left = np.minimum(np.arange(nodes), 1), edges - (nodes - 1)
    while left > 0:
        room = np.flatnonzero(brought < np.arange(nodes))
        room = room[brought[room] == brought[room].min()][::-1][:left]
        brought[room] += 1
        left -= len(room)
    return brought


def _unlikely(weights: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Keys whose lowest are a weighted sample without replacement (P. Efraimidis, P. Spirakis 2006)."""
    return draw.exponential(size=_pairs(len(weights))) / weights[np.triu_indices(len(weights), 1)]
