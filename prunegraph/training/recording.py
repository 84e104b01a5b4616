"""Steps that a GPU records once and repeats: launching the hundreds of small operations of a step costs more than they.

A step of ResNet-20 on 128 CIFAR images takes 6.7 ms on an H100 when Python launches each operation, 2.5 ms replayed as
one CUDA graph; several small networks in one graph, each on a stream of its own, take less again for each.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import torch

from prunegraph.datasets.data import Batch
from prunegraph.training.run import Run

Work = Callable[[], None]


class Recorder(Protocol):
    """What records operations on a device."""

    def __call__(self, pieces: Sequence[Work]) -> Work:
        """Record `pieces`, which may run beside each other, and give what repeats them on the same memory."""


def cuda_graph(pieces: Sequence[Work]) -> Work:
    """Record `pieces` as one CUDA graph, each on a stream of its own.

    Each is run once before, on a stream of its own, because the first run of an operation may allocate memory and
    choose algorithms, which cannot be recorded; and recording itself runs nothing.
    """
    current = torch.cuda.current_stream()
    for piece in pieces:
        aside = torch.cuda.Stream()
        aside.wait_stream(current)
        with torch.cuda.stream(aside):
            piece()
        current.wait_stream(aside)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        main = torch.cuda.current_stream()
        beside = [torch.cuda.Stream() for _ in pieces[1:]]
        for stream, piece in zip(beside, pieces[1:], strict=True):
            stream.wait_stream(main)
            with torch.cuda.stream(stream):
                piece()
        pieces[0]()
        for stream in beside:
            main.wait_stream(stream)
    return graph.replay


class RecordedSteps:
    """Steps of several runs at once, recorded for one size of batch and repeated.

    Between gradients and descent the masks may move, so two recordings make a step.

    Parameters
    ----------
    runs
        None finished; their recipes have one batch size. Nothing of them changes here.
    record
        :func:`cuda_graph`, or a stand-in on a device that records nothing.
    """

    def __init__(self, runs: Sequence[Run], record: Recorder):
        self.runs = list(runs)
        self._images = [_example(run) for run in runs]
        pairs = list(zip(self.runs, self._images, strict=True))
        before = [_kept(run) for run in runs]
        try:
            for run in runs:
                run.network.train()
            self._differentiate = record([partial(run.descent.differentiate, *batch) for run, batch in pairs])
            self._gradients = [_gradients(run) for run in runs]
            for run in runs:
                run.descent.remember()
            self._descend = record([run.descent.descend for run in runs])
        finally:
            for run, values in zip(runs, before, strict=True):
                _restore(run, values)

    def fits(self, batches: Sequence[Batch]) -> bool:
        """Whether these are batches of the size that was recorded."""
        return all(
            batch[0].shape == own[0].shape and batch[0].dtype == own[0].dtype
            for batch, own in zip(batches, self._images, strict=True)
        )

    def step(self, batches: Sequence[Batch]) -> None:
        """One step of every run, on its batch."""
        for run, own, batch in zip(self.runs, self._images, batches, strict=True):
            for mine, new in zip(own, batch, strict=True):
                mine.copy_(new)
            run.descent.set_learning_rate()
        self._differentiate()
        for run, gradients in zip(self.runs, self._gradients, strict=True):
            for name, gradient in gradients.items():  # a step in between that was not recorded has others
                run.descent.parameters[name].grad = gradient
        descending = [run for run in self.runs if run.descent.move()]
        if len(descending) == len(self.runs):
            self._descend()
        else:
            for run in descending:
                run.descent.descend()
        for run, (_, labels) in zip(self.runs, batches, strict=True):
            run.descent.count(len(labels))


def seconds_a_step(runs: Sequence[Run], record: Recorder, steps: int = 10) -> float:
    """Seconds of one recorded step of all `runs` together; they stay as they are.

    Raises
    ------
    torch.OutOfMemoryError
        If they do not fit into the GPU's memory together.
    """
    recorded, before = RecordedSteps(runs, record), [_kept(run) for run in runs]
    try:
        recorded._differentiate()
        _wait(runs[0])
        began = time.perf_counter()
        for _ in range(steps):
            recorded._differentiate()
            recorded._descend()
        _wait(runs[0])
        return (time.perf_counter() - began) / steps
    finally:
        for run, values in zip(runs, before, strict=True):
            _restore(run, values)


def _example(run: Run) -> Batch:
    """Memory for one full batch of a run's images, filled with the first ones."""
    part = run.data.train
    size = min(run.recipe.batch_size, len(part))
    return part.normalise(part.images[:size]), part.labels[:size].clone()


def _gradients(run: Run) -> dict[str, torch.Tensor]:
    return {name: value.grad for name, value in run.descent.parameters.items() if value.grad is not None}


def _kept(run: Run) -> tuple[dict[str, torch.Tensor], bool]:
    return {name: value.clone() for name, value in run.tensors().items()}, run.network.training


@torch.no_grad()
def _restore(run: Run, kept: tuple[dict[str, torch.Tensor], bool]) -> None:
    values, training = kept
    for name, value in run.tensors().items():
        # What the optimiser remembers of a parameter may be new here; it begins at zero.
        value.copy_(values[name]) if name in values else value.zero_()
    run.network.train(training)


def _wait(run: Run) -> None:
    if run.descent.device.type == "cuda":
        torch.cuda.synchronize(run.descent.device)
