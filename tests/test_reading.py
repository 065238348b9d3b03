"""Strict reading of CSV and YAML: what is refused, and at which line and column."""

from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from county_metrics.errors import Problem
from county_metrics.reading import Scalar, YamlList, plain_form, read_csv, read_yaml

ROOT = Path(__file__).parents[1]
COLUMNS = ("id", "value", "note")
LAW = settings(deadline=None, derandomize=True, max_examples=150)


def csv_of(tmp_path, text, columns=COLUMNS):
    path, problems = tmp_path / "t.csv", []
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_csv(path, "t.csv", columns, problems), [str(problem) for problem in problems]


def yaml_by(loader, path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "CSafeLoader", loader)
        problems = []
        return read_yaml(path, "t.yaml", problems), [str(problem) for problem in problems]


def yaml_of(tmp_path, text):
    """Tree and problems of a text, the same with and without libyaml."""
    path = tmp_path / "t.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    quick, slow = yaml_by(yaml.CSafeLoader, path), yaml_by(yaml.SafeLoader, path)
    assert quick == slow
    return quick


def test_a_row_holds_its_values_line_and_columns(tmp_path):
    rows, problems = csv_of(tmp_path, 'id,value,note\na,230,"one, two"\nb,86,\n')
    assert problems == []
    assert [row.values for row in rows] == [
        {"id": "a", "value": "230", "note": "one, two"},
        {"id": "b", "value": "86", "note": ""},
    ]
    assert [(row.line, row.columns) for row in rows] == [
        (2, {"id": 1, "value": 3, "note": 7}),
        (3, {"id": 1, "value": 3, "note": 6}),
    ]


def test_a_comma_inside_quotes_does_not_shift_the_columns(tmp_path):
    rows, _ = csv_of(tmp_path, 'id,value,note\n"a, b","1 ""x"", 2",n\n')
    assert rows[0].columns == {"id": 1, "value": 8, "note": 21}
    assert rows[0].values["value"] == '1 "x", 2'


def test_columns_may_stand_in_any_order(tmp_path):
    rows, problems = csv_of(tmp_path, "note,id,value\nn,a,1\n")
    assert problems == []
    assert rows[0].values == {"id": "a", "value": "1", "note": "n"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(tmp_path, end):
    rows, problems = csv_of(tmp_path, end.join(["id,value,note", "a,1,x", "b,2,y", ""]))
    assert problems == []
    assert [(row.values["id"], row.line) for row in rows] == [("a", 2), ("b", 3)]


def test_a_byte_order_mark_does_not_spoil_the_first_column(tmp_path):
    rows, problems = csv_of(tmp_path, b"\xef\xbb\xbfid,value,note\na,1,x\n")
    assert problems == []
    assert rows[0].values == {"id": "a", "value": "1", "note": "x"}
    assert rows[0].columns == {"id": 1, "value": 3, "note": 5}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "id,valu,note\na,1,x\n",
            [
                "t.csv:1:4: valu: not a column here; did you mean 'value'? Allowed: id, note, value",
                "t.csv:1:1: header: misses the columns value",
            ],
        ),
        ("id,note\na,x\n", ["t.csv:1:1: header: misses the columns value"]),
        ("id,value,note,value\na,1,x,2\n", ["t.csv:1:15: value: this column stands twice"]),
        ("id,value,note,\na,1,x,\n", ["t.csv:1:15: (no name): not a column here; Allowed: id, note, value"]),
        ("", ["t.csv:1:1: empty; the first row must name the columns id, value, note"]),
        ("\n\n", ["t.csv:1:1: empty; the first row must name the columns id, value, note"]),
    ],
)
def test_a_wrong_header_is_reported_and_no_row_is_read(tmp_path, text, expected):
    assert csv_of(tmp_path, text) == ([], expected)


@pytest.mark.parametrize("text", ["\nid,valu,note\na,1,x\n", '"id\n",value,note\na,1,x\n'])
def test_no_row_is_read_under_a_wrong_header_that_ends_below_line_one(tmp_path, text):
    rows, problems = csv_of(tmp_path, text)
    assert rows == []
    assert any("not a column here" in problem for problem in problems)


def test_a_stray_comma_is_reported_where_the_extra_field_starts(tmp_path):
    rows, problems = csv_of(tmp_path, "id,value,note\na,1,one, two\nb,2,x\n")
    assert problems == [
        "t.csv:2:9: row: 4 fields where the header has 3: a stray comma? Put text that holds a comma in double quotes"
    ]
    assert [row.values["id"] for row in rows] == ["b"]


def test_a_missing_comma_is_reported_at_the_row(tmp_path):
    _, problems = csv_of(tmp_path, "id,value,note\na,1\n")
    assert problems == ["t.csv:2:1: row: 2 fields where the header has 3: a comma is missing"]


def test_an_open_quote_is_reported_at_its_line(tmp_path):
    _, problems = csv_of(tmp_path, 'id,value,note\na,1,x\nb,"2,y\n')
    assert problems == ["t.csv:3:1: not a CSV row (unexpected end of data); check the quotes"]


def test_text_after_a_closing_quote_is_reported(tmp_path):
    _, problems = csv_of(tmp_path, 'id,value,note\na,"1"2,x\n')
    assert problems == ["t.csv:2:1: not a CSV row (',' expected after '\"'); check the quotes"]


def test_a_row_that_runs_over_two_lines_is_refused_and_the_next_keeps_its_place(tmp_path):
    rows, problems = csv_of(tmp_path, 'id,value,note\na,230,"one\ntwo"\nb,86,x\n')
    assert problems == ["t.csv:2:1: row: a quoted field runs over the end of its line; write it on one line"]
    assert [(row.values["id"], row.line, row.columns["value"]) for row in rows] == [("b", 4, 3)]


@pytest.mark.parametrize("sign", ["\u2028", "\u0085", "\x0b", "\x0c"])
def test_a_sign_that_only_looks_like_a_line_end_does_not_move_the_columns(tmp_path, sign):
    rows, _ = csv_of(tmp_path, f"id,value,note\na,1,one{sign}two\nbcd,86,x\n")
    assert (rows[1].line, rows[1].columns["value"]) == (3, 5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("嘉善".encode("gb18030"), "t.{}: not UTF-8 (byte 1); save the file as UTF-8"),
        (b"id: \xff", "t.{}: not UTF-8 (byte 5); save the file as UTF-8"),
    ],
)
def test_a_file_in_another_encoding_is_refused(tmp_path, content, message):
    assert csv_of(tmp_path, content) == ([], [message.format("csv")])
    assert yaml_of(tmp_path, content) == (None, [message.format("yaml")])


def test_a_file_that_is_not_there_is_a_problem(tmp_path):
    problems = []
    assert read_yaml(tmp_path / "none.yaml", "none.yaml", problems) is None
    assert read_csv(tmp_path, "folder", COLUMNS, problems) == []
    assert [str(p) for p in problems] == [
        "none.yaml: cannot be read: no such file or directory",
        "folder: cannot be read: is a directory",
    ]


def test_yaml_scalars_stay_as_they_are_written(tmp_path):
    tree, problems = yaml_of(tmp_path, "a: 1.70\nb: no\nc: 010\nd: 12:30\ne: 2014-01-17\nf: '86'\ng: ~\nh: 1_000\n")
    assert problems == []
    texts = {name: node.text for name, node in tree.items.items()}
    assert texts == {
        "a": "1.70", "b": "no", "c": "010", "d": "12:30", "e": "2014-01-17", "f": "86", "g": "~", "h": "1_000",
    }  # fmt: skip
    assert [name for name, node in tree.items.items() if node.quoted] == ["f"]


def test_yaml_nodes_know_their_place(tmp_path):
    tree, _ = yaml_of(tmp_path, "# first\na:\n  - x\n  - b: y\n")
    assert tree.keys == {"a": (2, 1)}
    listed = tree.items["a"]
    assert isinstance(listed, YamlList)
    assert [(item.line, item.column) for item in listed.items] == [(3, 5), (4, 5)]
    assert listed.items[0] == Scalar("x", False, 3, 5)


def test_yaml_with_a_byte_order_mark_is_read(tmp_path):
    tree, problems = yaml_of(tmp_path, b"\xef\xbb\xbfa: 1\n")
    assert problems == []
    assert list(tree.items) == ["a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "t.yaml:3:1: a: this key stands twice, first in line 1"),
        ("a:\n  b: 1\n  b: 2\n", "t.yaml:3:3: b: this key stands twice, first in line 2"),
        ("a: &x [1]\n", "t.yaml:1:4: anchors and aliases are not read; write the value out"),
        ("a: 1\nb: *x\n", "t.yaml:2:4: anchors and aliases are not read; write the value out"),
        ("", "t.yaml:1:1: empty; it must hold 'key: value' lines"),
        ("# nothing\n", "t.yaml:1:1: empty; it must hold 'key: value' lines"),
        ("- a\n", "t.yaml:1:1: must hold 'key: value' lines at the top"),
        ("text\n", "t.yaml:1:1: must hold 'key: value' lines at the top"),
        ("? [a]\n: 1\n", "t.yaml:1:3: a key must be plain text"),
        (
            "a: 1\n\tb: 2\n",
            "t.yaml:2:1: not YAML: found character '\\t' that cannot start any token; check brackets, quotes and indentation",
        ),
        (
            "a: [1, 2\n",
            "t.yaml:2:1: not YAML: expected ',' or ']', but got '<stream end>'; check brackets, quotes and indentation",
        ),
        ("a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document starts here; a file holds one"),
        (
            "a:\t1\n",
            "t.yaml:1:3: not YAML: found character '\\t' that cannot start any token; check brackets, quotes and indentation",
        ),
        (
            "a: 1\nb: @x\n",
            "t.yaml:2:4: not YAML: found character '@' that cannot start any token; check brackets, quotes and indentation",
        ),
        ("a: b: c\n", "t.yaml:1:5: not YAML: mapping values are not allowed here; check brackets, quotes and indentation"),
        (
            "a: |#\n  b\n",
            "t.yaml:1:5: not YAML: expected chomping or indentation indicators, but found '#'; check brackets, quotes and indentation",
        ),
        ('a: "\\q"\n', "t.yaml:1:6: not YAML: found unknown escape character 'q'; check brackets, quotes and indentation"),
        ('a: "\\U00110000"\n', "t.yaml:1:1: not YAML: an escape with \\U names no character; write the character itself"),
    ],
)
def test_what_yaml_would_swallow_is_refused_in_its_place(tmp_path, text, message):
    assert yaml_of(tmp_path, text) == (None, [message])


@pytest.mark.parametrize(
    ("text", "place", "sign"),
    [
        ("a: \x00\n", "1:4", "0000"), ("a: 1\r\n嘉: 善\x7f\n", "2:5", "007F"), ("a: 1\rb: \x85\n", "2:4", "0085"),
        ("a: x\u2028b: 2\n", "1:5", "2028"), ("a: x\ufeffy\n", "1:5", "FEFF"), ("a: 1\nb: \uffff\n", "2:4", "FFFF"),
        ('a: 1\nb: "\\ud842\\udfb7"\n', "2:4", "D842"), ('a: "\\0"\n', "1:4", "0000"),
    ],
)  # fmt: skip
def test_a_character_that_cannot_stand_in_a_text_is_refused_in_its_place(tmp_path, text, place, sign):
    message = f"t.yaml:{place}: the character U+{sign} cannot stand in a text; take it out"
    assert yaml_of(tmp_path, text) == (None, [message])


def test_every_anchor_and_alias_is_reported_and_none_is_followed(tmp_path):
    names = "abcdefgh"
    text = "a: &a [x, x]\n" + "".join(f"{name}: &{name} [*{before}, *{before}]\n" for before, name in pairwise(names))
    tree, problems = yaml_of(tmp_path, text)
    assert (tree, len(problems)) == (None, 1 + 3 * 7)
    assert yaml_of(tmp_path, "a: &x [*x]\n")[0] is None


@pytest.mark.parametrize("text", ["[" * 49 + "]" * 49, "- " * 49 + "x", "{a: " * 49 + "}" * 49])
def test_fifty_levels_are_read(tmp_path, text):
    assert yaml_of(tmp_path, f"a:\n  {text}\n")[1] == []


@pytest.mark.parametrize("text", ["[" * 100000, "[" * 50 + "]" * 50, "- " * 5000, "{a: " * 20000, "? " * 5000])
def test_deeper_nesting_is_refused_in_its_place(tmp_path, text):
    tree, problems = yaml_of(tmp_path, f"a:\n  {text}\n")
    column = 3 + (text.index(text[0], 1) if text[1] in " a" else 1) * 49
    assert (tree, problems) == (
        None,
        [f"t.yaml:2:{column}: not YAML: nested deeper than 50 levels; check brackets, quotes and indentation"],
    )


def test_tags_and_merge_keys_mean_nothing(tmp_path):
    tree, problems = yaml_of(tmp_path, "%YAML 1.2\n---\na: !!int '86'\nb: !mine x\n<<: {c: 1}\n")
    assert problems == []
    assert list(tree.items) == ["a", "b", "<<"]
    assert tree.items["a"] == Scalar("86", True, 3, 4)


def test_places_count_characters(tmp_path):
    tree, _ = yaml_of(tmp_path, '嘉\U0001f600: {\U00020bb7: 善, b: "二"}\r\nc: |\r\n  一\r\n  二\r\nd:\r\n')
    assert tree.items["嘉\U0001f600"].keys == {"\U00020bb7": (1, 6), "b": (1, 12)}
    assert tree.items["c"] == Scalar("一\n二\n", True, 2, 4)


@pytest.mark.parametrize("text", ["c: 1\na:\n", "c: 1\n? a\n:\n", "{c: 1,\n a: }", "{c: 1,\n a}"])
def test_an_empty_value_stands_where_its_key_does(tmp_path, text):
    tree, _ = yaml_of(tmp_path, text)
    assert tree.items["a"] == Scalar("", False, *tree.keys["a"])


def test_folded_text_is_one_line(tmp_path):
    assert yaml_of(tmp_path, "a: >-\n  one\n  two\n")[0].items["a"].text == "one two"


def test_every_yaml_file_of_the_project_reads_the_same_with_and_without_libyaml(tmp_path):
    for path in [*(ROOT / "data").rglob("*.yaml"), *(ROOT / "params").glob("*.yaml")]:
        assert yaml_of(tmp_path, path.read_bytes())[1] == []


def test_every_duplicate_key_is_reported_at_once(tmp_path):
    _, problems = yaml_of(tmp_path, "a: 1\na: 2\nb: 1\nb: 2\n")
    assert [problem.split(":")[1] for problem in problems] == ["2", "4"]


@pytest.mark.parametrize(
    ("text", "folded"),
    [("２３０", "230"), ("1．69", "1.69"), ("٣", "3"), ("ａｂ", "ab"), ("230", None), ("-1.5", None), ("嘉善", None)],
)
def test_look_alike_characters_have_a_plain_form(text, folded):
    assert plain_form(text) == folded


@LAW
@given(st.one_of(st.binary(max_size=60), st.text(alphabet='id,valuenote\n\r"x é', max_size=60).map(str.encode)))
@example(b'id,value,note\n"')
@example(b"\nid\nx\n")
def test_any_bytes_give_rows_of_all_columns_or_problems(tmp_path_factory, content):
    rows, problems = csv_of(tmp_path_factory.getbasetemp(), content)
    only_a_header = sorted(content.decode("utf-8", "replace").strip().split(",")) == sorted(COLUMNS)
    assert rows or problems or only_a_header
    assert all(set(COLUMNS) == set(row.values) for row in rows)


@LAW
@given(st.one_of(st.binary(max_size=60), st.text(alphabet="ab:- \n[]{}&*?!|>'\"%#@,\t", max_size=40).map(str.encode)))
def test_any_bytes_give_a_mapping_or_problems(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "t.yaml"
    path.write_bytes(content)
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        tree, problems = yaml_by(loader, path)
        assert (tree is None) == bool(problems)


def cells(minimum=0):
    return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\x00"), min_size=minimum, max_size=8)


@LAW
@given(st.lists(st.tuples(cells(1), cells(), cells()), min_size=1, max_size=4))
def test_what_a_csv_writer_writes_is_read_back_at_its_place(tmp_path_factory, records):
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in record) for record in records]
    rows, problems = csv_of(tmp_path_factory.getbasetemp(), "\n".join(["id,value,note", *lines]))
    assert problems == []
    assert [tuple(row.values.values()) for row in rows] == records
    for row, line in zip(rows, lines, strict=True):
        assert line[row.columns["note"] - 1 :] == '"' + row.values["note"].replace('"', '""') + '"'


def test_a_problem_names_its_file_place_and_field():
    assert str(Problem("f.csv", 12, 9, "unit", "no")) == "f.csv:12:9: unit: no"
    assert str(Problem("f.csv", 12, 0, "", "no")) == "f.csv:12: no"
    assert str(Problem("f.csv", 0, 0, "", "no")) == "f.csv: no"
