"""Recipes: the published numbers, schedules at their corners, sentences for mistakes."""

import subprocess
import sys

import pytest

from prunegraph.catalogue import RECIPES as NAMES
from prunegraph.errors import UserError
from prunegraph.training.recipes import RECIPES, Recipe, recipe


def test_every_recipe_of_the_catalogue_exists_for_its_data_sets():
    assert set(NAMES) == set(RECIPES)
    for name, sets in NAMES.items():
        for dataset in sets or ("digits", "cifar10"):
            assert (recipe(name, dataset, "resnet20").epochs > 0) == (name != "untrained")


@pytest.mark.parametrize(
    ("dataset", "model", "epochs", "milestones", "decay"),
    [  # Cunegatti et al. 2024: 160 epochs for CIFAR, 100 for Tiny-ImageNet
        ("cifar10", "resnet20", 160, (80, 120), 1e-4),
        ("cifar100", "conv6", 160, (80, 120), 1e-4),
        ("cifar10", "wide_resnet28_2", 160, (80, 120), 5e-4),
        ("tiny_imagenet", "resnet32", 100, (30, 60, 80), 1e-4),
        ("tiny_imagenet", "wide_resnet28_2", 100, (30, 60, 80), 5e-4),
        ("tiny_imagenet", "conv6", 100, (20, 60, 80), 1e-4),
    ],
)
def test_published_recipes(dataset, model, epochs, milestones, decay):
    found = recipe("published", dataset, model)
    assert found == Recipe(epochs, 128, 0.1, 0.9, decay, "steps", milestones, 0.1)


def test_steps_fall_by_ten_after_each_milestone():
    published = recipe("published", "cifar10", "resnet20")
    rates = [published.learning_rate_at(epoch * 390, 390) for epoch in (0, 79, 80, 119, 120, 159)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
    assert published.learning_rate_at(80 * 390 - 1, 390) == pytest.approx(0.1)


def test_cosine_and_one_cycle_at_their_corners():
    cosine = Recipe(10, learning_rate=2, schedule="cosine")
    assert [cosine.learning_rate_at(step, 2) for step in (0, 10)] == pytest.approx([2, 1])
    by_epoch = Recipe(10, learning_rate=2, schedule="cosine_epochs")
    assert [by_epoch.learning_rate_at(step, 2) for step in (0, 1, 10, 11)] == pytest.approx([2, 2, 1, 1])
    cycle = Recipe(10, learning_rate=2, schedule="one_cycle", warmup=0.5)
    rates = [cycle.learning_rate_at(step, 2) for step in range(20)]
    assert rates[10] == 2 and max(rates) == 2
    assert rates[:10] == pytest.approx([2 * (step + 1) / 11 for step in range(10)])
    assert rates[10:] == pytest.approx([2 * (20 - step) / 10 for step in range(10, 20)])
    assert min(rates) > 0


def test_overrides_replace_and_none_does_not():
    assert recipe("quick", "digits", "conv6", epochs=3).epochs == 3
    assert recipe("quick", "digits", "conv6", epochs=None) == recipe("quick", "digits", "conv6")
    assert recipe("published", "cifar10", "conv6", milestones=[1, 2]).milestones == (1, 2)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": "fast"}, "Unknown recipe 'fast'"),
        ({"name": "published"}, "not known for data set 'digits', only for cifar10, cifar100, tiny_imagenet"),
        ({"epoch": 3}, "Unknown field of a recipe 'epoch'. Did you mean 'epochs'"),
        ({"epochs": 1.5}, "epochs is 1.5, expected a whole number"),
        ({"batch_size": 1}, "BatchNorm needs two"),
        ({"learning_rate": 0}, "learning_rate is 0, expected a positive number"),
        ({"learning_rate": float("nan")}, "expected a positive number"),
        ({"momentum": 1}, "momentum is 1"),
        ({"weight_decay": -1}, "weight_decay is -1"),
        ({"schedule": "step"}, "Unknown schedule 'step'. Did you mean 'steps'"),
        ({"gamma": 0}, "gamma is 0"),
        ({"warmup": 1}, "warmup is 1"),
        ({"optimiser": "adma"}, "Unknown optimiser 'adma'. Did you mean 'adam'"),
        ({"optimiser": "adam", "nesterov": True}, "nesterov is True, expected false with another optimiser than sgd"),
        ({"precision": "float16"}, "Unknown precision 'float16'.* Known: float32, tf32, bfloat16"),
        ({"label_smoothing": 1}, "label_smoothing is 1"),
        ({"stop_at": 0}, "stop_at is 0, expected an accuracy"),
        ({"momentum": 0, "nesterov": True}, "nesterov is True, expected false without momentum"),
    ],
)
def test_mistakes_are_answered_with_a_sentence(wrong, sentence):
    with pytest.raises(UserError, match=sentence):
        recipe(**{"name": "quick", "dataset": "digits", "model": "conv6", **wrong})


@pytest.mark.parametrize(
    ("asked", "device", "expected"),
    [(None, "cpu", "float32"), (None, "cuda", "tf32"), ("float32", "cuda", "float32"), ("bfloat16", "cpu", "bfloat16")],
)
def test_a_gpu_rounds_convolutions_unless_told_otherwise(asked, device, expected):
    assert recipe("quick", "digits", "conv6", precision=asked).precision_on(device) == expected


def test_names_cost_no_heavy_imports():
    code = (
        "import sys; import prunegraph.training, prunegraph.datasets, prunegraph.models;"
        "print([m for m in ('torch', 'torchvision', 'sklearn', 'pandas', 'scipy', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_loop_needs_torch_alone():
    code = (
        "import sys; import prunegraph.training.loop, prunegraph.models.build;"
        "print([m for m in ('torchvision', 'sklearn', 'pandas', 'scipy', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
