"""The torch operations that tracing can follow, by kind: modules, functions and tensor methods."""

import operator

import torch
from torch import nn
from torch.nn import functional as F

# These operations keep every position in its place. Operations that move positions (flatten, permute, chunk, pad, ...)
# need no list, see moving.py. Normalisation mixes positions only through statistics, which are no weights, so that it
# makes no edges.
KEEPING_MODULES = (
    nn.Identity,
    nn.modules.batchnorm._BatchNorm,
    nn.modules.instancenorm._InstanceNorm,
    nn.GroupNorm,
    nn.LayerNorm,
    nn.LocalResponseNorm,
    nn.modules.dropout._DropoutNd,
    nn.ReLU,
    nn.ReLU6,
    nn.LeakyReLU,
    nn.PReLU,
    nn.RReLU,
    nn.ELU,
    nn.SELU,
    nn.CELU,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.Sigmoid,
    nn.Tanh,
    nn.Softplus,
    nn.Softsign,
    nn.LogSigmoid,
    nn.Hardswish,
    nn.Hardsigmoid,
    nn.Hardtanh,
    nn.Hardshrink,
    nn.Softshrink,
    nn.Tanhshrink,
    nn.Threshold,
    nn.Softmax,
    nn.LogSoftmax,
)

ADDITIONS = {operator.add, operator.iadd, torch.add, "add", "add_"}
ADDITIONS |= {operator.sub, operator.isub, torch.sub, "sub", "sub_"}
ADDITIONS_IN_PLACE = {operator.iadd, operator.isub, "add_", "sub_"}

_KEEPING_NAMES = (
    "relu relu_ relu6 leaky_relu leaky_relu_ elu elu_ selu selu_ celu celu_ gelu silu mish sigmoid sigmoid_ tanh "
    "tanh_ softplus softsign logsigmoid hardswish hardsigmoid hardtanh hardtanh_ prelu rrelu softmax log_softmax "
    "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout batch_norm instance_norm "
    "group_norm layer_norm local_response_norm normalize clamp clamp_ contiguous clone detach float double half "
    "to type type_as cpu cuda mul mul_ div div_ neg requires_grad_ abs exp log sqrt rsqrt square pow sign sin cos "
    "threshold threshold_ hardshrink softshrink tanhshrink softmin"
)

# Sums, products and quotients are elementwise only if one side is a constant; the tracer checks that.
KEEPING = ADDITIONS | {operator.mul, operator.imul, operator.truediv, operator.itruediv, operator.neg, operator.pow}
for _name in _KEEPING_NAMES.split():
    _functions = getattr(torch, _name, None), getattr(F, _name, None)
    KEEPING |= {_name, *filter(callable, _functions)}

POOLING_MODULES = (nn.MaxPool2d, nn.AvgPool2d)
ADAPTIVE_MODULES = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
POOLING = {F.max_pool2d, F.avg_pool2d, torch.max_pool2d}
ADAPTIVE = {F.adaptive_avg_pool2d, F.adaptive_max_pool2d}
MEANS = {torch.mean, "mean", torch.amax, "amax", torch.sum, "sum"}
CONCATENATIONS = {torch.cat, torch.concat, torch.concatenate}
CONVOLUTIONS = {F.conv2d, torch.conv2d}
LINEARS = {F.linear}
ITEM = operator.getitem
# These use only the shape of a second tensor.
SHAPED = {"expand_as", "view_as", "reshape_as", "type_as"}
# Products of two tensors that both depend on the input.
PRODUCT_MODULES = (nn.MultiheadAttention, nn.Bilinear)
PRODUCTS = {operator.mul, operator.imul, torch.mul, "mul", "mul_"}
MATRIX_PRODUCTS = {operator.matmul, torch.matmul, "matmul", torch.bmm, "bmm", torch.baddbmm, torch.einsum}
MATRIX_PRODUCTS |= {F.scaled_dot_product_attention}
