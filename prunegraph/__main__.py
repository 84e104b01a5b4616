"""``python -m prunegraph`` is the command ``prunegraph``, from a copy that need not be installed."""

import sys

from prunegraph.cli import main

if __name__ == "__main__":
    sys.exit(main())
