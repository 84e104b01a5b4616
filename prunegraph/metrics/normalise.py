"""Normalisation of topometrics as in the published tables: division by the size of the graph."""

from collections.abc import Mapping

NAMES = (
    "sink_nodes",
    "source_nodes",
    "disconnected_nodes",
    "removable_out",
    "removable_in",
    "one_hop",
    "two_hop",
    "motifs",
    "strength",
    "k_core",
    "cut_edges",
    "cut_nodes",
    "components",
    "mean_component",
    "spectral_gap",
    "spectral_radius",
)
BY_NODES = frozenset({"sink_nodes", "source_nodes", "disconnected_nodes", "mean_component"})
UNCHANGED = frozenset({"components", "spectral_gap", "spectral_radius"})


def normalise(raw: Mapping[str, int | float | None], nodes: int, edges: int) -> dict[str, int | float | None]:
    """Divide raw topometrics by the divisors of the published tables.

    Sink, source and disconnected nodes and the mean component are divided by the number of nodes. Components, spectral
    gap and spectral radius are not divided. All others, including means over nodes, are divided by the number of edges.
    The result is None where the divisor is zero or the raw value is None. Keys that are no topometrics are left out.

    Source: divisors found in the published table of Cunegatti et al., TMLR 2024
    (arXiv 2305.16886); there ``one_hop`` becomes 1/nodes + 1/edges and
    ``mean_component`` 1/components.
    """
    return {name: _divide(name, raw[name], nodes, edges) for name in NAMES if name in raw}


def _divide(name: str, value: int | float | None, nodes: int, edges: int) -> int | float | None:
    if value is None or name in UNCHANGED:
        return value
    divisor = nodes if name in BY_NODES else edges
    return value / divisor if divisor else None
