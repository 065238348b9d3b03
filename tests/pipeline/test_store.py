"""The build folder: write-once entries, links swapped in one step, one builder at a time."""

import os
import re
import subprocess
import sys
import threading

import pytest

from county_metrics.errors import RunnerError
from county_metrics.pipeline.store import Store, point, write_text
from tests.small_project import contents

KEY, STATIC = "k" * 64, "s" * 64


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "build")


def keep(store, text="good", key=KEY):
    with store.scratch() as scratch:
        work = scratch / "work"
        (work / "data").mkdir(parents=True)
        (work / "data" / "a.csv").write_text(text, "utf-8")
        return store.keep(work, key, STATIC, {"files": ["a"], "folders": [], "modules": []}, {"run": "a"})


@pytest.fixture
def held(store):
    with store.locked(lambda: None):
        yield store


def test_kept_entry_is_found_with_its_trace(held):
    entry = keep(held)
    assert held.find(KEY) == entry
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
    assert held.find(KEY) == entry


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


def test_what_a_killed_builder_left_is_swept_by_the_next(store, tmp_path):
    code = "import os, sys; from pathlib import Path; from county_metrics.pipeline.store import Store\n"
    code += "store = Store(Path(sys.argv[1]))\nwith store.locked(print), store.scratch() as folder:\n"
    code += "    print((folder / 'sockets').read_text(), flush=True); os._exit(9)"
    left = subprocess.run(
        [sys.executable, "-c", code, str(store.build)], capture_output=True, text=True, timeout=60
    ).stdout.strip()
    assert os.path.isdir(left)
    with store.locked(lambda: None):
        assert not os.path.exists(left)
        assert not list((store.build / "tmp").glob("*"))


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
