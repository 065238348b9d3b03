"""Digests of values, files and folders: what keys are made of."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

ABSENT = "absent"


def digest(value: Any) -> str:
    """SHA-256 of a JSON value, in hexadecimal."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def file_digest(path: Path | str) -> str:
    """SHA-256 of a file, or ``absent``."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ABSENT


def folder_digest(path: Path | str) -> str:
    """SHA-256 of the names in a folder, or ``absent``."""
    try:
        return digest(sorted(name for name in os.listdir(path) if name != "__pycache__"))
    except OSError:
        return ABSENT
