"""Accepted values: a changed number is named, words are not numbers, a faulty file is told with its line."""

import copy
import json
import re
import shutil
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from county_metrics.errors import ParameterError, RunnerError
from county_metrics.pipeline.accepted import Change, compare, gate, load_accepted, member_key, observed
from county_metrics.pipeline.collect import clean, write_outputs
from county_metrics.present import payload
from county_metrics.present.number import number
from county_metrics.present.wording import both, say
from tests.pipeline.test_collect import ROW, executed, plot, spec, table

QUICK = settings(deadline=None, derandomize=True, max_examples=150)
DATA = {
    "rows": [{"before": {"value": "230", "low": 229.5}, "label": both("one", "甲")}, {"before": {"value": "4567"}}],
    "change": number("-62.608695652174", ref="result:percent_change", places=1),
    "unit": say("unit.percentage_points"),
    "open": None,
}


def result(value="-62.6", low=None, high=None, unit="percent", **more):
    return {"value": value, "low": low, "high": high, "unit": unit} | more


def run(figures=None, **results):
    return {"results": results, "figures": figures or {}}


def told(old, new, tolerance="1e-9"):
    return [str(change) for change in compare("run", old, new, tolerance)]


def entry(folder, *rows, **figures):
    """A finished run in the store's form."""
    (folder / "figures").mkdir(parents=True)
    (folder / "results.json").write_text(json.dumps({"parameters": {}, "results": list(rows)}), "utf-8")
    for name, data in figures.items():
        (folder / "figures" / f"{name}.json").write_text(json.dumps(data), "utf-8")
    return folder


def row(name, value, **more):
    return {"name": name, "value": value, "low": None, "high": None, "unit": "percent", "provenance": "made up"} | more


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**6), max_value=10**6)
leaves = st.none() | st.booleans() | st.text(max_size=6) | st.floats() | st.integers() | numbers.map(str)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4), max_leaves=20
)


def test_changed_number_is_named_old_and_new_with_its_unit():
    new = run(percent_change=result("-61.0021739"))
    assert told(run(percent_change=result("-62.608695652174")), new) == ["run: percent_change −62.6 → −61.0 (percent)"]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (result(low="-62.9"), result(low="-62.8"), "run: x, low −62.9 → −62.8 (percent)"),
        (result(low="-62.9"), result(), "run: x, low -62.9 → none (percent)"),
        (result(), result(unit="ratio"), "run: x, unit percent → ratio"),
        (result("45700000"), result("45700001"), "run: x 45,700,000 → 45,700,001 (percent)"),
        (result("0.04"), result("0.06"), "run: x 0.04 → 0.06 (percent)"),
        (result("0.373913043478"), result("0.374012"), "run: x 0.373913 → 0.374012 (percent)"),
        (result("-62.6"), result("n/a"), "run: x -62.6 → n/a (percent)"),
    ],
)
def test_value_bounds_and_unit_of_a_result_are_compared(old, new, text):
    assert told(run(x=old), run(x=new)) == [text]


def test_results_gone_and_new_are_named():
    assert told(run(old=result("1")), run(new=result("2"))) == ["run: new none → 2", "run: old 1 → none"]


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (lambda data: data["rows"][0]["before"].update(value="231"), "figure slope: rows[0].before.value 230 → 231"),
        (lambda data: data["rows"][0]["before"].update(low=229), "figure slope: rows[0].before.low 229.5 → 229.0"),
        (lambda data: data["change"].update(number="-61"), "figure slope: change.number −62.6 → −61.0"),
        (lambda data: data["change"].update(signed=True), "figure slope: change.signed false → true"),
        (lambda data: data["unit"].update(say="unit.percent"), "figure slope: unit.say unit.percentage_points → unit.percent"),
        (lambda data: data["rows"].pop(), "figure slope: rows 2 items → 1 items"),
        (lambda data: data.update(open="0"), "figure slope: open none → 0"),
        (lambda data: data.update(rows={}), "figure slope: rows 2 items → 0 fields"),
    ],
)
def test_figure_is_held_by_its_numbers_and_its_structure(edit, text):
    moved = copy.deepcopy(DATA)
    edit(moved)
    assert told(run({"slope": DATA}), run({"slope": moved})) == [f"run: {text}"]


def test_figures_gone_and_new_are_named():
    assert told(run({"old": DATA}), run({"new": [1]})) == ["run: figure new none → 1 items", "run: figure old 4 fields → none"]


def test_words_of_either_language_do_not_count():
    reworded = json.loads(json.dumps(DATA).replace('"one"', '"another"'))
    assert reworded != DATA
    assert told(run({"slope": DATA}), run({"slope": reworded})) == []


@pytest.mark.parametrize(
    ("old", "new", "tolerance", "agrees"),
    [
        ("230", "230.0", "0", True),
        ("1E+3", "1000", "0", True),
        ("1000000000", "1000000001", "1e-9", True),
        ("1000000000", "1000000002", "1e-9", False),
        ("0", "0.000000001", "1e-9", True),
        ("0", "0.0000000011", "1e-9", False),
        ("-100", "-101", "0.01", True),
    ],
)
def test_tolerance_is_relative_and_absolute_below_one(old, new, tolerance, agrees):
    assert (told(run(x=result(old)), run(x=result(new)), tolerance) == []) is agrees


def test_result_may_have_a_tolerance_of_its_own():
    assert told(run(x=result("10", tolerance="0.1"), y=result("10")), run(x=result("11"), y=result("11"))) == [
        "run: y 10 → 11 (percent)"
    ]


@QUICK
@given(trees, numbers)
def test_run_compared_with_itself_gives_nothing(tree, value):
    same = run({"figure": tree}, x=result(str(value), low=str(value)))
    assert compare("run", same, copy.deepcopy(same), "0") == []


@QUICK
@given(st.data(), numbers, numbers)
def test_number_moved_beyond_the_tolerance_is_found_wherever_it_stands(data, old, new):
    tree, moved = old, new
    for _ in range(data.draw(st.integers(0, 5))):
        if data.draw(st.booleans()):
            beside = data.draw(st.lists(trees, max_size=3))
            tree, moved = [*beside, tree], [*beside, moved]
        else:
            beside = data.draw(st.dictionaries(st.text(max_size=3), trees, max_size=3))
            tree, moved = ({**beside, "number": inner} for inner in (tree, moved))
    before, after = (json.loads(json.dumps(inner, default=str)) for inner in (tree, moved))
    changes = compare("run", run({"figure": before}), run({"figure": after}), "1e-9")
    beyond = abs(old - new) > Decimal("1e-9") * max(1, abs(old))
    assert [(change.old, change.new) for change in changes] == ([(str(old), str(new))] if beyond else [])


@QUICK
@given(st.decimals(allow_nan=False, allow_infinity=False), st.decimals(allow_nan=False, allow_infinity=False))
def test_rounding_for_reading_never_hides_the_difference(old, new):
    change = Change("run", "result x", str(old), str(new))
    assert (change.shown()[0] != change.shown()[1]) or old == new


def test_members_are_named_by_the_values_chosen_for_them():
    assert member_key({"step": "printed", "years": 3, "rate": 1.5, "flag": True}) == "step=printed, years=3, rate=1.5, flag=true"
    assert member_key({}) == ""


def test_outputs_of_a_run_are_read_back_without_words(tmp_path):
    shown = payload.results([ROW, ROW | {"value": "3"}], {}, table("results"))
    write_outputs(clean(executed(plot(), shown)), spec(tmp_path), tmp_path)
    count = {"low": None, "high": None, "unit": "count"}
    assert observed(tmp_path) == {
        "results": {"total": {"value": "2"} | count, "total-2": {"value": "3"} | count},
        "figures": {"spread": {"rows": [{"label": {}, "value": "2", "low": "1", "high": "3"}], "unit": {}}},
    }


def test_number_given_to_a_repeated_result_takes_no_other_name(tmp_path):
    found = observed(entry(tmp_path / "k", row("a", "1"), row("a-2", "2"), row("a", "3"), row("a", "4")))
    assert {name: one["value"] for name, one in found["results"].items()} == {"a": "1", "a-2": "2", "a-3": "3", "a-4": "4"}


def test_damaged_entry_is_told(tmp_path):
    (entry(tmp_path / "k", row("a", "1")) / "results.json").write_text("{", "utf-8")
    with pytest.raises(RunnerError, match=re.escape("build/store/k is damaged; remove that folder and run the report again")):
        observed(tmp_path / "k")


@pytest.fixture
def root(tmp_path):
    """A project of one plain run and a grid, with accepted values of the plain one."""
    (tmp_path / "params").mkdir()
    for name in ("plain", "grid"):
        (tmp_path / "params" / f"{name}.yaml").touch()
    (tmp_path / "accepted").mkdir()
    accepted = {"tolerance": "1e-6", "runs": {"": run(x=result("1"))}}
    (tmp_path / "accepted" / "plain.json").write_text(json.dumps(accepted, indent=1), "utf-8")
    return tmp_path


MEMBERS = {"plain": {""}, "grid": {"years=1", "years=2"}}


def finished(root, member="", value="1", stem="plain", version="a"):
    name = f"{stem}.{member}"
    return stem, member, name, entry(root / "store" / f"{name}-{value}-{version}", row("x", value))


def accepted_file(root, stem="plain"):
    return json.loads((root / "accepted" / f"{stem}.json").read_text("utf-8"))


VALUE = '"x": {\n"value": "1", "low": null, "high": null, "unit": "count"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"runs": {},}', "accepted/plain.json:1:13: not JSON that can be read ("),
        (
            '<<<<<<< HEAD\n{"runs": {}}',
            "accepted/plain.json:1:1: not JSON that can be read (Expecting value); repair it, or remove",
        ),
        ('{"runs": {}, "runs": {}}', "accepted/plain.json: not JSON that can be read (the key 'runs' stands twice)"),
        ("[" * 100_000, "accepted/plain.json: not JSON that can be read ("),
        ('{"runs": ' + "1" * 5000 + "}", "accepted/plain.json: not JSON that can be read (Exceeds the limit"),
        ("[]", "accepted/plain.json:1:1: must hold tolerance, runs in braces"),
        ("{}", "accepted/plain.json:1:1: misses runs; repair it"),
        ('{"runs": {},\n "toleranc": "1"}', "accepted/plain.json:2:2: toleranc: not a key here; did you mean 'tolerance'?"),
        ('{"tolerance": 1e-9, "runs": {}}', 'accepted/plain.json:1:2: tolerance: 1e-09 is not a number in quotes below "1"'),
        ('{"tolerance": "-1", "runs": {}}', 'tolerance: "-1" is not a number in quotes below "1" such as "1e-9"'),
        ('{"tolerance": "1", "runs": {}}', 'tolerance: "1" is not a number in quotes below "1"'),
        (
            '{\n "runs"\n:\n{"a{\\"": {"figures": {}, "results": {"[": 3}}}}',
            "accepted/plain.json:4:38: [: must hold value, low, high, unit",
        ),
        ('{"runs": 3}', "accepted/plain.json:1:2: runs: must hold names in braces"),
        ('{"runs": {"": {"results": {}}}}', "accepted/plain.json:1:11: misses figures; repair it"),
        (VALUE.replace('"1"', '"１"'), 'plain.json:2:1: value: "１" is not a number in quotes such as "-62.6"'),
        (VALUE.replace('"1"', '"1e9999"'), 'plain.json:2:1: value: "1e9999" is not a number in quotes'),
        (VALUE.replace('"1"', "null"), "plain.json:2:1: value: null is not a number in quotes"),
        (VALUE.replace("null", "1", 1), 'low: 1 is not a number in quotes such as "-62.6", nor null for no end'),
        (VALUE.replace('"count"', "null"), 'unit: null is not text such as "percent"'),
        (VALUE.replace("high", "hi"), "hi: not a key here; did you mean 'high'? Allowed: high, low, tolerance, unit, value"),
        (VALUE + ', "tolerance": "x"', 'tolerance: "x" is not a number in quotes below "1"'),
    ],
)
def test_faulty_file_is_told_with_its_place(root, text, message):
    if text.startswith('"x"'):
        text = '{"runs": {"": {"figures": {}, "results": {' + text + "}}}}}"
    (root / "accepted" / "plain.json").write_text(text, "utf-8")
    problems = []
    assert load_accepted(root, problems) == {}
    assert any(message in str(problem) for problem in problems), problems


def test_every_fault_of_a_file_is_told_at_once(root):
    wrong = {"tolerance": "x", "runs": {"": run(x=result("a", low="b")), "more": 1}}
    (root / "accepted" / "plain.json").write_text(json.dumps(wrong, indent=1), "utf-8")
    problems = []
    load_accepted(root, problems)
    assert [(problem.line, problem.field) for problem in problems] == [(2, "tolerance"), (7, "value"), (8, "low"), (15, "more")]


def test_accepted_values_of_no_params_file_are_told(root):
    (root / "accepted" / "plain.json").rename(root / "accepted" / "plan.json")
    problems = []
    assert load_accepted(root, problems) == {}
    assert str(problems[0]) == (
        "accepted/plan.json: there is no params/plan.yaml; rename or remove this file; did you mean 'plain'? Allowed: grid, plain"
    )


@QUICK
@given(content=trees | st.dictionaries(st.sampled_from(["runs", "tolerance", "a"]), trees), cut=st.integers(0, 40))
def test_no_content_of_a_file_ends_in_a_traceback(tmp_path_factory, content, cut):
    root = tmp_path_factory.mktemp("project")
    (root / "accepted").mkdir()
    text = json.dumps(content, ensure_ascii=False)
    (root / "accepted" / "a.json").write_bytes(text[: len(text) - cut].encode("utf-8", "replace"))
    problems = []
    assert load_accepted(root, problems) == {}
    assert all(str(problem).startswith("accepted/a.json") for problem in problems)


def test_gate_compares_what_has_accepted_values_and_leaves_the_rest_alone(root):
    runs = [finished(root, value="2"), finished(root, "years=1", stem="grid")]
    assert [str(change) for change in gate(root, runs, MEMBERS)] == ["plain.: x 1 → 2 (percent)"]
    assert not (root / "accepted" / "grid.json").exists()


def test_tolerance_of_the_file_is_kept_to(root):
    assert gate(root, [finished(root, value="1.0000009")], MEMBERS) == []


def test_faulty_file_stops_the_gate(root):
    (root / "accepted" / "plain.json").write_text("{", "utf-8")
    with pytest.raises(ParameterError, match=r"accepted/plain\.json:1:2: not JSON"):
        gate(root, [finished(root)], MEMBERS, accept=True)


def test_accepting_takes_the_new_values_and_keeps_the_tolerances(root):
    path = root / "accepted" / "plain.json"
    path.write_text(json.dumps({"tolerance": "1e-6", "runs": {"": run(x=result("1", tolerance="0.5"))}}), "utf-8")
    runs = [finished(root, value="2")]
    assert [str(change) for change in gate(root, runs, MEMBERS, accept=True)] == ["plain.: x 1 → 2 (percent)"]
    assert accepted_file(root) == {"tolerance": "1e-6", "runs": {"": run(x=result("2", tolerance="0.5"))}}
    assert gate(root, runs, MEMBERS) == []


def test_accepting_twice_gives_the_same_bytes(root):
    runs = [finished(root, value="2"), *(finished(root, member, stem="grid") for member in sorted(MEMBERS["grid"]))]
    written = []
    for changes in (3, 0):
        assert len(gate(root, runs, MEMBERS, accept=True)) == changes
        written.append([(root / "accepted" / f"{stem}.json").read_bytes() for stem in ("plain", "grid")])
    assert written[0] == written[1]
    assert written[0][1].startswith(b'{\n "runs": {\n  "years=1": {\n   "figures": {},\n')
    assert written[0][1].endswith(b'\n "tolerance": "1e-9"\n}\n')


def test_accepting_does_not_move_what_agrees(root):
    gate(root, [finished(root, value="1.0000001")], MEMBERS, accept=True)
    assert accepted_file(root)["runs"][""]["results"]["x"]["value"] == "1"


def test_member_that_did_not_finish_keeps_its_values_and_one_that_is_gone_is_named_and_dropped(root):
    runs = [finished(root, member, stem="grid") for member in ("years=1", "years=2", "years=3")]
    gate(root, runs, {"grid": ["years=1", "years=2", "years=3"]}, accept=True)
    only = [finished(root, "years=1", "5", "grid")]
    texts = ["grid.years=1: x 1 → 5 (percent)", "grid: run years=3 accepted → no longer in the params file"]
    for accept in (False, True):
        assert [str(change) for change in gate(root, only, MEMBERS, accept=accept)] == texts
    assert {member: one["results"]["x"]["value"] for member, one in accepted_file(root, "grid")["runs"].items()} == {
        "years=1": "5", "years=2": "1",
    }  # fmt: skip


def test_new_member_of_an_accepted_grid_is_named(root):
    gate(root, [finished(root, "years=1", stem="grid")], MEMBERS, accept=True)
    assert [str(change) for change in gate(root, [finished(root, "years=2", stem="grid")], MEMBERS)] == [
        "grid.years=2: run not accepted yet → results: 1, figures: 0"
    ]


def test_run_of_a_params_file_elsewhere_is_left_alone(root):
    assert gate(root, [finished(root, stem="elsewhere")], MEMBERS, accept=True) == []
    assert [path.name for path in (root / "accepted").iterdir()] == ["plain.json"]


def test_what_is_not_a_number_is_not_accepted_and_nothing_is_written(root):
    runs = [finished(root, value="2"), finished(root, "years=1", "n/a", "grid")]
    message = 'accepted/grid.json is not written: years=1: results: x: value: "n/a" is not a number in quotes such as "-62.6"'
    with pytest.raises(RunnerError, match=re.escape(message)):
        gate(root, runs, MEMBERS, accept=True)
    assert accepted_file(root)["runs"][""]["results"]["x"]["value"] == "1"


def test_accepted_folder_that_cannot_be_written_is_told(root):
    shutil.rmtree(root / "accepted")
    (root / "accepted").touch()
    with pytest.raises(
        RunnerError, match=re.escape("accepted: cannot be written (file exists); free or unlock it and run again")
    ):
        gate(root, [finished(root)], MEMBERS, accept=True)


def test_what_is_known_to_agree_is_not_read_again(root):
    known, runs = root / "known", [finished(root)]
    assert gate(root, runs, MEMBERS, known=known) == []
    shutil.rmtree(root / "store")
    assert gate(root, runs, MEMBERS, known=known) == []


@pytest.mark.parametrize("what", ["entry", "file"])
def test_what_has_changed_since_is_compared_again(root, what):
    known, runs = root / "known", [finished(root)]
    gate(root, runs, MEMBERS, known=known)
    if what == "entry":
        runs = [finished(root, value="3")]
    else:
        (root / "accepted" / "plain.json").write_text(json.dumps({"runs": {"": run(x=result("3"))}}), "utf-8")
    for _ in range(2):
        assert len(gate(root, runs, MEMBERS, known=known)) == 1
    gate(root, runs, MEMBERS, known=known, accept=True)
    shutil.rmtree(root / "store")
    assert gate(root, runs, MEMBERS, known=known) == []
