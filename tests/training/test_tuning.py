"""The points of a grid, the choice among them, and grids that are none."""

import json

import pytest

from prunegraph.errors import UserError
from prunegraph.training.recipes import Recipe
from prunegraph.training.tuning import best, points, with_choice


def test_the_points_of_a_grid_are_all_combinations():
    grid = {"learning_rate": [0.1, 0.01], "weight_decay": [0, 1e-4, 1e-3], "epochs": 3}
    found = points(Recipe(epochs=1), grid)
    assert len(found) == 6 and found[0] == {"learning_rate": 0.1, "weight_decay": 0}
    assert points(Recipe(epochs=1), {"learning_rate": [1, 2]}) == [{"learning_rate": 1}, {"learning_rate": 2}]


@pytest.mark.parametrize(
    ("grid", "sentence"),
    [
        ({"epochs": 2}, "tuned over two or more points"),
        ({"learning_rate": [0.1]}, "tuned over two or more points"),
        ({"learning_rate": [0.1, -1]}, "learning_rate is -1, expected a positive number"),
    ],
)
def test_no_grid(grid, sentence):
    with pytest.raises(UserError, match=sentence):
        points(Recipe(epochs=1), grid)


def test_the_best_validates_best_and_has_not_diverged():
    found = [
        {"learning_rate": rate, "validation_accuracy": accuracy, "diverged": rate == 1.0}
        for rate, accuracy in ((0.001, 0.5), (0.01, 0.9), (0.1, 0.9), (1.0, 0.95))
    ]
    assert best(found)["learning_rate"] == 0.01


def test_without_a_choice_a_recipe_stays():
    recipe = {"name": "mine", "base": "quick", "epochs": 3}
    assert with_choice(recipe, []) == recipe
    assert json.dumps(recipe)  # plain values
