"""A study of searches that takes a second or two: tiny networks on digits, few evaluations."""

from dataclasses import replace

from prunegraph import datasets, relational
from prunegraph.relational import sets
from prunegraph.search.tasks import Case
from prunegraph.workflow.searches import DEFAULTS

SETTINGS = {
    **DEFAULTS,
    "graphs": "candidates",
    "epochs": 1,
    "start": 3,
    "rounds": 2,
    "batch": 1,
    "repeats": 2,
    "fresh": 2,
    "signal": {"graphs": 4, "seeds": 2},
    "small": {"graphs": "small", "seeds": 2},
    "trade_off": {"graphs": "densities", "alphas": [0.1, 0.9], "repeats": 1},
}


def small_case(folder, **settings):
    """The case, with its files in `folder`."""
    images = folder / "digits.safetensors"
    if not images.exists():
        datasets.prepare("digits", folder, images, 0.15, 0)
    made = {
        "graphs": sets.make("candidates", 0, nodes=8, edges=[12], number=3),
        "small": sets.make("every", 0, nodes=4),
        "trade_off": sets.make("candidates", 0, nodes=8, edges=[10, 20], number=2, families=["uniform", "small_world"]),
    }
    for name, graphs in made.items():
        relational.save(folder / f"{name}.zst", graphs)
    case = Case(
        dataset="digits",
        model="tiny",
        images=images,
        network={"name": "mlp", "options": {"hidden": [8, 8, 8]}},
        recipe={"name": "quick"},
        published_as="digits",
        sets={name: folder / f"{name}.zst" for name in made},
        settings=SETTINGS,
        seed=0,
        threads=1,
        ledgers=folder / "ledgers",
        made_from="test",
    )
    return replace(case, settings={**SETTINGS, **settings})
