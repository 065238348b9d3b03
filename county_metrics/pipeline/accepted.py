"""Accepted values: what every run gave when somebody last looked, kept in git, and what has changed since."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from county_metrics.errors import ParameterError, Problem, RunnerError, nearest
from county_metrics.paths import shown
from county_metrics.pipeline.digest import digest, file_digest
from county_metrics.pipeline.store import write_json, write_text
from county_metrics.present.number import format_number
from county_metrics.reading import read_text

Accepted: TypeAlias = dict[str, Any]
"""A file of ``accepted/``: ``{"tolerance": "1e-9", "runs": {member: {"results": {…}, "figures": {…}}}}``."""
Finished: TypeAlias = tuple[str, str, str, Path]
"""A good run: stem of its params file, member of the grid ("" without one), name, entry in the store."""

TOLERANCE = "1e-9"
_FIELDS = ("value", "low", "high", "unit")
_WORDS = ("en", "zh")
# At most three digits of exponent: nobody could be shown a number of a million digits.
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(?=\s*(:)|)|[\[\]{}\n]')
_REPAIR = "repair it, or remove the file and take the present values with 'county-metrics report --accept'"


@dataclass(frozen=True, slots=True)
class Change:
    """A value of a run that is not the accepted one; `old` and `new` in full."""

    run: str
    what: str
    old: str
    new: str
    unit: str = ""

    def shown(self) -> tuple[str, str]:
        """Old and new for reading: no more decimal places than two digits of their difference need.

        Examples
        --------
        >>> Change("run", "result percent_change", "-62.608695652174", "-61").shown()
        ('−62.6', '−61.0')
        """
        old, new = _decimal(self.old), _decimal(self.new)
        if old is None or new is None or old == new:
            return self.old, self.new
        most = max(len(f"{value:f}".partition(".")[2]) for value in (old, new))
        places = min(most, max(1, 1 - (old - new).adjusted()))
        before, after = (format_number(f"{value:.{places}f}", None, False) for value in (old, new))
        return (before, after) if before != after else (self.old, self.new)

    def __str__(self) -> str:
        old, new = self.shown()
        return f"{self.run}: {self.what.removeprefix('result ')} {old} → {new}" + (f" ({self.unit})" if self.unit else "")


def _decimal(value: Any) -> Decimal | None:
    text = str(value) if isinstance(value, str | int | float) else ""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def member_key(choice: Mapping[str, Any]) -> str:
    """Name of a run among those of its params file: the values chosen for it, in the order of the matrix.

    Examples
    --------
    >>> member_key({"years": 3, "step": "printed"})
    'years=3, step=printed'
    """
    return ", ".join(f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in choice.items())


def observed(entry: Path) -> dict[str, Any]:
    """Results and figures of a finished run, without the words in either language.

    Raises
    ------
    RunnerError
        If the entry is damaged.
    """
    try:
        rows = json.loads((entry / "results.json").read_text("utf-8"))["results"]
        drawn = {path.stem: _wordless(json.loads(path.read_text("utf-8"))) for path in (entry / "figures").glob("*.json")}
    except (OSError, ValueError) as error:
        raise RunnerError(f"build/store/{entry.name} is damaged; remove that folder and run the report again") from error
    results: dict[str, Any] = {}
    for row in rows:
        name, count = row["name"], 1
        while name in results:
            count += 1
            name = f"{row['name']}-{count}"
        results[name] = {field: None if row.get(field) is None else str(row[field]) for field in _FIELDS}
    return {"results": results, "figures": drawn}


def _wordless(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _wordless(value) for key, value in node.items() if key not in _WORDS}
    return [_wordless(item) for item in node] if isinstance(node, list) else node


def compare(name: str, accepted_run: dict[str, Any], observed_run: dict[str, Any], tolerance: str) -> list[Change]:
    """What of a run is not as accepted.

    A number has changed if it differs by more than tolerance × max(1, accepted number); a result may have a
    tolerance of its own.
    """
    changes = []
    for result, old, new in _pairs(accepted_run["results"], observed_run["results"]):
        if old is None or new is None:
            changes.append(Change(name, f"result {result}", _text(old and old["value"]), _text(new and new["value"])))
            continue
        unit = old["unit"] if old["unit"] == new["unit"] else ""
        for field in _FIELDS:
            if not _same(old[field], new[field], old.get("tolerance", tolerance)):
                what = f"result {result}" if field == "value" else f"result {result}, {field}"
                changes.append(Change(name, what, _text(old[field]), _text(new[field]), unit))
    for figure, old, new in _pairs(accepted_run["figures"], observed_run["figures"]):
        for path, before, after in _differences(old, new, tolerance):
            what = f"figure {figure}: {path.lstrip('.')}" if path else f"figure {figure}"
            changes.append(Change(name, what, before, after))
    return changes


def _pairs(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    return ((key, old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys()))


def _differences(old: Any, new: Any, tolerance: str, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Every place where two trees differ, with both values as text; lists of unequal length differ as a whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key, before, after in _pairs(old, new):
            if key not in _WORDS:
                yield from _differences(before, after, tolerance, f"{path}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differences(before, after, tolerance, f"{path}[{place}]")
    elif not _same(old, new, tolerance):
        yield path, _text(old), _text(new)


def _same(old: Any, new: Any, tolerance: str) -> bool:
    if repr(old) == repr(new):
        return True
    before, after = _decimal(old), _decimal(new)
    if before is None or after is None:
        return False
    return abs(before - after) <= Decimal(tolerance) * max(Decimal(1), abs(before))


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"{len(value)} {'items' if isinstance(value, list) else 'fields'}"
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value)


def load_accepted(root: Path, problems: list[Problem]) -> dict[str, Accepted]:
    """Accepted values of a project by stem of the params file; `problems` gets what is wrong with the others."""
    found = {}
    stems = [path.stem for path in (root / "params").glob("*.yaml")]
    for path in sorted((root / "accepted").glob("*.json")):
        name, before = shown(path, root), len(problems)
        if path.stem not in stems:
            message = f"there is no params/{path.stem}.yaml; rename or remove this file; {nearest(path.stem, stems)}"
            problems.append(Problem(name, 0, 0, "", message))
        content = _read(path, name, problems)
        if len(problems) == before:
            found[path.stem] = content
    return found


def _read(path: Path, name: str, problems: list[Problem]) -> Any:
    text = read_text(path, name, problems)
    if text is None:
        return None
    try:
        content = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        at = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (0, 0)
        reason = str(getattr(error, "msg", error)).split(";")[0]
        problems.append(Problem(name, *at, "", f"not JSON that can be read ({reason}); {_REPAIR}"))
        return None
    faults = list(_faults(content))
    places = dict(_places(text)) if faults else {}
    for place, message in faults:
        problems.append(Problem(name, *places.get(place, (1, 1)), place[-1] if place else "", message))
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key '{key}' stands twice")
        found[key] = value
    return found


def _places(text: str) -> Iterator[tuple[tuple[str, ...], tuple[int, int]]]:
    """Line and column of the keys of a JSON text; those inside lists are not told apart."""
    path: list[str] = []
    depth, line, begun = 0, 1, 0
    for token in _TOKEN.finditer(text):
        if token[0] == "\n":
            line, begun = line + 1, token.end()
        elif token[2]:
            path[depth - 1 :] = [json.loads(token[1])]
            yield tuple(path), (line, token.start() - begun + 1)
        elif not token[1]:
            depth += 1 if token[0] in "[{" else -1


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and _decimal(value) is not None


# What stands below a key: a mapping ("*" is any name), or a rule for a value and what is said of one that breaks it.
_A_NUMBER = 'is not a number in quotes such as "-62.6"'
_END = (lambda value: value is None or _is_number(value), f"{_A_NUMBER}, nor null for no end")
_PART = (
    lambda value: _is_number(value) and 0 <= Decimal(value) < 1,
    f'is not a number in quotes below "1" such as "{TOLERANCE}"',
)
_UNIT = (lambda value: isinstance(value, str), 'is not text such as "percent"')
_RESULT = {"value": (_is_number, _A_NUMBER), "low": _END, "high": _END, "unit": _UNIT, "tolerance": _PART}
_RUN = {"results": {"*": _RESULT}, "figures": {"*": (lambda value: True, "")}}
_SHAPE = {"tolerance": _PART, "runs": {"*": _RUN}}


def _faults(node: Any, shape: Any = _SHAPE, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong with the content of a file, and at which keys."""
    if isinstance(shape, tuple):
        rule, message = shape
        if not rule(node):
            yield place, f"{json.dumps(node, ensure_ascii=False)[:40]} {message}"
    elif not isinstance(node, dict):
        yield place, f"must hold {'names' if '*' in shape else ', '.join(shape)} in braces"
    else:
        for key, value in node.items():
            if key in shape or "*" in shape:
                yield from _faults(value, shape.get("*", shape.get(key)), (*place, key))
            else:
                yield (*place, key), f"not a key here; {nearest(key, list(shape))}"
        missing = [key for key in shape if key not in node and key not in ("*", "tolerance")]
        if missing:
            yield place, f"misses {', '.join(missing)}; {_REPAIR}"


def gate(
    root: Path, finished: Iterable[Finished], members: Mapping[str, Collection[str]], *, accept: bool = False,
    known: Path | None = None,
) -> list[Change]:  # fmt: skip
    """Compare finished runs with their accepted values, or take theirs as the accepted ones.

    Parameters
    ----------
    root : Path
        Project root, with ``accepted``.
    finished : iterable of Finished
        Without `accept`, runs of a params file that has no accepted values are left alone.
    members : mapping
        Every member of each file in ``params/`` as it is now, finished or not; accepted ones beyond them are gone.
    accept : bool
        Write the files anew; what agrees, what did not finish and every tolerance stay as they stand.
    known : Path, optional
        File that remembers what agreed the last time, so that nothing is read again.

    Raises
    ------
    ParameterError
        For what is wrong in ``accepted``.
    RunnerError
        If an entry is damaged or gave what is not a number, or ``accepted`` cannot be written.
    """
    finished = [run for run in finished if run[0] in members]
    with contextlib.suppress(OSError):
        if known and not accept and known.read_text("utf-8") == _state(root, finished):
            return []
    problems: list[Problem] = []
    accepted = load_accepted(root, problems)
    if problems:
        raise ParameterError(problems)
    changes: list[Change] = []
    for stem, member, run, entry in finished:
        if accept or stem in accepted:
            changes += _against(accepted.setdefault(stem, {"tolerance": TOLERANCE, "runs": {}}), member, run, observed(entry))
    asked = {stem: accepted[stem] for stem, *_ in finished if stem in accepted}
    for stem, file in asked.items():
        for member in sorted(file["runs"].keys() - set(members[stem])):
            del file["runs"][member]
            changes.append(Change(stem, f"run {member}".rstrip(), "accepted", "no longer in the params file"))
    if accept:
        _write(root, asked)
    if known and (accept or not changes):
        write_text(known, _state(root, finished))
    return changes


def _against(file: Accepted, member: str, run: str, found: dict[str, Any]) -> list[Change]:
    """Changes of one run; where there are any, `file` then holds what was found."""
    old = file["runs"].get(member)
    if old is None:
        changes = [Change(run, "run", "not accepted yet", f"results: {len(found['results'])}, figures: {len(found['figures'])}")]
    else:
        changes = compare(run, old, found, file.get("tolerance", TOLERANCE))
        for name, result in old["results"].items():
            if "tolerance" in result and name in found["results"]:
                found["results"][name]["tolerance"] = result["tolerance"]
    if changes:
        file["runs"][member] = found
    return changes


def _write(root: Path, files: dict[str, Accepted]) -> None:
    for stem, file in files.items():
        for place, message in _faults(file):
            raise RunnerError(f"accepted/{stem}.json is not written: {': '.join(filter(None, place[1:]))}: {message}")
    try:
        (root / "accepted").mkdir(exist_ok=True)
        for stem, file in files.items():
            write_json(root / "accepted" / f"{stem}.json", file)
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise RunnerError(f"accepted: cannot be written ({reason}); free or unlock it and run again") from error


def _state(root: Path, finished: list[Finished]) -> str:
    """Digest of all that a comparison rests on; an entry of the store is named by what it holds."""
    files = [(path.name, file_digest(path)) for path in sorted((root / "accepted").glob("*.json"))]
    return digest([file_digest(Path(__file__)), files, [(*run, entry.name) for *run, entry in finished]])
