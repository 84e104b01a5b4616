"""The command for people with a checkpoint: ``python -m prunegraph measure | graph | draw | predict``."""

from prunegraph.cli.command import main

__all__ = ["main"]
