"""Execute every notebook with its default parameters and keep the outputs in it, without times or random ids."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
import papermill.execute

from county_metrics.pipeline.collect import clean
from county_metrics.pipeline.engine import Session

ROOT = Path(__file__).resolve().parents[1]


def refresh(path: Path) -> None:
    """Execute one notebook in place."""
    session = Session(cwd=path.parent)
    notebook = nbformat.read(path, as_version=4)
    notebook = papermill.execute.execute_notebook(
        notebook, None, engine_name="county_metrics", progress_bar=False, session=session
    )
    text = json.dumps(clean(notebook), ensure_ascii=False, indent=1) + "\n"
    path.write_text(text, "utf-8", newline="\n")
    print(path.relative_to(ROOT), len(text.encode("utf-8")))


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted((ROOT / "notebooks").glob("*.ipynb")):
        refresh(Path(name).resolve())
