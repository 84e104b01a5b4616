"""The manifests that a configuration asks for, told from its files and without Snakemake."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from prunegraph.errors import UserError
from prunegraph.fingerprint import ROOT
from prunegraph.workflow.configuration import Configuration, read_schema
from prunegraph.workflow.plan import Plan
from prunegraph.workflow.questions import Questions


def expected(files: Iterable[str | Path], results: str | Path) -> list[str]:
    """The paths of all manifests that the default target has, from where the workflow runs.

    Parameters
    ----------
    files
        Configuration files; each replaces what it has in common with those before it, as ``--configfile`` does.
    results
        The folder that is looked at.

    Raises
    ------
    UserError
        If a file cannot be read, is no configuration, or is one of another folder of results.
    """
    config: dict[str, Any] = {}
    for file in files:
        config = _merged(config, _read(file))
    schema = ROOT / "rules/config.schema.yaml"
    if not schema.exists():
        raise UserError(f"There is no {schema}; a configuration can be read in a copy of the repository only.")
    configuration = Configuration(config, read_schema(schema))
    if Path(configuration.results) != Path(results):
        raise UserError(
            f"The configuration has its results in {configuration.results}, and {results} was to be verified. Name "
            "that folder, in the folder in which the workflow runs."
        )
    questions = Questions(Plan(configuration))
    studies = configuration.studies.values()
    pools = [path for study in studies for path in questions.manifests(study)]
    return [*pools, *questions.answers(*studies), questions.claims.answer, questions.report.answer]


def _read(path: str | Path) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise UserError(f"{path} cannot be read as YAML ({problem}); expected a configuration file.") from None
    if not isinstance(found, dict):
        raise UserError(f"{path} holds no configuration: expected a mapping of keys such as `studies`.")
    return found


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(old[key], value) if isinstance(value, Mapping) and isinstance(old.get(key), Mapping) else value
        for key, value in new.items()
    }
    return {**old, **both}
