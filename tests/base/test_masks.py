"""Masks: what they refuse, what they count, what survives the disk."""

import numpy as np
import pytest
import torch
from torch import nn

from prunegraph.errors import UserError
from prunegraph.masks import Mask, kept_weights


def small():
    return Mask({"b.weight": [[1, 0], [0, 1]], "a.weight": [0, 0, 0]})


def test_counts():
    mask = small()
    assert (mask.size, mask.kept) == (7, 2)
    assert mask.density == 2 / 7
    assert mask.layer_density() == {"b.weight": 0.5, "a.weight": 0.0}
    assert mask.collapsed == ("a.weight",)


@pytest.mark.parametrize("wrong", [[0, 2], [0.5, 1], [float("nan"), 1], [-1, 0]])
def test_refuses_anything_but_zero_and_one(wrong):
    with pytest.raises(UserError, match=r"only 0 and 1"):
        Mask({"w": wrong})


def test_refuses_no_layer():
    with pytest.raises(UserError, match="at least one layer"):
        Mask({})


@pytest.mark.parametrize(
    ("size", "sparsity", "kept"), [(10, 0, 10), (10, 0.9, 1), (270896, 0.98, 5418), (3, 0.5, 2), (5, 0.5, 2)]
)
def test_kept_weights_rounds_halves_to_even(size, sparsity, kept):
    assert kept_weights(size, sparsity) == kept


@pytest.mark.parametrize("sparsity", [1, -0.1, 1.5, float("nan")])
def test_sparsity_range(sparsity):
    with pytest.raises(UserError, match=r"outside \[0, 1\)"):
        kept_weights(10, sparsity)


def test_round_trip_keeps_layers_order_and_provenance(tmp_path):
    small().save(tmp_path / "m.safetensors", pruner="snip", sparsity=0.9, options={"a": 1})
    back = Mask.load(tmp_path / "m.safetensors")
    assert list(back) == ["b.weight", "a.weight"]
    assert all(np.array_equal(back[name], values) for name, values in small().items())
    assert back.provenance["pruner"] == "snip"
    assert back.provenance["options"] == {"a": 1}
    assert {"version", "commit"} <= set(back.provenance)


def test_same_mask_same_bytes(tmp_path):
    for name in ("one", "two"):
        small().save(tmp_path / name, seed=3)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_apply_zeroes_what_is_removed():
    layer = nn.Linear(2, 2, bias=False)
    before = layer.weight.detach().clone()
    Mask({"weight": [[1, 0], [0, 1]]}).apply(layer)
    assert torch.equal(layer.weight, before * torch.eye(2))


def test_check_names_the_layer_that_does_not_fit():
    layer = nn.Linear(2, 2)
    with pytest.raises(UserError, match=r"a layer 'x' that the network lacks"):
        Mask({"x": [1]}).check(layer)
    with pytest.raises(UserError, match=r"shape \(3,\), the network \(2, 2\)"):
        Mask({"weight": [1, 1, 0]}).check(layer)
    with pytest.raises(UserError, match=r"keeps 3 of 4 weights; sparsity 0\.5 asks for 2"):
        Mask({"weight": [[1, 1], [1, 0]]}).check(layer, 0.5)
