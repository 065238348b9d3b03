"""Write the folders of data/simulated from the simulators, in the form of a reader's own case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from county_metrics.analysis.simulate import (
    FOLDERS,
    simulate_panel,
    simulate_records,
    simulate_series,
    simulate_synthetic_control,
)

ROOT = Path(__file__).resolve().parents[1]
_HEAD = """\
# Made up by tools/simulated_cases.py: no county, no case and no date in this folder is real.
# 由 tools/simulated_cases.py 虚构：本文件夹中的县、案件与日期都不是真实的。
id: simulated_{folder}
name_en: "Simulated county AA"
name_zh: "模拟县01"
{table}:
  origin: "Made up by a random number generator with a known truth"
  simulated: true
  unit: working_day
"""
_MORE = {
    "approval_records": """\
  extracted_on: 2016-04-29
  deidentified: true
  selected_on: opened
  calendar: working
  intervention: 2014-01-17
  extra: {office: text}
""",
    "approval_series": "  intervention: 2014-02\n",
    "approval_panel": "",
    "approval_synthetic_control": "  intervention: 2014\n",
}
MAKERS: dict[str, tuple[str, Callable[[], pd.DataFrame]]] = dict(
    zip(
        FOLDERS,
        [
            ("records", simulate_records),
            ("series", simulate_series),
            ("panel", simulate_panel),
            ("panel", simulate_synthetic_control),
        ],
        strict=True,
    )
)


def texts(folder: str) -> dict[str, str]:
    """Content of the files of one folder, by name."""
    table, make = MAKERS[folder]
    made = make()
    if table == "records":
        made = made.astype({"paused_days": int})
    rows = made.to_csv(index=False, date_format="%Y-%m-%d" if table == "records" else None, lineterminator="\n")
    return {"case.yaml": _HEAD.format(folder=folder, table=table) + _MORE[folder], f"{table}.csv": rows}


if __name__ == "__main__":
    for name in FOLDERS:
        target = ROOT / "data" / "simulated" / name
        target.mkdir(parents=True, exist_ok=True)
        for file, text in texts(name).items():
            (target / file).write_text(text, "utf-8", newline="\n")
            print((target / file).relative_to(ROOT), len(text))
