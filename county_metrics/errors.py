"""Every error of the project: what is wrong, where, what is allowed, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in one place of one input file.

    Parameters
    ----------
    path : str
        File, relative to the project root where it lies inside it.
    line, column : int
        Position, counted from 1; 0 when the problem concerns the whole file.
    field : str
        Name of the column, key or parameter.
    message : str
        What is wrong, what is allowed, what to do next.
    """

    path: str
    line: int
    column: int
    field: str
    message: str

    def __str__(self) -> str:
        where = self.path
        if self.line:
            where += f":{self.line}"
            if self.column:
                where += f":{self.column}"
        return f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"


class CountyMetricsError(Exception):
    """Base class of every error a caller may want to catch."""


class ProblemsError(CountyMetricsError):
    """Bad input; carries every problem found, in the order of the files.

    Parameters
    ----------
    problems : iterable of Problem
        At least one.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DataError(ProblemsError):
    """Something in a data folder breaks the rules of the data model."""


class ParameterError(ProblemsError):
    """Something in a params file cannot be run."""


class UnknownIdError(CountyMetricsError, KeyError):
    """An id that names nothing; the text says which ids exist."""

    def __str__(self) -> str:
        return str(self.args[0])


class RunnerError(CountyMetricsError):
    """The runner cannot do its work here (a locked or unwritable build folder, say)."""


_LISTED = 40


def nearest(name: str, allowed: Sequence[str]) -> str:
    """Say which allowed name was probably meant, and list what is allowed.

    Examples
    --------
    >>> nearest("workday", ["workdays", "day"])
    "did you mean 'workdays'? Allowed: day, workdays"
    """
    begun = sorted(other for other in allowed if name and other.startswith(name))
    close = begun or difflib.get_close_matches(name, allowed, n=1, cutoff=0.6)
    listed = ", ".join(sorted(allowed)) if allowed else "nothing is defined"
    if len(allowed) > _LISTED:
        some = difflib.get_close_matches(name, allowed, n=5, cutoff=0) or sorted(allowed)[:5]
        listed = f"{len(allowed)} names, among them {', '.join(sorted(some))}"
    return f"did you mean '{close[0]}'? Allowed: {listed}" if close else f"Allowed: {listed}"


def unknown_id(kind: str, name: str, allowed: Sequence[str]) -> UnknownIdError:
    """Build the error for a name that is not among `allowed`."""
    return UnknownIdError(f"there is no {kind} '{name}'; {nearest(name, allowed)}")
