"""Exports that this field opens: CSV, Excel with a codebook sheet, Stata with labels and a do-file."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from county_metrics.errors import unknown_id
from county_metrics.evidence.cite import bibtex, gbt7714
from county_metrics.evidence.frames import TABLES, column_labels, curated, frame

if TYPE_CHECKING:
    import pandas as pd

STATA_LABEL = 80
"""Most characters of a label in Stata."""
_RESERVED = {"case": "case_id", "end": "end_date"}
_FIXED = datetime.datetime(2000, 1, 1)
_CATEGORIES = (
    "accrual", "date_basis", "direction", "independent", "issued_basis", "kind", "nature", "period_basis", "quantifier",
    "role", "scale", "statistic", "verdict",
)  # fmt: skip


def export(folder: Path, kind: str, tables: tuple[str, ...] = ()) -> list[Path]:
    """Write tables into a folder, with the citations of their sources.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    kind : {"csv", "xlsx", "dta"}
    tables : tuple of str
        Names of tables; all when empty.

    Returns
    -------
    list of Path
        What was written; the same data give the same bytes.

    Raises
    ------
    UnknownIdError
        For another format or table.
    """
    writers: dict[str, Callable[[str, Path], list[Path]]] = {"csv": _csv, "xlsx": _xlsx, "dta": _dta}
    if kind not in writers:
        raise unknown_id("format", kind, list(writers))
    for name in tables:
        if name not in TABLES:
            raise unknown_id("table", name, list(TABLES))
    folder.mkdir(parents=True, exist_ok=True)
    written = [path for name in tables or tuple(TABLES) for path in writers[kind](name, folder)]
    return written + _citations(folder)


def _csv(name: str, folder: Path) -> list[Path]:
    path = folder / f"{name}.csv"
    _plain(frame(name)).to_csv(path, index=False, lineterminator="\n", encoding="utf-8-sig")
    return [path]


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would run as a formula is set off by an apostrophe."""

    def harmless(value: str) -> str:
        line = value.replace("\r", " ").replace("\n", " ")
        return f"'{line}" if line[:1] in ("=", "+", "-", "@", "\t", " ") else line

    return table.assign(**{name: table[name].map(harmless) for name in table.select_dtypes(exclude="number").columns})


def codebook(name: str) -> pd.DataFrame:
    """Column by column what a table holds, in both languages."""
    import pandas as pd

    english, chinese = (column_labels(name, language) for language in ("en", "zh"))
    return pd.DataFrame([{"column": c, "label_en": english[c], "label_zh": chinese[c]} for c in english])


def _xlsx(name: str, folder: Path) -> list[Path]:
    import pandas as pd

    path = folder / f"{name}.xlsx"
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        _plain(frame(name)).to_excel(writer, sheet_name=name, index=False)
        codebook(name).to_excel(writer, sheet_name="codebook", index=False)
        writer.book.properties.created = writer.book.properties.modified = _FIXED
    _repack(buffer, path)
    return [path]


def _repack(buffer: io.BytesIO, path: Path) -> None:
    """Write the parts of a workbook anew without the clock that the zip format keeps of each."""
    with zipfile.ZipFile(buffer) as parts, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for part in parts.infolist():
            content = parts.read(part)
            if part.filename == "docProps/core.xml":
                content = _without_clock(content)
            out.writestr(zipfile.ZipInfo(part.filename, _FIXED.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)


def _without_clock(core: bytes) -> bytes:
    import re

    return re.sub(rb"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", _FIXED.strftime("%Y-%m-%dT%H:%M:%SZ").encode(), core)


def _dta(name: str, folder: Path) -> list[Path]:
    table = frame(name).rename(columns=_RESERVED)
    labels = {_RESERVED.get(column, column): label[:STATA_LABEL] for column, label in column_labels(name, "en").items()}
    for column in set(_CATEGORIES).intersection(table.columns):
        table[column] = table[column].astype("category")
    path = folder / f"{name}.dta"
    long = [c for c in table.columns if str(table[c].dtype) in ("object", "str") and table[c].str.len().max() > 500]
    table.to_stata(
        path, write_index=False, version=118, time_stamp=_FIXED, variable_labels=labels, convert_strl=long,
        data_label=f"county_metrics {name}",
    )  # fmt: skip
    script = folder / f"{name}.do"
    lines = ["* Opens the table and shows its labels.", "version 14", f'use "{name}.dta", clear', "describe"]
    script.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
    return [path, script]


def _citations(folder: Path) -> list[Path]:
    sources = curated().words.sources.values()
    chinese = "".join(f"{gbt7714(source)}\n" for source in sources)
    texts = {"sources.bib": "\n".join(map(bibtex, sources)), "sources-gbt7714.txt": chinese}
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8", newline="\n")
    return [folder / name for name in texts]
