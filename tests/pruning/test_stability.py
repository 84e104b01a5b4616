"""What stays of a mask, by hand and for pruners whose answer is known; scores that are remembered are the same."""

import numpy as np
import pytest
import torch

from prunegraph import datasets, models, pruning
from prunegraph.masks import Mask
from prunegraph.pruning import snip
from prunegraph.pruning.remembering import remembered, remembering
from prunegraph.pruning.stability import shared, stability
from prunegraph.randomness import torch_generator


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    path = tmp_path_factory.mktemp("digits") / "digits.safetensors"
    datasets.prepare("digits", path.parent, path, 0.15, 0)
    return datasets.load(path)


def network(seed=0):
    return models.create("conv6", 10, (1, 8, 8), seed, width=0.125)


def masks(pruner, data, *sparsities, **options):
    return {sparsity: pruning.prune(network(), pruner, sparsity, 0, data, **options) for sparsity in sparsities}


def test_shares_by_hand():
    # Layer a keeps 2 of 4 in both masks, one of them in common; layer b 1 of 2 and 2 of 2.
    one = Mask({"a": np.array([1, 1, 0, 0], bool), "b": np.array([1, 0], bool)})
    other = Mask({"a": np.array([0, 1, 1, 0], bool), "b": np.array([1, 1], bool)})
    assert shared(one, other) == pytest.approx({"stay": 2 / 3, "chance": (2 * 2 / 4 + 1 * 2 / 2) / 3})
    assert shared(other, one) == pytest.approx({"stay": 2 / 4, "chance": (2 * 2 / 4 + 1 * 2 / 2) / 4})


def test_who_looks_at_images_depends_on_which(digits):
    for pruner, same in (("snip", False), ("grasp", False), ("synflow", True), ("erk", True)):
        rows = list(stability(network(), {"cpu": digits}, pruner, masks(pruner, digits, 0.5, 0.9), 0))
        assert [(row["sparsity"], row["change"]) for row in rows] == [
            (sparsity, change) for sparsity in (0.5, 0.9) for change in ("draw", "precision")
        ]
        for row in rows:
            assert (row["stay"] == 1) is (same or row["change"] == "precision"), (pruner, row)
            assert 1 - row["sparsity"] - 0.01 <= row["chance"] < row["stay"]


def test_another_device_is_another_row(digits):
    there = {"cpu": digits, "meta": digits}
    for where in ("cpu", "a card"):
        made = {0.5: Mask(masks("erk", digits, 0.5)[0.5], {"device": where})}
        rows = list(stability(network(), there, "erk", made, 0))
        assert [(row["change"], row["stay"]) for row in rows] == [("draw", 1), ("precision", 1), ("device", 1)]


def test_a_method_keeps_its_own_size_of_batch(digits):
    """The same images in another precision give the mask of the study, whatever its options."""
    made = masks("snip", digits, 0.9, batch_size=512)
    (draw, precision) = stability(network(), {"cpu": digits}, "snip", made, 0, batch_size=512)
    assert draw["stay"] < 1 and precision["stay"] == 1
    (_, other) = stability(network(), {"cpu": digits}, "snip", made, 0, batch_size=128)
    assert other["stay"] < 1


@pytest.mark.parametrize("pruner", ["snip", "grasp", "prospr"])
def test_scores_are_computed_once_for_all_sparsities(pruner, digits, monkeypatch):
    def masks():
        return [
            pruning.prune(network(seed), pruner, sparsity, 0, digits.batches(128, torch_generator(0, draw)))
            for seed, sparsity, draw in ((0, 0.5, "a"), (0, 0.9, "a"), (0, 0.9, "b"), (1, 0.9, "a"))
        ]

    calls = []
    real = torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda *args, **options: calls.append(1) or real(*args, **options))
    expected = masks()
    each = len(calls) // 4
    with remembering():
        found = masks()
    assert len(calls) == 4 * each + 3 * each
    for one, other in zip(expected, found, strict=True):
        assert all((one[name] == other[name]).all() for name in one)


def test_every_part_of_a_question_matters():
    calls = []

    @remembered
    def score(network, images, batches, rate, option=False):
        calls.append(rate)
        return len(calls)

    layer, images = torch.nn.Linear(2, 2), torch.ones(3)
    with remembering():
        first = score(layer, images, [(images, images)], 0.5)
        assert score(layer, images.clone(), [(images, images)], 0.5) == first
        others = [
            score(layer, images.double(), [(images, images)], 0.5),
            score(layer, images + 1, [(images, images)], 0.5),
            score(layer, images, [(images,), images], 0.5),
            score(layer, images, [(images, images)], 0.25),
            score(layer, images, [(images, images)], 0.5, option=True),
            score(torch.nn.Linear(2, 2), images, [(images, images)], 0.5),
        ]
    assert len({first, *others}) == 7
    assert score(layer, images, [(images, images)], 0.5) == 8  # nothing is remembered outside
    assert snip.sensitivity.__wrapped__.__doc__ == snip.sensitivity.__doc__
