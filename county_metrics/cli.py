"""Command line ``county-metrics``: reads arguments, says what happened, sets the exit status; no logic."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from county_metrics.errors import CountyMetricsError, ProblemsError, UnknownIdError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=("Curated figures of county governance reforms: check them, run the notebooks, build the report."),
)


@app.command()
def report(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Runs, grids or members of grids of params/, or params files; all when none is named."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Kernels at once; 0 for two a processor.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run and why; run nothing.")] = False,
    why: Annotated[str | None, typer.Option(help="Say why this run would be executed; run nothing.")] = None,
    json_events: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of text.")] = False,
    timeout: Annotated[float | None, typer.Option(min=0, help="Seconds a cell may take.")] = None,
    run_timeout: Annotated[float | None, typer.Option(min=0, help="Seconds a notebook may take.")] = None,
    memory: Annotated[
        float | None,
        typer.Option(min=0, help="Gigabytes a kernel may hold; 0 for no limit; by default its share of the machine."),
    ] = None,
    no_fork: Annotated[bool, typer.Option("--no-fork", help="Start every kernel from nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail runs that touch what they do not declare.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Take the results of these runs as the accepted ones.")] = False,
) -> None:
    """Execute what changed and build the report.

    Exit status: 0 all well, 1 a run failed or gave other results than the accepted ones, 2 bad input.
    """
    from county_metrics.pipeline.runner import Limits
    from county_metrics.report.build import build_report

    limits = Limits(jobs, timeout, run_timeout, memory, not no_fork, strict)
    told = {"dry_run": dry_run, "json_events": json_events, "accept": accept}
    raise typer.Exit(build_report(list(runs or []), limits, why=why, **told))


@app.command()
def check(
    folder: Annotated[
        Path | None, typer.Argument(help="A data folder or a case folder; the curated data when not given.")
    ] = None,
) -> None:
    """Check data files and, for the project's own data, params and accepted files and what was built; every problem at once."""
    from county_metrics.pipeline.progress import Progress
    from county_metrics.report.build import check_everything, check_store

    problems = check_everything(folder)
    for problem in problems:
        typer.echo(str(problem), err=True)
    if folder is None and not check_store(Progress()) and not problems:
        raise typer.Exit(1)
    typer.echo("all well" if not problems else f"{len(problems)} problem{'s' if len(problems) > 1 else ''}", err=bool(problems))
    raise typer.Exit(2 if problems else 0)


@app.command()
def new_case(
    folder: Annotated[Path, typer.Argument(help="Folder to make; it must not hold anything yet.")],
    kind: Annotated[str, typer.Option(help="figures, records, series, panel or all.")] = "all",
) -> None:
    """Write a commented template of a case of your own; replace its made-up rows."""
    from county_metrics.evidence.template import new_case as write_template

    for path in write_template(folder, kind):
        typer.echo(path)


@app.command()
def verify(
    sources: Annotated[Path, typer.Option(help="Folder with your copy of the source texts.")],
    write: Annotated[bool, typer.Option("--write", help="Write data/anchors.lock.csv anew from intact texts.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Look for every figure in your own copy of the texts. Exit status: 0 all found, 1 not all, 2 no texts."""
    from county_metrics.report.evidence import verify_report

    raise typer.Exit(verify_report(sources, write=write, as_json=as_json))


@app.command()
def audit(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """Re-derive every derived statement of the sources and give each a verdict."""
    from county_metrics.report.evidence import audit_report

    audit_report(as_json=as_json)


@app.command()
def export(
    to: Annotated[Path, typer.Option(help="Folder to write into.")],
    format_: Annotated[str, typer.Option("--format", help="csv, xlsx or dta.")] = "csv",
    tables: Annotated[list[str] | None, typer.Argument(help="Names of tables; all when none is named.")] = None,
) -> None:
    """Write the curated tables as CSV, Excel with a codebook, or Stata with labels."""
    from county_metrics.evidence.export import export as write_tables

    for path in write_tables(to, format_, tuple(tables or ())):
        typer.echo(path)


@app.command()
def clean(
    keep: Annotated[int | None, typer.Option(min=1, help="Keep the newest KEEP results of each run and the site.")] = None,
) -> None:
    """Remove the build folder, or all but the newest results of each run."""
    from county_metrics.paths import project_root
    from county_metrics.pipeline.progress import Progress
    from county_metrics.pipeline.store import Store

    build = project_root() / "build"
    if build.is_dir():
        store = Store(build)
        with store.locked(Progress().waiting):
            if keep is None:
                store.empty()
            else:
                typer.echo(f"{store.prune(keep)} results removed")


def main() -> None:
    """Entry point; an error a reader can act on is a message, never a traceback."""
    try:
        app(standalone_mode=True)
    except (ProblemsError, UnknownIdError) as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except CountyMetricsError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
