"""Cases, pairs and their evidence grade."""

import dataclasses
import re

import pytest

from county_metrics.errors import UnknownIdError
from county_metrics.evidence.load import case_ids, load_case
from county_metrics.present.wording import plain

PAIRS = {
    "investment_approval_time": "jiashan",
    "departmental_power_items": "jiashan",
    "grassroots_units": "longgang",
    "surface_water_good_share": "demonstration_zone",
    "good_air_day_share": "demonstration_zone",
}


def pair_of(name):
    return load_case(PAIRS[name]).pair(name)


def test_these_are_all_the_pairs():
    assert {pair.id: pair.case for name in case_ids() for pair in load_case(name).pairs} == PAIRS


@pytest.mark.parametrize(
    ("name", "dates", "statistic", "scope", "independent"),
    [
        ("investment_approval_time", False, False, True, False),
        ("departmental_power_items", False, True, True, False),
        ("grassroots_units", False, True, False, False),
        ("surface_water_good_share", True, True, True, True),
        ("good_air_day_share", True, True, True, True),
    ],
)
def test_the_evidence_grade_answers_its_four_questions(name, dates, statistic, scope, independent):
    grade = [(item.id, item.passed) for item in pair_of(name).grade]
    assert grade == [("dates", dates), ("statistic", statistic), ("scope", scope), ("independent", independent)]


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_every_answer_of_the_grade_gives_its_reason(name):
    reasons = {
        "dates": ("At least one is inferred or absent.", "Both are stated in the source."),
        "statistic": ("The number may be a mean, a median or a limit.",
                      "The source or the nature of the number says it."),
        "scope": ("The two figures count different things.", "The source gives both figures the same scope."),
        "independent": ("The author belongs to the case or to the body that promotes it.",
                        "The author holds no office in the case; the figures themselves are official."),
    }  # fmt: skip
    for item in pair_of(name).grade:
        assert plain(item.reason, "en") == reasons[item.id][item.passed]
        assert plain(item.reason, "zh") != plain(item.reason, "en")


def test_a_date_that_is_not_printed_fails_the_grade():
    pair = pair_of("surface_water_good_share")
    undated = dataclasses.replace(pair, after=dataclasses.replace(pair.after, period="", period_basis="none"))
    assert not undated.grade[0].passed


@pytest.mark.parametrize(
    ("name", "years"),
    [("investment_approval_time", None), ("departmental_power_items", None), ("grassroots_units", None),
     ("surface_water_good_share", 4), ("good_air_day_share", 4)],
)  # fmt: skip
def test_years_are_counted_only_between_printed_dates(name, years):
    assert pair_of(name).years == years


def test_an_unknown_pair_names_the_nearest_and_every_other():
    message = (
        "there is no pair in case 'jiashan': 'investment_approval'; did you mean 'investment_approval_time'? "
        "Allowed: departmental_power_items, investment_approval_time"
    )
    with pytest.raises(UnknownIdError, match=f"^{re.escape(message)}$"):
        load_case("jiashan").pair("investment_approval")


def test_an_unknown_figure_names_the_nearest():
    with pytest.raises(UnknownIdError, match=r"did you mean 'longgang_grassroots_units_after'\?"):
        load_case("longgang").figure("longgang_grassroots_after")


@pytest.mark.parametrize(("name", "count"), [("jiashan", 14), ("longgang", 1), ("demonstration_zone", 0)])
def test_rival_explanations_are_counted(name, count):
    assert load_case(name).n_other_events == count


def test_records_cannot_be_changed():
    figure = pair_of("grassroots_units").before
    with pytest.raises(dataclasses.FrozenInstanceError):
        figure.value = 1
