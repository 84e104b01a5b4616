"""DPP edges and nodes, their rivals, and the checkpoint of the authors."""

import gzip
from itertools import pairwise

import numpy as np
import pytest
import torch
from helpers.toy import Toy, supply
from torch import nn

from prunegraph.errors import UserError
from prunegraph.pruning import activations, prune
from prunegraph.pruning.dpp import edges
from prunegraph.pruning.dpp.kernels import announce, edge_distances, rbf
from prunegraph.pruning.dpp.sampling import decompose
from prunegraph.pruning.remembering import remembering

EDGES = ["dpp_edge", "random_edge", "importance_edge", "wanda", "obs"]
NODES = ["dpp_node", "random_node", "importance_node"]


def batches(count=4, size=20):
    source = supply(size=size)
    return [next(source) for _ in range(count)]


@pytest.mark.parametrize("pruner", EDGES)
@pytest.mark.parametrize("layers", ["first", "all"])
def test_every_unit_keeps_so_many_inputs_or_all_so_many_weights(pruner, layers):
    found = prune(Toy(), pruner, 0.5, 0, batches(), layers=layers)
    rows = {name: values.reshape(len(values), -1) for name, values in found.items()}
    asked = {name: round(values.shape[1] / 2) for name, values in rows.items()}
    for name, values in rows.items():
        pruned = layers == "all" or name == "stem.weight"
        assert set(values.sum(1).tolist()) == {asked[name] if pruned else values.shape[1]}
    found = prune(Toy(), pruner, 0.7, 0, batches(), layers=layers, counts="weights")
    size = 2340 if layers == "all" else 216
    assert found.kept == 2340 - size + round(0.3 * size)


@pytest.mark.parametrize("layers", ["but_last", "all"])
@pytest.mark.parametrize("pruner", NODES)
def test_nodes_are_folded_without_data_and_outputs_stay(pruner, layers):
    network = Toy()
    with torch.no_grad():
        network.out.bias.uniform_(-1, 1)
        network.stem.bias.uniform_(-1, 1)
    network.last.bias = nn.Parameter(torch.zeros(4))
    network.input_shape = (2, 6, 6)
    found = prune(network, pruner, 0.5, 0, batches() if pruner == "dpp_node" else None, layers=layers)
    assert found.provenance["repair"] == "fold" and "last.bias" in found.new_values
    bare, folded = Toy(), Toy()
    for other in (bare, folded):
        other.last.bias = nn.Parameter(torch.zeros(4))
        other.load_state_dict(network.state_dict())
    found.apply(folded.eval())
    type(found)(found).apply(bare.eval())
    images = batches()[0][0]
    assert torch.allclose(bare(images), folded(images), atol=1e-5)


def flat(*sizes):
    layers = [layer for one, two in pairwise(sizes) for layer in (nn.Linear(one, two), nn.Sigmoid())]
    network = nn.Sequential(nn.Flatten(), *layers[:-1])
    network.input_shape = (1, 1, sizes[0])
    return network


# Budgets that the authors' first scripts hold beside each other, for 784-500-10: edges cut to a whole number.
@pytest.mark.parametrize(
    ("nodes", "edges"),
    [(50, 69), (75, 109), (100, 148), (150, 228), (200, 307), (250, 387), (300, 466), (350, 545), (400, 625)],
)
def test_nodes_and_edges_of_equal_parameters(nodes, edges):
    found = prune(flat(784, 500, 10), "random_node", 1 - edges / 784, 0, counts="weights", layers="first")
    assert found["1.weight"].any(1).sum() == nodes


def test_units_of_several_layers_leave_the_weights_asked_for():
    dense, network = 30 * 60 + 60 * 40 + 40 * 10, flat(30, 60, 40, 10)
    for sparsity in (0.1, 0.3, 0.5, 0.7):
        kept = prune(network, "importance_node", sparsity, 0, counts="weights")
        one, two = (int(kept[name].any(1).sum()) for name in ("1.weight", "3.weight"))
        assert one / 60 == pytest.approx(two / 40, abs=0.02)
        left = 30 * one + one * two + two * 10
        assert left == pytest.approx(dense - sparsity * (30 * 60 + 60 * 40), abs=130)


@pytest.mark.parametrize("pruner", EDGES[:3])
def test_shares_of_inputs_are_rounded_up_as_logged(pruner):
    data = [(torch.rand(8, 1, 1, 784), torch.zeros(8))]
    logged = {0.9: 79, 0.8: 157, 0.7: 236, 0.5: 392, 0.4: 471, 0.1: 706}
    for sparsity, kept in logged.items():
        found = prune(flat(784, 2, 2), pruner, sparsity, 0, data, compat=True)
        assert found["1.weight"].sum(1).tolist() == [kept, kept]
    assert prune(flat(784, 2, 2), pruner, 0.9, 0, data)["1.weight"].sum(1).tolist() == [78, 78]


def test_inputs_of_a_unit_follow_its_kernel():
    network = nn.Sequential(nn.Flatten(), nn.Linear(72, 500, bias=False), nn.ReLU(), nn.Linear(500, 2))
    network[1].weight.data[:] = torch.linspace(0.05, 1, 72)  # units alike: 500 draws from one kernel
    data = batches()
    kept = prune(network, "dpp_edge", 0.75, 0, data)["1.weight"]
    inputs = torch.cat([images for images, _ in data]).double().flatten(1)
    kernel = rbf(edge_distances(inputs.T @ inputs, network[1].weight[0].detach().double()))
    expected = decompose(kernel).inclusion(18)
    assert np.abs(kept.mean(0) - expected).max() < 4.5 * np.sqrt(0.25 / 500)
    assert np.corrcoef(kept.mean(0), expected)[0, 1] > 0.9


def test_units_that_do_the_same_are_not_both_kept():
    network = nn.Sequential(nn.Flatten(), nn.Linear(72, 20), nn.Sigmoid(), nn.Linear(20, 2))
    with torch.no_grad():
        network[1].weight[10:] = network[1].weight[:10]
        network[1].bias[10:] = network[1].bias[:10]
    for compat in (False, True):
        found = prune(network, "dpp_node", 0.5, 0, batches(), jitter=1e-9, beta=0.01, compat=compat)
        alive = found["1.weight"].any(1)
        assert (alive[:10] ^ alive[10:]).all()
        assert 1 < found.facts["kernel_effective_rank"] <= 10.1


@pytest.mark.parametrize(("pruner", "options"), [("dpp_edge", {"repair": "least_squares"}), ("dpp_node", {})])
def test_one_decomposition_serves_all_sparsities_and_changes_nothing(pruner, options, monkeypatch):
    data, sparsities = batches(), (0.3, 0.5, 0.8)

    def found(**more):
        return [prune(Toy(), pruner, sparsity, 0, data, **options, **more) for sparsity in sparsities]

    runs, real = [], activations._run
    monkeypatch.setattr(activations, "_run", lambda *arguments: runs.append(1) or real(*arguments))
    kernels, decomposed = [], edges.decompose
    monkeypatch.setattr(edges, "decompose", lambda kernel: kernels.append(1) or decomposed(kernel))
    expected, each = found(), (len(runs), len(kernels))
    with remembering():
        again = found(sparsities=sparsities)
    assert len(runs) - each[0] == each[0] / (6 if pruner == "dpp_edge" else 3)
    assert len(kernels) - each[1] == (each[1] / 3 if pruner == "dpp_edge" else each[1])
    for one, other in zip(expected, again, strict=True):
        assert one.facts == other.facts and one.new_values.keys() == other.new_values.keys()
        assert all((one[name] == other[name]).all() for name in one)
        assert all((one.new_values[name] == other.new_values[name]).all() for name in one.new_values)
    with remembering(), pytest.raises(UserError, match="leaves none"):
        assert prune(Toy(), "dpp_edge", 0.5, 0, data, sparsities=(0.5, 0.99)).kept  # another's fault
        prune(Toy(), "dpp_edge", 0.99, 0, data, sparsities=(0.5, 0.99))


def test_what_a_kernel_cannot_say_is_in_the_log(caplog):
    caplog.set_level("INFO", "prunegraph")
    prune(Toy(), "dpp_edge", 0.5, 0, batches(), beta=1e6)
    assert "100 % of the kernels are nearly uniform or of rank one" in caplog.text
    caplog.clear()
    prune(Toy(), "dpp_edge", 0.1, 0, batches(), beta=1e-7)
    assert "more than twice the effective rank" in caplog.text
    caplog.clear()
    prune(Toy(), "dpp_edge", 0.8, 0, batches())
    assert not caplog.records
    announce(1000, 3072, 9, "layers.0.weight")
    assert "1000 kernels of 3072 inputs, about 2.6 hours on one core" in caplog.text


def test_importance_is_by_magnitude_and_signed_as_logged():
    network = nn.Sequential(nn.Flatten(), nn.Linear(72, 4))
    weight = network[1].weight.detach()
    rows = prune(network, "importance_edge", 0.75, 0)["1.weight"]
    signed = prune(network, "importance_edge", 0.75, 0, compat=True)["1.weight"]
    assert all(weight[u, rows[u]].abs().min() > weight[u, ~rows[u]].abs().max() for u in range(4))
    assert all(weight[u, signed[u]].min() > weight[u, ~signed[u]].max() for u in range(4))


@pytest.mark.parametrize(("scale", "first"), [("norm", 1), ("deviation", 0)])
def test_wanda_weighs_inputs_by_their_norm_or_deviation(scale, first):
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 1))
    network[1].weight.data[:] = 1.0
    images = torch.randn(50, 2, 1, 1, generator=torch.Generator().manual_seed(0))
    images[:, 1] = 10 + images[:, 1] / 10  # large and nearly constant
    found = prune(network, "wanda", 0.5, 0, [(images, torch.zeros(50))], scale=scale)
    assert found["1.weight"][0].tolist() == [first == 0, first == 1]


@pytest.mark.parametrize("sampler", ["exact", "dppy"])
@pytest.mark.parametrize("pruner", ["dpp_edge", "dpp_node"])
def test_both_samplers_draw(pruner, sampler):
    found = prune(Toy(), pruner, 0.5, 0, batches(), sampler=sampler)
    assert {"kernel_effective_rank", "kernel_median_similarity", "kernel_log10_e_k"} <= set(found.facts)
    assert all(np.isfinite(value) for value in found.facts.values())


@pytest.mark.parametrize(
    ("pruner", "options", "sentence"),
    [
        ("dpp_edge", {"beta": -1.0}, "'beta' of pruner 'dpp_edge' is -1.0; expected a positive number, or none"),
        ("dpp_node", {"jitter": 0.0}, "'jitter' of pruner 'dpp_node' is 0.0; expected a positive number"),
        ("dpp_edge", {"sampler": "gibbs"}, "Unknown sampler of pruner 'dpp_edge': 'gibbs'"),
        ("wanda", {"scale": "mean"}, "Unknown scale of pruner 'wanda': 'mean'"),
        ("dpp_node", {"layers": "first"}, "cannot remove units of 'stem.weight' alone: they are tied"),
    ],
)
def test_impossible_options(pruner, options, sentence):
    with pytest.raises(UserError, match=sentence):
        prune(Toy(), pruner, 0.5, 0, batches(), **options)


@pytest.mark.parametrize("pruner", EDGES)
def test_no_input_would_be_left_of_a_unit(pruner):
    with pytest.raises(UserError, match=r"leaves none of the 18 inputs of a unit of 'stem\.weight'"):
        prune(Toy(), pruner, 0.99, 0, batches())


@pytest.mark.parametrize("pruner", ["dpp_edge", "dpp_node", "wanda", "obs"])
def test_data_with_one_image_nan_or_an_iterator(pruner):
    wrong = batches()
    wrong[1][0][3] = float("nan")
    for data, sentence in [
        (batches(1, 1), "found 1; expected at least 2"),
        (wrong, "hold NaN or infinite values"),
        (supply(), "was given an iterator, which may be endless"),
    ]:
        with pytest.raises(UserError, match=sentence):
            prune(Toy(), pruner, 0.5, 0, data)


# The checkpoint of the authors: 784-500-500-10, sigmoid


def pictures(folder):
    values = np.frombuffer(gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    labels = np.frombuffer(gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    images = (torch.from_numpy(values.reshape(-1, 1, 28, 28).copy()).float() / 255 - 0.1307) / 0.3081
    return images, torch.from_numpy(labels.copy())


def authors(state):
    hidden = [nn.Linear(784, 500), nn.Sigmoid(), nn.Linear(500, 500), nn.Sigmoid()]
    network = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(500, 10))
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), state.values(), strict=True):
            parameter.copy_(value)
    return network


def test_the_importance_nodes_of_the_authors_checkpoint(shared):
    checkpoint, folder = shared / "data/dpp/MNIST_0.0_batch1000.pth", shared / "data/mnist/MNIST/raw"
    if not (checkpoint.exists() and folder.exists()):
        pytest.skip("the authors' checkpoint or MNIST is not there")
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    images, labels = pictures(folder)

    def accuracy(network):
        with torch.no_grad():
            return round(float((network(images).argmax(1) == labels).double().mean()) * 100, 2)

    assert accuracy(authors(state)) == 96.33
    found = []
    for nodes in range(50, 500, 50):
        network = authors(state)
        network.input_shape = (1, 28, 28)
        prune(network, "importance_node", 1 - nodes / 500, 0, layers="first", repair="").apply(network)
        found.append(accuracy(network))
    assert found == [31.70, 39.28, 56.48, 77.43, 88.78, 92.93, 94.95, 95.92, 96.33]
