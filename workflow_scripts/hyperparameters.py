"""Write down the training recipe of every data set and model of a study, from prunegraph/training/recipes.py."""

import dataclasses
from pathlib import Path

import pandas as pd

from prunegraph.job import launch
from prunegraph.tables.frames import write
from prunegraph.training.recipes import recipe as recipe_of


def main(hyperparameters: list[Path], datasets: dict, models: dict, recipes: dict):
    rows = []
    for dataset, like in datasets.items():
        for model, base in models.items():
            chosen = dataclasses.asdict(recipe_of(dataset=like, model=base, **recipes[model]))
            chosen["milestones"] = ", ".join(map(str, chosen["milestones"]))
            rows.append({"dataset": dataset, "model": model, **chosen, "recipe": recipes[model]["name"]})
    write(pd.DataFrame(rows), *hyperparameters)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
