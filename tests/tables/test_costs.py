"""Benchmark files become a table: what each job cost, and sums by rule."""

import numpy as np
import pandas as pd
import pytest

from prunegraph.errors import UserError
from prunegraph.tables.costs import by_rule, costs

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def benchmark(folder, name, seconds, memory="100.5", cpu="3.5", lines=1):
    path = folder / "results/benchmarks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    line = f"{seconds}\t0:00:03\t{memory}\t1\t1\t1\t0\t0\t80\t{cpu}\n"
    path.write_text(HEADER + lines * line)
    return path


def test_a_cell_and_a_single_job(tmp_path):
    paths = [
        benchmark(tmp_path, "train/digits/conv6/my_method-0.98.tsv", 4.0),
        benchmark(tmp_path, "collect/t.tsv", 2.5),
    ]
    table = costs(paths).set_index("rule")
    assert table.loc["train", ["dataset", "model", "method", "sparsity"]].tolist() == [
        "digits",
        "conv6",
        "my_method",
        0.98,
    ]
    assert table.loc["train", ["seconds", "cpu_seconds", "memory_mb"]].tolist() == [4.0, 3.5, 100.5]
    assert table.job["collect"] == "t"
    assert table.dataset["collect"] == ""


def test_a_job_that_trains_every_sparsity_of_a_method_has_none(tmp_path):
    row = costs([benchmark(tmp_path, "prune_and_test/digits/conv6/my-method.tsv", 4.0)]).iloc[0]
    assert (row.dataset, row.model, row.method) == ("digits", "conv6", "my-method")
    assert np.isnan(row.sparsity)


def test_a_job_too_short_to_be_sampled_has_time_only(tmp_path):
    paths = [benchmark(tmp_path, "encode/a.tsv", 0.4), benchmark(tmp_path, "measure/a.tsv", 3.0, memory="-", cpu="-")]
    table = costs(paths)
    assert table.seconds.tolist() == [0.4, 3.0]
    assert table[["cpu_seconds", "memory_mb"]].isna().all(axis=None)


def test_sums_by_rule(tmp_path):
    seconds = {"a": 2.0, "b": 3.0}
    paths = [benchmark(tmp_path, f"train/{name}.tsv", value) for name, value in seconds.items()]
    summary = by_rule(costs([*paths, benchmark(tmp_path, "encode/a.tsv", 1.0)]))
    assert summary.rule.tolist() == ["train", "encode"]
    assert summary.loc[0, ["jobs", "seconds", "longest", "memory_mb"]].tolist() == [2, 5.0, 3.0, 100.5]
    assert np.isnan(summary.memory_mb[1])


def test_no_jobs_no_rows():
    assert by_rule(costs([])).empty
    assert isinstance(costs([]), pd.DataFrame)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "results/benchmarks/train/a.tsv"
    with pytest.raises(UserError, match="no benchmark file"):
        costs([path])
    path.parent.mkdir(parents=True)
    path.write_text("a\tb\n1\t2\n")
    with pytest.raises(UserError, match="does not hold what Snakemake's benchmarks hold"):
        costs([path])
    for damaged in (b"", b"s\th:m:s\n1\t2\t3\n", b"\xff\xfe\x00"):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="does not hold what Snakemake's benchmarks hold"):
            costs([path])
    path.write_text("s\tmax_rss\tcpu_time\nx\t1\t1\n")
    with pytest.raises(UserError, match="holds no time"):
        costs([path])
    with pytest.raises(UserError, match="no benchmark file"):
        costs([tmp_path / "a.tsv"])
