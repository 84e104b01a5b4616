"""Whether a small graph has two sides, such as that of the parts of a network, joined by blocks."""

from collections.abc import Collection, Sequence


def two_colours(joined: Sequence[Collection[int]]) -> list[int] | None:
    """0 or 1 for every vertex, so that joined ones differ; None if that cannot be.

    `joined`: the neighbours of every vertex, in both directions. O(edges).
    """
    colour = [-1] * len(joined)
    for root in range(len(joined)):
        if colour[root] >= 0:
            continue
        colour[root], stack = 0, [root]
        while stack:
            i = stack.pop()
            for j in joined[i]:
                if colour[j] == colour[i]:
                    return None
                if colour[j] < 0:
                    colour[j] = 1 - colour[i]
                    stack.append(j)
    return colour
