"""The report as a PDF in each language, set by typst from plain strings."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from county_metrics.errors import RunnerError
from county_metrics.paths import fonts
from county_metrics.pipeline.digest import digest, file_digest
from county_metrics.present.wording import LANGUAGES
from county_metrics.report.printed import report_document

if TYPE_CHECKING:
    from county_metrics.report.pages import RunPage
    from county_metrics.report.reuse import Earlier

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"


def write_pdf(folder: Path, pages: list[RunPage], earlier: Earlier | None = None) -> None:
    """Write ``report.pdf`` and ``zh/report.pdf`` below the site's folder.

    Parameters
    ----------
    folder : Path
        The site; the figures of the runs are in it already.
    pages : list of RunPage
        Runs with a result; those of sweeps are left out.
    earlier : Earlier, optional
        The site of before: a file of it that was made from the same is taken over.

    Raises
    ------
    RunnerError
        If typst refuses the document, or it fails the check of PDF/UA.
    """
    shaping = [version("typst"), *(file_digest(file) for file in (TEMPLATE, *sorted(fonts().glob("*.ttf"))))]
    for language in LANGUAGES:
        path = "report.pdf" if language == "en" else f"{language}/report.pdf"
        document = report_document([page for page in pages if page.outcome.spec.grid is None], language, folder)
        images = {block["path"]: folder / block["path"] for block in document["blocks"] if block["k"] == "plot"}
        drawn = {name: file_digest(file) for name, file in images.items()}
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if earlier is None or earlier.take(path, digest([document, drawn, shaping]), folder) is None:
            (folder / path).write_bytes(compile_pdf(document, images))


def compile_pdf(document: dict[str, Any], images: dict[str, Path]) -> bytes:
    """Bytes of a document that passes typst's check of PDF/UA; no clock, no network, the shipped fonts alone.

    Raises
    ------
    RunnerError
        With what typst says.
    """
    import typst

    files: Any = {"main.typ": TEMPLATE.read_bytes(), "data.json": json.dumps(document, ensure_ascii=False).encode("utf-8")}
    files |= {name: file.read_bytes() for name, file in images.items()}
    shipped = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts()])
    try:
        content = typst.compile(files, format="pdf", font_paths=shipped, pdf_standards=["ua-1"], timestamp=0)
    except typst.TypstError as error:
        raise RunnerError(f"report.pdf cannot be made: {error}; mend the run or label it names and run again") from error
    return bytes(content)
