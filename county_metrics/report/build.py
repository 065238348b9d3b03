"""The report command: check, plan, execute, build the site, say what happened."""

from __future__ import annotations

from pathlib import Path

from county_metrics.errors import DataError, ParameterError, Problem
from county_metrics.evidence.verify import check_data
from county_metrics.paths import project_root
from county_metrics.pipeline.key import environment_digest
from county_metrics.pipeline.params import RunSpec, load_runs
from county_metrics.pipeline.progress import Progress, progress_for
from county_metrics.pipeline.runner import Outcome, default_jobs, execute, plan, store_outcome
from county_metrics.pipeline.store import Store
from county_metrics.report.site import build_site, is_current, site_key


def check_everything(folder: Path | None) -> list[Problem]:
    """Problems of a data folder; without one, of the curated data and of the project's params files."""
    problems = check_data(folder)
    root = project_root()
    if folder is None and (root / "params").is_dir():
        try:
            load_runs(root)
        except ParameterError as error:
            problems += error.problems
    return sorted(set(problems))


def build_report(
    wanted: list[str],
    jobs: int,
    timeout: float | None,
    *,
    dry_run: bool = False,
    why: str | None = None,
    json_events: bool = False,
) -> int:
    """Execute what changed and build the site.

    Parameters
    ----------
    wanted : list of str
        Runs or params files; every run when empty.
    jobs : int
        Kernels at once; 0 for one a processor.
    timeout : float or None
        Seconds a cell may take.
    dry_run : bool
        Only say what would run.
    why : str, optional
        Only say why this run would be executed.
    json_events : bool
        Events as JSON lines.

    Returns
    -------
    int
        Exit status: 0 all well, 1 a run failed.

    Raises
    ------
    ParameterError, DataError
        For bad input, before any kernel starts.
    """
    root = project_root()
    everything = load_runs(root)
    specs = load_runs(root, [why] if why else wanted) if why or wanted else everything
    problems = check_data()
    if problems:
        raise DataError(problems)
    store = Store(root / "build")
    progress = progress_for(json_events)
    if dry_run or why:
        for item in plan(specs, store, root):
            progress.planned(item.spec.name, item.entry is None, item.why)
        return 0
    with store.locked(progress.waiting):
        planned = plan(specs, store, root)
        with progress.showing([item.spec.name for item in planned if item.entry is None]):
            outcomes = execute(planned, store, root, jobs or default_jobs(), progress.event, timeout)
        _build(_with_others(outcomes, everything, store, root), store, root, progress)
    progress.summary(outcomes, root / "build" / "report" / "index.html")
    return 0 if all(outcome.good for outcome in outcomes) else 1


def _with_others(outcomes: list[Outcome], everything: list[RunSpec], store: Store, root: Path) -> list[Outcome]:
    """The runs asked for, and what is there already of the project's other runs, in the project's order."""
    found = {outcome.spec.name: outcome for outcome in outcomes}
    for item in plan([spec for spec in everything if spec.name not in found], store, root):
        found[item.spec.name] = Outcome(item.spec, "up-to-date", item.entry) if item.entry else store_outcome(item.spec, store)
    own = [spec.name for spec in everything]
    return [found[name] for name in [*own, *(name for name in found if name not in own)]]


def _build(outcomes: list[Outcome], store: Store, root: Path, progress: Progress) -> None:
    key = site_key(outcomes, environment_digest(root))
    if is_current(store, key):
        return
    progress.note("building the pages")
    build_site(outcomes, store, key)
