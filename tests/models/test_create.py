"""Models: published sizes and names, initialisation from explicit streams, errors in sentences."""

import math

import numpy as np
import pytest
import torch
from helpers import golden
from torch import nn

from prunegraph import models, tensors
from prunegraph.catalogue import MODELS, SMALLEST_INPUT
from prunegraph.errors import UserError

# Prunable weights for 10 classes at 3x32x32 of the networks of Cunegatti et al. 2024.
PUBLISHED = {"resnet20": 270_896, "resnet32": 464_432, "wide_resnet28_2": 1_463_984, "conv6": 2_261_184}
PUBLISHED |= {"mobilenet_v2": 2_261_824}


@pytest.mark.parametrize(("name", "weights"), PUBLISHED.items())
def test_number_of_prunable_weights_is_the_published_one(name, weights):
    assert sum(weight.numel() for weight in models.prunable(models.create(name, 10)).values()) == weights


@pytest.mark.parametrize(("file", "name"), golden.NETWORKS.items())
def test_published_state_dicts_load_strictly(file, name, tmp_path):
    network = models.create(name, 10)
    tensors.save(tmp_path / "golden.safetensors", golden.weights(file))
    models.load_weights(network, tmp_path / "golden.safetensors")
    kept = sum(int(weight.count_nonzero()) for weight in models.prunable(network).values())
    density = kept / PUBLISHED[name]
    assert density == pytest.approx(1 - float(file.rpartition("-")[2]), abs=0.002)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 8, 8), (1, 28, 28), (2, 9, 17)])
def test_output_is_one_logit_a_class_whatever_the_image(name, shape):
    network = models.create(name, 7, shape, width=0.25)
    assert network(torch.zeros(2, *shape)).shape == (2, 7)


@pytest.mark.parametrize("name", MODELS)
def test_smallest_input_of_the_catalogue_is_the_smallest_that_works(name):
    side = SMALLEST_INPUT[name]
    models.create(name, 2, (1, side, side))
    if side == 1:  # nothing is smaller
        return
    with pytest.raises(UserError, match=f"{name} needs images of at least {side}x{side} pixels, found 40x{side - 1}"):
        models.create(name, 2, (1, 40, side - 1))


def test_mlp_is_lenet_300_100_on_mnist_or_of_other_layers():
    lenet = models.create("mlp", 10, (1, 28, 28))
    assert sum(weight.numel() for weight in models.prunable(lenet).values()) == 784 * 300 + 300 * 100 + 100 * 10
    other = models.prunable(models.create("mlp", 10, (1, 28, 28), hidden=[512, 512], width=0.5))
    assert [tuple(weight.shape) for weight in other.values()] == [(256, 784), (256, 256), (10, 256)]
    assert len(models.prunable(models.create("mlp", 10, (1, 28, 28), hidden=[]))) == 1


# MLP-Rank's networks: hidden layers, shape, classes, parameters (by hand: weights, biases, two for each BatchNorm).
RANKED = {
    "two": ({"hidden": [256]}, (1, 28, 28), 10, 784 * 256 + 256 + 2_570),
    "three": ({"hidden": [512, 512]}, (1, 28, 28), 10, 784 * 512 + 512 + 512 * 513 + 5_130),
    "six": (
        {"hidden": [512, 512, 256, 256, 128], "batch_norm": "shared", "skips": True},
        (3, 32, 32),
        10,
        3073 * 512 + 513 * 512 + 513 * 256 + 257 * 256 + 257 * 128 + 1_290 + 2 * (512 + 256 + 128),
    ),
    "twelve": (
        {"hidden": [2048] * 2 + [1024] * 4 + [512] * 2 + [256] * 3, "batch_norm": "shared"},
        (3, 32, 32),
        100,
        (3073 + 2049) * 2048 + (2049 + 3 * 1025) * 1024 + (1025 + 513) * 512 + (513 + 2 * 257) * 256 + 257 * 100
        + 2 * (2048 + 1024 + 512 + 256),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RANKED)
def test_networks_of_mlp_rank(name):
    options, shape, classes, parameters = RANKED[name]
    network = models.create("mlp", classes, shape, **options)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    assert len(models.prunable(network)) == {"two": 2, "three": 3, "six": 6, "twelve": 12}[name]
    assert network(torch.randn(3, *shape)).shape == (3, classes)


def test_what_follows_a_hidden_layer():
    network = models.create("mlp", 3, (1, 2, 2), hidden=[4, 4, 5], batch_norm="shared", skips=True).eval()
    assert list(network.norms) == ["4", "5"]
    network.norms["4"].running_mean += 0.25
    seen = torch.randn(6, 1, 2, 2)
    norm = lambda values: (values - 0.25) / (1 + 1e-5) ** 0.5  # noqa: E731
    one, two, three = network.hidden
    first = norm(one(seen.flatten(1)).relu())  # as wide as the images, but no layer is before it
    second = norm(two(first).relu()) + first
    third = three(second).relu() / (1 + 1e-5) ** 0.5
    assert torch.allclose(network(seen), network.last(third), atol=1e-6)
    own = models.create("mlp", 3, (1, 2, 2), hidden=[4, 4], batch_norm="own")
    assert len(own.norms) == 2
    bare = models.create("mlp", 3, (1, 2, 2), hidden=[4, 4], skips=True)
    assert not bare.norms
    with pytest.raises(UserError, match=r"Unknown batch_norm of mlp: 'share'. Did you mean 'shared'\?"):
        models.create("mlp", 3, (1, 2, 2), batch_norm="share")


@pytest.mark.parametrize("hidden", [[300, 0], [2.5], "300", [True], None])
def test_hidden_layers_are_whole_numbers(hidden):
    with pytest.raises(UserError, match="list of positive whole numbers, found"):
        models.create("mlp", 10, (1, 28, 28), hidden=hidden)


def test_conv6_takes_one_pixel_of_digits_and_sixteen_of_cifar():
    assert models.create("conv6", 10, (1, 8, 8)).linear[0].in_features == 256
    assert models.create("conv6", 10, (3, 32, 32)).linear[0].in_features == 4096


def test_wide_resnet_has_three_shortcuts_of_which_the_first_keeps_the_size():
    network = models.create("wide_resnet28_2", 10)
    strides = [layer.stride for name, layer in network.named_modules() if name.endswith("convShortcut")]
    assert strides == [(1, 1), (2, 2), (2, 2)]


@pytest.mark.parametrize("name", MODELS)
def test_width_multiplies_hidden_channels_only(name):
    full, half = models.create(name, 10, (3, 32, 32)), models.create(name, 10, (3, 32, 32), width=0.5)
    first, *_, last = models.prunable(half).values()
    assert first.shape[1] == (3 * 32 * 32 if name == "mlp" else 3) and last.shape[0] == 10
    for wide, narrow in zip(models.prunable(full).values(), models.prunable(half).values(), strict=True):
        if wide.shape[0] != 10:
            assert narrow.shape[0] * 2 == wide.shape[0]


@pytest.mark.parametrize("name", MODELS)
def test_weights_are_kaiming_normal_and_biases_zero(name):
    network = models.create(name, 10, seed=3)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            weight = module.weight.detach()
            deviation = math.sqrt(2 / weight[0].numel())  # He et al. 2015, equation 10
            tolerance = 5 / math.sqrt(weight.numel())
            assert float(weight.std()) / deviation == pytest.approx(1, abs=tolerance)
            assert float(weight.mean()) / deviation == pytest.approx(0, abs=tolerance)
            assert module.bias is None or not module.bias.any()
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            assert (module.weight == 1).all() and not module.bias.any()
            assert (module.running_var == 1).all() and not module.running_mean.any()
            assert module.num_batches_tracked == 0


@pytest.mark.parametrize("name", MODELS)
def test_same_seed_same_bytes_and_another_seed_other_bytes(name):
    def weights(seed):
        network = models.create(name, 10, (1, 8, 8), seed, width=0.25)
        return [weight.detach().numpy().tobytes() for weight in models.prunable(network).values()]

    assert weights(0) == weights(0)
    assert all(one != other for one, other in zip(weights(0), weights(1), strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_global_random_state_is_neither_read_nor_changed(name):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = models.create(name, 10, (1, 8, 8), seed=5)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    other = models.create(name, 10, (1, 8, 8), seed=5)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_no_two_layers_share_a_stream():
    network = models.create("resnet20", 10)
    one, other = network.layer1[0].conv1.weight, network.layer1[0].conv2.weight
    assert not torch.equal(one, other)


@pytest.mark.parametrize("name", MODELS)
def test_networks_can_be_traced_and_mapped_by_function(name):
    network = models.create(name, 10, (1, 8, 8), width=0.25).eval()
    images = torch.linspace(-1, 1, 128).view(2, 1, 8, 8)
    traced = torch.fx.symbolic_trace(network)
    assert torch.equal(traced(images), network(images))
    state = {key: value.detach() for key, value in network.state_dict().items()}
    stacked = {key: torch.stack([value, value]) for key, value in state.items()}
    out = torch.func.vmap(lambda one: torch.func.functional_call(network, one, (images,)))(stacked)
    assert torch.allclose(out[1], network(images), atol=1e-4)


def test_prunable_follows_module_order_and_names_shared_weights_once():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.norm, self.first = nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 3)
            self.first.weight = self.last.weight
            self.conv = nn.Conv2d(1, 1, 1)

    assert list(models.prunable(Tied())) == ["last.weight", "conv.weight"]
    assert list(models.prunable(nn.Linear(2, 2))) == ["weight"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("resnet_20", 10), "Unknown model 'resnet_20'. Did you mean 'resnet20'"),
        (("resnet20", 1), "whole number of classes, at least 2, found 1"),
        (("resnet20", True), "whole number of classes"),
        (("resnet20", 10, (32, 32)), "three positive whole numbers"),
        (("conv6", 10, (0, 32, 32)), "three positive whole numbers"),
    ],
)
def test_mistakes_are_answered_with_a_sentence(arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        models.create(*arguments)


@pytest.mark.parametrize("width", [0, -1, math.nan, math.inf, "half", True])
def test_width_must_be_a_positive_number(width):
    with pytest.raises(UserError, match="positive number, found"):
        models.create("conv6", 10, width=width)


def test_unknown_option_names_the_known_ones():
    with pytest.raises(UserError, match=r"Unknown option of model 'conv6': 'widht'\. Did you mean 'width'"):
        models.create("conv6", 10, widht=2)


def test_saved_networks_come_back_exactly(tmp_path):
    network = models.create("conv6", 10, (1, 8, 8), seed=1, width=0.25)
    network(torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0)))  # moves the running statistics
    models.save(network, tmp_path / "a.safetensors", seed=1)
    other = models.load_weights(models.create("conv6", 10, (1, 8, 8), seed=2, width=0.25), tmp_path / "a.safetensors")
    for name, value in network.state_dict().items():
        assert np.array_equal(other.state_dict()[name].numpy(), value.numpy()), name
    models.save(other, tmp_path / "b.safetensors", seed=1)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_weights_of_another_model_or_width_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    models.save(models.create("resnet20", 10), path)
    with pytest.raises(UserError, match=r"another model: layer1\.3\.bn1\.bias and \d+ more missing, nothing unknown"):
        models.load_weights(models.create("resnet32", 10), path)
    with pytest.raises(UserError, match=r"conv1.weight has shape \(16, 3, 3, 3\), the network expects \(8, 3, 3, 3\)"):
        models.load_weights(models.create("resnet20", 10, width=0.5), path)
