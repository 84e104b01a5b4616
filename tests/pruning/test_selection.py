"""Selection, allocation and the gathering of data, by hand."""

import itertools

import pytest
import torch

from prunegraph.errors import UserError
from prunegraph.pruning.allocation import (
    er_classic_ratio,
    er_ratio,
    filled,
    searched,
    unclipped,
    whole_counts,
)
from prunegraph.pruning.batches import peek, take, take_per_class
from prunegraph.pruning.selection import keep_at_least, keep_largest, largest

SCORES = {"first": torch.tensor([[3.0, 1.0], [2.0, 2.0]]), "second": torch.tensor([2.0, 5.0])}
LIKE = torch.zeros(1)


@pytest.mark.parametrize(
    ("count", "first", "second"),
    [
        (0, [[0, 0], [0, 0]], [0, 0]),
        (1, [[0, 0], [0, 0]], [0, 1]),
        (2, [[1, 0], [0, 0]], [0, 1]),
        (3, [[1, 0], [1, 0]], [0, 1]),  # of three equal scores 2 the earliest
        (4, [[1, 0], [1, 1]], [0, 1]),
        (5, [[1, 0], [1, 1]], [1, 1]),
        (6, [[1, 1], [1, 1]], [1, 1]),
    ],
)
def test_the_largest_are_kept_and_ties_go_to_the_earlier(count, first, second):
    kept = keep_largest(SCORES, count, "snip")
    assert kept["first"].int().tolist() == first
    assert kept["second"].int().tolist() == second


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (1, 1), (2, 2), (3, 5), (4, 5), (5, 5), (6, 6)])
def test_all_ties_at_the_threshold_are_kept(count, kept):
    masks = keep_at_least(SCORES, count, "snip")
    assert sum(int(mask.sum()) for mask in masks.values()) == kept


@pytest.mark.parametrize("count", [0, 1, 250, 999, 1000])
def test_largest_agrees_with_a_stable_sort(count):
    flat = torch.randint(20, (1000,), generator=torch.Generator().manual_seed(0)).double()
    order = torch.sort(flat, descending=True, stable=True).indices[:count]
    assert torch.equal(largest(flat, count).nonzero().flatten(), order.sort().values)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_scores_that_are_not_finite_name_pruner_and_layer(wrong):
    scores = {"good": torch.ones(3), "layer1.0.conv1.weight": torch.tensor([1.0, wrong])}
    with pytest.raises(UserError, match=r"'grasp' found 1 of 2 scores of layer 'layer1\.0\.conv1\.weight'"):
        keep_largest(scores, 2, "grasp")


def test_ratios():
    # RigL: (n_in + n_out + k_h + k_w) / (n_in n_out k_h k_w); SET: (n_in + n_out) / (n_in n_out).
    assert er_ratio(torch.empty(32, 16, 3, 3)) == 54 / 4608
    assert er_ratio(torch.empty(10, 64)) == 74 / 640
    assert er_classic_ratio(torch.empty(32, 16, 3, 3)) == 48 / 512
    assert er_classic_ratio(torch.empty(10, 64)) == 74 / 640


SIZES = {"a": 8, "b": 16, "c": 100}
RATIOS = {"a": 1.0, "b": 0.5, "c": 0.2}  # size * ratio: 8 + 8 + 20 = 36


def test_densities_in_proportion():
    assert unclipped(RATIOS, SIZES, 18) == pytest.approx({"a": 0.5, "b": 0.25, "c": 0.1})
    assert filled(RATIOS, SIZES, 18) == pytest.approx({"a": 0.5, "b": 0.25, "c": 0.1})
    assert unclipped(RATIOS, SIZES, 72) == pytest.approx({"a": 2, "b": 1, "c": 0.4})


def test_an_overfull_layer_becomes_dense_and_the_rest_is_rescaled():
    # Budget 62: epsilon 62/36, a overfull; then 54/28 for the rest: b 0.96, c 0.39.
    assert filled(RATIOS, SIZES, 62) == pytest.approx({"a": 1, "b": 27 / 28, "c": 0.2 * 54 / 28})


def test_rescaling_can_overfill_another_layer():
    # Budget 68: epsilon 68/36 fits b (0.94); a dense, 60/28 overfills b (1.07); then c = 44/100.
    assert filled(RATIOS, SIZES, 68) == pytest.approx({"a": 1, "b": 1, "c": 0.44})


def test_the_whole_budget_fills_every_layer():
    assert filled(RATIOS, SIZES, 124) == {"a": 1, "b": 1, "c": 1}


def test_the_published_search_stops_one_step_too_late():
    # Sum of size * ratio 36, budget 558. Epsilon 10 gives 360, too few: 15 gives 540, too few: 15 * 1.475 =
    # 22.125 gives 796.5, too many: * (1 - 0.45125) = 12.14 gives 437.1, ... until within 5 of 558.
    densities = searched(RATIOS, SIZES, 558)
    assert densities["a"] == pytest.approx(2 * densities["b"]) == pytest.approx(5 * densities["c"])
    epsilon, step, trials = 10.0, 0.5, []
    for _ in range(200):
        trials.append(36 * epsilon)
        epsilon, step = epsilon * (1 - step if trials[-1] > 558 else 1 + step), step * 0.95
        if 553 < trials[-1] < 563:
            break
    assert trials[:3] == [360, 540, 796.5]
    assert densities["a"] == epsilon
    assert 36 * densities["a"] != pytest.approx(trials[-1], rel=1e-3)


def test_largest_remainders():
    # 1.5 + 1.5 + 2.0: whole parts 1, 1, 2; the one missing goes to the earlier of the equal fractions.
    sizes = {"a": 3, "b": 3, "c": 4}
    assert whole_counts(dict.fromkeys(sizes, 0.5), sizes, 5) == {"a": 2, "b": 1, "c": 2}
    # 0.9 + 2.1 + 4 of 4.
    assert whole_counts({"a": 0.3, "b": 0.7, "c": 1.0}, sizes, 7) == {"a": 1, "b": 2, "c": 4}


def batches_of(size, count, classes=3):
    """`count` batches of images that hold their own index, labels in turn."""
    indices = torch.arange(size * count)
    return [(part.float()[:, None], part % classes) for part in indices.split(size)]


def test_take_gives_exactly_the_samples_asked_for():
    images, labels = take(batches_of(4, 3), 10, "snip", LIKE)
    assert images.flatten().tolist() == list(range(10))
    assert labels.tolist() == [index % 3 for index in range(10)]


def test_take_draws_no_batch_more_than_needed():
    supply = iter(batches_of(4, 3))
    take(supply, 8, "snip", LIKE)
    assert next(supply)[0][0].item() == 8


def test_take_gives_the_number_type_of_the_network():
    images, labels = take(batches_of(4, 1), 4, "snip", LIKE.double())
    assert images.dtype == torch.float64
    assert labels.dtype == torch.int64


def test_too_few_samples_say_so():
    with pytest.raises(UserError, match=r"'snip' needs 20 samples, but the batches ended after 12"):
        take(batches_of(4, 3), 20, "snip", LIKE)


def test_no_batches_say_so():
    with pytest.raises(UserError, match=r"'snip' scores weights on training data, but no batches were given"):
        take(None, 20, "snip", LIKE)
    with pytest.raises(UserError, match="the batches are empty"):
        peek([], "grasp")


def test_peek_loses_nothing():
    first, batches = peek(iter(batches_of(4, 2)), "grasp")
    assert first.flatten().tolist() == [0, 1, 2, 3]
    assert [images[0].item() for images, _ in batches] == [0, 4]


def test_samples_of_each_class_come_in_the_order_of_classes():
    images, labels = take_per_class(itertools.cycle(batches_of(4, 3)), 3, 2, "grasp", LIKE)
    assert labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert images.flatten().tolist() == [0, 3, 1, 4, 2, 5]


def test_a_class_that_never_shows_up_ends_the_search():
    endless = itertools.cycle(batches_of(4, 3))
    with pytest.raises(UserError, match=r"2 samples of each of 4 classes, but among 800 images class 3 has 0"):
        take_per_class(endless, 4, 2, "grasp", LIKE)


def test_a_class_with_too_few_samples_says_so():
    with pytest.raises(UserError, match=r"among 12 images class 0 has 4"):
        take_per_class(batches_of(4, 3), 3, 5, "grasp", LIKE)


def test_a_label_beyond_the_outputs_says_so():
    with pytest.raises(UserError, match=r"Found label 2, but the network has 2 outputs"):
        take_per_class(batches_of(4, 3), 2, 5, "grasp", LIKE)
