"""The optimal brain surgeon against least squares after every step, and against rules that it contains."""

import numpy as np
import pytest
import torch
from torch import nn

from prunegraph.errors import UserError
from prunegraph.pruning import activations, prune
from prunegraph.pruning.obs import removal_order
from prunegraph.pruning.remembering import remembering


def inputs(count=60, width=8, seed=0):
    draw = np.random.default_rng(seed)
    mixed = draw.standard_normal((count, width)) @ draw.standard_normal((width, width)) + 0.5
    return torch.from_numpy(mixed).float().view(count, 1, 1, width)


def layer(width=8, units=5, bias=True, seed=0):
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Flatten(), nn.Linear(width, units, bias=bias))
    network.input_shape = (1, 1, width)
    return network


def steps(x, weights, ridge, intercept, count):
    """Remove inputs one by one, each time that without which least squares, solved anew, changes the outputs least."""
    x = x - x.mean(0) if intercept else x
    gram = x.T @ x
    gram = gram + ridge * np.diag(gram).mean() * np.eye(len(gram))
    left, order, now = list(range(len(weights))), [], weights
    while len(order) < count:
        losses = {}
        for item in left:
            stay = [other for other in left if other != item]
            solved = np.zeros(len(weights))
            solved[stay] = np.linalg.solve(gram[np.ix_(stay, stay)], gram[stay] @ weights)
            losses[item] = ((weights - solved) @ gram @ (weights - solved), solved)
        item = min(losses, key=lambda one: losses[one][0])
        now = losses[item][1]
        left.remove(item)
        order.append(item)
    return order, now


@pytest.mark.parametrize("bias", [True, False])
def test_each_step_is_the_best_by_least_squares(bias):
    network, images = layer(bias=bias), inputs()
    x = images.flatten(1).double().numpy()
    for kept in (6, 3, 1):
        found = prune(network, "obs", 1 - kept / 8, 0, [(images, torch.zeros(60))], ridge=1e-3, repair="")
        for unit, row in enumerate(network[1].weight.detach().double().numpy()):
            order, _ = steps(x, row, 1e-3, bias, 8 - kept)
            assert sorted(np.flatnonzero(~found["1.weight"][unit])) == sorted(order)


def test_the_repair_leads_where_the_steps_lead():
    network, images = layer(), inputs()
    found = prune(network, "obs", 0.5, 0, [(images, torch.zeros(60))])
    assert found.provenance["repair"] == "least_squares"
    for unit, row in enumerate(network[1].weight.detach().double().numpy()):
        expected = steps(images.flatten(1).double().numpy(), row, 1e-4, True, 4)[1]
        assert np.allclose(found.new_values["1.weight"][unit], expected, atol=2e-3)


def test_independent_inputs_are_ranked_by_weight_and_deviation():
    matrix = torch.diag(torch.tensor([1.0, 4.0, 9.0, 0.25], dtype=torch.float64))
    order = removal_order(torch.linalg.inv(matrix), torch.tensor([2.0, 0.9, -0.1, 5.0]).double(), 4)
    assert order.tolist() == [2, 1, 0, 3]  # weight times deviation: 2, 1.8, 0.3, 2.5


def test_of_two_equal_inputs_one_goes_for_nothing():
    images = inputs()
    images[..., 1] = images[..., 0]
    network = layer()
    with torch.no_grad():
        network[1].weight[:, :2] = 1.0  # the largest weights
    found = prune(network, "obs", 1 / 8, 0, [(images, torch.zeros(60))], ridge=1e-6)
    assert (found["1.weight"][:, :2].sum(1) == 1).all()
    kept = found.new_values["1.weight"][:, :2].sum(1)
    assert np.allclose(kept, 2, rtol=1e-2)


def test_no_rule_errs_less_after_the_same_repair():
    network, images = layer(units=40), inputs()
    batches = [(images, torch.zeros(60))]

    def error(pruner):
        found = prune(network, pruner, 0.5, 0, batches, repair="least_squares", layers="all")
        other = layer(units=40)
        other.load_state_dict(network.state_dict())
        found.apply(other)
        with torch.no_grad():
            return float((other(images) - network(images)).square().mean())

    errors = {pruner: error(pruner) for pruner in ("obs", "wanda", "importance_edge", "random_edge", "dpp_edge")}
    assert min(errors, key=errors.get) == "obs"


def test_one_gram_matrix_and_one_order_for_all_sparsities(monkeypatch):
    network, batches = layer(), [(inputs(), torch.zeros(60))]
    expected = [prune(network, "obs", sparsity, 0, batches) for sparsity in (0.25, 0.5, 0.75)]
    runs, real = [], activations._run
    monkeypatch.setattr(activations, "_run", lambda *arguments: runs.append(1) or real(*arguments))
    with remembering():
        found = [
            prune(network, "obs", sparsity, 0, batches, sparsities=(0.25, 0.5, 0.75)) for sparsity in (0.25, 0.5, 0.75)
        ]
    assert len(runs) == 1
    for one, other in zip(expected, found, strict=True):
        assert (one["1.weight"] == other["1.weight"]).all()
    assert not (found[2]["1.weight"] & ~found[0]["1.weight"]).any()  # nested


def test_what_cannot_be_done():
    with pytest.raises(UserError, match=r"The ridge is 0\.0; expected a number above 0"):
        prune(layer(), "obs", 0.5, 0, [(inputs(), torch.zeros(60))], ridge=0.0)
    same = inputs()[..., :1].expand(-1, -1, -1, 8).contiguous()
    with pytest.raises(UserError, match=r"inputs of layer '1\.weight' depend on each other"):
        prune(layer(), "obs", 0.5, 0, [(same, torch.zeros(60))], ridge=1e-18)


def test_where_no_input_varies_the_smallest_weights_go():
    network = layer()
    mask = prune(network, "obs", 0.5, 0, [(torch.ones(60, 1, 1, 8), torch.zeros(60))])
    weights = network[1].weight.detach().abs()
    smallest = weights.argsort(dim=1)[:, :4]
    assert not torch.from_numpy(mask["1.weight"]).gather(1, smallest).any() and mask.kept == weights.numel() // 2
