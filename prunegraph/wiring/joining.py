"""Additions of feature maps: the choice of the main branch, and the edges of the other branch."""

from collections.abc import Callable

from prunegraph.errors import UserError
from prunegraph.wiring.features import INPUT, Feature, Piece
from prunegraph.wiring.layers import Network

Refusal = Callable[[str], UserError]


def add(network: Network, left: Feature, right: Feature, name: str, identity_edges: bool, refusal: Refusal) -> Feature:
    """Find what the sum of two tensors is made of.

    A branch all of whose layers are also on the other branch, which has read all of its channels, is an identity: it
    makes no edges, or with `identity_edges` edges of weight 1. Otherwise the branch with fewer layers of its own feeds
    the nodes of the other branch. If both have the same number, the nodes are those of the branch whose last layer runs
    last, so that all edges lead forward.
    """
    if left.map is None or left.map != right.map:
        raise refusal(f"it adds maps of different shapes, {left.map} and {right.map}")
    if left.pieces == right.pieces:
        return left
    branches = sorted(((len(left.trail - right.trail), left), (len(right.trail - left.trail), right)), key=_length)
    (fewer, short), (more, main) = branches
    if more == 0:
        return _wider(left, right, refusal)
    if fewer == 0:
        if not main.has_read(short):
            raise refusal("it adds channels of an earlier map to a branch that has read only others of its channels")
        if identity_edges:
            _note_identity(network, short, main, name, refusal)
        return main
    ends = [_whole_map(network, branch, refusal) for branch in (short, main)]
    if (fewer > 1 or fewer == more) and ends[0] > ends[1]:
        main, ends = short, ends[::-1]
    network.shortcuts[ends[0]] = ends[1]
    return main


def _length(branch: tuple[int, Feature]) -> int:
    return branch[0]


def _whole_map(network: Network, feature: Feature, refusal: Refusal) -> int:
    """Return the layer whose whole output, without pooling, is the feature; refuse other features."""
    piece = feature.pieces[0]
    if len(feature.pieces) == 1 and piece.direct and piece.layer != INPUT and piece.map == network.maps[piece.layer]:
        return piece.layer
    raise refusal("it adds branches that were pooled, cut or concatenated after their last layer")


def _wider(left: Feature, right: Feature, refusal: Refusal) -> Feature:
    """Choose, of two views of the same map, the one that reads everything that the other reads."""
    for wide, narrow in ((left, right), (right, left)):
        if len(wide.pieces) == len(narrow.pieces) and all(map(_contains, wide.pieces, narrow.pieces)):
            return wide
    raise refusal("it adds two views of the same maps of which neither contains the other")


def _contains(wide: Piece, narrow: Piece) -> bool:
    same = wide.layer == narrow.layer and wide.channels == narrow.channels
    rows, columns = (zip(getattr(wide, axis), getattr(narrow, axis), strict=True) for axis in ("rows", "columns"))
    return same and all(set(small) <= set(large) for axis in (rows, columns) for large, small in axis)


def _note_identity(network: Network, short: Feature, main: Feature, name: str, refusal: Refusal) -> None:
    start = 0
    for target in main.pieces:
        stop, first = start + target.map[0], target.channels[0]
        for source in short.cut(start, stop):
            if not target.direct or source.layer >= target.layer:
                raise refusal("the maps that its identity would join are pooled, or run in another order")
            network.identity(name, source, target.layer, (first, first + source.map[0]))
            first += source.map[0]
        start = stop
