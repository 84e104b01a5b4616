"""The rows of the study of teachers and students: error and order parameters of every pruned student."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from prunegraph.randomness import numpy_generator
from prunegraph.teacher_student import theory
from prunegraph.teacher_student.masks import RULES, choose
from prunegraph.teacher_student.training import CHUNK, Pair, Setting, TwoLayer, samples, teach

#: Rules without a draw.
_FIXED = ("importance_edge", "importance_node")


def of_pair(
    setting: Setting, seed: int, nodes: Sequence[int], draws: int, test: int = 2 * CHUNK, rescale: bool = True
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Teach a student, prune it by every rule, and measure what is left.

    Parameters
    ----------
    nodes
        Numbers of units kept; rules for edges keep as many parameters.
    draws
        Masks of each rule that draws.
    test
        New inputs on which the error is measured beside its closed form.
    rescale
        Bring each unit's weights to the norm sqrt(d) before pruning, as the paper does, so that its idealised student
        is met.

    Returns
    -------
    Rows of the table ``teacher_student`` (a mask each: `loss` is half the expected squared error on outputs without
    noise, `test_loss` the same on test inputs, `whole_loss` that of the student before it was pruned, `ideal` that of
    the idealised student), and of ``order_parameters`` (entries of Q, R and T, means over draws).
    """
    pair = teach(setting, seed)
    if rescale:
        pair = replace(pair, student=rescaled(pair.student))
    pair = replace(pair, student=sorted_like(pair))
    facts = {"teachers": setting.teachers, "students": setting.students, "inputs": setting.inputs}
    facts |= {"noise": setting.noise, "seed": seed}
    inputs = list(samples(setting.inputs, test, numpy_generator(seed, "teacher_student", "test")))
    losses, orders = [], [_entries({**facts, "method": "dense", "share": 1.0}, [pair.order()])]
    for rule in RULES:
        for number in nodes:
            kept = {**facts, "method": rule, "share": round(number / setting.students, 3)}
            found = [_pruned(pair, rule, number, seed, draw) for draw in range(1 if rule in _FIXED else draws)]
            for draw, student in enumerate(found):
                row = {"draw": draw, **_losses(pair, student, inputs), "ideal": _ideal(setting, rule, number)}
                losses.append({**kept, "weights": int(np.count_nonzero(student.hidden)), **row})
            both = [theory.order_parameters(student.hidden, pair.teacher.hidden) for student in found]
            orders.append(_entries(kept, both))
    return losses, [row for entries in orders for row in entries]


def rescaled(student: TwoLayer) -> TwoLayer:
    """The student with first-layer weights of norm sqrt(d) for every unit."""
    norms = np.linalg.norm(student.hidden, axis=1, keepdims=True)
    return TwoLayer(student.hidden * np.sqrt(student.hidden.shape[1]) / norms, student.output)


def sorted_like(pair: Pair) -> TwoLayer:
    """The student with its units in the order of the teacher's that they resemble most (largest |R|), sign included.

    An erf unit is odd: one with all signs turned, in both layers, computes the same, and is turned to resemble its
    teacher's unit positively.
    """
    overlap = pair.order().R
    nearest = np.abs(overlap).argmax(axis=1)
    strongest = np.take_along_axis(overlap, nearest[:, None], axis=1)[:, 0]
    order = np.lexsort((-np.abs(strongest), nearest))
    sign = np.where(strongest[order] < 0, -1.0, 1.0)
    return TwoLayer(pair.student.hidden[order] * sign[:, None], pair.student.output[order] * sign)


def _pruned(pair: Pair, rule: str, nodes: int, seed: int, draw: int) -> TwoLayer:
    mask = choose(pair, rule, nodes, numpy_generator(seed, "teacher_student", rule, nodes, draw))
    return TwoLayer(pair.student.hidden * mask, pair.student.output)


def _losses(pair: Pair, student: TwoLayer, inputs: Iterable[np.ndarray]) -> dict[str, float]:
    teacher = pair.teacher
    squares = np.concatenate([(student(part) - teacher(part)) ** 2 for part in inputs])
    exact = [
        theory.generalisation_error(theory.order_parameters(each.hidden, teacher.hidden), each.output, teacher.output)
        for each in (student, pair.student)
    ]
    return {"loss": exact[0], "test_loss": float(squares.mean() / 2), "whole_loss": exact[1]}


def _ideal(setting: Setting, rule: str, nodes: int) -> float | None:
    copies, rest = divmod(setting.students, setting.teachers)
    if rest:
        return None
    output = 1.0 if setting.frozen else setting.output
    if rule == "random_edge":
        return float(theory.random_edges(nodes / setting.students, copies, setting.teachers, output))
    known = {"dpp_node": theory.diverse_nodes, "random_node": theory.random_nodes}
    return known[rule](nodes, copies, setting.teachers, output) if rule in known else None


def _entries(facts: dict[str, Any], orders: Sequence[theory.Order]) -> list[dict[str, Any]]:
    rows = []
    for name in theory.Order._fields:
        mean = np.mean([getattr(order, name) for order in orders], axis=0)
        rows += [
            {**facts, "matrix": name, "row": int(i), "column": int(j), "value": float(v)}
            for (i, j), v in np.ndenumerate(mean)
        ]
    return rows
