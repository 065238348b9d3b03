"""A small data folder about places that do not exist, with texts written for it."""

import csv
import shutil

from county_metrics.evidence.locate import normalise
from county_metrics.evidence.schema import FIGURES, INDICATORS, MECHANISMS, UNCOVERED, UNITS
from county_metrics.paths import data_root

STONE = "石桥镇纪事\n石桥镇设有１２所小学，其中 3所为2015年新建。全镇小学生由900人增至960人！\n"
# Traditional script, a gloss that hides a phrase, one sentence damaged.
STONE_SCAN = "石橋鎮設有12所小學,其中3(sān)所為2015年新建。全鎮小學生由900人增至八百多人!\n"
RIVER = "河湾乡有渔船45艘。乡民共300人。\n"

SOURCE = """\
  - id: {id}
    title_zh: 题
    title_en: A title
    author_zh: 甲
    author_en: An author
    interest_zh: 无
    interest_en: None known
    independent: true
    outlet_zh: 报
    outlet_en: A paper
    issued: "2020"
    issued_basis: stated
    cite_zh: 甲. 题. 报, 2020.
    cite_en: "An author (2020). A title."
    url: ""
    renditions:
"""
RENDITION = "      - {{id: {id}, script: {script}, quality: {quality}, preferred: {preferred}, sha256: {sha256}}}\n"
CASE = """\
id: stone_bridge
name_en: Stone Bridge
name_zh: 石桥镇
level_en: town
level_zh: 镇
parent_en: Nowhere
parent_zh: 无
code: ""
code_from: ""
code_to: ""
status: figures
selection_en: Made up.
selection_zh: 虚构。
reforms:
  - id: new_schools
    label_en: New schools
    label_zh: 新建小学
    start: "2015"
    end: ""
    date_basis: stated
    mechanisms: [school_building]
    source: stone
    quote: 2015年新建
concurrent_events: []
"""
CLAIMS = """\
claims:
  - id: claim_new_within
    case: stone_bridge
    text_en: The new schools are among the schools.
    text_zh: 新建小学在全部小学之内。
    source: stone
    quote: 其中3所
    relation: part_of
    left: new_schools
    right: schools
    expected: agrees
    reason_en: Three is less than twelve.
    reason_zh: 3少于12。
"""
CORRECTIONS = """\
corrections:
  - id: new_within
    source: stone
    quote: 其中3所
    claim: claim_new_within
    status: flagged
    expect: agrees
    reason_en: An example.
    reason_zh: 示例。
"""
FIGURE = {
    "scope_en": "The whole", "scope_zh": "全部", "statistic": "count", "role": "level", "kind": "level",
    "accrual": "stock", "period_basis": "none", "quantifier": "exact", "step": "0", "source": "stone",
}  # fmt: skip
ROWS = (
    {"id": "schools", "indicator": "schools", "printed": "12所", "value": "12", "unit": "school", "quote": "12所小学"},
    {"id": "new_schools", "indicator": "schools", "printed": "3所", "value": "3", "unit": "school", "quote": "其中3所"},
    {"id": "pupils_before", "indicator": "pupils", "printed": "900人", "value": "900", "unit": "person",
     "quote": "由900人", "role": "before", "pair": "pupils"},
    {"id": "pupils_after", "indicator": "pupils", "printed": "960人", "value": "960", "unit": "person",
     "quote": "增至960人", "role": "after", "pair": "pupils"},
    {"id": "boats", "indicator": "boats", "printed": "45艘", "value": "45", "unit": "boat", "quote": "渔船45艘",
     "source": "river"},
)  # fmt: skip
MECHANISM = {
    "id": "school_building", "case": "stone_bridge", "kind": "reform", "name_zh": "建校", "name_en": "School building",
    "what_en": "Building", "what_zh": "建", "measure_en": "Schools", "measure_zh": "校数", "data_en": "Registers",
    "data_zh": "名册", "indicators": "schools", "figures": "new_schools", "source": "stone", "quote": "2015年新建",
}  # fmt: skip
REASON = {"source": "river", "text": "300人", "count": "1", "reason_en": "an example", "reason_zh": "示例"}


def table(path, columns, rows):
    """Write rows with what they leave out empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [column.name for column in columns], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def figures(folder, rows=ROWS):
    """Write the figures of the case."""
    table(folder / "cases" / "stone_bridge" / "figures.csv", FIGURES, [FIGURE | row for row in rows])


def edit(path, old, new):
    """Replace a text that must stand in the file; ``line:column`` of its first place."""
    text = path.read_text("utf-8")
    assert old in text
    before = text[: text.index(old)]
    path.write_text(text.replace(old, new, 1), "utf-8")
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def data_folder(folder):
    """Write the whole data folder, without a lock."""
    units = [{"id": name, "label_en": name, "label_zh": "个", "dimension": "count"} for name in ("school", "person", "boat")]
    measures = {"schools": "school", "pupils": "person", "boats": "boat"}
    indicators = [
        {"id": name, "label_en": name, "label_zh": "数", "unit": unit, "direction": "neutral", "scale": "count",
         "nature": "outcome", "definition_en": name, "definition_zh": "数"}
        for name, unit in measures.items()
    ]  # fmt: skip
    table(folder / "vocab" / "units.csv", UNITS, units)
    table(folder / "vocab" / "indicators.csv", INDICATORS, indicators)
    shutil.copy(data_root() / "vocab" / "quantifiers.csv", folder / "vocab" / "quantifiers.csv")
    renditions = {
        "stone": [("clean", "simplified", "clean", "true", STONE), ("scan", "traditional", "corrupt", "false", STONE_SCAN)],
        "river": [("clean", "simplified", "clean", "true", RIVER)],
    }
    sources = "sources:\n"
    for name, made in renditions.items():
        sources += SOURCE.format(id=name)
        for rendition, script, quality, preferred, text in made:
            sha256 = normalise(text, script).sha256
            sources += RENDITION.format(id=rendition, script=script, quality=quality, preferred=preferred, sha256=sha256)
    (folder / "sources.yaml").write_text(sources, "utf-8")
    figures(folder)
    (folder / "cases" / "stone_bridge" / "case.yaml").write_text(CASE, "utf-8")
    (folder / "cases" / "stone_bridge" / "claims.yaml").write_text(CLAIMS, "utf-8")
    (folder / "corrections.yaml").write_text(CORRECTIONS, "utf-8")
    table(folder / "mechanisms.csv", MECHANISMS, [MECHANISM])
    table(folder / "uncovered.csv", UNCOVERED, [REASON])
    return folder


def text_folder(folder):
    """Write the texts."""
    folder.mkdir()
    for name, text in (("stone", STONE), ("scan", STONE_SCAN), ("river", RIVER)):
        (folder / f"{name}.txt").write_text(text, "utf-8")
    return folder
