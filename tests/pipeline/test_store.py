"""The build folder: write-once entries, links swapped in one step, one builder at a time."""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from county_metrics.errors import RunnerError
from county_metrics.pipeline.digest import digest, file_digest
from county_metrics.pipeline.store import Store, point, write_json, write_text
from tests.small_project import contents

KEY = "k" * 64
STATIC = digest({"code": ""})


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "build")


def keep(store, text="good", key=KEY, run="a", code=""):
    """Keep a finished run; `code` stands for the code of its notebook."""
    static = {"code": code}
    with store.scratch() as scratch:
        work = scratch / "work"
        (work / "data").mkdir(parents=True)
        (work / "data" / "a.csv").write_text(text, "utf-8")
        trace = {"files": ["a"], "folders": [], "modules": []}
        entry = store.keep(work, key, digest(static), trace, {"run": run, "static": static, "touched": []})
    store.link(run, entry)
    return entry


@pytest.fixture
def held(store):
    with store.locked(lambda: None):
        yield store


def test_kept_entry_is_found_with_its_record_and_trace(held):
    entry = keep(held)
    found, run = held.find(KEY)
    assert (found, run["run"], run["key"]) == (entry, "a", KEY)
    assert held.trace(STATIC) == {"files": ["a"], "folders": [], "modules": []}


def test_unknown_key_is_not_found(held):
    assert held.find("0" * 64) is None
    assert held.trace("0" * 64) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: (entry / "data" / "a.csv").write_text("g", "utf-8"),
        lambda entry: (entry / "data" / "a.csv").unlink(),
        lambda entry: (entry / "run.json").write_text("{", "utf-8"),
        lambda entry: (entry / "run.json").unlink(),
    ],
    ids=["file truncated", "file gone", "listing truncated", "listing gone"],
)
def test_damaged_entry_is_not_found_and_can_be_kept_again(held, damage):
    entry = keep(held)
    damage(entry)
    assert held.find(KEY) is None
    assert keep(held) == entry
    assert held.find(KEY)[0] == entry


def test_file_with_another_time_and_the_same_bytes_is_found_and_gets_its_time_back(held):
    path = keep(held) / "data" / "a.csv"
    time = path.stat().st_mtime_ns
    os.utime(path, ns=(0, 0))
    assert held.find(KEY) is not None
    assert path.stat().st_mtime_ns == time


def test_file_with_other_bytes_of_the_same_size_is_not_found(held):
    (keep(held) / "data" / "a.csv").write_text("evil", "utf-8")
    assert held.find(KEY) is None


@pytest.mark.parametrize(
    "spoil", [{"files": [1]}, {"files": {"data/a.csv": 4}}, {"files": {"data/a.csv": ["4", 0, ""]}}, None, []]
)
def test_record_that_makes_no_sense_is_a_damaged_entry(held, spoil):
    entry = keep(held)
    run = json.loads((entry / "run.json").read_text("utf-8"))
    (entry / "run.json").write_text(json.dumps(run | spoil if isinstance(spoil, dict) else spoil), "utf-8")
    assert held.find(KEY) is None
    (file,) = held.damaged()
    assert entry in file.parents


def flip(path):
    """Change one byte of a file and give it its old time."""
    content, time = bytearray(path.read_bytes()), path.stat().st_mtime_ns
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(time, time))


def test_flipped_byte_is_damage_even_with_the_old_time(held):
    path = keep(held) / "data" / "a.csv"
    assert held.damaged() == []
    flip(path)
    assert held.find(KEY) is not None
    assert held.damaged() == [path]


def site(store):
    folder = store.build / "sites" / KEY
    folder.mkdir(parents=True)
    write_text(folder / "index.html", "page")
    files = {"index.html": {"bytes": 4, "sha256": file_digest(folder / "index.html")}}
    write_json(folder / "manifest.json", {"files": files})
    point(store.build / "report", folder)
    return folder


def test_damage_of_the_site_is_found_and_set_aside(held):
    keep(held)
    flip(site(held) / "index.html")
    (page,) = held.damaged()
    assert page.name == "index.html"
    held.set_aside(page)
    assert not (held.build / "report").is_symlink()
    assert list((held.build / "sites").iterdir()) == []
    assert held.find(KEY) is not None


def test_damaged_entry_that_is_set_aside_takes_its_links_along_and_no_other(held):
    entry, other = keep(held), keep(held, "other", "b" * 64, "b")
    held.link("same", entry)
    flip(entry / "data" / "a.csv")
    for file in held.damaged():
        held.set_aside(file)
    assert not entry.exists()
    assert [link.name for link in held.runs.iterdir()] == ["b"]
    assert (held.runs / "b").resolve() == other.resolve()
    assert held.damaged() == []


def test_damage_is_set_aside_where_the_build_folder_is_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "build").symlink_to(tmp_path / "disk")
    store = Store(tmp_path / "build")
    flip(keep(store) / "data" / "a.csv")
    for file in store.damaged():
        store.set_aside(file)
    assert store.damaged() == []


def test_prune_keeps_the_newest_results_of_each_run_and_what_they_need(held):
    for number in range(4):
        keep(held, key=str(number) * 64, code=str(number))
    keep(held, key="b" * 64, run="b", code="b")
    assert held.prune(2) == 2
    assert sorted(entry.name[0] for entry in held.entries.iterdir()) == ["2", "3", "b"]
    assert sorted(path.stem for path in held.traces.iterdir()) == sorted(digest({"code": code}) for code in "23b")


def test_prune_keeps_what_is_shown_however_old(held):
    first = keep(held, key="1" * 64)
    keep(held, key="2" * 64)
    keep(held, key="3" * 64)
    held.link("a", first)
    assert held.prune(1) == 1
    assert sorted(entry.name[0] for entry in held.entries.iterdir()) == ["1", "3"]


def test_prune_removes_entries_that_are_not_whole(held):
    keep(held)
    for number, text in enumerate(["", "{}", "[]", '{"run": "a"}']):
        (held.entries / str(number)).mkdir()
        (held.entries / str(number) / "run.json").write_text(text, "utf-8")
    assert held.prune(1) == 4
    assert held.find(KEY) is not None


def test_builder_that_waits_for_an_emptied_folder_begins_anew(store):
    waiting, entered = threading.Event(), []

    def second():
        with store.locked(waiting.set):
            entered.append(keep(store).is_dir())

    with store.locked(lambda: None):
        keep(store)
        other = threading.Thread(target=second)
        other.start()
        assert waiting.wait(10)
        store.empty()
        assert not store.build.exists()
    other.join(10)
    assert entered == [True]
    assert store.find(KEY) is not None


def test_emptying_takes_files_links_and_folders(held):
    keep(held)
    site(held)
    held.empty()
    assert not held.build.exists()


def test_emptying_works_where_the_build_folder_is_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "build").symlink_to(tmp_path / "disk")
    store = Store(tmp_path / "build")
    with store.locked(lambda: None):
        keep(store)
        store.empty()
    assert not list((tmp_path / "disk").iterdir())


def test_damaged_trace_is_no_trace(held):
    keep(held)
    (held.traces / f"{STATIC}.json").write_text("{", "utf-8")
    assert held.trace(STATIC) is None


def test_link_is_relative_and_follows_the_latest_entry(held):
    held.link("run", keep(held))
    held.link("run", keep(held, "better", "b" * 64))
    link = held.runs / "run"
    assert os.readlink(link) == os.path.join("..", "store", "b" * 64)
    assert (link / "data" / "a.csv").read_text("utf-8") == "better"


def test_link_takes_the_place_of_a_folder(tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "old").write_text("old", "utf-8")
    point(tmp_path / "link", tmp_path / "target")
    assert (tmp_path / "link").is_symlink()


def test_copy_stands_in_where_links_cannot_be_had(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError("no links here")

    monkeypatch.setattr("pathlib.Path.symlink_to", refuse)
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "a").write_text("new", "utf-8")
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "b").write_text("old", "utf-8")
    point(tmp_path / "link", tmp_path / "target")
    assert contents(tmp_path / "link") == {"a": b"new"}


def test_failure_is_kept_beside_and_forgotten(held):
    entry = keep(held)
    held.link("run", entry)
    for message in ("first", "second"):
        with held.scratch() as scratch:
            work = scratch / "work"
            work.mkdir()
            held.keep_failure(work, "run", {"error": message})
    assert "second" in (held.failed / "run" / "run.json").read_text("utf-8")
    assert (held.runs / "run").resolve() == entry.resolve()
    held.forget_failure("run")
    assert not (held.failed / "run").exists()


def test_scratch_folders_are_gone_at_the_end_even_after_an_error(held):
    seen = []

    def fail():
        with held.scratch() as scratch:
            seen.append((scratch / "sockets").read_text("utf-8"))
            seen.append(os.path.isdir(seen[0]))
            raise ZeroDivisionError("division")

    with pytest.raises(ZeroDivisionError, match="division"):
        fail()
    assert seen[1]
    assert not os.path.exists(seen[0])
    assert not (held.build / "tmp").exists()


def test_no_folder_is_left_where_the_disk_is_full(held, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OSError, match="No space left on device"), held.scratch():
        pass
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not (held.build / "tmp").exists()


def test_note_of_sockets_that_is_cut_short_removes_no_other_folder(store, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    left = store.build / "tmp" / "1-left"
    left.mkdir(parents=True)
    (left / "sockets").write_text(str(other), "utf-8")
    with store.locked(lambda: None):
        assert not left.exists()
    assert other.is_dir()


def test_what_a_killed_builder_left_goes_by_itself(store, tmp_path):
    code = "import os, sys; from pathlib import Path; from county_metrics.pipeline.store import Store\n"
    code += "store = Store(Path(sys.argv[1]))\nwith store.locked(print), store.scratch() as folder:\n"
    code += "    print((folder / 'sockets').read_text(), flush=True); os._exit(9)"
    done = subprocess.run([sys.executable, "-c", code, str(store.build)], capture_output=True, text=True, timeout=60)
    left, end = done.stdout.strip(), time.monotonic() + 10
    assert left
    while os.path.isdir(left) and time.monotonic() < end:
        time.sleep(0.02)
    assert not os.path.exists(left)
    assert not list((store.build / "tmp").glob("*"))


def test_what_was_left_when_nobody_could_sweep_is_swept_by_the_next(store):
    sockets = Path(tempfile.mkdtemp(prefix="cm-"))
    left = store.build / "tmp" / "1-left"
    left.mkdir(parents=True)
    (left / "sockets").write_text(str(sockets), "utf-8")
    with store.locked(lambda: None):
        assert not sockets.exists()
        assert not left.exists()


def test_second_builder_waits_and_says_so_once(store):
    said, entered, order = [], threading.Event(), []

    def second():
        with store.locked(lambda: (said.append("waiting"), entered.set())):
            order.append("second")

    with store.locked(lambda: said.append("wrong")):
        other = threading.Thread(target=second)
        other.start()
        assert entered.wait(10)
        order.append("first")
    other.join(10)
    assert (order, said) == (["first", "second"], ["waiting"])


def test_build_folder_that_cannot_be_made_is_an_error_that_says_what_to_do(tmp_path):
    (tmp_path / "build").write_text("a file", "utf-8")
    with (
        pytest.raises(RunnerError, match=re.escape("build: cannot be written (file exists); free or unlock it and run again")),
        Store(tmp_path / "build").locked(lambda: None),
    ):
        pass


def test_text_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_text(path, "good")

    def full(*arguments, **options):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="no space left"):
        write_text(path, "half")
    assert path.read_text("utf-8") == "good"
