"""Local connectivity: nodes where signals end or begin, and the edges there, which carry nothing."""

import numpy as np


def local_counts(into: np.ndarray, out: np.ndarray, parts: tuple[int, ...], mode: str) -> dict[str, int]:
    """Sink, source and disconnected nodes and removable connections, from the edges `into` and `out` of every node.

    A sink has edges in and none out, a source edges out and none in, a disconnected
    node neither. Mode ``clean``: sinks of the output part and sources of the input
    part do not count (that is their purpose); ``removable_out`` is the number of edges
    into the sinks that count, ``removable_in`` that of edges out of the sources.
    Mode ``compat``, as published: *all* sinks minus the size of the last part, all
    sources minus the size of the first (so a count can be negative); ``removable_out``
    sums over sinks with id < nodes - 1 - last part, ``removable_in`` over sources with
    id > first part: both conditions miss one node. Published tables divide the counts of nodes by the number of
    nodes, those of connections by the number of edges.

    Source: Cunegatti et al., TMLR 2024 (arXiv 2305.16886), "local connectivity", and its code. O(nodes).
    """
    sinks, sources = np.flatnonzero((out == 0) & (into > 0)), np.flatnonzero((into == 0) & (out > 0))
    disconnected = int(np.count_nonzero((into == 0) & (out == 0)))
    count = _compat if mode == "compat" else _clean
    sink, source, ending, starting = count(sinks, sources, sum(parts), parts[0], parts[-1])
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
