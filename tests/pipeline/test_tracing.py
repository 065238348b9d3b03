"""What a process touches is noted: what it reads with the bytes of that moment, what it did not declare in words."""

import hashlib
import json
import os
import subprocess
import sys

import pytest

PROLOGUE = """\
import json, os, sys
from pathlib import Path
from county_metrics.pipeline import tracing
tracing.start([os.getcwd()], [os.getcwd() + "/data.csv", os.getcwd() + "/declared"])
"""
EPILOGUE = "\nprint(json.dumps(tracing.report()))"


def noted(root, code, **environment):
    """What is noted of some code in a project, with paths as the project has them."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "data.csv").write_text("1\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PROLOGUE + code + EPILOGUE],
        cwd=root,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1].replace(f"{root.resolve()}/", ""))


def sha(content):
    return hashlib.sha256(content.encode()).hexdigest()


@pytest.fixture
def temporary(tmp_path):
    """A temporary folder outside the project."""
    (tmp_path / "temporary").mkdir()
    return {"TMPDIR": str(tmp_path / "temporary")}


READS = {
    "open": "open('data.csv').read()",
    "pathlib": "Path('data.csv').read_bytes()",
    "os.open": "os.close(os.open('data.csv', os.O_RDONLY))",
    "after chdir": "here = os.getcwd(); os.chdir('/'); open(here + '/data.csv').read()",
    "bytes": "open(b'data.csv').read()",
    "path through a folder above": "os.mkdir('build'); open('build/../data.csv').read()",
}


@pytest.mark.parametrize("code", READS.values(), ids=READS)
def test_file_that_is_read_is_noted_with_its_bytes(tmp_path, code):
    assert noted(tmp_path, code)["files"] == {"data.csv": sha("1\n")}


def test_file_counts_as_it_was_when_it_was_read(tmp_path):
    report = noted(tmp_path, "open('data.csv').read(); open('data.csv', 'w').write('other')")
    assert report["files"] == {"data.csv": sha("1\n")}


def test_file_that_changed_between_two_reads_is_named(tmp_path):
    code = (
        "import subprocess; open('data.csv').read(); subprocess.run(['sh', '-c', 'echo 2 > data.csv']); open('data.csv').read()"
    )
    report = noted(tmp_path, code)
    assert report["changed"] == ["data.csv"]
    assert report["files"] == {"data.csv": sha("1\n")}


def test_file_that_is_read_twice_unchanged_is_not_named_as_changed(tmp_path):
    assert noted(tmp_path, "open('data.csv').read(); os.utime('data.csv'); open('data.csv').read()")["changed"] == []


def test_file_that_is_looked_for_and_not_there_is_noted(tmp_path):
    code = "import contextlib\nwith contextlib.suppress(OSError):\n    open('declared/none.csv')"
    assert noted(tmp_path, code)["files"] == {"declared/none.csv": "absent"}


def test_file_that_the_run_wrote_itself_is_no_input(tmp_path):
    assert noted(tmp_path, "open('new.txt', 'w').close(); open('new.txt').read()")["files"] == {}


def test_file_that_was_moved_into_place_by_the_run_is_no_input(tmp_path, temporary):
    code = """
import tempfile
path = tempfile.gettempdir() + "/new.txt"
open(path, "w").close()
os.replace(path, "new.txt")
open("new.txt").read()"""
    report = noted(tmp_path / "root", code, **temporary)
    assert report["files"] == {}
    assert [what for what in report["touched"] if what.endswith(" new.txt")] == ["wrote new.txt"]


def test_file_that_is_opened_to_be_read_and_changed_is_an_input(tmp_path):
    assert noted(tmp_path, "file = open('data.csv', 'r+'); file.read(); file.write('2'); file.close()")["files"] == {
        "data.csv": sha("1\n")
    }


def test_folder_that_is_listed_is_noted(tmp_path):
    (tmp_path / "cases").mkdir()
    assert list(noted(tmp_path, "list(Path('cases').iterdir()); os.scandir('cases').close()")["folders"]) == ["cases"]


def test_read_is_noted_in_a_project_below_a_folder_called_build(tmp_path):
    assert list(noted(tmp_path / "build" / "project", "open('data.csv').read()")["files"]) == ["data.csv"]


@pytest.mark.parametrize("folder", ["build", ".venv", ".git", "__pycache__"])
def test_what_lies_in_a_folder_of_tools_is_no_input(tmp_path, folder):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "a.txt").write_text("", "utf-8")
    report = noted(tmp_path, f"open('{folder}/a.txt').read(); os.listdir('{folder}'); open('{folder}/b.txt', 'w').close()")
    assert (report["files"], report["folders"], report["touched"]) == ({}, {}, [])


WAYS = {
    "imported": "sys.path.insert(0, ''); import own",
    "imported and forgotten": "sys.path.insert(0, ''); import own; del sys.modules['own']",
    "loaded by its path": "import runpy; runpy.run_path('own.py')",
    "read as text": "exec(open('own.py').read())",
}


@pytest.mark.parametrize("code", WAYS.values(), ids=WAYS)
def test_own_code_is_noted_however_it_is_used(tmp_path, code):
    (tmp_path / "own.py").write_text("N = 1\n", "utf-8")
    report = noted(tmp_path, code)
    assert (report["files"] | report["modules"]).get("own.py") == sha("N = 1\n")


def test_module_is_noted_as_it_was_when_it_was_imported(tmp_path):
    (tmp_path / "own.py").write_text("N = 1\n", "utf-8")
    assert noted(tmp_path, "sys.path.insert(0, ''); import own; open('own.py', 'w').write('N = 2')")["modules"]["own.py"] == sha(
        "N = 1\n"
    )


def test_module_from_a_cache_of_python_is_noted_by_its_source(tmp_path):
    (tmp_path / "own.py").write_text("N = 1\n", "utf-8")
    code = "sys.dont_write_bytecode = False; sys.path.insert(0, ''); import own"
    for _ in range(2):
        report = noted(tmp_path, code)
    assert list((tmp_path / "__pycache__").glob("own.*.pyc"))
    assert report["modules"]["own.py"] == sha("N = 1\n")


DATABASE = "import sqlite3; sqlite3.connect({}).execute('select * from t').fetchall()"


@pytest.mark.parametrize(
    "name", ["'a.db'", "Path('a.db')", "b'a.db'", "'file:a.db?mode=ro', uri=True"], ids=["text", "path", "bytes", "address"]
)
def test_database_that_is_read_is_noted(tmp_path, name):
    subprocess.run(
        [sys.executable, "-c", "import sqlite3; sqlite3.connect('a.db').execute('create table t (a)')"], cwd=tmp_path, check=True
    )
    content = (tmp_path / "a.db").read_bytes()
    assert noted(tmp_path, DATABASE.format(name))["files"] == {"a.db": hashlib.sha256(content).hexdigest()}


def test_database_in_memory_is_nothing_to_note(tmp_path):
    report = noted(tmp_path, "import sqlite3; sqlite3.connect(':memory:').execute('select 1')")
    assert (report["files"], report["touched"]) == ({}, [])


DECLARED = {
    "file": "open('data.csv').read()",
    "folder": "open('declared/a.csv').read()",
    "system": "open('/etc/hosts').read()",
    "library": "import json.tool, wave, pandas",
    "device": "open('/dev/null', 'w').close()",
    "temporary file": "import tempfile\nwith tempfile.TemporaryFile() as file:\n    file.write(b'a')",
    "temporary folder": """
import tempfile
with tempfile.TemporaryDirectory() as folder:
    Path(folder, "a").write_text("a")
    Path(folder, "b").mkdir()
    Path(folder, "b", "c").write_text("c")
    Path(folder, "a").read_text()""",
    "temporary database": """
import sqlite3, tempfile
with tempfile.TemporaryDirectory() as folder:
    sqlite3.connect(folder + "/a.db").execute("create table t (a)")""",
}


@pytest.mark.parametrize("code", DECLARED.values(), ids=DECLARED)
def test_what_is_declared_or_of_no_matter_is_not_said(tmp_path, temporary, code):
    root = tmp_path / "root"
    (root / "declared").mkdir(parents=True)
    (root / "declared" / "a.csv").write_text("", "utf-8")
    assert noted(root, code, **temporary)["touched"] == []


def test_temporary_folder_leaves_no_input_behind(tmp_path, temporary):
    assert noted(tmp_path / "root", DECLARED["temporary folder"], **temporary)["files"] == {}


def test_temporary_folder_behind_a_link_is_no_matter(tmp_path, temporary):
    (tmp_path / "link").symlink_to(temporary["TMPDIR"])
    assert noted(tmp_path / "root", DECLARED["temporary folder"], TMPDIR=str(tmp_path / "link"))["touched"] == []


TOUCHED = {
    "file of the project": ("open('other.csv').read()", "read other.csv"),
    "name that begins like a declared one": ("open('data.csv.old').read()", "read data.csv.old"),
    "file elsewhere": ("open('../elsewhere.txt').read()", "read {above}/elsewhere.txt"),
    "write": ("open('out.csv', 'w').close()", "wrote out.csv"),
    "append": ("open('out.csv', 'a').close()", "wrote out.csv"),
    "low write": ("os.close(os.open('out.csv', os.O_WRONLY | os.O_CREAT))", "wrote out.csv"),
    "write over an input": ("open('data.csv', 'w').close()", "wrote data.csv"),
    "move into the project": ("os.replace('build/new.csv', 'data.csv')", "wrote data.csv"),
    "link into the project": ("os.symlink('build/new.csv', 'link.csv')", "wrote link.csv"),
    "removal": ("os.remove('other.csv')", "removed other.csv"),
    "folder": ("os.mkdir('new')", "made new"),
    "folder removed": ("os.rmdir('empty')", "removed empty"),
    "process": ("import subprocess; subprocess.run(['true'])", "process true"),
    "shell": ("os.system('exit 0 # /x/y')", "process exit"),
    "fork": ("os.fork() or os._exit(0)", "process fork"),
    "name of a host": ("import socket; socket.getaddrinfo('localhost', 9)", "network localhost"),
    "connection": (
        "import contextlib, socket\nwith contextlib.suppress(OSError):\n    socket.create_connection(('127.0.0.1', 9), 1)",
        "network 127.0.0.1:9",
    ),
    "datagram": (
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('127.0.0.1', 9))",
        "network 127.0.0.1:9",
    ),
}


@pytest.mark.parametrize(("code", "said"), TOUCHED.values(), ids=TOUCHED)
def test_what_is_touched_without_having_been_declared_is_said(tmp_path, code, said):
    root = tmp_path / "root"
    for folder in ("build", "empty"):
        (root / folder).mkdir(parents=True)
    for path in (root / "other.csv", root / "data.csv.old", root / "build" / "new.csv", tmp_path / "elsewhere.txt"):
        path.write_text("a", "utf-8")
    touched = noted(root, code)["touched"]
    assert said.format(above=tmp_path.resolve()) in touched


def test_hook_lets_an_error_of_the_notebook_be_the_one_that_is_seen(tmp_path):
    code = """
import os, tempfile
errors = []
for name in ("none.csv", "a\\0b"):
    try:
        open(name)
    except Exception as error:
        errors.append(type(error).__name__)
folder = tempfile.mkdtemp()
os.chdir(folder)
os.rmdir(folder)
try:
    open("none.csv")
except Exception as error:
    errors.append(str(error))
assert errors == ["FileNotFoundError", "ValueError", "[Errno 2] No such file or directory: 'none.csv'"], errors
"""
    noted(tmp_path, code)
