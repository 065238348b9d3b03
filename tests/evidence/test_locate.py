"""Texts are brought into one form, and a phrase is found where it stands."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from county_metrics.evidence import locate as module
from county_metrics.evidence.locate import (
    LOCK_COLUMNS,
    NORMALISER,
    Copy,
    MissingExtraError,
    Quoted,
    Text,
    locate,
    lock_text,
    normalise,
    quote_digest,
    read_lock,
    squeezed,
    verify,
)

LAW = settings(deadline=None, derandomize=True, max_examples=100)
TEXT = normalise("石桥镇有12所小学。其中3所新建;另3所扩建!\n全镇3所中学。")


@pytest.mark.parametrize(
    ("raw", "paragraphs"),
    [
        ("１２ 所（小学）", ("12所(小学)",)),
        ("一 二\u3000三\t四\xa0五", ("一二三四五",)),
        ("甲\r\n\n \n乙\n", ("甲", "乙")),
        ("據(jù)此", ("據此",)),
        ("据（ｊù）此", ("据此",)),
        ("指数(AQI)达标", ("指数(AQI)达标",)),
        ("(一)总则", ("(一)总则",)),
        ("比例为1.69∶1", ("比例为1.69∶1",)),
        ("近５０％", ("近50%",)),
        ("", ()),
    ],
)
def test_a_text_is_folded_and_keeps_what_is_no_gloss(raw, paragraphs):
    assert normalise(raw).paragraphs == paragraphs


@LAW
@given(st.text(alphabet="石桥１2 \u3000(jùAQI)（\n\r\t。", max_size=40))
def test_normalised_paragraphs_hold_no_white_space_and_are_stable(raw):
    text = normalise(raw)
    assert all(paragraph and not any(sign.isspace() for sign in paragraph) for paragraph in text.paragraphs)
    assert normalise("\n".join(" ".join(p) for p in text.paragraphs)).whole.replace("(jù)", "") == text.whole.replace("(jù)", "")


def test_a_traditional_text_becomes_the_simplified_one():
    simplified = normalise("石桥镇设有12所小学")
    assert normalise("石橋(qiáo)鎮設有１２所小學", "traditional") == simplified
    assert normalise("石橋鎮設有12所小學").sha256 != simplified.sha256


def test_a_traditional_text_without_its_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "opencc", None)
    with pytest.raises(MissingExtraError, match=r"^a text in traditional script needs OpenCC; install it with: pip install "):
        normalise("石橋", "traditional")


def test_a_phrase_is_looked_for_in_the_form_of_the_text():
    assert squeezed("１２ 所（小学）") == "12所(小学)"
    assert len(locate("１２ 所小学", TEXT)) == 1


def test_a_phrase_that_stands_once_has_one_place():
    (anchor,) = locate("12所", TEXT)
    assert (anchor.paragraph, anchor.start) == (1, 4)
    assert TEXT.paragraphs[0][4:7] == "12所"


def test_a_phrase_that_stands_more_than_once_has_every_place():
    assert [(anchor.paragraph, anchor.start) for anchor in locate("3所", TEXT)] == [(1, 12), (1, 18), (2, 2)]
    assert [anchor.start for anchor in locate("甲甲", normalise("甲甲甲"))] == [0, 1]


def test_a_phrase_that_does_not_stand_has_no_place():
    assert locate("13所", TEXT) == []
    assert locate("扩建!全镇", TEXT) == []


def test_the_digest_is_that_of_the_whole_sentence_and_of_nothing_else():
    other = normalise("石桥镇有99所小学。其中3所新建;另3所扩建!")
    (first,), (second,) = locate("3所新建", TEXT), locate("3所新建", other)
    assert first.sentence_sha256 == second.sentence_sha256
    assert first.sentence_sha256 == locate("另3所扩建", TEXT)[0].sentence_sha256
    assert first.sentence_sha256 != locate("12所", TEXT)[0].sentence_sha256


@pytest.mark.parametrize("end", ["。", "!", "?", "！", "？"])
def test_a_sentence_ends_with_its_mark(end):
    first, second = (normalise(f"{start}{end}有12所{end}另有一") for start in ("甲乙", "丙丁戊"))
    assert locate("12所", first)[0].sentence_sha256 == locate("12所", second)[0].sentence_sha256


@LAW
@given(st.sampled_from("0123456789"), st.integers(0, 5))
def test_one_digit_changes_the_digest_of_its_sentence(digit, index):
    sentence = "镇上有142736所小学在册"
    at = 3 + index
    changed = sentence[:at] + digit + sentence[at + 1 :]
    same = locate("小学在册", normalise(sentence))[0].sentence_sha256 == locate("小学在册", normalise(changed))[0].sentence_sha256
    assert same == (changed == sentence)


def quoted(quote, name="schools", source="stone"):
    return Quoted(name, "figure", source, quote)


def copy_of(text, *, preferred=True, rendition="clean", source="stone"):
    return Copy("stone.txt", source, rendition, preferred, normalise(text), True)


def state(text, lock, quote="12所"):
    (finding,) = verify([copy_of(text)], [quoted(quote)], lock)
    return finding.state, finding.message


@pytest.fixture
def lock(tmp_path):
    path = tmp_path / "anchors.lock.csv"
    path.write_text(lock_text([copy_of("石桥镇有12所小学。")], [quoted("12所")]), "utf-8")
    return read_lock(path)


def test_a_phrase_in_its_sentence_is_found(lock):
    assert state("序。\n石桥镇有１２所 小学。", lock) == ("found", "paragraph 2")


@pytest.mark.parametrize(
    ("text", "wanted", "message"),
    [
        ("石桥镇有12所中学。", "changed", "the sentence around '12所' differs from the one that was read"),
        ("石桥镇有13所小学。", "missing", "'12所' does not stand in the text"),
        ("石桥镇有12所小学。有12所中学。", "ambiguous",
         "'12所' stands 2 times in the text; a locating phrase must stand once"),
    ],
)  # fmt: skip
def test_another_text_is_never_found(lock, text, wanted, message):
    assert state(text, lock) == (wanted, message)


def test_a_phrase_without_a_current_row_is_not_found(lock):
    message = "found, but anchors.lock.csv has no current row for it; make it anew with --write"
    assert state("石桥镇有12所小学。", {}) == ("unlocked", message)
    lock["schools"]["normaliser"] = "0"
    assert state("石桥镇有12所小学。", lock) == ("unlocked", message)


def test_only_phrases_of_the_source_of_a_copy_are_looked_for(lock):
    assert verify([copy_of("石桥镇有12所小学。", source="river")], [quoted("12所")], lock) == []


def test_a_lock_holds_the_places_in_the_preferred_renditions_in_order_of_the_ids():
    copies = [copy_of("有12所。另3所。"), copy_of("有12所。", preferred=False, rendition="scan")]
    phrases = [quoted("3所", "b"), quoted("12所", "a"), quoted("没有", "c"), quoted("所", "d"), quoted("12所", "e", "river")]
    rows = [line.split(",") for line in lock_text(copies, phrases).splitlines()]
    assert tuple(rows[0]) == LOCK_COLUMNS
    assert [row[:5] for row in rows[1:]] == [["a", "stone", "clean", "1", "1"], ["b", "stone", "clean", "1", "6"]]
    assert [row[5] for row in rows[1:]] == [quote_digest("12所"), quote_digest("3所")]
    assert {row[7] for row in rows[1:]} == {NORMALISER}


def test_a_folder_without_a_lock_has_no_rows(tmp_path):
    assert read_lock(tmp_path / "anchors.lock.csv") == {}


def test_the_digest_of_a_phrase_does_not_depend_on_its_spacing():
    assert quote_digest("１２ 所") == quote_digest("12所") != quote_digest("13所")
    assert Text(("12所",)).sha256 == module.normalise(" １２所\n").sha256
