"""Checks of a change: each passes, fails or informs."""

import dataclasses
from decimal import Decimal

import pytest

import county_metrics as cm
from county_metrics.analysis.result import Bounded
from county_metrics.present.wording import plain


def checks_of(change):
    return cm.check_change(change, cm.load_case(change.pair.case))


def outcomes(change):
    return {result.name: result.passed for result in checks_of(change).results}


GOOD = {"round_trip": True, "log_ratio": True, "inside": True, "one_sign": True, "concurrent": None}


def test_the_checks_of_every_curated_change_pass_or_inform(any_pair):
    change = cm.endpoint_change(any_pair)
    assert outcomes(change) == GOOD
    assert checks_of(change).passed


@pytest.mark.parametrize("name", ["percent_change", "log_ratio"])
def test_a_wrong_number_fails_its_check(change_of, name):
    change = change_of("investment_approval_time")
    number = getattr(change, name)
    wrong = dataclasses.replace(change, **{name: dataclasses.replace(number, value=number.value + Decimal("0.001"))})
    failed = {"percent_change": "round_trip", "log_ratio": "log_ratio"}[name]
    assert outcomes(wrong) == GOOD | {failed: False}
    assert not checks_of(wrong).passed


def test_a_change_outside_its_bounds_fails_its_check(change_of):
    change = change_of("investment_approval_time")
    outside = dataclasses.replace(change.readings[0], percent_change=Bounded(Decimal("-62.6"), Decimal("-60"), Decimal("-59")))
    assert outcomes(dataclasses.replace(change, readings=(outside,))) == GOOD | {"inside": False}


def test_readings_of_both_signs_inform_and_do_not_pass(change_of):
    change = change_of("investment_approval_time")
    both = dataclasses.replace(change.readings[0], percent_change=Bounded(Decimal("0"), Decimal("-1"), Decimal("1")))
    checks = checks_of(dataclasses.replace(change, readings=(both,)))
    assert {result.name: result.passed for result in checks.results} == GOOD | {"one_sign": None}
    assert checks.passed


@pytest.mark.parametrize(
    ("name", "english", "chinese"),
    [
        ("round_trip", "Recomputed after figure: 86.000.", "还原的后值：86.000。"),
        ("log_ratio", "Ratio 0.374.", "比值0.374。"),
        ("inside", "2 readings examined.", "检查了2种解读。"),
        ("one_sign", "Lowest −63.6, highest −61.6 percent.", "最低−63.6%，最高−61.6%。"),
        ("concurrent", "14 are known for this case; each is another explanation.",
         "该案例已知14项，每一项都是另一种解释。"),
    ],
)  # fmt: skip
def test_a_check_says_what_it_found(change_of, name, english, chinese):
    found = {result.name: result.text for result in checks_of(change_of("investment_approval_time")).results}
    assert (plain(found[name], "en"), plain(found[name], "zh")) == (english, chinese)


def test_checks_show_themselves_as_a_table(change_of):
    checks = checks_of(change_of("good_air_day_share"))
    lines = checks.summary().splitlines()
    assert lines[0] == "Checks"
    assert [line.split("  ")[0] for line in lines[2:]] == [plain(result.label, "en") for result in checks.results]
    assert sum("passed" in line for line in lines) == 4
    assert sum("informs" in line for line in lines) == 1
