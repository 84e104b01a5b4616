"""prunegraph: pruned neural networks studied as graphs.

The packages, each of which imports only from those before it:
base files, graphs, datasets, models, pruning, training, encoding, metrics,
search, analysis, figures, cli. Import the package you need, for example
``import prunegraph.pruning``; nothing heavy is imported here.
"""

__version__ = "0.1.0"
