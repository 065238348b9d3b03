"""A reader's copy of the texts against the data: made-up texts, and the real ones where they are at hand."""

import dataclasses
import re
import shutil

import pytest

from county_metrics.errors import DataError
from county_metrics.evidence.frames import curated
from county_metrics.evidence.locate import Text, lock_text, read_copies, read_lock, verify
from county_metrics.evidence.verify import unverifiable, verify_sources, write_lock
from county_metrics.paths import data_root
from tests.evidence.edits import read_rows
from tests.made_up import RIVER, STONE, edit


@pytest.fixture
def locked(made_up_data, made_up_texts):
    """The texts, after the lock was made of them."""
    copies, _ = verify_sources(made_up_texts)
    write_lock(copies)
    return made_up_texts


def by_file(folder):
    copies, findings = verify_sources(folder)
    return {copy.file: copy for copy in copies}, {(f.file, f.id): f.state for f in findings}


def test_every_file_is_recognised_for_what_it_is(locked):
    (locked / "notes.txt").write_text("与此无关。", "utf-8")
    (locked / "stone.md").write_text(STONE, "utf-8")
    copies, _ = by_file(locked)
    assert {name: (c.source, c.rendition, c.preferred, c.intact) for name, c in copies.items()} == {
        "river.txt": ("river", "clean", True, True),
        "scan.txt": ("stone", "scan", False, True),
        "stone.txt": ("stone", "clean", True, True),
    }


@pytest.mark.parametrize("change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: f"\n{t} \n"])
def test_white_space_and_a_byte_order_mark_do_not_matter(locked, change):
    (locked / "river.txt").write_bytes(change(RIVER).encode("utf-8"))
    copies, states = by_file(locked)
    assert copies["river.txt"].intact
    assert states["river.txt", "boats"] == "found"


def test_every_phrase_is_found_in_the_preferred_renditions(locked):
    _, states = by_file(locked)
    preferred = {name: state for (file, name), state in states.items() if file != "scan.txt"}
    assert set(preferred.values()) == {"found"}
    assert set(preferred) == {
        "schools", "new_schools", "pupils_before", "pupils_after", "boats", "stone_bridge.new_schools",
        "claim_new_within", "mechanism.school_building",
    }  # fmt: skip


def test_a_damaged_rendition_is_read_in_its_own_script_and_its_losses_are_named(locked):
    _, states = by_file(locked)
    scan = {name: state for (file, name), state in states.items() if file == "scan.txt"}
    assert (scan["schools"], scan["new_schools"]) == ("found", "found")
    assert (scan["pupils_before"], scan["pupils_after"]) == ("changed", "missing")


def test_before_there_is_a_lock_nothing_is_found(made_up_data, made_up_texts):
    _, states = by_file(made_up_texts)
    assert {state for (file, _), state in states.items() if file != "scan.txt"} == {"unlocked"}


def test_a_changed_digit_is_noticed_and_the_text_is_no_longer_intact(locked):
    edit(locked / "stone.txt", "900人", "901人")
    copies, states = by_file(locked)
    assert (copies["stone.txt"].intact, copies["stone.txt"].rendition) == (False, "edited copy")
    assert states["stone.txt", "pupils_before"] == "missing"
    assert states["stone.txt", "pupils_after"] == "changed"
    assert states["stone.txt", "schools"] == "found"


def test_a_source_without_a_copy_is_named_as_not_checkable(locked):
    (locked / "river.txt").unlink()
    copies, findings = verify_sources(locked)
    assert unverifiable(copies) == ["river"]
    assert not any(finding.source == "river" for finding in findings)


@pytest.mark.parametrize("content", [None, "与此无关。"])
def test_a_folder_without_a_known_text_is_refused(made_up_data, tmp_path, content):
    folder = tmp_path / "other"
    if content:
        folder.mkdir()
        (folder / "a.txt").write_text(content, "utf-8")
    message = f"{folder}: holds no copy of a source text; name the folder with the .txt files"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        verify_sources(folder)


def test_the_lock_is_the_same_bytes_every_time(made_up_data, locked):
    first = (made_up_data / "anchors.lock.csv").read_bytes()
    assert write_lock(verify_sources(locked)[0]).read_bytes() == first
    assert len(first.splitlines()) == 9


def test_a_lock_is_not_made_of_an_edited_copy(made_up_data, locked):
    first = read_rows(made_up_data / "anchors.lock.csv")
    edit(locked / "stone.txt", "900人", "901人")
    write_lock(verify_sources(locked)[0])
    rows = read_rows(made_up_data / "anchors.lock.csv")
    assert "boats" in [row[0] for row in rows]
    assert [row for row in rows if row not in first] == []


def test_writing_the_lock_from_some_texts_keeps_the_rows_of_the_others(made_up_data, locked):
    first = (made_up_data / "anchors.lock.csv").read_bytes()
    (locked / "river.txt").unlink()
    write_lock(verify_sources(locked)[0])
    assert (made_up_data / "anchors.lock.csv").read_bytes() == first


# The real texts


def real(sources):
    data = curated()
    return read_copies(sources, data.words.sources.values(), data.quoted), data.quoted


def test_every_phrase_stands_in_its_preferred_rendition(sources):
    copies, quoted = real(sources)
    preferred = [copy for copy in copies if copy.preferred and copy.intact]
    findings = verify(preferred, quoted, read_lock(data_root() / "anchors.lock.csv"))
    assert [finding for finding in findings if finding.state != "found"] == []
    assert sorted(finding.id for finding in findings) == sorted(item.id for item in quoted)


def test_every_figure_stands_in_the_corrupt_rendition_too(sources):
    copies, quoted = real(sources)
    (corrupt,) = (copy for copy in copies if copy.intact and not copy.preferred)
    figures = [item for item in quoted if item.kind == "figure"]
    findings = verify([corrupt], figures, read_lock(data_root() / "anchors.lock.csv"))
    assert [finding for finding in findings if finding.state != "found"] == []
    assert {finding.id for finding in findings} == {item.id for item in figures if item.source == corrupt.source}
    assert len(findings) >= 8


def test_the_lock_regenerates_byte_identically(sources):
    copies, quoted = real(sources)
    made = lock_text([copy for copy in copies if copy.intact], quoted)
    assert made.encode("utf-8") == (data_root() / "anchors.lock.csv").read_bytes()


def test_a_change_of_one_digit_of_any_figure_is_noticed(sources):
    copies, quoted = real(sources)
    lock = read_lock(data_root() / "anchors.lock.csv")
    preferred = {copy.source: copy for copy in copies if copy.preferred and copy.intact}
    figures = [item for item in quoted if item.kind == "figure" and re.search("[0-9]", item.quote)]
    assert len(figures) > 100
    for item in figures:
        copy, row = preferred[item.source], lock[item.id]
        paragraphs = list(copy.text.paragraphs)
        at, start = int(row["paragraph"]) - 1, int(row["start"])
        digit = start + re.search("[0-9]", paragraphs[at][start:]).start()
        other = "1" if paragraphs[at][digit] != "1" else "2"
        paragraphs[at] = paragraphs[at][:digit] + other + paragraphs[at][digit + 1 :]
        (finding,) = verify([dataclasses.replace(copy, text=Text(tuple(paragraphs)))], [item], lock)
        assert (finding.id, finding.state) == (item.id, "missing")


def test_without_one_text_its_source_is_not_checkable(sources, tmp_path):
    folder = shutil.copytree(sources, tmp_path / "texts")
    copies, _ = verify_sources(folder)
    gone = next(copy for copy in copies if copy.source == "longgang_2024")
    (folder / gone.file).unlink()
    assert unverifiable(verify_sources(folder)[0]) == ["longgang_2024"]
