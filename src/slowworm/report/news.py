"""What is new since the last run that a store keeps: verdicts that came, changed, went."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from slowworm.detect.verdicts import FLAGGED
from slowworm.flows.services import service_name
from slowworm.outbreak.moments import iso
from slowworm.report.text import put, safe

if TYPE_CHECKING:
    from slowworm.store.verdicts import Known

MAX_NAMED = 10
"""Hosts that a line for people names; JSON has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One host and activity: the verdict ``before`` and ``now``; ``None`` where it was, or is, not flagged."""

    address: str
    activity: str
    protocol: int | None
    port: int | None
    before: str | None
    now: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """``store``: its path; ``run``: when the last run was, ``None`` where none is kept."""

    store: str
    run: datetime.datetime | None
    changes: tuple[Change, ...]

    @property
    def new(self) -> tuple[Change, ...]:
        """What was not flagged in the last run."""
        return tuple(c for c in self.changes if c.before is None)

    @property
    def changed(self) -> tuple[Change, ...]:
        """What got another verdict."""
        return tuple(c for c in self.changes if c.before is not None and c.now is not None)

    @property
    def gone(self) -> tuple[Change, ...]:
        """What is flagged no longer, or not in these flows."""
        return tuple(c for c in self.changes if c.now is None)


def compared(before: Known, document: Mapping[str, Any]) -> tuple[Change, ...]:
    """The flagged verdicts of a ``slowworm.hunt/1`` document against those of the last run, in the document's order."""
    from slowworm.store.verdicts import key

    then = {k: verdict for k, verdict in before.verdicts.items() if verdict in FLAGGED}
    now = {key(v): v["verdict"] for v in document["verdicts"] if v["verdict"] in FLAGGED}
    return tuple(
        Change(address=k[0], activity=k[1], protocol=k[2], port=k[3], before=then.get(k), now=now.get(k))
        for k in [*now, *(k for k in then if k not in now)]
        if then.get(k) != now.get(k)
    )


def since(news: Since) -> dict[str, Any]:
    """As part of the ``slowworm.hunt/1`` document."""
    return {
        "store": news.store,
        "run": iso(news.run),
        "new": [_entry(c) for c in news.new],
        "changed": [_entry(c) for c in news.changed],
        "gone": [_entry(c) for c in news.gone],
    }


def _entry(change: Change) -> dict[str, Any]:
    return {
        "address": change.address,
        "activity": change.activity,
        "protocol": change.protocol,
        "port": change.port,
        "before": change.before,
        "verdict": change.now,
    }


def show_news(news: Since | None, out: Console) -> None:
    """Print what is new, in up to four lines."""
    if news is None:
        return
    if news.run is None:
        text = f"{safe(news.store)} keeps no run yet: everything is new, and the next run is compared with this one."
        put(out, Text(), Text(text))
        return
    lines = [
        _line("new", [f"{_name(c)} {c.now}" for c in news.new]),
        _line("changed", [f"{_name(c)} {c.before} → {c.now}" for c in news.changed]),
        _line("no longer flagged, or not in these flows", [f"{_name(c)} {c.before}" for c in news.gone]),
    ]
    said = [line for line in lines if line] or ["  nothing new"]
    title = Text(f"Since the run of {news.run:%Y-%m-%d %H:%M} UTC in {safe(news.store)}", "bold")
    put(out, Text(), title, *map(Text, said))


def _line(what: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    return f"  {len(names):,} {what}: {', '.join(names[:MAX_NAMED])}{more}" if names else ""


def _name(change: Change) -> str:
    service = service_name(change.protocol, change.port) if change.protocol is not None else change.activity
    return f"{safe(change.address)} ({service})"
