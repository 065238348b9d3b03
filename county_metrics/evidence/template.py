"""Template of a reader's own case: a commented folder that is without fault as it is written."""

from __future__ import annotations

from pathlib import Path

from county_metrics.errors import DataError, Problem, nearest
from county_metrics.paths import shown

KINDS = ("figures", "records", "series", "panel", "all")
_HEAD = """\
# A case of your own. Check it with: county-metrics check {name}
# 您自己的案例。检查命令见上一行；所有数据均为虚构示例，请替换。
# Every row beside this file is made up: replace the rows, then say simulated: false.
id: my_county                # lower-case letters, digits, _ 小写字母、数字、下划线
name_en: "My County"         # 英文名
name_zh: "我的县"             # Chinese name 中文名
"""
_FIGURES = """\
# Published figures stand in figures.csv, in the form of data/cases/jiashan/figures.csv; none yet.
# 公布的数字写入 figures.csv，格式同 data/cases/jiashan/figures.csv；目前为空。
status: qualitative          # figures once figures.csv has rows 有数字后改为 figures
level_en: "county"
level_zh: "县"
parent_en: "Province"
parent_zh: "某省"
selection_en: "Made up. Say why this case is known, and whether it was chosen for success."
selection_zh: "虚构。请说明案例为何为人所知，是否因成功而入选。"
reforms: []
concurrent_events: []
"""
_OPTIONS = """\
  # encoding: gb18030        # utf-8 when left out 默认 utf-8
  # header_rows: 2           # the second row holds units such as 万元 第二行为单位
  # columns: {办件编号: %s}    # header: name 表头：列名
  # extra: {乡镇: text}       # further columns: text, number or date 其他列
  # missing: ["-", "…"]      # cells that mean "not known" 表示缺失的写法
  # date_format: YYYY/M/D    # YYYY-MM-DD when left out; also YYYY年M月D日, excel, …
  # thousands: true          # numbers such as 1,234 千位分隔符
"""
_BLOCKS = {
    "records": """\
records:                     # records.csv, one row a record 逐件记录
  origin: "Made up for this template"     # where the table comes from 数据来源
  simulated: true            # stamped on every result 虚构数据会在结果上标明
  extracted_on: 2015-01-31   # day of the extract 导出日期
  deidentified: true         # no name of a person is left 已脱敏
  selected_on: all           # opened, closed or all: which records the extract holds 按受理、办结或全部选取
  calendar: working          # working or calendar days count 工作日或日历日
  intervention: 2014-01-17   # date of the reform 改革日期
""" + _OPTIONS.replace("%s", "record_id"),
    "series": """\
series:                      # series.csv, one row a place, period and indicator 时间序列
  origin: "Made up for this template"     # where the table comes from 数据来源
  simulated: true
  intervention: 2014-02      # first period after the reform 改革后第一期
  # unit: 件                 # where no column holds it 表中无单位列时填写
""" + _OPTIONS.replace("%s", "value"),
    "panel": """\
panel:                       # panel.csv, one row a county, period and indicator 多县面板
  origin: "Made up for this template"     # where the table comes from 数据来源
  simulated: true
  code_year: 2020            # year of the county codes (GB/T 2260), or each 行政区划代码年份
  # never: ["0"]             # cells of treatment_start that mean never treated 表示从未改革的写法
""" + _OPTIONS.replace("%s", "county_code"),
}  # fmt: skip
_TABLES = {
    "records": """\
record_id,received_on,accepted_on,closed_on,deadline,paused_days,stage,bodies,group
A-001,2013-11-04,2013-11-06,2014-01-10,2014-02-03,3,approval,5,before
A-002,2013-12-02,2013-12-02,2014-01-15,2014-03-03,0,approval,4,before
A-003,2014-02-10,2014-02-11,2014-03-05,2014-04-10,1,approval,1,after
A-004,2014-03-03,2014-03-04,,2014-05-05,0,approval,1,after
""",
    "series": """\
place,period,indicator,value,unit,numerator,denominator,exposure
my_county,2013-11,permits,41,件,,,
my_county,2013-12,permits,38,件,,,
my_county,2014-01,permits,40,件,,,
my_county,2014-02,permits,52,件,,,
my_county,2014-03,permits,55,件,,,
my_county,2014-04,permits,54,件,,,
""",
    "panel": """\
county_code,period,indicator,value,unit,treatment_start,weight
990001,2012,approval_days,231,working_day,2014,1
990001,2013,approval_days,229,working_day,2014,1
990001,2014,approval_days,120,working_day,2014,1
990002,2012,approval_days,218,working_day,,1
990002,2013,approval_days,216,working_day,,1
990002,2014,approval_days,214,working_day,,1
""",
}


def new_case(folder: Path, kind: str = "all") -> list[Path]:
    """Write the template of a case.

    Parameters
    ----------
    folder : Path
        Is made; if it exists it must be empty.
    kind : str
        figures, records, series, panel or all.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    DataError
        If the folder holds something, cannot be written, or the kind is none of these. Nothing is overwritten.
    """
    if kind not in KINDS:
        raise DataError([Problem(shown(folder), 0, 0, "kind", f"'{kind}' is not allowed; {nearest(kind, KINDS)}")])
    tables = [name for name in _TABLES if kind in (name, "all")]
    parts = [_HEAD.replace("{name}", shown(folder)), *([_FIGURES] if kind in ("figures", "all") else [])]
    texts = {"case.yaml": "\n".join([*parts, *(_BLOCKS[name] for name in tables)])}
    texts |= {f"{name}.csv": _TABLES[name] for name in tables}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise DataError([Problem(shown(folder), 0, 0, "", "is not empty; name a new folder, nothing was written")])
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8", newline="\n")
    except OSError as error:
        message = f"cannot be written: {(error.strerror or 'unknown').lower()}"
        raise DataError([Problem(shown(folder), 0, 0, "", message)]) from error
    return [folder / name for name in texts]
