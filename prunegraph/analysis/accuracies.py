"""Comparison of our test accuracies with those that the authors of MGE published.

`published_accuracies.csv` holds the mean and the standard deviation over seeds of each published cell. They were
computed by :func:`published_means` from the tables of Cunegatti et al., TMLR 2024: github.com/eliacunegatti/mge-snn,
folder `graph_data` (commit 2ade435, Apache License 2.0). No dense accuracy was published.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from prunegraph.tables.collect import networks
from prunegraph.tables.frames import sort

PUBLISHED = Path(__file__).with_name("published_accuracies.csv")
CELL = ["dataset", "model", "pruner", "sparsity"]


def published_means(found: pd.DataFrame) -> pd.DataFrame:
    """Compute mean and sample standard deviation of the accuracy of each cell, and count its networks.

    Parameters
    ----------
    found
        The table of networks of :func:`prunegraph.tables.published.read`.
    """
    means = found.groupby(CELL).accuracy.agg(["mean", "std", "count"]).reset_index().round(5)
    return sort(means.rename(columns={"count": "n"}), "dataset", "model", "pruner", "sparsity")


def beside_published(
    scores: Iterable[str | Path], datasets: Mapping[str, str], models: Mapping[str, str]
) -> pd.DataFrame:
    """Make one row for each cell of our networks: mean and deviation of the accuracy over n seeds, ours and published.

    Compat pruners are compared with the pruner whose published masks they reproduce. Where a cell was not published,
    the published values are missing.

    Parameters
    ----------
    scores
        Paths of score.json files.
    datasets, models
        Published name of each data set and model of our study that equals a published one.

    Returns
    -------
    pd.DataFrame
        Columns dataset, model, method, sparsity, recipe, epochs, n, accuracy, sd, published_n, published_accuracy,
        published_sd and difference (ours minus published); accuracies are fractions.
    """
    found = networks(scores)
    groups = ["dataset", "model", "method", "pruner", "sparsity", "recipe", "epochs"]
    ours = found.groupby(groups, sort=False, dropna=False).accuracy.agg(["count", "mean", "std"]).reset_index()
    ours = ours.rename(columns={"count": "n", "mean": "accuracy", "std": "sd"})
    theirs = pd.read_csv(PUBLISHED)
    theirs = theirs.set_index(CELL).set_axis(["published_accuracy", "published_sd", "published_n"], axis="columns")
    keys = {
        "dataset": ours.dataset.map(datasets),
        "model": ours.model.map(models),
        "pruner": ours.pruner,
        "sparsity": ours.sparsity,
    }
    theirs = theirs.reindex(pd.MultiIndex.from_frame(pd.DataFrame(keys))).reset_index(drop=True)
    both = pd.concat([ours.drop(columns="pruner"), theirs.astype({"published_n": "Int64"})], axis="columns")
    names = ["published_n", "published_accuracy", "published_sd"]
    both = both[[*(name for name in both.columns if name not in names), *names]]
    return both.assign(difference=both.accuracy - both.published_accuracy)
