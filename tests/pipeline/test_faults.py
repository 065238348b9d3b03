"""The worst days of a build, through the command line: afterwards the truth is said and nothing is left or lost."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from county_metrics.pipeline.store import Store
from tests.small_project import RECORD, command, contents, notebook, params, run_command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc, which only Linux has")

NAMES = [f"r{number:02}" for number in range(20)]
SLEEPS = "61234 61235 61236".split()
# What a run does is read from a file, so that a run that was good goes bad and becomes good again.
BEGIN = """\
import os, signal, subprocess, sys, time
word, _, worth = Path(f"words/{text}.txt").read_text().partition(" ")
moment = Path(f"build/moment-{text}")
"""
WAYS = """\
if word == "print":
    for _ in range(100):
        print("x" * 1_000_000)
if word == "raise":
    raise ValueError("x" * 100_000_000)
if word == "endless":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        pass
if word == "allocate":
    held = []
    while True:
        held.append(bytearray(10_000_000))
if word == "array":
    import numpy
    numpy.ones(10**10)
if word == "exit":
    moment.write_text(repr(time.time()))
    os._exit(0)
if word == "close":
    sys.stdout.close()
    os.close(1)
    os.close(2)
if word == "malformed":
    display({payload.MIME: {"block": "table"}}, raw=True)
if word == "surrogate":
    print("\\ud800")
if word == "children":
    subprocess.Popen(["sleep", "61234"], start_new_session=True, env={})
    subprocess.Popen(["sleep", "61235"])
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execvpe("sleep", ["sleep", "61236"], {})
        os._exit(0)
if word == "hold":
    moment.touch()
    time.sleep(60)
"""
SLOW = 'time.sleep(30 if word == "slow" else 0)'
END = "total = int(worth)"


class Project:
    """Twenty light runs, a temporary folder of their own, and what is left over of a build."""

    def __init__(self, root):
        self.root, self.build = root, root / "build"
        self.temporary = Path(tempfile.mkdtemp(prefix="t"))
        self.numbers = dict.fromkeys(NAMES, 0)
        notebook(root / "notebooks" / "tiny.ipynb", BEGIN, WAYS, SLOW, SLOW, SLOW, END, RECORD)
        (root / "words").mkdir()
        for name in NAMES:
            params(root, name, f"notebook: notebooks/tiny.ipynb\nparameters: {{text: {name}}}\ninputs: [words]\n")
            self.say(name)

    def say(self, name, word="good"):
        """Give a run another word and another number."""
        self.numbers[name] += 1
        (self.root / "words" / f"{name}.txt").write_text(f"{word} {self.numbers[name]}", "utf-8")

    def report(self, *options):
        """Run a whole report; exit status, states and the whole summary."""
        status, out, err = run_command("report", "--json", *options, cwd=self.root, TMPDIR=str(self.temporary))
        assert "Traceback" not in err, err
        summary = json.loads(out.splitlines()[-1])
        assert summary["event"] == "summary"
        return status, {run["run"]: run["state"] for run in summary["runs"]}, {run["run"]: run for run in summary["runs"]}

    def start(self, *options, **environment):
        """Start a report."""
        return command("report", "--json", *options, cwd=self.root, TMPDIR=str(self.temporary), **environment)

    def kept(self, name):
        """The number that the last good result of a run holds."""
        return int(json.loads((self.build / "runs" / name / "results.json").read_text("utf-8"))["results"][0]["value"])

    def outputs(self):
        """Bytes of every good result."""
        return {name: contents(self.build / "runs" / name) for name in NAMES}

    def processes(self):
        """Processes that came from a build of this project, by what they are."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                ours = f"TMPDIR={self.temporary}".encode() in (folder / "environ").read_bytes().split(b"\0")
                if words != [b""] and (ours or (words[0] == b"sleep" and words[1].decode() in SLEEPS)):
                    found[int(folder.name)] = " ".join(word.decode() for word in words[:3])
        return found

    def left(self):
        """Whatever a build has left over."""
        return [*self.processes().values(), *self.temporary.iterdir(), *(self.build / "tmp").glob("*")]

    def nothing_left(self):
        """Wait ten seconds for the end of everything a build started."""
        end = time.monotonic() + 10
        while self.left() and time.monotonic() < end:
            time.sleep(0.05)
        assert self.left() == []
        assert Store(self.build).damaged() == []


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = Project(tmp_path_factory.mktemp("faults"))
    status, states, _ = made.report()
    assert (status, set(states.values())) == (0, {"done"})
    made.nothing_left()
    yield made
    for process in made.processes():
        os.kill(process, signal.SIGKILL)
    shutil.rmtree(made.temporary, ignore_errors=True)


ENDS = {
    "print": ("failed", "the notebook printed more than 20 MB; print less, or write it to a file"),
    "raise": ("failed", "ValueError: xxx"),
    "allocate": ("failed", "MemoryError: ; --memory, or fewer --jobs, allow a kernel more"),
    "array": ("failed", "--memory, or fewer --jobs, allow a kernel more"),
    "exit": ("died", "the kernel ended by itself"),
    "malformed": ("failed", "table"),
    "surrogate": ("failed", ""),
    "close": ("done", ""),
    "children": ("done", ""),
}


# Never near a limit, however busy the machine: only a run that hangs would reach these.
AMPLE = ("--timeout", "100", "--run-timeout", "200")


@pytest.fixture(scope="module")
def bad(project):
    """A build in which runs go bad in every way, and the one after it."""
    names = dict(zip(ENDS, NAMES, strict=False))
    before = project.outputs()
    for word, name in names.items():
        project.say(name, word)
    status, states, runs = project.report(*AMPLE, "--memory", "1.5")
    project.nothing_left()
    after = project.outputs()
    for name in names.values():
        project.say(name)
    return names, status, states, runs, before, after, project.report()


@pytest.mark.parametrize("word", ENDS)
def test_every_way_to_go_wrong_has_its_state_and_says_what_happened(bad, word):
    names, _, states, runs, *_ = bad
    state, message = ENDS[word]
    assert states[names[word]] == state
    assert message in runs[names[word]]["error"]
    assert len(runs[names[word]]["error"]) < 1000


def test_a_build_with_bad_runs_ends_with_status_1_and_the_others_well(bad):
    names, status, states, *_ = bad
    assert status == 1
    assert {state for name, state in states.items() if name not in names.values()} == {"up-to-date"}


def test_bad_runs_leave_earlier_results_untouched(bad):
    _, _, states, _, before, after, *_ = bad
    same = [name for name in NAMES if states[name] != "done"]
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


LIMITS = {
    "endless": (("--timeout", "1"), "a cell took longer than allowed"),
    "slow": (("--timeout", "100", "--run-timeout", "2"), "the notebook took longer than the 2 seconds allowed"),
}


@pytest.mark.parametrize("word", LIMITS)
def test_run_that_reaches_a_limit_ends_there(project, word):
    options, message = LIMITS[word]
    before = project.outputs()
    project.say("r19", word)
    status, states, runs = project.report("r19", *options)
    project.nothing_left()
    assert (status, states["r19"]) == (1, "timed-out")
    assert message in runs["r19"]["error"]
    assert project.outputs() == before
    project.say("r19")
    assert project.report("r19")[0] == 0


def test_what_went_wrong_is_run_again_and_nothing_else(bad):
    names, *_, (status, states, _) = bad
    assert status == 0
    assert {name for name, state in states.items() if state == "done"} == set(names.values())


def following(process):
    """The events of a build with the time at which each arrived, as they come."""
    events, ended = [], threading.Event()

    def read():
        for line in process.stdout:
            events.append((time.time(), json.loads(line)))
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    return events, ended


def first(events, seconds=30, **wanted):
    """Arrival of the first event that has these fields."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for moment, event in list(events):
            if wanted.items() <= event.items():
                return moment
        time.sleep(0.01)
    raise AssertionError(f"no event {wanted} in {[event for _, event in events]}")


@pytest.mark.parametrize("options", [(), ("--no-fork",)], ids=["forked", "not forked"])
def test_dead_kernel_is_noticed_within_three_seconds(project, options):
    for name in NAMES[:3]:
        project.say(name)
    project.say("r00", "exit")
    runner = project.start(*options)
    events, ended = following(runner)
    noticed = first(events, run="r00", state="died")
    assert noticed - float((project.build / "moment-r00").read_text("utf-8")) < 3
    assert ended.wait(30)
    assert runner.wait(10) == 1
    project.nothing_left()
    assert [project.kept(name) for name in NAMES[1:3]] == [project.numbers[name] for name in NAMES[1:3]]


@pytest.mark.parametrize(
    ("number", "times"), [(signal.SIGINT, 2), (signal.SIGTERM, 1), (signal.SIGHUP, 1)], ids=["Ctrl-C twice", "SIGTERM", "SIGHUP"]
)
def test_build_that_is_told_to_stop_stops_within_three_seconds(project, number, times):
    (project.build / "moment-r00").unlink(missing_ok=True)
    before = project.outputs()
    project.say("r00", "hold")
    runner = project.start("r00")
    events, ended = following(runner)
    first(events, run="r00", state="running", done=2)
    while not (project.build / "moment-r00").exists():
        time.sleep(0.01)
    sent = time.time()
    for _ in range(times):
        runner.send_signal(number)
        time.sleep(0.05)
    assert first(events, run="r00", state="interrupted") - sent < 3
    assert ended.wait(10)
    assert runner.wait(10) in (1, 130, 128 + number)
    assert "Traceback" not in runner.stderr.read()
    project.nothing_left()
    assert project.outputs() == before


def children(pid):
    """Processes below another, by process id."""
    try:
        lines = [Path(f"/proc/{pid}/task/{task.name}/children") for task in Path(f"/proc/{pid}/task").iterdir()]
        return [int(child) for path in lines for child in path.read_text("ascii").split()]
    except OSError:
        return []


def strike(runner, target, seconds):
    """Kill the runner, its server or one of its kernels some time after its start, as soon as there is one."""
    time.sleep(seconds)
    while runner.poll() is None:
        server = [child for child in children(runner.pid) if b"forkserver" in Path(f"/proc/{child}/cmdline").read_bytes()]
        kernels = [kernel for process in server for kernel in children(process)]
        victim = {"runner": [runner.pid], "server": server, "kernel": kernels}[target]
        if victim:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim[0], signal.SIGKILL)
            return
        time.sleep(0.005)


BLOWS = [
    ("runner", 4.0),
    ("server", 4.0),
    ("runner", 5.0),
    ("kernel", 3.0),
    ("runner", 6.0),
    ("server", 2.0),
    ("runner", 3.0),
    ("kernel", 5.0),
    ("runner", 1.0),
    ("server", 6.0),
]


def test_kills_at_random_moments_lose_nothing_and_leave_nothing(project):
    chance = random.Random(230)
    for target, most in BLOWS:
        changed = chance.sample(NAMES, 8)
        earlier = {name: (project.kept(name), contents(project.build / "runs" / name)) for name in NAMES}
        for name in changed:
            project.say(name)
        moment = chance.uniform(0.1, most)
        with project.start() as runner:
            blow = threading.Thread(target=strike, args=[runner, target, moment])
            blow.start()
            out, err = runner.communicate(timeout=60)
            blow.join()
        about = f"{target} killed after {moment:.2f} s"
        assert "Traceback" not in err, about
        project.nothing_left()
        for name, (number, files) in earlier.items():
            now = project.kept(name)
            assert now in (number, project.numbers[name]), about
            assert contents(project.build / "runs" / name).keys() == files.keys(), about
            assert now != number or contents(project.build / "runs" / name) == files, about
        if target != "runner":
            states = {run["run"]: run["state"] for run in json.loads(out.splitlines()[-1])["runs"]}
            assert {name for name in NAMES if project.kept(name) != project.numbers[name]} == {
                name for name, state in states.items() if state not in ("done", "up-to-date")
            }, about
            assert set(states.values()) <= {"done", "up-to-date", "died"}, about
            assert runner.returncode == (1 if "died" in states.values() else 0), about
    missing = {name for name in NAMES if project.kept(name) != project.numbers[name]}
    status, states, _ = project.report()
    assert status == 0
    assert {name for name, state in states.items() if state == "done"} == missing
    assert {name: project.kept(name) for name in NAMES} == project.numbers
    project.nothing_left()


# Imported by every Python at its start: once a build is under way, the clock on the wall is set to another time.
JUMP = """
import time, pathlib
true, parts, jumped = time.time, time.gmtime, pathlib.Path({mark!r})
def told():
    return true() + ({by} if jumped.exists() else 0)
time.time, time.time_ns = told, lambda: int(told() * 1e9)
time.gmtime = lambda moment=None: parts(told() if moment is None else moment)
"""


@pytest.mark.parametrize("by", [31_536_000, -31_536_000], ids=["a year on", "a year back"])
def test_clock_that_jumps_during_a_build_does_no_harm(project, tmp_path, by):
    mark = tmp_path / "jumped"
    (tmp_path / "sitecustomize.py").write_text(JUMP.format(mark=str(mark), by=by), "utf-8")
    for name in NAMES[:6]:
        project.say(name)
    runner = project.start(PYTHONPATH=str(tmp_path))
    events, ended = following(runner)
    first(events, state="done")
    mark.touch()
    assert ended.wait(60)
    assert runner.wait(10) == 0
    project.nothing_left()
    states = {run["run"]: run["state"] for run in events[-1][1]["runs"]}
    assert {name for name, state in states.items() if state == "done"} == set(NAMES[:6])
    assert {name: project.kept(name) for name in NAMES} == project.numbers
    finished = [json.loads((project.build / "runs" / name / "run.json").read_text("utf-8"))["finished"][:4] for name in NAMES[:6]]
    assert len(set(finished)) == 2, "the clock did not jump"
    status, states, _ = project.report()
    assert (status, set(states.values())) == (0, {"up-to-date"})


def test_no_time_of_a_file_makes_work(project):
    for moment in (631152000, 2208988800):
        for path in [*project.root.glob("words/*"), *project.root.glob("params/*"), *project.root.glob("notebooks/*")]:
            os.utime(path, (moment, moment))
        status, out, _ = run_command("report", "--dry-run", cwd=project.root)
        assert status == 0
        assert out.count("nothing to do (up to date)\n") == len(NAMES)


def test_entry_that_was_cut_short_is_made_again(project):
    path = project.build / "runs" / "r05" / "notebook.ipynb"
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    _, states, _ = project.report()
    assert [name for name, state in states.items() if state == "done"] == ["r05"]
    assert path.read_bytes() == whole


def test_flipped_byte_is_found_by_check_and_made_again(project):
    path = project.build / "runs" / "r06" / "results.json"
    whole, status = path.read_bytes(), path.stat()
    path.write_bytes(whole.replace(b"total", b"totak", 1))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    found = run_command("check", cwd=project.root)
    shown = path.resolve().relative_to(project.root.resolve()) if path.exists() else "results.json"
    assert found[0] == 1
    assert "results.json: damaged; set aside, the next 'county-metrics report' makes it anew" in found[1], shown
    code, states, _ = project.report()
    assert (code, [name for name, state in states.items() if state == "done"]) == (0, ["r06"])
    assert path.read_bytes() == whole
    assert run_command("check", cwd=project.root)[:2] == (0, "all well\n")


@contextlib.contextmanager
def mounted(folder, options):
    """A small disk in the place of a folder; only root can have one."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def small(tmp_path):
    """Three runs in a project of their own."""
    temporary = Path(tempfile.mkdtemp(prefix="t"))
    notebook(tmp_path / "notebooks" / "tiny.ipynb", "total = len('x' * 3)\nprint('x' * 300_000)", RECORD)
    for name in NAMES[:3]:
        params(tmp_path, name, f"notebook: notebooks/tiny.ipynb\nparameters: {{text: {name}}}\n")
    yield tmp_path, temporary
    shutil.rmtree(temporary)


@pytest.mark.parametrize("size", [4, 64, 800, 2600], ids="{}k".format)
def test_full_disk_is_said_and_what_was_written_is_whole(small, size):
    root, temporary = small
    with mounted(root / "build", f"size={size}k"):
        status, out, err = run_command("report", cwd=root, TMPDIR=str(temporary))
        assert (status, "Traceback" in err) == (1, False), err
        assert "no space left on device" in out + err
        assert list(temporary.iterdir()) == []
        assert list((root / "build" / "tmp").glob("*")) == []
        assert Store(root / "build").damaged() == []
        subprocess.run(["mount", "-o", "remount,size=50m", str(root / "build")], check=True)
        finished = {path.name for path in (root / "build" / "runs").glob("*") if (path / "run.json").is_file()}
        status, out, err = run_command("report", cwd=root, TMPDIR=str(temporary))
        assert status == 0, out + err
        assert f"{3 - len(finished)} executed, {len(finished)} up to date, 0 not finished" in out


def test_build_folder_that_may_only_be_read_is_said(small):
    root, temporary = small
    with mounted(root / "build", "size=5m,ro"):
        status, out, err = run_command("report", cwd=root, TMPDIR=str(temporary))
        assert (status, out) == (1, "")
        assert err == f"{root.resolve()}/build: cannot be written (read-only file system); free or unlock it and run again\n"
        assert run_command("report", "--dry-run", cwd=root)[0] == 0
    assert list(temporary.iterdir()) == []
