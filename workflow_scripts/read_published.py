"""Read the tables that the authors of MGE published, by prunegraph/tables/published.py, as tables of a study."""

from pathlib import Path

from prunegraph.job import launch, logger
from prunegraph.tables import published
from prunegraph.tables.frames import write


def main(
    folder: Path | None,
    networks: list[Path],
    topometrics: list[Path],
    topometrics_normalised: list[Path],
    ramanujan: list[Path],
    features: list[Path],
    quality: list[Path],
):
    found = published.read(folder)
    write(found.networks, *networks)
    write(found.topometrics, *topometrics)
    write(found.topometrics_normalised, *topometrics_normalised)
    write(found.ramanujan, *ramanujan)
    write(found.features, *features)
    write(found.quality, *quality)
    logger.info("%d networks, %d graphs", len(found.networks), len(found.topometrics))


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
