"""Executing runs: what happened to each, and nothing lost when something fails."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from county_metrics.errors import CountyMetricsError
from county_metrics.paths import PACKAGE, data_root
from county_metrics.pipeline.digest import digest
from county_metrics.pipeline.key import full_key, locked_versions, portable, traced
from county_metrics.pipeline.plan import Planned
from county_metrics.pipeline.spec import RunSpec
from county_metrics.pipeline.store import Store, write_json

if TYPE_CHECKING:
    from county_metrics.pipeline.engine import Session
    from county_metrics.pipeline.kernels import Server

State = Literal["up-to-date", "waiting", "running", "done", "failed", "died", "timed-out", "interrupted", "not-run"]
Event = Callable[[str, State, int, int], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """How runs are executed.

    Attributes
    ----------
    jobs : int
        Kernels at once; 0 for two a processor, which hides the time they wait.
    cell, run : float or None
        Seconds that a cell and a whole notebook may take.
    memory : float or None
        Gigabytes of data that a kernel may hold; 0 for no limit, by default an equal share of the machine's.
    fork : bool
        Fork kernels from one process where the system can.
    strict : bool
        Fail a run that touches what it does not declare.
    """

    jobs: int = 0
    cell: float | None = None
    run: float | None = None
    memory: float | None = None
    fork: bool = True
    strict: bool = False

    @property
    def kernels(self) -> int:
        """Kernels at once."""
        found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return self.jobs or 2 * found


@dataclass(slots=True)
class Outcome:
    """What became of a run: its state, its entry in the store, and what went wrong."""

    spec: RunSpec
    state: State
    entry: Path | None
    seconds: float = 0.0
    error: str = ""
    failure: Path | None = None
    touched: tuple[str, ...] = ()

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


def execute(planned: list[Planned], store: Store, root: Path, limits: Limits, event: Event) -> list[Outcome]:
    """Run what must run; a failing run stops no other. Outcomes come in the order of `planned`.

    The caller holds the `store`; kernels start in `root`; `event` is told (run, state, cells done, cells in all).
    """
    outcomes = {p.spec.name: Outcome(p.spec, "up-to-date", p.entry) for p in planned if p.entry}
    for item in planned:
        if item.entry:
            store.link(item.spec.name, item.entry)
            store.forget_failure(item.spec.name)
    waiting = [p for p in planned if not p.entry]
    if waiting:
        with store.scratch() as scratch:
            build = _Build(store, root, scratch, limits, event)
            for outcome in build.execute(waiting):
                outcomes[outcome.spec.name] = outcome
    return [outcomes[p.spec.name] for p in planned]


class _Build:
    """Runs being executed."""

    def __init__(self, store: Store, root: Path, scratch: Path, limits: Limits, event: Event) -> None:
        self.store, self.root, self.scratch, self.limits, self.event = store, root, scratch, limits, event
        self.sockets = Path((scratch / "sockets").read_text("utf-8"))
        self.versions = locked_versions(root)
        self.running: dict[Future[None], _Job] = {}
        self.interrupted = False

    def execute(self, waiting: list[Planned]) -> Iterator[Outcome]:
        """Run them, a few at a time, and judge each as it ends."""
        from county_metrics.pipeline.engine import lighten_imports

        lighten_imports()
        from county_metrics.pipeline.client import FIXED_ENVIRONMENT, prepare
        from county_metrics.pipeline.kernels import memory_share, serve

        limits, kernels = self.limits, min(self.limits.kernels, len(waiting))
        memory = memory_share(kernels) if limits.memory is None else int(limits.memory * 1e9) or None
        # One or two runs are over before the shared libraries would be imported for all.
        fork = limits.fork and len(waiting) > 2
        server = serve([self.scratch, self.sockets], fork=fork, environment=FIXED_ENVIRONMENT, memory=memory)
        prepare()
        rest = iter(enumerate(waiting))
        with _on_signal(self._interrupt), ThreadPoolExecutor(kernels) as pool:
            try:
                while True:
                    for index, item in islice(rest, 0 if self.interrupted else 2 * kernels - len(self.running)):
                        job = self._job(index, item, server)
                        self.running[pool.submit(_execute_one, item.spec, job.session)] = job
                    if not self.running:
                        break
                    yield from self._wait()
            finally:
                self._end_all()
                if server is not None:
                    server.close()
        yield from (Outcome(p.spec, "not-run", self._earlier(p.spec), error="stopped before it began") for _, p in rest)

    def _job(self, index: int, item: Planned, server: Server | None) -> _Job:
        from county_metrics.pipeline.engine import Session

        spec, root = item.spec, self.root
        work = self.scratch / str(index)
        work.mkdir()
        own = [root / spec.parameters[name] for name, kind in spec.kinds.items() if kind == "CaseId"]
        cases = [folder.resolve() for folder in own if folder.is_dir()]
        roots = [root, PACKAGE, data_root(), *cases]
        declared = [PACKAGE, data_root(), root / "data", root / "notebooks", *cases, *(root / name for name in spec.inputs)]
        session = Session(root, _texts(roots), _texts(declared), self.limits.cell, sockets=self.sockets, server=server)
        session.on_cell = lambda done, total: self.event(spec.name, "running", done, total)
        return _Job(item, work, session)

    def _wait(self) -> Iterator[Outcome]:
        finished, _ = wait(self.running, timeout=0.2, return_when=FIRST_COMPLETED)
        if self.interrupted:
            self._end_all()
        now = time.monotonic()
        for job in self.running.values() if self.limits.run else ():
            if job.session.process is not None and now - job.session.started > cast(float, self.limits.run):
                job.session.end("timed-out", f"the notebook took longer than the {self.limits.run:g} seconds allowed")
        for future in finished:
            outcome = self._finish(future, self.running.pop(future))
            self.event(outcome.spec.name, outcome.state, 0, 0)
            yield outcome

    def _interrupt(self) -> None:
        self.interrupted = True

    def _end_all(self) -> None:
        for future, job in self.running.items():
            future.cancel()
            job.session.end("interrupted", "stopped by the keyboard or a signal")

    def _earlier(self, spec: RunSpec) -> Path | None:
        """The last good result of a run."""
        earlier = self.store.runs / spec.name
        return earlier.resolve() if (earlier / "run.json").is_file() else None

    def _finish(self, future: Future[None], job: _Job) -> Outcome:
        """Judge a finished run by what its notebook shows, keep it if good, else keep the failure beside."""
        spec, seconds = job.planned.spec, time.monotonic() - (job.session.started or job.started)
        state, message = _judge(future, job.session)
        message = message if len(message) <= _LONGEST else f"{message[:_LONGEST]} …"
        touched = tuple(_said(what, self.root) for what in (job.session.trace or {}).get("touched", ()))
        if state == "done" and touched and self.limits.strict:
            state, message = (
                "failed",
                f"it touched what it does not declare: {'; '.join(touched)}; {_DECLARE.format(spec.source)}",
            )
        if state == "done":
            try:
                entry = self._keep(job, seconds, touched)
                self.store.link(spec.name, entry)
                self.store.forget_failure(spec.name)
            except CountyMetricsError as error:
                state, message = "failed", str(error)
            except OSError as error:
                state, message = "failed", f"its outputs cannot be written: {(error.strerror or str(error)).lower()}"
            else:
                return Outcome(spec, "done", entry, seconds, touched=touched)
        failure = None
        with contextlib.suppress(OSError, CountyMetricsError):
            if job.session.notebook is not None:
                from county_metrics.pipeline.collect import clean

                write_json(job.work / "notebook.ipynb", clean(job.session.notebook, mend=True))
            failure = self.store.keep_failure(job.work, spec.name, {"state": state, "error": message})
        return Outcome(spec, state, self._earlier(spec), seconds, message, failure, touched)

    def _keep(self, job: _Job, seconds: float, touched: tuple[str, ...]) -> Path:
        from county_metrics.pipeline.collect import clean, write_outputs

        spec = job.planned.spec
        write_outputs(clean(job.session.notebook), spec, job.work)
        assert job.session.trace is not None
        kinds = traced(job.session.trace, self.root)
        content = {name: found for kind in kinds.values() for name, found in kind.items()}
        parts = job.planned.static_parts
        run: dict[str, Any] = {
            "run": spec.name,
            "state": "done",
            "static": parts,
            "parameters": spec.parameters,
            "versions": self.versions,
            "content": content,
            "touched": touched,
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "seconds": round(seconds, 3),
        }
        trace = {kind: sorted(found) for kind, found in kinds.items()}
        return self.store.keep(job.work, full_key(parts, digest(content)), digest(parts), trace, run)


@contextlib.contextmanager
def _on_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C and the polite signals stop a build in order; only the main thread may ask for that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda *_: stop()) for number in asked}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_LONGEST = 600
_DECLARE = "declare files under 'inputs' in {}; network, processes and writing elsewhere belong outside a run"


def _texts(folders: list[Path]) -> list[str]:
    return sorted({str(folder) for folder in folders})


def _said(what: str, root: Path) -> str:
    """What a run touched, with paths as the project has them."""
    verb, _, rest = what.partition(" ")
    return f"{verb} {portable(rest, root) if rest.startswith(os.sep) else rest}"


def _execute_one(spec: RunSpec, session: Session) -> None:
    """Take the steps of papermill's own function, without the two copies of the notebook as text that it makes on the way."""
    from papermill.engines import papermill_engines
    from papermill.execute import prepare_notebook_metadata, raise_for_execution_errors
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    if session.ended is not None:
        return
    session.started = time.monotonic()
    path, engine = str(spec.notebook), {"engine_name": "county_metrics"}
    notebook = load_notebook_node(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    if spec.given:
        notebook = parameterize_notebook(notebook, spec.given, **engine)
    notebook = prepare_notebook_metadata(notebook, path, None)
    kernel = papermill_engines.nb_kernel_name(**engine, nb=notebook)
    notebook = papermill_engines.execute_notebook_with_engine(
        **engine, nb=notebook, kernel_name=kernel, progress_bar=False, session=session
    )
    raise_for_execution_errors(notebook, None)


def _judge(future: Future[None], session: Session) -> tuple[State, str]:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if future.cancelled() or (session.ended and session.notebook is None):
        return "not-run", "stopped before it began"
    error = future.exception()
    if session.ended is not None:
        return cast(State, session.ended[0]), session.ended[1]
    gone = session.process is not None and session.process.poll() is not None
    # nbclient has an error of its own only for a kernel that dies in a cell.
    if isinstance(error, DeadKernelError) or (isinstance(error, RuntimeError) and gone):
        words = f"; its last words: {session.last_words}" if session.last_words else ""
        return "died", f"the kernel ended by itself (killed, out of memory, or the notebook ended it){words}"
    if isinstance(error, CellTimeoutError):
        return "timed-out", "a cell took longer than allowed"
    if isinstance(error, PapermillExecutionError):
        more = "; --memory, or fewer --jobs, allow a kernel more" if error.ename == "MemoryError" else ""
        return "failed", f"{error.ename}: {error.evalue}{more}"
    if error is not None:
        return "failed", f"{type(error).__name__}: {error}"
    cells = [cell for cell in session.notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    missing = [cell for cell in cells if cell.execution_count is None]
    if missing:
        return "failed", f"{len(missing)} of {len(cells)} cells were not executed"
    if session.trace is None or session.trace["changed"]:
        return "failed", f"changed while the run read it, run again: {', '.join((session.trace or {}).get('changed', []))}"
    return "done", ""


def store_outcome(spec: RunSpec, store: Store) -> Outcome:
    """What is kept of a run that was not asked for and is not current: its last good result, its last failure."""
    earlier = store.runs / spec.name
    failed = store.failure(spec.name)
    stale: tuple[State, str] = ("not-run", "not asked for this time; what it reads has changed since it last ran")
    state, error = failed or stale
    entry = earlier.resolve() if (earlier / "run.json").is_file() else None
    return Outcome(spec, state, entry, error=error, failure=store.failed / spec.name if failed else None)
