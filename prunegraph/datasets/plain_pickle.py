"""Safe reading of pickles: plain data is allowed, and no code is run."""

import io
import pickle
from typing import Any

import numpy as np

from prunegraph.errors import UserError


def loads(content: bytes, where: str) -> Any:
    """Unpickle plain containers, text, numbers and numpy arrays; Python 2 text is read as Latin-1.

    Raises
    ------
    UserError
        If the pickle names any other class or function, or is damaged; the message names the file by `where`.
    """
    try:
        return _Plain(io.BytesIO(content), encoding="latin1").load()
    except UserError as problem:
        raise UserError(f"{where} {problem}") from None
    except Exception as problem:  # a damaged pickle may raise nearly anything
        raise UserError(f"{where} is no readable pickle ({problem}). Fetch the file again.") from problem


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Find a class or function by name; only the few names in pickled arrays are allowed."""
        # numpy 2 moved numpy.core to numpy._core; the official files say numpy.core.
        key = (module.replace("numpy._core", "numpy.core"), name)
        if key not in _ALLOWED:
            raise UserError(
                f"is a pickle that asks for {module}.{name}. A data set needs arrays and plain containers only, "
                "so it was not opened: fetch the official file again."
            )
        return _ALLOWED[key]


def _encode(text: str, codec: str) -> bytes:
    """Encode text as bytes: Python 3 writes bytes in this way in pickles of protocol 2, always with this codec."""
    if codec != "latin1":
        raise UserError(f"is a pickle that asks for the codec {codec!r}, expected latin1.")
    return text.encode("latin1")


_ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
    ("_codecs", "encode"): _encode,
}
