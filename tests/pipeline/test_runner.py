"""Runs in real kernels: what ran is said, what failed says so, and what was good stays."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest

from tests.small_project import RECORD, build, command, contents, notebook, params, planned, run_command

COUNTED = """\
with open(f"{text}.log", "a") as log:
    log.write("ran\\n")
total = int(Path(f"{text}.txt").read_text())
"""
MODES = """\
import os, time
if mode == "die":
    os._exit(1)
if mode == "sleep":
    time.sleep(60)
if Path("switch.txt").read_text() == "bad":
    raise ValueError("the switch is <bad>")
total = 1
"""
HELD = """\
import os, time
Path(f"{text}.pid").write_text(str(os.getpid()))
while os.path.exists("hold"):
    time.sleep(0.05)
total = 1
"""


def executions(root, name):
    path = root / f"{name}.log"
    return len(path.read_text("utf-8").splitlines()) if path.exists() else 0


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def temporary():
    """A temporary folder of its own, with a path short enough for sockets."""
    folder = tempfile.mkdtemp(prefix="t")
    yield Path(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """Two runs, each of which reads a file of its own, executed once."""
    root = tmp_path_factory.mktemp("counted")
    notebook(root / "notebooks" / "tiny.ipynb", COUNTED, RECORD)
    for name in ("a", "b"):
        params(root, name, f"notebook: notebooks/tiny.ipynb\nparameters:\n  text: {name}\n")
        (root / f"{name}.txt").write_text("1", "utf-8")
    return root, build(root)


def test_first_build_executes_every_run_and_keeps_its_results(counted):
    root, first = counted
    assert first.states == {"a": "done", "b": "done"}
    kept = json.loads((root / "build" / "runs" / "a" / "results.json").read_text("utf-8"))
    assert kept["parameters"] == {"text": "a"}
    assert [(row["name"], row["value"]) for row in kept["results"]] == [("total", "1")]


def test_run_json_names_what_the_run_read(counted):
    content = json.loads((counted[0] / "build" / "runs" / "a" / "run.json").read_text("utf-8"))["content"]
    assert "a.txt" in content
    assert "b.txt" not in content
    assert "package:present/payload.py" in content


def test_no_path_of_the_machine_enters_an_output(counted):
    root, _ = counted
    assert not [name for name, data in contents(root / "build" / "store").items() if str(root).encode() in data]


def test_second_build_executes_nothing(counted):
    root, _ = counted
    before = executions(root, "a"), executions(root, "b")
    assert build(root).states == {"a": "up-to-date", "b": "up-to-date"}
    assert (executions(root, "a"), executions(root, "b")) == before


def test_change_of_a_file_reruns_only_who_reads_it(counted):
    root, _ = counted
    before = executions(root, "a"), executions(root, "b")
    (root / "a.txt").write_text("2", "utf-8")
    old, new = (hashlib.sha256(content).hexdigest()[:8] for content in (b"1", b"2"))
    assert planned(root) == {"a": f"changed: a.txt: {old} → {new}", "b": ""}
    assert build(root).states == {"a": "done", "b": "up-to-date"}
    assert (executions(root, "a"), executions(root, "b")) == (before[0] + 1, before[1])
    (root / "a.txt").write_text("1", "utf-8")
    assert build(root).states == {"a": "up-to-date", "b": "up-to-date"}
    assert executions(root, "a") == before[0] + 1


def test_damaged_entry_is_executed_again(counted):
    root, _ = counted
    path = root / "build" / "runs" / "b" / "notebook.ipynb"
    whole, ran = path.read_bytes(), executions(root, "b")
    path.write_bytes(whole[:100])
    assert build(root).states == {"a": "up-to-date", "b": "done"}
    assert (path.read_bytes(), executions(root, "b")) == (whole, ran + 1)


def test_nothing_temporary_is_left_after_a_build(counted):
    assert not (counted[0] / "build" / "tmp").exists()


@pytest.fixture(scope="module")
def modes(tmp_path_factory):
    """Runs that end in every way, after a first build in which two of them were good."""
    root = tmp_path_factory.mktemp("modes")
    ways = 'Choice["switch", "die", "sleep", "good"]'
    notebook(root / "notebooks" / "modes.ipynb", MODES, RECORD, parameters=f'mode: {ways} = "good"\ntext: str = "a"')
    notebook(root / "notebooks" / "silent.ipynb", "total = 1")
    (root / "switch.txt").write_text("good", "utf-8")
    params(root, "switch", "notebook: notebooks/modes.ipynb\nparameters: {mode: switch}\n")
    assert build(root).states == {"switch": "done"}
    earlier = os.readlink(root / "build" / "runs" / "switch"), contents(root / "build" / "runs" / "switch")
    (root / "switch.txt").write_text("bad", "utf-8")
    for mode in ("die", "sleep"):
        params(root, mode, f"notebook: notebooks/modes.ipynb\nparameters: {{mode: {mode}}}\n")
    params(root, "silent", "notebook: notebooks/silent.ipynb\n")
    notebook(root / "notebooks" / "well.ipynb", "total = 1", RECORD)
    params(root, "well", "notebook: notebooks/well.ipynb\n")
    return root, build(root, cell=6), earlier


def test_every_end_has_its_own_state(modes):
    assert modes[1].states == {"die": "died", "silent": "failed", "sleep": "timed-out", "switch": "failed", "well": "done"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("die", "the kernel ended by itself (killed, out of memory, or the notebook ended it)"),
        ("sleep", "a cell took longer than allowed"),
        ("switch", "ValueError: the switch is <bad>"),
        ("silent", "the notebook recorded no results; end it with a cell that shows cm.record(...)"),
        ("well", ""),
    ],
)
def test_message_says_what_happened(modes, name, message):
    assert modes[1].outcomes[name].error == message


def test_failure_leaves_earlier_output_and_link_untouched(modes):
    root, _, (link, files) = modes
    assert os.readlink(root / "build" / "runs" / "switch") == link
    assert contents(root / "build" / "runs" / "switch") == files


def test_failed_run_without_earlier_output_has_no_link(modes):
    assert not (modes[0] / "build" / "runs" / "die").exists()


@pytest.mark.parametrize("name", ["die", "silent", "sleep", "switch"])
def test_what_a_failed_run_left_is_kept_beside(modes, name):
    kept = json.loads((modes[0] / "build" / "failed" / name / "run.json").read_text("utf-8"))
    assert kept["state"] == modes[1].states[name]
    assert (modes[0] / "build" / "failed" / name / "notebook.ipynb").is_file()


def test_cells_after_the_end_of_a_kernel_were_not_executed(modes):
    kept = json.loads((modes[0] / "build" / "failed" / "die" / "notebook.ipynb").read_text("utf-8"))
    last = [cell for cell in kept["cells"] if cell["cell_type"] == "code"][-1]
    assert (last["execution_count"], last["outputs"]) == (None, [])


def test_dead_kernel_is_noticed_at_once(modes):
    assert modes[1].outcomes["die"].seconds < 15


def test_report_of_failures_has_status_1_and_a_page_for_each(modes, temporary):
    root, _, _ = modes
    for name in ("sleep", "silent"):
        (root / "params" / f"{name}.yaml").unlink(missing_ok=True)
    status, out, _ = run_command("report", cwd=root, TMPDIR=str(temporary))
    assert status == 1
    assert "FAILED switch: ValueError: the switch is <bad>" in out
    assert "DIED die: the kernel ended by itself" in out
    page = (root / "build" / "report" / "runs" / "switch-error.html").read_text("utf-8")
    assert "ValueError: the switch is &lt;bad&gt;" in page
    assert "not executed" in page
    assert "This run did not finish" in page
    assert "switch-error.html" in (root / "build" / "report" / "index.html").read_text("utf-8")
    assert "shows the last good one" in (root / "build" / "report" / "runs" / "switch.html").read_text("utf-8")
    assert list(temporary.iterdir()) == []


def held_project(root):
    notebook(root / "notebooks" / "tiny.ipynb", HELD, RECORD)
    for name in ("early", "late"):
        params(root, name, f"notebook: notebooks/tiny.ipynb\nparameters:\n  text: {name}\n")
    return root


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc, which this system lacks")
def test_killed_runner_loses_nothing_and_leaves_nothing(tmp_path, temporary):
    root = held_project(tmp_path)
    assert build(root, ["early"]).states == {"early": "done"}
    earlier = contents(root / "build" / "runs" / "early")
    (root / "hold").touch()
    runner = command("report", cwd=root, TMPDIR=str(temporary))
    wait_for((root / "late.pid").exists)
    kernel = int((root / "late.pid").read_text("utf-8"))
    assert alive(kernel)
    os.kill(runner.pid, signal.SIGKILL)
    runner.communicate(timeout=20)
    wait_for(lambda: not alive(kernel), seconds=10)
    assert contents(root / "build" / "runs" / "early") == earlier
    assert not (root / "build" / "runs" / "late").exists()
    (root / "hold").unlink()
    status, out, err = run_command("report", cwd=root, TMPDIR=str(temporary))
    assert (status, err) == (0, "")
    assert "1 executed, 1 up to date, 0 not finished" in out
    assert contents(root / "build" / "runs" / "early") == earlier
    assert list(temporary.iterdir()) == []
    assert not (root / "build" / "tmp").exists()


def test_second_of_two_builds_waits_and_both_end_well(tmp_path):
    root = held_project(tmp_path)
    (root / "params" / "early.yaml").unlink()
    (root / "hold").touch()
    with contextlib.ExitStack() as processes:
        first = processes.enter_context(command("report", cwd=root))
        wait_for((root / "late.pid").exists)
        second = processes.enter_context(command("report", cwd=root))
        assert second.stdout.readline() == "another build is at work in this folder; waiting for it to end\n"
        (root / "hold").unlink()
        ends = [process.communicate(timeout=60) for process in (first, second)]
        assert (first.returncode, second.returncode) == (0, 0)
    assert "1 executed, 0 up to date, 0 not finished" in ends[0][0]
    assert "0 executed, 1 up to date, 0 not finished" in ends[1][0]
    assert (root / "build" / "report" / "index.html").is_file()


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a POSIX signal")
def test_interrupted_build_says_so_and_keeps_what_was_good(tmp_path, temporary):
    root = held_project(tmp_path)
    (root / "params" / "early.yaml").unlink()
    (root / "hold").touch()
    runner = command("report", cwd=root, TMPDIR=str(temporary))
    wait_for((root / "late.pid").exists)
    runner.send_signal(signal.SIGINT)
    out, _ = runner.communicate(timeout=30)
    assert runner.returncode == 1
    assert "INTERRUPTED late: stopped by the keyboard" in out
    wait_for(lambda: not alive(int((root / "late.pid").read_text("utf-8"))), seconds=10)
    assert list(temporary.iterdir()) == []
