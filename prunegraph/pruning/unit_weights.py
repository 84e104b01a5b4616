"""As many units as leave a network with a number of weights: units and single weights compared at equal size."""

from collections.abc import Sequence

from prunegraph.models import prunable
from prunegraph.pruning.task import Task
from prunegraph.wiring.units import Group


def kept_by_weights(task: Task, groups: Sequence[Group]) -> list[int]:
    """How many units to keep in each group so that the network loses as many weights as single weights would be.

    The sparsity s is then the share of the weights of the layers to be pruned. A unit takes with it the weights that
    make it and those that read it: in a layer of h units with d inputs and o outputs, n units stay that hold at least
    as many weights as e = (1 - s) d inputs of each of h units, n (d + o) >= h (e + o), and no unit more (Acharyya et
    al., 2020: 50 of 500 units beside 69 of 784 inputs). In several groups the share kept is the same up to rounding.
    """
    lost = round(task.sparsity * task.size)
    most = max(group.units for group in groups)
    low, high = 0, most  # of the units of the widest group: keeping `high` loses no more than is asked for
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _lost(task, groups, _counts(groups, middle, most)) <= lost else (middle, high)
    return _counts(groups, high, most)


def _counts(groups: Sequence[Group], kept: int, most: int) -> list[int]:
    return [round(group.units * kept / most) for group in groups]


def _lost(task: Task, groups: Sequence[Group], counts: Sequence[int]) -> int:
    """Weights of a network without some units of each group, units of a group taken as alike."""
    weights = prunable(task.network)
    left = {name: [1.0, 1.0] for name in weights}  # shares of the rows and columns of each weight
    for group, count in zip(groups, counts, strict=True):
        for axis, places in ((0, group.rows), (1, group.columns)):
            for name, units in places:
                share = sum(map(len, units)) / weights[name].shape[axis]
                left[name][axis] -= share * (1 - count / group.units)
    return round(sum(weight.numel() * (1 - left[name][0] * left[name][1]) for name, weight in weights.items()))
