"""Threads of a test, whatever the machine offers."""

from contextlib import contextmanager

import torch


@contextmanager
def threads(number):
    """Compute with so many threads in the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
