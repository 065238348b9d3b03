"""Keys of runs: what a run is by itself, and what it read the last time."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from county_metrics.paths import PACKAGE
from county_metrics.pipeline.notebook import code_meaning
from county_metrics.pipeline.params import RunSpec

_PINNED = ("pandas", "statsmodels", "seaborn", "matplotlib", "numpy", "scipy", "papermill", "nbclient", "ipykernel")


def digest(value: Any) -> str:
    """SHA-256 of a JSON value, in hexadecimal."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, or ``absent``."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "absent"


def folder_digest(path: Path) -> str:
    """SHA-256 of the names in a folder, or ``absent``."""
    try:
        return digest(sorted(entry.name for entry in path.iterdir() if entry.name != "__pycache__"))
    except OSError:
        return "absent"


def environment_digest(root: Path) -> str:
    """SHA-256 of the lock file, or of the installed versions where a project has none."""
    lock = root / "requirements.lock"
    if lock.is_file():
        return file_digest(lock)
    return digest({name: metadata.version(name) for name in _PINNED})


def static_parts(spec: RunSpec, root: Path) -> dict[str, str]:
    """What a run is before anything is read: code by meaning, parameters, environment, Python."""
    return {
        "code": digest(code_meaning(spec.notebook)),
        "parameters": digest(spec.parameters),
        "environment": environment_digest(root),
        "python": platform.python_version(),
    }


def portable(path: str, root: Path) -> str:
    """A path of a trace without the machine in it: below the package, or relative to the project."""
    place = Path(path)
    if PACKAGE in (place, *place.parents):
        return "package:" + place.relative_to(PACKAGE).as_posix()
    try:
        return place.relative_to(root).as_posix()
    except ValueError:
        return place.as_posix()


def resolve(name: str, root: Path) -> Path:
    """The path that `portable` named."""
    return PACKAGE / name.removeprefix("package:") if name.startswith("package:") else root / name


def trace_of(report: dict[str, list[str]], root: Path) -> dict[str, list[str]]:
    """Trace of a run from what its kernel noted."""
    trace = {kind: sorted({portable(path, root) for path in report[kind]}) for kind in ("files", "folders", "modules")}
    # Python lists these itself while it imports.
    trace["folders"] = [name for name in trace["folders"] if name != "." and not name.startswith("package:")]
    return trace


def traced_content(trace: dict[str, list[str]], root: Path) -> dict[str, str]:
    """Digest of everything in a trace as it is now."""
    content = {name: file_digest(resolve(name, root)) for kind in ("files", "modules") for name in trace[kind]}
    return content | {f"{name}/": folder_digest(resolve(name, root)) for name in trace["folders"]}


def full_key(parts: dict[str, str], content: dict[str, str]) -> str:
    """Key of a finished run."""
    return digest({"static": parts, "content": content})
