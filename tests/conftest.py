"""What every test may use: reference data that only developers and CI have."""

import logging
import os
from pathlib import Path

import pytest

QUICK = "not slow and not gpu"


def pytest_configure(config):
    """Quick tests compute with one thread each: two processes with a thread for each core wait for each other."""
    if config.option.markexpr == QUICK:
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_xdist_auto_num_workers(config) -> int:
    """Number of worker processes: two for folders of quick tests, none otherwise.

    For some files their start would not pay. Slow tests run the workflow on two cores, and those of a GPU share one.
    """
    files = any(".py" in argument for argument in config.args)
    return 0 if files or config.option.markexpr != QUICK else 2


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the original files from which the data of the tests was derived; skips where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("PRUNEGRAPH_SHARED", default))
    if not (folder / "golden").is_dir():
        pytest.skip(
            f"compares with original files, and {folder} has none; other tests use what was derived from them. "
            "PRUNEGRAPH_SHARED may name a folder with golden/, published/mge (the authors' graph_data) and data/mnist"
        )
    return folder


@pytest.fixture(autouse=True)
def logging_as_before():
    """A job that a test runs sends the log where that job says; the next test starts anew."""
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
