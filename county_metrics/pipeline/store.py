"""The build folder: write-once entries by key, links to them, one builder at a time, nothing half-written."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from county_metrics.errors import RunnerError
from county_metrics.pipeline.digest import digest, file_digest

_SOCKETS = re.compile(r"cm-\w{8}")


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
        said: list[None] = []

        def wait() -> None:
            if not said:
                waiting()
            said.append(None)

        try:
            lock = self._lock(wait)
        except OSError as error:
            raise RunnerError(
                f"{self.build}: cannot be written ({(error.strerror or '').lower()}); free or unlock it and run again"
            ) from error
        with lock:
            self._sweep()
            yield

    def _lock(self, waiting: Callable[[], None]) -> IO[str]:
        path = self.build / ".lock"
        while True:
            self.build.mkdir(parents=True, exist_ok=True)
            lock = path.open("w")
            _acquire(lock.fileno(), waiting)
            # Whoever held it may have removed the whole folder, and another build may have begun anew.
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(lock.fileno()), path.stat()):
                    return lock
            lock.close()

    def _sweep(self) -> None:
        """Remove what a killed builder left; the lock says that none is at work."""
        for folder in (self.build / "tmp").glob("*"):
            with contextlib.suppress(OSError, ValueError):
                sockets = Path((folder / "sockets").read_text("utf-8"))
                # A note that was cut short may name another folder.
                if _SOCKETS.fullmatch(sockets.name):
                    shutil.rmtree(sockets, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder of its own for one build, removed at its end, however it ends."""
        parent = self.build / "tmp"
        parent.mkdir(exist_ok=True)
        made: list[Path] = []
        sweeper = None
        try:
            made.append(Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent)))
            made.append(Path(tempfile.mkdtemp(prefix="cm-")))
            sweeper = _sweeper(made)
            (made[0] / "sockets").write_text(str(made[1]), "utf-8")
            yield made[0]
        finally:
            for folder in made:
                shutil.rmtree(folder, ignore_errors=True)
            if sweeper is not None:
                sweeper.communicate()
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

    def find(self, key: str) -> tuple[Path, dict[str, Any]] | None:
        """The entry of a key with its record, if every file is there at its size and time (or else with its bytes)."""
        entry = self.entries / key
        run = _record(entry)
        return (entry, run) if run and all(_intact(entry / name, *kept) for name, kept in run["files"].items()) else None

    def damaged(self) -> list[Path]:
        """Files of finished runs and of the site that do not have the bytes that were written."""
        found = []
        for entry in sorted(self.entries.glob("*")):
            run = _record(entry)
            kept = {name: sha for name, (_, _, sha) in run["files"].items()} if run else {"run.json": ""}
            found += [entry / name for name, sha in kept.items() if file_digest(entry / name) != sha]
        site = (self.build / "report").resolve()
        if not site.is_dir():
            return found
        try:
            files = {name: kept["sha256"] for name, kept in _json(site / "manifest.json")["files"].items()}
        except (AttributeError, KeyError, TypeError):
            files = {"manifest.json": ""}
        return found + [site / name for name, sha in files.items() if file_digest(site / name) != sha]

    def set_aside(self, file: Path) -> None:
        """Remove the entry or the site that a damaged file belongs to, so that the next build makes it anew."""
        below = self.entries if self.entries in file.parents else self.build / "sites"
        shutil.rmtree(below / file.resolve().relative_to(below.resolve()).parts[0], ignore_errors=True)
        for link in [*self.runs.glob("*"), self.build / "report"]:
            if link.is_symlink() and not link.exists():
                link.unlink()

    def keep(self, work: Path, key: str, static_key: str, trace: dict[str, list[str]], run: dict[str, Any]) -> Path:
        """Move a finished work folder to its place and remember its trace."""
        files = sorted(path for path in work.rglob("*") if path.is_file())
        listing = {path.relative_to(work).as_posix(): _listed(path) for path in files}
        before = self.last(run["run"])
        number = 1 + (before.get("number", 0) if before else 0)
        write_json(work / "run.json", run | {"key": key, "number": number, "files": listing})
        entry = self.entries / key
        self.entries.mkdir(exist_ok=True)
        if entry.exists():
            os.replace(entry, work.parent / f"old-{work.name}")
        os.replace(work, entry)
        self.traces.mkdir(exist_ok=True)
        write_json(self.traces / f"{static_key}.json", trace)
        return entry

    def prune(self, keep: int) -> int:
        """Remove all but the newest `keep` results of each run, and what only they needed; returns how many went.

        What ``runs/`` shows stays, however old.
        """
        shown = {link.resolve() for link in self.runs.glob("*")}
        by_run: dict[str, list[tuple[int, Path, str]]] = {}
        broken: list[Path] = []
        for entry in sorted(self.entries.glob("*")):
            run = _record(entry)
            if run is None:
                broken.append(entry)
            else:
                by_run.setdefault(run["run"], []).append((run["number"], entry, digest(run["static"])))
        kept = [item for runs in by_run.values() for item in sorted(runs, reverse=True)[:keep]]
        kept += [item for runs in by_run.values() for item in runs if item[1].resolve() in shown and item not in kept]
        static = {item[2] for item in kept}
        gone = broken + [item[1] for runs in by_run.values() for item in runs if item not in kept]
        for entry in gone:
            shutil.rmtree(entry)
        for trace in self.traces.glob("*.json"):
            if trace.stem not in static:
                trace.unlink()
        return len(gone)

    def empty(self) -> None:
        """Remove everything that was built."""
        for path in self.build.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != ".lock":
                path.unlink()
        # Last, since a build that waits for it must find it as long as there is something to find.
        (self.build / ".lock").unlink()
        if not self.build.is_symlink():
            with contextlib.suppress(OSError):
                self.build.rmdir()

    def link(self, name: str, entry: Path) -> None:
        """Point ``runs/<name>`` at an entry."""
        point(self.runs / name, entry)

    def keep_failure(self, work: Path, name: str, run: dict[str, Any]) -> Path:
        """Put what a failed run left where its error page is made from; earlier good outputs stay."""
        write_json(work / "run.json", run)
        self.failed.mkdir(exist_ok=True)
        target = self.failed / name
        shutil.rmtree(target, ignore_errors=True)
        os.replace(work, target)
        return target

    def failure(self, name: str) -> tuple[Any, str] | None:
        """State and message of the last failure of a run, or None."""
        run = _json(self.failed / name / "run.json")
        return (run["state"], run["error"]) if run else None

    def forget_failure(self, name: str) -> None:
        """Drop the record of a failure after the run has succeeded."""
        shutil.rmtree(self.failed / name, ignore_errors=True)


def _sweeper(folders: list[Path]) -> subprocess.Popen[bytes] | None:
    """A process that removes folders when this one ends, even by a kill; none where there is no shell."""
    wait = """trap "" INT TERM HUP; cat >/dev/null; rm -rf -- "$@" """
    try:
        return subprocess.Popen(["sh", "-c", wait, "sweep", *map(str, folders)], stdin=subprocess.PIPE, start_new_session=True)
    except OSError:
        return None


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


def _record(entry: Path) -> dict[str, Any] | None:
    """Record of an entry, or None where it is not what `Store.keep` writes."""
    run = _json(entry / "run.json")
    if not isinstance(run, dict) or not isinstance(run.get("files"), dict) or not isinstance(run.get("static"), dict):
        return None
    if not isinstance(run.get("run"), str) or not isinstance(run.get("number"), int) or not isinstance(run.get("touched"), list):
        return None
    listed = all(
        isinstance(kept, list) and list(map(type, kept)) == [int, int, str] and name for name, kept in run["files"].items()
    )
    return run if listed and run["files"] else None


def _listed(path: Path) -> tuple[int, int, str]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, file_digest(path)


def _intact(path: Path, size: int, time_ns: int = 0, sha: str = "") -> bool:
    """Whether a file is as it was written: by size and time, by its bytes where a copy has another time."""
    try:
        status = path.stat()
    except OSError:
        return False
    if status.st_size != size or (status.st_mtime_ns != time_ns and file_digest(path) != sha):
        return False
    if status.st_mtime_ns != time_ns:
        with contextlib.suppress(OSError):
            os.utime(path, ns=(time_ns, time_ns))
    return True


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
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            time.sleep(0.1)
        else:
            return
