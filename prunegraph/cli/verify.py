"""`prunegraph verify`: is every result what the workflow wrote?"""

import argparse
import time
from pathlib import Path

from prunegraph.errors import UserError
from prunegraph.verification import Verification, compared


def run(options: argparse.Namespace) -> int:
    """Print a line for each thing that is wrong, and a summary; 1 if there is any."""
    if not Path(options.results).is_dir():
        raise UserError(f"There is no folder {options.results}; expected the results of a workflow.")
    start = time.perf_counter()
    verification = Verification(options.results)
    found = list(verification.problems())
    if options.configuration:
        from prunegraph.workflow.expected import expected

        found += compared(verification.manifests, expected(options.configuration, options.results))
    for problem in found:
        print(f"{problem.kind:8}  {problem.path} {problem.sentence}")
    if options.mend:
        _mend(found)
    seconds = time.perf_counter() - start
    print(
        f"{verification.files:,} files of {verification.items:,} results ({verification.size / 1e6:,.1f} MB) in "
        f"{len(verification.manifests):,} manifests were read in {seconds:.1f} s: "
        f"{f'{len(found):,} problems' if found else 'all are as the workflow wrote them'}."
    )
    return int(bool(found))


def _mend(found) -> None:
    """Remove the manifests that say what is not so; what they name is made again then."""
    manifests = {problem.manifest for problem in found} - {None}
    for path in manifests:
        path.unlink(missing_ok=True)
    if manifests:
        print(f"{len(manifests):,} manifests were removed: run the workflow's command again, and it makes them anew.")
