"""Local connectivity: nodes at which signals end or begin, and their edges, which can be removed."""

from collections.abc import Sequence

import numpy as np


def local_counts(
    into: np.ndarray, out: np.ndarray, parts: tuple[int, ...], mode: str, outputs: Sequence[int] = ()
) -> dict[str, int]:
    """Count sink, source and disconnected nodes and removable connections. O(nodes).

    A sink has incoming edges and no outgoing ones, a source has outgoing edges and no incoming ones, and a disconnected
    node has neither. In mode ``clean``, sinks in the output parts and sources in the input part do not count, because
    they are intended; ``removable_out`` is the number of edges into the sinks that count, ``removable_in`` the number
    of edges out of the sources that count. In mode ``compat``, as published, the counts are those of *all* sinks minus
    the size of the last part, and of all sources minus the size of the first part, so that a count can be negative;
    ``removable_out`` is summed over sinks with id < nodes - 1 - last part, ``removable_in`` over sources with id >
    first part: both conditions miss one node. Published tables divide the counts of nodes by the number of nodes, those
    of connections by the number of edges.

    Source: Cunegatti et al., TMLR 2024 (arXiv 2305.16886), "local connectivity", and its code.

    Parameters
    ----------
    into, out
        Numbers of incoming and of outgoing edges of every node, (nodes,).
    parts
        Number of nodes of each part.
    mode
        "clean" or "compat".
    outputs
        Numbers of parts that are outputs of the network beside the last one.
    """
    sinks, sources = np.flatnonzero((out == 0) & (into > 0)), np.flatnonzero((into == 0) & (out > 0))
    disconnected = int(np.count_nonzero((into == 0) & (out == 0)))
    if mode == "compat":
        sink, source, ending, starting = _compat(sinks, sources, sum(parts), parts[0], parts[-1])
    else:
        starts = np.cumsum([0, *parts])
        for number in outputs:
            sinks = sinks[(sinks < starts[number]) | (sinks >= starts[number + 1])]
        sink, source, ending, starting = _clean(sinks, sources, sum(parts), parts[0], parts[-1])
    return {
        "sink_nodes": sink,
        "source_nodes": source,
        "disconnected_nodes": disconnected,
        "removable_out": int(into[ending].sum()),
        "removable_in": int(out[starting].sum()),
    }


def _clean(sinks, sources, nodes, first, last):
    ending, starting = sinks[sinks < nodes - last], sources[sources >= first]
    return len(ending), len(starting), ending, starting


def _compat(sinks, sources, nodes, first, last):
    ending, starting = sinks[sinks < nodes - 1 - last], sources[sources > first]
    return len(sinks) - last, len(sources) - first, ending, starting
