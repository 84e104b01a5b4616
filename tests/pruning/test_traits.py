"""Traits of pruners: what is counted, which layers, repairs, facts; their file; what a task offers."""

import numpy as np
import pytest
import torch
from helpers.toy import Toy, supply
from torch import nn

from prunegraph import catalogue, tensors, training
from prunegraph.catalogue import Pruner
from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.pruning import prune, units
from prunegraph.pruning.pruned import Pruned

HERE = "test_traits"


def strongest_units(task, *, scope="layer"):
    """Keep the units of largest norm, in each layer or in all."""
    groups = units.groups_of(task)
    norms = {name: weight.detach().flatten(1).norm(dim=1) for name, weight in task.weights.items()}
    kept = units.largest_units(task, groups, [units.joined(group, norms) for group in groups], scope)
    largest = float(max(norm.max() for norm in norms.values()))
    return Pruned(units.unit_masks(task, groups, kept), facts={"largest": largest})


def half_units(task):
    """Keep every other row of each layer, but of the depthwise layer the others, though they are tied."""
    kept = {name: torch.ones(weight.shape, dtype=torch.bool) for name, weight in task.weights.items()}
    for name, mask in kept.items():
        mask[int(name == "depthwise.weight") :: 2] = False
    return kept


def first_inputs(task):
    """Keep the first inputs of every unit, as many weights in all as asked for if these are counted."""
    if task.counts == "weights":
        order = torch.arange(task.size)
        pieces = (order < task.kept).split([weight.numel() for weight in task.weights.values()])
        return {name: piece.view_as(task.weights[name]) for name, piece in zip(task.weights, pieces, strict=True)}
    return {
        name: (torch.arange(weight[0].numel()) < task.kept_in[name]).view_as(weight[0]).expand_as(weight)
        for name, weight in task.weights.items()
    }


def one_too_many(task):
    kept = first_inputs(task)
    name = next(iter(kept))
    kept[name] = kept[name].clone()
    kept[name].view(len(kept[name]), -1)[1, -1] = True
    return kept


def doubled(task, pruned):
    """A repair: the first layer doubled, the last bias of ones."""
    weights = dict(task.network.named_parameters())
    return {"stem.weight": 2 * weights["stem.weight"], "out.bias": torch.ones(36)}


@pytest.fixture
def pruners(monkeypatch):
    """Four pruners and a repair in the catalogue, for one test."""
    kinds = {"counts": ("units",), "layers": "but_last", "prunes": "trained", "finetune": 0.0}
    for name, record in {
        "units": Pruner(f"{HERE}:strongest_units", "", **kinds),
        "half": Pruner(f"{HERE}:half_units", "", **kinds),
        "inputs": Pruner(f"{HERE}:first_inputs", "", counts=("inputs", "weights"), repair="doubled"),
        "wrong": Pruner(f"{HERE}:one_too_many", "", counts=("inputs",)),
    }.items():
        monkeypatch.setitem(catalogue.PRUNERS, name, record)
    monkeypatch.setitem(catalogue.REPAIRS, "doubled", f"{HERE}:doubled")


def test_units_of_each_layer_but_the_last(pruners):
    found = prune(Toy(), "units", 0.75, 0, supply())
    rows = {name: values.reshape(len(values), -1) for name, values in found.items()}
    assert {name: int(values.any(1).sum()) for name, values in rows.items()} == {
        **{"stem.weight": 3, "depthwise.weight": 3, "mix.weight": 3, "shortcut.weight": 3},
        **{"out.weight": 9, "last.weight": 4},
    }
    assert all((values.any(1) == values.all(1)).all() for values in rows.values())
    assert found.facts["largest"] > 0 and not found.new_values


def test_units_ranked_over_all_layers_are_counted_over_all_and_tied_ones_once(pruners):
    found = prune(Toy(), "units", 0.75, 0, supply(), scope="global")
    kept = {name: int(values.reshape(len(values), -1).any(1).sum()) for name, values in found.items()}
    assert kept["stem.weight"] == kept["depthwise.weight"] and kept["mix.weight"] == kept["shortcut.weight"]
    assert kept["last.weight"] == 4
    counts = [kept[name] for name in ("stem.weight", "mix.weight", "out.weight")]
    assert sum(counts) == 15 and counts != [3, 3, 9]  # of 12 + 12 + 36


def test_tied_units_that_are_torn_apart_are_named(pruners):
    with pytest.raises(UserError, match=r"'half' keeps 12 of 12 units of 'stem.weight' and 'depthwise.weight'.* for 6"):
        prune(Toy(), "half", 0.5, 0, supply())


def test_inputs_of_each_unit_or_weights_in_all(pruners):
    found = prune(Toy(), "inputs", 0.5, 0)
    assert {int(row.sum()) for row in found["stem.weight"].reshape(12, -1)} == {9}  # of 2 x 3 x 3
    assert {int(row.sum()) for row in found["last.weight"]} == {18}
    assert prune(Toy(), "inputs", 0.5, 0, counts="weights").kept == 1170
    with pytest.raises(UserError, match="'inputs' counts inputs or weights, found counts: units"):
        prune(Toy(), "inputs", 0.5, 0, counts="units")
    with pytest.raises(UserError, match="'snip' counts weights, found counts: inputs"):
        prune(Toy(), "snip", 0.5, 0, supply(), counts="inputs")


def test_a_unit_with_too_many_inputs_is_named(pruners):
    with pytest.raises(UserError, match=r"'wrong' keeps 10 of 18 inputs of unit 1 of 'stem.weight'; .* asks for 9"):
        prune(Toy(), "wrong", 0.5, 0)


def test_a_repair_changes_weights_and_goes_through_the_file(pruners, tmp_path):
    network = Toy()
    before = network.stem.weight.detach().clone()
    found = prune(network, "inputs", 0.5, 0)
    assert torch.equal(network.stem.weight, before)
    found.save(tmp_path / "pruned.safetensors", made_from="x")
    arrays, header = tensors.load(tmp_path / "pruned.safetensors")
    assert {name: str(array.dtype) for name, array in arrays.items() if ":" in name} == {
        "value:stem.weight": "float32",
        "value:out.bias": "float32",
    }
    assert header["repair"] == "doubled" and header["counts"] == "inputs"
    again = Pruned.load(tmp_path / "pruned.safetensors")
    again.apply(network)
    assert torch.equal(network.stem.weight, 2 * before * torch.from_numpy(found["stem.weight"]))
    assert network.out.bias.eq(1).all()
    assert not network.last.weight.detach()[:, 18:].any()
    assert list(Mask.load(tmp_path / "pruned.safetensors")) == list(found)
    assert not prune(network, "inputs", 0.5, 0, repair="").new_values


def test_facts_go_through_the_file_and_files_of_masks_are_read(pruners, tmp_path):
    found = prune(Toy(), "units", 0.75, 0, supply())
    found.save(tmp_path / "units.safetensors")
    assert Pruned.load(tmp_path / "units.safetensors").facts == found.facts
    Mask(found, {"seed": 3}).save(tmp_path / "mask.safetensors")
    old = Pruned.load(tmp_path / "mask.safetensors")
    assert (old.kept, old.facts, old.new_values, old.provenance["seed"]) == (found.kept, {}, {}, 3)


def test_values_and_facts_that_are_none_are_refused():
    kept = {"weight": np.ones((2, 2), dtype=bool)}
    with pytest.raises(UserError, match=r"fact 'path' of a pruner is \[1\]; expected a number"):
        Pruned(kept, facts={"path": [1]})
    with pytest.raises(UserError, match="new value of 'bias' holds numbers that are not finite"):
        Pruned(kept, {"bias": [1.0, float("nan")]})
    with pytest.raises(UserError, match=r"new value of 'bias' has shape \(3,\), the network's \(2,\)"):
        Pruned(kept, {"bias": [1.0, 2.0, 3.0]}).apply(nn.Linear(2, 2))
    with pytest.raises(UserError, match="new value for 'scale', which the network lacks"):
        Pruned(kept, {"scale": [1.0]}).apply(nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("layers", "untouched"), [("first", slice(1, None)), ("hidden", slice(0, None, 5)), ("but_last", slice(5, None))]
)
@pytest.mark.parametrize("pruner", ["uniform", "erk", "magnitude", "snip"])
def test_other_layers_keep_everything(pruner, layers, untouched):
    found = prune(Toy(), pruner, 0.5, 0, supply(), layers=layers, **({"batch_size": 8} if pruner == "snip" else {}))
    names = list(found)[untouched]
    assert all(found[name].all() for name in names)
    rest = [found[name] for name in found if name not in names]
    assert sum(int(values.sum()) for values in rest) == round(sum(values.size for values in rest) / 2)


def test_layers_that_are_not_there_and_masks_that_move_over_all():
    with pytest.raises(UserError, match="layers: hidden chooses none of the 1 prunable layers"):
        prune(nn.Linear(4, 4), "uniform", 0.5, 0, layers="hidden")
    with pytest.raises(UserError, match="'rigl' goes on choosing in training, in all layers; found layers: first"):
        prune(Toy(), "rigl", 0.5, 0, layers="first")


def test_no_epoch_is_left_of_a_recipe_by_the_share_zero():
    recipe = training.recipe("quick", "digits", "conv6", epochs=8)
    assert [recipe.shortened(share).epochs for share in (0, 0.01, 0.5, 1)] == [0, 1, 4, 8]
