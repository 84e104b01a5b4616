"""Number types of computations, and the conditions of a result: device, precision, threads, version of torch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

PRECISIONS = ("float32", "tf32", "bfloat16")


@contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Whether products of float32 numbers on a GPU may round their factors to 10 bits (TensorFloat-32), in the block.

    Afterwards it is as before. torch allows it in convolutions unless told otherwise. Without a GPU it changes nothing.
    """
    import torch

    backends = torch.backends.cudnn, torch.backends.cuda.matmul
    before = [backend.allow_tf32 for backend in backends]
    try:
        for backend in backends:
            backend.allow_tf32 = allowed
        yield
    finally:
        for backend, value in zip(backends, before, strict=True):
            backend.allow_tf32 = value


@contextmanager
def computing(precision: str, device: "torch.device") -> Iterator[None]:
    """Compute networks in the block with `precision`, a name of :data:`PRECISIONS`.

    ``float32``: 24 significant bits throughout; ``tf32``: see :func:`tf32`; ``bfloat16``: convolutions and linear
    layers take factors of 8 bits (torch's automatic mixed precision), weights, statistics and losses stay float32.
    Networks in float64 stay so with ``float32`` and ``tf32``.
    """
    import torch

    mixed = precision == "bfloat16"
    # Without the cache of converted weights, which would outlive the memory of a recorded step.
    with tf32(precision == "tf32"), torch.autocast(device.type, torch.bfloat16, enabled=mixed, cache_enabled=False):
        yield


def use_threads(number: int) -> None:
    """Compute with so many threads of the CPU, whatever the machine offers.

    Sums in another order round otherwise, so what is trained on a CPU depends on it.
    """
    import torch

    torch.set_num_threads(number)


def conditions(device: "str | torch.device") -> dict[str, Any]:
    """What a number may depend on besides its inputs: {device, threads, torch}.

    ``device`` is "cpu" or the name of the GPU; ``threads`` is how many of the CPU torch uses.
    """
    import torch

    gpu = torch.device(device).type == "cuda"
    name = torch.cuda.get_device_name(device) if gpu else str(torch.device(device).type)
    return {"device": name, "threads": torch.get_num_threads(), "torch": torch.__version__}
