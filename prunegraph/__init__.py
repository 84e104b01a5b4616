"""prunegraph: pruned neural networks studied as graphs.

The packages, each of which imports only from those before it:
base files, graphs, datasets, models, pruning, training, encoding, metrics,
analysis, figures, cli. A package is imported when it is first used; nothing heavy is imported here.
"""

_PACKAGES = ("graphs", "datasets", "models", "pruning", "training", "encoding", "metrics", "analysis", "figures", "cli")


def __getattr__(name):
    # `import prunegraph` is enough to write prunegraph.models.create(...).
    if name in _PACKAGES:
        from importlib import import_module

        return import_module(f"prunegraph.{name}")
    if name == "__version__":
        return _version()
    raise AttributeError(f"module 'prunegraph' has no attribute {name!r}")


def _version():
    """What pyproject.toml says, the one place where it is written; of an installed package, what was read there."""
    from importlib import metadata
    from pathlib import Path

    source = Path(__file__).resolve().parents[1] / "pyproject.toml"
    if source.is_file():  # a copy of the repository, which need not be installed
        from tomllib import loads

        return loads(source.read_text(encoding="utf-8"))["project"]["version"]
    return metadata.version("prunegraph")
