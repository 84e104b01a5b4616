"""Reasons why the units of a layer cannot be removed one by one, in words."""

from torch import fx

from prunegraph.wiring import channels
from prunegraph.wiring.units import Wires


def why_fixed(wires: Wires, layer: str) -> str:
    """Describe what ties units of a layer to something that cannot lose a channel, for error messages.

    Parameters
    ----------
    wires
        Result of :func:`prunegraph.wiring.units.follow` for the network.
    layer
        Name of the module of the layer.
    """
    calls = [node for node in wires.module.graph.nodes if node.op == "call_module" and node.target == layer]
    if not calls:
        return "the network never runs it"
    if wires.kinds.get(calls[0]) not in (channels.LAYER, channels.DEPTHWISE):
        return "it is used several times, shares its weights, or is no plain convolution or linear layer"
    return _along(wires, calls[0])


def _along(wires: Wires, layer: fx.Node) -> str:
    """Follow channels to where they stay the same, forwards and, at additions and the like, to what is added."""
    seen, waiting = {layer}, [layer]
    while waiting:
        node = waiting.pop(0)
        if node.op == "placeholder":
            return "they are added to the network's inputs, or multiplied with them"
        after = list(node.users)
        if any(user.op == "output" for user in after):
            return "they are outputs of the network"
        for user in after:
            if wires.kinds.get(user) in (channels.OTHER, None):
                return f"{user.name!r} may mix or count them"
        onwards = [user for user in after if wires.kinds[user] != channels.LAYER]
        back = node.all_input_nodes if wires.kinds[node] not in (channels.LAYER, channels.OTHER) else []
        for other in (*onwards, *back):
            if other not in seen and (other.op == "placeholder" or other in wires.kinds):
                seen.add(other)
                waiting.append(other)
            elif wires.kinds.get(other) == channels.OTHER:
                return f"{other.name!r}, to which they are tied, is no layer of units"
    return "they are tied to channels that cannot be removed"
