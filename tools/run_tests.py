"""Run every test: the package's doctests and tests in parallel, then the notebooks through nbval."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main(extra: list[str]) -> int:
    """Run the suites one after the other; the exit status is the first that is not 0."""
    pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-ra"]
    suites = [
        [*pytest, "-n", "2", "--dist", "loadfile", "--doctest-modules", "county_metrics", "tests", *extra],
        [*pytest, "-p", "tests.nbval_strict", "--nbval", "--nbval-cell-timeout", "120", "notebooks"],
    ]
    for command in suites:
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
