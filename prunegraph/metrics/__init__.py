"""Numbers that describe a graph: topometrics, Ramanujan properties, and their normalisation.

Metrics see graphs only (:mod:`prunegraph.graphs`) and work without torch; numba is loaded by the
first call of :func:`topometrics`.
"""

from prunegraph.metrics.normalise import normalise
from prunegraph.metrics.ramanujan import ramanujan
from prunegraph.metrics.topometrics import topometrics

__all__ = ["normalise", "ramanujan", "topometrics"]
