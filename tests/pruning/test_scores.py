"""Every score against an answer worked out by hand or by brute force."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from prunegraph.models import prunable
from prunegraph.pruning import prune
from prunegraph.pruning.gradients import gradient, hessian_vector
from prunegraph.pruning.grasp import flow_preserved
from prunegraph.pruning.prospr import meta_gradient
from prunegraph.pruning.snip import sensitivity
from prunegraph.pruning.synflow import synaptic_flow


def linear(*rows):
    layer = nn.Linear(len(rows[0]), len(rows), bias=False)
    layer.weight.data = torch.tensor(rows, dtype=torch.float32)
    return layer


def small(seed=0):
    """A convolution, BatchNorm, ReLU and a linear layer in float64: 18 + 24 prunable weights."""
    generator = torch.Generator().manual_seed(seed)
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    for parameter in network.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.5
    return network.double()


def samples(count, seed=0, classes=3, shape=(1, 4, 4)):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(count, *shape, generator=generator, dtype=torch.float64)
    return images, torch.randint(classes, (count,), generator=generator)


# SNIP


def test_snip_of_a_two_by_two_linear_network():
    # x = (1, 1), W = I: logits (1, 1), p = (1/2, 1/2); label 0: dL/dlogits = (-1/2, 1/2),
    # dL/dW = ((-1/2, -1/2), (1/2, 1/2)), |W dL/dW| = ((1/2, 0), (0, 1/2)).
    scores = sensitivity(linear([1, 0], [0, 1]), torch.ones(1, 2), torch.tensor([0]))
    torch.testing.assert_close(scores["weight"], torch.tensor([[0.5, 0.0], [0.0, 0.5]]))


def test_snip_keeps_the_most_sensitive_weights():
    # x = (1, 3), W = ((2, 1), (-1, 2)): both logits 5, so |W dL/dW| = |W| * |x| / 2 = ((1, 1.5), (.5, 3)).
    network = linear([2, 1], [-1, 2])
    batches = [(torch.tensor([[1.0, 3.0]]), torch.tensor([1]))]
    mask = prune(network, "snip", 0.5, 0, batches, batch_size=1)
    assert mask["weight"].tolist() == [[False, True], [False, True]]


# SynFlow


def two_layers():
    return nn.Sequential(linear([1, -2], [3, 4]), nn.ReLU(), linear([5, -6]))


def test_synaptic_flow_is_the_sum_over_paths_of_products():
    # |W1| = ((1, 2), (3, 4)), |W2| = (5, 6), input of ones. Paths: 1*5 + 2*5 + 3*6 + 4*6 = 57.
    network = two_layers()
    for parameter in network.parameters():
        parameter.data.abs_()
    scores = synaptic_flow(network, prunable(network), torch.ones(1, 2))
    assert scores["0.weight"].tolist() == [[5, 10], [18, 24]]
    assert scores["2.weight"].tolist() == [[15, 42]]
    # Conservation (paper, theorem 1): every layer carries the whole flow.
    assert [float(values.sum()) for values in scores.values()] == [57, 57]


def test_synflow_ranks_by_absolute_values():
    mask = prune(two_layers(), "synflow", 0.5, 0, rounds=1, input_shape=(2,))
    assert mask["0.weight"].tolist() == [[False, False], [True, True]]
    assert mask["2.weight"].tolist() == [[False, True]]


def test_synflow_scores_again_after_every_round():
    # Single shot, 4 of 6: 42, 24, 18, 15, which leaves W2[0] without an input.
    single = prune(two_layers(), "synflow", 1 / 3, 0, rounds=1, input_shape=(2,))
    assert single["2.weight"].tolist() == [[True, True]]
    # Two rounds: 5 are left without the score 5; then W1[0, 1] and W2[0] both score 10, the earlier stays.
    twice = prune(two_layers(), "synflow", 1 / 3, 0, rounds=2, input_shape=(2,))
    assert twice["0.weight"].tolist() == [[False, True], [True, True]]
    assert twice["2.weight"].tolist() == [[False, True]]


def test_synflow_does_not_overflow_in_deep_networks():
    # The flow is 100^40 = 1e80: beyond float32.
    network = nn.Sequential(*[linear(*[[100.0 / 4] * 4] * 4) for _ in range(40)])
    assert prune(network, "synflow", 0.5, 0, rounds=2, input_shape=(4,)).kept == 320


# GraSP


def test_grasp_of_one_input_and_two_classes():
    # w = (2, 2): p = (1/2, 1/2) for every x. With T = 2, g of (x, label 0) is x (-1/2, 1/2) / T, and
    # H = x^2/4 K / T^2, K = ((1, -1), (-1, 1)). Halves (1, label 0) and (3, label 1):
    # g = (1, -1) / 2, H g = (1/4 + 9/4) / 4 * K g = 5/8 * (1, -1), w H g = (5/4, -5/4).
    images, labels = torch.tensor([[1.0], [3.0]]), torch.tensor([0, 1])
    kept = flow_preserved(linear([2], [2]), images, labels, temperature=2.0)
    torch.testing.assert_close(kept["weight"], torch.tensor([[1.25], [-1.25]]))


def test_grasp_removes_what_costs_least_flow():
    # As above; the paper's score -w H g = (-5/4, 5/4), whose largest is removed.
    batches = [(torch.tensor([[3.0], [1.0]]), torch.tensor([1, 0]))]
    mask = prune(linear([2], [2]), "grasp", 0.5, 0, batches, samples_per_class=1, temperature=2.0)
    assert mask["weight"].tolist() == [[True], [False]]


def test_hessian_vector_product_is_the_slope_of_the_gradient():
    network, (images, labels) = small(), samples(12)
    weights = {name: value.detach() for name, value in network.named_parameters()}
    vector = {name: torch.randn_like(value) for name, value in weights.items()}
    found = hessian_vector(network, weights, vector, images, labels, temperature=1.5)
    step = 1e-6
    ahead, behind = (
        gradient(network, {n: w + sign * step * vector[n] for n, w in weights.items()}, images, labels, 1.5)
        for sign in (1, -1)
    )
    for name, value in found.items():
        torch.testing.assert_close(value, (ahead[name] - behind[name]) / (2 * step), rtol=1e-6, atol=1e-8)


def test_parameters_that_the_loss_ignores_get_zero():
    network = linear([1, 0], [0, 1])
    network.register_parameter("idle", nn.Parameter(torch.ones(2)))
    parameters = dict(network.named_parameters())
    batch = torch.ones(1, 2), torch.tensor([0])
    assert gradient(network, parameters, *batch)["idle"].tolist() == [0, 0]
    assert hessian_vector(network, parameters, parameters, *batch)["idle"].tolist() == [0, 0]


# ProsPr


def unrolled_loss(network, mask, batches, lr, momentum, detach_first=False, create_graph=False):
    """The definition: mask the first weights, train by SGD with momentum, give the loss on the last batch."""
    *inner, (images, labels) = batches
    parameters = {
        name: value.detach() * mask[name] if name in mask else value.detach().requires_grad_(True)
        for name, value in network.named_parameters()
    }
    velocity = None
    for x, y in inner:
        value = cross_entropy(torch.func.functional_call(network, parameters, (x,)), y)
        slopes = torch.autograd.grad(value, list(parameters.values()), create_graph=create_graph)
        if velocity is None:
            velocity = [slope.detach() for slope in slopes] if detach_first else list(slopes)
        else:
            velocity = [momentum * old + new for old, new in zip(velocity, slopes, strict=True)]
        parameters = {n: p - lr * v for (n, p), v in zip(parameters.items(), velocity, strict=True)}
    return cross_entropy(torch.func.functional_call(network, parameters, (images,)), labels)


def ones_for(network):
    return {name: torch.ones_like(weight).requires_grad_(True) for name, weight in prunable(network).items()}


@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("detached", [False, True])
def test_meta_gradient_equals_that_of_the_unrolled_training(steps, detached):
    network, batches = small(), [samples(10, seed) for seed in range(steps + 1)]
    slopes = meta_gradient(network, batches, lr=0.5, momentum=0.9, detached_start=detached)
    mask = ones_for(network)
    loss = unrolled_loss(network, mask, batches, 0.5, 0.9, detach_first=detached, create_graph=True)
    expected = torch.autograd.grad(loss, list(mask.values()))
    for (name, weight), value in zip(prunable(network).items(), expected, strict=True):
        torch.testing.assert_close(weight.detach() * slopes[name], value, rtol=1e-9, atol=1e-12)


def test_meta_gradient_equals_finite_differences_of_the_mask():
    network, batches = small(1), [samples(10, seed) for seed in range(4)]
    slopes = meta_gradient(network, batches, lr=0.1, momentum=0.9)
    step = 1e-6
    for name, weight in prunable(network).items():
        for position in range(0, weight.numel(), 5):
            ahead, behind = (
                float(unrolled_loss(network, _nudged(network, name, position, sign * step), batches, 0.1, 0.9).detach())
                for sign in (1, -1)
            )
            score = float(weight.detach().flatten()[position] * slopes[name].flatten()[position])
            assert score == pytest.approx((ahead - behind) / (2 * step), rel=1e-5, abs=1e-8)


def _nudged(network, name, position, amount):
    mask = {key: value.detach() for key, value in ones_for(network).items()}
    mask[name].view(-1)[position] += amount
    return {key: value.requires_grad_(True) for key, value in mask.items()}


def test_meta_gradient_of_one_step_is_the_textbook_formula():
    # One plain SGD step: dL(w1)/dw0 = (I - lr H(w0)) g(w1); for W = (2, 2) and x = 1, label 0, as for GraSP:
    # g(w0) = (-1/2, 1/2), H = K/4; lr = 1: w1 = (5/2, 3/2), p = (e, 1) / (e + 1), on x = 1, label 1
    # g(w1) = q (1, -1) with q = e / (e + 1); (I - K/4) (1, -1) q = (1/2, -1/2) q.
    network = linear([2], [2])
    first, second = (torch.ones(1, 1), torch.tensor([0])), (torch.ones(1, 1), torch.tensor([1]))
    q = math.e / (math.e + 1)
    full = meta_gradient(network, [first, second], lr=1.0, momentum=0.0)
    torch.testing.assert_close(full["weight"], torch.tensor([[q / 2], [-q / 2]]))
    cut = meta_gradient(network, [first, second], lr=1.0, momentum=0.9, detached_start=True)
    torch.testing.assert_close(cut["weight"], torch.tensor([[q], [-q]]))


def test_prospr_without_steps_is_snip():
    network = small()
    snip = prune(network, "snip", 0.5, 0, [samples(20)], batch_size=20)
    prospr = prune(network, "prospr", 0.5, 0, [samples(20)], batch_size=20, steps=0)
    assert all((snip[name] == prospr[name]).all() for name in snip)


def test_scoring_alters_no_buffer():
    network = small()
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    meta_gradient(network, [samples(10), samples(10, 1)], lr=0.5, momentum=0.9)
    assert all(torch.equal(buffer, before[name]) for name, buffer in network.named_buffers())
