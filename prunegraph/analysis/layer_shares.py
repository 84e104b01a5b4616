"""Where a method keeps its weights: the shares of the layers, of our networks beside the published ones."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from prunegraph.tables.frames import shaped
from prunegraph.tables.grid import MODELS

#: The published networks of this data set stand beside ours of a data set that was not published.
REFERENCE = "cifar10"

_CELL = ["dataset", "model", "method", "sparsity"]


def beside_published(
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    datasets: Mapping[str, str],
    models: Mapping[str, str],
    pruners: Mapping[str, str],
) -> pd.DataFrame:
    """Make one row for each layer of each cell of our networks whose method, model and sparsity were published.

    A layer's share is that of the network's kept weights which it has. Our models may be narrower than the published
    ones and see images of other channels, so our share is that of a published network with our layers' densities:
    density times the published number of weights, divided by the sum over layers. The distance of two networks is half
    the sum of the absolute differences of their shares (total variation), 0 to 1.

    Parameters
    ----------
    ours, theirs
        Tables `ramanujan` (columns as :data:`prunegraph.tables.columns.RAMANUJAN_COLUMNS`) of our and of the published
        networks: of these the rows of the rolled encoding, edges (kept weights) and layer_density.
    datasets, models, pruners
        Published name of each data set (empty: none), model and method of ours.

    Returns
    -------
    pd.DataFrame
        The table `published_layers` (:mod:`prunegraph.tables.schemas`): empty if no cell was published.
    """
    published = theirs[(theirs.encoding == "rolled") & theirs.model.isin(MODELS) & theirs.model.isin(models.values())]
    rows: list[dict] = []
    for cell, of_cell in ours[(ours.encoding == "rolled") & ours.model.isin(models)].groupby(_CELL, sort=False):
        dataset, model, method, sparsity = cell
        reference = datasets.get(dataset) or REFERENCE
        wanted = {"dataset": reference, "model": models[model], "method": pruners[method], "sparsity": sparsity}
        same = published[np.logical_and.reduce([published[name] == value for name, value in wanted.items()])]
        if same.empty or set(same.layer) != set(of_cell.layer):
            continue
        sizes = _sizes(published[(published.dataset == reference) & (published.model == models[model])])
        names = dict(zip(_CELL, cell, strict=True))
        shared = {**names, "published_dataset": reference}
        rows += _rows(shared, _shares(of_cell, "layer_density", sizes), _shares(same, "edges", 1 + 0 * sizes))
    return shaped(pd.DataFrame(rows), "published_layers")


def _sizes(published: pd.DataFrame) -> pd.Series:
    """Number of weights by layer, from the first to the last, of the published networks of one model and data set."""
    quotients = (published.edges / published.layer_density).where(published.edges > 0).round()
    return quotients.groupby(published.layer, sort=False).median()


def _shares(rows: pd.DataFrame, column: str, factors: pd.Series) -> pd.DataFrame:
    """Shares of the layers (rows) of each seed (columns), by what `column` says times `factors`."""
    wide = rows.pivot_table(index="layer", columns="seed", values=column, sort=False).reindex(factors.index)
    counts = wide.mul(factors, axis=0)
    return counts / counts.sum()


def _rows(facts: Mapping, ours: pd.DataFrame, theirs: pd.DataFrame) -> list[dict]:
    mine, other = ours.to_numpy().T, theirs.to_numpy().T
    within = [_distance(a, b) for a, b in combinations(other, 2)]
    shared = {
        **facts,
        "n": len(mine),
        "published_n": len(other),
        "distance": float(np.mean([_distance(a, b) for a in mine for b in other])),
        "published_distance": float(np.mean(within)) if within else None,
    }
    means = zip(ours.index, mine.mean(0), other.mean(0), strict=True)
    return [
        {**shared, "layer": layer, "position": place, "share": share, "published_share": published}
        for place, (layer, share, published) in enumerate(means, 1)
    ]


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).sum() / 2)
