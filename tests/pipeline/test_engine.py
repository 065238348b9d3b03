"""Parameters as code: what is written into a notebook is the value, and nothing else."""

import ast

import nbformat
from hypothesis import example, given, settings
from hypothesis import strategies as st
from papermill.translators import papermill_translators

from county_metrics.pipeline.client import ReadableTranslator
from county_metrics.pipeline.engine import CountyMetricsEngine, Session

SCALARS = st.one_of(st.text(), st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False))


def assigned(code):
    tree = ast.parse(code)
    assert all(isinstance(statement, ast.Assign) for statement in tree.body)
    return {statement.targets[0].id: ast.literal_eval(statement.value) for statement in tree.body}


@settings(deadline=None, derandomize=True, max_examples=500)
@given(st.text())
@example('"; __import__("os").system("touch pwned"); "')
@example("'''\n__import__('os')")
@example("a\\\nb\\")
@example("{{ x }}\u2028\x85\r\n\0\ud800")
@example("嘉善县")
def test_any_text_comes_back_as_the_same_text(text):
    assert assigned(ReadableTranslator.codify({"text": text})) == {"text": text}


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), SCALARS))
def test_any_values_come_back_as_the_same_values(values):
    assert assigned(ReadableTranslator.codify(values)) == values


def test_chinese_stays_readable():
    assert ReadableTranslator.codify({"place": "嘉善"}) == '# Parameters\nplace = "嘉善"\n'


def test_papermill_uses_the_readable_translator_once_it_asks_the_engine_for_a_kernel():
    CountyMetricsEngine.nb_kernel_name(
        nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    )
    assert papermill_translators.find_translator("python3", "python") is ReadableTranslator


def test_papermill_finds_the_engine():
    from papermill.engines import papermill_engines

    assert papermill_engines.get_engine("county_metrics") is CountyMetricsEngine


class Process:
    """Stands for a kernel's process."""

    killed = 0

    def kill(self):
        self.killed += 1


def test_kernel_that_starts_after_its_run_was_ended_is_killed_at_once():
    session, process = Session(), Process()
    session.end("interrupted", "stopped")
    session.started_in(process)
    assert process.killed == 1


def test_first_end_of_a_run_is_the_one_that_is_told():
    session, process = Session(), Process()
    session.started_in(process)
    session.end("timed-out", "too long")
    session.end("interrupted", "stopped")
    assert (session.ended, process.killed) == (("timed-out", "too long"), 2)
