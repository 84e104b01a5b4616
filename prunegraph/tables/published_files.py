"""The files that the authors of MGE published: their places, and checks that a copy is complete and unchanged.

The list is published_files.json: path below the authors' folder `graph_data`, sha256, rows and columns at one
commit of their repository. The Snakefile reads this module, so nothing heavy is imported here.
"""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prunegraph.errors import UserError
from prunegraph.files import sha256

_LIST = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))

REPOSITORY: str = _LIST["repository"]
COMMIT: str = _LIST["commit"]
FILES: Mapping[str, Mapping[str, Any]] = _LIST["files"]

#: The same contents as they come with this package, the parts of `published_sources.Sources`.
SHIPPED_IN = Path(__file__).with_name("published_data")
SHIPPED: Mapping[str, str] = {name: f"{name}.parquet" for name in ("unrolled", "rolled", "rolled_channel", "ramanujan")}


def lacking(folder: str | Path) -> str:
    """Say in a sentence which of the published files `folder` lacks; empty if none."""
    missing = [path for path in FILES if not Path(folder, path).is_file()]
    if not missing:
        return ""
    return (
        f"{folder} lacks {missing[0]} ({len(missing)} of {len(FILES)} files): expected the authors' folder graph_data "
        f"of {REPOSITORY}. Set published_dir to a copy of it at commit {COMMIT[:7]}, or to null for the tables "
        "that come with prunegraph."
    )


def verify(folder: str | Path) -> None:
    """Refuse a folder that lacks a published file, or holds one that was changed.

    Raises
    ------
    UserError
        If a file is missing or differs. The message names each such file, with its rows and columns if these changed,
        else with its checksum.
    """
    if sentence := lacking(folder):
        raise UserError(sentence)
    folder = Path(folder)
    changed = [f"{path}: {change}" for path in FILES if (change := difference(folder / path, path))]
    if changed:
        raise UserError(
            f"{len(changed)} of {len(FILES)} files in {folder} are not those published at commit {COMMIT[:7]} of "
            f"{REPOSITORY}. {'; '.join(changed[:5])}. Results would not be comparable: restore the files, or set "
            "published_dir to null for the tables that come with prunegraph."
        )


def difference(file: str | Path, path: str) -> str:
    """Say in words how `file` differs from the published file `path`; empty if it does not."""
    known = FILES[path]
    found = sha256(file)
    if found == known["sha256"]:
        return ""
    with open(file, newline="", encoding="utf-8", errors="replace") as text:
        reader = csv.reader(text)
        header = next(reader, [])
        rows = sum(1 for _ in reader)
    expected = _LIST["headers"][known["header"]]
    words = [f"column {name!r} is missing" for name in expected if name not in header]
    words += [f"column {name!r} is new" for name in header if name not in expected]
    if rows != known["rows"]:
        words.append(f"{rows:,} rows, expected {known['rows']:,}")
    return ", ".join(words) or f"values differ (sha256 {found[:12]}, expected {known['sha256'][:12]})"
