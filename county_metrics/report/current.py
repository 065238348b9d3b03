"""Whether the site shows what the runs gave: answered without importing anything that renders."""

from __future__ import annotations

import json
from pathlib import Path

from county_metrics.paths import PACKAGE, data_root
from county_metrics.pipeline.digest import digest, file_digest
from county_metrics.pipeline.key import locked_versions
from county_metrics.pipeline.runner import Outcome
from county_metrics.pipeline.store import Store


def shaping(root: Path) -> str:
    """Digest of what shapes every page: the curated data, the files of this package that render, the locked versions."""
    folders = [PACKAGE / name for name in ("present", "evidence", "analysis", "report", "pipeline")]
    own = [
        path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in (".pyc", ".ttf")
    ]
    files = {path.relative_to(PACKAGE).as_posix(): file_digest(path) for path in own}
    data = {
        path.relative_to(data_root()).as_posix(): file_digest(path) for path in sorted(data_root().rglob("*")) if path.is_file()
    }
    return digest({"own": files, "data": data, "environment": locked_versions(root)})


def site_key(outcomes: list[Outcome], root: Path) -> str:
    """Key of a site: its runs and their states, titles, and what shapes every page."""
    runs = [
        [o.spec.name, o.spec.title, o.spec.source, "good" if o.good else [o.state, o.error], o.entry.name if o.entry else None]
        for o in outcomes
    ]
    return digest({"runs": runs, "shaping": shaping(root)})


def is_current(store: Store, key: str) -> bool:
    """Whether ``build/report`` shows the site of this key with every file at its size."""
    shown = store.build / "report"
    try:
        listing = json.loads((shown / "manifest.json").read_text("utf-8"))["files"]
        whole = all((shown / name).stat().st_size == entry["bytes"] for name, entry in listing.items())
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return whole and shown.resolve() == (store.build / "sites" / key).resolve()
