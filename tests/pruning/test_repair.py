"""Repairs of any mask, and the Gram matrices that they solve with."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from helpers.toy import Toy, supply
from torch import nn

from prunegraph.errors import UserError
from prunegraph.models import prunable
from prunegraph.pruning import prune
from prunegraph.pruning.activations import input_gram, unit_gram
from prunegraph.pruning.pruned import Pruned
from prunegraph.pruning.repair.across import compensate, fold
from prunegraph.pruning.repair.within import least_squares
from prunegraph.pruning.task import Task, TrainingImages


def images(count=60, shape=(2, 6, 6)):
    return next(iter(supply(shape=shape, size=count)))[0].double()


def task_of(network, batches=None):
    batches = [(images(), torch.zeros(60))] if batches is None else batches
    return Task(
        network.double().eval(), prunable(network), 0.5, 0, "magnitude", TrainingImages(batches, 0, "magnitude")
    )


def flat(*sizes, activation=nn.Sigmoid, seed=0):
    torch.manual_seed(seed)
    layers = [layer for i, o in pairwise(sizes) for layer in (nn.Linear(i, o), activation())][:-1]
    return nn.Sequential(nn.Flatten(), *layers).double()


def random_mask(network, share=0.5, names=None):
    random = np.random.default_rng(0)
    return Pruned({name: (random.random(tuple(weight.shape)) < share) | (names is not None and name not in names)
                   for name, weight in prunable(network).items()})  # fmt: skip


def outputs_of_layer(network, name, inputs):
    """What a layer reads (rows, inputs), by the network's own forward pass."""
    found = []
    hook = network.get_submodule(name).register_forward_pre_hook(lambda _, read: found.append(read[0]))
    with torch.no_grad():
        network(inputs)
    hook.remove()
    return found[0]


@pytest.fixture(autouse=True)
def no_global_randomness():
    with torch.random.fork_rng():
        yield


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 6, 3, stride=2, padding=1, dilation=2),
        nn.Conv2d(4, 8, (3, 1), padding="same", padding_mode="reflect", groups=2),
        nn.Conv2d(4, 4, 3, groups=4),
    ],
)
def test_a_gram_matrix_of_a_convolution_is_that_of_its_inputs_shifted(layer):
    # Each row of im2col is what the convolution gives with a weight that picks one input, so no unfold is needed.
    pictures = images(shape=(4, 6, 6))
    gram = input_gram(task_of(nn.Sequential(layer), [(pictures, torch.zeros(60))]), nn.Sequential(layer), "0.weight")
    inputs = layer.weight[0].numel()
    for group in range(layer.groups):
        each = len(layer.weight) // layer.groups
        columns = []
        for number in range(inputs):
            picked = torch.zeros_like(layer.weight)
            picked[group * each].view(-1)[number] = 1
            with torch.no_grad():
                columns.append(layer._conv_forward(pictures, picked, None)[:, group * each].flatten())
        matrix = torch.stack(columns, 1)
        assert torch.allclose(gram.products[group], matrix.T @ matrix)
        assert torch.allclose(gram.sums[group], matrix.sum(0)) and gram.rows == len(matrix)
        assert torch.allclose(gram.norms[group], matrix.norm(dim=0))
        assert torch.allclose(gram.deviations[group], matrix.std(0, correction=0))


def test_batches_do_not_matter_and_units_of_a_flattened_map_are_joined():
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2))
    pictures = images()
    whole = task_of(network, [(pictures, torch.zeros(60))])
    parts = task_of(network, [(part, torch.zeros(len(part))) for part in pictures.split(7)])
    one, other = (input_gram(task, network, "3.weight") for task in (whole, parts))
    assert torch.allclose(one.products, other.products) and one.rows == other.rows == 60
    units = tuple(tuple(range(16 * unit, 16 * unit + 16)) for unit in range(3))
    maps = outputs_of_layer(network, "3", pictures).view(60, 3, 16)
    assert torch.allclose(unit_gram(whole, network, "3.weight", units), torch.einsum("nip,njp->ij", maps, maps))


@pytest.mark.parametrize("intercept", [True, False])
def test_least_squares_is_that_of_numpy_and_what_is_left_is_orthogonal(intercept):
    network = flat(72, 20, 5)
    mask = random_mask(network, 0.3, ["1.weight"])
    dense, bias = network[1].weight.detach().clone(), network[1].bias.detach().clone()
    pictures = images().flatten(1)
    values = least_squares(task_of(network), mask, ridge=0.0, intercept=intercept)
    assert set(values) == ({"1.weight", "1.bias"} if intercept else {"1.weight"})
    asked = pictures @ dense.T + bias
    for unit in range(20):
        kept = mask["1.weight"][unit]
        known = pictures[:, kept].numpy()
        known = np.c_[known, np.ones(60)] if intercept else known
        wanted = (asked[:, unit] - (0 if intercept else bias[unit])).numpy()
        right, *_ = np.linalg.lstsq(known, wanted, rcond=None)
        found = values["1.weight"][unit, kept].numpy()
        found = np.r_[found, values["1.bias"][unit]] if intercept else found
        assert np.allclose(found, right)
        assert np.abs(known.T @ (wanted - known @ found)).max() < 1e-8
        assert not values["1.weight"][unit, ~kept].any()


@pytest.mark.parametrize("repair", [least_squares, compensate])
def test_nothing_removed_changes_nothing(repair):
    network = flat(72, 20, 5)
    assert repair(task_of(network), random_mask(network, 1.0)) == {}


@pytest.mark.parametrize("ridge", [1e-12, 1e-4, 1.0])
@pytest.mark.parametrize("intercept", [True, False])
def test_the_error_is_never_above_that_without_repair_and_zero_for_a_copy_of_an_input(ridge, intercept):
    network = Toy().eval()
    pictures = images()
    pictures[:, 1] = pictures[:, 0]
    mask = random_mask(network, 0.5, ["stem.weight"])
    mask["stem.weight"][0], mask["stem.weight"][0, 1] = True, False  # unit 0 lost what equals its channel 0
    batches = [(pictures, torch.zeros(60))]
    dense = network.double().stem(pictures)
    values = least_squares(task_of(network, batches), mask, ridge=ridge, intercept=intercept)

    def error(values):
        other = Toy().double()
        Pruned(mask, values).apply(other)
        return (other.stem(pictures) - dense).square().sum((0, 2, 3))

    repaired, plain = error(values), error({})
    assert (repaired <= plain * (1 + 1e-6)).all() and (repaired < plain / 2).any()
    assert ridge > 1e-9 or repaired[0] < 1e-9 * plain[0]


def test_a_convolution_is_repaired_as_the_dense_layer_of_its_patches():
    conv = nn.Conv2d(2, 4, 3)
    pictures = images()
    patches = nn.functional.unfold(pictures, 3).movedim(1, 2).flatten(0, 1)
    linear = nn.Sequential(nn.Flatten(), nn.Linear(18, 4))
    linear[1].weight.data, linear[1].bias.data = conv.weight.detach().flatten(1).clone(), conv.bias.detach().clone()
    kept = np.random.default_rng(0).random((4, 2, 3, 3)) < 0.5
    one = least_squares(task_of(nn.Sequential(conv), [(pictures, None)]), Pruned({"0.weight": kept}))
    rows = [(patches.view(-1, 18, 1, 1), None)]
    other = least_squares(task_of(linear, rows), Pruned({"1.weight": kept.reshape(4, 18)}))
    assert torch.allclose(one["0.weight"].flatten(1), other["1.weight"])
    assert torch.allclose(one["0.bias"], other["1.bias"])


def test_later_layers_are_repaired_behind_the_repaired_ones():
    network = flat(72, 20, 8, 5)
    mask = random_mask(network)
    found = least_squares(task_of(network), mask)
    start = flat(72, 20, 8, 5)
    with torch.no_grad():
        start[1].weight.copy_(found["1.weight"])
        start[1].bias.copy_(found["1.bias"])
    later = least_squares(task_of(start), Pruned({"3.weight": mask["3.weight"]}))
    assert torch.allclose(found["3.weight"], later["3.weight"])


def unit_mask(network, columns=False, gone=(1, 4, 7)):
    mask = {name: np.ones(tuple(weight.shape), bool) for name, weight in prunable(network).items()}
    mask["1.weight"][list(gone)] = False
    if columns:
        mask["3.weight"][:, list(gone)] = False
    return Pruned(mask)


@pytest.mark.parametrize("columns", [False, True])
def test_units_that_stay_absorb_those_that_go_as_numpy_says(columns):
    network = flat(72, 20, 5)
    hidden = outputs_of_layer(network, "3", images()).numpy()
    dense = network[3].weight.detach().numpy().copy()
    values = compensate(task_of(network), unit_mask(network, columns), ridge=0.0, intercept=False)
    gone, stays = [1, 4, 7], [unit for unit in range(20) if unit not in (1, 4, 7)]
    alpha, *_ = np.linalg.lstsq(hidden[:, stays], hidden[:, gone], rcond=None)
    assert set(values) == {"3.weight"}
    assert np.allclose(values["3.weight"][:, stays], dense[:, stays] + dense[:, gone] @ alpha.T)
    assert not values["3.weight"][:, gone].any()


def test_a_unit_that_copies_another_is_absorbed_without_loss():
    network = flat(72, 20, 8, 5)
    with torch.no_grad():
        network[1].weight[4], network[1].bias[4] = network[1].weight[3], network[1].bias[3]
    before = network(images()).detach()
    task = task_of(network)
    values = compensate(task, unit_mask(network, gone=(4,)), ridge=1e-10)
    other = flat(72, 20, 8, 5)
    other.load_state_dict(network.state_dict())
    Pruned(unit_mask(other, gone=(4,)), values).apply(other)
    assert torch.allclose(other(images()), before, atol=1e-5)
    assert not other[3].weight[:, 4].any()


@pytest.mark.parametrize("columns", [False, True])
def test_folded_constants_leave_the_outputs_of_units_that_are_constant(columns):
    network = flat(72, 20, 8, 5)
    mask = unit_mask(network)
    mask["3.weight"][2] = False  # a removed unit behind removed ones
    masked = flat(72, 20, 8, 5)
    mask.apply(masked)
    asked = masked(images()).detach()
    both = unit_mask(network, columns)
    both["3.weight"][2] = False
    values = fold(task_of(network), both)
    other = flat(72, 20, 8, 5)
    Pruned(both, values).apply(other)
    assert torch.allclose(other(images()), asked, atol=1e-6)
    assert not other[3].weight[:, [1, 4, 7]].any() and not other[5].weight[:, 2].any()
    other[1].bias.data[4] = 9.0  # nothing reads it any more
    assert torch.allclose(other(images()), asked, atol=1e-6)


def test_without_a_bias_constants_stay_and_there_is_no_intercept():
    network = Toy().double()
    values = least_squares(task_of(network), random_mask(network, 0.5))
    assert "last.weight" in values and set(values) <= set(network.state_dict())


@pytest.mark.parametrize("repair", ["least_squares", "compensate"])
@pytest.mark.parametrize("pruner", ["magnitude", "uniform", "unit_l1"])
def test_masks_of_any_pruner_are_repaired_and_kept(pruner, repair):
    network = Toy()
    batches = [(images().float(), torch.zeros(60, dtype=torch.int64))]
    network.input_shape = (2, 6, 6)
    plain = prune(network, pruner, 0.5, 0, batches, repair="")
    found = prune(network, pruner, 0.5, 0, batches, repair=repair)
    assert all(np.array_equal(plain[name], found[name]) for name in plain)
    assert bool(found.new_values) == (repair == "least_squares" or pruner == "unit_l1")
    if found.new_values:
        dense, (repaired, unrepaired) = Toy().eval(), (Toy().eval(), Toy().eval())
        found.apply(repaired), plain.apply(unrepaired)
        error = [(other(batches[0][0]) - dense(batches[0][0])).square().sum() for other in (repaired, unrepaired)]
        assert error[0] < error[1] or (repair == "least_squares" and pruner == "unit_l1")


# What goes wrong, and the sentence that says so


def test_fold_refuses_masks_without_removed_units():
    network = flat(72, 20, 5)
    with pytest.raises(UserError, match="the mask removes no whole unit; choose repair: least_squares"):
        fold(task_of(network), random_mask(network))


@pytest.mark.parametrize("repair", ["least_squares", "compensate"])
def test_a_repair_without_data(repair):
    network = Toy()
    network.input_shape = (2, 6, 6)
    with pytest.raises(UserError, match=r"Pruner 'unit_l1' .*no batches were given"):
        prune(network, "unit_l1", 0.5, 0, repair=repair)


def test_one_image_or_images_that_are_not_finite():
    network, mask = flat(72, 20, 5), random_mask(flat(72, 20, 5))
    with pytest.raises(UserError, match="on the training images, found 1; expected at least 2"):
        least_squares(task_of(network, [(images(1), None)]), mask)
    wrong = images()
    wrong[3, 0, 0, 0] = float("nan")
    with pytest.raises(UserError, match="some of them hold NaN or infinite values"):
        least_squares(task_of(network, [(wrong, None)]), mask)
    with pytest.raises(UserError, match=r"ridge of a repair is -1; expected a number of at least 0"):
        least_squares(task_of(network), mask, ridge=-1)
