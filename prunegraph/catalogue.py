"""Every name that a configuration may use, and where its implementation lives.

This file imports nothing heavy, so the workflow can check names and build its
plan without torch. A value is ``"module:attribute"``; :func:`lookup` imports
the module only when the name is used.
"""

import difflib
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from prunegraph import own
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
DATASETS = own.Open(DATASETS)

MODELS = {
    "conv6": "prunegraph.models.conv6:conv6",
    "mlp": "prunegraph.models.mlp:mlp",
    "mobilenet_v2": "prunegraph.models.mobilenet:mobilenet_v2",
    "resnet18": "prunegraph.models.large_resnet:resnet18",
    "resnet20": "prunegraph.models.resnet:resnet20",
    "resnet32": "prunegraph.models.resnet:resnet32",
    "resnet34": "prunegraph.models.large_resnet:resnet34",
    "resnet50": "prunegraph.models.large_resnet:resnet50",
    "resnet56": "prunegraph.models.resnet:resnet56",
    "vgg16_bn": "prunegraph.models.vgg:vgg16_bn",
    "wide_resnet28_2": "prunegraph.models.wide_resnet:wide_resnet28_2",
}
MODELS = own.Open(MODELS)

LAYERS = ("all", "first", "hidden", "but_last")
"""Which layers a method prunes, in the order of the network's modules; hidden: neither the first nor the last."""

COUNTS = ("weights", "inputs", "units", "blocks")
"""What a sparsity is the share of.

All weights together; the inputs of each unit (the entries of its row of weights); the units of each layer (the output
channels); the entries of the block matrix of a relational graph, diagonal included.
"""


class Pruner(NamedTuple):
    """All that the workflow knows of a pruner; a method may override `counts`, `layers`, `finetune` and `repair`.

    The options of a pruner are the keyword-only parameters of `choose` and `moves`. One named ``compat`` reproduces
    quirks of published code, which may miss the exact number.

    Parameters
    ----------
    choose
        ``"module:function"``, from a :class:`prunegraph.pruning.task.Task` to masks or :class:`.Pruned`.
    about
        What it does, for the table of the README.
    prunes
        ``initial`` weights, or those of the ``trained`` dense network of the same data set, model and seed.
    counts
        Words of :data:`COUNTS` that it can do; the first is the default.
    layers
        One of :data:`LAYERS`.
    finetune
        Share of the recipe's epochs that follow; with 0 the network is tested at once.
    repair
        A name of :data:`REPAIRS`, or none: how the weights that are kept make up for the others.
    moves
        ``"module:function"`` of what moves the mask in training (:mod:`prunegraph.pruning.dynamic`).
    trains
        ``"module:function"`` of what trains networks to find the mask; `choose` then keeps everything.
    data
        Whether choosing looks at training images.
    gradients
        Whether choosing differentiates the network, as all do that look at images; on a GPU where there is one.
    graphs
        Whether it needs a set of relational graphs, which a method names as `graphs`.
    searches
        Whether choosing trains networks itself, so that it needs a whole data set, not batches.
    same
        Where the same seed and weights give the same mask: ``everywhere``, or ``here`` (on this machine; elsewhere
        another one by the same law).
    """

    choose: str
    about: str
    prunes: str = "initial"
    counts: tuple[str, ...] = ("weights",)
    layers: str = "all"
    finetune: float = 1.0
    repair: str = ""
    moves: str = ""
    trains: str = ""
    data: bool = False
    gradients: bool = False
    graphs: bool = False
    searches: bool = False
    same: str = "everywhere"

    @property
    def references(self) -> tuple[str, ...]:
        """Those of its functions that have options."""
        return tuple(reference for reference in (self.choose, self.moves) if reference)


_PRUNING = "prunegraph.pruning"
_START = f"{_PRUNING}.dynamic.start:start"
_UNITS: Any = {"prunes": "trained", "counts": ("units",), "layers": "but_last", "finetune": 0.0}
_NODES: Any = {**_UNITS, "counts": ("units", "weights"), "repair": "fold"}
_INPUTS: Any = {"prunes": "trained", "counts": ("inputs", "weights"), "finetune": 0.0}

PRUNERS = {
    "dense": Pruner(f"{_PRUNING}.dense:dense", "keeps everything: the unpruned network"),
    "snip": Pruner(f"{_PRUNING}.snip:snip", "the largest effects on the loss of one batch", data=True),
    "grasp": Pruner(f"{_PRUNING}.grasp:grasp", "preserves the flow of gradients", data=True),
    "synflow": Pruner(
        f"{_PRUNING}.synflow:synflow",
        "preserves the flow through all paths, in 100 rounds, without data",
        gradients=True,
    ),
    "prospr": Pruner(f"{_PRUNING}.prospr:prospr", "the largest effects on the loss after a few steps", data=True),
    "uniform": Pruner(f"{_PRUNING}.uniform:uniform", "a random subset of all weights"),
    "er": Pruner(f"{_PRUNING}.erdos_renyi:er", "random in each layer, small layers denser (Erdos-Renyi with kernels)"),
    "er_classic": Pruner(f"{_PRUNING}.erdos_renyi:er_classic", "the same, kernels ignored"),
    "erk": Pruner(f"{_PRUNING}.erdos_renyi:erk", "as er, in the words of RigL; other draws"),
    "set": Pruner(_START, "drops the weakest, grows at random", moves=f"{_PRUNING}.dynamic.set:moves"),
    "rigl": Pruner(
        _START, "drops the weakest, grows where the gradient is largest", moves=f"{_PRUNING}.dynamic.rigl:moves"
    ),
    "snfs": Pruner(
        _START,
        "grows where the mean gradient of kept weights is largest, across layers",
        moves=f"{_PRUNING}.dynamic.snfs:moves",
    ),
    "dsr": Pruner(
        _START, "drops below one threshold, grows at random across layers", moves=f"{_PRUNING}.dynamic.dsr:moves"
    ),
    "itop": Pruner(_START, "set or rigl with time between updates", moves=f"{_PRUNING}.dynamic.itop:moves"),
    "magnitude": Pruner(f"{_PRUNING}.magnitude:magnitude", "the largest weights", prunes="trained"),
    "iterative_magnitude": Pruner(
        f"{_PRUNING}.magnitude:iterative_magnitude",
        "the largest weights, in rounds of training with rewinding (lottery tickets)",
        trains="prunegraph.training.iterative:train",
        same="here",
    ),
    "magnitude_rounds": Pruner(
        "prunegraph.training.rounds:magnitude_rounds",
        "the largest weights, in rounds with training between them",
        prunes="trained",
        data=True,
        searches=True,
        same="here",
    ),
    "lamp": Pruner(
        f"{_PRUNING}.lamp:lamp", "the largest weights beside those of their layer that are larger", prunes="trained"
    ),
    "page_rank": Pruner(
        f"{_PRUNING}.page_rank:page_rank", "the units of largest weighted PageRank (MLP-Rank)", data=True, **_UNITS
    ),
    "modified_page_rank": Pruner(
        f"{_PRUNING}.page_rank:modified_page_rank",
        "the units that most passes through: weights times scores before times activations (MLP-Rank)",
        data=True,
        **_UNITS,
    ),
    "unit_wanda": Pruner(
        f"{_PRUNING}.page_rank:unit_wanda",
        "the units with the largest weights times norms of inputs",
        data=True,
        **_UNITS,
    ),
    "unit_activation": Pruner(
        f"{_PRUNING}.page_rank:unit_activation", "the units with the largest activations", data=True, **_UNITS
    ),
    "unit_l1": Pruner(f"{_PRUNING}.unit_measures:unit_l1", "the units with the largest weights", **_UNITS),
    "unit_random": Pruner(f"{_PRUNING}.unit_measures:unit_random", "a random subset of the units", **_UNITS),
    "dpp_edge": Pruner(
        f"{_PRUNING}.dpp.edges:dpp_edge",
        "inputs of each unit that contribute differently (determinantal point process)",
        data=True,
        same="here",
        **{**_INPUTS, "layers": "first"},
    ),
    "random_edge": Pruner(
        f"{_PRUNING}.dpp.edges:random_edge", "a random subset of each unit's inputs", **{**_INPUTS, "layers": "first"}
    ),
    "importance_edge": Pruner(
        f"{_PRUNING}.dpp.edges:importance_edge", "each unit's largest weights", **{**_INPUTS, "layers": "first"}
    ),
    "dpp_node": Pruner(
        f"{_PRUNING}.dpp.nodes:dpp_node",
        "units that are active differently (determinantal point process)",
        data=True,
        same="here",
        **_NODES,
    ),
    "random_node": Pruner(f"{_PRUNING}.dpp.nodes:random_node", "a random subset of each layer's units", **_NODES),
    "importance_node": Pruner(
        f"{_PRUNING}.dpp.nodes:importance_node", "the units with the largest outgoing weights", **_NODES
    ),
    "wanda": Pruner(
        f"{_PRUNING}.wanda:wanda", "each unit's largest products of weight and the input's norm", data=True, **_INPUTS
    ),
    "obs": Pruner(
        f"{_PRUNING}.obs:obs",
        "inputs of each unit that the others cannot make up for (optimal brain surgeon)",
        data=True,
        same="here",
        repair="least_squares",
        **_INPUTS,
    ),
    "graph_search": Pruner(
        "prunegraph.search.pruner:graph_search",
        "blocks of channels that a relational graph joins, found by Bayesian search (BoGP)",
        prunes="trained",
        counts=("blocks",),
        layers="hidden",
        data=True,
        graphs=True,
        searches=True,
        same="here",
    ),
    "rgp": Pruner(
        f"{_PRUNING}.rgp:rgp",
        "blocks of channels that a relational graph joins (RGP)",
        counts=("blocks",),
        layers="hidden",
        graphs=True,
    ),
}


def _own_pruner(reference: str) -> Pruner:
    """The record of somebody's own pruner: a :class:`Pruner`, or a function from a task to masks."""
    found = own.load(reference)
    if isinstance(found, Pruner):
        return found
    if not callable(found):
        raise UserError(f"{reference!r} is {type(found).__name__}; expected a function of a task, or a Pruner record.")
    return Pruner(reference, "", data=True)


PRUNERS = own.Open(PRUNERS, _own_pruner)

REPAIRS = {
    "least_squares": f"{_PRUNING}.repair.within:least_squares",
    "compensate": f"{_PRUNING}.repair.across:compensate",
    "fold": f"{_PRUNING}.repair.across:fold",
}
"""Ways to change the kept weights after pruning: ``"module:function"``, from a task and masks to new values by name."""

# Kinds of sets of relational graphs: "module:function" of a seed; its keyword-only parameters are the kind's options.
RELATIONAL = {
    "regular": "prunegraph.relational.sets:regular",
    "crossed": "prunegraph.relational.sets:crossed",
    "random": "prunegraph.relational.sets:random",
    "circulant": "prunegraph.relational.sets:circulant",
    "authors": "prunegraph.relational.sets:authors",
    "candidates": "prunegraph.relational.sets:candidates",
    "every": "prunegraph.relational.sets:every",
    "file": "prunegraph.relational.sets:file",
}

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


def _own_shape(reference: str) -> tuple[int, int, int]:
    """The attribute `input_shape` of somebody's own function that reads a data set."""
    shape = getattr(own.load(reference), "input_shape", None)
    if not (isinstance(shape, tuple) and len(shape) == 3 and all(isinstance(side, int) for side in shape)):
        name = reference.partition(":")[2]
        raise UserError(
            f"{reference!r} does not say which shape its images have; expected the attribute `{name}.input_shape = "
            f"(channels, height, width)`, found {shape!r}."
        )
    return shape


INPUT_SHAPES = own.Open(INPUT_SHAPES, _own_shape)

# Data sets with a published normalisation and augmentation, which a variant of another one may be `like`.
PUBLISHED_DATASETS = ("cifar10", "cifar100", "tiny_imagenet")

# Models of the MGE paper's grid.
PUBLISHED_MODELS = ("conv6", "resnet20", "resnet32", "wide_resnet28_2")

# The smallest image side with which a model has an output.
SMALLEST_INPUT = {
    "conv6": 8,
    "mlp": 1,
    "mobilenet_v2": 8,
    "resnet18": 8,
    "resnet20": 4,
    "resnet32": 4,
    "resnet34": 8,
    "resnet50": 8,
    "resnet56": 4,
    "vgg16_bn": 8,
    "wide_resnet28_2": 4,
}

# Training recipes, each with the data sets it was published for (none: any).
RECIPES = {
    "quick": (),
    "published": PUBLISHED_DATASETS,
    "untrained": (),
}

ENCODINGS = {
    "unrolled": "prunegraph.encoding.unrolled:unrolled",
    "rolled": "prunegraph.encoding.rolled:rolled",
    "rolled_channel": "prunegraph.encoding.rolled:rolled_channel",
}

MODES = ("clean", "compat")
MOTIFS = ("exact", "estimate")

# The systems that are studied together: the method family that a network's `system` names, and its source.
SYSTEMS = {
    "mge": "Multipartite graph encoding of networks pruned at initialisation (Cunegatti et al., TMLR 2024)",
    "bogp": "Bayesian optimised graph pruning (student report and notebook, MNIST)",
    "dpp": "Determinantal point processes for edges and nodes (Acharyya et al., 2020)",
    "mlp_rank": "Structured pruning by weighted PageRank (Hoffmann et al., 2024)",
    "rgp": "Regular graphs as masks (Chen et al., TNNLS 2023)",
}


def known(names: Iterable[str], name: str, kind: str) -> str:
    """Return `name` if it is one of `names`; somebody's own (:mod:`prunegraph.own`) belong to tables that are open.

    Raises
    ------
    UserError
        With the nearest legal name and the whole list.
    """
    if isinstance(names, own.Open) and own.is_reference(name):
        return name
    names = list(names)
    if name in names:
        return name
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UserError(f"Unknown {kind} {name!r}.{hint} Known: {', '.join(names)}.")


def pruner(name: str) -> Pruner:
    """The record of a pruner.

    Raises
    ------
    UserError
        If there is none of this name; for an old name such as ``snip_compat``, saying what it became.
    """
    plain = name.removesuffix("_compat")
    if name not in PRUNERS and plain in PRUNERS:
        raise UserError(f"{name!r} is now {plain!r} with an option: {{pruner: {plain}, options: {{compat: true}}}}.")
    return PRUNERS[known(PRUNERS, name, "pruner")]


def settings(name: str, layers: str | None = None, counts: str | None = None, repair: str | None = None) -> dict:
    """What a pruner prunes, counts and repairs: as given, or, where that is None, as its record says.

    Raises
    ------
    UserError
        For an unknown word, or something that the pruner cannot do.
    """
    record = pruner(name)
    layers = known(LAYERS, record.layers if layers is None else layers, "choice of layers")
    if layers != "all" and (record.moves or record.trains):
        raise UserError(f"Pruner {name!r} goes on choosing in training, in all layers; found layers: {layers}.")
    counts = known(COUNTS, record.counts[0] if counts is None else counts, "word for what a sparsity counts:")
    if counts not in record.counts:
        raise UserError(f"Pruner {name!r} counts {' or '.join(record.counts)}, found counts: {counts}.")
    repair = record.repair if repair is None else repair
    return {"layers": layers, "counts": counts, "repair": repair and known(REPAIRS, repair, "repair")}


def module_of(table: Mapping[str, str], name: str) -> str:
    """The module that implements `name`, without importing it."""
    return module(table[name])


def module(reference: str) -> str:
    """The module of a ``"module:attribute"``."""
    return reference.partition(":")[0]


def lookup(table: Mapping[str, str], name: str, kind: str) -> Any:
    """Import and return what `name` stands for in `table`; `kind` is used in the error sentence."""
    return load(table[known(table, name, kind)])


def load(reference: str) -> Any:
    """Import and return what a ``"module:attribute"`` names."""
    if not reference.startswith("prunegraph."):
        return own.load(reference)
    name, _, attribute = reference.partition(":")
    return getattr(import_module(name), attribute)
