"""``measure``: a table of the metrics of a network's graph."""

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prunegraph import files
from prunegraph.cli.network import graph_of, origin
from prunegraph.cli.table import paragraph, table
from prunegraph.errors import UserError
from prunegraph.graphs import MultipartiteGraph
from prunegraph.metrics import ramanujan, topometrics

# Columns of layer graphs that the terminal shows; the files hold all columns.
SHOWN = ("layer", "nodes", "edges", "density", "delta_r", "imdb", "imsg")


def run(options: argparse.Namespace) -> None:
    """Measure the graph, print the table, and write the files that were asked for."""
    outputs = {options.output: writer_of(options.output)} if options.output else {}
    outputs |= {path: write for path, write in ((options.json, _json), (options.csv, _csv)) if path}
    graph = graph_of(options)
    whole = isinstance(graph, MultipartiteGraph)
    layers = {"": graph} if whole else graph
    counted = {"motifs": options.motifs, "seed": options.seed}
    rows = [row(name, layer, options.normalised, not whole, **counted) for name, layer in layers.items()]
    facts = origin(options, graph) | {name: getattr(options, name) for name in ("normalised", "motifs", "seed")}
    for path, write in outputs.items():
        write(path, rows, facts)
    if whole:
        print(paragraph({name: value for name, value in rows[0].items() if name != "layer"}))
        return
    print(table([{name: row[name] for name in SHOWN} for row in rows], shutil.get_terminal_size().columns))
    if not outputs:
        print("\nThe topometrics of every layer are written with --output FILE.")


def writer_of(path: str) -> Callable[[str, list[dict], dict], None]:
    """Choose the function that writes rows by the suffix of `path`; it also writes facts, where the format allows it.

    Raises
    ------
    UserError
        If the suffix is none of a known format.
    """
    suffix = Path(path).suffix
    if suffix not in WRITERS:
        raise UserError(f"{path} is of no known kind: expected a name ending in {', '.join(WRITERS)}.")
    return WRITERS[suffix]


def _json(path: str, rows: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    files.write_json(path, {**facts, "rows": rows})


def _csv(path: str, rows: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    files.write_table(path, rows)


def _parquet(path: str, rows: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    from pyarrow import Table, parquet

    with files.atomic(path) as temporary:
        parquet.write_table(Table.from_pylist(rows), temporary, compression="zstd")


WRITERS = {".json": _json, ".csv": _csv, ".parquet": _parquet}


def row(name: str, graph: MultipartiteGraph, normalised: bool, with_ramanujan: bool, **counted: Any) -> dict[str, Any]:
    """Measure one graph: sizes, topometrics, and for a layer graph its Ramanujan properties."""
    sizes = {"layer": name, "nodes": graph.number_of_nodes(), "edges": graph.number_of_edges()}
    sizes |= {"weights_kept": graph.weights, "weights": graph.parameters, "density": graph.density}
    found = topometrics(graph, normalised=normalised, **counted)
    if with_ramanujan:
        found |= {key: value for key, value in ramanujan(graph).items() if key != "layer_density"}
    return sizes | found
