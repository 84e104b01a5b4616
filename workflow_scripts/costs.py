"""Collect what the jobs cost from Snakemake's benchmark files, by prunegraph/tables/costs.py."""

from pathlib import Path

from prunegraph.job import launch
from prunegraph.pool import made_by
from prunegraph.tables.costs import costs as table_of_costs
from prunegraph.tables.frames import write


def main(networks: Path, jobs: list, benchmarks: Path, costs: list[Path]):
    del networks  # by the time that it is there, so are the benchmark files
    asked = ((rule, name, each) for rule, folder, name in jobs for each in sorted(made_by(folder)))
    paths = dict.fromkeys(benchmarks / rule / f"{name}.{each}.tsv" for rule, name, each in asked)
    write(table_of_costs(path for path in paths if path.exists()), *costs)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
