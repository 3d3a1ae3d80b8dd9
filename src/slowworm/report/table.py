"""The answer for people: who, behind which interface, verdict, targeting, worm, weight, why."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from slowworm.detect.targeting import Targeting
from slowworm.detect.verdicts import ServiceCount, Verdict
from slowworm.detect.wording import plural
from slowworm.flows.services import service_name
from slowworm.report.case import HuntResult
from slowworm.report.identity import who
from slowworm.report.news import show_news
from slowworm.report.spread import show_outbreaks
from slowworm.report.text import STYLES, put, safe, table

WIDE = 150
"""Columns from which the reason fits beside the rest."""


def show(result: HuntResult, out: Console) -> None:
    """Print the summary, the table of verdicts, reasons and notes."""
    put(out, Text(_summary(result), "bold"))
    wide = out.width >= WIDE
    if result.verdicts:
        headers = [
            ("Host", "left"),
            ("Verdict", "left"),
            ("Behind", "left"),
            ("Service", "fold"),
            ("Targeting", "fold"),
            ("Worm", "fold"),
            ("Targets", "right"),
            ("Weight", "right"),
        ]
        rows = [[*_row(v), Text(safe(why(v)))][: 9 if wide else 8] for v in result.verdicts]
        if known := who(result):
            headers.insert(3, ("Who", "fold"))
            for row, words in zip(rows, known, strict=True):
                row.insert(3, words)
        put(out, Text(), table([*headers, ("Why", "fold")] if wide else headers, rows))
        if not wide:
            reasons = [[str(v.address), why(v)] for v in result.verdicts]
            put(out, Text(), table([("Why", "left"), ("", "fold")], reasons))
        first = result.verdicts[0]
        put(
            out,
            Text(),
            Text(
                f"Weights in dB of evidence; infected from {first.bound:.1f} on. "
                f"slowworm hunt … --explain {first.address} shows each piece."
            ),
        )
    show_outbreaks(result.outbreaks, out)
    show_news(result.since, out)
    for note in _notes(result):
        put(out, Text(), Padding(Text(safe(note)), (0, 0, 0, 0)))


def _summary(result: HuntResult) -> str:
    names = [safe(i.path) for i in result.inputs if i.formats]
    where = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    formats = sorted({name for i in result.inputs for name, _ in i.formats})
    counts: dict[str, int] = {}
    for v in result.verdicts:
        counts[v.verdict] = counts.get(v.verdict, 0) + 1
    said = ", ".join(f"{n} {name}" for name, n in counts.items()) or "nobody flagged"
    if not result.flow_count:
        said = "nothing to judge"
    if result.flow_count and not result.hosts:
        said = "no verdict is possible, as no flow names its source"
    origin = f" in {where} ({', '.join(formats)})" if where else ""
    return f"{plural(result.flow_count, 'flow')} from {plural(result.hosts, 'source')}{origin}: {said}"


def why(verdict: Verdict) -> str:
    """The reason in a line, and what the host is by its behaviour, which explains and never acquits."""
    return f"{verdict.reason}; {verdict.role}: {verdict.role_text}" if verdict.role else verdict.reason


def behind(verdict: Verdict) -> str:
    """``Vl1 @ Router``: the interface and router that the host is behind, as far as known."""
    return " @ ".join(part for part in (verdict.in_if, verdict.exporter) if part) or "-"


def worms(how: Targeting) -> str:
    """The worm, or the best candidates."""
    if how.worm:
        return how.worm
    named = [c.name for c in how.worm_candidates if c.name != "unknown" and c.probability >= 0.1]
    return " or ".join(named[:3]) + ("?" if len(named) == 1 else "") if named else "-"


def how_text(how: Targeting) -> str:
    """The way of choosing in few words: ``local /8 50 % /16 38 %``, ``subnet 169.0.0.0/8``."""
    if how.name == "local":
        shares = " ".join(f"/{length} {share:.0%}" for length, share in how.prefix_weights if length)
        return f"local {shares}".strip()
    if how.name == "subnet" and how.prefix:
        return f"subnet {how.prefix}"
    if how.name == "stride" and how.stride:
        return f"stride {how.stride}"
    return how.name


def services_text(services: Sequence[ServiceCount], limit: int = 4) -> str:
    """``tcp/23, tcp/2323``."""
    names = ["any" if s.protocol is None else service_name(s.protocol, s.port) for s in services[:limit]]
    return ", ".join(names) + (f" and {len(services) - limit} more" if len(services) > limit else "")


def _row(v: Verdict) -> list[str | Text]:
    return [
        str(v.address),
        Text(v.verdict, STYLES.get(v.verdict, "")),
        behind(v),
        services_text(v.services, 2) or "-",
        how_text(v.targeting),
        worms(v.targeting),
        f"{v.targets:,}",
        f"{v.weight:.1f}",
    ]


def _notes(result: HuntResult) -> list[str]:
    notes = [
        f"Note: {n.text}." if not n.text.endswith((".", ":")) else f"Note: {n.text}" for n in result.notes
    ]
    for summary in result.inputs:
        values = {c.name: c for c in summary.context}
        if "flows_active" in values and "flows_inactive" in values:
            active, free = values["flows_active"].value, values["flows_inactive"].value
            line = (
                f"Context: {summary.path}: NetFlow cache holds {active:,.0f} of {active + free:,.0f} entries"
            )
            share = values.get("packets_up_to_64_bytes")
            if share:
                line += f", {share.value:.0%} of packets have at most 64 bytes"
            notes.append(line)
    return notes
