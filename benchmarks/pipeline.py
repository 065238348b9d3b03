"""The runner against the usual ways of executing notebooks and making pages of them, in one run on one machine.

    python benchmarks/pipeline.py [--runs 20] [--sweep 1000] [--full] [--only cold|noop|sweep]

Prints seconds and ratios; works in a temporary folder and keeps nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import itertools
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import timeit
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import psutil
from nbconvert import HTMLExporter
from papermill import execute_notebook

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
OURS = str(BIN / "county-metrics")
UNSET = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
PLACES = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in UNSET} | PLACES
CHANGE = "notebooks/01-how-much-changed-between-two-figures.ipynb"
READINGS = "notebooks/08-does-the-answer-depend-on-how-it-is-read.ipynb"
FEW = 4
MAKEFILE = f"""
all: $(patsubst params/%.yaml,stamps/%,$(wildcard params/*.yaml))
stamps/%: params/%.yaml {CHANGE} requirements.lock
\t@mkdir -p stamps && touch $@ && echo made
"""
SNAKEFILE = f"""
rule all:
    input: expand("snakes/{{run}}", run=glob_wildcards("params/{{run}}.yaml").run)
rule run:
    input: "params/{{run}}.yaml", "{CHANGE}", "requirements.lock"
    output: touch("snakes/{{run}}")
"""
Jobs = dict[str, dict[str, Any]]


def note(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


def call(arguments: list[str], folder: Path) -> str:
    """Output of a command that must succeed."""
    done = subprocess.run(arguments, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def best(arguments: list[str], folder: Path, times: int = 7) -> float:
    """Shortest wall time of several, in seconds."""
    return min(timeit.repeat(lambda: call(arguments, folder), number=1, repeat=times))


class Build:
    """One report command: what it told when, and the memory its process held when, in seconds and bytes."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.memory: list[tuple[float, int]] = []
        self.began = time.time()
        command = [OURS, "report", "--json", *options]
        with subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
            threading.Thread(target=self.watch, args=[process]).start()
            assert process.stdout is not None
            self.told = [(time.time(), json.loads(line)) for line in process.stdout]
        self.ended = time.time()
        if process.returncode:
            sys.exit(f"county-metrics report: exit status {process.returncode}\n{self.told[-1:]}")
        pages = (folder / "build/report").resolve().rglob("runs/*.html")
        self.drawn = max(page.stat().st_mtime for page in pages)
        self.executed = sum(run["state"] == "done" for run in self.told[-1][1]["runs"])

    def watch(self, process: subprocess.Popen[str]) -> None:
        with contextlib.suppress(psutil.Error):
            while process.poll() is None:
                self.memory.append((time.time(), psutil.Process(process.pid).memory_info().rss))
                time.sleep(0.05)

    @property
    def whole(self) -> float:
        return self.ended - self.began

    def phases(self) -> list[float]:
        """Seconds until the first cell, of execution, of pages, of what concerns all runs at once."""
        runs = [at for at, event in self.told if event["event"] == "run"]
        times = [self.began, runs[0], runs[-1], max(self.drawn, runs[-1]), self.ended]
        return [after - before for before, after in itertools.pairwise(times)]

    def peak(self, share: float) -> int:
        """Megabytes that the process held at most until this share of the runs had ended."""
        ends = [at for at, event in self.told if event.get("state") == "done"]
        until = ends[math.ceil(len(ends) * share) - 1]
        return max(held for at, held in self.memory if at <= until) // 1_000_000


def project(folder: Path) -> Path:
    """A new project with the checkout's notebooks and locked versions, and no runs."""
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (folder / "params").mkdir()
    shutil.copy(ROOT / "requirements.lock", folder)
    return folder


def write_params(path: Path, notebook: str, kind: str, values: dict[str, Any]) -> None:
    lines = [f"notebook: {notebook}", f"{kind}:", *(f"  {name}: {json.dumps(value)}" for name, value in values.items())]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def parametrisations(count: int) -> Jobs:
    """Parameters of different runs: every before/after pair of the curated cases over one year, two years, …"""
    pairs = set()
    for path in ROOT.glob("data/cases/*/figures.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            pairs |= {(path.parent.name, row["pair"]) for row in csv.DictReader(file) if row["pair"]}
    runs = [(year, *pair) for year in range(1, count + 1) for pair in sorted(pairs)][:count]
    return {f"run-{n:03d}": {"case": case, "pair": pair, "years": year} for n, (year, case, pair) in enumerate(runs, 1)}


def by_commands(folder: Path, jobs: Jobs) -> float:
    """Seconds of the two commands, one run after the other."""
    began, out = time.time(), tempfile.mkdtemp(dir=folder)
    for name, values in jobs.items():
        given = [text for key, value in values.items() for text in ("-p", key, str(value))]
        call([str(BIN / "papermill"), "--no-progress-bar", CHANGE, f"{out}/{name}.ipynb", *given], folder)
        call([str(BIN / "jupyter"), "nbconvert", "--to", "html", f"{out}/{name}.ipynb"], folder)
    return time.time() - began


def by_libraries(folder: Path, workers: int, jobs: Jobs) -> tuple[float, float]:
    """Seconds of imports, and of everything after them, in a new process that calls the libraries."""
    began, out = time.time(), tempfile.mkdtemp(dir=folder)
    told = call([sys.executable, str(Path(__file__).resolve()), "--usual", json.dumps([out, workers, jobs])], folder)
    ready, ended = float(told.split()[-1]), time.time()
    return ready - began, ended - ready


def usual(out: str, workers: int, jobs: Jobs) -> None:
    """Execute and render by the libraries, in a pool."""
    print(time.time(), flush=True)
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(usual_run, [(f"{out}/{name}", values) for name, values in jobs.items()]))


def usual_run(job: tuple[str, dict[str, Any]]) -> None:
    execute_notebook(CHANGE, f"{job[0]}.ipynb", parameters=job[1], progress_bar=False)
    Path(f"{job[0]}.html").write_text(HTMLExporter().from_filename(f"{job[0]}.ipynb")[0], "utf-8")


def table(title: str, heads: str, rows: list[list[Any]]) -> None:
    cells = [["", *heads.split(" | ")], *([f"{c:.3f}" if isinstance(c, float) else str(c) for c in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{title}")
    for row in cells:
        more = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        print("  ".join([row[0].ljust(widths[0]), *more]).rstrip(), flush=True)


def cold(folder: Path, jobs: Jobs, few: Jobs) -> None:
    """Every run executed and rendered, by each way."""
    note("each way with one run, not counted")
    one = dict(itertools.islice(jobs.items(), 1))
    Build(folder, *one)
    by_commands(folder, one)
    rows: list[list[Any]] = []
    for name, options in {"ours": [], "ours, --no-fork": ["--no-fork"]}.items():
        note(name)
        call([OURS, "clean"], folder)
        build = Build(folder, *options)
        start, execution, pages, rest = build.phases()
        rows.append([name, start, execution, pages, rest, execution + pages, build.whole])
    scale = len(jobs) / len(few)
    note(f"(a) commands, {len(few)} runs")
    seconds = by_commands(folder, few) * scale
    rows.append(["(a) papermill and jupyter nbconvert", "", "", "", "", seconds, seconds])
    for name, workers, some in (("(b) their libraries, one at a time", 1, few), ("(b2) their libraries, pool of two", 2, jobs)):
        note(f"{name}, {len(some)} runs")
        start, seconds = by_libraries(folder, workers, some)
        seconds *= len(jobs) / len(some)
        rows.append([name, start, "", "", "", seconds, start + seconds])
    table(f"Cold: {len(jobs)} runs executed and rendered", "start | execution | pages | rest | counted | whole", rows)
    print("start: until the first cell, or imports; rest: fonts and tables of all runs; counted: without these two.")
    print("Ours makes each page in two languages, and the home pages within 'pages'; the others make one page a run.")
    print(f"(a) and (b): {'measured on all runs' if scale == 1 else f'{len(few)} runs measured, scaled to {len(jobs)}'}.")
    (*_, ours, all_ours), (*_, plain, all_plain), *others = rows
    targets = ["<= 0.06", "", "<= 0.3"]
    ratios = [
        [f"/ {name}", ours / counted, target, all_ours / whole, plain / counted, all_plain / whole]
        for (name, *_, counted, whole), target in zip(others, targets, strict=True)
    ]
    table("Ratios", "ours, counted | target | ours, whole | --no-fork, counted | --no-fork, whole", ratios)


def noop(folder: Path, jobs: Jobs) -> None:
    """Nothing to do, and next to nothing; beside it what any Python process costs."""
    note("nothing to do")
    Build(folder)
    (folder / "Makefile").write_text(MAKEFILE, "utf-8")
    (folder / "Snakefile").write_text(SNAKEFILE, "utf-8")
    python, snakemake = [sys.executable, "-c"], shutil.which("snakemake", path=ENVIRONMENT["PATH"])
    commands = {
        "python -c pass": [*python, "pass"],
        "import county_metrics": [*python, "import county_metrics"],
        "load a case": [*python, "import county_metrics as cm; cm.load_case('jiashan')"],
        "import pandas": [*python, "import pandas"],
        "county-metrics report": [OURS, "report"],
        "make, a stamp a run": ["make", "-s"],
    } | ({"snakemake, a stamp a run": [snakemake, "--quiet", "--cores", "1"]} if snakemake else {})
    rows: list[list[Any]] = []
    for name, command in commands.items():
        call(command, folder)
        rows.append([name, seconds := best(command, folder), seconds / (rows[0][1] if rows else seconds)])
        rows[-1].append("<= 1 s" if command[0] == OURS else "")
    table(f"Nothing to do: {len(jobs)} runs, best of 7", "seconds | / python -c pass | target", rows)
    if not snakemake:
        print("snakemake is not installed here.")

    name, values = next(iter(jobs.items()))
    write_params(folder / f"params/{name}.yaml", CHANGE, "parameters", values | {"years": 99})
    note("one change")
    rows = [["one parameter of one run", *after_change(folder)]]
    text = (folder / CHANGE).read_text("utf-8")
    text = text.replace("import county_metrics as cm", "import county_metrics as cm  # a comment", 1)
    (folder / CHANGE).write_text(text, "utf-8")
    rows.append(["a comment in a code cell", *after_change(folder)])
    table("One change", "runs executed | seconds | runs of make", rows)


def after_change(folder: Path) -> list[Any]:
    build = Build(folder)
    return [build.executed, build.whole, call(["make"], folder).count("made")]


def sweep(folder: Path, count: int) -> None:
    """Many runs of one matrix: seconds a run, memory on the way, processes left, and the no-op after it."""
    axes = {"reading": ["compound", "straight"], "step": ["exact", "printed", "coarser"]}
    write_params(folder / "params/sweep.yaml", READINGS, "matrix", {"years": list(range(1, math.ceil(count / 6) + 1))} | axes)
    note(f"a sweep of {math.ceil(count / 6) * 6:,} runs")
    build = Build(folder)
    left = sum(str(process.info["cwd"]).startswith(str(folder)) for process in psutil.process_iter(["cwd"]))
    names, total = ["start", "execution", "pages", "rest", "whole"], build.executed
    rows = [[name, seconds, seconds / total] for name, seconds in zip(names, [*build.phases(), build.whole], strict=True)]
    table(f"Sweep: {total:,} runs (target: <= 0.4 s a run)", "seconds | a run", rows)
    peaks = [[f"until {share:.0%} of the runs had ended", build.peak(share)] for share in (0.1, 0.5, 1)]
    after = max(held for _, held in build.memory) // 1_000_000
    table("Most memory of the runner's process (RSS; target: flat)", "MB", [*peaks, ["with the pages", after]])
    print(f"processes left afterwards: {left}")
    note("nothing to do after the sweep")
    seconds = best([OURS, "report"], folder, 5)
    table(f"Nothing to do: {total:,} runs, best of 5", "seconds | target", [["county-metrics report", seconds, "<= 2 s"]])


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--runs", type=int, default=20, help="runs that every way executes (default: 20)")
    parser.add_argument("--sweep", type=int, default=1000, help="runs of the sweep, 0 for none (default: 1000)")
    parser.add_argument("--full", action="store_true", help=f"measure (a) and (b) on all runs, not on {FEW}")
    parser.add_argument("--only", choices=["cold", "noop", "sweep"], help="measure this alone")
    parser.add_argument("--usual", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.usual:
        usual(*json.loads(asked.usual))
        return
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    print(f"{len(os.sched_getaffinity(0))} processors, load average before {load}, Python {platform.python_version()}")
    call([sys.executable, "-m", "compileall", "-q", str(ROOT / "county_metrics")], ROOT)
    print(f"bytecode compiled; every command without {' and '.join(UNSET)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        place, jobs = Path(scratch).resolve(), parametrisations(asked.runs)
        folder = project(place / "runs")
        for name, values in jobs.items():
            write_params(folder / f"params/{name}.yaml", CHANGE, "parameters", values)
        if asked.only in (None, "cold"):
            cold(folder, jobs, jobs if asked.full else dict(itertools.islice(jobs.items(), FEW)))
        if asked.only in (None, "noop"):
            noop(folder, jobs)
        if asked.only in (None, "sweep") and asked.sweep:
            sweep(project(place / "sweep"), asked.sweep)


if __name__ == "__main__":
    main()
