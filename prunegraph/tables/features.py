"""Feature sets: the numbers of a network from which its accuracy drop is predicted.

A metric of layers becomes one number for the network: the mean over those layers where it is neither missing nor
infinite (MGE, section 4).
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from prunegraph.catalogue import known
from prunegraph.tables.columns import IDENTITY, METRICS, RAMANUJAN
from prunegraph.tables.frames import sort
from prunegraph.tables.grid import beyond

#: Topometrics that need trained weights; the others need only the mask.
WEIGHTED = ("strength", "spectral_gap", "spectral_radius")

#: Family of each topometric, as in MGE.
FAMILIES = {
    **dict.fromkeys(("sink_nodes", "source_nodes", "disconnected_nodes", "removable_out", "removable_in"), "local"),
    **dict.fromkeys(("one_hop", "two_hop", "motifs"), "neighbourhood"),
    **dict.fromkeys(("strength", "k_core"), "strength"),
    **dict.fromkeys(("cut_edges", "cut_nodes", "components", "mean_component"), "global"),
    **dict.fromkeys(("spectral_gap", "spectral_radius"), "expansion"),
}

#: The ten topometrics that the published bipartite (layer by layer) encodings have.
BIPARTITE = (
    *("one_hop", "motifs", "strength", "k_core", "cut_edges", "cut_nodes"),
    *("components", "mean_component", "spectral_gap", "spectral_radius"),
)

_RAMANUJAN = tuple(f"ramanujan.{name}" for name in RAMANUJAN if name != "layer_density")


def _columns(prefix: str, metrics: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{prefix}.{metric}" for metric in metrics)


#: Name of a feature set -> its columns in the table of :func:`feature_table`, weakest baseline first.
FEATURE_SETS: dict[str, tuple[str, ...]] = {
    "layer_density": ("layer_density",),
    "log_edges": ("log_edges",),
    "ramanujan": _RAMANUJAN,
    "ramanujan_density": (*_RAMANUJAN, "layer_density"),
    "rolled_raw": _columns("rolled_raw", BIPARTITE),
    "rolled_channel_raw": _columns("rolled_channel_raw", BIPARTITE),
    "rolled_mask": _columns("rolled", (name for name in BIPARTITE if name not in WEIGHTED)),
    "rolled": _columns("rolled", BIPARTITE),
    "rolled_channel": _columns("rolled_channel", BIPARTITE),
    "unrolled_bipartite": _columns("unrolled", BIPARTITE),
    "unrolled_mask": _columns("unrolled", (name for name in METRICS if name not in WEIGHTED)),
    "unrolled": _columns("unrolled", METRICS),
}

#: The sets that tables and figures show by default.
DEFAULT_SETS = (
    *("layer_density", "log_edges", "ramanujan", "rolled", "rolled_channel"),
    *("unrolled_mask", "unrolled"),
)


def feature_set(name: str) -> tuple[str, ...]:
    """The columns of the feature set `name`; UserError with the legal names if there is none."""
    return FEATURE_SETS[known(FEATURE_SETS, name, "feature set")]


def is_trained(column: str) -> bool:
    """Whether a feature is known only once the network is trained."""
    return column.rpartition(".")[2] in (*WEIGHTED, "imsg")


def needs_training(name: str) -> bool:
    """Whether the feature set `name` holds anything that is known only once the network is trained."""
    return any(map(is_trained, feature_set(name)))


def feature_table(
    networks: pd.DataFrame, raw: pd.DataFrame, normalised: pd.DataFrame, ramanujan: pd.DataFrame
) -> pd.DataFrame:
    """Make the table of networks with every feature as a column, sorted as published: the input of all studies.

    Parameters
    ----------
    networks, raw, normalised, ramanujan
        The tables of :mod:`prunegraph.tables.collect`. The Ramanujan properties of the rolled encoding are used.

    Returns
    -------
    pd.DataFrame
        One row per network: its columns, then `unrolled.<metric>`, `rolled.<metric>`, `rolled_channel.<metric>`
        (normalised, mean over layers), `rolled_raw.<metric>`, `rolled_channel_raw.<metric>` (raw, mean over layers),
        `ramanujan.<property>`, `layer_density` (mean over layers) and `log_edges`, the base-10 logarithm of the edges
        of the unrolled graph. A feature is missing where it was not measured.
    """
    rolled = ramanujan[ramanujan.encoding == "rolled"]
    parts = [
        layer_mean(normalised[normalised.encoding == "unrolled"], METRICS, "unrolled."),
        *(layer_mean(normalised[normalised.encoding == name], BIPARTITE, f"{name}.") for name in _LAYERED),
        *(layer_mean(raw[raw.encoding == name], BIPARTITE, f"{name}_raw.") for name in _LAYERED),
        layer_mean(rolled, RAMANUJAN[:3], "ramanujan."),
        layer_mean(rolled, ("layer_density",), ""),
    ]
    keys = list(IDENTITY)
    table = networks.set_index(keys).join(parts, how="left").reset_index()
    edges = table.edges.astype("float64")
    return sort(table.assign(log_edges=np.log10(edges.where(edges > 0))))


def layer_mean(layers: pd.DataFrame, metrics: Iterable[str], prefix: str) -> pd.DataFrame:
    """Average `metrics` over the layers of each network; missing and infinite values are left out.

    Returns
    -------
    pd.DataFrame
        Columns `prefix` + metric, indexed by the columns that identify a network.
    """
    metrics = list(metrics)
    finite = layers[metrics].where(np.isfinite(layers[metrics]))
    means = finite.groupby([layers[name] for name in IDENTITY], sort=False).mean()
    return means.add_prefix(prefix)


def pruned(table: pd.DataFrame) -> pd.DataFrame:
    """Select the pruned networks with a known accuracy drop; of published networks only those of the paper's grid."""
    return with_drop(table[beyond(table) == ""])


def with_drop(table: pd.DataFrame) -> pd.DataFrame:
    """Select the pruned networks with a known accuracy drop; dense networks are the reference and are left out."""
    return table[(table.pruner != "dense") & table.accuracy_drop.notna()].reset_index(drop=True)


_LAYERED = ("rolled", "rolled_channel")
