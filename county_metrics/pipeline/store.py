"""The build folder: write-once entries by key, links to them, one builder at a time, nothing half-written."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from county_metrics.errors import RunnerError
from county_metrics.pipeline.key import file_digest


class Store:
    """Finished runs below ``build``.

    Parameters
    ----------
    build : Path
        The build folder; made when first needed.
    """

    def __init__(self, build: Path) -> None:
        self.build = build
        self.entries = build / "store"
        self.traces = build / "traces"
        self.runs = build / "runs"
        self.failed = build / "failed"

    @contextlib.contextmanager
    def locked(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the build folder; `waiting` is called once if another build holds it.

        Raises
        ------
        RunnerError
            If the folder cannot be written.
        """
        try:
            self.build.mkdir(parents=True, exist_ok=True)
            lock = (self.build / ".lock").open("w")
        except OSError as error:
            raise RunnerError(
                f"{self.build}: cannot be written ({(error.strerror or '').lower()}); free or unlock it and run again"
            ) from error
        with lock:
            _acquire(lock.fileno(), waiting)
            self._sweep()
            yield

    def _sweep(self) -> None:
        """Remove what a killed builder left; the lock says that none is at work."""
        for folder in (self.build / "tmp").glob("*"):
            note = folder / "sockets"
            if note.is_file():
                shutil.rmtree(note.read_text("utf-8"), ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder of its own for one build, removed at its end; swept by the next one after a kill."""
        parent = self.build / "tmp"
        parent.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))
        sockets = Path(tempfile.mkdtemp(prefix="cm-"))
        (folder / "sockets").write_text(str(sockets), "utf-8")
        try:
            yield folder
        finally:
            shutil.rmtree(sockets, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                parent.rmdir()

    def trace(self, static_key: str) -> dict[str, list[str]] | None:
        """What the last run with this static key read, or None."""
        found: dict[str, list[str]] | None = _json(self.traces / f"{static_key}.json")
        return found

    def last(self, name: str) -> dict[str, Any] | None:
        """Record of the last good run of that name, or None."""
        found: dict[str, Any] | None = _json(self.runs / name / "run.json")
        return found

    def find(self, key: str) -> Path | None:
        """The entry of a key, if it is there with every file at its size."""
        entry = self.entries / key
        run = _json(entry / "run.json")
        if run is None:
            return None
        try:
            whole = all((entry / name).stat().st_size == size for name, (size, _) in run["files"].items())
        except OSError:
            return None
        return entry if whole else None

    def keep(self, work: Path, key: str, static_key: str, trace: dict[str, list[str]], run: dict[str, Any]) -> Path:
        """Move a finished work folder to its place and remember its trace."""
        files = sorted(path for path in work.rglob("*") if path.is_file())
        listing = {path.relative_to(work).as_posix(): (path.stat().st_size, file_digest(path)) for path in files}
        write_json(work / "run.json", run | {"key": key, "files": listing})
        entry = self.entries / key
        self.entries.mkdir(exist_ok=True)
        if entry.exists():
            os.replace(entry, work.parent / f"old-{key}")
        os.replace(work, entry)
        self.traces.mkdir(exist_ok=True)
        write_json(self.traces / f"{static_key}.json", trace)
        return entry

    def link(self, name: str, entry: Path) -> None:
        """Point ``runs/<name>`` at an entry."""
        point(self.runs / name, entry)

    def keep_failure(self, work: Path, name: str, run: dict[str, Any]) -> Path:
        """Put what a failed run left where its error page is made from; earlier good outputs stay."""
        write_json(work / "run.json", run)
        self.failed.mkdir(exist_ok=True)
        target = self.failed / name
        if target.exists():
            shutil.rmtree(target)
        os.replace(work, target)
        return target

    def failure(self, name: str) -> tuple[Any, str] | None:
        """State and message of the last failure of a run, or None."""
        run = _json(self.failed / name / "run.json")
        return (run["state"], run["error"]) if run else None

    def forget_failure(self, name: str) -> None:
        """Drop the record of a failure after the run has succeeded."""
        shutil.rmtree(self.failed / name, ignore_errors=True)


def point(link: Path, target: Path) -> None:
    """Make `link` a relative symbolic link to `target` in one step; a copy where links cannot be had."""
    link.parent.mkdir(parents=True, exist_ok=True)
    relative = os.path.relpath(target, link.parent)
    if link.is_symlink() and os.readlink(link) == relative:
        return
    fresh = link.with_name(f".{link.name}.new")
    with contextlib.suppress(OSError):
        fresh.unlink()
    try:
        fresh.symlink_to(relative, target_is_directory=True)
        if link.is_dir() and not link.is_symlink():
            shutil.rmtree(link)
        os.replace(fresh, link)
    except OSError:
        shutil.rmtree(link, ignore_errors=True)
        shutil.copytree(target, link)


def write_json(path: Path, value: Any) -> None:
    """Write JSON in one step, readable and in a fixed order."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step: never half of it at the final path."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, "utf-8", newline="\n")
    os.replace(fresh, path)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _acquire(handle: int, waiting: Callable[[], None]) -> None:
    try:
        import fcntl
    except ImportError:
        return
    said = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not said:
                waiting()
            said = True
            time.sleep(0.1)
        else:
            return
