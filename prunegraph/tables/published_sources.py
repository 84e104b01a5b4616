"""Reading the files that the authors of MGE published: columns are renamed, duplicates of layers are dropped.

Two folders describe layers (`graph_metrics/rolled` and `graph_metrics/rolled_channel`). A third, `ramanunjan_results`,
repeats the rows of `rolled` without their pruning column. `graph_metrics/unrolled/unrolled.csv` describes whole
networks; its numbers are normalised already, those of the other files are raw.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from prunegraph.errors import UserError
from prunegraph.tables import published_files
from prunegraph.tables.columns import IDENTITY, RAMANUJAN_COLUMNS, TOPOMETRIC_COLUMNS

_MODELS = {
    "CONV-6": "conv6",
    "Resnet-20": "resnet20",
    "Resnet-32": "resnet32",
    "Wide-Resnet-28-2": "wide_resnet28_2",
    "MobileNetV2": "mobilenet_v2",
}
_DATASETS = {"CIFAR-10": "cifar10", "CIFAR-100": "cifar100", "tinyimagenet": "tiny_imagenet"}

# Column of a file -> our name. Layer files have one of two headers: the names of the measuring script, or the final
# names, which unrolled.csv has as well.
_FINAL = {
    "pruning": "method",
    "layer_name": "layer",
    "disc_nodes": "disconnected_nodes",
    "r-out": "removable_out",
    "r-in": "removable_in",
    "1-hop_nei": "one_hop",
    "2-hop_nei": "two_hop",
    "motif": "motifs",
    "avg_node_strength": "strength",
    "k-core": "k_core",
    "cut-edges": "cut_edges",
    "cut-nodes": "cut_nodes",
    "no_connected_components": "components",
    "mean_connected_components": "mean_component",
}
_SCRIPT = {
    "pruning_algorithm": "method",
    "layer_name": "layer",
    "nei_one_hop": "one_hop",
    "motifs_count": "motifs",
    "strenght_all": "strength",
    "coreness_all": "k_core",
    "bridges": "cut_edges",
    "a_point": "cut_nodes",
    "strong_clusters": "components",
    "mean_strong": "mean_component",
    "spectral_gap_weighted_undirected": "spectral_gap",
    "spectral_radius_laplacian_weighted_undirected": "spectral_radius",
}
# Columns that are wrong (negative counts) or empty in the layer files, and are left out.
_UNUSABLE = ("sink_nodes", "source_nodes", "disconnected_nodes", "motifs")
_PROPERTIES = {
    "layer_name": "layer",
    "degree_bound": "delta_r",
    "iterative_degree_bound": "imdb",
    "iterative_spectral_gap": "imsg",
    "layer_sparsity": "layer_density",  # what the files call sparsity is the fraction of weights kept
}


_KEPT = {"accuracy", "no_params", *TOPOMETRIC_COLUMNS, *RAMANUJAN_COLUMNS}


@dataclass(frozen=True)
class Sources:
    """The contents of the published files, before anything is computed from them.

    `unrolled` has every row of unrolled.csv, including exact duplicates, normalised as published. `rolled`,
    `rolled_channel` and `ramanujan` have one row of raw numbers for each layer of a network. Rows are in the order of
    the files; files are in the order of their names.
    """

    unrolled: pd.DataFrame
    rolled: pd.DataFrame
    rolled_channel: pd.DataFrame
    ramanujan: pd.DataFrame


def of_folder(folder: str | Path) -> Sources:
    """Read the authors' own files below `folder`, which holds `graph_metrics` and `ramanunjan_results`.

    The pruning column missing from the Ramanujan files is joined from the rolled files.

    Raises
    ------
    UserError
        If a file is missing or changed, or two files that should match row by row do not.
    """
    folder = Path(folder)
    published_files.verify(folder)
    unrolled = _csv(folder / "graph_metrics" / "unrolled" / "unrolled.csv", _FINAL)
    rolled, channel = _layers(folder, "rolled"), _layers(folder, "rolled_channel")
    return Sources(*map(_kept, (unrolled, rolled, channel, _ramanujan(folder, rolled))))


def _kept(frame: pd.DataFrame) -> pd.DataFrame:
    """Select the columns that the tables of a study hold or need."""
    return frame[[name for name in frame.columns if name in _KEPT]]


def _csv(path: Path, names: dict[str, str]) -> pd.DataFrame:
    if not path.is_file():
        raise UserError(f"{path} is missing: expected the authors' folder graph_data, with its subfolders.")
    frame = pd.read_csv(path)
    if "pruning_algorithm" in frame.columns:
        names = _SCRIPT
        frame = frame.drop(columns=[name for name in _UNUSABLE if name in frame.columns])
    frame = frame.rename(columns=names)
    for column, ours in (("model", _MODELS), ("dataset", _DATASETS)):
        unknown = sorted(set(frame[column]) - set(ours))
        if unknown:
            raise UserError(f"{path} has the {column} {unknown[0]!r}; expected one of {', '.join(ours)}.")
        frame[column] = frame[column].map(ours)
    return frame


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.rglob("*.csv"))
    if not files:
        raise UserError(f"No CSV file below {folder}: expected the authors' folder graph_data there.")
    return files


def _layers(folder: Path, encoding: str) -> pd.DataFrame:
    frames = [_csv(path, _FINAL) for path in _files(folder / "graph_metrics" / encoding)]
    layers = pd.concat(frames, ignore_index=True)
    return layers.drop_duplicates([*IDENTITY, "layer"])


def _ramanujan(folder: Path, rolled: pd.DataFrame) -> pd.DataFrame:
    frames = [_with_method(path, folder) for path in _files(folder / "ramanunjan_results")]
    rows = pd.concat(frames, ignore_index=True).drop_duplicates([*IDENTITY, "layer"])
    rows = rows.merge(rolled[[*IDENTITY, "layer", "nodes"]], on=[*IDENTITY, "layer"], how="left")
    return rows.rename(columns={"no_weights": "edges"})


def _with_method(path: Path, folder: Path) -> pd.DataFrame:
    twin = _csv(folder / "graph_metrics" / "rolled" / path.name, _FINAL)
    rows = _csv(path, _PROPERTIES)
    same = ["accuracy", "sparsity", "seed", "model", "dataset", "layer"]
    if not rows[same].equals(twin[same]):
        raise UserError(f"{path} and the file of the same name in graph_metrics/rolled no longer match row by row.")
    return rows.assign(method=twin.method)
