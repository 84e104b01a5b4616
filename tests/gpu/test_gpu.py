"""What only a GPU can show: recorded steps, masks and eigenvalues there are those of the CPU.

uv run pytest -m gpu
"""

import pytest
import torch
from helpers.threads import threads

from prunegraph import datasets, encoding, metrics, models, pruning
from prunegraph.catalogue import PRUNERS
from prunegraph.errors import Interrupted
from prunegraph.masks import Mask
from prunegraph.randomness import torch_generator
from prunegraph.training import Checkpoint, Recipe, Start, evaluate, loop, train_each
from prunegraph.training.recording import cuda_graph

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not torch.cuda.is_available(), reason="needs a GPU that torch can see (torch.cuda.is_available())"
    ),
]
MODELS = ["conv6", "resnet20", "wide_resnet28_2", "mobilenet_v2"]
RECIPE = Recipe(epochs=4, batch_size=64, learning_rate=0.05, schedule="one_cycle", recalibrate=True)


@pytest.fixture(scope="module", autouse=True)
def few_threads():
    """These networks are small; with a thread for each core, waiting for each other takes longer than computing."""
    with threads(2):
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    path = tmp_path_factory.mktemp("digits") / "digits.safetensors"
    datasets.prepare("digits", path.parent, path, 0.15, 0)
    return path


@pytest.fixture(scope="module")
def data(files):
    return datasets.load(files, "cuda")  # 1,222 training images: 19 full batches and one of six


def starts(model, data, number, method="erk", checkpoint=None, **options):
    made = []
    for seed in range(number):
        network = models.create(model, 10, data.input_shape, seed, width=0.25)
        mask = pruning.prune(network, method, 0.8, seed, None)
        moving = pruning.dynamics(method, 0.8, seed, **options)
        made.append(Start(network, mask, seed, moving, checkpoint and checkpoint(seed)))
    return made


def accuracy(start, data):
    return evaluate(start.network, data.test.batches())["accuracy"]


def trained(made, data, recipe=RECIPE, record=cuda_graph):
    runs = [loop.begun(start, data, recipe) for start in made]
    loop.advance(runs, record)
    return [loop.finished(run) for run in runs]


def in_float64(start):
    """Its network computes so; in float32 the sums of a GPU round so differently that 19 steps show it."""
    start.network.double().register_forward_pre_hook(lambda module, images: (images[0].double(),))
    return start


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("number", [1, 3])
def test_recorded_steps_are_the_steps_taken_one_by_one(model, number, data):
    short = Recipe(epochs=1, batch_size=64, learning_rate=0.001)
    one, other = ([in_float64(start) for start in starts(model, data, number)] for _ in range(2))
    expected, found = trained(one, data, short, None), trained(other, data, short)
    for mine, theirs in zip(expected, found, strict=True):
        assert theirs.history[0]["train_loss"] == pytest.approx(mine.history[0]["train_loss"], rel=1e-6)
    for mine, theirs in zip(one, other, strict=True):
        for name, value in mine.network.state_dict().items():
            torch.testing.assert_close(theirs.network.state_dict()[name], value, rtol=1e-5, atol=1e-7, msg=name)


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_a_cell_learns_in_every_precision(precision, data):
    recipe = Recipe(**{**vars(RECIPE), "precision": precision})
    made = starts("resnet20", data, 2)
    found = list(train_each(made, data, recipe))
    assert [training.diverged for training in found] == [False, False]
    for start in made:
        assert accuracy(start, data) > 0.8
        assert start.network.conv1.weight.dtype == torch.float32
        for name, weight in models.prunable(start.network).items():
            assert not weight[torch.from_numpy(~start.mask[name]).cuda()].any()


@pytest.mark.parametrize("method", [name for name, record in PRUNERS.items() if record.moves])
def test_masks_move_while_recorded_steps_are_repeated(method, data):
    made = starts("conv6", data, 2, method, interval=10)
    for start, training in zip(made, train_each(made, data, RECIPE), strict=True):
        assert any((training.mask[name] != start.mask[name]).any() for name in start.mask)
        for name, weight in models.prunable(start.network).items():
            assert not weight[torch.from_numpy(~training.mask[name]).cuda()].any()
        assert accuracy(start, data) > 0.7


def test_a_stopped_cell_goes_on(data, tmp_path):
    calls = iter(range(10**9))

    def checkpoint(seed, stop=lambda: next(calls) == 60):
        return Checkpoint(tmp_path / str(seed), "key", 1, stop)

    made = starts("resnet20", data, 2, checkpoint=checkpoint)
    with pytest.raises(Interrupted):
        trained(made, data)
    assert len(list(tmp_path.iterdir())) == 2
    made = starts("resnet20", data, 2, checkpoint=lambda seed: checkpoint(seed, lambda: False))
    found = trained(made, data)
    assert [len(training.history) for training in found] == [4, 4]
    assert all(accuracy(start, data) > 0.8 for start in made)


@pytest.mark.parametrize("model", ["conv6", "resnet20"])
@pytest.mark.parametrize("name", [n for n, r in PRUNERS.items() if n != "dense" and not (r.graphs or r.searches)])
def test_masks_are_those_of_the_cpu(name, model, files):
    masks = []
    for device in ("cpu", "cuda"):
        there = datasets.load(files, device)
        network = models.create(model, 10, there.input_shape, 0, width=0.25).to(device)
        once = name in ("dpp_edge", "dpp_node", "wanda", "obs")  # looks at every image
        batches = there if once else there.batches(128, torch_generator(0, "prune", "batches"))
        sparsity = 0.9 if PRUNERS[name].counts[0] == "weights" else 0.5  # of four channels or inputs one in ten is none
        masks.append(pruning.prune(network, name, sparsity, 0, batches))
    one, other = masks
    assert sum(int((one[layer] & other[layer]).sum()) for layer in one) / one.kept >= 0.999


def test_eigenvalues_of_implicit_graphs_are_those_of_the_cpu():
    network = models.create("resnet20", 10, (3, 32, 32), 0, width=0.5)
    mask: Mask = pruning.prune(network, "erk", 0.9, 0)
    mask.apply(network)
    graph = encoding.encode(network, (3, 32, 32), encoding="unrolled")
    one, other = (metrics.topometrics(graph, path="implicit", device=device) for device in ("cpu", "cuda"))
    for name, value in one.items():
        assert other[name] == pytest.approx(value, rel=1e-5), name
