"""The project's papermill engine: ``papermill --engine county_metrics in.ipynb out.ipynb``.

papermill loads this module while it is itself being loaded, so nothing of papermill is imported at the top.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Session:
    """What the runner tells the engine about one run, and what it learns back.

    Attributes
    ----------
    cwd : Path
        Folder the kernel starts in.
    roots : list of str
        Folders whose reads are traced; none when empty.
    timeout : float or None
        Seconds a cell may take.
    notebook : NotebookNode or None
        The notebook as far as it was executed, whatever happened.
    trace : dict or None
        What the kernel read, after the last cell.
    """

    cwd: Path | None = None
    roots: list[str] = field(default_factory=list)
    timeout: float | None = None
    on_cell: Callable[[int, int], None] = lambda done, total: None
    sockets: Path | None = None
    notebook: Any = None
    trace: dict[str, list[str]] | None = None
    kernel_pid: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def kill(self) -> None:
        """End the kernel at once; the run that waits for it notices within a second."""
        self.stop.set()
        if self.kernel_pid is not None:
            try:
                os.killpg(self.kernel_pid, signal.SIGKILL)
            except (OSError, AttributeError):
                return


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
