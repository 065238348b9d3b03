"""Runs with a result, made of blocks without executing anything."""

import json
from pathlib import Path

from county_metrics.pipeline.runner import Outcome
from county_metrics.pipeline.spec import Grid, RunSpec
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.tables import column
from county_metrics.present.wording import both
from county_metrics.report.pages import read_run

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="30" viewBox="0 0 60 30"><path d="M0 30L60 0" stroke="#000"/></svg>'
HOSTILE = (
    "<script>alert(1)</script> #panic() $x$ @label *b* _i_ `r` \\input{x} [c] {{ 7*7 }} //comment",
    "=cmd()",
    "left\u202eright \u2066iso\u2069 \x07",
    "x" * 10_000,
    "\U0001f600 \ue000 \U00020000",
)
RESULTS = [{"name": "total", "value": "12345.5", "low": None, "high": "13000", "unit": "count", "provenance": "made"}]


def tables():
    """A table of hostile labels with a number beside each, and one of a result."""
    total = number("12345.5", ref="result:total", places=1)
    columns = [column("label", both("Label", "标签")), column("value", both("Value", "数值"), numeric=True)]
    rows = [[both(text, text), number(index, ref=f"result:row_{index}")] for index, text in enumerate(HOSTILE)]
    return [
        payload.table("hostile", both(HOSTILE[0], HOSTILE[0]), columns, rows, [HOSTILE[0]]),
        payload.table("total", both("Total", "合计"), columns, [["total", total], ["total again", total]]),
    ]


def cells(made):
    """Notebook with one cell for each block; the last records the results."""
    total = number("12345.5", ref="result:total", places=1)
    card = {
        "title": both("Title #1", "题名"), "place": both("Place", "地方"), "headline": total, "from_to": total, "bounds": total,
        "grade": [{"label": both("Dates?", "日期？"), "passed": True}],
    }  # fmt: skip
    shown = payload.table(
        "results", "Results", [column("name", "Name"), column("value", "Value", numeric=True)], [["total", total]]
    )
    parts = [*made, payload.results(RESULTS, card, shown)]
    return [
        {"cell_type": "code", "id": f"c{index}", "metadata": {}, "source": "", "execution_count": index,
         "outputs": [{"output_type": "display_data", "metadata": {}, "data": {payload.MIME: part}}]}
        for index, part in enumerate(parts)
    ]  # fmt: skip


def run(folder: Path, name="run", made=None, *, grid=False, title="Run #1 [x]"):
    """Page of a run whose entry is in a folder: tables, a plot and results."""
    plot = payload.plot("slope", "change", both("Caption", "图题"), both("A line", "一条线"), {})
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells([*(tables() if made is None else made), plot])}
    entry = folder / name
    (entry / "figures").mkdir(parents=True)
    (entry / "notebook.ipynb").write_text(json.dumps(content), "utf-8")
    (entry / "results.json").write_text(json.dumps({"parameters": {"years": 3}, "results": RESULTS}), "utf-8")
    sweep = Grid("sweep", {"en": "Sweep", "zh": "扫描"}, {"years": (3,)}, "total") if grid else None
    source = f"params/{name}.yaml"
    titles = {"en": title, "zh": "运行"}
    spec = RunSpec(name, titles, folder / "n.ipynb", {}, {"years": 3}, {"years": "int"}, source, sweep)
    return read_run(Outcome(spec, "done", entry, 0.0, "", None))


def site(folder: Path, pages):
    """Folder of a new site that holds the figures and results of the runs."""
    for page in pages:
        figures, data = folder / "figures" / page.name, folder / "data" / page.name
        figures.mkdir(parents=True)
        data.mkdir(parents=True)
        for language in ("en", "zh"):
            (figures / f"change.{language}.svg").write_text(SVG, "utf-8")
        (data / "results.json").write_bytes((page.outcome.entry / "results.json").read_bytes())
    return folder
