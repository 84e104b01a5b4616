"""prunegraph: pruned neural networks studied as graphs.

The packages, each of which imports only from those before it:
base files, graphs, datasets, models, pruning, training, encoding, metrics,
analysis, figures, cli. A package is imported when it is first used; nothing heavy is imported here.
"""

__version__ = "0.1.0"

_PACKAGES = ("graphs", "datasets", "models", "pruning", "training", "encoding", "metrics", "analysis", "figures", "cli")


def __getattr__(name):
    # `import prunegraph` is enough to write prunegraph.models.create(...).
    if name in _PACKAGES:
        from importlib import import_module

        return import_module(f"prunegraph.{name}")
    raise AttributeError(f"module 'prunegraph' has no attribute {name!r}")
