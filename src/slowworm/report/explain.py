"""Everything behind one verdict: evidence and weights, targeting, the rows, what would change it."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from slowworm.detect import weights
from slowworm.detect.verdicts import Verdict
from slowworm.detect.wording import decibels
from slowworm.flows.addresses import to_objects
from slowworm.flows.services import protocol_name, service_name
from slowworm.report.case import HuntResult
from slowworm.report.identity import show_identity
from slowworm.report.spread import show_links
from slowworm.report.table import behind, how_text
from slowworm.report.text import STYLES, bar, put, safe, table

SHOWN_COLUMNS = [
    "input", "line", "protocol", "src_port", "dst_port", "icmp_type", "icmp_code", "packets", "bytes", "in_if", "out_if"
]  # fmt: skip

MAX_ROWS = 25
"""Flows shown; ``slowworm hunt --json`` and the input itself have all."""


def explain(result: HuntResult, verdict: Verdict, out: Console) -> None:
    """Print the whole explanation of one verdict."""
    title = Text(f"{verdict.address}: ")
    title.append(verdict.verdict, STYLES.get(verdict.verdict, ""))
    put(
        out,
        title,
        Text(safe(verdict.reason)),
        Text(
            f"behind {safe(behind(verdict))}"
            if verdict.in_if or verdict.exporter
            else "interface and router not known"
        ),
    )
    if verdict.first_seen and verdict.last_seen:
        put(
            out,
            Text(f"seen {verdict.first_seen:%Y-%m-%d %H:%M:%S} to {verdict.last_seen:%Y-%m-%d %H:%M:%S} UTC"),
        )
    if verdict.detected_at:
        put(
            out,
            Text(
                f"the evidence reached {verdict.bound:.1f} dB at {verdict.detected_at:%Y-%m-%d %H:%M:%S} UTC"
            ),
        )
    if verdict.role:
        put(
            out,
            Text(
                f"role by behaviour: {verdict.role} ({safe(verdict.role_text)}), which explains and never acquits"
            ),
        )
    show_identity(result.identity(verdict), out)
    if verdict.evidence:
        _evidence(verdict, out)
    _targeting(verdict, out)
    services = [(service_name(s.protocol, s.port), f"{s.targets:,}") for s in verdict.services[:20]]
    if services:
        put(out, Text(), table([("Service", "left"), ("Targets", "right")], services))
    show_links(result.outbreaks, verdict, out)
    _rows(result, verdict, out)
    if verdict.would_change:
        put(
            out, Text(), Text("What would change it", "bold"), *(Text(f"- {t}") for t in verdict.would_change)
        )
    if verdict.not_visible:
        put(
            out,
            Text(),
            Text("Not visible here (weight 0)", "bold"),
            *(Text(f"- {t}") for t in verdict.not_visible),
        )


def _evidence(verdict: Verdict, out: Console) -> None:
    scale = max(abs(e.weight) for e in verdict.evidence)
    rows = [
        [e.name, f"{e.weight:+.1f}", bar(e.weight, scale), e.observed, e.expected, e.text]
        for e in verdict.evidence
    ]
    rows.append(["sum", f"{verdict.weight:+.1f}", "", "", "", ""])
    headers = [
        ("Evidence", "left"),
        ("dB", "right"),
        ("", "left"),
        ("Observed", "fold"),
        ("Benign host", "fold"),
        ("Meaning", "fold"),
    ]
    put(out, Text(), table(headers, rows))
    needed = (
        f"infected from {verdict.bound:.1f} dB on: {-decibels(weights.tenths(weights.PRIOR_INFECTED)):.1f} dB for "
        f"the prior of 1 host in {1 / weights.PRIOR_INFECTED:,.0f} and 20.0 dB for {weights.POSTERIOR_INFECTED:.0%}; "
        f"suspect from {decibels(weights.BOUND_SUSPECT):.1f} dB ({weights.POSTERIOR_SUSPECT:.0%})"
    )
    put(out, Text(needed))
    if verdict.more_targets_needed:
        put(out, Text(f"{verdict.more_targets_needed} more target(s) like these would settle it"))


def _targeting(verdict: Verdict, out: Console) -> None:
    how = verdict.targeting
    if not how.candidates:
        return
    rows = [[c.name, f"{c.probability:.1%}", bar(c.probability, 1.0)] for c in how.candidates]
    put(
        out,
        Text(),
        Text(f"Targeting: {how_text(how)}", "bold"),
        table([("Class", "left"), ("Probability", "right"), ("", "left")], rows),
    )
    if how.worm_candidates:
        rows = [
            [
                "none of the known" if c.name == "unknown" else c.name,
                f"{c.probability:.1%}",
                bar(c.probability, 1.0),
            ]
            for c in how.worm_candidates
        ]
        put(out, Text(), table([("Worm", "left"), ("Probability", "right"), ("", "left")], rows))
        named = [c.name for c in how.worm_candidates if c.name != "unknown"][:2]
        if how.worm_needs:
            put(out, Text(f"about {how.worm_needs} more targets would tell {named[0]} from {named[1]}"))
        elif not how.worm and len(named) > 1:
            put(out, Text(f"no number of targets of this host alone tells {named[0]} from {named[1]}"))


def _rows(result: HuntResult, verdict: Verdict, out: Console) -> None:
    shown: list[list[str]] = []
    total = 0
    for batch in result.rows(verdict):
        total += batch.num_rows
        part = batch.slice(0, max(0, MAX_ROWS - len(shown)))
        targets = to_objects(part.column("dst_addr"))
        for row, target in zip(part.select(SHOWN_COLUMNS).to_pylist(), targets, strict=True):
            where = f"{row['input']}:{row['line']}" if row["line"] else str(row["input"] or "-")
            ports = "-" if row["dst_port"] is None else f"{row['src_port']} → {row['dst_port']}"
            if row["icmp_type"] is not None:
                ports = f"type {row['icmp_type']} code {row['icmp_code']}"
            shown.append(
                [
                    where,
                    str(target),
                    protocol_name(row["protocol"]),
                    ports,
                    _count(row["packets"]),
                    _count(row["bytes"]),
                    row["in_if"] or "-",
                    row["out_if"] or "-",
                ]
            )
    if shown:
        headers = [
            ("Where", "fold"),
            ("Target", "left"),
            ("Protocol", "left"),
            ("Ports", "left"),
            ("Packets", "right"),
            ("Bytes", "right"),
            ("In", "left"),
            ("Out", "left"),
        ]
        put(out, Text(), Text("The rows themselves", "bold"), table(headers, shown))
        if total > len(shown):
            put(out, Text(f"and {total - len(shown):,} more"))


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
