"""What the tracer makes of small networks: layers, parts, shortcuts; and what it refuses."""

import copy

import pytest
import torch
from helpers.custom import Body
from torch import nn
from torch.nn import functional as F
from torchvision.ops import stochastic_depth

from prunegraph.encoding import encode
from prunegraph.errors import UserError
from prunegraph.metrics import topometrics
from prunegraph.wiring import trace


class Residual(nn.Module):
    """A block with two convolutions and, if its shape changes, a convolution beside them."""

    def __init__(self, inputs, outputs, stride=1, added_last=True):
        super().__init__()
        self.one = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.two = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        changes = stride != 1 or inputs != outputs
        self.side = (
            nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)) if changes else nn.Identity()
        )
        self.added_last = added_last

    def forward(self, x):
        if self.added_last:
            y = self.norm(self.two(F.relu(self.one(x))))
            y += self.side(x)
            return torch.relu(y)
        side = self.side(x)
        return F.relu(side + self.norm(self.two(F.relu(self.one(x)))))


class PreActivation(nn.Module):
    """relu(bn(x)) feeds both the main branch and the shortcut, as in Wide-ResNets."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.side = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if inputs != outputs else None
        self.one = nn.Conv2d(inputs, outputs, 3, stride, 1)
        self.two = nn.Conv2d(outputs, outputs, 3, 1, 1)

    def forward(self, x):
        y = F.relu(self.norm(x))
        main = self.two(F.dropout(F.relu(self.one(y)), training=self.training))
        return torch.add(x if self.side is None else self.side(y), main)


class Head(nn.Module):
    """Global average pooling, then a linear layer."""

    def __init__(self, channels, classes):
        super().__init__()
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = F.avg_pool2d(x, x.size()[3])
        return self.fc(x.view(x.size(0), -1))


class Calling(Body):
    """A convolution of 3 to 4 channels, then any function of its output."""

    def __init__(self, function, **modules):
        super().__init__(function, conv=nn.Conv2d(3, 4, 3, padding=1), **modules)

    def forward(self, x):
        return self.function(self, self.conv(x))


def joints(architecture):
    return {layer.name: (layer.source, layer.target) for layer in architecture.layers}


def shortcuts(architecture):
    return [layer.name for layer in architecture.layers if layer.shortcut]


@pytest.mark.parametrize("added_last", [True, False])
def test_residual_blocks(added_last):
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        Residual(4, 4, added_last=added_last),
        Residual(4, 6, 2, added_last),
        Head(6, 5),
    )
    architecture = trace(network, (3, 8, 8))
    assert architecture.maps == ((3, 8, 8), (4, 8, 8), (4, 8, 8), (4, 8, 8), (6, 4, 4), (6, 4, 4), (5, 1, 1))
    assert architecture.margin == (1, 1, 1, 1)
    assert architecture.parts == (300, 256, 256, 256, 96, 96, 5)
    assert joints(architecture) == {
        "0": (0, 1),
        "1.one": (1, 2),
        "1.two": (2, 3),
        "2.one": (3, 4),
        "2.two": (4, 5),
        "2.side.0": (3, 5),
        "3.fc": (5, 6),
    }
    assert shortcuts(architecture) == ["2.side.0"]
    head = architecture.layers[-1]
    assert head.linear and head.pool == (4, 4) and head.kernel == (1, 1) and head.weight_shape == (5, 6)


def test_preactivation_blocks():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), PreActivation(4, 8, 1), PreActivation(8, 8, 1), PreActivation(8, 9, 2))
    architecture = trace(network, (3, 8, 8))
    assert shortcuts(architecture) == ["1.side", "3.side"]
    assert joints(architecture)["1.side"] == (1, 3) and joints(architecture)["1.two"] == (2, 3)
    assert joints(architecture)["3.side"] == (5, 7)
    assert architecture.margin == (0, 0, 0, 0)


def test_a_shortcut_is_known_by_the_flow_of_data_not_by_its_name_or_size():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 4, 1)
            self.shortcut = nn.Conv2d(4, 4, 1)
            self.downsample = nn.Conv2d(4, 4, 1)
            self.main = nn.Conv2d(4, 4, 3, padding=1)

        def forward(self, x):
            x = self.stem(x)
            return self.main(x) + self.downsample(self.shortcut(x))

    assert shortcuts(trace(Odd(), (3, 4, 4))) == ["main"]


def test_two_long_branches_share_the_nodes_of_the_later():
    class Parallel(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c, self.d = (nn.Conv2d(3, 3, 1) for _ in range(4))

        def forward(self, x):
            return self.b(self.a(x)) + self.d(self.c(x))

    architecture = trace(Parallel(), (3, 4, 4))
    assert joints(architecture) == {"a": (0, 1), "b": (1, 3), "c": (0, 2), "d": (2, 3)}
    source, target, _ = encode(Parallel(), (3, 4, 4)).edges()
    assert (source < target).all()


def test_pooling_flattening_and_linear_layers():
    network = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(2, 3, (3, 1), (2, 1), (1, 0), dilation=1),
        nn.AdaptiveAvgPool2d((1, 2)),
        nn.Flatten(),
        nn.Linear(6, 4),
        nn.BatchNorm1d(4),
        nn.Dropout(),
        nn.Linear(4, 2),
        nn.Softmax(dim=1),
    )
    architecture = trace(network, (1, 8, 8))
    second, first_linear, second_linear = architecture.layers[1:]
    assert architecture.maps == ((1, 8, 8), (2, 8, 8), (3, 2, 4), (4, 1, 1), (2, 1, 1))
    assert (second.pool, second.kernel, second.stride, second.padding) == ((2, 2), (3, 1), (2, 1), (1, 0))
    assert (first_linear.pool, first_linear.kernel, first_linear.weight_shape) == ((2, 2), (1, 2), (4, 6))
    assert (second_linear.source, second_linear.target, second_linear.pool) == (3, 4, (1, 1))


def test_a_stack_of_linear_layers_begins_with_its_features():
    architecture = trace(nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 2)), (1, 3, 4))
    assert architecture.parts == (12, 5, 2)
    assert architecture.layers[0].kernel == (3, 4)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_padding_same_of_an_even_kernel_lies_below():
    architecture = trace(nn.Sequential(nn.Conv2d(1, 1, 2, padding="same")), (1, 3, 3))
    assert architecture.margin == (0, 1, 0, 1)
    assert architecture.parts == (16, 9)


@pytest.mark.parametrize(
    "function",
    [
        lambda self, x: x.mean((2, 3)),
        lambda self, x: torch.mean(x, dim=[-1, -2], keepdim=True),
        lambda self, x: F.adaptive_avg_pool2d(x, 1),
        lambda self, x: torch.flatten(F.max_pool2d(x, 8, 1), 1),
        lambda self, x: F.avg_pool2d(F.avg_pool2d(x, 2), kernel_size=(4, 4)),
    ],
)
def test_ways_of_global_pooling(function):
    network = Calling(lambda self, x: self.fc(function(self, x).reshape(-1, 4)), fc=nn.Linear(4, 2))
    assert trace(network, (3, 8, 8)).layers[1].pool == (8, 8)


@pytest.mark.parametrize(
    "function",
    [
        lambda self, x: x * torch.sigmoid(x),
        lambda self, x: 2 * x / 3 - 1,
        lambda self, x: x + x,
        lambda self, x: F.dropout(F.gelu(x.contiguous()), 0.1, self.training),
        lambda self, x: x + F.hardswish(x),
    ],
)
def test_ways_of_keeping_positions(function):
    network = Calling(lambda self, x: self.other(function(self, x)), other=nn.Conv2d(4, 1, 1))
    assert joints(trace(network, (3, 8, 8))) == {"conv": (0, 1), "other": (1, 2)}


REFUSED = {
    "joins along another axis": Calling(lambda self, x: torch.cat([x, x], 2)),
    "with a tensor that is none": Calling(lambda self, x: torch.cat([x, self.w], 1), w=None),
    "one of them by its number": Calling(lambda self, x: torch.stack(x.chunk(2, 1))),
    "'mul'.*multiplies feature maps": Calling(lambda self, x: x * self.two(x), two=nn.Conv2d(4, 4, 1)),
    "'mul' .mul_1..*squeeze-and-excitation": Calling(
        lambda self, x: 2 * x * torch.sigmoid(self.two(F.adaptive_avg_pool2d(x, 1))), two=nn.Conv2d(4, 4, 1)
    ),
    "'matmul'.*multiplies": Calling(lambda self, x: x @ x.transpose(2, 3)),
    "'scaled_dot_product_attention'.*multiplies": Calling(lambda self, x: F.scaled_dot_product_attention(x, x, x)),
    "MultiheadAttention 'attend'.*multiplies": Calling(
        lambda self, x: self.attend(y := x.flatten(2).transpose(1, 2), y, y)[0],
        attend=nn.MultiheadAttention(4, 2, batch_first=True),
    ),
    "ConvTranspose2d 'up'": Calling(lambda self, x: self.up(x), up=nn.ConvTranspose2d(4, 4, 2)),
    "Conv1d 'line'": Calling(lambda self, x: self.line(x.flatten(2)), line=nn.Conv1d(4, 4, 3)),
    "'interpolate'.*effect": Calling(lambda self, x: F.interpolate(x, scale_factor=2, mode="bilinear")),
    "MaxPool2d 'pool'.*effect": Calling(lambda self, x: self.pool(x)[0], pool=nn.MaxPool2d(2, return_indices=True)),
    "'stack'.*effect": Calling(lambda self, x: torch.stack([x, F.relu(x)], 2).flatten(1, 2)),
    "'matmul'.*effect": Calling(lambda self, x: torch.matmul(x, self.w), w=None),
    "'sort'.*effect": Calling(lambda self, x: x.sort(1)[0]),
    "conv2d.*its weight is computed": Calling(lambda self, x: F.conv2d(x, self.two.weight * 2), two=nn.Conv2d(4, 4, 1)),
    "linear.*depends on": Calling(lambda self, x: F.linear(x.mean((2, 3)), self.w, x.amax((2, 3))), w=None),
    "'two'.*not in the order": Calling(lambda self, x: self.two(x.permute(0, 1, 3, 2)), two=nn.Conv2d(4, 4, 1)),
    "max_pool2d.*not in the order": Calling(lambda self, x: F.max_pool2d(x.view(1, 4, 4, 16), 2)),
    "it adds values.*not in the order": Calling(lambda self, x: x + x.permute(0, 1, 3, 2)),
    "cat.*not in the order": Calling(lambda self, x: torch.cat([x.flatten(2), x.flatten(2)], 1)),
    "reduction over height, width or both": Calling(lambda self, x: x.mean(1)),
    "over height, width": Calling(lambda self, x: torch.mean(x)),
    "last axis of a tensor .1, 4, 8, 8.": Calling(lambda self, x: self.fc(x), fc=nn.Linear(8, 8)),
    "last axis of a tensor .1, 256.": Calling(lambda self, x: self.fc(x.view(-1)), fc=nn.Linear(256, 8)),
    "different shapes": Calling(lambda self, x: x + F.adaptive_avg_pool2d(x, 1)),
    "in place a tensor that others read": Calling(
        lambda self, x: (y := x[:, :1], y.add_(self.two(x)), self.three(x))[2],
        two=nn.Conv2d(4, 1, 1),
        three=nn.Conv2d(4, 1, 1),
    ),
    "pooled, cut or concatenated": Calling(
        lambda self, x: F.max_pool2d(self.a(x), 3, 1, 1) + self.b(x), a=nn.Conv2d(4, 4, 1), b=nn.Conv2d(4, 4, 1)
    ),
    "neither contains the other": Calling(
        lambda self, x: F.max_pool2d(x, (3, 1), 1, (1, 0)) + F.max_pool2d(x, (1, 3), 1, (0, 1))
    ),
    "before it is added": Calling(
        lambda self, x: self.d(self.c(self.b(x)) + (y := self.a(x))) + self.e(y),
        **{name: nn.Conv2d(4, 4, 1) for name in "abcde"},
    ),
    "fails on an input of shape .3, 8, 8. at Linear 'fc'": Calling(lambda self, x: self.fc(x), fc=nn.Linear(3, 3)),
    "cannot trace": Calling(lambda self, x: x if x.sum() > 0 else -x),
    "cannot trace Calling .AttributeError.*nothing": Calling(lambda self, x: self.nothing(x)),
    "cannot trace DataParallel.*without its wrapper": nn.DataParallel(nn.Conv2d(3, 4, 3)),
    "no convolution and no linear layer": nn.ReLU(),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_has_no_place_in_a_graph_is_refused_by_name(sentence):
    network = REFUSED[sentence]
    if hasattr(network, "w"):
        network.w = nn.Parameter(torch.ones(4, 4) if "linear" in sentence else torch.ones(1, 4, 8, 8))
    with pytest.raises(UserError, match=sentence):
        trace(network, (3, 8, 8))


def test_the_place_of_a_function_is_its_module():
    with pytest.raises(UserError, match=r"'fold' \(fold, in '1'\)"):
        trace(nn.Sequential(nn.Identity(), Calling(lambda self, x: F.fold(x, 3, 2))), (3, 8, 8))


def test_layers_called_as_functions():
    class Functions(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Conv2d(3, 4, 3), nn.Parameter(torch.randn(2, 4, 3, 3))
            self.head = nn.Linear(2 * 5 * 5, 3)

        def forward(self, x):
            x = F.conv2d(input=x, weight=self.one.weight, bias=self.one.bias, padding=1)
            x = torch.conv2d(F.relu(x), self.two, None, 2, 2, 1)
            return F.linear(x.flatten(1), self.head.weight, self.head.bias)

    functions = Functions()
    modules = nn.Sequential(nn.Conv2d(3, 4, 3, 1, 1), nn.Conv2d(4, 2, 3, 2, 2), nn.Flatten(), nn.Linear(50, 3))
    modules[0].weight, modules[1].weight, modules[3].weight = functions.one.weight, functions.two, functions.head.weight
    assert [layer.name for layer in trace(functions, (3, 8, 8)).layers] == ["one", "two", "head"]
    for one, other in zip(encode(functions, (3, 8, 8)).edges(), encode(modules, (3, 8, 8)).edges(), strict=True):
        assert (one == other).all()


@pytest.mark.parametrize(("network", "edges"), [(nn.Conv2d(3, 2, 3), 6 * 9 * 16), (nn.Linear(5, 2), None)])
def test_a_bare_layer(network, edges):
    if edges is None:
        with pytest.raises(UserError, match="fails on an input"):
            trace(network, (3, 6, 6))
    else:
        assert encode(network, (3, 6, 6)).number_of_edges() == edges
        assert list(encode(network, (3, 6, 6), "rolled")) == ["weight"]


def test_chunks_joined_again_are_the_map_itself():
    network = Calling(lambda self, x: self.two(torch.cat(x.chunk(2, 1), 1)), two=nn.Conv2d(4, 1, 1))
    alone = Calling(lambda self, x: self.two(x), two=nn.Conv2d(4, 1, 1))
    network.load_state_dict(alone.state_dict())
    one, other = encode(network, (3, 8, 8)), encode(alone, (3, 8, 8))
    assert len(one.blocks) == 3 and len(other.blocks) == 2
    assert all((a == b).all() for a, b in zip(one.edges(), other.edges(), strict=True))


SAME = {
    "padding of the input": (lambda self, x: self.a(F.pad(x, (1, 1, 1, 1))), lambda self, x: self.b(x)),
    "padding by another constant": (
        lambda self, x: self.a(F.pad(x, (1, 1, 1, 1), value=-1.0)),
        lambda self, x: self.b(x),
    ),
    "addition in place, its result unused": (
        lambda self, x: (y := self.b(x), y.add_(self.c(self.d(y))), self.d(y))[2],
        lambda self, x: self.d((y := self.b(x)) + self.c(self.d(y))),
    ),
    "addition in place to one half": (
        lambda self, x: (
            halves := self.h(self.g(x)).chunk(2, 1),
            y := halves[0],
            y.add_(self.d(halves[0])),
            self.d(torch.cat([halves[1]], 1)),
        )[3],
        lambda self, x: (halves := self.h(self.g(x)).chunk(2, 1), self.d(halves[0]), self.d(halves[1]))[2],
    ),
    "whatever returns its input": (
        lambda self, x: self.b(stochastic_depth(x, 0.5, "row", False)),
        lambda self, x: self.b(x),
    ),
    "keywords": (
        lambda self, x: self.e(torch.mean(input=self.b(x), dim=(2, 3))),
        lambda self, x: self.e(self.b(x).mean((-1, -2))),
    ),
    "option A": (
        lambda self, x: self.d(self.f(y := self.b(x)) + F.pad(y[:, :1, ::2, ::2], (0, 0, 0, 0, 1, 1))),
        lambda self, x: self.d(self.f(self.b(x))),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_graph_written_in_another_way(name):
    graphs = []
    for function in SAME[name]:
        torch.manual_seed(0)
        modules = {
            "a": nn.Conv2d(3, 3, 3),
            "b": nn.Conv2d(3, 3, 3, padding=1),
            "c": nn.Conv2d(3, 3, 1),
            "d": nn.Conv2d(3, 3, 1),
            "e": nn.Linear(3, 2),
            "f": nn.Conv2d(3, 3, 3, 2, 1),
            "g": nn.Conv2d(3, 2, 1),
            "h": nn.Conv2d(2, 6, 1),
        }
        modules["a"].weight = modules["b"].weight
        graphs.append(encode(Body(function, **modules), (3, 8, 8)))
    one, other = graphs
    assert one.parts == other.parts
    assert all((a == b).all() for a, b in zip(one.edges(), other.edges(), strict=True))


def test_a_module_that_is_called_twice_has_its_weights_once():
    network = Calling(lambda self, x: self.two(F.relu(self.two(x))), two=nn.Conv2d(4, 4, 1))
    graph = encode(network, (3, 8, 8))
    assert len(graph.parts) == 4 and graph.number_of_edges() == 4 * 3 * 9 * 64 + 2 * 16 * 64
    assert graph.weights == graph.parameters == 4 * 3 * 9 + 16
    assert list(encode(network, (3, 8, 8), "rolled")) == ["conv", "two"]


def test_a_view_that_contains_the_other_is_what_their_sum_sees():
    network = Calling(lambda self, x: self.two(x + F.max_pool2d(x, 3, 1, 1)), two=nn.Conv2d(4, 1, 1))
    alone = Calling(lambda self, x: self.two(F.max_pool2d(x, 3, 1, 1)), two=nn.Conv2d(4, 1, 1))
    assert trace(network, (3, 8, 8)) == trace(alone, (3, 8, 8))


class Identities(nn.Module):
    """Two identity shortcuts, one around a single convolution, one from the input."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x):
        y = x + self.a(x)
        return y + self.c(F.relu(self.b(y)))


def test_identity_edges():
    network, shape = Identities(), (2, 3, 3)
    with torch.no_grad():
        network.a.weight.copy_(torch.tensor([[2.0, 0.0], [0.0, 0.0]])[:, :, None, None])
        network.b.weight.zero_()
        network.c.weight.zero_()
    published, whole = encode(network, shape), encode(network, shape, identity_edges=True)
    assert published.parts == whole.parts == (18, 18, 18, 18)
    assert (published.weights, published.parameters) == (whole.weights, whole.parameters) == (1, 76)
    # Around `a` an identity joins what the weight joins already: one edge of weight 2 + 1.
    edges = list(zip(*(array.tolist() for array in whole.edges()), strict=True))
    assert edges == [(n, n + 18, 3.0 if n < 9 else 1.0) for n in range(18)] + [(n, n + 36, 1.0) for n in range(18, 36)]
    assert list(zip(*(array.tolist() for array in published.edges()), strict=True)) == [
        (n, n + 18, 2.0) for n in range(9)
    ]
    assert list(encode(network, shape, "rolled", identity_edges=True)) == ["a", "b", "c"]
    pooled = Calling(lambda self, x: x + F.max_pool2d(self.two(x), 3, 1, 1), two=nn.Conv2d(4, 4, 1))
    assert len(trace(pooled, (3, 8, 8)).layers) == 2
    with pytest.raises(UserError, match="identity would join are pooled"):
        trace(pooled, (3, 8, 8), identity_edges=True)


def test_identity_edges_of_moved_maps():
    def without_weights(function, **modules):
        network = Calling(function, **modules)
        for parameter in network.parameters():
            nn.init.zeros_(parameter)
        source, target, _ = encode(network, (3, 8, 8), identity_edges=True).edges()
        return (source - 300).tolist(), (target - 300 - 256).tolist()

    # Channels 0 to 3 of every other row and column reach channels 2 to 5: the others are padding.
    option_a = without_weights(
        lambda self, x: self.two(x) + F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2)), two=nn.Conv2d(4, 8, 3, 2, 1)
    )
    positions = [(c, y, x) for c in range(4) for y in range(4) for x in range(4)]
    assert option_a[0] == [c * 64 + 2 * y * 8 + 2 * x for c, y, x in positions]
    assert option_a[1] == [(c + 2) * 16 + y * 4 + x for c, y, x in positions]
    flipped = without_weights(lambda self, x: self.two(x) + x.flip(3), two=nn.Conv2d(4, 4, 1))
    assert flipped[0] == list(range(256))
    assert flipped[1] == [row * 8 + 7 - column for row in range(32) for column in range(8)]


def test_a_pooled_input_beside_a_padded_one():
    class Beside(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(1, 1, 3, 2, 1), nn.Conv2d(1, 1, 1)

        def forward(self, x):
            return self.a(x) + self.b(F.max_pool2d(x, 2))

    network = Beside()
    with torch.no_grad():
        network.a.weight.zero_()
    # The 2x2 image is 5, 6, 9, 10 of the padded 4x4 nodes.
    source, target, _ = encode(network, (1, 2, 2)).edges()
    assert source.tolist() == [5, 6, 9, 10] and target.tolist() == [16] * 4


def test_several_inputs_are_refused():
    class Two(nn.Module):
        def forward(self, x, y=None):
            return x

    with pytest.raises(UserError, match="several inputs"):
        trace(Two(), (3, 8, 8))
    with pytest.raises(UserError, match="input shape"):
        trace(nn.Conv2d(1, 1, 1), (8, 8))


def test_the_network_is_left_as_it_was():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), PreActivation(4, 4, 1))
    network[1].eval()
    modes = [module.training for module in network.modules()]
    before, state = copy.deepcopy(network.state_dict()), torch.get_rng_state()
    trace(network, (3, 8, 8))
    assert [module.training for module in network.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
    with pytest.raises(UserError):
        trace(nn.Sequential(network, nn.ConvTranspose2d(4, 4, 2)), (3, 8, 8))
    assert [module.training for module in network.modules()] == modes


def test_masks_of_torch_prune_count():
    from torch.nn.utils import prune

    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    prune.custom_from_mask(network[1], "weight", torch.eye(3, 4))
    source, target, _ = encode(network, (1, 2, 2)).edges()
    assert source.tolist() == [0, 1, 2] and target.tolist() == [4, 5, 6]


class Slices(nn.Module):
    """Adds a slice of a layer's map to what was computed from `read` of its three slices."""

    def __init__(self, read):
        super().__init__()
        self.read = read
        self.a, self.b, self.d = nn.Conv2d(4, 6, 1), nn.Conv2d(2 * len(read), 2, 1), nn.Conv2d(2, 3, 1)

    def forward(self, x):
        slices = torch.split(self.a(x), 2, 1)
        return self.d(self.b(torch.cat([slices[number] for number in self.read], 1)) + slices[2])


def test_another_slice_of_the_same_layer_is_no_identity():
    with pytest.raises(UserError, match="adds channels of an earlier map to a branch that has read only others"):
        encode(Slices([0, 1]), (4, 1, 1))
    assert encode(Slices([0, 1, 2]), (4, 1, 1)).number_of_edges() == 4 * 6 + 6 * 2 + 2 * 3
    assert encode(Slices([2]), (4, 1, 1)).number_of_edges() == 4 * 6 + 2 * 2 + 2 * 3


class Heads(nn.Module):
    """Two outputs behind one layer."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 5), nn.Linear(5, 2), nn.Linear(5, 3)

    def forward(self, x):
        hidden = self.a(x.flatten(1)).relu()
        return {"boxes": self.b(hidden), "classes": self.c(hidden)}


def test_every_head_is_an_output():
    network = Heads()
    with torch.no_grad():
        network.b.weight[:, 0] = network.c.weight[:, 0] = 0  # a unit that no head reads
    graph = encode(network, (4, 1, 1))
    assert (graph.parts, graph.outputs()) == ((4, 5, 2, 3), (2,))
    for path in ("explicit", "implicit"):
        found = topometrics(graph, path=path)
        assert (found["sink_nodes"], found["removable_out"]) == (1, 4)
