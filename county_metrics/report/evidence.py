"""The verify and audit commands: what was found, said in lines or as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from county_metrics.evidence.frames import curated, frame
from county_metrics.evidence.verify import check_coverage, unverifiable, verify_sources, write_lock
from county_metrics.present.wording import current_language, plain, say


def verify_report(folder: Path, *, write: bool, as_json: bool) -> int:
    """Say what became of every locating phrase in a reader's copy; exit status 0 or 1.

    What a rendition known to be damaged has lost is named but is no fault.

    Raises
    ------
    DataError
        If the folder holds no text of a source.
    """
    copies, findings = verify_sources(folder)
    if write:
        print(f"wrote {write_lock(copies)}")
        copies, findings = verify_sources(folder)
    bad = [finding for finding in findings if finding.state != "found"]
    gaps = check_coverage(copies)
    if as_json:
        for finding in findings:
            keys = ("id", "kind", "source", "rendition", "file", "state", "message")
            print(json.dumps({key: getattr(finding, key) for key in keys}, ensure_ascii=False))
        for source in unverifiable(copies):
            print(json.dumps({"source": source, "state": "not checkable"}))
    else:
        for finding in bad:
            print(f"{finding.file}: {finding.kind} {finding.id}: {finding.state}: {finding.message}")
        for gap in gaps:
            print(gap)
        for copy in copies:
            own = [finding for finding in findings if finding.file == copy.file]
            found = sum(finding.state == "found" for finding in own)
            state = "" if copy.intact else ", differs from the text that was read"
            print(f"{copy.file}: {copy.source} ({copy.rendition}{state}): {found} of {len(own)} phrases found")
        for source in unverifiable(copies):
            print(f"{source}: not checkable, there is no copy of it in {folder}")
    known_damage = {copy.file for copy in copies if copy.intact and not copy.preferred}
    whole = all(copy.intact for copy in copies) and not unverifiable(copies)
    return 0 if whole and not gaps and all(finding.file in known_damage for finding in bad) else 1


def audit_report(*, as_json: bool) -> None:
    """Say the verdict of every claim."""
    import pandas as pd

    table = frame("claims")
    if as_json:
        for row in table.to_dict("records"):
            print(json.dumps({key: None if pd.isna(value) else value for key, value in row.items()}, ensure_ascii=False))
        return
    language = current_language()
    for verdict in curated().verdicts:
        claim = verdict.claim
        print(f"{verdict.verdict:12} {claim.id}: {claim.text[language]} {claim.reason[language]}")
    counts = table["verdict"].value_counts().sort_index()
    print("; ".join(f"{plain(say(f'verdict.{name}'), language)} {count}" for name, count in counts.items()))
