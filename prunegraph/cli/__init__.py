"""The command line: ``prunegraph measure | graph | draw | predict``, for networks in checkpoint files."""

from prunegraph.cli.command import main

__all__ = ["main"]
