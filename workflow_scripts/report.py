"""Write Snakemake's report of the figures and tables that were just made."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from prunegraph.errors import UserError
from prunegraph.files import atomic
from prunegraph.fingerprint import ROOT
from prunegraph.job import launch


def main(figures: list[Path], tables: list[Path], report_file: Path, config: dict):
    # The workflow that runs this job holds the lock, and its configuration may come from overlays and flags.
    with tempfile.NamedTemporaryFile("w", suffix=".json") as settings, atomic(report_file) as temporary:
        json.dump(config, settings)
        settings.flush()
        command = [sys.executable, "-m", "snakemake", "--report", str(temporary), "--configfile", settings.name]
        command += ["--snakefile", str(ROOT / "Snakefile"), "--nolock", "--cores", "1", "--"]
        command += map(str, [*figures, *tables])
        done = subprocess.run(command, stdout=sys.stdout, stderr=sys.stderr)
        if done.returncode or not temporary.exists():
            raise UserError("Snakemake could not write the report; its own words stand above, in this log.")


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
