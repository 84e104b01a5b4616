"""Train pruned networks and score each once on the test images. Loop and recipes are in prunegraph/training."""

from pathlib import Path


def main():
    pass
