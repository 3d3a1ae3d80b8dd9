"""Outbreaks in words: how fast, how many next, who was first; who infected a host and whom it infected."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from slowworm.detect.verdicts import Verdict
from slowworm.detect.wording import plural
from slowworm.flows.services import service_name
from slowworm.outbreak.incident import Incident
from slowworm.outbreak.summary import Outbreaks, key
from slowworm.report.text import put, safe, table

if TYPE_CHECKING:
    from slowworm.outbreak.forecast import Forecast
    from slowworm.outbreak.growth import Growth
    from slowworm.outbreak.tree import Infection, PatientZero

SHOWN_HOSTS = 25
"""Hosts that one host infected, listed; the document has ``infected_by`` of all."""

SHOWN_ZEROS = 3

SHOWN_SERVICES = 8

MIN_SHOWN = 2
"""Sources from which an outbreak is more than its one host."""


def show_outbreaks(outbreaks: Outbreaks, out: Console) -> None:
    """Print a few lines an outbreak, for those whose flows have times; of outside sources alone only the services."""
    timed = [i for i in outbreaks.incidents if i.tree is not None and i.sources >= MIN_SHOWN]
    shown = [i for i in timed if i.inside != 0]
    elsewhere = [services_text(i) for i in timed if i.inside == 0]
    if timed:
        put(out, Text(), Text("Outbreaks", "bold"))
    for incident in shown:
        put(out, *(Text(safe(line)) for line in lines(incident)))
    if elsewhere:
        named = ", ".join(elsewhere[:SHOWN_SERVICES])
        more = f" and {len(elsewhere) - SHOWN_SERVICES} more" if len(elsewhere) > SHOWN_SERVICES else ""
        put(out, Text(f"{named}{more}: outside sources only; --json has growth and forecast"))


def lines(incident: Incident) -> list[str]:
    """An incident in a few lines: sources and growth, forecast, patient zero and links, what could not be seen."""
    sources = plural(incident.sources, "source")
    if incident.inside is not None and incident.outside:
        sources += f", {incident.inside:,} inside"
    found = [f"{services_text(incident)}{f' ({incident.worm})' if incident.worm else ''}: {sources}"]
    if incident.growth:
        found[0] += f"; {growth_text(incident.growth)}"
        of = " inside" if incident.growth_of == "inside" and incident.outside else ""
        found.append(f"  infected{of}: {'; '.join(forecast_text(f) for f in incident.forecast)}")
    if incident.tree:
        judged = [i for i in incident.tree.infections if i.judged]
        traced = sum(i.parent is not None for i in judged)
        first = zero_text(incident.patient_zero)
        found.append(f"  patient zero: {first}; {traced:,} of {plural(len(judged), 'infection')} traced")
    return found + [f"  not visible: {text}" for text in incident.not_visible]


def services_text(incident: Incident) -> str:
    """``tcp/23, tcp/2323``."""
    return ", ".join(service_name(protocol, port) for protocol, port in incident.services)


def growth_text(growth: Growth) -> str:
    """``grows by 1.8 an hour (1.5 to 2.1), doubles in 23 min (20 min to 28 min)``."""
    low, high = growth.per_hour_interval
    span = f"{growth.per_hour:.2g} an hour ({low:.2g} to {high:.2g})"
    doubling = growth.doubling_interval
    if doubling is None or growth.doubling_seconds is None:
        return f"no growth beyond doubt: {span}"
    shortest, longest = (duration(s) for s in doubling)
    text = f"growth {span}, doubling in {duration(growth.doubling_seconds)} ({shortest} to {longest})"
    return text + (", now slowing" if growth.trend == "slowing" else "")


def forecast_text(forecast: Forecast) -> str:
    """``in 1 h 900 (700 to 1,200)``; where the data do not bound it, ``at least``."""
    ahead = f"in {forecast.hours:g} h"
    if forecast.median is None:
        return f"{ahead} at least {forecast.low:,}"
    high = f"to {forecast.high:,}" if forecast.high is not None else "or more, no bound from these data"
    return f"{ahead} {forecast.median:,} ({forecast.low:,} {high})"


def zero_text(zeros: tuple[PatientZero, ...]) -> str:
    """The patient zero, or the likeliest few."""
    named = [
        f"{z.address} ({z.probability:.0%}, {'before ' if z.before else ''}{_clock(z.onset)})"
        for z in zeros[:SHOWN_ZEROS]
    ]
    return " or ".join(named) if named else "not known"


def show_links(outbreaks: Outbreaks, verdict: Verdict, out: Console) -> None:
    """Print who infected the host of a verdict, and whom it infected."""
    incident = outbreaks.of(verdict)
    if incident is None or incident.tree is None:
        return
    infection = outbreaks.infections().get(key(verdict))
    if infection is not None:
        put(out, Text(), Text("Who infected it", "bold"), *(Text(line) for line in _causes(infection)))
        if infection.parents:
            rows = [
                [
                    str(p.address),
                    _clock(p.at),
                    f"{p.probability:.1%}",
                    "" if p.flagged else "not flagged itself",
                ]
                for p in infection.parents
            ]
            put(
                out,
                table(
                    [("Host", "left"), ("Called at (UTC)", "left"), ("Probability", "right"), ("", "left")],
                    rows,
                ),
            )
    children = incident.tree.children(verdict.address)
    if children:
        put(out, Text(), Text(f"Whom it infected: {plural(len(children), 'host')}", "bold"))
        rows = [
            [str(c.address), _clock(c.onset), f"{c.parents[0].probability:.1%}"]
            for c in children[:SHOWN_HOSTS]
        ]
        put(out, table([("Host", "left"), ("Scans since (UTC)", "left"), ("Probability", "right")], rows))
        if len(children) > SHOWN_HOSTS:
            put(out, Text(f"and {len(children) - SHOWN_HOSTS:,} more"))


def _causes(infection: Infection) -> list[str]:
    if infection.at_start:
        return ["It scanned when observation began: who infected it is not in these flows."]
    if not infection.judged:
        return ["It is outside: who infected it is not seen from here."]
    return [f"By a call that is not seen here: {infection.unseen:.1%}"]


def duration(seconds: float) -> str:
    """``8.5 s``, ``23 min``, ``4.2 h``, ``3 d``."""
    for unit, size, upto in (("s", 1, 90), ("min", 60, 90), ("h", 3600, 48)):
        if seconds < upto * size:
            value = seconds / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"


def _clock(when: datetime.datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S}"
