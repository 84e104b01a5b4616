"""Which first-layer weights of a student are kept: edges or nodes, chosen by a DPP, at random or by importance."""

from collections.abc import Callable

import numpy as np

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.pruning.dpp.sampling import samples
from prunegraph.teacher_student.training import Pair

#: Number of units kept, and of inputs of each unit -> mask, units x inputs.
Rule = Callable[[Pair, int, np.random.Generator], np.ndarray]


def edges_beside(nodes: int, units: int, inputs: int) -> int:
    """The inputs kept by each unit that take as many parameters as keeping `nodes` whole units, both layers counted.

    Keeping n of h units keeps n (d + 1) numbers; keeping e inputs of each of h units keeps h (e + 1): e =
    (n (d + 1) - h) / h, rounded half up.
    """
    return (2 * (nodes * (inputs + 1) - units) + units) // (2 * units)


def dpp_edge(pair: Pair, size: int, draw: np.random.Generator) -> np.ndarray:
    """Draw the inputs of each unit from a k-DPP with the linear kernel L_ij = w_i w_j mean(x_i x_j)."""
    return _with(pair, [samples(kernel, [size], draw)[0] for kernel in pair.edges])


def random_edge(pair: Pair, size: int, draw: np.random.Generator) -> np.ndarray:
    """Draw the inputs of each unit at random, exactly `size`."""
    units, inputs = pair.student.hidden.shape
    return _with(pair, [draw.choice(inputs, size, replace=False) for _ in range(units)])


def importance_edge(pair: Pair, size: int, draw: np.random.Generator) -> np.ndarray:
    """Keep the inputs of each unit whose weights are largest in magnitude."""
    del draw
    return _with(pair, np.argsort(-np.abs(pair.student.hidden), axis=1, kind="stable")[:, :size])


def dpp_node(pair: Pair, size: int, draw: np.random.Generator) -> np.ndarray:
    """Draw units from a k-DPP with the linear kernel of their preactivations, W C W^T with C = mean(x x^T)."""
    return _units(pair, samples(pair.nodes, [size], draw)[0])


def random_node(pair: Pair, size: int, draw: np.random.Generator) -> np.ndarray:
    """Draw units at random, exactly `size`."""
    return _units(pair, draw.choice(len(pair.student.hidden), size, replace=False))


def importance_node(pair: Pair, size: int, draw: np.random.Generator) -> np.ndarray:
    """Keep the units whose output weights are largest in magnitude."""
    del draw
    return _units(pair, np.argsort(-np.abs(pair.student.output), kind="stable")[:size])


RULES: dict[str, Rule] = {
    "dpp_edge": dpp_edge,
    "random_edge": random_edge,
    "importance_edge": importance_edge,
    "dpp_node": dpp_node,
    "random_node": random_node,
    "importance_node": importance_node,
}


def choose(pair: Pair, rule: str, nodes: int, draw: np.random.Generator) -> np.ndarray:
    """The mask of the student's first layer, units x inputs, by a rule of :data:`RULES`.

    Parameters
    ----------
    nodes
        Units kept; a rule for edges keeps as many parameters in all units (:func:`edges_beside`).

    Raises
    ------
    UserError
        If there is no such rule, or nothing or everything would be kept.
    """
    units, inputs = pair.student.hidden.shape
    size = edges_beside(nodes, units, inputs) if known(RULES, rule, "rule").endswith("edge") else nodes
    most = inputs if rule.endswith("edge") else units
    if not 0 < size < most:
        raise UserError(
            f"{rule} would keep {size} of {most} of a student with {units} units and {inputs} inputs; expected at "
            f"least 1 and fewer than all. Keep another number of nodes than {nodes}, or take more inputs."
        )
    return RULES[rule](pair, size, draw)


def _with(pair: Pair, rows) -> np.ndarray:
    mask = np.zeros(pair.student.hidden.shape, dtype=bool)
    for unit, kept in enumerate(rows):
        mask[unit, kept] = True
    return mask


def _units(pair: Pair, kept) -> np.ndarray:
    mask = np.zeros(pair.student.hidden.shape, dtype=bool)
    mask[kept] = True
    return mask
