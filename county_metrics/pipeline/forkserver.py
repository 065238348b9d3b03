"""Starts kernels for a build and outlives none of them: run as a script, it knows nothing of this package.

It reads orders as JSON lines from its standard input and answers on its standard output. Kernels are forks of this
process, with what they all import already imported, or ordinary commands. When the input ends (the build is over,
or was killed), it ends every process that came from it and removes the build's temporary folders.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import json
import os
import resource
import runpy
import select
import shutil
import signal
import socket
import sys
import time
from typing import Any

import psutil

_PDEATHSIG, _SUBREAPER = 1, 36
_MARK = "COUNTY_METRICS_KERNEL"


class Server:
    """Kernels by number, as long as they live."""

    def __init__(self) -> None:
        self.libc = ctypes.CDLL(None)
        # Whatever a notebook leaves behind becomes a child of this process, so that it can be found and ended.
        self.libc.prctl(_SUBREAPER, 1)
        self.kernels: dict[int, int] = {}
        self.marks: dict[int, str] = {}
        self.pid = os.getpid()
        self.woken, waker = socket.socketpair()
        for end in (self.woken, waker):
            end.setblocking(False)
        self.waker = waker
        signal.set_wakeup_fd(waker.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Follow orders until the input ends."""
        try:
            self.say(ready=True)
            self._follow()
        finally:
            # What is ended from now on wakes nobody.
            signal.set_wakeup_fd(-1)

    def _follow(self) -> None:
        rest = b""
        while True:
            readable, _, _ = select.select([0, self.woken.fileno()], [], [])
            if self.woken.fileno() in readable:
                with contextlib.suppress(BlockingIOError):
                    self.woken.recv(4096)
                self.reap()
            if 0 in readable:
                received = os.read(0, 1 << 20)
                if not received:
                    return
                *lines, rest = (rest + received).split(b"\n")
                for line in lines:
                    # A build that was killed may have left orders behind.
                    if not _alone():
                        self.obey(json.loads(line))

    def say(self, **fields: Any) -> None:
        """Answer with one line."""
        with contextlib.suppress(OSError):
            os.write(1, (json.dumps(fields) + "\n").encode())

    def obey(self, order: dict[str, Any]) -> None:
        """Start a kernel, or send one a signal."""
        if "launch" in order:
            pid = os.fork()
            if pid == 0:
                self._become(order)
            self.kernels[order["launch"]] = pid
            self.marks[order["launch"]] = order["env"][_MARK]
            self.say(launched=order["launch"], pid=pid)
        elif order["number"] in self.kernels:
            os.kill(self.kernels[order["number"]], order["signal"])

    def _become(self, order: dict[str, Any]) -> None:
        """In the child: become the kernel; never returns."""
        try:
            self._prepare(order)
            if order["fork"]:
                _kernel(order["command"])
            else:
                os.execvpe(order["command"][0], order["command"], dict(os.environ))
        finally:
            if sys.exc_info()[0] not in (None, SystemExit):
                sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
            os._exit(1)

    def _prepare(self, order: dict[str, Any]) -> None:
        self.libc.prctl(_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self.pid:
            os._exit(1)
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.closerange(3, 1024)
        os.environ.clear()
        os.environ.update(order["env"])
        os.chdir(order["cwd"])
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("900")
        if order["memory"]:
            resource.setrlimit(resource.RLIMIT_DATA, (order["memory"], order["memory"]))

    def reap(self) -> None:
        """Bury the dead, end what a dead kernel left running, and say which kernels have ended."""
        numbers = {pid: number for number, pid in self.kernels.items()}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in numbers:
                number = numbers[pid]
                del self.kernels[number]
                end_all(functools.partial(_family, pid, self.marks.pop(number)))
                self.say(exited=number, status=os.waitstatus_to_exitcode(status))


def _alone() -> bool:
    """Whether the build at the other end of the standard input is gone."""
    poll = select.poll()
    poll.register(0, select.POLLHUP)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


def _kernel(command: list[str]) -> None:
    """Run ``python -m ipykernel_launcher …`` in this very process."""
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    # ipykernel reads its parent from the environment while it is imported, which was in another process.
    sys.argv = [*command[command.index("-m") + 1 :], f"--IPKernelApp.parent_handle={os.getppid()}"]
    runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)


def _family(kernel: int, mark: str) -> list[psutil.Process]:
    """Processes that a kernel left: of its session, or with its mark in their environment."""
    left = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error, OSError):
            if os.getsid(process.pid) == kernel or process.environ().get(_MARK) == mark:
                left.append(process)
    return left


def end_all(find: Any, seconds: float = 5.0) -> None:
    """Kill what `find` lists until it lists nothing that lives."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        alive = [process for process in find() if _lives(process)]
        if not alive:
            return
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.01)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def main(modules: str, folders: list[str]) -> None:
    """Import what kernels share, serve, then leave nothing behind."""
    # The terminal's Ctrl-C goes to the build, which decides what becomes of the kernels.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        for name in filter(None, modules.split(",")):
            if _alone():
                return
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        gc.freeze()
        Server().serve()
    finally:
        end_all(lambda: psutil.Process().children(recursive=True))
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    del sys.path[0]
    main(sys.argv[1], sys.argv[2:])
