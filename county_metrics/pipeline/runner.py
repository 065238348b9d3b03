"""Planning and executing runs: what must run, what happened, and nothing lost when something fails."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from county_metrics.errors import CountyMetricsError
from county_metrics.paths import PACKAGE, data_root
from county_metrics.pipeline.key import digest, full_key, static_parts, trace_of, traced_content
from county_metrics.pipeline.params import RunSpec
from county_metrics.pipeline.store import Store, write_json

if TYPE_CHECKING:
    from county_metrics.pipeline.engine import Session

State = Literal["up-to-date", "waiting", "running", "done", "failed", "died", "timed-out", "interrupted", "not-run"]
Event = Callable[[str, State, int, int], None]


@dataclass(slots=True)
class Planned:
    """A run and whether it must be executed, with the reason."""

    spec: RunSpec
    static_parts: dict[str, str]
    entry: Path | None
    why: str


@dataclass(slots=True)
class Outcome:
    """What became of a run: its state, its entry in the store, and what went wrong."""

    spec: RunSpec
    state: State
    entry: Path | None
    seconds: float = 0.0
    error: str = ""
    failure: Path | None = None

    @property
    def good(self) -> bool:
        """Whether the entry is that of the run as asked for."""
        return self.state in ("done", "up-to-date")


@dataclass(slots=True)
class _Job:
    planned: Planned
    work: Path
    session: Session
    started: float = field(default_factory=time.monotonic)


def plan(specs: list[RunSpec], store: Store, root: Path) -> list[Planned]:
    """Decide what must run: the key of each run against what the store holds."""
    return [_plan(spec, store, root) for spec in specs]


def _plan(spec: RunSpec, store: Store, root: Path) -> Planned:
    parts = static_parts(spec, root)
    trace = store.trace(digest(parts))
    content = traced_content(trace, root) if trace is not None else None
    entry = store.find(full_key(parts, content)) if content is not None else None
    return Planned(spec, parts, entry, "up to date" if entry else _reason(store.last(spec.name), parts, content))


def _reason(last: dict[str, Any] | None, parts: dict[str, str], content: dict[str, str] | None) -> str:
    """What changed since the last good run, with the first digits of the digests, old → new."""
    if last is None:
        return "has not run before"
    now = parts | (content or {})
    before = last["static"] | (last["content"] if content is not None else {})
    pairs = [(name, before.get(name, "none")[:8], now.get(name, "none")[:8]) for name in before | now]
    changes = [f"{name}: {old} → {new}" for name, old, new in pairs if old != new]
    return "changed: " + "; ".join(changes) if changes else "its kept outputs are missing or damaged"


def execute(
    planned: list[Planned], store: Store, root: Path, jobs: int, event: Event, timeout: float | None = None
) -> list[Outcome]:
    """Run what must run, at most `jobs` at once; a failing run stops no other.

    Parameters
    ----------
    planned : list of Planned
    store : Store
        Held by the caller.
    root : Path
        Project root; kernels start there.
    jobs : int
        Kernels at once.
    event : callable
        Told (run, state, cells done, cells in all).
    timeout : float, optional
        Seconds a cell may take.

    Returns
    -------
    list of Outcome
        In the order of `planned`.
    """
    outcomes = {p.spec.name: Outcome(p.spec, "up-to-date", p.entry) for p in planned if p.entry}
    for item in planned:
        if item.entry:
            store.link(item.spec.name, item.entry)
            store.forget_failure(item.spec.name)
    waiting = [p for p in planned if not p.entry]
    if waiting:
        with store.scratch() as scratch:
            for outcome in _execute_all(waiting, store, root, scratch, jobs, event, timeout):
                outcomes[outcome.spec.name] = outcome
    return [outcomes[p.spec.name] for p in planned]


def _execute_all(
    waiting: list[Planned], store: Store, root: Path, scratch: Path, jobs: int, event: Event, timeout: float | None
) -> Iterator[Outcome]:
    from county_metrics.pipeline.client import prepare
    from county_metrics.pipeline.engine import Session

    prepare()
    sockets = Path((scratch / "sockets").read_text("utf-8"))
    running: dict[Future[None], _Job] = {}
    interrupted = False
    with ThreadPoolExecutor(jobs) as pool:
        for index, item in enumerate(waiting):
            work = scratch / str(index)
            work.mkdir()
            name = item.spec.name
            session = Session(root, _roots(item.spec, root), timeout, _reporter(event, name), sockets)
            running[pool.submit(_execute_one, item.spec, session)] = _Job(item, work, session)
        while running:
            try:
                finished, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                interrupted = True
                for future, job in running.items():
                    future.cancel()
                    job.session.kill()
                continue
            for future in finished:
                job = running.pop(future)
                outcome = _finish(future, job, store, root, interrupted)
                event(outcome.spec.name, outcome.state, 0, 0)
                yield outcome


def _reporter(event: Event, name: str) -> Callable[[int, int], None]:
    return lambda done, total: event(name, "running", done, total)


def _roots(spec: RunSpec, root: Path) -> list[str]:
    """Folders whose reads make a run's trace: the project, the package, the data, a reader's own case."""
    own = [root / spec.parameters[name] for name, kind in spec.kinds.items() if kind == "CaseId"]
    folders = [root, PACKAGE, data_root(), *(folder.resolve() for folder in own if folder.is_dir())]
    return sorted({str(folder) for folder in folders})


def _execute_one(spec: RunSpec, session: Session) -> None:
    import nbformat
    from papermill.execute import execute_notebook

    if session.stop.is_set():
        raise KeyboardInterrupt
    notebook = nbformat.read(spec.notebook, as_version=4)
    execute_notebook(notebook, None, parameters=spec.given, engine_name="county_metrics", progress_bar=False, session=session)


def _finish(future: Future[None], job: _Job, store: Store, root: Path, interrupted: bool) -> Outcome:
    """Judge a finished run by what its notebook shows, keep it if good, else keep the failure beside."""
    spec = job.planned.spec
    seconds = time.monotonic() - job.started
    state, message = _judge(future, job.session, interrupted)
    if state == "done":
        try:
            entry = _keep(job, store, root, seconds)
        except (CountyMetricsError, OSError) as error:
            state, message = "failed", str(error)
        else:
            store.link(spec.name, entry)
            store.forget_failure(spec.name)
            return Outcome(spec, "done", entry, seconds)
    earlier = store.runs / spec.name
    failure = None
    with contextlib.suppress(OSError):
        if job.session.notebook is not None:
            from county_metrics.pipeline.collect import clean

            write_json(job.work / "notebook.ipynb", clean(job.session.notebook))
        failure = store.keep_failure(job.work, spec.name, {"state": state, "error": message})
    return Outcome(spec, state, earlier.resolve() if (earlier / "run.json").is_file() else None, seconds, message, failure)


def _judge(future: Future[None], session: Session, interrupted: bool) -> tuple[State, str]:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if future.cancelled():
        return "not-run", "stopped before it began"
    error = future.exception()
    if interrupted and error is not None:
        return ("interrupted" if session.notebook is not None else "not-run"), "stopped by the keyboard"
    if isinstance(error, DeadKernelError):
        return "died", "the kernel ended by itself (killed, out of memory, or the notebook ended it)"
    if isinstance(error, CellTimeoutError):
        return "timed-out", "a cell took longer than allowed"
    if isinstance(error, PapermillExecutionError):
        return "failed", f"{error.ename}: {error.evalue}"
    if error is not None:
        return "failed", f"{type(error).__name__}: {error}"
    cells = [cell for cell in session.notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    missing = [cell for cell in cells if cell.execution_count is None]
    if missing:
        return "failed", f"{len(missing)} of {len(cells)} cells were not executed"
    return "done", ""


def _keep(job: _Job, store: Store, root: Path, seconds: float) -> Path:
    from county_metrics.pipeline.collect import clean, write_outputs

    spec, session = job.planned.spec, job.session
    write_outputs(clean(session.notebook), spec, job.work)
    trace = trace_of(session.trace or {"files": [], "folders": [], "modules": []}, root)
    content = traced_content(trace, root)
    parts = job.planned.static_parts
    run: dict[str, Any] = {
        "run": spec.name,
        "state": "done",
        "static": parts,
        "content": content,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(seconds, 3),
    }
    return store.keep(job.work, full_key(parts, content), digest(parts), trace, run)


def store_outcome(spec: RunSpec, store: Store) -> Outcome:
    """What is kept of a run that was not asked for and is not current: its last good result, its last failure."""
    earlier = store.runs / spec.name
    failed = store.failure(spec.name)
    stale: tuple[State, str] = ("not-run", "not asked for this time; what it reads has changed since it last ran")
    state, error = failed or stale
    entry = earlier.resolve() if (earlier / "run.json").is_file() else None
    return Outcome(spec, state, entry, error=error, failure=store.failed / spec.name if failed else None)


def default_jobs() -> int:
    """Kernels at once when nothing else is said: one for each processor."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
