"""How long a reader waits before anything happens: importing, loading a case, a report with nothing to do.

    python benchmarks/start.py

Best of several, in one run, against an interpreter that does nothing.
"""

from __future__ import annotations

import subprocess
import sys
import time

STEPS = {
    "python -c pass": ["-c", "pass"],
    "import county_metrics": ["-c", "import county_metrics"],
    "load a case": ["-c", "import county_metrics as cm; cm.load_case('jiashan')"],
    "import pandas": ["-c", "import pandas"],
    "report, nothing to do": ["-m", "county_metrics.cli", "report"],
}


def best(arguments: list[str], times: int = 7) -> float:
    """Shortest wall time of several runs, in seconds."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        found.append(time.perf_counter() - began)
    return min(found)


if __name__ == "__main__":
    subprocess.run([sys.executable, "-m", "county_metrics.cli", "report"], check=True, capture_output=True)
    base = best(STEPS["python -c pass"])
    print(f"{'':24} {'seconds':>8} {'more':>8} {'ratio':>7}")
    for name, arguments in STEPS.items():
        seconds = best(arguments)
        print(f"{name:24} {seconds:8.3f} {seconds - base:8.3f} {seconds / base:7.1f}")
