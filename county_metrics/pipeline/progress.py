"""How a build speaks: a live table on a terminal, plain lines elsewhere, JSON lines on request."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from county_metrics.pipeline.runner import Outcome, State

_MANY, _ROWS = 40, 20


class Clock:
    """How long a build will still take, from what its runs took before and what they take now."""

    def __init__(self, past: dict[str, float | None], kernels: int) -> None:
        self.past, self.kernels = past, kernels
        self.left, self.begun = set(past), time.monotonic()

    def done(self, name: str) -> None:
        """A run has ended."""
        self.left.discard(name)

    def seconds_left(self) -> float | None:
        """Seconds to the end, or None while nothing can be said."""
        finished = len(self.past) - len(self.left)
        if finished:
            # What is going on now tells more than the last time, which may have been on another machine.
            return (time.monotonic() - self.begun) / finished * len(self.left)
        known = [seconds for seconds in self.past.values() if seconds is not None]
        return sum(known) / len(known) * len(self.past) / self.kernels if known else None

    def __str__(self) -> str:
        left = self.seconds_left()
        ahead = (
            ""
            if left is None or not self.left
            else f", about {left:.0f} s left"
            if left < 100
            else f", about {left / 60:.0f} min left"
        )
        return f"{len(self.past) - len(self.left)} of {len(self.past)} runs ended{ahead}"


class Progress:
    """Plain lines, as a log keeps them."""

    def __init__(self) -> None:
        self.clock = Clock({}, 1)
        self._speaking = threading.Lock()

    def say(self, text: str) -> None:
        """Write one line at once; a reader who has gone away does not stop the build."""
        with self._speaking:
            try:
                # In one piece, since several threads speak.
                sys.stdout.write(f"{text}\n")
                sys.stdout.flush()
            except OSError:
                sys.stdout = open(os.devnull, "w")  # noqa: SIM115

    def waiting(self) -> None:
        """Another build holds the build folder."""
        self.say("another build is at work in this folder; waiting for it to end")

    def planned(self, name: str, needed: bool, why: str) -> None:
        """What would become of a run."""
        self.say(f"{name}: {'would run' if needed else 'nothing to do'} ({why})")

    @contextlib.contextmanager
    def showing(self, past: dict[str, float | None], kernels: int) -> Iterator[None]:
        """Around the execution of runs, given the seconds each took the last time."""
        self.clock = Clock(past, kernels)
        if past:
            self.say(f"executing {len(past)} run{'s' if len(past) > 1 else ''}, {min(kernels, len(past))} at once")
        yield

    def event(self, name: str, state: State, done: int, total: int) -> None:
        """A run changed its state or began another cell; called from several threads."""
        if state == "running":
            return
        self.clock.done(name)
        ended = len(self.clock.past) - len(self.clock.left)
        if len(self.clock.past) <= _MANY or state != "done":
            self.say(f"{name}: {state}")
        elif ended % (len(self.clock.past) // 20) == 0:
            self.say(str(self.clock))

    def note(self, text: str) -> None:
        """Something else began."""
        self.say(text)

    def summary(self, outcomes: list[Outcome], changes: list[str], page: Path, seconds: float, *, accepted: bool) -> None:
        """What happened, failures first."""
        for outcome in outcomes:
            if not outcome.good:
                self.say(f"{outcome.state.upper()} {outcome.spec.name}: {outcome.error}")
                self.say(f"  see {page.parent}/runs/{outcome.spec.name}-error.html; earlier good outputs are untouched")
            elif outcome.touched:
                self.say(f"{outcome.spec.name} touched what it does not declare: {'; '.join(outcome.touched)}")
        for change in changes:
            self.say(f"{'ACCEPTED' if accepted else 'CHANGED'} {change}")
        if changes and not accepted:
            self.say(f"{len(changes)} results are not the accepted ones; if they are right: county-metrics report --accept")
        executed = sum(outcome.state == "done" for outcome in outcomes)
        current = sum(outcome.state == "up-to-date" for outcome in outcomes)
        failed = len(outcomes) - executed - current
        self.say(f"{executed} executed, {current} up to date, {failed} not finished; {seconds:.1f} s; report: {page}")


class LiveProgress(Progress):
    """A table of runs that is redrawn in place on a terminal."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, tuple[str, int, int, float]] = {}
        self._live: Any = None

    @contextlib.contextmanager
    def showing(self, past: dict[str, float | None], kernels: int) -> Iterator[None]:
        """Around the execution of runs."""
        self.clock = Clock(past, kernels)
        if not past:
            yield
            return
        from rich.live import Live

        self._rows = dict.fromkeys(past, ("waiting", 0, 0, 0.0))
        with Live(get_renderable=self._table, refresh_per_second=4) as self._live:
            yield

    def event(self, name: str, state: State, done: int, total: int) -> None:
        """A run changed its state or began another cell."""
        _, before, cells, began = self._rows[name]
        began = began or time.monotonic()
        if state != "running":
            self.clock.done(name)
            began = time.monotonic() - began
        self._rows[name] = (state, done if total else before, total or cells, began)

    def _table(self) -> Any:
        from rich.table import Table

        table = Table("run", "state", "cell", "seconds", box=None, caption=str(self.clock), caption_justify="left")
        rows = list(self._rows.items())
        if len(rows) > _ROWS:
            rows = [row for row in rows if row[1][0] not in ("waiting", "done")][-_ROWS:]
        for name, (state, done, total, clock) in rows:
            seconds = time.monotonic() - clock if state == "running" else clock
            table.add_row(name, state, f"{done}/{total}" if total else "", f"{seconds:.1f}" if clock else "")
        return table


class JsonProgress(Progress):
    """One JSON object a line."""

    def _emit(self, kind: str, **fields: Any) -> None:
        super().say(json.dumps({"event": kind, **fields}, ensure_ascii=False))

    def say(self, text: str) -> None:
        """A line of text as a note."""
        self._emit("note", text=text)

    def planned(self, name: str, needed: bool, why: str) -> None:
        """What would become of a run."""
        self._emit("planned", run=name, needed=needed, why=why)

    def event(self, name: str, state: State, done: int, total: int) -> None:
        """A run changed its state or began another cell."""
        if state != "running":
            self.clock.done(name)
        left = self.clock.seconds_left()
        self._emit("run", run=name, state=state, done=done, total=total, seconds_left=None if left is None else round(left, 1))

    def summary(self, outcomes: list[Outcome], changes: list[str], page: Path, seconds: float, *, accepted: bool) -> None:
        """Every run with its state."""
        runs = [
            {"run": o.spec.name, "state": o.state, "error": o.error, "seconds": round(o.seconds, 3), "touched": list(o.touched)}
            for o in outcomes
        ]
        self._emit("summary", runs=runs, changes=changes, accepted=accepted, seconds=round(seconds, 3), report=str(page))


def progress_for(json_events: bool) -> Progress:
    """The way of speaking that fits where the output goes."""
    if json_events:
        return JsonProgress()
    return LiveProgress() if sys.stdout.isatty() else Progress()
