"""Derived statements are re-derived: safely, over intervals, with a verdict for each."""

import ast
import dataclasses
import re
from decimal import Decimal, DecimalException, DivisionByZero, InvalidOperation
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from county_metrics.evidence.audit import RELATIONS, VERDICTS, Alternative, Claim, audit_claim, evaluate, imply, names_in
from county_metrics.evidence.bounds import Interval, bounds
from county_metrics.evidence.frames import curated
from county_metrics.evidence.load import load_case, load_vocabulary

LAW = settings(deadline=None, derandomize=True, max_examples=120)
QUANTIFIERS = load_vocabulary([]).quantifiers
LIKE = load_case("jiashan").figure("jiashan_investment_approval_before")
TWO = {"en": "text", "zh": "文"}


def figure(value, quantifier="exact", step=1, open_end=False):
    value, step = Decimal(value), Decimal(step)
    interval = bounds(value, QUANTIFIERS[quantifier], step)
    if open_end:
        interval = Interval(interval.low, None)
    return dataclasses.replace(LIKE, value=value, quantifier=QUANTIFIERS[quantifier], step=step, bounds=interval)


def claim(**fields):
    empty = dict.fromkeys(("id", "case", "source", "quote", "figure", "relation", "left", "right", "derive", "unit"), "")
    start = {"text": TWO, "reason": TWO, "alternatives": (), "expected": "agrees"}
    return Claim(**(empty | start | fields))


def restated(*exprs, figures):
    readings = tuple(Alternative(f"reading_{n}", TWO, expr) for n, expr in enumerate(exprs, 1))
    return audit_claim(claim(figure="stated", alternatives=readings), figures)


def related(relation, left, right, **figures):
    return audit_claim(claim(relation=relation, left=left, right=right), figures).verdict


# Expressions


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ("(b - a) / b * 100", ["b", "a"]),
        ("100", []),
        ("((a))", ["a"]),
        ("zeta + alpha", ["zeta", "alpha"]),
        ("a_b / a", ["a_b", "a"]),
        ("ba + c + a", ["ba", "c", "a"]),
    ],
)
def test_ids_come_in_the_order_of_their_first_use(expr, names):
    assert names_in(expr) == names


FORBIDDEN = [
    "{}()", "f({})", "{}.real", "{}[1]", "{}[1:2]", "{} ** 2", "{} // 2", "{} % 2", "{} @ 2", "{} << 1", "{} & 1", "-{}", "+{}",
    "~{}", "not {}", "{} and 1", "{} or 1", "1 if {} else 2", "lambda: {}", "lambda a: {}", "[{}]", "({},)", "{{{}}}",
    "{{1: {}}}", "'{}'", "b'{}'", "f'{{{}}}'", "f'{{{}!r}}'", "(x := {})", "{} < 1", "{} == 1", "{} in a", "{} is a",
    "[x for x in {}]", "(x for x in {})", "{{x for x in {}}}", "{{x: 1 for x in {}}}", "[*{}]", "{} + True", "{} + None",
    "{} + ...", "{} + 1j", "{} + 'a'", "(yield {})", "(await {})", "__import__('os').system('{}')", "{}.__class__",
]  # fmt: skip


@pytest.mark.parametrize("form", FORBIDDEN)
def test_anything_but_ids_numbers_signs_and_brackets_is_refused(form):
    expr = form.format("a")
    with pytest.raises(ValueError, match=re.escape("'")):
        names_in(expr)


@pytest.mark.parametrize("expr", ["", " ", "a +", "(a", "a b", "a; b", "a = 1", "import os", "a\nb", "1a", "a $ b"])
def test_what_is_no_expression_is_refused_by_name(expr):
    with pytest.raises(ValueError, match=f"^'{re.escape(expr)}' is not an expression: "):
        names_in(expr)


def test_a_refusal_says_what_is_allowed():
    with pytest.raises(ValueError, match=re.escape("'f(a)' holds 'f(a)'; allowed are ids, numbers, + - * / and brackets")):
        names_in("f(a)")
    with pytest.raises(ValueError, match=re.escape("'a ** 2' uses an operator that is not allowed; use + - * /")):
        names_in("1 + a ** 2")
    with pytest.raises(ValueError, match=re.escape("'a + True' holds 'True'; only plain numbers are allowed")):
        names_in("a + True")


@pytest.mark.parametrize("expr", ["0x10 + a", "0b11 + a", "0o7 + a"])
def test_a_number_that_is_not_decimal_is_refused(expr):
    with pytest.raises(ValueError, match="only plain numbers"):
        names_in(expr)


def test_an_id_in_wide_letters_is_refused_with_the_expression():
    with pytest.raises(ValueError, match="ａ"):
        names_in("ａ + 1")


VALUES = {"a": Decimal("2.5"), "b": Decimal(-3), "c_1": Decimal("0.01")}
leaves = st.sampled_from([*VALUES, "7", "0.3", "100"])
allowed = st.recursive(leaves, lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner), max_leaves=8)
harmful = st.builds(lambda form, expr: form.format(expr), st.sampled_from(FORBIDDEN), allowed)
hidden = st.builds(
    lambda bad, good, sign, first: f"({bad}) {sign} {good}" if first else f"{good} {sign} ({bad})",
    harmful, allowed, st.sampled_from("+-*/"), st.booleans(),
)  # fmt: skip


@LAW
@given(st.one_of(harmful, hidden))
def test_no_expression_calls_or_reads_an_attribute(expr):
    with pytest.raises(ValueError, match=r"holds|operator|not an expression"):
        names_in(expr)


@LAW
@given(st.text(alphabet="ac12.+-*/() _[]{}'=:,@<~%&|^!", max_size=24))
def test_whatever_is_accepted_holds_nothing_else_and_has_a_value(expr):
    try:
        names = names_in(expr)
    except ValueError:
        return
    kinds = (ast.BinOp, ast.Name, ast.Constant, ast.Load, ast.Add, ast.Sub, ast.Mult, ast.Div)
    assert all(isinstance(node, kinds) for node in ast.walk(ast.parse(expr, mode="eval").body))
    assert sorted(names) == sorted({node.id for node in ast.walk(ast.parse(expr)) if isinstance(node, ast.Name)})
    try:
        value = evaluate(expr, dict.fromkeys(names, Decimal(3)))
    except (DivisionByZero, InvalidOperation):
        return
    assert isinstance(value, Decimal)


@LAW
@given(allowed)
def test_the_value_is_that_of_exact_arithmetic(expr):
    used = set(re.findall(r"[a-z]\w*", expr))
    assert set(names_in(expr)) == used
    exact = {name: Fraction(value) for name, value in VALUES.items()}
    spelt = re.sub(r"(?<![\w.])(\d+(?:\.\d+)?)", r"Fraction('\1')", expr)
    try:
        wanted = eval(spelt, {"Fraction": Fraction}, exact)
    except ZeroDivisionError:
        with pytest.raises(DecimalException):
            evaluate(expr, VALUES)
        return
    size = max(1, abs(wanted))
    assert abs(Fraction(evaluate(expr, VALUES)) - wanted) <= size * Fraction(1, 10**15)


def test_what_follows_is_ranged_over_the_bounds_of_its_figures():
    figures = {"before": figure(230), "after": figure(86)}
    value, interval = imply("(after - before) / before * 100", figures, TWO)
    assert round(value, 2) == Decimal("-62.61")
    assert (round(interval.low, 2), round(interval.high, 2)) == (Decimal("-62.91"), Decimal("-62.31"))


def test_what_follows_from_an_open_figure_is_open():
    assert imply("a + 1", {"a": figure(5, open_end=True)}, TWO) == (Decimal(6), Interval(None, None))


def test_what_follows_from_no_figure_is_exact():
    assert imply("12 / 8", {}, TWO) == (Decimal("1.5"), Interval(Decimal("1.5"), Decimal("1.5")))


# Verdicts


@pytest.mark.parametrize(
    ("stated", "implied", "verdict"),
    [
        (figure(50), "50.5", "agrees"),
        (figure(50), "50.51", "contradicts"),
        (figure(50), "49.49", "contradicts"),
        (figure(50, "near", 10), "49.3", "agrees"),
        (figure(50, "near", 10), "40", "agrees"),
        (figure(50, "near", 10), "39.9", "undecided"),
        (figure(50, "near", 10), "50.1", "contradicts"),
        (figure(-50, "near", 10), "0 - 49.3", "agrees"),
        (figure(-50, "near", 10), "0 - 30", "undecided"),
        (figure(-50, "near", 10), "0 - 50.1", "contradicts"),
        (figure(100, "over", 10), "105", "agrees"),
        (figure(100, "over", 10), "150", "undecided"),
        (figure(100, "over", 10), "99", "contradicts"),
        (figure(100, "about", 10), "109", "agrees"),
        (figure(100, "about", 10), "1000", "undecided"),
        (figure(100, "at_most", 10), "101", "contradicts"),
    ],
)
def test_a_stated_figure_is_held_to_what_its_words_allow(stated, implied, verdict):
    found = restated(implied, figures={"stated": stated})
    assert found.verdict == verdict
    assert found.printed == stated.bounds
    assert [entry.value for entry in found.implied] == [evaluate(implied, {})]


@pytest.mark.parametrize(
    ("implied", "verdict", "reading"),
    [
        (("50", "50.2"), "agrees", ""),
        (("50", "60"), "agrees_only", "reading_1"),
        (("60", "50"), "agrees_only", "reading_2"),
        (("60", "50", "50"), "agrees_only", "reading_2 reading_3"),
        (("50", "open"), "agrees_only", "reading_1"),
        (("60", "70"), "contradicts", ""),
        (("60", "open"), "undecided", ""),
        (("open",), "undecided", ""),
    ],
)
def test_readings_together_give_the_verdict(implied, verdict, reading):
    found = restated(*implied, figures={"stated": figure(50), "open": figure(50, open_end=True)})
    assert (found.verdict, found.reading) == (verdict, reading)


@pytest.mark.parametrize(
    ("relation", "left", "right", "verdict"),
    [
        ("sum", "175 + 222", "397", "agrees"),
        ("sum", "175 + 223", "397", "contradicts"),
        ("equal", "1", "28 / 12", "contradicts"),
        ("at_most", "5", "5", "agrees"),
        ("at_most", "6", "5", "contradicts"),
        ("part_of", "21", "102", "agrees"),
        ("part_of", "103", "102", "contradicts"),
        ("at_most", "wide", "99", "agrees"),
        ("at_most", "wide", "94.9", "contradicts"),
        ("equal", "wide", "104", "agrees"),
        ("sum", "wide", "106", "contradicts"),
        ("equal", "open", "1", "undecided"),
        ("at_most", "1", "open", "undecided"),
    ],
)
def test_a_relation_holds_where_the_bounds_allow_it(relation, left, right, verdict):
    assert related(relation, left, right, wide=figure(100, step=10), open=figure(5, open_end=True)) == verdict


def test_every_relation_is_tried_above():
    assert set(RELATIONS) == {"sum", "equal", "part_of", "at_most"}


def test_what_the_source_does_not_print_is_derived_and_undecided():
    found = audit_claim(claim(derive="a * 4"), {"a": figure(3, step=0)})
    assert (found.verdict, found.printed) == ("undecided", None)
    assert [(entry.value, entry.interval, entry.fits) for entry in found.implied] == [
        (Decimal(12), Interval(Decimal(12), Decimal(12)), None)
    ]


def test_a_verdict_names_every_figure_it_rests_on():
    figures = {"stated": figure(2), "a": figure(4), "b": figure(2)}
    assert restated("a / b", "a - b", figures=figures).uses == {"stated", "a", "b"}
    assert audit_claim(claim(relation="equal", left="a", right="b + 2"), figures).uses == {"a", "b"}
    assert audit_claim(claim(derive="b * 2"), figures).uses == {"b"}


# The curated claims


def verdict_of(name):
    return next(verdict for verdict in curated().verdicts if verdict.claim.id == name)


def test_every_claim_has_the_verdict_that_is_expected_of_it():
    data = curated()
    assert [verdict.claim for verdict in data.verdicts] == list(data.claims)
    assert len(data.claims) >= 60
    assert {v.claim.id: v.verdict for v in data.verdicts} == {claim.id: claim.expected for claim in data.claims}
    assert {verdict.verdict for verdict in data.verdicts} == set(VERDICTS)


def test_every_correction_still_has_the_verdict_it_speaks_of():
    corrections = curated().corrections
    assert len(corrections) >= 3
    assert {c.id: verdict_of(c.claim).verdict for c in corrections} == {c.id: c.expect for c in corrections}
    assert {c.id: (verdict_of(c.claim).claim.source, c.status) for c in corrections} == {
        c.id: (c.source, "flagged") for c in corrections
    }


def test_every_verdict_rests_on_known_figures_of_its_case():
    data = curated()
    for verdict in data.verdicts:
        assert verdict.uses <= set(data.figures)
        assert {data.figures[name].case for name in verdict.uses} <= {verdict.claim.case}


def test_every_claim_says_its_reason_in_both_languages():
    for claim_ in curated().claims:
        assert all(claim_.text[language] and claim_.reason[language] for language in ("en", "zh"))
        assert re.search("[\u4e00-\u9fff]", claim_.text["zh"])


@pytest.mark.parametrize(
    ("name", "verdict", "places", "value"),
    [
        ("jiashan_claim_power_cut", "agrees", 2, "-49.27"),
        ("jiashan_claim_income_ratio", "agrees", 2, "1.69"),
        ("jiashan_claim_organisations_sum", "agrees", 0, "397"),
        ("jiashan_claim_committee_powers_sum", "agrees", 0, "32"),
        ("jiashan_claim_organisations_per_10k", "contradicts", 1, "10.4"),
        ("jiashan_claim_gdp_per_head", "agrees_only", 0, "120263"),
    ],
)
def test_known_claims_have_their_known_results(name, verdict, places, value):
    found = verdict_of(name)
    assert found.verdict == verdict
    assert f"{found.implied[0].value:.{places}f}" == value


@pytest.mark.parametrize(("total", "parts"), [("397", ["175", "222"]), ("32", ["12", "20"]), ("28", ["11", "8", "9"])])
def test_known_sums_are_among_the_claims(total, parts):
    data = curated()

    def numbers(expr):
        return [f"{data.figures[name].value:f}" for name in names_in(expr)]

    sums = {(*numbers(v.claim.right), *sorted(numbers(v.claim.left))): v for v in data.verdicts if v.claim.relation == "sum"}
    found = sums[(total, *sorted(parts))]
    assert found.verdict == "agrees"
    assert found.implied[0].interval.exact


def test_organisations_for_ten_thousand_people_fit_no_printed_population():
    found = verdict_of("jiashan_claim_organisations_per_10k")
    assert [entry.fits for entry in found.implied] == [False] * 4
    assert Decimal(9) not in found.implied[0].interval
    assert Decimal("10.4") in found.implied[0].interval
    assert all(entry.interval.high < Decimal("8.5") or entry.interval.low > Decimal("9.5") for entry in found.implied)


def test_output_per_head_agrees_for_registered_residents_only():
    found = verdict_of("jiashan_claim_gdp_per_head")
    assert (found.reading, [entry.fits for entry in found.implied]) == ("registered", [True, False])


def test_one_year_of_the_pilot_was_more_than_two():
    found = verdict_of("jiashan_claim_pilot_one_year")
    assert found.verdict == "contradicts"
    # From September 2014 to December 2016: 27 months on, 28 with both months counted.
    assert evaluate(found.claim.right, {}) * 12 == 27
