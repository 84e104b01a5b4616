"""Training: steps computed by hand, removed weights at zero, determinism, divergence, BatchNorm over nothing."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from prunegraph import datasets, models, pruning, training
from prunegraph.datasets.data import Data, Part
from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.randomness import torch_generator
from prunegraph.training import Recipe
from prunegraph.training.evaluation import recalibrate
from prunegraph.training.scoring import at_chance
from prunegraph.training.sgd import Descent


def tiny(images, labels, classes=2):
    """A data set whose pixels 0 and 255 stand for 0.0 and 1.0."""
    pixels = torch.tensor(images, dtype=torch.uint8).view(len(labels), 1, 1, -1)
    part = Part(pixels, torch.tensor(labels), [0.0], [1.0])
    empty = Part(pixels[:0], part.labels[:0], [0.0], [1.0])
    return Data("tiny", classes, tuple(pixels.shape[1:]), (0.0,), (1.0,), False, part, empty, part)


def linear(weight, bias=False):
    network = nn.Sequential(nn.Flatten(), nn.Linear(len(weight[0]), len(weight), bias=bias))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor(weight))
        if bias:
            network[1].bias.zero_()
    return network


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    path = tmp_path_factory.mktemp("digits") / "digits.safetensors"
    datasets.prepare("digits", path.parent, path, 0.15, 0)
    return datasets.load(path)


def half(network, seed=0):
    draw = np.random.default_rng(seed)
    return Mask({name: draw.random(weight.shape) < 0.5 for name, weight in models.prunable(network).items()})


@pytest.mark.parametrize("nesterov", [False, True])
def test_two_steps_of_gradient_descent_by_hand(nesterov):
    # Two equal images x = 1 of class 0; weights start at 0, so both classes have p = 1/2 and the gradient
    # of the cross-entropy is (p0 - 1, p1) = (-1/2, 1/2). Learning rate 1, momentum 0.9, decay 0.1.
    data, network = tiny([255, 255], [0, 0]), linear([[0.0], [0.0]])
    recipe = Recipe(epochs=2, batch_size=2, learning_rate=1, momentum=0.9, weight_decay=0.1, nesterov=nesterov)
    history = training.train(network, None, data, recipe, seed=0).history

    def move(gradient, buffer):
        return gradient + 0.9 * buffer if nesterov else buffer

    buffer = -0.5
    weight = -move(-0.5, buffer)  # of class 0; class 1 is its opposite
    probability = 1 / (1 + math.exp(-2 * weight))
    gradient = probability - 1 + 0.1 * weight
    buffer = 0.9 * buffer + gradient
    second = weight - move(gradient, buffer)
    assert network[1].weight.flatten().tolist() == pytest.approx([second, -second], rel=1e-6)
    assert [row["train_loss"] for row in history] == pytest.approx([math.log(2), -math.log(probability)], rel=1e-6)
    assert history[1]["train_accuracy"] == 1.0


def test_a_masked_step_by_hand():
    # As above with two inputs of 1; the weight from the second input to class 0 is removed, though it started at 5.
    data, network = tiny([[255, 255], [255, 255]], [0, 0]), linear([[0.0, 5.0], [0.0, 0.0]])
    mask = Mask({"1.weight": np.array([[1, 0], [1, 1]])})
    training.train(network, mask, data, Recipe(epochs=1, batch_size=2, learning_rate=1, weight_decay=0), seed=0)
    assert network[1].weight.tolist() == [[0.5, 0.0], [-0.5, -0.5]]


def test_a_kept_weight_that_nothing_moves_stays_at_zero():
    # The second input is always 0, so no gradient reaches its weights, whether kept or not.
    data, network = tiny([[255, 0], [255, 0]], [0, 0]), linear([[0.0, 0.0], [0.0, 0.0]])
    mask = Mask({"1.weight": np.array([[1, 1], [1, 0]])})
    found = training.train(network, mask, data, Recipe(epochs=1, batch_size=2, learning_rate=1, weight_decay=0), seed=0)
    assert network[1].weight.tolist() == [[0.5, 0.0], [-0.5, 0.0]]
    assert found.mask["1.weight"].tolist() == [[True, True], [True, False]]


@pytest.mark.parametrize("model", ["conv6", "resnet20"])
def test_removed_weights_are_zero_at_every_step_and_all_else_learns(model, digits):
    network = models.create(model, 10, digits.input_shape, width=0.25)
    start = {name: value.clone() for name, value in network.named_parameters()}
    mask = half(network)
    kept = {name: torch.from_numpy(values) for name, values in mask.items()}
    trainer = Descent(network.train(), kept, Recipe(epochs=1, batch_size=64, learning_rate=0.1), 20)
    removed = {name: torch.from_numpy(~values) for name, values in mask.items()}
    for images, labels in digits.epoch(64, torch.Generator().manual_seed(0)):
        trainer.step(images, labels)
        for name, weight in models.prunable(network).items():
            assert not weight[removed[name]].any()
    for name, value in network.named_parameters():
        changed = value != start[name] * (~removed[name] if name in removed else 1)
        assert changed.any(), name


def test_same_seed_same_weights_and_another_seed_others(digits):
    def run(seed):
        network = models.create("resnet20", 10, digits.input_shape, width=0.25)
        torch.manual_seed(seed + 17)  # must not matter
        found = training.train(network, half(network), digits, Recipe(epochs=1, batch_size=64), seed)
        return [value.numpy().tobytes() for value in network.state_dict().values()], found.history

    (one, history), (two, _), (three, _) = run(0), run(0), run(1)
    assert one == two
    assert one != three
    assert [row["epoch"] for row in history] == [1]


def test_two_steps_of_adam_by_hand():
    # As for gradient descent: gradients (-1/2, 1/2) at weights 0. Adam's first step is -lr g / (|g| + eps); in the
    # second the mean is (0.9 x 0.1 g1 + 0.1 g2) / (1 - 0.81), the square that of 0.999 and 0.001 likewise.
    data, network = tiny([255, 255], [0, 0]), linear([[0.0], [0.0]])
    recipe = Recipe(epochs=2, batch_size=2, learning_rate=0.5, momentum=0.9, weight_decay=0, optimiser="adam")
    training.train(network, None, data, recipe, seed=0)
    first = 0.5
    g1, g2 = -0.5, 1 / (1 + math.exp(-2 * first)) - 1
    mean = (0.09 * g1 + 0.1 * g2) / 0.19
    square = (0.000999 * g1**2 + 0.001 * g2**2) / 0.001999
    second = first - 0.5 * mean / math.sqrt(square)
    assert network[1].weight.flatten().tolist() == pytest.approx([second, -second], rel=1e-5)


def test_label_smoothing_by_hand():
    # A share of 0.2 over two classes makes the label (0.9, 0.1): the gradient at p = 1/2 is (-0.4, 0.4).
    data, network = tiny([255, 255], [0, 0]), linear([[0.0], [0.0]])
    recipe = Recipe(epochs=1, batch_size=2, learning_rate=1, weight_decay=0, label_smoothing=0.2)
    history = training.train(network, None, data, recipe, seed=0).history
    assert network[1].weight.flatten().tolist() == pytest.approx([0.4, -0.4], rel=1e-6)
    assert history[0]["train_loss"] == pytest.approx(math.log(2), rel=1e-6)  # the plain one


def test_training_stops_at_an_accuracy(digits):
    network = models.create("resnet20", 10, digits.input_shape, width=0.25)
    recipe = Recipe(epochs=20, batch_size=64, stop_at=0.6, recalibrate=True)
    history = training.train(network, None, digits, recipe, 0).history
    assert 1 < len(history) < 20
    assert [row["train_accuracy"] >= 0.6 for row in history] == [False] * (len(history) - 1) + [True]


def test_images_stay_in_order_where_they_are_not_shuffled():
    class Watching(nn.Module):
        def __init__(self):
            super().__init__()
            self.seen, self.layer = [], nn.Linear(1, 2)

        def forward(self, images):
            if self.training:
                self.seen += images.flatten().tolist()
            return self.layer(images.flatten(1))

    data, shades = tiny(list(range(8)), [0, 1] * 4), [shade / 255 for shade in range(8)]
    for shuffle in (False, True):
        network = Watching()
        training.train(network, None, data, Recipe(epochs=2, batch_size=3, shuffle=shuffle), 0)
        assert (network.seen == pytest.approx([*shades, *shades])) is not shuffle
        assert sorted(network.seen) == pytest.approx(sorted([*shades, *shades]))


def test_training_leaves_the_global_random_state_alone(digits):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    network = models.create("conv6", 10, digits.input_shape, width=0.125)
    training.train(network, None, digits, Recipe(epochs=1, batch_size=256), 0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("model", ["conv6", "resnet20"])
def test_digits_are_learned_in_seconds(model, digits):
    network = models.create(model, 10, digits.input_shape, width=0.25)
    rows = []
    recipe = training.recipe("quick", "digits", model, epochs=4)
    found = training.train(network, half(network), digits, recipe, 0, on_epoch=rows.append)
    assert not found.diverged
    assert rows == found.history
    assert list(rows[0]) == [
        "epoch",
        "learning_rate",
        "train_loss",
        "train_accuracy",
        "validation_loss",
        "validation_accuracy",
        "seconds",
    ]
    assert rows[-1]["train_loss"] < rows[0]["train_loss"] / 2
    assert training.evaluate(network, digits.test.batches())["accuracy"] > 0.8
    assert not network.training


def test_divergence_is_recorded_and_the_last_finite_weights_stay(digits):
    network = models.create("conv6", 10, digits.input_shape, width=0.125)
    start = {name: value.clone() for name, value in network.state_dict().items()}
    found = training.train(network, None, digits, Recipe(epochs=3, batch_size=64, learning_rate=1e30), 0)
    assert found.diverged
    assert found.history == []
    assert all(torch.equal(value, start[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("model", ["conv6", "resnet20", "wide_resnet28_2"])
def test_networks_with_layers_that_lost_every_weight_train_without_nan(model, digits):
    network = models.create(model, 10, digits.input_shape, width=0.25)
    weights = models.prunable(network)
    gone = list(weights)[len(weights) // 2]
    mask = Mask({name: np.full(weight.shape, name != gone) for name, weight in weights.items()})
    recipe = training.recipe("quick", "digits", model, epochs=1)
    found = training.train(network, mask, digits, recipe, 0)
    assert not found.diverged
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())
    result = training.evaluate(network, digits.test.batches())
    assert 0 <= result["accuracy"] <= 1 and math.isfinite(result["loss"])


def test_a_last_batch_of_one_image_is_left_out():
    network = nn.Sequential(nn.Flatten(), nn.Linear(1, 2), nn.BatchNorm1d(2))
    found = training.train(network, None, tiny([0, 255, 255], [0, 1, 1]), Recipe(epochs=1, batch_size=2), 0)
    assert not found.diverged
    assert network[2].num_batches_tracked == 1


def test_layers_that_take_no_part_are_no_obstacle():
    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = linear([[0.0], [0.0]]), nn.Linear(1, 1)

        def forward(self, images):
            return self.used(images)

    network = Idle()
    mask = Mask({name: np.ones(weight.shape) for name, weight in models.prunable(network).items()})
    before = network.idle.weight.clone()
    training.train(network, mask, tiny([255, 255], [0, 0]), Recipe(epochs=1, batch_size=2), 0)
    assert torch.equal(network.idle.weight, before)


def test_a_mask_of_another_network_is_refused(digits):
    other = half(models.create("resnet20", 10, digits.input_shape))
    network = models.create("conv6", 10, digits.input_shape, width=0.25)
    with pytest.raises(UserError, match=r"layer 'conv1\.weight' that the network lacks"):
        training.train(network, other, digits, Recipe(epochs=1), 0)


def test_images_elsewhere_are_refused(digits):
    with pytest.raises(UserError, match="The images are on cpu, training was asked for on cuda"):
        training.train(nn.Linear(1, 1), None, digits, Recipe(epochs=1), 0, device="cuda")


def test_evaluation_by_hand():
    # Logits (x, 0): an image of 1 is answered 0 with loss log(1 + 1/e), one of 0 is a tie that argmax gives to 0.
    network, data = linear([[1.0], [0.0]]), tiny([255, 0, 255], [0, 1, 1])
    result = training.evaluate(network.train(), data.test.batches(2))
    expected = (math.log(1 + math.exp(-1)) + math.log(2) + math.log(1 + math.e)) / 3
    assert result["accuracy"] == pytest.approx(1 / 3)
    assert result["loss"] == pytest.approx(expected, rel=1e-6)
    assert network.training
    assert training.evaluate(network, data.validation.batches()) == {"accuracy": None, "loss": None}


def test_answers_among_the_best_by_hand():
    # Logits (x, 0, -x) of images 1, 1, 1: the order of classes is 0, 1, 2.
    network, data = linear([[1.0], [0.0], [-1.0]]), tiny([255, 255, 255], [0, 1, 2])
    found = {top: training.evaluate(network, data.test.batches(2), top)["top"] for top in (1, 2, 3, 5)}
    assert found == {1: pytest.approx(1 / 3), 2: pytest.approx(2 / 3), 3: 1, 5: 1}
    assert training.evaluate(network, data.validation.batches(), 5)["top"] is None


def test_costs_in_the_score_by_hand():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2, bias=False))
    with torch.no_grad():
        network[1].weight.fill_(1.0)[0] = 0
        network[1].bias.fill_(1.0)
        network[3].weight.fill_(1.0)
    expected = {"parameters": 21, "nonzero": 17, "macs": 18, "nonzero_macs": 14}
    expected |= {"compression": 21 / 17, "theoretical_speedup": 18 / 14}
    assert training.scoring.costs(network, (1, 2, 2)) == expected
    with torch.no_grad():
        for values in network.parameters():
            values.zero_()
    assert training.scoring.costs(network, (1, 2, 2))["compression"] is None


def test_evaluation_uses_running_statistics_and_leaves_them():
    network = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(2)).train()
    data = tiny([[255, 0], [255, 255]], [0, 1])
    training.evaluate(network, data.test.batches())
    assert network[1].num_batches_tracked == 0


def test_recalibration_measures_the_trained_network():
    network = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(3))
    pixels = [[255, 0, 255], [0, 0, 255], [255, 0, 255], [0, 0, 255]]
    recalibrate(network, tiny(pixels, [0, 1, 0, 1]).train.batches(4))
    assert network[1].running_mean.tolist() == [0.5, 0.0, 1.0]
    # The variance of (1, 0, 1, 0) with n - 1 is 1/3; the two constant channels get 1.
    assert network[1].running_var.tolist() == pytest.approx([1 / 3, 1, 1])
    assert network[1].momentum == 0.1


def test_evaluation_agrees_with_training_mode_where_channels_are_constant(digits):
    # SNIP leaves chains of units that see nothing but constants; each multiplies rounding by up to 316.
    network = models.create("conv6", 10, digits.input_shape, width=0.5)
    batches = digits.batches(128, torch_generator(0, "x"))
    mask = pruning.prune(network, "snip", 0.98, 0, batches)
    training.train(network, mask, digits, training.recipe("quick", "digits", "conv6"), 0)
    share = training.evaluate(network, digits.train.batches())["accuracy"]
    network.train()
    with torch.no_grad():
        images, labels = next(digits.train.batches(len(digits.train)))
        in_training_mode = float((network(images).argmax(1) == labels).float().mean())
    assert in_training_mode > 0.8
    assert share == pytest.approx(in_training_mode, abs=0.05)


@pytest.mark.parametrize(("correct", "chance"), [(10, True), (19, True), (20, False), (100, False)])
def test_chance_is_what_a_constant_answer_and_luck_reach(correct, chance):
    # 100 images, 10 of each class: 0.1 + 3.09 x sqrt(0.1 x 0.9 / 100) = 0.1927.
    assert at_chance(correct / 100, torch.arange(100) % 10) is chance


def test_divergence_and_chance_are_in_the_score(digits):
    network = models.create("conv6", 10, digits.input_shape, width=0.125)
    with torch.no_grad():
        network.linear[-1].weight.zero_()  # always the same answer
    found = training.train(network, None, digits, Recipe(epochs=1, batch_size=64, learning_rate=1e30), 0)
    facts = training.score(network, found, digits)
    assert (facts["diverged"], facts["at_chance"]) == (True, True)
    # There is no epoch to speak of: the accuracy of the network as it is.
    assert facts["validation_accuracy"] == pytest.approx(0.1, abs=0.02)
    assert facts["accuracy"] == pytest.approx(0.1, abs=0.01)
