"""nbval, stricter where it is lax and calmer where it is nervous (a pytest plugin).

Outputs must be there; numbers agree to a tolerance; the data behind a figure are compared, not its drawing;
a dead kernel is noticed within seconds.
"""

from __future__ import annotations

import json
import math
import re
import time
from queue import Empty
from typing import Any

import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

RELATIVE = 1e-9
_DRAWING = re.compile(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


class Close(str):
    """Text that equals another where only numbers differ, and those by no more than rounding of the last place."""

    def __eq__(self, other: object) -> bool:
        if str.__eq__(self, other) is True:
            return True
        if not isinstance(other, str) or _NUMBER.split(self) != _NUMBER.split(other):
            return False
        pairs = zip(_NUMBER.findall(self), _NUMBER.findall(other), strict=True)
        return all(math.isclose(float(a), float(b), rel_tol=RELATIVE, abs_tol=1e-12) for a, b in pairs)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


def _close(value: Any) -> Close:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return Close(_DRAWING.sub("drawing", text))


def _run(item: IPyNbCell, run: Any) -> None:
    if item.cell.source.strip() and item.cell.execution_count is None:
        item.raise_cell_error("the notebook keeps no output of this cell; run `make notebooks`")
    item.parent.skip_compare = (*item.parent.skip_compare, "image/svg+xml")
    run()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make every notebook cell compare strictly."""
    for item in items:
        if isinstance(item, IPyNbCell):
            item.sanitize = _close
            item.runtest = lambda item=item, run=item.runtest: _run(item, run)


_await_reply = RunningKernel.await_reply


def _await_alive(self: RunningKernel, msg_id: str, timeout: float | None = None) -> Any:
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    while True:
        try:
            return _await_reply(self, msg_id, timeout=min(1.0, max(0.05, deadline - time.monotonic())))
        except Empty:
            if not self.is_alive():
                raise RuntimeError("the kernel died while the cell ran") from None
            if time.monotonic() >= deadline:
                raise


RunningKernel.await_reply = _await_alive
