"""What is kept of an executed notebook: no clock, no random id, typed results, tables and figures as files."""

import csv
import io
import re

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from county_metrics.errors import RunnerError
from county_metrics.pipeline.collect import blocks, clean, csv_text, result_rows, tell_apart, write_outputs
from county_metrics.pipeline.spec import RunSpec
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.tables import column
from county_metrics.present.wording import both

ROW = {"name": "total", "value": "2", "low": None, "high": None, "unit": "count", "provenance": "tiny"}


def table(name="totals"):
    cells = [[both("sum", "和"), number("2.50", ref="result:total", places=0)]]
    columns = [column("what", both("what", "项")), column("value", both("value", "值"), numeric=True)]
    return payload.table(name, both("Totals", "合计"), columns, cells)


def plot(name="spread"):
    rows = [{"label": both("one", "甲"), "value": "2", "low": "1", "high": "3"}]
    return payload.plot(
        "intervals", name, both("Spread", "区间"), both("A line", "一条线"), {"rows": rows, "unit": both("u", "单位")}
    )


def executed(*shown, tags=(), ids=None):
    cells = []
    for index, block in enumerate(shown):
        output = nbformat.v4.new_output("display_data", {payload.MIME: block})
        cell = nbformat.v4.new_code_cell(
            "1", outputs=[output], id=ids[index] if ids else f"c{index}", metadata={"tags": list(tags)}
        )
        cell.metadata["papermill"] = {"start_time": "now"}
        cell.metadata["execution"] = {"iopub.status.busy": "now"}
        cells.append(cell)
    metadata = {"papermill": {"duration": 1}, "language_info": {"name": "python", "version": "3.11.7"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def spec(tmp_path):
    return RunSpec("run", {"en": "a", "zh": "a"}, tmp_path / "n.ipynb", {}, {"years": 3}, {"years": "int"}, "params/run.yaml")


def test_times_and_versions_are_taken_out():
    kept = clean(executed(table()))
    assert kept["metadata"] == {"language_info": {"name": "python"}}
    assert kept["cells"][0]["metadata"] == {"tags": []}


def test_injected_cell_gets_the_same_id_every_time():
    first, second = (clean(executed(table(), tags=["injected-parameters"], ids=[name])) for name in ("r1", "r2"))
    assert first == second


def test_two_cells_of_one_id_are_refused():
    notebook = executed(table(), table())
    notebook.cells[1].id = "c0"
    with pytest.raises(RunnerError, match=re.escape("two cells of the notebook have the id 'c0'; give one another id")):
        clean(notebook)


def test_blocks_of_one_kind_and_name_are_told_apart():
    kept = clean(executed(table(), payload.stack(table(), plot("totals"))))
    tell_apart(kept)
    assert [block["name"] for _, block in blocks(kept) if "name" in block] == ["totals", "totals-2", "totals"]


def test_number_given_to_a_name_does_not_take_another_blocks_name():
    kept = clean(executed(table("a"), table("a"), table("a-2")))
    tell_apart(kept)
    assert len({block["name"] for _, block in blocks(kept)}) == 3


def test_blocks_come_with_their_cell_in_reading_order():
    kept = clean(executed(payload.stack(table("a"), table("b")), payload.results([ROW], {}, table("c"))))
    assert [(cell, block.get("name", block["block"])) for cell, block in blocks(kept)] == [
        ("c0", "stack"), ("c0", "a"), ("c0", "b"), ("c1", "results"), ("c1", "c"),
    ]  # fmt: skip


def test_results_are_the_rows_of_every_record():
    kept = clean(executed(table(), payload.results([ROW], {}, table()), payload.results([ROW | {"name": "more"}], {}, table())))
    assert [row["name"] for row in result_rows(kept)] == ["total", "more"]


def test_notebook_without_results_is_told_how_to_end():
    with pytest.raises(
        RunnerError, match=re.escape("the notebook recorded no results; end it with a cell that shows cm.record(...)")
    ):
        result_rows(clean(executed(table())))


def test_outputs_are_written_as_files(tmp_path):
    write_outputs(clean(executed(table(), plot(), payload.results([ROW], {}, table("results")))), spec(tmp_path), tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")) == [
        "data/results.csv", "data/totals.csv", "figures/spread.en.svg", "figures/spread.json", "figures/spread.zh.svg",
        "notebook.ipynb", "results.json",
    ]  # fmt: skip
    assert (tmp_path / "data" / "totals.csv").read_text("utf-8") == "what,value\nsum,2.50\n"


@pytest.mark.parametrize("name", ["../../out", "{folder}/out", 'a"><script>'])
def test_block_name_that_is_no_file_name_is_refused(tmp_path, name):
    folder = tmp_path / "one" / "two"
    folder.mkdir(parents=True)
    shown = table(name.format(folder=tmp_path))
    with pytest.raises(RunnerError, match="name"):
        write_outputs(clean(executed(shown, payload.results([ROW], {}, table()))), spec(tmp_path), folder)
    assert not list(tmp_path.rglob("out*"))


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=2, max_size=2), min_size=1, max_size=4)
)
def test_csv_gives_back_what_was_written(cells):
    rows = [{"a": first, "b": second} for first, second in cells]
    assert list(csv.DictReader(io.StringIO(csv_text(rows), newline=""))) == rows
