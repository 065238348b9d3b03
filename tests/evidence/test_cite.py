"""Citations: complete, readable by machines, without a date that the source does not state."""

import dataclasses
import re

import pytest

from county_metrics.evidence.cite import bibtex, gbt7714
from county_metrics.evidence.frames import curated

SOURCES = curated().words.sources


def entry(text):
    """Type, key and fields of one BibTeX entry, read by counting braces."""
    head = re.match(r"@(\w+)\{([^,]+),", text)
    fields, at = {}, head.end()
    while found := re.compile(r"\s*(\w+) = \{").match(text, at):
        depth, end = 1, found.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0) if text[end - 1] != "\\" else 0
            end += 1
        assert found.group(1) not in fields
        fields[found.group(1)] = text[found.end() : end - 1]
        at = end + (text[end] == ",")
    assert text[at:].strip() == "}"
    return head.group(1), head.group(2), fields


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_bibtex_entry_is_balanced_and_names_author_and_title(name):
    source = SOURCES[name]
    kind, key, fields = entry(bibtex(source))
    assert (kind, key) == ("misc", name)
    assert fields["title"] == "{" + source.title["zh"] + "}"
    assert fields["author"] == "{" + source.author["zh"] + "}"
    assert fields["language"] == "chinese"
    assert all(fields.values())


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_year_stands_only_where_the_source_states_it(name):
    source = SOURCES[name]
    _, _, fields = entry(bibtex(source))
    stated = source.issued_basis == "stated"
    assert ("year" in fields, "date" in fields) == (stated, stated)
    if stated:
        assert (fields["year"], fields["date"]) == (source.issued[:4], source.issued)


def test_sources_with_and_without_a_stated_date_are_tried():
    assert {source.issued_basis for source in SOURCES.values()} == {"stated", "inferred"}


def test_the_citation_of_a_source_without_a_stated_date_gives_no_year_of_issue():
    for source in SOURCES.values():
        if source.issued_basis != "stated":
            assert not re.search(r"\(\d{4}\)|, \d{4}\.$|\(\d{4}-", source.cite["en"] + "\n" + source.cite["zh"])
            assert not re.search(r"\(\d{4}\)", bibtex(source))


def test_signs_that_mean_something_in_tex_are_set_off():
    source = dataclasses.replace(SOURCES["longgang_2024"], url="https://example.org/a_b?c=1&d=50%#e$")
    assert entry(bibtex(source))[2]["url"] == r"https://example.org/a\_b?c=1\&d=50\%\#e\$"


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_the_chinese_form_is_the_one_of_the_source(name):
    assert gbt7714(SOURCES[name]) == SOURCES[name].cite["zh"]
    assert re.search(r"\[(EB/OL|J)\]\. ", gbt7714(SOURCES[name]))
