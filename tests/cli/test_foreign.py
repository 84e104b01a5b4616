"""Files of other people: nothing that looks like a mask is passed over, and no weight is lost by its type."""

import pytest
import torch
from torch.nn.utils import prune

from prunegraph.cli import main
from prunegraph.encoding import encode
from prunegraph.errors import UserError

BUILD = """
from torch import nn

def build():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3)
    )
"""
# A channel of the convolution has 36 positions of 9 taps (those on the padding count), 324 edges. Each input of the
# linear layer is the maximum of four nodes, so its 36 x 3 weights are 432 edges.
DENSE, ONE_CHANNEL = 1728, 756


@pytest.fixture
def network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "foreign_models.py").write_text(BUILD)
    names: dict = {}
    exec(BUILD, names)
    torch.manual_seed(0)
    return names["build"]()


def first_channel(network):
    masks = {"0.weight": torch.zeros(4, 1, 3, 3), "5.weight": torch.ones(3, 36)}
    masks["0.weight"][0] = 1
    return masks


def measured(content, capsys):
    torch.save(content, "file.pt")
    code = main(["measure", "file.pt", "--model", "foreign_models:build", "--input", "1,6,6"])
    said = capsys.readouterr()
    edges = [line.split()[1] for line in said.out.splitlines() if line.startswith("edges")]
    return int(edges[0].replace(",", "")) if code == 0 else said.err


@pytest.mark.parametrize("nest", ["state_dict", "net", "model"])
@pytest.mark.parametrize("key", ["mask", "mask_dict", "pruning"])
def test_masks_beside_the_weights_are_applied(network, capsys, nest, key):
    weights, masks = network.state_dict(), first_channel(network)
    assert measured({nest: weights}, capsys) == DENSE
    assert measured({nest: weights, key: masks}, capsys) == ONE_CHANNEL
    wrapped = {f"module.{name}": mask for name, mask in masks.items()}
    assert measured({nest: weights, key: wrapped}, capsys) == ONE_CHANNEL
    by_hand = {**weights, "0.weight": weights["0.weight"] * masks["0.weight"]}
    assert measured(by_hand, capsys) == ONE_CHANNEL


@pytest.mark.parametrize(
    "masks",
    [
        {"0.weight": torch.tensor([1.0, 0, 0, 0])},  # of another shape
        {"conv.weight": torch.zeros(4, 1, 3, 3)},  # of another name
        {"0.weight": torch.full((4, 1, 3, 3), 0.5)},  # of other values
        [torch.zeros(4, 1, 3, 3)],
    ],
)
def test_masks_that_do_not_fit_are_refused(network, capsys, masks):
    said = measured({"state_dict": network.state_dict(), "masks": masks}, capsys)
    assert "holds 'masks' beside the weights" in said


def test_a_gate_among_the_weights_is_refused(network, capsys):
    said = measured({**network.state_dict(), "0.gate": torch.tensor([1.0, 0, 0, 0])}, capsys)
    assert "has '0.gate', of zeros and ones like a mask" in said


def test_tensors_beside_the_state_dict_do_not_hide_it(network, capsys):
    content = {"epoch": 1, "arch": "b", "state_dict": network.state_dict(), "best_acc1": torch.tensor(3.0)}
    assert measured(content, capsys) == DENSE


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (torch.full((4, 1, 3, 3), 1e-60, dtype=torch.float64), "numbers that float32 has not"),
        (torch.full((4, 1, 3, 3), 1e60, dtype=torch.float64), "numbers that float32 has not"),
        (torch.ones(4, 1, 3, 3, dtype=torch.complex64), "is complex"),
        (torch.ones(4, 1, 3, 3).to_sparse(), "is sparse"),
    ],
)
def test_weights_that_cannot_be_read_are_refused(network, capsys, values, said):
    assert said in measured({**network.state_dict(), "0.weight": values}, capsys)


def test_small_and_half_precision_weights_are_edges(network, capsys):
    for kind in (torch.float64, torch.bfloat16, torch.float16):
        weights = {name: value.to(kind) if value.ndim else value for name, value in network.state_dict().items()}
        assert measured(weights, capsys) == DENSE


def test_hooks_are_refused_but_those_of_torch(network):
    mask = first_channel(network)["0.weight"]
    handle = network[0].register_forward_pre_hook(lambda part, given: (given[0] * 2,))
    with pytest.raises(UserError, match="Module '0' has the hook"):
        encode(network, (1, 6, 6))
    handle.remove()
    handle = network.register_forward_hook(lambda part, given, found: found * 0)
    with pytest.raises(UserError, match="The network has the hook"):
        encode(network, (1, 6, 6))
    handle.remove()
    prune.custom_from_mask(network[0], "weight", mask)
    assert encode(network, (1, 6, 6)).number_of_edges() == ONE_CHANNEL


def test_float64_weights_of_a_module(network):
    network = network.double()
    with torch.no_grad():
        network[0].weight.fill_(1e-60)
    with pytest.raises(UserError, match=r"The weight '0.weight' holds numbers that float32 has not"):
        encode(network, (1, 6, 6))
