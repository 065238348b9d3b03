"""What the engine does: nbclient with a private kernel, reads traced around the cells, parameters as typed."""

from __future__ import annotations

import ast
import json
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine
from papermill.translators import PythonTranslator, papermill_translators

from county_metrics.pipeline.engine import Session
from county_metrics.pipeline.kernels import ServedProvisioner
from county_metrics.present.payload import DRAW_ALL

FIXED_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
OUTPUT_LIMIT = 20_000_000
"""Characters that a notebook may put out in all."""
_ERROR_LIMIT = 10_000

_START = (
    "from county_metrics.pipeline import tracing as _cm; _cm.pack_all(get_ipython().kernel.session); "
    "_cm.start({roots!r}, {declared!r}); del _cm"
)
_REPORT = "__import__('json').dumps(__import__('county_metrics.pipeline.tracing', fromlist=['report']).report())"


class ReadableTranslator(PythonTranslator):
    """Parameters as a reader would type them: Chinese text stays text, and no value can become code."""

    @classmethod
    def translate_str(cls, val: str) -> str:
        """Literal of a string, without escapes for what can be read."""
        return json.dumps(val, ensure_ascii=False) if val.isprintable() else repr(val)


def prepare() -> None:
    """Make papermill write readable parameters, and silence what it says of names that were checked before."""
    logging.getLogger("papermill").setLevel(logging.ERROR)
    papermill_translators.register("python", ReadableTranslator)


class _Client(PapermillNotebookClient):
    """nbclient with the session's kernel and tracing around the cells."""

    session: Session
    _received = 0

    def execute(self, **kwargs: Any) -> Any:
        self.reset_execution_trackers()
        with self.setup_kernel(cleanup_kc=True, **kwargs):
            self.session.started_in(self.km.provisioner.process)
            if self.session.roots:
                self._quietly(_START.format(roots=self.session.roots, declared=self.session.declared))
            self.papermill_execute_cells()
            if self.session.roots:
                reply = self._quietly("", report=_REPORT)
                self.session.trace = json.loads(ast.literal_eval(reply["report"]["data"]["text/plain"]))
        return self.nb

    def process_message(self, message: Any, cell: Any, cell_index: int) -> Any:
        """Take a message of the kernel; called by nbclient."""
        content = message["content"]
        if message["msg_type"] == "error":
            content["evalue"] = content["evalue"][:_ERROR_LIMIT]
            content["traceback"] = [line[:_ERROR_LIMIT] for line in content["traceback"]]
        self._received += len(content.get("text", "")) + sum(
            len(part) for part in content.get("data", {}).values() if isinstance(part, str)
        )
        if self._received > OUTPUT_LIMIT:
            self.session.end(
                "failed", f"the notebook printed more than {OUTPUT_LIMIT // 1_000_000} MB; print less, or write it to a file"
            )
            return None
        return super().process_message(message, cell, cell_index)

    def _quietly(self, code: str, **expressions: str) -> Any:
        asked = self.kc.execute(code, silent=True, store_history=False, user_expressions=expressions)
        return self.wait_for_reply(asked)["content"].get("user_expressions", {})


class SessionEngine(Engine):
    """papermill engine that reports to a `Session`."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, session: Session | None = None, start_timeout: int = 60, **others: Any
    ) -> None:
        """Run every cell in a kernel of its own; the session learns what happened."""
        session = session or Session()
        session.notebook = nb_man.nb
        folder = Path(tempfile.mkdtemp(prefix="k", dir=session.sockets))
        (folder / "tmp").mkdir()
        code_cells = [index for index, cell in enumerate(nb_man.nb.cells) if cell.cell_type == "code"]

        def progress(cell: Any, cell_index: int) -> None:
            session.on_cell(sum(index < cell_index for index in code_cells), len(code_cells))

        manager = AsyncKernelManager(
            kernel_name=kernel_name, transport="ipc", ip=str(folder / "s"), connection_file=str(folder / "c.json")
        )
        client = _Client(
            nb_man, km=manager, kernel_name=kernel_name, timeout=session.timeout, startup_timeout=start_timeout,
            record_timing=False, on_cell_start=progress, shutdown_kernel="immediate",
            extra_arguments=["--HistoryManager.enabled=False"],
        )  # fmt: skip
        client.session = session
        if session.server is not None:
            manager.provisioner = ServedProvisioner(kernel_id="", kernel_spec=manager.kernel_spec, parent=manager)
            manager.provisioner.session = session
        environment = os.environ | FIXED_ENVIRONMENT | {"IPYTHONDIR": str(folder / "ipython"), "TMPDIR": str(folder / "tmp")}
        if session.roots:
            environment[DRAW_ALL] = "1"
        try:
            client.execute(env=environment, cwd=str(session.cwd or Path.cwd()))
        finally:
            session.last_words = _last_line(folder / "log")
            shutil.rmtree(folder, ignore_errors=True)


def _last_line(log: Path) -> str:
    """What a kernel said last beside its notebook, for where it died."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4000))
            lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines()]
    except OSError:
        return ""
    return next((line[:300] for line in reversed(lines) if line), "")
