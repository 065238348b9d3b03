"""Faults of claims, mechanisms, corrections, reasons and the lock are reported in their place."""

import re

import pytest

from county_metrics.errors import DataError
from county_metrics.evidence.catalogue import load_catalogue
from county_metrics.evidence.locate import LOCK_COLUMNS, NORMALISER, quote_digest, squeezed
from county_metrics.evidence.schema import MECHANISMS, QUOTE_LIMIT, UNCOVERED
from county_metrics.evidence.verify import check_data
from county_metrics.paths import data_root
from tests.evidence.edits import faults, place, read_rows, set_cells, write_rows
from tests.made_up import MECHANISM, REASON, ROWS, data_folder, edit, figures, table

CLAIMS = "data/cases/stone_bridge/claims.yaml"
CASE = "data/cases/stone_bridge/case.yaml"
LONG = "甲" * (QUOTE_LIMIT + 1)
SECOND = """\
  - id: {id}
    case: stone_bridge
    text_en: Another.
    text_zh: 又一。
    source: stone
    quote: 由900人
    {form}
    expected: {expected}
    reason_en: None.
    reason_zh: 无。
"""


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return data_folder(tmp_path / "data")


@pytest.fixture
def claims(data):
    return data / "cases" / "stone_bridge" / "claims.yaml"


def second(claims, form, name="claim_two"):
    """Add a claim of that form; the line it begins in."""
    line = len(claims.read_text("utf-8").splitlines()) + 1
    claims.write_text(
        claims.read_text("utf-8") + SECOND.format(id=name, form=form, expected="undecided" if "derive:" in form else "agrees"),
        "utf-8",
    )
    return line


def test_the_made_up_data_are_without_fault(data):
    assert faults(data) == []
    loaded = load_catalogue(data)
    assert [case.id for case in loaded.cases] == ["stone_bridge"]
    assert [q.id for q in loaded.quoted] == [
        *(row["id"] for row in ROWS), "stone_bridge.new_schools", "claim_new_within", "mechanism.school_building",
    ]  # fmt: skip
    assert [verdict.verdict for verdict in loaded.verdicts] == ["agrees"]


def test_loading_raises_every_fault_at_once(data, claims):
    edit(claims, "left: new_schools", "left: no_schools")
    edit(data / "corrections.yaml", "status: flagged", "status: hidden")
    with pytest.raises(DataError, match=r"claims\.yaml(?s:.*)corrections\.yaml") as caught:
        load_catalogue(data)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("name", ["claim_new_within", "schools"])
def test_an_id_of_a_claim_stands_once_among_claims_and_figures(data, claims, name):
    line = second(claims, "derive: schools * 2", name)
    assert faults(data) == [f"{CLAIMS}:{line}:9: id: '{name}' stands twice"]


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ("left: new_schools", "left: new_school", "expr", "'new_school' is not a figure; did you mean 'new_schools'? Allowed: "
         "boats, new_schools, pupils_after, pupils_before, schools"),
        ("left: new_schools", "left: f(schools)", "expr",
         "'f(schools)' holds 'f(schools)'; allowed are ids, numbers, + - * / and brackets"),
        ("right: schools", "right: schools.real", "expr",
         "'schools.real' holds 'schools.real'; allowed are ids, numbers, + - * / and brackets"),
    ],
)  # fmt: skip
def test_a_fault_of_an_expression_is_reported_at_its_claim(data, claims, old, new, field, message):
    edit(claims, old, new)
    assert faults(data) == [f"{CLAIMS}:2:5: {field}: {message}"]


@pytest.mark.parametrize(
    ("old", "new", "offset", "message"),
    [
        ("quote: 其中3所", f"quote: {LONG}", 7, f"quote: {QUOTE_LIMIT + 1} characters; at most {QUOTE_LIMIT} are allowed"),
        ("expected: agrees", "expected: agree", 10, "expected: 'agree' is not allowed; did you mean 'agrees'? "
         "Allowed: agrees, agrees_only, contradicts, undecided"),
        ("relation: part_of", "relation: part", 10,
         "relation: 'part' is not allowed; did you mean 'part_of'? Allowed: at_most, equal, part_of, sum"),
        ("source: stone", "source: stones", 8, "source: 'stones' is not allowed; did you mean 'stone'? Allowed: river, stone"),
        ("text_zh: 新建小学在全部小学之内。", "text_zh: ''", 9, "text_zh: empty"),
        ("case: stone_bridge", "case: stone_bride", 6,
         "case: 'stone_bride' is not allowed; did you mean 'stone_bridge'? Allowed: stone_bridge"),
    ],
)  # fmt: skip
def test_a_fault_of_a_claim_is_reported_at_its_value(data, claims, old, new, offset, message):
    line, column = edit(claims, old, new).split(":")
    assert faults(data) == [f"{CLAIMS}:{line}:{int(column) + offset}: {message}"]


@pytest.mark.parametrize("old", ["relation: part_of", "case: stone_bridge", "reason_en: Three is less than twelve."])
def test_a_key_that_is_none_is_reported_with_the_nearest(data, claims, old):
    key = old.split(":")[0]
    at = edit(claims, old, f"{key}{key[-1]}{old.removeprefix(key)}")
    found = [fault for fault in faults(data) if "not a key here" in fault]
    assert len(found) == 1
    assert found[0].startswith(f"{CLAIMS}:{at}: {key}{key[-1]}: not a key here; did you mean '{key}'? Allowed: ")


@pytest.mark.parametrize(
    "form",
    [
        "derive: schools * 2\n    relation: equal\n    left: schools\n    right: '12'",
        "figure: schools\n    expr: new_schools * 4\n    derive: schools * 2",
        "figure: schools\n    expr: new_schools * 4\n    relation: equal\n    left: schools\n    right: '12'",
        "figure: schools\n    expr: new_schools * 4\n    alternatives:\n"
        "      - {id: one, label_en: One, label_zh: 一, expr: new_schools * 5}",
        "figure: schools\n    derive: schools * 2",
        "unit: school",
        "figure: schools",
        "expr: schools * 2",
        "relation: equal\n    left: schools",
    ],
)
def test_a_claim_has_exactly_one_form(data, claims, form):
    line = second(claims, form)
    needs = "needs 'figure' with 'expr' or 'alternatives', or 'relation' with 'left' and 'right', or 'derive'"
    assert faults(data) == [f"{CLAIMS}:{line}:5: {needs}"]


@pytest.mark.parametrize(
    "form",
    [
        "figure: schools\n    expr: new_schools * 4",
        "derive: schools * 2\n    unit: school",
        "relation: equal\n    left: schools\n    right: '12'",
        "figure: schools\n    alternatives:\n      - {id: one, label_en: One, label_zh: 一, expr: new_schools * 4}",
    ],
)
def test_each_form_by_itself_is_accepted(data, claims, form):
    second(claims, form)
    assert faults(data) == []


def test_a_claim_about_an_unknown_figure_is_reported(data, claims):
    line = second(claims, "figure: shools\n    expr: new_schools * 4")
    (fault,) = faults(data)
    assert fault.startswith(f"{CLAIMS}:{line + 6}:13: figure: 'shools' is not a figure")


def test_an_unknown_key_of_a_reading_is_reported(data, claims):
    line = second(claims, "figure: schools\n    alternatives:\n      - {id: one, label_en: One, label_zh: 一, exp: schools}")
    found = faults(data)
    assert f"{CLAIMS}:{line + 8}:47: exp: not a key here; did you mean 'expr'? Allowed: expr, id, label_en, label_zh" in found


def test_a_unit_of_a_claim_is_a_unit(data, claims):
    second(claims, "derive: schools * 2\n    unit: skool")
    assert any("unit: 'skool'" in fault for fault in faults(data))


def test_a_division_by_nothing_is_reported_as_a_fault_of_its_claim(data, claims):
    line = second(claims, "derive: schools / (pupils_before - 900)")
    problems = check_data(data)
    assert [(problem.path, problem.line) for problem in problems] == [(CLAIMS, line)]


def test_a_claim_that_no_longer_has_its_expected_verdict_is_reported(data, claims):
    edit(claims, "expected: agrees", "expected: contradicts")
    assert any(re.search(r"claims\.yaml:\d+:\d+: expected: ", fault) for fault in faults(data))


def test_an_unknown_mechanism_of_a_reform_is_reported(data):
    edit(data / "cases" / "stone_bridge" / "case.yaml", "[school_building]", "[school_buildings]")
    message = "'school_buildings' of the reform 'new_schools' is not a mechanism; did you mean 'school_building'? "
    assert faults(data) == [f"{CASE}: mechanisms: {message}Allowed: school_building"]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("figures", "new_schools new_scools", "'new_scools' is not a figure; did you mean 'new_schools'? "
         "Allowed: boats, new_schools, pupils_after, pupils_before, schools"),
        ("indicators", "school", "'school' is not an indicator; did you mean 'schools'? Allowed: boats, pupils, schools"),
        ("case", "stone", "'stone' is not a case; did you mean 'stone_bridge'? Allowed: stone_bridge"),
        ("source", "stones", "'stones' is not a source; did you mean 'stone'? Allowed: river, stone"),
        ("kind", "reforms", "'reforms' is not allowed; did you mean 'reform'? "
         "Allowed: indicator_family, institution, mechanism, platform, reform, rule"),
        ("quote", LONG, f"{QUOTE_LIMIT + 1} characters; at most {QUOTE_LIMIT} are allowed"),
        ("what_en", "", "empty; what it is"),
    ],
)  # fmt: skip
def test_a_fault_of_a_mechanism_is_reported_in_its_cell(data, column, value, message):
    path = data / "mechanisms.csv"
    other = MECHANISM | {"id": "other", column: value}
    table(path, MECHANISMS, [MECHANISM, other])
    assert faults(data) == [f"data/mechanisms.csv:{place(path, 'other', column)}: {column}: {message}"]


def test_an_id_of_a_mechanism_stands_once(data):
    table(data / "mechanisms.csv", MECHANISMS, [MECHANISM, MECHANISM])
    (fault,) = faults(data)
    assert fault.startswith("data/mechanisms.csv:3:1: id: 'school_building' stands twice, first in data/mechanisms.csv:2")


@pytest.mark.parametrize(
    ("column", "value", "where", "message"),
    [
        ("text", LONG, "2:7", f"text: {QUOTE_LIMIT + 1} characters; at most {QUOTE_LIMIT} are allowed"),
        ("source", "rivers", "2:1", "source: 'rivers' is not a source; did you mean 'river'? Allowed: river, stone"),
        ("count", "0", "2:12", "count: '0' is not a whole number from 1"),
        ("reason_zh", "", "2:25", "reason_zh: empty; a value is needed"),
    ],
)
def test_a_fault_of_a_reason_is_reported_in_its_cell(data, column, value, where, message):
    table(data / "uncovered.csv", UNCOVERED, [REASON | {column: value}])
    assert faults(data) == [f"data/uncovered.csv:{where}: {message}"]


@pytest.mark.parametrize(
    ("old", "new", "offset", "message"),
    [
        ("claim: claim_new_within", "claim: claim_new", 7,
         "claim: 'claim_new' is not allowed; did you mean 'claim_new_within'? Allowed: claim_new_within"),
        ("status: flagged", "status: flag", 8,
         "status: 'flag' is not allowed; did you mean 'flagged'? Allowed: flagged"),
        ("quote: 其中3所", f"quote: {LONG}", 7, f"quote: {QUOTE_LIMIT + 1} characters; at most {QUOTE_LIMIT} are allowed"),
    ],
)  # fmt: skip
def test_a_fault_of_a_correction_is_reported_at_its_value(data, old, new, offset, message):
    line, column = edit(data / "corrections.yaml", old, new).split(":")
    assert faults(data) == [f"data/corrections.yaml:{line}:{int(column) + offset}: {message}"]


def test_an_unknown_key_of_a_correction_is_reported(data):
    at = edit(data / "corrections.yaml", "    expect:", "    expects:")
    line, column = at.split(":")
    found = [fault for fault in faults(data) if "not a key here" in fault]
    assert len(found) == 1
    assert found[0].startswith(
        f"data/corrections.yaml:{line}:{int(column) + 4}: expects: not a key here; did you mean 'expect'? "
    )


def test_a_correction_whose_claim_has_another_verdict_is_stale(data):
    line, column = edit(data / "corrections.yaml", "expect: agrees", "expect: contradicts").split(":")
    (fault,) = faults(data)
    assert fault.startswith(f"data/corrections.yaml:{line}:{int(column) + 8}: expect: ")


def test_a_phrase_of_an_event_holds_at_most_24_characters(data):
    line, column = edit(data / "cases" / "stone_bridge" / "case.yaml", "quote: 2015年新建", f"quote: {LONG}").split(":")
    (fault,) = faults(data)
    assert fault.startswith(f"{CASE}:{line}:{int(column) + 7}: quote: {QUOTE_LIMIT + 1} characters")


def test_a_fault_of_a_figure_is_not_reported_again_where_the_figure_is_used(data):
    figures(data, [row | ({"unit": "schol"} if row["id"] == "new_schools" else {}) for row in ROWS])
    (fault,) = faults(data)
    assert "unit: 'schol' is not a unit" in fault


def test_a_fault_of_a_mechanism_is_not_reported_again_at_its_reform(data):
    table(data / "mechanisms.csv", MECHANISMS, [MECHANISM | {"kind": "reforms"}])
    (fault,) = faults(data)
    assert "kind: 'reforms' is not allowed" in fault


# The lock, checked without any text


@pytest.fixture
def lock(data):
    path = data / "anchors.lock.csv"
    rows = [
        [item.id, item.source, "clean", "1", "0", quote_digest(item.quote), "0" * 64, NORMALISER]
        for item in load_catalogue(data).quoted
    ]
    write_rows(path, [list(LOCK_COLUMNS), *rows])
    return path


ADVICE = "make it anew with: county-metrics verify --sources DIR --write"


def test_a_lock_with_a_current_row_for_everything_is_fine(data, lock):
    assert faults(data) == []
    assert len(read_rows(lock)) == len(ROWS) + 4


@pytest.mark.parametrize("cells", [{"quote_sha256": "0" * 64}, {"normaliser": "0"}, {"source": "river"}])
@pytest.mark.parametrize("name", ["schools", "stone_bridge.new_schools", "claim_new_within", "mechanism.school_building"])
def test_a_row_of_the_lock_that_is_about_another_phrase_is_stale(data, lock, name, cells):
    set_cells(lock, name, **cells)
    assert faults(data) == [f"data/anchors.lock.csv: {name}: has no current row; {ADVICE}"]


def test_what_has_no_row_in_the_lock_is_named(data, lock):
    write_rows(lock, [row for row in read_rows(lock) if row[0] != "boats"])
    assert faults(data) == [f"data/anchors.lock.csv: boats: has no current row; {ADVICE}"]


def test_a_row_about_nothing_is_named(data, lock):
    rows = read_rows(lock)
    write_rows(lock, [*rows, ["bridges", *rows[1][1:]]])
    assert faults(data) == [f"data/anchors.lock.csv: bridges: names nothing; {ADVICE}"]


def test_the_curated_lock_has_exactly_one_current_row_for_everything():
    rows = read_rows(data_root() / "anchors.lock.csv")
    assert tuple(rows[0]) == LOCK_COLUMNS
    wanted = {item.id: (item.source, quote_digest(item.quote), NORMALISER) for item in load_catalogue().quoted}
    assert [row[0] for row in rows[1:]] == sorted(wanted)
    assert {row[0]: (row[1], row[5], row[7]) for row in rows[1:]} == wanted
    assert all(re.fullmatch("[0-9a-f]{64}", row[6]) for row in rows[1:])


def test_the_curated_lock_covers_figures_events_claims_and_mechanisms():
    data = load_catalogue()
    counts = {kind: sum(item.kind == kind for item in data.quoted) for kind in ("figure", "event", "claim", "mechanism")}
    assert counts == {
        "figure": len(data.figures),
        "event": sum(len(case.reforms) + len(case.concurrent_events) for case in data.cases),
        "claim": len(data.claims),
        "mechanism": len(data.mechanisms),
    }
    assert min(counts.values()) > 0
    assert sum(counts.values()) == len({item.id for item in data.quoted})


def test_no_curated_phrase_is_longer_than_allowed():
    data = load_catalogue()
    phrases = [item.quote for item in data.quoted] + [c.quote for c in data.corrections]
    phrases += [row.values["text"] for row in data.uncovered]
    assert max(len(phrase) for phrase in phrases) <= QUOTE_LIMIT
    assert all(squeezed(phrase) for phrase in phrases)


def test_every_curated_mechanism_and_event_points_at_what_exists():
    data = load_catalogue()
    ids = {mechanism.id for mechanism in data.mechanisms}
    reforms = [reform for case in data.cases for reform in case.reforms]
    assert {name for reform in reforms for name in reform.mechanisms} <= ids
    assert {name for mechanism in data.mechanisms for name in mechanism.figures} <= set(data.figures)
    assert {mechanism.case for mechanism in data.mechanisms} <= {case.id for case in data.cases}
    assert {claim.case for claim in data.claims} <= {case.id for case in data.cases}
    assert {claim.unit for claim in data.claims} <= {*data.words.units, ""}
