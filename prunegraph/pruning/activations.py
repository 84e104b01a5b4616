"""Gram matrices of what layers read, over all training images: float64, on the CPU, in one thread.

One thread, so that the last bits, on which nearly degenerate eigenvectors depend, are the same whatever the machine is
busy with.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from prunegraph.errors import UserError
from prunegraph.pruning.remembering import remembered
from prunegraph.pruning.task import Task, TrainingImages
from prunegraph.wiring.tracing import evaluation

MOST_NUMBERS = 4_000_000
"""Numbers of an im2col matrix that are held at once."""


@dataclass(frozen=True)
class Gram:
    """Sums over rows: the inputs of a layer for one image, or for one position of a convolution's output.

    Attributes
    ----------
    products
        X^T X, float64 (groups, inputs, inputs); one group but for grouped convolutions. An input of a convolution is a
        channel at a kernel position, as in a row of its weight.
    sums
        Column sums of X, float64 (groups, inputs).
    rows
        Number of rows of X.
    """

    products: torch.Tensor
    sums: torch.Tensor
    rows: int

    @property
    def norms(self) -> torch.Tensor:
        """Euclidean norm of every input over all rows, (groups, inputs)."""
        return self.products.diagonal(dim1=1, dim2=2).clamp(min=0).sqrt()

    @property
    def centred(self) -> torch.Tensor:
        """X^T X after the mean of every input is taken off, (groups, inputs, inputs)."""
        return self.products - self.sums.unsqueeze(2) * self.sums.unsqueeze(1) / self.rows

    @property
    def deviations(self) -> torch.Tensor:
        """Standard deviation of every input, (groups, inputs)."""
        return (self.centred.diagonal(dim1=1, dim2=2).clamp(min=0) / self.rows).sqrt()


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread of torch in the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def input_gram(task: Task, network: nn.Module, weight: str, *, passing: bool = False) -> Gram:
    """Gram matrix of what a layer of `network` reads in evaluation mode, over every training image once.

    Parameters
    ----------
    network
        Moved to the CPU and to float64, in place; otherwise left as it was.
    weight
        Name of the layer's weight.
    passing
        Whether nobody will ask for the same again, so that it is not worth remembering (:mod:`.remembering`).

    Raises
    ------
    UserError
        If data are missing, fewer than two images, or not finite, or the layer is not used.
    """
    network.cpu().double()
    return (_gram.__wrapped__ if passing else _gram)(network, task.data, weight)


@remembered
def _gram(network: nn.Module, data: TrainingImages, weight: str) -> Gram:
    module = network.get_submodule(weight.rpartition(".")[0])
    total: dict[str, torch.Tensor] = {}

    def add(module: nn.Module, read: tuple[torch.Tensor, ...]) -> None:
        for matrix in _matrices(module, read[0]):
            for name, value in (("products", matrix.mT @ matrix), ("sums", matrix.sum(1))):
                total[name] = total[name] + value if name in total else value
            total["rows"] = total.get("rows", torch.tensor(0)) + matrix.shape[1]

    _run(data, network, module.register_forward_pre_hook(add))
    if not total:
        raise UserError(
            f"Pruner {data.pruner!r} measures what layer {weight!r} reads, but the network does not call it."
        )
    gram = Gram(total["products"], total["sums"], int(total["rows"]))
    _finite(gram.products, data.pruner, weight)
    return gram


def unit_gram(task: Task, network: nn.Module, weight: str, units: tuple[tuple[int, ...], ...]) -> torch.Tensor:
    """Inner products (units, units) of what a layer reads from units, over images and positions.

    Parameters
    ----------
    network, weight
        As of :func:`input_gram`.
    units
        Columns of the layer's weight by unit, as in :attr:`prunegraph.wiring.units.Group.columns`; zeros stand for a
        unit without columns.

    Raises
    ------
    UserError
        As :func:`input_gram`.
    """
    network.cpu().double()
    return _unit_gram(network, task.data, weight, units)


@remembered
def _unit_gram(
    network: nn.Module, data: TrainingImages, weight: str, units: tuple[tuple[int, ...], ...]
) -> torch.Tensor:
    there = [unit for unit, columns in enumerate(units) if columns]
    columns = torch.tensor([units[unit] for unit in there])
    total = torch.zeros(len(there), len(there), dtype=torch.float64)

    def add(module: nn.Module, read: tuple[torch.Tensor, ...]) -> None:
        values = read[0].movedim(1, -1) if isinstance(module, nn.Conv2d) else read[0]
        vectors = values.reshape(-1, values.shape[-1])[:, columns.flatten()]
        vectors = vectors.view(len(vectors), *columns.shape).movedim(1, 2).flatten(0, 1)
        total.add_(vectors.T @ vectors)

    _run(data, network, network.get_submodule(weight.rpartition(".")[0]).register_forward_pre_hook(add))
    _finite(total, data.pruner, weight)
    whole = torch.zeros(len(units), len(units), dtype=torch.float64)
    whole[torch.tensor(there)[:, None], torch.tensor(there)] = total
    return whole


def output_gram(task: Task, network: nn.Module, weight: str) -> torch.Tensor:
    """Inner products (rows, rows) of what a layer gives, before activation and without its bias.

    Parameters and errors as of :func:`input_gram`.
    """
    own = dict(network.named_parameters())[weight].detach().double().cpu().flatten(1)
    gram = input_gram(task, network, weight)
    if len(gram.products) > 1:
        raise UserError(f"Pruner {task.name!r} compares the outputs of layer {weight!r}, a convolution with groups.")
    return own @ gram.products[0] @ own.T


def _run(data: TrainingImages, network: nn.Module, hook: torch.utils.hooks.RemovableHandle) -> None:
    """Show the network every training image once; at least two, all finite."""
    seen = 0
    try:
        with evaluation(network), torch.no_grad(), one_thread():
            for images, _ in data.once(1000):
                if not torch.isfinite(images).all():
                    raise UserError(
                        f"Pruner {data.pruner!r} measures activations on the training images, and some of them hold "
                        "NaN or infinite values; repair or leave out these images."
                    )
                network(images.cpu().double())
                seen += len(images)
    finally:
        hook.remove()
    if seen < 2:
        raise UserError(
            f"Pruner {data.pruner!r} measures activations on the training images, found {seen}; expected at least 2."
        )


def _matrices(module: nn.Module, inputs: torch.Tensor) -> Iterator[torch.Tensor]:
    """Inputs as matrices (groups, rows, inputs of a unit), so many images at a time as memory suggests."""
    if isinstance(module, nn.Linear):
        yield inputs.reshape(1, -1, inputs.shape[-1])
        return
    mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
    padded = functional.pad(inputs, module._reversed_padding_repeated_twice, mode=mode)
    each = module.kernel_size[0] * module.kernel_size[1] * padded[0].numel() // (module.stride[0] * module.stride[1])
    for part in padded.split(max(1, MOST_NUMBERS // each)):
        patches = functional.unfold(part, module.kernel_size, module.dilation, 0, module.stride)
        grouped = patches.view(len(part), module.groups, -1, patches.shape[2])
        yield grouped.permute(1, 0, 3, 2).flatten(1, 2)


def _finite(values: torch.Tensor, pruner: str, weight: str) -> None:
    if not torch.isfinite(values).all():
        raise UserError(
            f"Pruner {pruner!r} found activations before layer {weight!r} that are not finite; look for NaN or huge "
            "weights."
        )
