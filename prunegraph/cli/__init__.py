"""The command for people with a checkpoint: ``python -m prunegraph measure | graph | draw``."""

from prunegraph.cli.command import main

__all__ = ["main"]
