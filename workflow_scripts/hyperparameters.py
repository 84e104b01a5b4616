"""Write down the training recipe of every data set and model of the study, from prunegraph/training/recipes.py."""

import dataclasses
from pathlib import Path

import pandas as pd

from prunegraph.job import launch
from prunegraph.tables.frames import write
from prunegraph.training.recipes import recipe as recipe_of


def main(table: list[Path], datasets: dict, models: dict, recipe: str, epochs: int | None):
    rows = [
        {"dataset": dataset, "model": model, **dataclasses.asdict(recipe_of(recipe, like, base, epochs=epochs))}
        for dataset, like in datasets.items()
        for model, base in models.items()
    ]
    milestones = [", ".join(map(str, row["milestones"])) for row in rows]
    write(pd.DataFrame(rows).assign(recipe=recipe, milestones=milestones), *table)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
