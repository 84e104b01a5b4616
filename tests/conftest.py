"""What every test may use: reference data that only developers and CI have."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of golden networks, published tables and data sets; the test skips where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("PRUNEGRAPH_SHARED", default))
    if not (folder / "golden").is_dir():
        pytest.skip(f"no reference data at {folder} (set PRUNEGRAPH_SHARED to a folder that holds golden/)")
    return folder
