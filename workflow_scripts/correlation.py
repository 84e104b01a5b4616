"""Correlate Ramanujan properties and layer density with the accuracy drop, by prunegraph/analysis/correlation.py."""

from pathlib import Path

from prunegraph.job import launch
from prunegraph.analysis.correlation import layers_of, summary, with_density, with_drop
from prunegraph.tables.features import pruned
from prunegraph.tables.frames import read, write


def main(
    features: Path,
    ramanujan: Path,
    correlation: list[Path],
    correlation_summary: list[Path],
    correlation_layers: list[Path],
    bootstrap: int,
):
    table = read(features)
    scenarios = with_drop(table)
    write(scenarios, *correlation)
    write(summary(scenarios, table, times=bootstrap), *correlation_summary)
    write(with_density(layers_of(read(ramanujan), pruned(table))), *correlation_layers)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
