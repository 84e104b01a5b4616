"""Pools of results: what lies in a cell's folder, what each file of it was made from, and which of them are asked for.

Data files are no outputs of rules. A job appends a *receipt* to the journal of its cell for every item it made (a
network, an architecture): what the item was made from, and size and sha256 of its files. The only output of the job is
the *manifest*, beside the folder: the items that were asked for, with their files. Its name holds a hash of all that
was asked, so a changed question has no answer yet, whatever the times of files say and whatever Snakemake remembers;
and a job that dies leaves every item that it finished. Readers open files through the manifest, which refuses a file
that is not the one it describes.

Imports neither torch nor numpy: a job with nothing to make should end at once.
"""

import fcntl
import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prunegraph.errors import UserError
from prunegraph.files import read_json, sha256, write_json

logger = logging.getLogger("prunegraph")

JOURNAL = "journal.jsonl"
_NAME = re.compile(r"(?P<cell>.+)\.(?P<asked>[0-9a-f]{12})\.manifest\.json")


def manifest_path(folder: str | Path, asked: str) -> str:
    """The path of the manifest of a cell's folder for what is asked (:func:`prunegraph.workflow.plan.Plan.asked`)."""
    return f"{folder}.{asked}.manifest.json"


class Manifest:
    """The items of a cell that were asked for, as a job wrote them down.

    Parameters
    ----------
    path
        Of the manifest, or of a copy of it under the cell's own name.

    Raises
    ------
    UserError
        If it is not there, or not readable.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        content = read_json(path)
        if not sound(content):
            self._refuse(f"{path} is missing or damaged")
        if not in_its_place(self.path, content):
            self._refuse(f"{path} is the manifest of {content['folder']}, not its own cell's")
        self.folder = self.path.parent / content["folder"]
        self.items: dict[str, dict[str, Any]] = content["items"]
        self._right: set[Path] = set()

    def file(self, item: str, name: str) -> Path:
        """The path of one file of an item, after a look at its content.

        Raises
        ------
        UserError
            If the file is not the one that the job wrote. The manifest is removed then, because it says what is not
            so, and the next run makes the file again.
        """
        if item not in self.items or name not in self.items[item]["files"]:
            raise UserError(f"{self.path} has no {item}/{name}; it has {', '.join(self.items)}.")
        path = Path(os.path.normpath(self.folder / name))
        if path not in self._right:
            if not _is(path, self.items[item]["files"][name]):
                self._refuse(f"{path} is missing or not what the workflow wrote")
            self._right.add(path)
        return path

    def first(self, item: str) -> Path:
        """The first file of an item, as :meth:`file` gives it: of a network its weights."""
        return self.file(item, next(iter(self.items.get(item, {"files": {"": None}})["files"])))

    def content(self, *items: str) -> list[str]:
        """The sha256 of every file of some items, or of all: what is made from them depends on it."""
        return [receipt[1] for item in items or self.items for receipt in self.items[item]["files"].values()]

    def _refuse(self, problem: str) -> None:
        self.path.unlink(missing_ok=True)
        raise UserError(
            f"{problem}. Its manifest {self.path} has been removed: run the same command again, and it is made anew."
        )


class Filling:
    """The folder of a cell while a job fills it: see :func:`filling`."""

    def __init__(self, manifest: Path, journal: Any):
        found = _NAME.fullmatch(manifest.name)
        if found is None:
            raise UserError(f"{manifest} is no name of a manifest; expected FOLDER.ASKED.manifest.json.")
        self.asked = found["asked"]
        self.folder = manifest.parent / found["cell"]
        self._journal = journal
        self._receipts = receipts(self.folder)
        self._items: dict[str, dict[str, Any]] = {}

    def keep(self, item: str, key: str) -> bool:
        """Whether an item is there as it should be, made from what `key` stands for; then it is kept."""
        receipt = self._receipts.get(item)
        if not receipt or receipt["key"] != key:
            return False
        if not all(_is(self.folder / name, facts) for name, facts in receipt["files"].items()):
            return False
        self._items[item] = {"key": key, "files": receipt["files"]}
        logger.info("%s: kept, it is up to date", item)
        return True

    def path(self, name: str) -> Path:
        """Where a file of the cell belongs."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def add(self, item: str, key: str, *names: str) -> None:
        """Write the receipt of an item whose files `names` are written."""
        files = {name: _facts(self.folder / name) for name in names}
        self._items[item] = {"key": key, "files": files}
        line = {"item": item, "key": key, "asked": self.asked, "files": files}
        self._journal.write(json.dumps(sealed(line)) + "\n")
        self._journal.flush()
        os.fsync(self._journal.fileno())

    def content(self) -> dict[str, Any]:
        """What the manifest says; the same for the same items, whoever made them and when."""
        return sealed({"folder": self.folder.name, "items": dict(sorted(self._items.items()))})


@contextmanager
def filling(manifest: str | Path, lost: int = 0) -> Iterator[Filling]:
    """Fill the folder of a cell, and write its `manifest` if the block ends well.

    Other manifests of the cell go first: they no longer describe its files. Two jobs on one cell wait for each other.
    `lost` is the number that :func:`losses` gave when the job was planned; the journal takes it down.
    """
    manifest = Path(manifest)
    folder = manifest.parent / _cell_of(manifest)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / JOURNAL, "a+b") as raw:
        fcntl.flock(raw, fcntl.LOCK_EX)
        _end_line(raw)
        for other in _manifests(folder):
            other.unlink(missing_ok=True)
        with open(raw.fileno(), "a", encoding="utf-8", closefd=False) as journal:
            cell = Filling(manifest, journal)
            yield cell
            if lost != _noted(folder):
                journal.write(json.dumps(sealed({"lost": lost})) + "\n")
                journal.flush()
        write_json(manifest, cell.content())


@contextmanager
def answering(manifest: str | Path, files: Iterable[str | Path]) -> Iterator[None]:
    """Write the `manifest` of `files` that bear names of their own, such as tables, when the block has written them.

    Other manifests of the same question go first.
    """
    manifest = Path(manifest)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    for other in _manifests(manifest.parent / _cell_of(manifest)):
        other.unlink(missing_ok=True)
    yield
    written = {os.path.relpath(path, manifest.parent): _facts(Path(path)) for path in files}
    write_json(manifest, sealed({"folder": ".", "items": {"answer": {"key": "", "files": written}}}))


def asking(flag: str | Path, manifest: str | Path, files: Iterable[str | Path]) -> Callable[[Any], str]:
    """A function for Snakemake's input that gives the path `flag` of an empty file.

    Files whose names stay look fresh to Snakemake when another question is asked, even though their `manifest`, which
    the new question names, is not there: a missing file between others reruns nothing. So the flag is made newer than
    `files` while there is no manifest, and older than anything once there is, whatever the clock says.
    """
    flag, manifest, files = Path(flag), Path(manifest), [Path(path) for path in files]

    def asked(wildcards: Any) -> str:
        del wildcards
        newest = max((path.stat().st_mtime for path in files if path.exists()), default=0)
        then = 1 if manifest.exists() else max(time.time(), newest + 2)
        if not flag.exists():
            flag.parent.mkdir(parents=True, exist_ok=True)
            flag.touch()
        if (flag.stat().st_mtime > newest) != (then > newest):
            os.utime(flag, (then, then))
        return str(flag)

    return asked


def check(manifests: Iterable[str | Path], files: Iterable[str | Path]) -> None:
    """Look whether `files` are what their `manifests` say (:func:`answering`); files that none names are not looked at.

    Raises
    ------
    UserError
        For a file that is missing or was changed. Its manifest is removed then, so the next run makes it again.
    """
    wanted = {os.path.abspath(path) for path in files}
    for path in manifests:
        manifest = Manifest(path)
        for name in manifest.items["answer"]["files"]:
            if os.path.abspath(manifest.folder / name) in wanted:
                manifest.file("answer", name)


def files_of(manifests: Iterable[str | Path], seeds: Iterable[Iterable[int]], name: str) -> list[Path]:
    """The file `name` of the networks of some cells, after a look at its content; `seeds` are those of each cell."""
    cells = zip(map(Manifest, manifests), seeds, strict=True)
    return [cell.file(f"seed{seed}", f"seed{seed}/{name}") for cell, own in cells for seed in own]


def losses(folder: str | Path, items: Iterable[str]) -> int:
    """How often files of a cell were found to be gone or of another size; one more if some of these `items` are now.

    Part of what is asked for: so they are made again although the manifest is there. Looks at sizes only.
    """
    folder = Path(folder)
    noted, known = _noted(folder), receipts(folder)
    for item in items:
        for name, (size, _) in known.get(item, {"files": {}})["files"].items():
            try:
                if (folder / name).stat().st_size != size:
                    return noted + 1
            except OSError:
                return noted + 1
    return noted


def made_by(folder: str | Path) -> set[str]:
    """What was `asked` of the jobs that made the items of a cell."""
    return {receipt["asked"] for receipt in receipts(Path(folder)).values()}


def _cell_of(manifest: Path) -> str:
    found = _NAME.fullmatch(manifest.name)
    if found is None:
        raise UserError(f"{manifest} is no name of a manifest; expected FOLDER.ASKED.manifest.json.")
    return found["cell"]


def _manifests(folder: Path) -> list[Path]:
    found = ((_NAME.fullmatch(path.name), path) for path in folder.parent.glob(f"{folder.name}.*.manifest.json"))
    return [path for match, path in found if match and match["cell"] == folder.name]


def _end_line(journal: Any) -> None:
    """End a line that was cut short, so that the next one can be read."""
    if journal.seek(0, os.SEEK_END):
        journal.seek(-1, os.SEEK_END)
        if journal.read(1) != b"\n":
            journal.write(b"\n")
            journal.flush()


def _lines(folder: Path) -> Iterator[Mapping[str, Any]]:
    try:
        text = (folder / JOURNAL).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except json.JSONDecodeError:  # cut short, or damaged: as if it were not there
            continue
        if sound(found):
            yield found


def receipts(folder: str | Path) -> dict[str, dict[str, Any]]:
    """The last receipt of every item of a cell: ``key`` (what it was made from), ``asked`` and ``files``."""
    folder = Path(folder)
    return {line["item"]: dict(line) for line in _lines(folder) if "item" in line}


def _noted(folder: Path) -> int:
    return max((line["lost"] for line in _lines(folder) if "lost" in line), default=0)


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    """`content` with a checksum of itself."""
    text = json.dumps(content, sort_keys=True)
    return {**content, "seal": hashlib.sha256(text.encode()).hexdigest()[:16]}


def sound(content: Any) -> bool:
    """Whether `content` is that of a manifest or a line of a journal, as it was written."""
    if not isinstance(content, dict):
        return False
    return sealed({name: value for name, value in content.items() if name != "seal"}) == content


def in_its_place(path: Path, content: Mapping[str, Any]) -> bool:
    """Whether the content of a manifest is of the cell that its name says; answers and copies have other names."""
    found = _NAME.fullmatch(path.name)
    return found is None or content["folder"] in (".", found["cell"])


def _facts(path: Path) -> list[Any]:
    return [path.stat().st_size, sha256(path)]


def _is(path: Path, facts: list[Any]) -> bool:
    try:
        return path.stat().st_size == facts[0] and sha256(path) == facts[1]
    except OSError:
        return False
