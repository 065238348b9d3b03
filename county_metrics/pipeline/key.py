"""Keys of runs: what a run is by itself, and what it read the last time."""

from __future__ import annotations

import platform
import re
from pathlib import Path
from typing import Any

from county_metrics.paths import PACKAGE, data_root
from county_metrics.pipeline.digest import digest, file_digest, folder_digest
from county_metrics.pipeline.notebook import code_meaning
from county_metrics.pipeline.spec import RunSpec

_PINNED = ("pandas", "statsmodels", "seaborn", "matplotlib", "numpy", "scipy", "papermill", "nbclient", "ipykernel")
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\\n]*[^\\\s]))?", re.M)
_KINDS = ("files", "modules", "folders")


def locked_versions(root: Path) -> dict[str, str]:
    """Versions by library: those of the lock file, or the installed ones where a project has none."""
    try:
        found = _LOCKED.findall((root / "requirements.lock").read_text("utf-8"))
    except OSError:
        from importlib import metadata

        return {name: metadata.version(name) for name in _PINNED}
    return {f"{name} ; {marker}" if marker else name: version for name, version, marker in found}


class Disk:
    """What keys are made of, as it stands on disk; each file is read once.

    Parameters
    ----------
    root : Path
        Project root.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.versions = locked_versions(root)
        self._environment = digest(self.versions)
        self._code: dict[Path, str] = {}
        self._now: dict[str, str] = {}
        self._contents: dict[str, tuple[dict[str, str], str]] = {}

    def static_parts(self, spec: RunSpec) -> dict[str, str]:
        """What a run is before anything is read: code by meaning, parameters, locked versions, Python."""
        if spec.notebook not in self._code:
            self._code[spec.notebook] = digest(code_meaning(spec.notebook))
        return {
            "code": self._code[spec.notebook],
            "parameters": digest(spec.parameters),
            "environment": self._environment,
            "python": platform.python_version(),
        }

    def content(self, trace: dict[str, list[str]]) -> tuple[dict[str, str], str]:
        """Digest of everything in a trace as it is now, and the digest of them all."""
        same = repr(trace)
        if same not in self._contents:
            content = {name: self._digest(name) for kind in _KINDS for name in trace[kind]}
            self._contents[same] = content, digest(content)
        return self._contents[same]

    def _digest(self, name: str) -> str:
        if name not in self._now:
            place = resolve(name.removesuffix("/"), self.root)
            self._now[name] = folder_digest(place) if name.endswith("/") else file_digest(place)
        return self._now[name]


def portable(path: str, root: Path) -> str:
    """A path of a trace without the machine in it: below the package, the project or the curated data."""
    place = Path(path)
    for prefix, folder in (("package:", PACKAGE), ("", root), ("data:", data_root())):
        if folder in (place, *place.parents):
            name = place.relative_to(folder).as_posix()
            # A name of the project that looks like one of the others.
            return f"./{name}" if not prefix and name.startswith(("package:", "data:")) else prefix + name
    return place.as_posix()


def resolve(name: str, root: Path) -> Path:
    """The path that `portable` named."""
    prefix, _, rest = name.partition(":")
    return {"package": PACKAGE, "data": data_root()}[prefix] / rest if prefix in ("package", "data") and rest else root / name


def traced(report: dict[str, Any], root: Path) -> dict[str, dict[str, str]]:
    """What a kernel noted, by kind and portable name; folders end in a stroke."""
    kinds = {kind: {portable(path, root): found for path, found in report[kind].items()} for kind in _KINDS}
    # Python lists these itself while it imports.
    folders = {name: found for name, found in kinds["folders"].items() if name != "." and not name.startswith("package:")}
    return kinds | {"folders": {f"{name}/": found for name, found in folders.items()}}


def full_key(parts: dict[str, str], content_digest: str) -> str:
    """Key of a finished run."""
    return digest([parts, content_digest])
