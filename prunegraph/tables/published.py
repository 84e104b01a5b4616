"""The tables that the authors of MGE published, in the schema of our own tables.

Source: github.com/eliacunegatti/mge-snn, folder `graph_data` (Cunegatti et al.,
TMLR 2024), as it comes with this package (`published_shipped`) or in the authors'
own files (`published_sources`).
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from prunegraph.chance import most_by_luck
from prunegraph.metrics.normalise import normalise
from prunegraph.tables import published_files, published_shipped, published_sources
from prunegraph.tables.collect import topometrics_normalised
from prunegraph.tables.columns import IDENTITY, METRICS, NETWORK_COLUMNS, RAMANUJAN_COLUMNS, TOPOMETRIC_COLUMNS
from prunegraph.tables.features import FEATURE_SETS, feature_set, feature_table, pruned
from prunegraph.tables.frames import sort, typed
from prunegraph.tables.grid import MODELS, PRUNERS
from prunegraph.tables.quality import identity, insist, note, of_unrolled, quality, step

_CLASSES = {"cifar10": 10, "cifar100": 100, "tiny_imagenet": 200}
_TEST_IMAGES = 10_000  # of each of the three data sets, as many of every class


@dataclass(frozen=True)
class Published:
    """The tables of the published networks, like those of a study; `quality` counts the rows after each step."""

    networks: pd.DataFrame
    topometrics: pd.DataFrame
    topometrics_normalised: pd.DataFrame
    ramanujan: pd.DataFrame
    features: pd.DataFrame
    quality: pd.DataFrame


def read(folder: str | Path | None = None) -> Published:
    """Read the published tables: those that come with the package, or the authors' own files.

    Exact duplicates of rows are dropped. Accuracy drops are relative to the best accuracy (mean over seeds) of a pruned
    network of the same model and data set, because no dense accuracy was published; `accuracy` is the test accuracy as
    published. Networks beyond the paper's grid (:func:`prunegraph.tables.grid.beyond`) are included.

    Parameters
    ----------
    folder
        Path of a copy of the authors' folder `graph_data`; None for the tables that come with the package. Both give
        the same tables.

    Raises
    ------
    UserError
        If a file is missing or changed, or a step or identity is not as expected.
    """
    sources = published_shipped.sources() if folder is None else published_sources.of_folder(folder)
    distinct = sources.unrolled.drop_duplicates()
    rolled = sources.rolled.assign(encoding="rolled")
    channel = sources.rolled_channel.assign(encoding="rolled_channel")
    properties = sources.ramanujan.assign(encoding="rolled")
    raw = pd.concat([_raw(distinct).assign(encoding="unrolled"), rolled, channel], ignore_index=True)
    raw = sort(typed(raw.assign(**_SOURCE), TOPOMETRIC_COLUMNS), *_ORDER)
    networks = _networks(distinct, rolled, properties)
    properties = sort(typed(properties.assign(**_SOURCE), RAMANUJAN_COLUMNS), *_ORDER)
    normalised = topometrics_normalised(raw)
    features = feature_table(networks, raw, normalised, properties)
    done, checks = _steps(sources.unrolled, features), _checks(distinct, rolled, features)
    counted = quality([*_files_read(), *done, *checks], "published")
    insist(counted)
    return Published(networks, raw, normalised, properties, features, counted)


def _files_read() -> list[dict]:
    return [
        step(path, None, facts["rows"], facts["rows"], f"sha256 {facts['sha256'][:12]}") | {"kind": "file"}
        for path, facts in published_files.FILES.items()
    ]


def _steps(unrolled: pd.DataFrame, features: pd.DataFrame) -> list[dict]:
    """Count the rows at each step from unrolled.csv to the networks that the studies use."""
    inside = grid(unrolled)
    distinct = inside.drop_duplicates()
    whole = distinct.dropna(subset=list(METRICS))
    columns = sorted({column for name in FEATURE_SETS for column in feature_set(name)})
    complete = pruned(features).dropna(subset=columns)
    return [
        step("read unrolled.csv", len(unrolled), len(unrolled), 2337),
        step("keep the grid", len(unrolled), len(inside), 1283, "4 models x 7 pruners at initialisation"),
        step("drop exact duplicates", len(inside), len(distinct), 1251, "all of Wide-ResNet-28-2 on Tiny-ImageNet"),
        step(
            "drop rows without local metrics", len(distinct), len(whole), 1247, "ResNet-32, prospr at 0.98, at chance"
        ),
        step("keep what every feature set has", len(whole), len(complete), 1222, "others have no Ramanujan subgraph"),
    ]


def _checks(distinct: pd.DataFrame, rolled: pd.DataFrame, features: pd.DataFrame) -> list[dict]:
    """Check identities of columns, then list the known flaws; a reader of the results should know both."""
    keys = list(IDENTITY)
    both = distinct.merge(rolled.drop_duplicates(keys), on=keys, suffixes=("", "_rolled"))
    inside = grid(features)
    cells = inside.groupby(["model", "dataset", "method", "sparsity"])
    missed = ((cells.density.mean() / (1 - cells.sparsity.mean()) - 1).abs() > 0.02).groupby("method").sum()
    return [
        *of_unrolled(distinct),
        identity("accuracy is that of the rolled files", (both.accuracy - both.accuracy_rolled).abs().max(), 0.0),
        note("missing networks of the grid", 1260 - len(grid(distinct)), 9, "CONV-6 0.6, prospr 0.98 and others"),
        note("er misses its density by over 2 %", int(missed["er"]), 37, "of 60 configurations; layer density follows"),
        note("another pruner misses its density", int(missed.drop("er").sum()), 0, "by over 2 %"),
        note("negative sink_nodes", int((distinct.sink_nodes < 0).sum()), 2, "outputs without edges are subtracted"),
        note(
            "imdb missing in every layer",
            int((inside["ramanujan.delta_r"].notna() & inside["ramanujan.imdb"].isna()).sum()),
            25,
            "er, erk and uniform at 0.98 on ResNets: no subgraph of degree 3",
        ),
        note("weights are trained ones", len(distinct), None, "strength, spectral metrics and imsg see the training"),
        note("no dense accuracy", len(distinct), None, "the drop refers to the best seed-mean of a pruned network"),
    ]


def grid(networks: pd.DataFrame) -> pd.DataFrame:
    """Select the rows of the paper's own grid: four models and seven pruners at initialisation."""
    return networks[networks.model.isin(MODELS) & networks.method.isin(PRUNERS)].reset_index(drop=True)


def best_mean_accuracy(networks: pd.DataFrame) -> pd.Series:
    """Find the best accuracy (mean over seeds) of networks pruned at initialisation, for each model and data set."""
    at_start = networks[networks.method.isin(PRUNERS)]
    cells = at_start.groupby(["model", "dataset", "method", "sparsity"]).accuracy.mean()
    return cells.groupby(["model", "dataset"]).max().rename("best")


_SOURCE = {"source": "published"}
_ORDER = ("model", "dataset", "method", "sparsity", "seed", "encoding")


def _raw(distinct: pd.DataFrame) -> pd.DataFrame:
    """Undo the normalisation of unrolled.csv, so that one table holds raw values of all encodings."""
    ones = dict.fromkeys(METRICS, 1.0)
    sizes = zip(distinct.nodes.tolist(), distinct.edges.tolist(), strict=True)
    factors = pd.DataFrame([normalise(ones, nodes, edges) for nodes, edges in sizes], index=distinct.index)
    names = list(METRICS)
    return distinct.assign(**(distinct[names] / factors[names]), layer="")


def _networks(distinct: pd.DataFrame, rolled: pd.DataFrame, ramanujan: pd.DataFrame) -> pd.DataFrame:
    """List every network of unrolled.csv, then those that only the layer files have (7 of them in the grid)."""
    names = [*IDENTITY, "accuracy"]
    frame = pd.concat([distinct[[*names, "nodes", "edges"]], rolled[names].drop_duplicates(list(IDENTITY))])
    frame = frame.drop_duplicates(list(IDENTITY), ignore_index=True)
    sums = ramanujan.groupby(list(IDENTITY))[["no_params", "edges"]].sum(min_count=1)
    sums = sums.set_axis(["weights", "kept"], axis="columns")
    frame = frame.join(sums.astype("float64"), on=list(IDENTITY))
    reference = best_mean_accuracy(distinct)
    luck = frame.dataset.map({name: most_by_luck(1 / classes, _TEST_IMAGES) for name, classes in _CLASSES.items()})
    best = frame[["model", "dataset"]].join(reference, on=["model", "dataset"]).best
    frame = frame.assign(
        **_SOURCE,
        counts="weights",
        network_seed=frame.seed,
        reference="best_pruned",
        recipe="published",
        pruner=frame.method,
        classes=frame.dataset.map(_CLASSES),
        density=frame.kept / frame.weights,
        at_chance=frame.accuracy <= luck,
        accuracy_drop=1 - frame.accuracy / best,
    )
    return sort(typed(frame, NETWORK_COLUMNS))
