"""What a run reads, noted by an audit hook inside its kernel: files, folders listed, modules of this package."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

_SKIPPED = {".venv", ".git", "build", "__pycache__", ".ipynb_checkpoints"}
_files: set[str] = set()
_folders: set[str] = set()


def start(roots: list[str]) -> None:
    """Begin to note reads below the given folders; cannot be undone in the process.

    Parameters
    ----------
    roots : list of str
        Absolute folders whose content is an input of the run.
    """
    heads = tuple(root.rstrip(os.sep) + os.sep for root in roots)

    def note(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode = args[0], args[1]
            if isinstance(path, str) and (mode is None or "r" in mode):
                _note(path, heads, _files)
        elif event in ("os.listdir", "os.scandir") and (args[0] is None or isinstance(args[0], str)):
            _note(args[0] or ".", heads, _folders)

    sys.addaudithook(note)


def _note(path: str, heads: tuple[str, ...], into: set[str]) -> None:
    full = os.path.abspath(path)
    if (full + os.sep).startswith(heads) and not _SKIPPED.intersection(full.split(os.sep)) and not full.endswith((".py", ".pyc")):
        into.add(full)


def report() -> dict[str, list[str]]:
    """Files and folders noted so far, and the modules of this package in use, as absolute paths."""
    package = str(Path(__file__).resolve().parent.parent)
    used = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    runner = ("county_metrics.pipeline", "county_metrics.report", "county_metrics.cli")
    modules = {path for name, path in used.items() if path and path.startswith(package) and not name.startswith(runner)}
    return {"files": sorted(_files), "folders": sorted(_folders), "modules": sorted(modules)}
