"""Kinds of operations, by what they do to channels: axis 1 of a tensor, or, of tokens (N x T x C), the last."""

import operator
from collections.abc import Sequence

import torch
from torch import fx, nn
from torch.nn import functional as F

from prunegraph.wiring import operations

LAYER, DEPTHWISE, NORM, JOIN, CONCATENATION = "layer", "depthwise", "norm", "join", "concatenation"
FLATTENING, POOLING, POINTWISE, OTHER = "flattening", "pooling", "pointwise", "other"
"""Kinds of operations. An operation of the kind OTHER may mix channels, count them or separate them."""

JOINS = operations.ADDITIONS | operations.PRODUCTS
IN_PLACE = operations.ADDITIONS_IN_PLACE | {operator.imul, "mul_"}
FLATTENINGS = {torch.flatten, "flatten", torch.reshape, "reshape", "view"}
ACTIVATIONS = tuple(
    module
    for module in operations.KEEPING_MODULES
    if module
    not in (
        nn.modules.batchnorm._BatchNorm,
        nn.modules.instancenorm._InstanceNorm,
        nn.GroupNorm,
        nn.LayerNorm,
        nn.LocalResponseNorm,
        nn.PReLU,
        nn.Softmax,
        nn.LogSoftmax,
    )
)
# Norms and softmax mix channels; prelu and the norms have parameters of their own.
_MIXING = (
    "softmax log_softmax softmin batch_norm instance_norm group_norm layer_norm local_response_norm normalize prelu"
)
_mixing = {
    function
    for name in _MIXING.split()
    for function in (name, getattr(torch, name, None), getattr(F, name, None))
    if function is not None
}
POINTWISE_FUNCTIONS = operations.KEEPING - _mixing


def kind_of(
    node: fx.Node, module: nn.Module | None, inputs: Sequence[torch.Tensor], foreign: bool, result: torch.Tensor
) -> str:
    """Find the kind of one operation.

    Parameters
    ----------
    node
        Node of the operation in the traced network.
    module
        The module that is called, if the operation calls one.
    inputs
        The tensors that the operation reads and that depend on the network's input.
    foreign
        Whether the operation also reads another tensor of more than one value.
    result
        The result of the operation.
    """
    if foreign or any(tensor.dim() < 2 for tensor in (*inputs, result)):
        return OTHER
    target = node.target
    if module is not None:
        return _kind_of_module(module, inputs[0], result)
    if target in operations.CONCATENATIONS:
        # Nothing is known if the dimension is no plain number, or if the list holds anything except tensors of the
        # network.
        axis = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
        tensors = node.args[0] if node.args else ()
        whole = len(tensors) == len(inputs)
        own = axis_of(result)
        return CONCATENATION if whole and axis in (own, own - result.dim()) else OTHER
    if len(inputs) > 1:
        alike = target in JOINS and all(
            tensor.dim() == result.dim() and count_of(tensor) == count_of(result) for tensor in inputs
        )
        changed = target in IN_PLACE and len(node.args[0].users) > 1
        return JOIN if alike and not changed else OTHER
    same = count_of(inputs[0]) == count_of(result)
    if target in FLATTENINGS:
        return FLATTENING if _flattens(inputs[0], result) and not _counts(node) else OTHER
    if target in operations.POOLING | operations.ADAPTIVE:
        return POOLING if same and inputs[0].dim() == 4 else OTHER
    if target in operations.MEANS - {torch.sum, "sum"}:
        axes = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else ())
        spatial = inputs[0].dim() == 4 and axes and set(axes if isinstance(axes, list | tuple) else [axes]) <= SPATIAL
        return POOLING if spatial else OTHER
    return POINTWISE if target in POINTWISE_FUNCTIONS and inputs[0].shape == result.shape else OTHER


SPATIAL = {2, 3, -1, -2}


def axis_of(tensor: torch.Tensor) -> int:
    """The axis of a tensor's channels: the last of tokens (N x T x C), else the second."""
    return 2 if tensor.dim() == 3 else 1


def count_of(tensor: torch.Tensor) -> int:
    """The number of a tensor's channels; 0 if it has fewer than two axes."""
    return tensor.shape[axis_of(tensor)] if tensor.dim() > 1 else 0


def _kind_of_module(module: nn.Module, tensor: torch.Tensor, result: torch.Tensor) -> str:
    if type(module) is nn.Linear and tensor.dim() in (2, 3):
        return LAYER
    if type(module) is nn.Conv2d and tensor.dim() == 4:
        if module.groups == 1:
            return LAYER
        return DEPTHWISE if module.groups == module.in_channels else OTHER
    if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        return NORM if tensor.dim() == (4 if isinstance(module, nn.BatchNorm2d) else 2) else OTHER
    if isinstance(module, nn.Flatten):
        return FLATTENING if _flattens(tensor, result) else OTHER
    if isinstance(module, operations.POOLING_MODULES + operations.ADAPTIVE_MODULES):
        return POOLING if tensor.dim() == 4 else OTHER
    return POINTWISE if isinstance(module, ACTIVATIONS) else OTHER


def pads(kind: str, node: fx.Node, module: nn.Module | None) -> bool:
    """Whether a layer or a pooling pads its input with zeros, so that a constant input changes at the border."""
    if kind in (LAYER, DEPTHWISE):
        return (
            isinstance(module, nn.Conv2d) and module.padding_mode == "zeros" and module.padding not in ("valid", (0, 0))
        )
    if isinstance(module, nn.AvgPool2d):
        return module.padding not in (0, (0, 0))
    if node.target is F.avg_pool2d:
        return node.kwargs.get("padding", node.args[3] if len(node.args) > 3 else 0) not in (0, (0, 0), [0, 0])
    return False


def _flattens(tensor: torch.Tensor, result: torch.Tensor) -> bool:
    # Of tokens, channels would not stay together.
    return tensor.dim() != 3 and tuple(result.shape) == (tensor.shape[0], tensor[0].numel())


def _counts(node: fx.Node) -> bool:
    """Whether a reshaping has the number of values as a fixed number; a smaller network has fewer values."""
    if node.target in (torch.flatten, "flatten"):
        return False
    sizes = [*node.args[1:], *node.kwargs.values()]
    flat = [size for entry in sizes for size in (entry if isinstance(entry, list | tuple) else [entry])]
    return any(isinstance(size, int) and size > 1 for size in flat)
