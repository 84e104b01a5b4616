"""Join the measurements of a study's networks into tidy tables. The columns: prunegraph/tables/columns.py."""

from pathlib import Path

from prunegraph.job import launch, logger
from prunegraph.pool import files_of
from prunegraph.tables import collect
from prunegraph.tables.features import feature_table
from prunegraph.tables.frames import write
from prunegraph.tables.quality import of_own
from prunegraph.tables.quality import quality as table_of_quality


def main(
    trained: list[Path],
    measured: list[Path],
    seeds: list,
    networks: list[Path],
    topometrics: list[Path] | None = None,
    topometrics_normalised: list[Path] | None = None,
    ramanujan: list[Path] | None = None,
    features: list[Path] | None = None,
    quality: list[Path] | None = None,
):
    scores = files_of(trained, seeds, "score.json")
    if not measured:
        write(collect.networks(scores), *networks)
        return
    raw = collect.topometrics(files_of(measured, seeds, "topometrics.json"))
    normalised = collect.topometrics_normalised(raw)
    properties = collect.ramanujan(files_of(measured, seeds, "ramanujan.json"))
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
