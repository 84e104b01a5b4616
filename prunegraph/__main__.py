"""``python -m prunegraph``: measure, export and draw the graph of a checkpoint."""

import sys

from prunegraph.cli import main

if __name__ == "__main__":
    sys.exit(main())
