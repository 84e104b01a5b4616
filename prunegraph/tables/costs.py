"""Costs of the jobs of a workflow: Snakemake's benchmark files as one table."""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from prunegraph.errors import UserError
from prunegraph.tables.frames import sort, table

COLUMNS = {
    "rule": "str",
    "job": "str",
    "dataset": "str",
    "model": "str",
    "method": "str",
    "sparsity": "float64",
    "seconds": "float64",
    "cpu_seconds": "float64",
    "memory_mb": "float64",
}

#: Snakemake samples processor time and memory of a running job about once a second.
_SHORTEST = 2.0

_ASKED = re.compile(r"\.[0-9a-f]{12}$")


def costs(paths: Iterable[str | Path]) -> pd.DataFrame:
    """Collect one row for each job from its benchmark files ``.../benchmarks/{rule}/{job}.tsv``.

    The file names of jobs of the pools end in a hash of what was asked for (``{job}.{asked}.tsv``). Where the seeds of
    a cell were made by several jobs, their times are added.

    Returns
    -------
    pd.DataFrame
        Columns of :data:`COLUMNS`. `job` is taken from the name of the file. Jobs of one cell also have dataset, model,
        method and sparsity; jobs of a whole method have all of these but the sparsity. `seconds` is wall time,
        including the start of the process; `cpu_seconds` is processor time; `memory_mb` is the largest resident set in
        MiB. The last two are missing for jobs shorter than two seconds, of which Snakemake takes too few samples.

    Raises
    ------
    UserError
        If a path is no benchmark file.
    """
    rows = table([_row(Path(path)) for path in paths], COLUMNS)
    groups = rows.groupby(["rule", "job"], sort=False)
    rows["seconds"] = groups.seconds.transform("sum")
    rows["cpu_seconds"] = groups.cpu_seconds.transform("sum", min_count=1)
    rows["memory_mb"] = groups.memory_mb.transform("max")
    return sort(rows.drop_duplicates(["rule", "job"]), "rule", "model", "dataset", "method", "sparsity")


def by_rule(found: pd.DataFrame) -> pd.DataFrame:
    """Sum up the jobs of each rule, the rule with most time first.

    Columns: number of jobs, total and longest wall time and processor time in seconds, largest memory in MiB.
    """
    groups = found.groupby("rule", sort=False)
    summary = pd.DataFrame(
        {
            "jobs": groups.size(),
            "seconds": groups.seconds.sum(),
            "longest": groups.seconds.max(),
            "cpu_seconds": groups.cpu_seconds.sum(),
            "memory_mb": groups.memory_mb.max(),
        }
    )
    return summary.reset_index().sort_values(["seconds", "rule"], ascending=[False, True], ignore_index=True)


def _row(path: Path) -> dict:
    parts = path.with_suffix("").parts
    if "benchmarks" not in parts[:-2] or not path.is_file():
        raise UserError(f"{path} is no benchmark file: expected .../benchmarks/RULE/JOB.tsv. Run the rule again.")
    rule, *job = parts[len(parts) - parts[::-1].index("benchmarks") :]
    job[-1] = _ASKED.sub("", job[-1])
    try:
        measured = pd.read_csv(path, sep="\t", na_values=["-"])
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError):
        measured = pd.DataFrame()
    if measured.empty or not {"s", "max_rss", "cpu_time"} <= set(measured.columns):
        raise UserError(f"{path} does not hold what Snakemake's benchmarks hold. Remove it and run the rule again.")
    last = measured.iloc[-1]
    if pd.isna(last.s) or not pd.api.types.is_numeric_dtype(measured.s):
        raise UserError(f"{path} holds no time. Remove it and run the rule again.")
    seen = last.s >= _SHORTEST
    cost = {
        "seconds": last.s,
        "cpu_seconds": last.cpu_time if seen else None,
        "memory_mb": last.max_rss if seen else None,
    }
    return {"rule": rule, "job": "/".join(job), **_cell(rule, job), **cost}


def _cell(rule: str, job: list[str]) -> dict:
    if len(job) != 3:
        return {}
    dataset, model, variant = job
    if rule == "prune_and_test":
        return {"dataset": dataset, "model": model, "method": variant}
    method, _, sparsity = variant.rpartition("-")
    return {"dataset": dataset, "model": model, "method": method, "sparsity": float(sparsity)}
