"""The README's table of pruners, made from their records: python -m prunegraph.pruning.listing."""

from collections.abc import Iterator

from prunegraph.catalogue import PRUNERS, Pruner
from prunegraph.variants import options_of

HEADER = "| pruner | what it keeps | when | options |\n|---|---|---|---|\n"


def table() -> str:
    """A Markdown table with one line for each pruner, in the order of the catalogue."""
    return HEADER + "".join(
        f"| {name} | {record.about} | {_when(name, record)} | {', '.join(_options(record))} |\n"
        for name, record in PRUNERS.items()
    )


def _when(name: str, record: Pruner) -> str:
    if name == "dense":
        return "never"
    if record.trains:
        return "between trainings"
    if record.moves:
        return "during training"
    return "after training" if record.prunes == "trained" else "before training"


def _options(record: Pruner) -> Iterator[str]:
    for reference in record.references:
        yield from options_of(reference)


if __name__ == "__main__":
    print(table(), end="")
