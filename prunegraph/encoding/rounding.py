"""Edge weights from the weights of a network, in both modes."""

import numpy as np


def edge_weights(values: np.ndarray, mode: str) -> np.ndarray:
    """Compute the magnitudes of weights, float32; in compat mode rounded to float16, as in the published graphs.

    A weight too small for float16 becomes an edge of weight 0; it stays an edge.
    """
    magnitudes = np.abs(values.astype(np.float32))
    if mode == "clean":
        return magnitudes
    with np.errstate(over="ignore"):
        return magnitudes.astype(np.float16).astype(np.float32)
