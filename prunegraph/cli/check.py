"""`prunegraph check`: does somebody's own pruner keep the promises of the interface?"""

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np

from prunegraph import catalogue, models, own, pruning
from prunegraph.errors import UserError

#: Networks that a pruner is tried on: name -> (model, shape of an image, options).
NETWORKS = {
    "a perceptron": ("mlp", (1, 6, 6), {"hidden": [12, 10]}),
    "a residual network": ("resnet20", (3, 8, 8), {"width": 0.25}),
}
SPARSITIES = (0.5, 0.75)
CLASSES = 4


def run(options: argparse.Namespace) -> int:
    """Print a line for each promise; 1 if one is broken."""
    if not own.is_reference(options.pruner):
        raise UserError(f"{options.pruner!r} is no module:function, such as my_pruners:mine.")
    record = catalogue.pruner(options.pruner)
    start = time.perf_counter()
    broken = 0
    for title, network in NETWORKS.items():
        for promise, test in _promises(options.pruner, record, *network):
            problem = _broken(test)
            print(f"{'broken' if problem else 'kept':6}  on {title}: {promise}{problem and f': {problem}'}")
            if problem:  # the others would end in the same sentence
                broken += 1
                break
    seconds = time.perf_counter() - start
    said = "mend what is broken, then check again" if broken else "it may be a method of any study"
    print(f"{options.pruner} prunes {record.prunes} weights and counts {record.counts[0]}; {seconds:.1f} s: {said}.")
    return int(bool(broken))


def _promises(name: str, record: catalogue.Pruner, model: str, shape: tuple, given: dict) -> Iterator[tuple]:
    import torch

    def network() -> torch.nn.Module:
        return models.create(model, CLASSES, shape, 0, **given)

    def masks(sparsity: float, seed: int = 0) -> dict[str, np.ndarray]:
        from prunegraph.wiring.tracing import trace

        made = network()
        architecture = trace(made, shape) if "units" in record.counts else None
        return dict(pruning.prune(made, name, sparsity, seed, batches=_images(shape), architecture=architecture))

    for sparsity in SPARSITIES:

        def exact(sparsity: float = sparsity) -> None:
            masks(sparsity)  # refuses a wrong number, a missing layer, another shape

        yield f"the number asked for at sparsity {sparsity}", exact

    def same() -> None:
        one, two = masks(0.5, 1), masks(0.5, 1)
        differ = [layer for layer in one if not np.array_equal(one[layer], two[layer])]
        if differ:
            raise UserError(f"two calls differ in {', '.join(differ)}; draw from `task.draw(...)`")

    yield "the same mask from the same seed", same

    def alone() -> None:
        before, numbers = torch.random.get_rng_state(), np.random.get_state()[1].tolist()
        masks(0.5)
        if not torch.equal(before, torch.random.get_rng_state()) or numbers != np.random.get_state()[1].tolist():
            raise UserError("it draws from the global random state; use `task.draw(...)`")

    yield "no draw from the global random state", alone

    def unchanged() -> None:
        made = network()
        before = {key: value.clone() for key, value in made.state_dict().items()}
        from prunegraph.wiring.tracing import trace

        pruning.prune(made, name, 0.5, 0, batches=_images(shape), architecture=trace(made, shape))
        changed = [key for key, value in made.state_dict().items() if not torch.equal(value, before[key])]
        if changed:
            raise UserError(f"it changes {', '.join(changed)}")

    yield "the network stays as it was", unchanged


def _images(shape: tuple[int, ...]) -> list:
    """Four batches of random images with labels."""
    import torch

    draw = torch.Generator().manual_seed(0)
    return [(torch.randn(32, *shape, generator=draw), torch.randint(CLASSES, (32,), generator=draw)) for _ in range(4)]


def _broken(test: Callable[[], None]) -> str:
    """What is wrong, in a sentence; empty if nothing is."""
    try:
        test()
    except UserError as problem:
        return str(problem)
    except Exception as problem:  # the user's own code
        return f"{type(problem).__name__}: {problem}"
    return ""
