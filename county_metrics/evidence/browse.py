"""Looking over the curated data: tables of cases, and the timeline of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from county_metrics.evidence.case import Case
from county_metrics.evidence.load import case_ids, load_case
from county_metrics.evidence.schema import Reform
from county_metrics.present import payload
from county_metrics.present.tables import column
from county_metrics.present.wording import both, current_language, say

if TYPE_CHECKING:
    import pandas as pd


def cases() -> pd.DataFrame:
    """Every curated case.

    Returns
    -------
    pandas.DataFrame
        One row a case: id, name in the current language, level, parent, status, number of figures, ids of its pairs.

    Examples
    --------
    >>> cases().set_index("id").loc["longgang", "pairs"]
    'grassroots_units'
    """
    import pandas as pd

    language = current_language()
    loaded = [load_case(name) for name in case_ids()]
    return pd.DataFrame(
        [
            {
                "id": case.id,
                "name": case.name[language],
                "level": case.level[language],
                "parent": case.parent[language],
                "status": case.status,
                "n_figures": len(case.figures),
                "pairs": " ".join(pair.id for pair in case.pairs),
            }
            for case in loaded
        ]
    )


@payload.shows
def timeline(case: Case) -> dict[str, Any]:
    """Reforms and other events of a case in order of their dates, as a table."""
    events = [(reform, "reform") for reform in case.reforms] + [(event, "concurrent") for event in case.concurrent_events]
    if not events:
        return payload.notice("note", say("case.caption", place=both(**case.name)), say("case.no_reforms"))
    rows = [
        [_date(event), both(**event.label), say(f"case.{kind}")]
        for event, kind in sorted(events, key=lambda pair: (pair[0].start, pair[0].id))
    ]
    columns = [column(name, say(f"case.{name}")) for name in ("date", "event", "kind")]
    return payload.table("timeline", say("case.caption", place=both(**case.name)), columns, rows, [both(**case.selection)])


def _date(event: Reform) -> dict[str, Any]:
    return say(f"period.{event.date_basis}", dates=both(event.start, event.start))
