"""Write environment.yml from requirements.lock, so that conda and Binder users get the tested versions."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = """\
# Generated from requirements.lock by tools/environment.py; do not edit.
# conda-forge provides Python and pip, the rest comes as the tested pins.
name: county_metrics
channels:
  - conda-forge
dependencies:
  - python>=3.11,<3.14
  - pip
  - pip:
"""


def pins(lock: str) -> list[str]:
    """Pinned requirements of a lock file, without hashes."""
    found = re.findall(r"^([A-Za-z0-9][^\s\\]*==[^\\\n]*?)\s*\\?$", lock, re.M)
    return [pin.strip() for pin in found]


def environment(lock: str) -> str:
    """Text of environment.yml for a lock file."""
    lines = [f'      - "{pin}"' for pin in pins(lock)]
    return HEAD + "\n".join([*lines, '      - "-e ."']) + "\n"


if __name__ == "__main__":
    text = environment((ROOT / "requirements.lock").read_text("utf-8"))
    (ROOT / "environment.yml").write_text(text, "utf-8")
