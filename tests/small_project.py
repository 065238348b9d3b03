"""Small projects for the tests of pipeline, report and command line: notebooks that run in a moment."""

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat

from county_metrics.paths import PACKAGE
from county_metrics.pipeline.params import load_runs
from county_metrics.pipeline.plan import plan
from county_metrics.pipeline.runner import Limits, execute
from county_metrics.pipeline.store import Store

CHECKOUT = PACKAGE.parent
FIRST_NOTEBOOK = "01-how-much-changed-between-two-figures.ipynb"

SET_UP = """\
from pathlib import Path

from IPython.display import display

from county_metrics import CaseId, Choice, PairId
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.tables import column
from county_metrics.present.wording import both
"""

RECORD = """\
node = number(total, ref="result:total")
label = both(text, text)
rows = [{"name": "total", "value": str(total), "low": None, "high": None, "unit": "count", "provenance": "tiny"}]
grade = [{"label": both("Are the dates printed?", "日期载明吗？"), "passed": True}]
card = {"title": label, "place": label, "from_to": node, "headline": node, "bounds": node, "grade": grade}
columns = [column("what", both("what", "项")), column("value", both("value", "值"), numeric=True)]
payload.Block(payload.results(rows, card, payload.table("totals", label, columns, [[label, node]])))
"""

PLOT = """\
spread = {"rows": [{"label": both("one", "甲"), "value": "2", "low": "1", "high": "3"}], "unit": both("unit", "单位")}
block = payload.plot("intervals", "spread", both("Spread", "区间"), both("A line", "一条线"), spread)
display({payload.MIME: block, "text/plain": "spread"}, raw=True)
"""


def notebook(path, *code, parameters='text: str = "a"  # a word', before=(), after=(), tags=()):
    """Write a notebook: set-up, parameters, the given code cells, markdown cells around them."""
    cells = [nbformat.v4.new_markdown_cell(text, id=f"before-{index}") for index, text in enumerate(before)]
    cells.append(nbformat.v4.new_code_cell(SET_UP, id="setup"))
    cells.append(nbformat.v4.new_code_cell(parameters, id="parameters", metadata={"tags": ["parameters"]}))
    cells += [
        nbformat.v4.new_code_cell(text, id=f"cell-{index}", metadata={"tags": list(tags)}) for index, text in enumerate(code)
    ]
    cells += [nbformat.v4.new_markdown_cell(text, id=f"after-{index}") for index, text in enumerate(after)]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)


def params(root, name, body):
    """Write a params file."""
    path = root / "params" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body, "utf-8")
    return path


@dataclass
class Build:
    """What a build did: outcomes by run."""

    outcomes: dict

    @property
    def states(self):
        """State by run."""
        return {name: outcome.state for name, outcome in self.outcomes.items()}


def build(root, wanted=(), **limits):
    """Plan and execute in this process, two kernels at once."""
    store = Store(root / "build")
    with contextlib.chdir(root), store.locked(lambda: None):
        limits = Limits(2, **limits)
        planned = plan(load_runs(root, list(wanted)), store, root, strict=limits.strict)
        outcomes = execute(planned, store, root, limits, lambda *event: None)
    return Build({outcome.spec.name: outcome for outcome in outcomes})


def planned(root):
    """What a build would do: reason by run, empty where nothing is to do."""
    with contextlib.chdir(root):
        items = plan(load_runs(root), Store(root / "build"), root)
    return {item.spec.name: "" if item.entry else item.why for item in items}


def contents(folder, leaving_out=()):
    """Bytes of every file below a folder, links followed."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file() and path.name not in leaving_out
    }


def command(*arguments, cwd, **environment):
    """Start the command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "county_metrics.cli", *arguments],
        cwd=cwd,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def run_command(*arguments, cwd, **environment):
    """Run the command line to its end; exit status, output, errors."""
    process = command(*arguments, cwd=cwd, **environment)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err
