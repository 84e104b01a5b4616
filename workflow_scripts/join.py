"""Join tables of the same name from several sources; the column `source` tells their rows apart."""

from pathlib import Path

import pandas as pd

from prunegraph.job import launch
from prunegraph.tables.frames import read, write


def main(
    parts: list[Path],
    networks: list[Path],
    topometrics: list[Path],
    topometrics_normalised: list[Path],
    ramanujan: list[Path],
    features: list[Path],
    quality: list[Path],
):
    for outputs in (networks, topometrics, topometrics_normalised, ramanujan, features, quality):
        same = [part for part in parts if part.stem == outputs[0].stem]
        write(pd.concat([read(part) for part in same], ignore_index=True), *outputs)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
