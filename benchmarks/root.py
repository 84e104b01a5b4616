"""Importing this makes prunegraph importable, wherever a benchmark is started from."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

sys.path.insert(0, str(ROOT))
