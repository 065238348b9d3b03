"""Pages as plain contexts: what a reader is told of each run."""

import json

import pytest

from county_metrics.pipeline.runner import Outcome
from county_metrics.pipeline.spec import RunSpec
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.report.pages import error_context, home_context, read_run, run_context

NODE = number(3, ref="result:total")
CARD = {
    "title": "Days",
    "place": "Here",
    "from_to": NODE,
    "headline": NODE,
    "bounds": NODE,
    "grade": [{"label": "Dates?", "passed": False}],
}
TABLE = payload.table("totals", "Totals", [{"name": "a", "label": "a", "numeric": True}], [[NODE]])


def cell(block, name="c1", count=1):
    output = {"output_type": "display_data", "metadata": {}, "data": {payload.MIME: block}}
    return {"cell_type": "code", "id": name, "metadata": {}, "source": "1", "execution_count": count, "outputs": [output]}


def outcome(tmp_path, state="done", *, entry=True, failure=None, error="", source="params/run.yaml"):
    spec = RunSpec("run", {"en": "Title", "zh": "标题"}, tmp_path / "n.ipynb", {}, {"years": 3}, {"years": "int"}, source)
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [cell(TABLE, "first"), cell(payload.results([], CARD, TABLE), "last")],
    }
    (tmp_path / "notebook.ipynb").write_text(json.dumps(content), "utf-8")
    return Outcome(spec, state, tmp_path if entry else None, 0.0, error, failure)


def test_run_without_a_good_result_has_no_page(tmp_path):
    assert read_run(outcome(tmp_path, "failed", entry=False)) is None


def test_number_leads_to_the_first_cell_that_shows_it(tmp_path):
    assert read_run(outcome(tmp_path)).targets == {"result:total": "#cell-first"}


def test_overview_links_the_headline_into_the_run(tmp_path):
    good = outcome(tmp_path)
    context = home_context([read_run(good)], [good], "en")
    assert '<a class="cm-ref" href="runs/run.html#cell-first">' in context["runs"][0]["card"]["headline"]
    assert context["runs"][0]["card"]["grade"] == [{"label": "Dates?", "passed": False}]
    assert context["failures"] == []


@pytest.mark.parametrize(
    ("language", "up", "other"), [("en", "../", "../zh/runs/run.html"), ("zh", "../../", "../../runs/run.html")]
)
def test_run_page_knows_its_way(tmp_path, language, up, other):
    context = run_context(read_run(outcome(tmp_path)), language)
    assert (context["up"], context["other_url"], context["home_url"]) == (up, other, "../index.html")
    assert f"{up}data/run/totals.csv" in [item["url"] for item in context["run"]["downloads"]]


def test_run_page_says_how_to_run_it_again(tmp_path):
    assert run_context(read_run(outcome(tmp_path)), "en")["run"]["command"] == "county-metrics report run"
    elsewhere = outcome(tmp_path, source="my/run.yaml")
    assert run_context(read_run(elsewhere), "en")["run"]["command"] == "county-metrics report my/run.yaml"


def test_good_page_of_a_run_that_failed_since_leads_to_what_went_wrong(tmp_path):
    assert run_context(read_run(outcome(tmp_path, "failed")), "en")["run"]["error_url"] == "run-error.html"
    assert run_context(read_run(outcome(tmp_path)), "en")["run"]["error_url"] is None


@pytest.mark.parametrize(("language", "state"), [("en", "timed out"), ("zh", "超时")])
def test_error_page_says_state_and_message_in_the_language(tmp_path, language, state):
    run = error_context(outcome(tmp_path, "timed-out", error="too long"), language)["run"]
    assert (run["failed"], run["state"], run["error"]) == (True, state, "too long")


@pytest.mark.parametrize("state", ["failed", "died", "timed-out", "interrupted", "not-run"])
def test_every_bad_state_has_words(tmp_path, state):
    names = [error_context(outcome(tmp_path, state), language)["run"]["state"] for language in ("en", "zh")]
    assert names[0] != names[1]


def test_error_page_shows_the_notebook_as_far_as_it_went(tmp_path):
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell(TABLE), cell(TABLE, "late", None)]}
    failure = tmp_path / "failure"
    failure.mkdir()
    bad = outcome(tmp_path, "died", failure=failure)
    (failure / "notebook.ipynb").write_text(json.dumps(content), "utf-8")
    body = error_context(bad, "en")["body"]
    assert body.index('id="cell-c1"') < body.index('id="cell-late"') < body.index("This run did not finish")
