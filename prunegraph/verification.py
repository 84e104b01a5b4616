"""Looks through a folder of results for whatever is not as the workflow wrote it.

Every file is named by a manifest or by a receipt in the journal of its cell (:mod:`prunegraph.pool`), with its size and
sha256; so nothing has to be computed again, and neither Snakemake nor torch nor numpy is needed.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from prunegraph.files import read_json, sha256
from prunegraph.pool import JOURNAL, in_its_place, receipts, sound

#: Folders of results that are about the making: times, progress, what a training or a search can go on from.
ABOUT = ("logs", "benchmarks", "checkpoints", "search", "tensorboard")

# Beside results: what the repository says of the folder, and notes that have no receipt.
_NOTES = ("README.md", ".gitignore", "state.json", JOURNAL)
_ENDING = ".manifest.json"


class Problem(NamedTuple):
    """One thing that is wrong.

    Parameters
    ----------
    kind
        ``missing``, ``empty``, ``half``, ``altered``, ``swapped``, ``unknown`` or ``unasked``.
    path
        Of the file.
    sentence
        What was found.
    manifest
        Without it, the same command makes the file again; None where that would not help.
    """

    kind: str
    path: Path
    sentence: str
    manifest: Path | None = None


class Verification:
    """What lies in a folder of results, compared with its manifests and receipts.

    Parameters
    ----------
    results
        The folder.

    Attributes
    ----------
    files, size, items
        How many files were read, their bytes, and of how many items (networks, graphs, tables of one rule).
    """

    def __init__(self, results: str | Path):
        self.results = Path(results)
        self.files, self.size, self.items = 0, 0, 0
        self.manifests: list[Path] = []
        self._known: set[Path] = set()
        self._content: dict[str, Path] = {}

    def problems(self) -> Iterator[Problem]:
        """Everything that is wrong, by path; a file is read once."""
        found = sorted(self._walk())
        self.manifests = [path for path in found if path.name.endswith(_ENDING)]
        contents = {path: read_json(path) for path in self.manifests}
        for path, content in contents.items():
            if sound(content):
                self._remember(path, content)
        for path, content in contents.items():
            yield from self._manifest(path, content)
        for path in found:
            if path.name == JOURNAL:
                yield from self._journal(path)
        for path in found:
            yield from self._other(path)

    def _walk(self) -> Iterator[Path]:
        for folder, below, names in os.walk(self.results):
            if Path(folder) == self.results:
                below[:] = [name for name in below if name not in ABOUT]
            yield from (Path(folder, name) for name in names)

    def _remember(self, path: Path, content: dict[str, Any]) -> None:
        for item in content["items"].values():
            for name, (_, checksum) in item["files"].items():
                self._content.setdefault(checksum, _place(path.parent / content["folder"], name))

    def _manifest(self, path: Path, content: Any) -> Iterator[Problem]:
        if not sound(content):
            yield Problem(_kind_of_damage(path), path, "is no manifest as a job writes it", path)
            return
        if not in_its_place(path, content):
            yield Problem("swapped", path, f"is the manifest of {content['folder']}", path)
            return
        folder = path.parent / content["folder"]
        known = receipts(folder) if content["folder"] != "." else content["items"]
        for item, facts in content["items"].items():
            self.items += 1
            if known.get(item, {}).get("key") != facts["key"] or known[item]["files"] != facts["files"]:
                sentence = f"has no receipt of {item} that agrees with {path.name}"
                yield Problem("altered", folder / JOURNAL, sentence, path)
            for name, (size, checksum) in facts["files"].items():
                yield from self._file(_place(folder, name), size, checksum, path)

    def _file(self, path: Path, size: int, checksum: str, manifest: Path | None) -> Iterator[Problem]:
        if path in self._known:
            return
        self._known.add(path)
        try:
            there = path.stat().st_size
            content = sha256(path) if there == size or not there else ""
        except OSError as problem:
            yield Problem("missing", path, f"is not there ({problem.strerror})", manifest)
            return
        self.files += 1
        self.size += there
        if content == checksum:
            return
        if there != size and there:
            content = sha256(path)
        other = self._content.get(content)
        if other is not None:
            yield Problem("swapped", path, f"holds what belongs to {other}", manifest)
        elif there < size:
            sentence = f"has {there:,} of {size:,} bytes"
            yield Problem("half" if there else "empty", path, sentence, manifest)
        else:
            yield Problem("altered", path, "is not what the workflow wrote", manifest)

    def _journal(self, path: Path) -> Iterator[Problem]:
        """What a journal has receipts of, and no manifest: items of other seeds, or of a job that did not end."""
        folder = path.parent
        if not any(folder.parent.glob(f"{folder.name}.*{_ENDING}")):
            sentence = "has no manifest beside it: its job did not end, or another asked for something else"
            yield Problem("half", folder, f"{sentence}; the workflow goes on from there")
        for receipt in receipts(folder).values():
            for name, (size, checksum) in receipt["files"].items():
                yield from self._file(_place(folder, name), size, checksum, None)

    def _other(self, path: Path) -> Iterator[Problem]:
        if path in self._known or path.name.endswith((_ENDING, ".there")) or path.name in _NOTES:
            return
        if path.parent.name == ".asked":
            if path.stat().st_size:
                yield Problem("altered", path, "is not empty, as the workflow makes it; only its time counts")
        elif path.name.startswith(".tmp."):
            yield Problem("half", path, "was being written when its job died; it can be deleted")
        elif path.suffix == ".json" and path.with_suffix("").is_dir() and self._receipted(path.with_suffix("")):
            listed = path.read_bytes()
            manifests = path.parent.glob(f"{path.stem}.*{_ENDING}")
            if not any(listed == each.read_bytes() for each in manifests):
                sentence = "is not the list of its cell's files; delete it and ask for it again"
                yield Problem("altered" if listed else "empty", path, sentence)
        else:
            yield Problem("unknown", path, "is named by no manifest and no receipt: the workflow did not make it")

    def _receipted(self, folder: Path) -> bool:
        return (folder / JOURNAL).exists()


def compared(manifests: Iterable[Path], wanted: Iterable[str | Path]) -> Iterator[Problem]:
    """What is wrong with the `manifests` that are there if a configuration asks for those that are `wanted`.

    Cells and questions of other configurations may lie beside, and are no problem.
    """
    there, wanted = set(map(Path, manifests)), {Path(path) for path in wanted}
    cells = {_cell(path): path for path in wanted}
    for path in sorted(there - wanted):
        if _cell(path) in cells:
            yield Problem("unasked", path, "is from another configuration, or from other code", path)
    others = {_cell(path) for path in there - wanted}
    for path in sorted(wanted - there):
        if _cell(path) not in others:
            yield Problem("missing", path, "is asked for and was not made")


def _cell(manifest: Path) -> Path:
    return manifest.with_name(manifest.name.removesuffix(_ENDING).rpartition(".")[0])


def _place(folder: Path, name: str) -> Path:
    return Path(os.path.normpath(folder / name))


def _kind_of_damage(path: Path) -> str:
    return "altered" if path.stat().st_size else "empty"
