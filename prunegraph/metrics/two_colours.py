"""Two-colouring of a small graph, such as that of the parts of a network, joined by blocks."""

from collections.abc import Collection, Sequence


def two_colours(joined: Sequence[Collection[int]]) -> list[int] | None:
    """Assign 0 or 1 to every vertex so that joined vertices differ; None if that is impossible. O(edges).

    `joined` holds the neighbours of every vertex, in both directions.
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
