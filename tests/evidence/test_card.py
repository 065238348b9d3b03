"""The evidence card of a figure."""

import re

import pytest

import county_metrics as cm
from county_metrics.errors import UnknownIdError
from county_metrics.evidence import frames
from county_metrics.evidence.frames import curated
from county_metrics.present import payload


def card(name, language):
    return payload.to_plain(cm.figure(name).payload(), language)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Jiashan County", "230个工作日", "230", "229.5", "230.5", "working days", "not stated", "Inferred", "until 2014-01-16",
                "serving officials", "Party school"]),
        ("zh", ["嘉善县", "230个工作日", "230", "229.5", "230.5", "个工作日", "推断", "2014-01-16", "省委党校", "领导干部"]),
    ],
)  # fmt: skip
def test_a_card_shows_form_bounds_statistic_period_and_interest(language, words):
    text = card("jiashan_investment_approval_before", language)
    assert [word for word in words if word.lower() not in text.lower()] == []
    figure = curated().figures["jiashan_investment_approval_before"]
    assert all(part[language] in text for part in (figure.scope, figure.source.interest, figure.source.cite, figure.note))
    assert figure.indicator.label[language] in text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["jiashan_gdp_per_head", "jiashan_orgs_per_10k", "jiashan_registered_population"])
def test_a_card_shows_the_verdict_of_every_claim_that_uses_the_figure(language, name):
    text = card(name, language)
    verdicts = [verdict for verdict in curated().verdicts if name in verdict.uses]
    assert verdicts
    assert [v.claim.id for v in cm.figure(name).verdicts] == [v.claim.id for v in verdicts]
    for verdict in verdicts:
        assert verdict.claim.text[language] in text
        assert verdict.claim.reason[language] in text


def test_a_contradicted_figure_says_so():
    assert "Contradicts" in card("jiashan_orgs_per_10k", "en")
    assert "Agrees under one reading only" in card("jiashan_gdp_per_head", "en")


def test_a_card_gives_a_citation_to_copy_with_the_phrase():
    found = cm.figure("jiashan_investment_approval_before")
    assert found.citation == f"{found.figure.source.cite['zh']} [“{found.figure.quote}”]"
    assert found.citation in card("jiashan_investment_approval_before", "en")
    assert found.citation in card("jiashan_investment_approval_before", "zh")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_figure_has_a_card_in_both_languages(language):
    for name, figure in curated().figures.items():
        text = card(name, language)
        assert figure.printed in text
        assert figure.quote in text
        assert "{" not in text


def test_the_numbers_of_a_card_lead_to_their_figure():
    html = cm.figure("jiashan_investment_approval_before")._repr_mimebundle_()["text/html"]
    refs = set(re.findall(r'data-ref="([^"]+)"', html))
    assert refs == {"figure:jiashan_investment_approval_before"}
    assert 'value="230"' in html


def test_a_card_shows_itself_on_a_terminal_and_in_a_notebook():
    found = cm.figure("jiashan_investment_approval_before")
    assert repr(found) == card("jiashan_investment_approval_before", "en")
    assert found._repr_mimebundle_()[payload.MIME] == found.payload()


def test_an_unknown_figure_names_the_nearest():
    message = "there is no figure 'jiashan_gdp_per_heads'; did you mean 'jiashan_gdp_per_head'? "
    with pytest.raises(UnknownIdError, match=f"^{re.escape(message)}"):
        cm.figure("jiashan_gdp_per_heads")


def test_a_known_point_of_the_source_stands_on_the_card_of_each_figure_it_concerns():
    points = {entry.claim: entry.reason for entry in frames.curated().corrections}
    assert points
    for verdict in frames.curated().verdicts:
        for name in verdict.uses if verdict.claim.id in points else ():
            for language in ("en", "zh"):
                assert points[verdict.claim.id][language] in payload.to_plain(frames.figure(name).payload(), language)
