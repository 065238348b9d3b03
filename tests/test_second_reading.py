"""The curated figures against a second reading, made without sight of the first."""

import csv
import importlib.util
import shutil
from collections import Counter

import pytest

from county_metrics.paths import PACKAGE

ROOT = PACKAGE.parent
FILES = ("second_reading.csv", "second_reading_settled.csv")


@pytest.fixture
def comparison(tmp_path, monkeypatch):
    """The tool, reading copies of its two files."""
    spec = importlib.util.spec_from_file_location("compare_readings", ROOT / "tools" / "compare_readings.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "tests").mkdir()
    for name in FILES:
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests" / name)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def rows(comparison, name):
    return comparison._rows(name)


def rewrite(comparison, name, table):
    with (comparison.ROOT / "tests" / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def compared(comparison):
    """Differences by (figure, field), those between the readings as a whole among them."""
    first = comparison.first_reading()
    pairs, alone = comparison.match(first, rows(comparison, "second_reading.csv"))
    found = {(name, field) for name, field, _, _ in comparison.differences(first, pairs)}
    found |= {(name, "only in the first") for name in first if name not in pairs}
    return found | {(row["quote"], "only in the second") for row in alone}


def test_every_difference_is_settled(comparison, capsys):
    assert comparison.main() == 0
    out = capsys.readouterr().out
    assert "NOT SETTLED" not in out
    assert out.splitlines()[-1].endswith(", 0 not settled")


def test_every_settlement_is_about_a_difference_that_exists(comparison):
    found = compared(comparison)
    fields = {field for _, field in found}
    stale = [
        (row["figure"], row["field"]) for row in rows(comparison, "second_reading_settled.csv")
        if (row["figure"], row["field"]) not in found and not (row["figure"] == "*" and row["field"] in fields)
    ]  # fmt: skip
    assert stale == []


def test_every_settlement_stands_once_with_its_reason(comparison):
    settled = rows(comparison, "second_reading_settled.csv")
    assert max(Counter((row["figure"], row["field"]) for row in settled).values()) == 1
    assert all(row["settled"].strip() for row in settled)


def test_a_rule_for_a_whole_field_is_only_for_fields_of_judgement(comparison):
    general = {row["field"] for row in rows(comparison, "second_reading_settled.csv") if row["figure"] == "*"}
    assert general <= set(comparison.JUDGED)


def test_nearly_every_figure_was_read_twice(comparison):
    first, second = comparison.first_reading(), rows(comparison, "second_reading.csv")
    pairs, _ = comparison.match(first, second)
    assert len(first) >= 199
    assert len(pairs) >= 0.95 * len(first)


def matched(comparison):
    """A figure without any difference of its own, and the place of its row in the second reading."""
    second = rows(comparison, "second_reading.csv")
    pairs, _ = comparison.match(comparison.first_reading(), second)
    found = compared(comparison)
    name, row = next((n, r) for n, r in pairs.items() if not any((n, field) in found for field in comparison.EXACT))
    return name, second, second.index(row)


@pytest.mark.parametrize(
    ("field", "value"), [("value", "7654321"), ("value_hi", "7654321"), ("quantifier", "none"), ("step", "12345"), ("kind", "x")]
)
def test_a_changed_field_in_a_copy_ends_with_status_1(comparison, capsys, field, value):
    name, second, at = matched(comparison)
    second[at][field] = value
    rewrite(comparison, "second_reading.csv", second)
    assert comparison.main() == 1
    out = capsys.readouterr().out
    assert any(line.startswith(f"{name}: {field}: ") and line.endswith(": NOT SETTLED") for line in out.splitlines())
    assert out.splitlines()[-1].endswith(", 1 not settled")


def test_a_figure_that_is_missing_from_the_second_reading_ends_with_status_1(comparison, capsys):
    name, second, at = matched(comparison)
    rewrite(comparison, "second_reading.csv", second[:at] + second[at + 1 :])
    assert comparison.main() == 1
    assert f"{name}: only in the first:  | : NOT SETTLED" in capsys.readouterr().out


@pytest.mark.parametrize("field", ["role", "period", "value"])
def test_a_difference_without_its_settlement_ends_with_status_1(comparison, field):
    settled = rows(comparison, "second_reading_settled.csv")
    rewrite(comparison, "second_reading_settled.csv", [row for row in settled if row["field"] != field])
    assert comparison.main() == 1


@pytest.mark.parametrize(
    ("quote", "printed", "slot", "at"),
    [
        ("75%上升到96.2%", "96.2%", 2, 6),
        ("100%和100%", "100%", 2, 5),
        ("100%和100%", "100%", 1, 0),
        ("由900人", "900人", None, 1),
    ],
)
def test_the_place_of_a_printed_form_is_found_where_it_stands_twice_too(comparison, quote, printed, slot, at):
    assert comparison.offset(quote, printed, slot) == at
