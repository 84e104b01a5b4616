"""``predict``: the expected accuracy drop of a pruned network, from its graph."""

import argparse
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prunegraph import files, pool
from prunegraph.catalogue import known
from prunegraph.cli.table import paragraph, text
from prunegraph.errors import UserError
from prunegraph.metrics.normalise import normalise

if TYPE_CHECKING:
    from prunegraph.analysis.predictor import Predictor


def run(options: argparse.Namespace) -> None:
    """Read or measure the network, predict its drop, print it, and write the file that was asked for."""
    from prunegraph.analysis.predictor import Predictor  # here, because importing pandas takes a moment

    content = _fitted(Path(options.predictor))
    name = options.features or next(name for name in ("unrolled_mask", *content["models"]) if name in content["models"])
    model = Predictor.from_dict(content["models"][known(content["models"], name, "feature set of the predictor")])
    row, mode = _measured(options)
    values = _values(row, model.columns)
    found = model.predict(np.array([values])).iloc[0].to_dict()
    beyond = model.beyond(values)
    said = _said(found, beyond, model, content, mode)
    print(paragraph(said, shutil.get_terminal_size().columns))
    if options.json:
        facts = {"features": name, "nominal": model.nominal, "fitted_to": content["fitted_to"]}
        facts["held_in_tests"] = content["coverage"].get(name, {})
        numbers = {key: _plain(value) for key, value in found.items()}
        outside = {key: {"value": a, "lowest": b, "highest": c} for key, (a, b, c) in beyond.items()}
        files.write_json(options.json, facts | numbers | {"beyond": outside})


def _fitted(path: Path) -> dict[str, Any]:
    # Beside the results it was made with, what it must be is known.
    pool.check(path.parent.parent.glob(f"tables/{path.stem}/.answers/transfer.*.manifest.json"), [path])
    content = files.read_json(path)
    if not isinstance(content, Mapping) or content.get("kind") != "prunegraph predictor":
        raise UserError(
            f"{path} is no predictor. A copy of the repository fits one: snakemake "
            "results/predictors/mge.json, or for the authors' networks: snakemake results/predictors/published.json."
        )
    if not content["models"]:
        raise UserError(f"{path} holds no predictor: its study had too few networks. Add seeds, sparsities or models.")
    return dict(content)


def _measured(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Sizes and normalised topometrics of the unrolled graph, and the mode of its encoding, if known."""
    if Path(options.weights).suffix == ".json":
        return _from_json(Path(options.weights))
    from prunegraph.cli.measure import row
    from prunegraph.cli.network import whole_graph

    graph = whole_graph(options, "the prediction")
    return row("", graph, normalised=True, with_ramanujan=False), graph.mode


def _from_json(path: Path) -> tuple[dict[str, Any], str]:
    content = files.read_json(path)
    rows = content.get("rows", []) if isinstance(content, Mapping) else []
    whole = [row for row in rows if row.get("encoding", content.get("encoding")) == "unrolled"]
    if len(whole) != 1 or not {"nodes", "edges"} <= set(whole[0]):
        raise UserError(
            f"{path} does not hold the topometrics of one unrolled graph. "
            "`prunegraph measure ... --output FILE.json` writes such a file."
        )
    (row,) = whole
    divided = row if content.get("normalised") else row | normalise(row, row["nodes"], row["edges"])
    return divided, str(content.get("mode", ""))


def _values(row: Mapping[str, Any], columns: list[str]) -> list[float]:
    """Return the features `columns` of one network."""
    metrics = {f"unrolled.{name}": value for name, value in row.items()}
    metrics["log_edges"] = math.log10(row["edges"]) if row["edges"] else None
    for name in columns:
        if metrics.get(name) is None:
            raise UserError(f"The network has no value of {name}, which the predictor needs; choose other --features.")
    return [float(metrics[name]) for name in columns]


def _said(
    found: Mapping[str, Any], beyond: Mapping[str, tuple], model: "Predictor", content: Mapping[str, Any], mode: str
) -> dict[str, str]:
    """Write what the terminal shows, line by line."""
    place = "OUTSIDE" if found["outside"] else "inside"
    facts = {
        "accuracy drop": f"{found['drop']:.3f} (fraction of {_reference(content['fitted_to']['source'])} that is lost)",
        f"{model.nominal:.0%} interval": f"{found['low']:.3f} to {found['high']:.3f}",
        "distance": (
            f"{found['distance']:.3g}, further out than {found['percentile']:.0%} of the fitted networks: "
            f"{place} their range"
        ),
    }
    for name, (value, low, high) in beyond.items():
        facts[f"  {name}"] = f"{text(value)}, the fit saw {low:.4g} to {high:.4g}"
    facts["fitted to"] = f"{model.networks:,} networks, features {model.features}"
    facts |= {f"  {name}": ", ".join(map(str, values)) for name, values in content["fitted_to"].items()}
    if found["drop"] > 1:
        facts["note"] = "no drop exceeds 1: this network is too unlike those of the fit to be predicted"
    if held := content["coverage"].get(model.features):
        shares = (f"{share:.0%} {_TESTS.get(way, way)}" for way, share in held.items())
        facts["interval held"] = ", ".join(shares)
    if "published" in content["fitted_to"]["source"] and mode == "clean":
        facts["quirks"] = "the authors' graphs have the quirks of --mode compat, this one has not"
    return facts


def _reference(sources: list[str]) -> str:
    """Name the reference of the drop of the fitted networks; there are no dense networks among the published ones."""
    if sources == ["published"]:
        return "the best pruner's mean accuracy"
    return "the dense network's accuracy" + (" (published: of the best pruner's mean)" if len(sources) > 1 else "")


# What was held out in each test of the intervals.
_TESTS = {
    "grouped": "(same kind of networks)",
    "leave_sparsity_out": "(new sparsity)",
    "leave_dataset_out": "(new data set)",
    "leave_model_out": "(new model)",
    "leave_method_out": "(new pruner)",
}


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
