"""Scores that several masks share: they do not depend on the sparsity, and cost far more than selecting."""

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
import torch

_KNOWN: ContextVar[dict[str, Any] | None] = ContextVar("known scores", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Inside the block, scores of the same network on the same images are computed once."""
    token = _KNOWN.set({})
    try:
        yield
    finally:
        _KNOWN.reset(token)


def remembered(score: Callable) -> Callable:
    """Let a scoring function (network, ...) answer from memory inside :func:`remembering`.

    A question is the same if all that it holds is: every parameter and buffer, every image and label, every number,
    bit for bit. So an answer never depends on whether one is remembered; hashing takes milliseconds. What has an
    attribute ``content`` is asked for that. The answer is shared: whoever gets it must not change it.
    """

    @functools.wraps(score)
    def answer(network: torch.nn.Module, *arguments: Any, **options: Any) -> Any:
        known = _KNOWN.get()
        if known is None:
            return score(network, *arguments, **options)
        question = hashlib.sha256(f"{score.__module__}.{score.__qualname__}".encode())
        for part in [*network.state_dict().values(), arguments, sorted(options.items())]:
            _add(question, part)
        key = question.hexdigest()
        if key not in known:
            known[key] = score(network, *arguments, **options)
        return known[key]

    return answer


def _add(question: Any, part: Any) -> None:
    if isinstance(part, torch.Tensor):
        question.update(f"{part.dtype} {tuple(part.shape)} {part.device}".encode())
        question.update(part.detach().cpu().contiguous().numpy().tobytes())
    elif isinstance(part, np.ndarray):
        _add(question, torch.from_numpy(part))
    elif hasattr(part, "content"):
        _add(question, part.content)
    elif isinstance(part, Sequence) and not isinstance(part, str):
        for one in part:
            _add(question, one)
        question.update(b"end")
    else:
        question.update(repr(part).encode())
