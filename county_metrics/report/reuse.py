"""The site of before: a page or a drawing is taken from there where nothing that shapes it has changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from county_metrics.present.wording import LANGUAGES


class Earlier:
    """Files of the site that is shown now, each with a digest of all that shaped it.

    Parameters
    ----------
    shown : Path
        Folder of that site; it may be missing or damaged, and then there is nothing to take.

    Attributes
    ----------
    made : dict
        Digests of what shaped the files of the new site, by path; goes into its manifest.
    """

    def __init__(self, shown: Path) -> None:
        self.made: dict[str, str] = {}
        self._shown = shown
        self._files: dict[str, Any] = {}
        self._before: dict[str, str] = {}
        try:
            manifest = json.loads((shown / "manifest.json").read_text("utf-8"))
            self._files, self._before = dict(manifest["files"]), dict(manifest["made"])
        except (OSError, ValueError, KeyError, TypeError):
            pass

    def read(self, path: str, made: str, name: str = "") -> bytes | None:
        """Content of a file that was shaped alike and is whole; `name` where several files were shaped as one."""
        self.made[name or path] = made
        if self._before.get(name or path) != made:
            return None
        try:
            content = (self._shown / path).read_bytes()
            return content if hashlib.sha256(content).hexdigest() == self._files[path]["sha256"] else None
        except (OSError, KeyError, TypeError):
            return None

    def take(self, path: str, made: str, folder: Path) -> bytes | None:
        """The same, and the file put into the new site as a link to it, or a copy where links cannot be had."""
        content = self.read(path, made)
        if content is not None:
            try:
                os.link((self._shown / path).resolve(), folder / path)
            except OSError:
                shutil.copyfile(self._shown / path, folder / path)
        return content

    def drawings(self, path: str, made: str) -> dict[str, str]:
        """A plot in every language, by its path without its ending; empty where it must be drawn anew."""
        found = {language: self.read(f"{path}.{language}.svg", made, path) for language in LANGUAGES}
        return (
            {language: content.decode("utf-8") for language, content in found.items() if content} if all(found.values()) else {}
        )
