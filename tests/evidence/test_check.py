"""Every fault of a figure is reported in its place, with what is allowed and what to do."""

import pytest

from county_metrics.evidence.schema import FIGURES, QUOTE_LIMIT
from tests.evidence.edits import faults, place, read_rows, set_cells, write_rows

BEFORE, AFTER = "jiashan_investment_approval_before", "jiashan_investment_approval_after"
SHOWN = "data/cases/jiashan/figures.csv"
UNITS = "Allowed: 72 names, among them body, day, record, working_day, working_group"


@pytest.fixture
def figures(data):
    return data / "cases" / "jiashan" / "figures.csv"


def one_fault(data, figures, name, message):
    """The only fault is this one, in the cell of the figure before."""
    assert faults(data) == [f"{SHOWN}:{place(figures, BEFORE, name)}: {name}: {message}"]


def test_the_curated_data_are_without_fault(data):
    assert faults(data) == []


def test_a_place_is_counted_from_the_start_of_the_line(data, figures):
    text = figures.read_text("utf-8")
    figures.write_text(text.replace(",working_day,exact,1,", ",workday,exact,1,"), "utf-8")
    line, words = next((n, line) for n, line in enumerate(text.splitlines(), 1) if ",working_day,exact,1," in line)
    column = words.index("working_day,exact") + 1
    assert faults(data)[0].startswith(f"{SHOWN}:{line}:{column}: unit: ")


def test_an_unknown_unit_names_the_nearest_one(data, figures):
    for name in (BEFORE, AFTER):
        set_cells(figures, name, unit="workday")
    message = f"unit: 'workday' is not a unit; did you mean 'working_day'? {UNITS}"
    assert faults(data) == [f"{SHOWN}:{place(figures, name, 'unit')}: {message}" for name in (BEFORE, AFTER)]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("source", "party_school", "'party_school' is not a source; did you mean 'party_school_2017'? "
         "Allowed: journal_2025, longgang_2024, party_school_2017, urban_rural_2024"),
        ("quantifier", "exactly", "'exactly' is not a quantifier; did you mean 'exact'? "
         "Allowed: about, at_least, at_most, exact, less_than, more_than, near, over, range"),
        ("statistic", "average", "'average' is not allowed; "
         "Allowed: count, limit, mean, median, share, single_case, total, unstated"),
        ("value", "２30", "'２30' holds full-width or look-alike characters; write '230'"),
        ("step", "１", "'１' holds full-width or look-alike characters; write '1'"),
        ("slot", "①", "'①' holds full-width or look-alike characters; write '1'"),
        ("period", "../２014-01-16",
         "'../２014-01-16' holds full-width or look-alike characters; write '../2014-01-16'"),
        ("value", "2,30", "'2,30' is not a plain decimal number; "
         "write it like 230 or 1.69, without separators, units or exponent"),
        ("value", "2.3e2", "'2.3e2' is not a plain decimal number; "
         "write it like 230 or 1.69, without separators, units or exponent"),
        ("value", "NaN", "'NaN' is not a plain decimal number; "
         "write it like 230 or 1.69, without separators, units or exponent"),
        ("value", "0230", "'0230' is not a plain decimal number; "
         "write it like 230 or 1.69, without separators, units or exponent"),
        ("slot", "0", "'0' is not a whole number from 1"),
        ("period", "2014-13",
         "'2014-13' is not a date or interval; write 2016, 2014-10, 2014-01-17, 2013/2016 or ../2014-01-16"),
        ("readings", "loose:4", "'loose:4' does not read as id=value;id=value, for example literal=5;loose=4"),
        ("id", "Jiashan-1", "'Jiashan-1' is not an id; use lower-case ASCII letters, digits and underscores, "
         "a letter first"),
        ("scope_en", " all", "' all' begins or ends with a space; remove it"),
        ("value", "230 ", "'230 ' begins or ends with a space; remove it"),
        ("scope_zh", "", "empty; what exactly the number covers, in chinese"),
        ("value", "", "empty; value in the unit, plain decimal"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_refused_in_its_cell(data, figures, name, value, message):
    where = place(figures, BEFORE, name)
    set_cells(figures, BEFORE, **{name: value})
    found = [fault for fault in faults(data) if fault.startswith(f"{SHOWN}:{where}: ")]
    assert [fault.lower() for fault in found] == [f"{SHOWN}:{where}: {name}: {message}".lower()]
    assert len(faults(data)) == 1


@pytest.mark.parametrize("name", [column.name for column in FIGURES if column.required and column.name != "pair"])
def test_no_required_cell_may_be_empty(data, figures, name):
    where = place(figures, BEFORE, name)
    set_cells(figures, BEFORE, **{name: ""})
    assert any(fault.startswith(f"{SHOWN}:{where}: {name}: empty; ") for fault in faults(data))


@pytest.mark.parametrize("name", [column.name for column in FIGURES if column.kind == "one_of"])
def test_a_closed_list_names_what_it_allows(data, figures, name):
    where = place(figures, BEFORE, name)
    set_cells(figures, BEFORE, **{name: "zzz"})
    allowed = ", ".join(sorted(next(column.allowed for column in FIGURES if column.name == name)))
    assert f"{SHOWN}:{where}: {name}: 'zzz' is not allowed; Allowed: {allowed}" in faults(data)


def test_a_locating_phrase_holds_at_most_24_characters(data, figures):
    assert QUOTE_LIMIT == 24
    set_cells(figures, BEFORE, quote="230个工作日" + "甲" * 17)
    assert faults(data) == []
    set_cells(figures, BEFORE, quote="230个工作日" + "甲" * 18)
    one_fault(data, figures, "quote", "25 characters; a locating phrase has at most 24")


def test_a_locating_phrase_holds_the_printed_form(data, figures):
    set_cells(figures, BEFORE, quote="缩短到86个工作日")
    one_fault(data, figures, "quote", "does not hold the printed form '230个工作日'")


def test_spaces_and_wide_forms_of_a_locating_phrase_do_not_matter(data, figures):
    set_cells(figures, BEFORE, quote="２３０ 个工作日")
    assert faults(data) == []


@pytest.mark.parametrize("value", ["231", "229", "23", "2300"])
def test_a_value_outside_the_bounds_of_its_printed_form_is_refused(data, figures, value):
    set_cells(figures, BEFORE, value=value)
    one_fault(data, figures, "value", f"{value} is outside the bounds of the printed form '230个工作日' (230)")


def test_a_value_may_be_another_reading_than_the_printed_one_if_that_is_listed(data, figures):
    set_cells(figures, BEFORE, value="460", readings="literal=230;double=460")
    assert faults(data) == []


@pytest.mark.parametrize(
    ("printed", "quantifier", "said"),
    [("近230个工作日", "exact", "'近' (near)"), ("230余个工作日", "near", "'余' (over)"),
     ("230个工作日以上", "at_most", "'以上' (at_least)"), ("约230个工作日", "exact", "'约' (about)"),
     ("不到230个工作日", "exact", "'不到' (less_than)"), ("不超过230个工作日", "more_than", "'不超过' (at_most)")],
)  # fmt: skip
def test_the_quantifier_agrees_with_the_printed_word(data, figures, printed, quantifier, said):
    set_cells(figures, BEFORE, printed=printed, quote=printed, quantifier=quantifier, step="10")
    one_fault(data, figures, "quantifier", f"'{quantifier}' but the printed form '{printed}' says {said}")


@pytest.mark.parametrize(
    ("printed", "quantifier"),
    [("近230个工作日", "near"), ("230余个工作日", "over"), ("不超过230个工作日", "at_most"), ("约230个工作日", "about")],
)
def test_the_right_quantifier_of_a_printed_word_is_accepted(data, figures, printed, quantifier):
    set_cells(figures, BEFORE, printed=printed, quote=printed, quantifier=quantifier, step="10")
    assert faults(data) == []


def test_a_word_that_means_exact_goes_with_a_step_of_one(data, figures):
    set_cells(figures, BEFORE, printed="达230个工作日", quote="达230个工作日")
    assert faults(data) == []


def test_a_printed_range_can_be_entered(data, figures):
    printed = "220至240个工作日"
    set_cells(figures, BEFORE, printed=printed, quote=printed, value="220", value_hi="240", quantifier="range")
    assert faults(data) == []


def test_a_step_finer_than_the_printed_form_is_refused(data, figures):
    set_cells(figures, BEFORE, step="0.1")
    one_fault(data, figures, "step", "0.1 is finer than the printed form '230个工作日', which is rounded to 1")


@pytest.mark.parametrize("step", ["0", "1", "10"])
def test_an_exact_or_a_coarser_step_is_accepted(data, figures, step):
    set_cells(figures, BEFORE, step=step)
    assert faults(data) == []


@pytest.mark.parametrize(
    ("cells", "name", "message"),
    [
        ({"period_basis": "none"}, "period_basis", "'none' although a period is given; say 'stated' or 'inferred'"),
        ({"period": ""}, "period", "empty although the period basis is 'inferred'; give it or say 'none'"),
        ({"value_hi": "240"}, "value_hi", "goes with the quantifier 'range' and only with it"),
        ({"quantifier": "range"}, "value_hi", "goes with the quantifier 'range' and only with it"),
        ({"step": "-1"}, "step", "a rounding step is not negative"),
    ],
)
def test_columns_that_belong_together_agree(data, figures, cells, name, message):
    set_cells(figures, BEFORE, **cells)
    one_fault(data, figures, name, message)


@pytest.mark.parametrize(("missing", "role"), [(AFTER, "before"), (BEFORE, "after")])
def test_a_pair_needs_both_ends(data, figures, missing, role):
    write_rows(figures, [row for row in read_rows(figures) if row[0] != missing])
    other, left = ("after", BEFORE) if role == "before" else ("before", AFTER)
    held = {"before": "a before", "after": "an after"}[role]
    message = f"'investment_approval_time' has {held} but no {other}; add the figure or leave the pair empty"
    assert faults(data) == [f"{SHOWN}:{place(figures, left, 'pair')}: pair: {message}"]


def test_a_pair_has_one_of_each(data, figures):
    rows = read_rows(figures)
    after = next(row for row in rows if row[0] == AFTER)
    write_rows(figures, [*rows, ["jiashan_third", *after[1:]]])
    message = "'investment_approval_time' has a second after; a pair has one of each"
    assert faults(data) == [f"{SHOWN}:{place(figures, 'jiashan_third', 'pair')}: pair: {message}"]


@pytest.mark.parametrize(("name", "other"), [("indicator", "grassroots_units"), ("unit", "item")])
def test_a_pair_does_not_mix_indicators_or_units(data, figures, name, other):
    set_cells(figures, AFTER, **{name: other})
    message = f"'{other}' differs within the pair 'investment_approval_time'"
    assert faults(data) == [f"{SHOWN}:{place(figures, AFTER, name)}: {name}: {message}"]


def test_a_figure_with_the_role_of_an_end_names_its_pair(data, figures):
    for name in (BEFORE, AFTER):
        set_cells(figures, name, pair="")
    assert faults(data) == [
        f"{SHOWN}:{place(figures, name, 'pair')}: pair: empty although the role is '{role}'; name the pair"
        for name, role in ((BEFORE, "before"), (AFTER, "after"))
    ]


def test_a_figure_of_a_pair_is_one_of_its_ends(data, figures):
    set_cells(figures, BEFORE, role="level")
    message = "'level' in a pair; a pair has one before and one after"
    assert f"{SHOWN}:{place(figures, BEFORE, 'role')}: role: {message}" in faults(data)


def test_an_id_stands_once_within_a_case(data, figures):
    first, second = (place(figures, name, "id") for name in (BEFORE, AFTER))
    set_cells(figures, AFTER, id=BEFORE)
    message = f"id: '{BEFORE}' stands twice, first in {SHOWN}:{first.removesuffix(':1')}; ids are unique over all cases"
    assert faults(data) == [f"{SHOWN}:{second}: {message}"]


def test_an_id_stands_once_over_all_cases(data, figures):
    other = data / "cases" / "longgang" / "figures.csv"
    first, second = place(figures, BEFORE, "id"), place(other, "longgang_grids", "id")
    set_cells(other, "longgang_grids", id=BEFORE)
    message = f"id: '{BEFORE}' stands twice, first in {SHOWN}:{first.removesuffix(':1')}; ids are unique over all cases"
    assert faults(data) == [f"data/cases/longgang/figures.csv:{second}: {message}"]


def with_a_stray_comma(figures):
    """Spoil the row of the figure before; its line and its new text."""
    lines = figures.read_text("utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.startswith(f"{BEFORE},"))
    lines[line - 1] += ",extra"
    figures.write_text("\n".join(lines), "utf-8")
    return line, lines[line - 1]


def test_a_row_left_out_for_a_stray_comma_is_reported_in_its_place(data, figures):
    line, row = with_a_stray_comma(figures)
    message = "row: 26 fields where the header has 25: a stray comma? Put text that holds a comma in double quotes"
    assert f"{SHOWN}:{line}:{len(row) - 4}: {message}" in faults(data)


def test_a_row_left_out_for_a_fault_of_its_own_does_not_break_its_pair(data, figures):
    with_a_stray_comma(figures)
    assert not any("but no before" in fault for fault in faults(data))


def test_a_byte_order_mark_changes_nothing(data, figures):
    for path in (figures, data / "vocab" / "units.csv", data / "sources.yaml", figures.parent / "case.yaml"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert faults(data) == []


def test_several_faults_are_reported_at_once_in_the_order_of_the_files(data, figures):
    set_cells(figures, BEFORE, value="２30", statistic="average")
    set_cells(figures, AFTER, quote="86个工作日" + "甲" * 30)
    case = data / "cases" / "longgang" / "case.yaml"
    case.write_text(case.read_text("utf-8").replace('start: "2014-12"', 'start: "2014-13"'), "utf-8")
    units = data / "vocab" / "units.csv"
    set_cells(units, "percent", label_zh="")
    found = faults(data)
    wanted = [
        f"{SHOWN}:{place(figures, BEFORE, 'statistic')}: statistic: 'average'",
        f"{SHOWN}:{place(figures, BEFORE, 'value')}: value: '２30' holds full-width",
        f"{SHOWN}:{place(figures, AFTER, 'quote')}: quote: 36 characters",
        "data/cases/longgang/case.yaml:18:12: start: '2014-13' is not a date or interval",
        f"data/vocab/units.csv:{place(units, 'percent', 'label_zh')}: label_zh: empty",
    ]
    places = [next(i for i, fault in enumerate(found) if fault.startswith(start)) for start in wanted]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("unit,quantifier", "units,quantifier", [
            "1:{unit}: units: not a column here; did you mean 'unit'? Allowed: {allowed}",
            "1:1: header: misses the columns unit"]),
        ("unit,quantifier", "value,quantifier", [
            "1:{unit}: value: this column stands twice", "1:1: header: misses the columns unit"]),
    ],
)  # fmt: skip
def test_the_columns_of_figures_are_exactly_the_named_ones(data, figures, old, new, expected):
    header, rest = figures.read_text("utf-8").split("\n", 1)
    figures.write_text(header.replace(old, new, 1) + "\n" + rest, "utf-8")
    fill = {"unit": header.index(old) + 1, "allowed": ", ".join(sorted(header.split(",")))}
    assert sorted(faults(data)) == sorted(f"{SHOWN}:{text.format(**fill)}" for text in expected)


def test_a_slot_of_absurd_length_is_a_problem_and_not_a_crash(data, figures):
    set_cells(figures, BEFORE, slot="1" * 5000)
    assert any(": slot: " in fault for fault in faults(data))


@pytest.mark.parametrize("kind", ["share", "level"])
def test_a_share_lies_between_0_and_100(data, kind):
    figures = data / "cases" / "demonstration_zone" / "figures.csv"
    name = "demonstration_zone_surface_water_after"
    set_cells(figures, name, kind=kind, printed="196.2%", value="196.2", quote="上升到196.2%")
    where = f"data/cases/demonstration_zone/figures.csv:{place(figures, name, 'value')}"
    assert faults(data) == [f"{where}: value: 196.2 is not a share; a share lies between 0 and 100 percent"]
