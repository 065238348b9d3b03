"""The project's papermill engine: ``papermill --engine county_metrics in.ipynb out.ipynb``.

papermill loads this module while it is itself being loaded, so nothing of papermill is imported at the top.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from county_metrics.pipeline.kernels import Server


def lighten_imports() -> None:
    """Keep jsonschema from building, in over a second, a grammar of web addresses that no notebook is checked with.

    Only for a process of our own, before nbformat is first imported in it; jsonschema takes the library as not installed.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


@dataclass
class Session:
    """What the runner tells the engine about one run, and what it learns back.

    Attributes
    ----------
    cwd : Path
        Folder the kernel starts in.
    roots, declared : list of str
        Folders whose reads are traced (none when empty), and what the run may read.
    timeout : float or None
        Seconds a cell may take.
    server : Server or None
        Starts the kernel; without one jupyter_client does.
    notebook : NotebookNode or None
        The notebook as far as it was executed, whatever happened.
    trace : dict or None
        What the kernel noted, after the last cell.
    ended : tuple of str, or None
        State and message, where the runner ended the kernel.
    last_words : str
        Last line that the kernel's process wrote beside its notebook.
    """

    cwd: Path | None = None
    roots: list[str] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)
    timeout: float | None = None
    on_cell: Callable[[int, int], None] = lambda done, total: None
    sockets: Path | None = None
    server: Server | None = None
    notebook: Any = None
    trace: dict[str, Any] | None = None
    process: Any = None
    ended: tuple[str, str] | None = None
    started: float = 0.0
    last_words: str = ""

    def started_in(self, process: Any) -> None:
        """Take note of the kernel's process."""
        self.process = process
        if self.ended is not None:
            process.kill()

    def end(self, state: str, message: str) -> None:
        """End the kernel at once; the run that waits for it notices within a second or two."""
        self.ended = self.ended or (state, message)
        if self.process is not None:
            self.process.kill()


class CountyMetricsEngine:
    """Engine ``county_metrics`` of papermill: truthful states, private sockets, readable parameters, traced reads."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """Execute a notebook; called by papermill."""
        from county_metrics.pipeline.client import SessionEngine

        return SessionEngine.execute_notebook(nb, kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Name of the kernel a notebook asks for; called by papermill before it writes parameters."""
        from county_metrics.pipeline.client import SessionEngine, prepare

        prepare()
        kernel: str = SessionEngine.nb_kernel_name(nb, name)
        return kernel

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Language of a notebook; called by papermill."""
        from county_metrics.pipeline.client import SessionEngine

        found: str = SessionEngine.nb_language(nb, language)
        return found
