"""Kernels of a build: started, watched and ended by the fork server, whatever becomes of the build."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, cast

from jupyter_client.provisioning import LocalProvisioner

from county_metrics.pipeline.engine import Session

# What most notebooks import; county_metrics itself stays out, since what a run uses of it belongs to the run's trace.
SHARED = """
ipykernel.kernelapp ipykernel.ipkernel ipykernel.debugger IPython.core.completerlib IPython.extensions.storemagic
tornado.platform.asyncio sqlite3 tomllib encodings.utf_8_sig encodings.idna encodings.utf_16_be
pandas statsmodels.api seaborn matplotlib.backends.backend_svg matplotlib.backends.backend_agg yaml
""".split()
MARK = "COUNTY_METRICS_KERNEL"
_SERVER = Path(__file__).with_name("forkserver.py")


class Kernel:
    """A kernel process as jupyter_client sees one (the part of `subprocess.Popen` that it uses)."""

    stdin = stdout = stderr = None

    def __init__(self, server: Server, number: int) -> None:
        self._server, self._number = server, number
        self.pid = 0
        self.returncode: int | None = None
        self.started, self.ended = threading.Event(), threading.Event()

    def poll(self) -> int | None:
        """Exit status, or None while it lives."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its end."""
        self.ended.wait(timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        self._server.order(number=self._number, signal=int(number))

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def end(self, status: int) -> None:
        """Take note that it has ended."""
        self.returncode = status
        self.started.set()
        self.ended.set()


class Server:
    """One process that starts kernels; gone with everything it started when this process ends in any way.

    Parameters
    ----------
    folders : list of Path
        Removed by the server at its end.
    fork : bool
        Fork kernels from a process that has imported what they share, instead of starting each from nothing.
    environment : dict
        Variables every kernel starts with; libraries read some of them while they are imported.
    memory : int or None
        Bytes of data a kernel may hold.
    """

    def __init__(self, folders: list[Path], *, fork: bool, environment: dict[str, str], memory: int | None = None) -> None:
        self.fork, self.memory = fork, memory
        self._folders, self._environment = folders, os.environ | environment
        self._count = itertools.count(1)
        self._kernels: dict[int, Kernel] = {}
        self._writing, self._starting = threading.Lock(), threading.Lock()
        self._mark = f"{folders[-1].name}:"
        self._lost = False
        self._start()

    def _start(self) -> None:
        self.alive = True
        self._process = subprocess.Popen(
            [sys.executable, str(_SERVER), ",".join(SHARED) if self.fork else "", *map(str, self._folders)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._listen, args=[self._process], daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            if "launched" in said:
                kernel = self._kernels[said["launched"]]
                kernel.pid = said["pid"]
                kernel.started.set()
            elif "exited" in said:
                self._kernels.pop(said["exited"]).end(said["status"])
        self.alive = False
        # Its kernels die with it: the system sees to that.
        for number in list(self._kernels):
            self._kernels.pop(number).end(-signal.SIGKILL)

    def order(self, **fields: Any) -> None:
        """Send the server a line; a server that is gone needs none."""
        assert self._process.stdin is not None
        with self._writing, contextlib.suppress(OSError, ValueError):
            self._process.stdin.write((json.dumps(fields) + "\n").encode())
            self._process.stdin.flush()

    def launch(self, command: list[str], env: dict[str, str], cwd: str) -> Kernel:
        """Start a kernel: a fork where it is this Python's own kernel, else its command."""
        with self._starting:
            if not self.alive:
                self._lost = True
                self._start()
        number = next(self._count)
        kernel = self._kernels[number] = Kernel(self, number)
        own = command[0] == sys.executable and "ipykernel_launcher" in command
        marked = env | {MARK: f"{self._mark}{number}"}
        log = str(Path(env["IPYTHONDIR"]).with_name("log"))
        self.order(launch=number, command=command, env=marked, cwd=cwd, fork=self.fork and own, memory=self.memory, log=log)
        while not kernel.started.wait(0.2):
            if not self.alive:
                kernel.end(-signal.SIGKILL)
        return kernel

    def close(self) -> None:
        """End the server and everything it started."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._lost or self._process.returncode:
            self._end_strays()

    def _end_strays(self) -> None:
        """After a server was killed: what its kernels had started is no child of any server, but bears the mark."""
        import psutil

        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(MARK, "").startswith(self._mark):
                    process.kill()


class ServedProvisioner(LocalProvisioner):
    """Kernel of a `Server`, for jupyter_client."""

    session: Session

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel; called by jupyter_client."""
        assert self.session.server is not None
        self.process: Any = self.session.server.launch(cmd, kwargs["env"], str(kwargs["cwd"]))
        self.pid = self.process.pid
        self.session.started_in(self.process)
        return self.connection_info

    async def send_signal(self, signum: int) -> None:
        """Send the kernel a signal; called by jupyter_client, which would interrupt a kernel before it kills it."""
        if self.process is not None and signum != signal.SIGINT:
            self.process.send_signal(signum)

    async def wait(self) -> int | None:
        """Wait for the end of the kernel; called by jupyter_client."""
        kernel, self.process = self.process, None
        while kernel is not None and kernel.poll() is None:
            await asyncio.sleep(0.005)
        return cast("int | None", kernel and kernel.poll())


def serve(folders: list[Path], *, fork: bool, environment: dict[str, str], memory: int | None) -> Server | None:
    """A server where this system can hold one (Linux); None elsewhere, where jupyter_client starts kernels itself."""
    if sys.platform != "linux":
        return None
    try:
        return Server(folders, fork=fork, environment=environment, memory=memory)
    except OSError:
        return None


def memory_share(kernels: int) -> int:
    """Bytes that each of several kernels may hold so that together they leave a fifth of the memory free."""
    import psutil

    total = psutil.virtual_memory().total
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            total = min(total, int(Path(limit).read_text("ascii")))
    return int(total * 0.8 / kernels)
