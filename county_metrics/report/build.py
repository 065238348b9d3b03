"""The report command: check, plan, execute, compare with what was accepted, build the site, say what happened."""

from __future__ import annotations

import time
from pathlib import Path

from county_metrics.errors import ParameterError, Problem, RunnerError
from county_metrics.paths import project_root, shown
from county_metrics.pipeline.checked import checked_specs
from county_metrics.pipeline.plan import plan
from county_metrics.pipeline.progress import Progress, progress_for
from county_metrics.pipeline.runner import Limits, Outcome, execute, store_outcome
from county_metrics.pipeline.spec import RunSpec
from county_metrics.pipeline.store import Store


def check_everything(folder: Path | None) -> list[Problem]:
    """Problems of a data folder; without one, of the curated data and of the project's params and accepted files."""
    from county_metrics.evidence.verify import check_data

    problems = check_data(folder)
    root = project_root()
    if folder is None and (root / "params").is_dir():
        from county_metrics.pipeline.accepted import load_accepted
        from county_metrics.pipeline.params import load_runs

        load_accepted(root, problems)
        try:
            load_runs(root)
        except ParameterError as error:
            problems += error.problems
    return sorted(set(problems))


def _check_inputs(root: Path) -> list[Problem]:
    from county_metrics.evidence.verify import check_data
    from county_metrics.pipeline.accepted import load_accepted

    problems = check_data()
    load_accepted(root, problems)
    return problems


def check_store(say: Progress) -> bool:
    """Compare every kept file with its digest; what is damaged is set aside, to be made anew by the next report."""
    root = project_root()
    store = Store(root / "build")
    if not store.build.is_dir():
        return True
    with store.locked(say.waiting):
        damaged = store.damaged()
        for file in damaged:
            say.say(f"{shown(file, root)}: damaged; set aside, the next 'county-metrics report' makes it anew")
            store.set_aside(file)
    return not damaged


def build_report(
    wanted: list[str], limits: Limits, *, dry_run: bool = False, why: str | None = None, json_events: bool = False,
    accept: bool = False,
) -> int:  # fmt: skip
    """Execute what changed and build the site.

    Parameters
    ----------
    wanted : list of str
        Runs, grids, members of grids or params files; every run when empty.
    limits : Limits
        How runs are executed.
    dry_run : bool
        Only say what would run.
    why : str, optional
        Only say why this run would be executed.
    json_events : bool
        Events as JSON lines.
    accept : bool
        Take the results of these runs as the accepted ones.

    Returns
    -------
    int
        Exit status: 0 all well, 1 a run failed or gave other results than the accepted ones.

    Raises
    ------
    ParameterError, DataError
        For bad input, before any kernel starts.
    RunnerError
        If the build folder cannot be written.
    """
    root = project_root()
    store = Store(root / "build")
    talk = bool(dry_run or why)
    specs, everything = checked_specs(
        root, [why] if why else wanted, store.build / "checked", lambda: _check_inputs(root), write=not talk
    )
    progress = progress_for(json_events)
    if talk:
        for item in plan(specs, store, root, strict=limits.strict):
            progress.planned(item.spec.name, item.entry is None, item.why)
        return 0
    began = time.monotonic()
    try:
        with store.locked(progress.waiting):
            planned = plan(specs, store, root, strict=limits.strict)
            needed = {item.spec.name: store.last(item.spec.name) for item in planned if item.entry is None}
            past = {name: last["seconds"] if last else None for name, last in needed.items()}
            with progress.showing(past, limits.kernels):
                outcomes = execute(planned, store, root, limits, progress.event)
            changes = _compare(outcomes, everything, store, root, accept)
            _build(_with_others(outcomes, everything, store, root), store, root, progress)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"{error.filename or store.build}: cannot be written ({reason}); earlier outputs are untouched"
        raise RunnerError(f"{message}; free or unlock it and run again") from error
    progress.summary(outcomes, changes, root / "build" / "report" / "index.html", time.monotonic() - began, accepted=accept)
    return 0 if all(outcome.good for outcome in outcomes) and (accept or not changes) else 1


def _compare(outcomes: list[Outcome], everything: list[RunSpec], store: Store, root: Path, accept: bool) -> list[str]:
    """What the good runs gave that is not what was accepted, in words."""
    if not accept and not (root / "accepted").is_dir():
        return []
    from county_metrics.pipeline.accepted import gate, member_key

    members: dict[str, set[str]] = {}
    for spec in everything:
        members.setdefault(spec.stem, set()).add(member_key(spec.choice))
    own = {spec.source for spec in everything}
    finished = [
        (o.spec.stem, member_key(o.spec.choice), o.spec.name, o.entry)
        for o in outcomes
        if o.good and o.entry is not None and o.spec.source in own
    ]
    return [str(change) for change in gate(root, finished, members, accept=accept, known=store.build / "agreed")]


def _with_others(outcomes: list[Outcome], everything: list[RunSpec], store: Store, root: Path) -> list[Outcome]:
    """The runs asked for, and what is there already of the project's other runs, in the project's order."""
    found = {outcome.spec.name: outcome for outcome in outcomes}
    others = [spec for spec in everything if spec.name not in found]
    for item in plan(others, store, root) if others else ():
        found[item.spec.name] = Outcome(item.spec, "up-to-date", item.entry) if item.entry else store_outcome(item.spec, store)
    own = [spec.name for spec in everything]
    return [found[name] for name in [*own, *(name for name in found if name not in own)]]


def _build(outcomes: list[Outcome], store: Store, root: Path, progress: Progress) -> None:
    from county_metrics.report.current import is_current, site_key

    key = site_key(outcomes, root)
    if is_current(store, key):
        return
    from county_metrics.pipeline.engine import lighten_imports

    lighten_imports()
    from county_metrics.report.site import build_site

    progress.note("building the pages")
    build_site(outcomes, store, key)
