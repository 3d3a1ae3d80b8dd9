"""What the detector says beside verdicts: stray probes together, silence it could not judge, flooded hosts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slowworm.detect.activities import Activities
from slowworm.detect.judge import Judge
from slowworm.detect.outcome import NOT_KNOWN
from slowworm.detect.verdicts import Verdict
from slowworm.detect.wording import plural
from slowworm.flows.services import ICMP, ICMP6, UDP, service_name
from slowworm.sources.base import Note

EXAMPLES = 3
"""Addresses named in a note."""

MANY = 3
"""Stray sources from which they say something together; fewer may be anybody's mistake."""

SILENT_TARGETS = 20
"""Targets of one source without a visible answer from which the silence is worth a note: what a resolver asks in
a second, and what a worm does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """The first contact of a source too weak for a verdict; ``nowhere``: all its targets were dropped."""

    row: int
    nowhere: bool


def strays(judge: Judge, found: Sequence[Stray]) -> list[Note]:
    """Stray probes together, by service and interface."""
    by_service: dict[tuple[str, str | None, bool], list[int]] = {}
    for stray in found:
        key = (_service(judge, stray.row), judge.batch.column("in_if")[stray.row].as_py(), stray.nowhere)
        by_service.setdefault(key, []).append(stray.row)
    notes = []
    ranked = sorted(by_service.items(), key=lambda item: (-len(item[1]), str(item[0])))
    for (service, interface, nowhere), rows in ranked:
        behind = f" behind {interface}" if interface else ""
        where = (
            "addresses that lead nowhere (dropped by the router)"
            if nowhere
            else "addresses that did not answer"
        )
        outside = "" if nowhere else " outside your prefixes"
        text = (
            f"{plural(len(rows), 'source')}{outside}{behind} probed {service} at {where}: {_examples(judge, rows)}. "
            "Too little for a verdict on each"
            + ("; together they say that the scan also comes from outside" if len(rows) >= MANY else "")
        )
        notes.append(Note(id="outside-probes", count=len(rows), text=text))
    return notes


def silence(judge: Judge, grouped: Activities) -> list[Note]:
    """Sources of UDP or ICMP whose many targets were silent where it cannot be told if answers would show."""
    contacts = judge.contacts
    hidden = [p for p in (UDP, ICMP, ICMP6) if p not in judge.population.visibility]
    silent = np.isin(contacts.protocol, hidden) & (contacts.outcome == NOT_KNOWN) & (contacts.visits > 0)
    if not len(grouped.start) or not silent.any():
        return []
    counts = np.add.reduceat(silent[grouped.order].astype(np.int64), grouped.start)
    by_service: dict[str, list[int]] = {}
    for i in np.flatnonzero(counts >= SILENT_TARGETS):
        row = int(grouped.order[grouped.start[i]])
        by_service.setdefault(_service(judge, row), []).append(row)
    return [
        Note(
            id="silence-not-judged",
            count=len(rows),
            text=(
                f"{plural(len(rows), 'source')} sent {service} to {SILENT_TARGETS} or more targets without a visible "
                f"answer: {_examples(judge, rows)}. Nothing here shows that answers would be seen, so the silence "
                "weighs 0: a listing of both directions (all interfaces, no | include) would settle it"
            ),
        )
        for service, rows in sorted(by_service.items())
    ]


def backscatter(victims: Sequence[Verdict]) -> list[Note]:
    """Flooded hosts, seen by their answers."""
    if not victims:
        return []
    names = ", ".join(str(v.address) for v in victims[:EXAMPLES])
    text = f"{plural(len(victims), 'host')} flooded under forged sources, seen by the answers: {names} (--all has all)"
    return [Note(id="backscatter", count=len(victims), text=text)]


def _service(judge: Judge, row: int) -> str:
    protocol, port = int(judge.contacts.protocol[row]), int(judge.contacts.port[row])
    return service_name(None if protocol < 0 else protocol, None if port < 0 else port)


def _examples(judge: Judge, rows: Sequence[int]) -> str:
    return ", ".join(str(judge.address(row)) for row in rows[:EXAMPLES]) + (
        "" if len(rows) <= EXAMPLES else ", …"
    )
