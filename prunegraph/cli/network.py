"""From the options of the command line to a graph."""

import argparse
import importlib
import inspect
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prunegraph import encoding, models
from prunegraph.catalogue import MODELS, known
from prunegraph.cli import checkpoint
from prunegraph.errors import UserError
from prunegraph.graphs import LayerGraphs, MultipartiteGraph, load, provenance

if TYPE_CHECKING:
    from torch import nn


#: The suffix of prunegraph's own graph files.
STORED = ".graph"

# Options that say how a checkpoint becomes a graph, with their defaults.
_CHOICES = {"model": None, "input": None, "classes": None, "option": [], "mask": None}
_CHOICES |= {"encoding": "unrolled", "mode": "clean", "identity_edges": False}


def graph_of(options: argparse.Namespace) -> MultipartiteGraph | LayerGraphs:
    """Make the graph that the options name: from a checkpoint, or from a .graph file.

    Raises
    ------
    UserError
        If the file or the model is wrong, they do not fit each other, or an option is missing or has no meaning here.
    """
    if is_stored(options):
        said = [name for name, default in _CHOICES.items() if getattr(options, name, default) != default]
        if said:
            raise UserError(
                f"{options.weights} holds a graph that is made already; leave out --{said[0].replace('_', '-')}, "
                "or name the checkpoint."
            )
        return load(options.weights)
    if not options.model or not options.input:
        raise UserError(f"{options.weights} is no {STORED} file; for a checkpoint give --model and --input.")
    kind = getattr(options, "encoding", "unrolled")
    if options.identity_edges and kind != "unrolled":
        raise UserError(f"Identity edges belong to the unrolled graph; the encoding {kind} has none.")
    weights, mask = checkpoint.read(options.weights, options.mask)
    network = build(options.model, options.input, classes_in(options, weights), _extra(options.option))
    check_fit(network, weights, options.weights)
    architecture = encoding.trace(network, options.input, options.identity_edges)
    return encoding.encode_weights(architecture, weights, kind, options.mode, mask)


def whole_graph(options: argparse.Namespace, purpose: str) -> MultipartiteGraph:
    """Make one graph of the whole network as :func:`graph_of` does; `purpose` says for what ("the picture")."""
    graph = graph_of(options)
    if not isinstance(graph, MultipartiteGraph):
        raise UserError(f"{options.weights} holds one graph per layer; {purpose} is made from the unrolled graph.")
    return graph


def is_stored(options: argparse.Namespace) -> bool:
    """Whether WEIGHTS is a .graph file."""
    return Path(options.weights).suffix == STORED


def origin(options: argparse.Namespace, graph: MultipartiteGraph | LayerGraphs) -> dict[str, Any]:
    """Describe what a graph was made from and how; None for a fact that a .graph file does not hold."""
    found = provenance(options.weights) if is_stored(options) else vars(options)
    facts = {name: found.get(name) for name in ("model", "input", "encoding", "mode", "identity_edges")}
    if isinstance(graph, MultipartiteGraph) and not facts["encoding"]:
        facts["encoding"] = "unrolled"
    return {"weights": str(options.weights), **facts, "mode": graph.mode}


def build(model: str, input_shape: tuple[int, ...], classes: int | None, extra: Mapping[str, Any]) -> "nn.Module":
    """Build the network of a model of the catalogue, or of ``module:function``; its weights are not used.

    Raises
    ------
    UserError
        If there is no such model, or it does not take these arguments.
    """
    if ":" not in model:
        return models.create(known(MODELS, model, "model"), 10 if classes is None else classes, input_shape, **extra)
    from torch import nn

    function = _imported(model)
    arguments = dict(extra)
    if classes is not None:
        arguments |= {_class_argument(function): classes}
    try:
        network = function(**arguments)
    except Exception as problem:  # the user's own code
        raise UserError(
            f"{model} fails with the arguments {arguments}: {type(problem).__name__}: {problem}"
        ) from problem
    if not isinstance(network, nn.Module):
        raise UserError(f"{model} makes a {type(network).__name__}; expected a torch.nn.Module.")
    return network


def classes_in(options: argparse.Namespace, weights: Mapping[str, np.ndarray]) -> int | None:
    """Number of outputs of the model: from the options, else for a catalogue model from the checkpoint's last layer."""
    if options.classes is not None or ":" in options.model:
        return options.classes
    known(MODELS, options.model, "model")
    last = list(models.prunable(models.create(options.model, 10, options.input, **_extra(options.option))))[-1]
    if last not in weights:
        raise UserError(
            f"{options.weights} lacks the weight {last!r} of {options.model}; is it of another model? "
            f"It holds {', '.join(weights):.200}."
        )
    return len(weights[last])


def check_fit(network: "nn.Module", weights: Mapping[str, np.ndarray], path: str | Path) -> None:
    """Refuse a checkpoint of another network: one with weights that the network lacks or has in another shape."""
    from torch.nn.parameter import is_lazy

    own = network.state_dict() | dict(network.named_parameters())
    known_names = set(own)
    foreign = [name for name, values in weights.items() if values.ndim > 1 and name not in known_names]
    if foreign:
        raise UserError(
            f"{path} has {len(foreign)} weights that the model lacks, such as {foreign[0]!r}; "
            "name the model that the file was made with."
        )
    unused = [
        name for name, values in weights.items() if name not in known_names and values.ndim and _like_mask(values)
    ]
    if unused:
        raise UserError(
            f"{path} has {unused[0]!r}, of zeros and ones like a mask, but the model has nothing of that name, so it "
            "would be passed over. Name the model that the file was made with, or multiply the weights by it."
        )
    for name, values in weights.items():
        if name in own and not is_lazy(own[name]) and tuple(own[name].shape) != values.shape:
            raise UserError(
                f"{path}: {name!r} is of shape {values.shape}, that of the model {tuple(own[name].shape)}; "
                "--classes and --option say how large the model is."
            )


def _imported(model: str) -> Any:
    module, _, attribute = model.partition(":")
    # As `python -m` does, so that modules in the current folder are found.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as problem:
        raise UserError(
            f"There is no {model} ({problem}); expected module:function, such as torchvision.models:resnet18."
        ) from problem


def _like_mask(values: np.ndarray) -> bool:
    return bool(np.isin(values, (0, 1)).all() and not values.all())


def _class_argument(function: Any) -> str:
    """Find the argument by which a model function takes its number of classes."""
    parameters = inspect.signature(function).parameters
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    named = [name for name in ("classes", "num_classes", "n_classes") if name in parameters]
    if not named and not open_ended:
        raise UserError(f"The model takes no number of classes (its arguments: {', '.join(parameters) or 'none'}).")
    return named[0] if named else "num_classes"


def _extra(pairs: list[str]) -> dict[str, Any]:
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise UserError(f"The option {pair!r} is no KEY=VALUE.")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found
