"""Imports point one way, and the workflow's plan needs nothing heavy."""

import ast
import subprocess
import sys

import pytest
from helpers import ROOT

ORDER = ["graphs", "relational", "datasets", "models", "wiring", "pruning", "training", "teacher_student", "encoding"]
ORDER += ["metrics", "search", "statistics", "tables", "analysis", "figures", "report", "workflow", "cli", "__main__"]


def package_of(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ORDER else ""


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rank(package):
    return ORDER.index(package) if package else -1


@pytest.mark.parametrize("path", sorted((ROOT / "prunegraph").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_only_from_earlier_packages(path):
    own = rank(package_of(".".join(path.relative_to(ROOT).with_suffix("").parts)))
    late = [name for name in imports(path) if name.startswith("prunegraph") and rank(package_of(name)) > own]
    assert not late


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        (
            "prunegraph.workflow.configuration, prunegraph.workflow.questions, prunegraph.pool",
            "numpy torch pandas scipy",
        ),
        ("prunegraph.datasets", "numpy torch torchvision sklearn pandas"),
        (
            "prunegraph.graphs, prunegraph.wiring, prunegraph.encoding, prunegraph.metrics",
            "torch networkx igraph pandas matplotlib",
        ),
        ("prunegraph.relational, prunegraph.relational.kinds", "numpy torch numba"),
        ("prunegraph.relational.sets", "torch networkx pandas"),
        ("prunegraph.tables.collect, prunegraph.analysis.regression", "torch numba matplotlib"),
        ("prunegraph.figures.accuracy", "torch numba"),
    ],
)
def test_what_an_import_does_not_bring(modules, heavy):
    code = f"import sys, {modules}; print(*[name for name in {heavy.split()} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
