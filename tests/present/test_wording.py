"""The catalogue of messages, and text nodes in two languages."""

import ast
import re

import pytest

from county_metrics.paths import PACKAGE
from county_metrics.present.number import number
from county_metrics.present.wording import both, catalogue, current_language, join, markup, plain, say, set_language

SLOT = re.compile(r"\{(\w+)\}")
HAN = re.compile("[\u4e00-\u9fff]")
WORDED = [name for name, text in catalogue().items() if re.search("[A-Za-z]", SLOT.sub("", text["en"]))]


@pytest.mark.parametrize("message", sorted(catalogue()))
def test_a_message_stands_in_both_languages_with_the_same_slots(message):
    text = catalogue()[message]
    assert set(text) == {"en", "zh"}
    assert all(part.strip() for part in text.values())
    assert sorted(SLOT.findall(text["en"])) == sorted(SLOT.findall(text["zh"]))


# The guide explains Chinese terms, and the link to the other language is in that language.
EXPLAINED = {"site.other", *(name for name in WORDED if name.startswith(("guide_term.", "guide_text.")))}


@pytest.mark.parametrize("message", sorted(set(WORDED) - EXPLAINED))
def test_a_message_with_words_is_translated(message):
    text = catalogue()[message]
    assert not HAN.search(text["en"])
    assert HAN.search(text["zh"])


@pytest.mark.parametrize("message", sorted(catalogue()))
def test_a_message_has_no_brace_that_is_not_a_slot(message):
    for text in catalogue()[message].values():
        assert not re.search(r"[{}]", SLOT.sub("", text))


def literals(node):
    """Patterns of the messages that an argument can name; None where it cannot be told."""
    if isinstance(node, ast.Constant):
        return [re.escape(node.value)]
    if isinstance(node, ast.IfExp):
        return literals(node.body) + literals(node.orelse)
    if isinstance(node, ast.JoinedStr):
        parts = [
            re.escape(part.value) if isinstance(part, ast.Constant) else
            "(?:" + "|".join(literals(part.value)) + ")" if isinstance(part.value, ast.IfExp) else r"[\w-]+"
            for part in node.values
        ]  # fmt: skip
        return ["".join(parts)]
    return None


def calls():
    """Every call of `say` in the package: place, patterns of its messages, slots or None where they are unpacked."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                names = {keyword.arg for keyword in node.keywords}
                place = f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}"
                found.append((place, literals(node.args[0]), None if None in names else names))
    return found


def test_every_message_that_code_says_exists():
    found = calls()
    assert len(found) > 80
    unknown = [
        f"{place}: {pattern}"
        for place, patterns, _ in found
        for pattern in patterns or ["cannot be told"]
        if not any(re.fullmatch(pattern, message) for message in catalogue())
    ]
    assert unknown == []


def test_every_message_that_code_says_gets_its_slots():
    wrong = []
    for place, patterns, names in calls():
        for pattern in patterns if names is not None else []:
            wanted = [set(SLOT.findall(text["en"])) for name, text in catalogue().items() if re.fullmatch(pattern, name)]
            if names not in wanted:
                wrong.append(f"{place}: {pattern} {names}")
    assert wrong == []


def test_a_message_that_does_not_exist_cannot_be_said():
    with pytest.raises(KeyError, match="no_such"):
        say("no_such.message")


@pytest.mark.parametrize("slots", [{}, {"low": "1"}, {"low": "1", "high": "2", "more": "3"}])
def test_slots_must_fit(slots):
    with pytest.raises(KeyError, match=re.escape("message 'number.bracket' takes ['high', 'low'], got ")):
        say("number.bracket", **slots)


def test_slots_are_filled_in_the_order_of_the_language():
    node = say("evidence.caption", indicator=both("Time", "时间"), place=both("Jiashan", "嘉善"))
    assert plain(node, "en") == "What was published: Time, Jiashan"
    assert plain(node, "zh") == "公布的数字：嘉善，时间"


def test_markup_escapes_words_and_marks_up_numbers():
    node = join([both("a < b & c", "甲"), number(1, ref="result:x"), None, "<script>"], " ")
    assert markup(node, "en") == 'a &lt; b &amp; c <data value="1" data-ref="result:x">1</data>  &lt;script&gt;'
    assert plain(node, "en") == "a < b & c 1  <script>"


def test_a_separator_may_differ_between_languages():
    node = join(["a", "b", "c"], both("; ", "；"))
    assert (plain(node, "en"), plain(node, "zh")) == ("a; b; c", "a；b；c")


def test_text_that_looks_like_a_slot_stays_text():
    node = say("reading.other", value="{name}", name="{value}")
    assert plain(node, "en") == "{name} ({value})"


def test_the_language_is_english_or_chinese():
    set_language("zh")
    assert current_language() == "zh"
    with pytest.raises(ValueError, match=r"^the language is 'en' or 'zh', not 'fr'$"):
        set_language("fr")
    assert current_language() == "zh"
