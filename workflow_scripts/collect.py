"""Join the measurements of all networks into tidy tables. The columns are in prunegraph/tables/columns.py."""

from pathlib import Path

from prunegraph.job import launch, logger
from prunegraph.tables import collect
from prunegraph.tables.features import feature_table
from prunegraph.tables.frames import write
from prunegraph.tables.quality import of_own
from prunegraph.tables.quality import quality as table_of_quality


def main(
    scores: list[Path],
    topometrics_files: list[Path],
    ramanujan_files: list[Path],
    networks: list[Path],
    topometrics: list[Path],
    topometrics_normalised: list[Path],
    ramanujan: list[Path],
    features: list[Path],
    quality: list[Path],
):
    raw = collect.topometrics(topometrics_files)
    normalised = collect.topometrics_normalised(raw)
    properties = collect.ramanujan(ramanujan_files)
    found = collect.networks(scores, raw)
    write(found, *networks)
    write(raw, *topometrics)
    write(normalised, *topometrics_normalised)
    write(properties, *ramanujan)
    wide = feature_table(found, raw, normalised, properties)
    write(wide, *features)
    write(table_of_quality(of_own(found, wide), "own"), *quality)
    logger.info("%d networks, %d graphs", len(found), len(raw))


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
