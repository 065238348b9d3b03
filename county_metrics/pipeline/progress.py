"""How a build speaks: a live table on a terminal, plain lines elsewhere, JSON lines on request."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from county_metrics.pipeline.runner import Outcome, State


class Progress:
    """Plain lines, as a log keeps them."""

    def say(self, text: str) -> None:
        """Write one line at once."""
        print(text, flush=True)

    def waiting(self) -> None:
        """Another build holds the build folder."""
        self.say("another build is at work in this folder; waiting for it to end")

    def planned(self, name: str, needed: bool, why: str) -> None:
        """What would become of a run."""
        self.say(f"{name}: {'would run' if needed else 'nothing to do'} ({why})")

    @contextlib.contextmanager
    def showing(self, names: list[str]) -> Iterator[None]:
        """Around the execution of the named runs."""
        if names:
            self.say(f"executing {len(names)} run{'s' if len(names) > 1 else ''}")
        yield

    def event(self, name: str, state: State, done: int, total: int) -> None:
        """A run changed its state or began another cell; called from several threads."""
        if state != "running":
            self.say(f"{name}: {state}")

    def note(self, text: str) -> None:
        """Something else began."""
        self.say(text)

    def summary(self, outcomes: list[Outcome], page: Path) -> None:
        """What happened, failures first."""
        for outcome in outcomes:
            if not outcome.good:
                self.say(f"{outcome.state.upper()} {outcome.spec.name}: {outcome.error}")
                self.say(f"  see {page.parent}/runs/{outcome.spec.name}-error.html; earlier good outputs are untouched")
        executed = sum(outcome.state == "done" for outcome in outcomes)
        current = sum(outcome.state == "up-to-date" for outcome in outcomes)
        failed = len(outcomes) - executed - current
        self.say(f"{executed} executed, {current} up to date, {failed} not finished; report: {page}")


class LiveProgress(Progress):
    """A table of runs that is redrawn in place on a terminal."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[str, int, int, float]] = {}
        self._live: Any = None

    @contextlib.contextmanager
    def showing(self, names: list[str]) -> Iterator[None]:
        """Around the execution of the named runs."""
        if not names:
            yield
            return
        from rich.live import Live

        self._rows = dict.fromkeys(names, ("waiting", 0, 0, 0.0))
        with Live(get_renderable=self._table, refresh_per_second=4) as self._live:
            yield

    def event(self, name: str, state: State, done: int, total: int) -> None:
        """A run changed its state or began another cell."""
        before = self._rows[name]
        began = before[3] or time.monotonic()
        self._rows[name] = (
            state,
            done if total else before[2],
            total or before[2],
            began if state == "running" else time.monotonic() - began,
        )

    def _table(self) -> Any:
        from rich.table import Table

        table = Table("run", "state", "cell", "seconds", box=None)
        for name, (state, done, total, clock) in self._rows.items():
            seconds = time.monotonic() - clock if state == "running" else clock
            table.add_row(name, state, f"{done}/{total}" if total else "", f"{seconds:.1f}" if clock else "")
        return table


class JsonProgress(Progress):
    """One JSON object a line."""

    def _emit(self, kind: str, **fields: Any) -> None:
        print(json.dumps({"event": kind, **fields}, ensure_ascii=False), flush=True)

    def say(self, text: str) -> None:
        """A line of text as a note."""
        self._emit("note", text=text)

    def planned(self, name: str, needed: bool, why: str) -> None:
        """What would become of a run."""
        self._emit("planned", run=name, needed=needed, why=why)

    def event(self, name: str, state: State, done: int, total: int) -> None:
        """A run changed its state or began another cell."""
        self._emit("run", run=name, state=state, done=done, total=total)

    def summary(self, outcomes: list[Outcome], page: Path) -> None:
        """Every run with its state."""
        runs = [{"run": o.spec.name, "state": o.state, "error": o.error, "seconds": round(o.seconds, 3)} for o in outcomes]
        self._emit("summary", runs=runs, report=str(page))


def progress_for(json_events: bool) -> Progress:
    """The way of speaking that fits where the output goes."""
    if json_events:
        return JsonProgress()
    return LiveProgress() if sys.stdout.isatty() else Progress()
