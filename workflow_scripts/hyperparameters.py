"""Write down the training recipe of every data set and model of a study, from prunegraph/training/recipes.py."""

import dataclasses
from pathlib import Path

import pandas as pd

from prunegraph.job import launch
from prunegraph.tables.frames import write
from prunegraph.training.recipes import recipe as recipe_of
from prunegraph.training.tuning import with_choice


def main(hyperparameters: list[Path], datasets: dict, models: dict, recipes: dict, tuned: list[Path], cells: list):
    choices, rows = {tuple(cell): [path] for cell, path in zip(cells, tuned, strict=True)}, []
    for dataset, like in datasets.items():
        for model, base in models.items():
            recipe = with_choice(recipes[model], choices.get((dataset, model), []))
            chosen = dataclasses.asdict(recipe_of(dataset=like, model=base, **recipe))
            chosen["milestones"] = ", ".join(map(str, chosen["milestones"]))
            rows.append({"dataset": dataset, "model": model, **chosen, "recipe": recipes[model]["name"]})
    write(pd.DataFrame(rows), *hyperparameters)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
