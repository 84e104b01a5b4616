"""Data quality: the rows that each step of reading keeps, identities that must hold, and known flaws."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from prunegraph.errors import UserError
from prunegraph.tables.features import FEATURE_SETS, feature_set, pruned
from prunegraph.tables.frames import shaped

EXPECTED, CHANGED, COUNTED = "as expected", "changed", "counted"


def step(what: str, before: int, after: int, expected: int | None, meaning: str = "") -> dict:
    """Make a row of the table for a step that kept `after` of `before` rows; `expected` is None if it is not known."""
    status = COUNTED if expected is None else EXPECTED if after == expected else CHANGED
    row = {"kind": "step", "what": what, "rows_before": before, "rows_after": after}
    return row | {"expected": expected, "found": after, "status": status, "meaning": meaning}


def identity(what: str, deviation: float, tolerance: float, meaning: str = "") -> dict:
    """Make a row of the table for an identity of columns that holds up to `deviation`; `tolerance` is allowed."""
    status = EXPECTED if deviation <= tolerance else CHANGED  # NaN: changed
    row = {"kind": "identity", "what": what, "expected": tolerance, "found": deviation}
    return row | {"status": status, "meaning": meaning}


def note(what: str, rows: int, expected: int | None, meaning: str) -> dict:
    """Make a row of the table for a known flaw that concerns `rows` rows."""
    return step(what, None, rows, expected, meaning) | {"kind": "note"}


def quality(rows: Iterable[dict], source: str) -> pd.DataFrame:
    """Make the table "quality" of :mod:`prunegraph.tables.schemas`."""
    return shaped(pd.DataFrame(list(rows)).assign(source=source), "quality")


def insist(table: pd.DataFrame) -> None:
    """Raise an error if a step or an identity is not as expected.

    Raises
    ------
    UserError
        If there is such a row. The message says what was found and what was expected.
    """
    changed = table[table.status == CHANGED]
    if len(changed):
        words = [f"{row.what}: found {row.found:.6g}, expected {row.expected:.6g}" for row in changed.itertuples()]
        raise UserError(f"The tables are not what they should be. {'; '.join(words)}.")


def of_own(networks: pd.DataFrame, features: pd.DataFrame) -> list[dict]:
    """List the steps from the networks that this project made to those that its studies use."""
    kept = pruned(features)
    sets = {name: columns for name in FEATURE_SETS if features[list(columns := feature_set(name))].notna().any().all()}
    columns = sorted({column for part in sets.values() for column in part})
    return [
        step("networks", len(networks), len(networks), None),
        step("pruned, with an accuracy drop", len(networks), len(kept), None, "dense networks are the reference"),
        step("complete in every feature set", len(kept), len(kept.dropna(subset=columns)), None, ", ".join(sets)),
        note("training diverged", int(networks.diverged.fillna(False).sum()), None, "accuracy is at chance"),
        note("layers without a weight", int((networks.collapsed_layers.fillna(0) > 0).sum()), None, "networks"),
    ]


def of_unrolled(unrolled: pd.DataFrame) -> list[dict]:
    """Check the identities of the normalisation of the published unrolled.csv (our names, values as published)."""
    nodes, edges = (unrolled[name].astype("float64") for name in ("nodes", "edges"))
    rows = [identity(f"{name} * nodes is whole", _fraction(unrolled[name] * nodes), 1e-6) for name in _BY_NODES]
    rows += [identity(f"{name} * edges is whole", _fraction(unrolled[name] * edges), 1e-6) for name in _BY_EDGES]
    size = (unrolled.motifs * edges).dropna()
    rows += [
        identity("motifs * edges is whole", _fraction(size, relative=True), 1e-15, "to one unit in the last place")
    ]
    rows += [
        identity(f"{name} * edges * nodes is whole", _fraction(unrolled[name] * edges * nodes), 1e-2)
        for name in ("one_hop", "two_hop", "k_core")
    ]
    hop = (unrolled.one_hop / (1 / nodes + 1 / edges) - 1).abs().max()
    product = (unrolled.mean_component * unrolled.components - 1).abs().max()
    return [
        *rows,
        identity("one_hop = 1 / nodes + 1 / edges", hop, 1e-12, "holds no topology, only size"),
        identity("mean_component * components = 1", product, 1e-9, "two names of one quantity"),
        identity("components is whole", _fraction(unrolled.components), 0.0),
    ]


_BY_NODES = ("sink_nodes", "source_nodes", "disconnected_nodes")
_BY_EDGES = ("removable_out", "removable_in", "cut_edges", "cut_nodes")


def _fraction(values: pd.Series, relative: bool = False) -> float:
    """Largest distance of `values` from whole numbers; missing values are left out."""
    values = values.dropna().to_numpy(dtype="float64")
    distance = np.abs(values - np.round(values))
    return float((distance / np.maximum(np.abs(values), 1) if relative else distance).max())
