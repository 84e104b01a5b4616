"""Every name that a configuration may use, and where its implementation lives.

This file imports nothing heavy, so the workflow can check names and build its
plan without torch. A value is ``"module:attribute"``; :func:`lookup` imports
the module only when the name is used.
"""

import difflib
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from prunegraph.errors import UserError

DATASETS = {
    "digits": "prunegraph.datasets.digits:read",
    "mnist": "prunegraph.datasets.idx:read_mnist",
    "fashion_mnist": "prunegraph.datasets.idx:read_fashion_mnist",
    "cifar10": "prunegraph.datasets.cifar:read_cifar10",
    "cifar100": "prunegraph.datasets.cifar:read_cifar100",
    "tiny_imagenet": "prunegraph.datasets.tiny_imagenet:read",
    "svhn": "prunegraph.datasets.svhn:read",
    "imagenet": "prunegraph.datasets.imagenet:read",
    "imagefolder": "prunegraph.datasets.imagefolder:read",
}

MODELS = {
    "conv6": "prunegraph.models.conv6:conv6",
    "mlp": "prunegraph.models.mlp:mlp",
    "mobilenet_v2": "prunegraph.models.mobilenet:mobilenet_v2",
    "resnet20": "prunegraph.models.resnet:resnet20",
    "resnet32": "prunegraph.models.resnet:resnet32",
    "wide_resnet28_2": "prunegraph.models.wide_resnet:wide_resnet28_2",
}

PRUNERS = {
    "dense": "prunegraph.pruning.dense:dense",
    "snip": "prunegraph.pruning.snip:snip",
    "grasp": "prunegraph.pruning.grasp:grasp",
    "synflow": "prunegraph.pruning.synflow:synflow",
    "prospr": "prunegraph.pruning.prospr:prospr",
    "uniform": "prunegraph.pruning.uniform:uniform",
    "er": "prunegraph.pruning.erdos_renyi:er",
    "er_classic": "prunegraph.pruning.erdos_renyi:er_classic",
    "erk": "prunegraph.pruning.erdos_renyi:erk",
    "set": "prunegraph.pruning.dynamic.set:set_",
    "rigl": "prunegraph.pruning.dynamic.rigl:rigl",
    "snfs": "prunegraph.pruning.dynamic.snfs:snfs",
    "dsr": "prunegraph.pruning.dynamic.dsr:dsr",
    "itop": "prunegraph.pruning.dynamic.itop:itop",
    "magnitude": "prunegraph.pruning.magnitude:magnitude",
    "iterative_magnitude": "prunegraph.pruning.magnitude:iterative_magnitude",
    "snip_compat": "prunegraph.pruning.snip:snip_compat",
    "grasp_compat": "prunegraph.pruning.grasp:grasp_compat",
    "synflow_compat": "prunegraph.pruning.synflow:synflow_compat",
    "prospr_compat": "prunegraph.pruning.prospr:prospr_compat",
    "uniform_compat": "prunegraph.pruning.uniform:uniform_compat",
    "er_compat": "prunegraph.pruning.erdos_renyi:er_compat",
    "erk_compat": "prunegraph.pruning.erdos_renyi:erk_compat",
}

# Pruners whose mask moves during training, with what moves it. Its options are the pruner's.
DYNAMICS = {
    "set": "prunegraph.pruning.dynamic.set:dynamics",
    "rigl": "prunegraph.pruning.dynamic.rigl:dynamics",
    "snfs": "prunegraph.pruning.dynamic.snfs:dynamics",
    "dsr": "prunegraph.pruning.dynamic.dsr:dynamics",
    "itop": "prunegraph.pruning.dynamic.itop:dynamics",
}

# Pruners of trained networks: they prune the dense network of their cell, and training goes on from its weights.
POST_TRAINING = ("magnitude",)

# Pruners that train several times to find their mask, with what does so. Its options are the pruner's.
IN_ROUNDS = {"iterative_magnitude": "prunegraph.training.iterative:train"}

# Image shapes (channels, height, width) after preparation, so that impossible pairs are known beforehand.
# A data set's options `channels` and `size` replace these numbers.
INPUT_SHAPES = {
    "digits": (1, 8, 8),
    "mnist": (1, 28, 28),
    "fashion_mnist": (1, 28, 28),
    "cifar10": (3, 32, 32),
    "cifar100": (3, 32, 32),
    "tiny_imagenet": (3, 32, 32),
    "svhn": (3, 32, 32),
    "imagenet": (3, 64, 64),
    "imagefolder": (3, 32, 32),
}

# Data sets with a published normalisation and augmentation, which a variant of another one may be `like`.
PUBLISHED_DATASETS = ("cifar10", "cifar100", "tiny_imagenet")

# The smallest image side with which a model has an output.
SMALLEST_INPUT = {"conv6": 8, "mlp": 1, "mobilenet_v2": 8, "resnet20": 4, "resnet32": 4, "wide_resnet28_2": 4}

# Training recipes, each with the data sets it was published for (none: any).
RECIPES = {
    "quick": (),
    "published": PUBLISHED_DATASETS,
}

ENCODINGS = {
    "unrolled": "prunegraph.encoding.unrolled:unrolled",
    "rolled": "prunegraph.encoding.rolled:rolled",
    "rolled_channel": "prunegraph.encoding.rolled:rolled_channel",
}

MODES = ("clean", "compat")
MOTIFS = ("exact", "estimate")

# Each figure of the main study, in the order in which a reader meets them; rules/figures.smk says what each is
# drawn from.
FIGURES = {
    "encodings": "prunegraph.figures.encodings:draw",
    "multipartite": "prunegraph.figures.multipartite:draw",
    "pruners": "prunegraph.figures.multipartite:draw_several",
    "sizes": "prunegraph.figures.sizes:draw",
    "mask_stability": "prunegraph.figures.mask_stability:draw",
    "accuracy": "prunegraph.figures.accuracy:draw",
    "performance": "prunegraph.figures.performance:draw",
    "ramanujan": "prunegraph.figures.ramanujan:draw",
    "regression": "prunegraph.figures.regression:draw",
    "regression_table": "prunegraph.figures.regression_table:draw",
    "trained_weights": "prunegraph.figures.trained_weights:draw",
    "prediction": "prunegraph.figures.prediction:draw",
    "importance": "prunegraph.figures.importance:draw",
    "ranking": "prunegraph.figures.ranking:draw",
    "costs": "prunegraph.figures.costs:draw",
}

# The systems that are studied together: the method family that a network's `system` names, and its source.
SYSTEMS = {
    "mge": "Multipartite graph encoding of networks pruned at initialisation (Cunegatti et al., TMLR 2024)",
    "bogp": "Bayesian optimised graph pruning (student report and notebook, MNIST)",
    "dpp": "Determinantal point processes for edges and nodes (Acharyya et al., 2020)",
    "mlp_rank": "Structured pruning by weighted PageRank (Hoffmann et al., 2024)",
    "rgp": "Regular graphs as masks (Chen et al., TNNLS 2023)",
}


def known(names: Iterable[str], name: str, kind: str) -> str:
    """Return `name` if it is one of `names`.

    Raises
    ------
    UserError
        With the nearest legal name and the whole list.
    """
    names = list(names)
    if name in names:
        return name
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UserError(f"Unknown {kind} {name!r}.{hint} Known: {', '.join(names)}.")


def module_of(table: Mapping[str, str], name: str) -> str:
    """The module that implements `name`, without importing it."""
    return table[name].partition(":")[0]


def lookup(table: Mapping[str, str], name: str, kind: str) -> Any:
    """Import and return what `name` stands for in `table`; `kind` is used in the error sentence."""
    module, _, attribute = table[known(table, name, kind)].partition(":")
    return getattr(import_module(module), attribute)
