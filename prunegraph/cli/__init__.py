"""The command for people with a checkpoint: ``prunegraph measure | graph | draw | predict``."""

from prunegraph.cli.command import main

__all__ = ["main"]
