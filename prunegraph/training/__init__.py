"""Training and scoring of pruned networks: removed weights stay exactly zero.

Recipes are plain numbers and import nothing heavy; what trains is imported, with torch, when it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from prunegraph.training.recipes import RECIPES, Recipe, recipe

if TYPE_CHECKING:
    from prunegraph.training.checkpoint import Checkpoint
    from prunegraph.training.evaluation import evaluate
    from prunegraph.training.loop import Start, Training, train, train_each
    from prunegraph.training.scoring import score

_LATER = {"Checkpoint": "checkpoint", "evaluate": "evaluation", "score": "scoring"} | dict.fromkeys(
    ("Start", "Training", "train", "train_each"), "loop"
)

__all__ = [
    "RECIPES",
    "Checkpoint",
    "Recipe",
    "Start",
    "Training",
    "evaluate",
    "recipe",
    "score",
    "train",
    "train_each",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
