"""The allow-list over verdicts: who is allowed to scan is shown as an authorised scanner, never left out."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace

from slowworm.detect.verdicts import FLAGGED, SCANNER, Verdict
from slowworm.inventory.model import Allowed, Inventory
from slowworm.outbreak.summary import VerdictKey, key
from slowworm.sources.base import Note

MAX_NAMED = 5
"""Hosts that a note names; the verdicts have all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excused:
    """All verdicts, the worst first; ``authorised``: which of them the allow-list changed."""

    verdicts: tuple[Verdict, ...]
    authorised: frozenset[VerdictKey]
    notes: tuple[Note, ...]


def excused(verdicts: Iterable[Verdict], inventory: Inventory, *, today: datetime.date) -> Excused:
    """Flagged hosts of the allow-list as scanners; nothing else of a verdict changes but its reason.

    An entry counts on the last day on which the host was seen, or, where the flows have no times, ``today``. One that
    was over by then is not applied, and a note says so.
    """
    result: list[Verdict] = []
    authorised: list[Verdict] = []
    over: dict[Allowed, list[Verdict]] = {}
    for verdict in verdicts:
        named = inventory.allowed(verdict.address) if verdict.verdict in FLAGGED else ()
        day = verdict.last_seen.astimezone(datetime.UTC).date() if verdict.last_seen else today
        entry = next((e for e in named if not e.expired(day)), None)
        if entry is not None:
            verdict = replace(verdict, verdict=SCANNER, reason=_reason(verdict, entry))
            authorised.append(verdict)
        elif named:
            over.setdefault(named[0], []).append(verdict)
        result.append(verdict)
    return Excused(
        verdicts=tuple(sorted(result, key=lambda v: v.sort_key)),
        authorised=frozenset(map(key, authorised)),
        notes=(*_applied(authorised), *_expired(over, inventory, today)),
    )


def _reason(verdict: Verdict, entry: Allowed) -> str:
    until = f"until {entry.until}" if entry.until else "without end"
    return f"authorised {until} ({entry.why}); without the allow-list {verdict.verdict}: {verdict.reason}"


def _applied(authorised: list[Verdict]) -> list[Note]:
    if not authorised:
        return []
    text = (
        f"the allow-list excuses {_hosts(authorised)}: shown as authorised scanner, not counted by --fail-on, "
        "evidence unchanged"
    )
    return [Note(id="allow-listed", count=len(authorised), text=text)]


def _expired(over: dict[Allowed, list[Verdict]], inventory: Inventory, today: datetime.date) -> list[Note]:
    notes = [
        Note(
            id="allow-list-expired",
            count=len(found),
            text=f"not excused: {_hosts(found)}, as the allow-list entry {entry.name} ({entry.why}) ended on "
            f"{entry.until}: renew it, or ask why the host still scans",
        )
        for entry, found in over.items()
    ]
    idle = [entry for entry in inventory.allow if entry.expired(today) and entry not in over]
    if idle:
        names = ", ".join(f"{entry.name} ({entry.until})" for entry in idle[:MAX_NAMED])
        text = f"entries of the allow-list that are over: {names}{_more(idle)}: renew them or take them out"
        notes.append(Note(id="allow-list-expired", count=len(idle), text=text))
    return notes


def _hosts(verdicts: list[Verdict]) -> str:
    names = list(dict.fromkeys(str(v.address) for v in verdicts))
    return ", ".join(names[:MAX_NAMED]) + _more(names)


def _more(names: list[str] | list[Allowed]) -> str:
    return f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
