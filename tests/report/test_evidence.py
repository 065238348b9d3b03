"""The commands verify, audit and export as a reader meets them."""

import json
import re
import shutil

import pytest
from typer.testing import CliRunner

import county_metrics as cm
from county_metrics.cli import app
from county_metrics.errors import DataError
from county_metrics.evidence.frames import TABLES, curated
from county_metrics.evidence.verify import verify_sources
from county_metrics.report.evidence import audit_report, verify_report
from tests.made_up import edit
from tests.small_project import run_command


@pytest.fixture
def chinese():
    cm.set_language("zh")
    yield
    cm.set_language("en")


@pytest.fixture
def locked(made_up_data, made_up_texts, capsys):
    verify_report(made_up_texts, write=True, as_json=False)
    capsys.readouterr()
    return made_up_texts


def verified(folder, *options):
    result = CliRunner().invoke(app, ["verify", "--sources", str(folder), *options])
    return result.exit_code, result.output.splitlines()


def test_texts_that_hold_everything_end_with_status_0_and_a_line_for_each(locked):
    (locked / "scan.txt").unlink()
    assert verified(locked) == (
        0,
        ["river.txt: river (clean): 1 of 1 phrases found", "stone.txt: stone (clean): 7 of 7 phrases found"],
    )


def test_what_a_damaged_rendition_has_lost_is_named_but_is_no_fault(locked):
    status, lines = verified(locked)
    assert status == 0
    assert "scan.txt: figure pupils_after: missing: '增至960人' does not stand in the text" in lines
    assert "scan.txt: stone (scan): 5 of 7 phrases found" in lines


def test_a_changed_digit_names_the_figure_and_ends_with_status_1(locked):
    edit(locked / "stone.txt", "900人", "901人")
    status, lines = verified(locked)
    assert status == 1
    assert "stone.txt: figure pupils_before: missing: '由900人' does not stand in the text" in lines
    summary = "stone.txt: stone (edited copy, differs from the text that was read): 5 of 7 phrases found"
    assert summary in lines


def test_a_quantity_that_nothing_accounts_for_ends_with_status_1(made_up_data, locked):
    (made_up_data / "uncovered.csv").unlink()
    status, lines = verified(locked)
    assert status == 1
    assert any(line.startswith("river (river.txt):1: '300' in ") for line in lines)


def test_a_missing_text_is_not_checkable(locked):
    (locked / "river.txt").unlink()
    _, lines = verified(locked)
    assert f"river: not checkable, there is no copy of it in {locked}" in lines
    assert not any("river" in line and "found" in line for line in lines)


def test_without_a_lock_nothing_is_said_to_be_found(made_up_data, made_up_texts):
    status, lines = verified(made_up_texts)
    assert status == 1
    assert "river.txt: river (clean): 0 of 1 phrases found" in lines


def test_writing_the_lock_says_so_and_verifies_against_it(made_up_data, made_up_texts):
    status, lines = verified(made_up_texts, "--write")
    assert (status, lines[0]) == (0, f"wrote {made_up_data / 'anchors.lock.csv'}")


def test_findings_as_json_are_one_object_a_line(locked):
    status, lines = verified(locked, "--json")
    found = [json.loads(line) for line in lines]
    assert status == 0
    assert {"id": "boats", "kind": "figure", "source": "river", "rendition": "clean", "file": "river.txt",
            "state": "found", "message": "paragraph 1"} in found  # fmt: skip
    assert {entry["state"] for entry in found if entry["file"] != "scan.txt"} == {"found"}


def test_a_missing_text_is_not_checkable_in_json_too(locked):
    (locked / "river.txt").unlink()
    found = [json.loads(line) for line in verified(locked, "--json")[1]]
    assert [entry["state"] for entry in found if entry["source"] == "river"] == ["not checkable"]


def test_a_folder_without_texts_is_an_error(made_up_data, tmp_path):
    with pytest.raises(DataError, match="holds no copy of a source text"):
        verify_report(tmp_path / "none", write=False, as_json=False)


def test_a_folder_without_texts_ends_with_status_2_and_no_traceback(tmp_path):
    status, out, err = run_command("verify", "--sources", str(tmp_path), cwd=tmp_path)
    assert (status, out) == (2, "")
    assert err == f"{tmp_path}: holds no copy of a source text; name the folder with the .txt files\n"


def test_the_real_texts_are_verified_with_status_0(sources, capsys):
    assert verify_report(sources, write=False, as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    counts = [re.search(r"\(clean\): (\d+) of (\d+) phrases found$", line) for line in lines]
    assert [m[1] == m[2] for m in counts if m] == [True] * 4
    assert not any("not checkable" in line for line in lines)


@pytest.mark.parametrize("source", ["party_school_2017", "longgang_2024", "journal_2025"])
def test_one_digit_of_a_real_text_names_the_figure_with_status_1(sources, tmp_path, capsys, source):
    folder = shutil.copytree(sources, tmp_path / "texts")
    copies, _ = verify_sources(folder)
    path = next(folder / c.file for c in copies if c.source == source and c.preferred and c.intact)
    text = path.read_text("utf-8-sig")
    figure = next(
        f for f in curated().figures.values()
        if f.source.id == source and re.search("[1-8]", f.quote) and text.count(f.quote) == 1
    )  # fmt: skip
    changed = re.sub("[1-8]", lambda digit: str(int(digit[0]) + 1), figure.quote, count=1)
    path.write_text(text.replace(figure.quote, changed), "utf-8")
    assert verify_report(folder, write=False, as_json=False) == 1
    assert f"{path.name}: figure {figure.id}: missing: '{figure.quote}' does not stand in the text" in capsys.readouterr().out


def test_the_audit_says_every_verdict_and_counts_them(capsys):
    audit_report(as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(curated().claims) + 1
    assert lines[0].split(": ")[0].split() == [curated().verdicts[0].verdict, curated().claims[0].id]
    assert any(line.startswith("contradicts  jiashan_claim_organisations_per_10k: There are nine ") for line in lines)
    counts = [int(number) for number in re.findall(r" (\d+)(?:;|$)", lines[-1])]
    assert sum(counts) == len(curated().claims)
    assert "Contradicts. 3" in lines[-1]


@pytest.mark.usefixtures("chinese")
def test_the_audit_speaks_the_readers_language(capsys):
    audit_report(as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert any("每万人有9个社会组织。" in line for line in lines)
    assert "Contradicts" not in lines[-1]


def test_the_audit_as_json_has_an_object_for_each_claim():
    result = CliRunner().invoke(app, ["audit", "--json"])
    rows = [json.loads(line) for line in result.output.splitlines()]
    assert result.exit_code == 0
    assert {row["id"]: row["verdict"] for row in rows} == {v.claim.id: v.verdict for v in curated().verdicts}
    assert next(row for row in rows if row["id"] == "jiashan_claim_gdp_per_head")["reading"] == "registered"


def test_the_command_export_names_what_it_wrote(tmp_path):
    result = CliRunner().invoke(app, ["export", "--to", str(tmp_path / "out"), "claims"])
    assert result.exit_code == 0
    assert result.output.split() == [
        str(tmp_path / "out" / name) for name in ("claims.csv", "sources.bib", "sources-gbt7714.txt")
    ]


def test_the_command_export_writes_every_table_when_none_is_named(tmp_path):
    assert CliRunner().invoke(app, ["export", "--to", str(tmp_path)]).exit_code == 0
    assert sorted(path.stem for path in tmp_path.glob("*.csv")) == sorted(TABLES)


def test_an_unknown_format_is_a_message_and_no_file(tmp_path):
    status, out, err = run_command("export", "--to", "out", "--format", "xls", cwd=tmp_path)
    assert (status, out) == (2, "")
    assert err == "there is no format 'xls'; did you mean 'xlsx'? Allowed: csv, dta, xlsx\n"
    assert not (tmp_path / "out").exists()
