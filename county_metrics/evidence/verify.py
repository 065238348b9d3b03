"""Checking the curated data: its own rules, and a reader's copy of the source texts."""

from __future__ import annotations

from pathlib import Path

from county_metrics.errors import DataError, Problem
from county_metrics.evidence.catalogue import Catalogue, load_catalogue, read_catalogue
from county_metrics.evidence.coverage import check_reasons, uncovered
from county_metrics.evidence.load import load_folder, load_vocabulary
from county_metrics.evidence.locate import (
    NORMALISER,
    Copy,
    Finding,
    Quoted,
    lock_text,
    quote_digest,
    read_copies,
    read_lock,
    verify,
)
from county_metrics.paths import data_root, shown

LOCK = "anchors.lock.csv"


def check_data(folder: Path | None = None) -> list[Problem]:
    """Everything wrong in a data folder (the curated one by default), or in one case folder.

    Ids are compared across cases. An empty list means that all is well.
    """
    problems: list[Problem] = []
    if folder is not None and (folder / "case.yaml").is_file():
        words = load_vocabulary(problems, folder, load_vocabulary(problems))
        case = load_folder(folder, words, problems, {})
        problems += case.check_tables() if case else []
        return sorted(set(problems))
    root = folder or data_root()
    if not (root / "cases").is_dir():
        message = "holds neither a case.yaml nor a folder 'cases'; name a case folder or a data folder"
        return [Problem(shown(root), 0, 0, "", message)]
    catalogue = read_catalogue(root, problems)
    problems += [problem for case in catalogue.cases for problem in case.check_tables()]
    if not problems and (root / LOCK).exists():
        problems += _stale(root / LOCK, catalogue)
    return sorted(set(problems))


def _stale(path: Path, catalogue: Catalogue) -> list[Problem]:
    """Lock rows that are missing, about another phrase, or about nothing; shown without any text."""
    lock = read_lock(path)
    quoted = {item.id: item for item in catalogue.quoted}
    advice = "make it anew with: county-metrics verify --sources DIR --write"
    stale = [name for name, item in quoted.items() if name not in lock or not _current(lock[name], item)]
    problems = [Problem(shown(path), 0, 0, name, f"has no current row; {advice}") for name in stale]
    return problems + [Problem(shown(path), 0, 0, name, f"names nothing; {advice}") for name in lock if name not in quoted]


def _current(row: dict[str, str], item: Quoted) -> bool:
    return (row["normaliser"], row["quote_sha256"], row["source"]) == (NORMALISER, quote_digest(item.quote), item.source)


def verify_sources(folder: Path) -> tuple[list[Copy], list[Finding]]:
    """Look for every curated phrase in a reader's copy of the texts.

    Parameters
    ----------
    folder : Path
        Holds the texts as ``.txt`` files, in any rendition.

    Returns
    -------
    copies : list of Copy
        The files that were recognised; a source without a copy is not checkable, never fine.
    findings : list of Finding

    Raises
    ------
    DataError
        If the curated data have problems, or nothing in the folder is a known text.
    """
    catalogue = load_catalogue()
    copies = read_copies(folder, catalogue.words.sources.values(), catalogue.quoted) if folder.is_dir() else []
    if not copies:
        message = "holds no copy of a source text; name the folder with the .txt files"
        raise DataError([Problem(str(folder), 0, 0, "", message)])
    return copies, verify(copies, catalogue.quoted, read_lock(data_root() / LOCK))


def unverifiable(copies: list[Copy]) -> list[str]:
    """Sources of which there is no copy."""
    return sorted(set(load_catalogue().words.sources) - {copy.source for copy in copies})


def write_lock(copies: list[Copy]) -> Path:
    """Write ``anchors.lock.csv`` from intact copies; what stands in a text that is not there keeps its row."""
    path = data_root() / LOCK
    intact = [copy for copy in copies if copy.intact]
    path.write_text(lock_text(intact, load_catalogue().quoted, read_lock(path)), "utf-8", newline="\n")
    return path


def check_coverage(copies: list[Copy]) -> list[Problem]:
    """Numerals and quantity words of the texts that nothing accounts for, and reasons that no longer fit."""
    catalogue = load_catalogue()
    problems = []
    for copy in copies:
        if not (copy.preferred and copy.intact):
            continue
        problems += check_reasons(copy, catalogue)
        for gap in uncovered(copy, catalogue):
            message = f"'{gap.text}' in '{gap.around}' is no figure, event or claim; add it, or a reason to uncovered.csv"
            problems.append(Problem(f"{copy.source} ({copy.file})", gap.paragraph, 0, "", message))
    return problems
