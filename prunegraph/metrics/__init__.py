"""Numbers that describe a graph: topometrics, Ramanujan properties, and their normalisation.

Metrics see graphs only (:mod:`prunegraph.graphs`). The first call of :func:`topometrics` loads numba; torch is
loaded where it multiplies faster (:mod:`prunegraph.metrics.paths`), and everything works without it.
"""

from prunegraph.metrics.normalise import normalise
from prunegraph.metrics.ramanujan import ramanujan
from prunegraph.metrics.topometrics import topometrics

__all__ = ["normalise", "ramanujan", "topometrics"]
