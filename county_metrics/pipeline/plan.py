"""What must run and why: the key of each run against what the store holds; nothing heavy is imported for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from county_metrics.pipeline.digest import digest
from county_metrics.pipeline.key import Disk, full_key
from county_metrics.pipeline.spec import RunSpec
from county_metrics.pipeline.store import Store


@dataclass(slots=True)
class Planned:
    """A run and whether it must be executed, with the reason."""

    spec: RunSpec
    static_parts: dict[str, str]
    entry: Path | None
    why: str


def plan(specs: list[RunSpec], store: Store, root: Path, *, strict: bool = False) -> list[Planned]:
    """Decide what must run; when `strict`, also what touched undeclared things the last time."""
    disk = Disk(root)
    return [_plan(spec, store, disk, strict) for spec in specs]


def _plan(spec: RunSpec, store: Store, disk: Disk, strict: bool) -> Planned:
    parts = disk.static_parts(spec)
    trace = store.trace(digest(parts))
    content, content_digest = disk.content(trace) if trace is not None else (None, "")
    found = store.find(full_key(parts, content_digest)) if content is not None else None
    if found is None:
        return Planned(spec, parts, None, _reason(store.last(spec.name), spec, parts, content, disk))
    entry, run = found
    if strict and run["touched"]:
        return Planned(spec, parts, None, f"strict, and it touched what it does not declare: {', '.join(run['touched'])}")
    return Planned(spec, parts, entry, "up to date")


def _reason(last: dict[str, Any] | None, spec: RunSpec, parts: dict[str, str], content: dict[str, str] | None, disk: Disk) -> str:
    """What changed since the last good run, old → new: values and versions as they are, the rest by first digits."""
    if last is None:
        return "has not run before"
    changes = [
        *_changes(*({name: static[name] for name in ("code", "python")} for static in (last["static"], parts))),
        *_changes(last["parameters"], spec.parameters),
        *_changes(last["versions"], disk.versions),
        *(_changes(last["content"], content) if content is not None else []),
    ]
    return "changed: " + "; ".join(changes) if changes else "its kept outputs are missing or damaged"


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    pairs = [(name, _short(before.get(name, "none")), _short(now.get(name, "none"))) for name in before | now]
    return [f"{name}: {old} → {new}" for name, old, new in pairs if old != new]


def _short(value: Any) -> str:
    text = str(value)
    return text[:8] if len(text) == 64 else text
