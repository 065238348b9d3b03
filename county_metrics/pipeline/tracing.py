"""What a run reads, noted by an audit hook inside its kernel: files, folders listed, modules of this package."""

from __future__ import annotations

import os
import sys
from typing import Any

_SKIPPED = {".venv", ".git", "build", "__pycache__", ".ipynb_checkpoints"}
_files: set[str] = set()
_folders: set[str] = set()


_heads: list[str] = []


def start(roots: list[str]) -> None:
    """Begin to note reads below the given folders; cannot be undone in the process.

    Parameters
    ----------
    roots : list of str
        Absolute folders whose content is an input of the run.
    """
    # Longest first, so that a folder inside another is judged by its own parts.
    _heads.extend(sorted((root.rstrip(os.sep) + os.sep for root in roots), key=len, reverse=True))

    def note(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode = args[0], args[1]
            if isinstance(path, str | bytes) and (mode is None or "r" in mode):
                _note(os.fsdecode(path), _files)
        elif event in ("os.listdir", "os.scandir") and isinstance(args[0], str | bytes | None):
            _note(os.fsdecode(args[0] or "."), _folders)

    sys.addaudithook(note)


def _input(full: str) -> bool:
    """Whether a path is below one of the folders, and not in a part of it that holds no input."""
    head = next((head for head in _heads if (full + os.sep).startswith(head)), None)
    return head is not None and not _SKIPPED.intersection(full[len(head) :].split(os.sep))


def _note(path: str, into: set[str]) -> None:
    full = os.path.abspath(path)
    if _input(full) and not full.endswith((".py", ".pyc")):
        into.add(full)


def report() -> dict[str, list[str]]:
    """Files and folders noted so far, and the modules in use of this package and of the folders, as absolute paths."""
    runner = ("county_metrics.pipeline", "county_metrics.report", "county_metrics.cli")
    used = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    modules = {path for name, path in used.items() if path and _input(path) and not name.startswith(runner)}
    return {"files": sorted(_files), "folders": sorted(_folders), "modules": sorted(modules)}
