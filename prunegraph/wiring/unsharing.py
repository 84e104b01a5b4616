"""A BatchNorm that several layers share becomes several, so that it does not tie their units."""

import copy
from collections import Counter

from torch import fx, nn


def unshare(graph: fx.GraphModule) -> tuple[str, ...]:
    """Give each call of a BatchNorm one of its own, in place.

    Returns
    -------
    tuple of str
        Names of the modules that were shared; the first call keeps the name.
    """
    calls = Counter()
    for node in graph.graph.nodes:
        module = graph.get_submodule(node.target) if node.op == "call_module" else None
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            calls[node.target] += 1
            if calls[node.target] > 1:
                name = f"{node.target}_call{calls[node.target]}"
                graph.add_submodule(name, copy.deepcopy(module))
                node.target = name
    shared = tuple(name for name, count in calls.items() if count > 1)
    if shared:
        graph.recompile()
    return shared
