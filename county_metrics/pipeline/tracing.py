"""What a run touches, noted by an audit hook inside its kernel.

Files read, folders listed and modules used are noted with their digests as they were at that moment; what a run reads,
writes, starts or calls without having declared it is noted in words. A mere question whether a file exists is not seen.
"""

from __future__ import annotations

import json
import os
import site
import sys
import tempfile
import threading
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from county_metrics.paths import PACKAGE
from county_metrics.pipeline.digest import file_digest, folder_digest

_SKIPPED = {".venv", ".git", "build", "__pycache__", ".ipynb_checkpoints"}
_RUNNER = tuple(str(PACKAGE / name) for name in ("pipeline", "report", "cli.py"))
_NETWORK = ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname")
_STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty")
_WATCHED = ("os.", "socket.", "subprocess.", "sqlite3.connect")
# Event: verb, place of the path that changes among its arguments, place of the folder it may be relative to.
_CHANGES = {
    "os.remove": ("removed", 0, 1), "os.rmdir": ("removed", 0, 1), "os.mkdir": ("made", 0, 2), "os.truncate": ("wrote", 0, 9),
    "os.rename": ("wrote", 1, 3), "os.link": ("wrote", 1, 3), "os.symlink": ("wrote", 1, 2),
}  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Notes:
    """Everything noted so far."""

    def __init__(self, roots: list[str], declared: list[str]) -> None:
        # Longest first, so that a folder inside another is judged by its own parts.
        self.heads = sorted((_folder(root) for root in roots), key=len, reverse=True)
        self.declared = tuple(map(_folder, declared))
        prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, *site.getsitepackages(), site.getusersitepackages()}
        self.system = tuple({_folder(path) for path in (*prefixes, *"/proc /sys /dev /etc /usr /lib /lib64 /bin /run".split())})
        self.home = _folder(str(Path.home())) + "."
        self.scratch = tuple(_folder(find(tempfile.gettempdir())) for find in (os.path.abspath, os.path.realpath))
        self.private = _folder(os.path.dirname(os.environ.get("IPYTHONDIR", "/dev/null")))
        self.files: dict[str, str] = {}
        self.folders: dict[str, str] = {}
        self.sources: dict[str, str] = {}
        self.changed: set[str] = set()
        self.touched: set[str] = set()
        self._seen: dict[str, Any] = {}
        self._written: set[str] = set()
        self._busy = threading.local()

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        """Audit hook; what it does itself is not noted."""
        if event == "open" or event.startswith(_WATCHED):
            if getattr(self._busy, "at_work", False):
                return
            self._busy.at_work = True
            try:
                self._note(event, args)
            finally:
                self._busy.at_work = False

    def _note(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            self._open(args)
        elif event in ("os.listdir", "os.scandir"):
            if full := _full(args[0] or "."):
                self._list(full)
        elif event == "sqlite3.connect":
            self._database(args[0])
        elif event in _CHANGES:
            verb, path, folder = _CHANGES[event]
            if event == "os.rename" and (full := _full(args[0], args[2])):
                self._write(full, "removed")
            if full := _full(args[path], args[folder] if folder < len(args) else -1):
                self._write(full, verb)
        elif event in _NETWORK:
            address = args[0 if "get" in event else 1]
            if isinstance(address, tuple) or "get" in event:
                host = address[:2] if isinstance(address, tuple) else (address,)
                self.touched.add("network " + ":".join(map(str, host)))
        elif event in _STARTS:
            self.touched.add(f"process {_program(event, args)}")

    def _open(self, args: tuple[Any, ...]) -> None:
        path, mode, flags = args
        full = _full(path)
        # A low open may be relative to a folder that the event does not name, as when a folder is removed with all in it.
        if full is None or (mode is None and not os.path.isabs(path) and not os.path.lexists(full) and not flags & _WRITES):
            return
        if isinstance(mode, str):
            reads, writes = "r" in mode or ("+" in mode and "a" in mode), bool(set("wax+").intersection(mode))
        else:
            reads, writes = not flags & (os.O_WRONLY | os.O_TRUNC), bool(flags & _WRITES)
        if reads:
            self._read(full)
        if writes:
            self._write(full, "wrote")

    def _database(self, name: Any) -> None:
        """A database is read, or begun where there is none; one in memory is of no matter."""
        if isinstance(name, str) and name.startswith("file:"):
            name = "" if "mode=memory" in name else unquote(name.removeprefix("file:").partition("?")[0])
        full = _full(name) if name and os.fspath(name) not in (":memory:", b":memory:") else None
        if full and os.path.exists(full):
            self._read(full)
        elif full:
            self._write(full, "wrote")

    def inside(self, full: str) -> bool | None:
        """Whether a path is below one of the roots and may hold an input; None when it is below none."""
        head = next((head for head in self.heads if _folder(full).startswith(head)), None)
        return None if head is None else not _SKIPPED.intersection(full[len(head) :].split(os.sep))

    def _foreign(self, full: str) -> bool:
        return not full.startswith((*self.system, self.home, self.private)) and not full.endswith((".py", ".pyc", ".so"))

    def _read(self, full: str) -> None:
        if full.endswith(".pyc") and f"{os.sep}__pycache__{os.sep}" in full:
            full = source_from_cache(full)
        inside = self.inside(full)
        if full in self._written or inside is False or (inside is None and not self._foreign(full)) or os.path.isdir(full):
            return
        try:
            status = os.stat(full)
            stamp: Any = (status.st_size, status.st_mtime_ns, status.st_ino)
        except OSError:
            stamp = None
        if full in self._seen and self._seen[full] == stamp:
            return
        self._seen[full] = stamp
        into = self.sources if full.endswith(".py") else self.files
        found = file_digest(full)
        if into.setdefault(full, found) != found:
            self.changed.add(full)
        if into is self.files and not _folder(full).startswith(self.declared):
            self.touched.add(f"read {full}")

    def _list(self, full: str) -> None:
        if self.inside(full):
            self.folders.setdefault(full, folder_digest(full))

    def _write(self, full: str, verb: str) -> None:
        self._written.add(full)
        inside = self.inside(full)
        if inside is False or (inside is None and (not self._foreign(full) or _folder(full).startswith(self.scratch))):
            return
        self.touched.add(f"{verb} {full}")


def _folder(path: str) -> str:
    return path.rstrip(os.sep) + os.sep


def _full(path: Any, folder: Any = -1) -> str | None:
    """Absolute path of what an event names; None where it names no path, or one that no file can have."""
    if not isinstance(path, str | bytes | os.PathLike):
        return None
    text = os.fsdecode(path)
    if "\0" in text:
        return None
    try:
        if isinstance(folder, int) and folder >= 0 and not os.path.isabs(text):
            text = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), text)
        return os.path.abspath(text)
    except OSError:
        return None


def _program(event: str, args: tuple[Any, ...]) -> str:
    """Name of a program that is started; of the event where it starts none by name."""
    named = [os.fsdecode(arg) for arg in args[:2] if isinstance(arg, str | bytes)]
    words = named[0].split() if named and event == "os.system" else named[:1]
    return os.path.basename(words[0]) if words else event.removeprefix("os.")


_notes: list[_Notes] = []


def start(roots: list[str], declared: list[str]) -> None:
    """Begin to note what this process touches; cannot be undone in it.

    Parameters
    ----------
    roots : list of str
        Absolute folders whose content is an input of the run.
    declared : list of str
        Absolute files and folders that the run may read.
    """
    _notes.append(_Notes(roots, declared))
    sys.addaudithook(_notes[-1].hook)


def pack_all(session: Any) -> None:
    """Let a kernel send text that holds half a character, which is then judged, instead of losing the message."""
    from jupyter_client.jsonutil import json_default

    usual = session.pack

    def pack(message: Any) -> bytes:
        try:
            return bytes(usual(message))
        except UnicodeEncodeError:
            return json.dumps(message, default=json_default).encode("ascii")

    session.pack = pack


def report() -> dict[str, Any]:
    """What was noted so far, as absolute paths.

    Returns
    -------
    dict
        ``files``, ``folders``, ``modules``: digests by path; ``touched``: what was not declared, in words;
        ``changed``: files that were not the same when they were read again.
    """
    notes = _notes[-1]
    used = {getattr(module, "__file__", None) for module in list(sys.modules.values())} | notes.sources.keys()
    paths = {path for path in used if path and notes.inside(path) and not path.startswith(_RUNNER)}
    return {
        "files": notes.files,
        "folders": notes.folders,
        "modules": {path: notes.sources.get(path) or file_digest(path) for path in paths},
        "touched": sorted(notes.touched),
        "changed": sorted(notes.changed),
    }
