"""What a printed number leaves open, and reading its printed form."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from county_metrics.evidence.bounds import Interval, PrintedForm, bounds, coarser_step, corners, read_printed
from county_metrics.evidence.load import load_vocabulary

LAW = settings(deadline=None, derandomize=True, max_examples=150)
QUANTIFIERS = load_vocabulary([]).quantifiers
WORDS = tuple(word for quantifier in QUANTIFIERS.values() for word in quantifier.words)


def D(text):  # noqa: N802
    return Decimal(text)


def between(low, high):
    return Interval(D(low), D(high))


@pytest.mark.parametrize(
    ("quantifier", "soft", "hard"),
    [
        ("exact", ("229.5", "230.5"), ("229.5", "230.5")),
        ("near", ("229", "230"), (None, "230")),
        ("over", ("230", "231"), ("230", None)),
        ("more_than", ("230", "231"), ("230", None)),
        ("at_least", ("230", "231"), ("230", None)),
        ("less_than", ("229", "230"), (None, "230")),
        ("at_most", ("229", "230"), (None, "230")),
        ("about", ("229", "231"), (None, None)),
    ],
)
def test_each_quantifier_leaves_open_what_its_words_say(quantifier, soft, hard):
    for ends, is_hard in ((soft, False), (hard, True)):
        found = bounds(D("230"), QUANTIFIERS[quantifier], D("1"), hard=is_hard)
        assert found == Interval(*(end if end is None else D(end) for end in ends))


def test_a_range_is_bounded_by_both_its_ends():
    assert bounds(D("50"), QUANTIFIERS["range"], D("1"), D("60")) == between("49.5", "60.5")


@pytest.mark.parametrize(("quantifier", "ends"), [("near", (-50, -40)), ("over", (-60, -50)), ("exact", (-55, -45))])
def test_the_words_of_a_fall_speak_of_its_size(quantifier, ends):
    assert bounds(D("-50"), QUANTIFIERS[quantifier], D("10")) == Interval(*(Decimal(end) for end in ends))


def test_a_count_is_exact():
    found = bounds(D("9002"), QUANTIFIERS["exact"], D("0"))
    assert found == between("9002", "9002")
    assert found.exact
    assert found.bounded


def test_an_open_end_holds_everything_on_its_side():
    over = Interval(D("100"), None)
    assert D("1e9") in over
    assert D("99.9") not in over
    assert not over.bounded
    assert not over.exact


amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False)
steps = st.sampled_from([D("0"), D("0.01"), D("0.1"), D("1"), D("10"), D("1e4")])


@LAW
@given(amounts, st.sampled_from(sorted(QUANTIFIERS)), steps, st.booleans())
def test_bounds_contain_the_value(value, quantifier, step, hard):
    upper = value + 7 if quantifier == "range" else None
    found = bounds(value, QUANTIFIERS[quantifier], step, upper, hard=hard)
    assert value in found
    assert upper is None or upper in found


@LAW
@given(amounts, st.sampled_from(sorted(set(QUANTIFIERS) - {"range"})), steps)
def test_soft_bounds_lie_within_hard_ones(value, quantifier, step):
    soft, hard = (bounds(value, QUANTIFIERS[quantifier], step, hard=is_hard) for is_hard in (False, True))
    assert soft.low in hard
    assert soft.high in hard


@pytest.mark.parametrize(
    ("value", "step", "expected"),
    [
        ("230", "1", "10"), ("86", "1", None), ("230", "10", None), ("1.50", "0.01", "0.1"), ("9000", "0", None),
        ("0", "1", None), ("200", "10", "100"),
    ],
)  # fmt: skip
def test_only_trailing_zeros_allow_a_coarser_step(value, step, expected):
    assert coarser_step(D(value), D(step)) == (expected if expected is None else D(expected))


def percent(before, after):
    return (after / before - 1) * 100


def test_corners_of_the_published_change_are_narrower_than_naive_arithmetic():
    found = corners(percent, between("229.5", "230.5"), between("85.5", "86.5"))
    assert (round(found.low, 2), round(found.high, 2)) == (D("-62.91"), D("-62.31"))


def test_corners_refuse_an_unbounded_input():
    with pytest.raises(ValueError, match="needs inputs with both ends known"):
        corners(percent, between("1", "2"), Interval(D("1"), None))


@pytest.mark.parametrize("place", [1, 2])
def test_corners_refuse_a_function_that_turns_and_say_in_which_input(place):
    def bowl(first, second):
        return (first if place == 1 else second) ** 2

    with pytest.raises(ValueError, match=f"the function is not monotone in input {place}"):
        corners(bowl, between("-1", "1"), between("-1", "1"))


FUNCTIONS = {
    "percent": percent,
    "ratio": lambda b, a: a / b,
    "difference": lambda b, a: a - b,
    "log_ratio": lambda b, a: (a / b).ln(),
    "product": lambda b, a: a * b,
}
positive = st.decimals(min_value=1, max_value=10**5, places=2)
widths = st.decimals(min_value=0, max_value=500, places=2)
boxes = st.builds(lambda low, width: Interval(low, low + width), positive, widths)


@LAW
@given(st.sampled_from(sorted(FUNCTIONS)), boxes, boxes)
def test_corners_equal_brute_force_over_a_grid(name, before, after):
    found = corners(FUNCTIONS[name], before, after)
    lines = [[box.low + (box.high - box.low) * k / 6 for k in range(7)] for box in (before, after)]
    values = [FUNCTIONS[name](b, a) for b, a in product(*lines)]
    assert (found.low, found.high) == (min(values), max(values))


@LAW
@given(boxes, boxes)
def test_corners_are_never_wider_than_naive_interval_arithmetic(before, after):
    found = corners(percent, before, after)
    top = (after.low - before.high, after.high - before.low)
    naive = [difference / end * 100 for difference in top for end in (before.low, before.high)]
    tiny = D("1e-18")
    assert min(naive) - tiny <= found.low
    assert found.high <= max(naive) + tiny


@pytest.mark.parametrize(
    ("printed", "value", "step", "word"),
    [
        ("230个工作日", "230", "1", ""),
        ("9002项", "9002", "1", ""),
        ("96.2%", "96.2", "0.1", ""),
        ("457亿", "45700000000", "1e8", ""),
        ("1.69∶1", "1.69", "0.01", ""),
        ("1.69:1", "1.69", "0.01", ""),
        ("100余万元", "1000000", "1e6", "余"),
        ("1.5万余人", "15000", "1e3", "余"),
        ("近五成", "50", "10", "近"),
        ("三十五", "35", "1", ""),
        ("翻两番", "4", "0", ""),
        ("翻番", "2", "0", ""),
        ("全部", "100", "0", ""),
        ("半数", "50", "0", ""),
        ("零增长", "0", "0", ""),
        ("12,345元", "12345", "1", ""),
        ("２３０个", "230", "1", ""),
        ("不超过30天", "30", "10", "不超过"),
        ("下降62.6%", "-62.6", "0.1", ""),
        ("下降近五成", "-50", "10", "近"),
        ("下降至86个工作日", "86", "1", ""),
        ("缩减到86个工作日", "86", "1", ""),
    ],
)
def test_printed_forms_of_the_field_are_read(printed, value, step, word):
    assert read_printed(printed, WORDS) == PrintedForm(D(value), D(step), word)


@pytest.mark.parametrize("printed", ["嘉善", "大幅", ""])
def test_a_text_without_a_number_is_not_read(printed):
    assert read_printed(printed, WORDS) is None


@pytest.mark.parametrize("word", ["达", "为"])
def test_a_word_that_means_exact_does_not_coarsen_the_step(word):
    assert read_printed(f"{word}230个工作日", WORDS) == PrintedForm(D("230"), D("1"), word)


@pytest.mark.parametrize(("printed", "low"), [("50至60项", "50"), ("50—60项", "50"), ("5至6万元", "50000")])
def test_the_ends_of_a_printed_range_are_not_run_together(printed, low):
    form = read_printed(printed, WORDS)
    assert form is None or form.value == D(low)


@pytest.mark.parametrize(("printed", "value"), [("一半", "50"), ("百分之五", "5"), ("三分之一", None), ("21.2百分点", "21.2")])
def test_a_form_in_words_is_read_right_or_not_at_all(printed, value):
    form = read_printed(printed, WORDS)
    assert form is None or (value is not None and form.value == D(value))


PREFIXES = ("前", "近", "将近", "接近", "超", "超过", "突破", "至少", "不少于", "不到", "不足", "不超过", "至多", "约", "大约")
MIDDLES = ("余", "多")
SUFFIXES = ("强", "以上", "以内", "内", "左右")
MAGNITUDES = {"": 0, "百": 2, "千": 3, "万": 4, "百万": 6, "亿": 8, "万亿": 12}
UNITS = ("个工作日", "项", "元", "%", "人", "户", "平方公里", "")
numbers = st.one_of(
    st.integers(min_value=1, max_value=99999).map(Decimal),
    st.decimals(min_value=D("0.1"), max_value=9999, places=1),
    st.decimals(min_value=D("0.01"), max_value=999, places=2),
)


def quantified(word, number, magnitude, unit):
    before = word if word in PREFIXES else ""
    middle = word if word in MIDDLES else ""
    after = word if word in SUFFIXES else ""
    return f"{before}{number}{middle}{magnitude}{unit}{after}"


def rounding(number, word):
    places = -number.as_tuple().exponent
    zeros = len(str(number)) - len(str(number).rstrip("0")) if word and places == 0 else 0
    return D(10) ** (zeros - places)


def test_the_words_of_these_laws_are_those_of_the_vocabulary():
    words = {word for quantifier in QUANTIFIERS.values() for word in quantifier.words}
    exact_or_range = set(QUANTIFIERS["exact"].words) | set(QUANTIFIERS["range"].words)
    assert words - exact_or_range == {*PREFIXES, *MIDDLES, *SUFFIXES}


@LAW
@given(
    st.sampled_from(["", *PREFIXES, *MIDDLES, *SUFFIXES]), numbers, st.sampled_from(sorted(MAGNITUDES)),
    st.sampled_from(UNITS),
)  # fmt: skip
def test_a_composed_form_is_read_back(word, number, magnitude, unit):
    form = read_printed(quantified(word, number, magnitude, unit), WORDS)
    factor = D(10) ** MAGNITUDES[magnitude]
    assert form == PrintedForm(number * factor, rounding(number, word) * factor, word)


@LAW
@given(numbers, st.sampled_from(sorted(MAGNITUDES)))
def test_thousands_separators_and_full_width_digits_change_nothing(number, magnitude):
    plain = read_printed(f"{number}{magnitude}元", WORDS)
    wide = str(number).translate(str.maketrans("0123456789.", "０１２３４５６７８９．"))
    assert read_printed(f"{number:,}{magnitude}元", WORDS) == plain
    assert read_printed(f"{wide}{magnitude}元", WORDS) == plain


def spelt(number):
    digits, places = "零一二三四五六七八九", ("千", "百", "十", "")
    parts = [(int(d), place) for d, place in zip(f"{number:04d}", places, strict=True)]
    text = "".join(digits[d] + place if d else "零" for d, place in parts).strip("零")
    while "零零" in text:
        text = text.replace("零零", "零")
    return text


@LAW
@given(st.integers(min_value=1, max_value=9999), st.sampled_from(["", "万", "亿"]))
def test_a_number_in_chinese_numerals_is_read_like_one_in_digits(number, magnitude):
    assert read_printed(f"{spelt(number)}{magnitude}项", WORDS).value == number * 10 ** MAGNITUDES[magnitude]


@LAW
@given(st.text(max_size=12))
def test_any_text_is_read_or_not_without_an_error(text):
    form = read_printed(text, WORDS)
    assume(form is not None)
    assert form.step >= 0
