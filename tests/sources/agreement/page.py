"""docs/reference/agreement.md: the tables, from the goldens and from what is read now."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from tests.sources.agreement import ours
from tests.sources.agreement.fixtures import (
    COLUMNS,
    COMMANDS,
    FIXTURES,
    HNS,
    NFDUMP,
    NOTHING,
    PACKETS,
    SYNSCAN,
    TSHARK,
    Fixture,
)
from tests.sources.agreement.goldens import Golden, load
from tests.sources.agreement.records import ROWS
from tests.support import ROOT, SHARED

import slowworm
from slowworm.flows.services import service_name

MANY = 10
"""Services from which they are counted rather than named."""

PAGE = ROOT / "docs" / "reference" / "agreement.md"

HEAD = f"""# Agreement with other readers

Every public fixture of the shared data, read by Slowworm and by an independent reader, record by record. The tests in
`tests/sources/agreement` make this page and fail where it no longer holds:

```console
$ python -m pytest tests/sources/agreement --write-docs   # this page anew
$ python -m scripts.agreement_goldens                     # the goldens anew, with tshark and nfdump
```

The repository holds no data of the fixtures, only counts and digests of what the peers say.

| Peer | Version, command |
|---|---|
| {TSHARK} | 4.0.17, `{COMMANDS[TSHARK]}`: export records and sampled headers |
| {PACKETS} | 4.0.17, `{COMMANDS[PACKETS]}`: packets, put together to flows by the tests |
| {NFDUMP} | 1.7.1, `{COMMANDS[NFDUMP]}` |
| {COLUMNS} | the columns of the log itself, by Python's `csv` and `json` |
| {NOTHING} | a log of other things |

Compared is whatever the peer prints of addresses, protocol, ports, ICMP type and code, TCP flags and the sequence
number that a flow began with, packets, bytes, start and end (in milliseconds), interfaces, sampling rate. Left out on
both sides: interface 0, which is none; ports, ICMP types and TCP flags of protocols that have none; times that an
exporter counts from a start that it does not tell. Records with counters of both directions are two flows. Packets make
flows until 15 s of silence or 30 minutes in all; bare messages are put into UDP datagrams for tshark.

*Flows + others*: others are data records that are no flows (options, events; rows that are not IP). *Values*: the share
of all compared values that agree; *records*: the share of records that agree in all of them. Files in brackets are read
together, templates before their data.
"""

BETWEEN = """
## One capture through every format

Two captures, exported again by independent tools: softflowd, pmacct, nfpcapd and Argus saw the same packets. Flows are
counted after their parts were joined. The verdicts of `slowworm hunt`:

"""


@cache
def fixtures_table() -> tuple[str, ...]:
    """The lines of the first table."""
    goldens = load()
    rows = []
    for fixture in FIXTURES:
        golden = goldens[fixture.name]
        reading = ours.reading(fixture.files)
        formats = ", ".join(name for name, _ in reading.formats) if reading else ""
        why = fixture.why
        if fixture.scaled:
            why = "nfdump multiplies counters by the sampling rate; compared as packets × rate"
        rows.append((formats or "-", f"`{fixture.name}`", fixture.peer, *_shares(golden), why))
    head = (
        "Format",
        "Fixture",
        "Peer",
        "Peer: flows + others",
        "Slowworm",
        "Values",
        "Records",
        "Why not all",
    )
    return _table(head, sorted(rows, key=lambda row: (row[2] == NOTHING, row[0], row[1])))


def _shares(golden: Golden) -> tuple[str, str, str, str]:
    fields = [column for name, column in golden.columns.items() if name != ROWS]
    whole = golden.columns[ROWS]
    values, differ = sum(c.values for c in fields), sum(c.differ for c in fields)
    return (
        _count(golden.peer),
        _count(golden.ours),
        _share(values, differ),
        _share(whole.values, whole.differ),
    )


def _count(flows_others: tuple[int, int]) -> str:
    flows, others = flows_others
    return f"{flows:,} + {others:,}" if others else f"{flows:,}"


def _share(values: int, differ: int) -> str:
    """A share that is not all is never rounded to all."""
    if not values:
        return "-"
    return "100 %" if not differ else f"{min(99.99, 100 * (values - differ) / values):.2f} %"


@cache
def verdicts_table() -> tuple[str, ...]:
    """The lines of the second table."""
    rows = []
    for capture, fixtures in (("Hide-and-Seek bot", HNS), ("port scan", SYNSCAN)):
        for fixture in fixtures:
            found = hunted(fixture)
            formats = ", ".join(i.format or "-" for i in found.inputs)
            rows.append((capture, formats, f"`{fixture.name}`", f"{found.flow_count:,}", said(found)))
    return _table(("Capture", "Format", "Fixture", "Flows", "Verdicts"), rows)


@cache
def hunted(fixture: Fixture) -> slowworm.HuntResult:
    """What a hunt in a fixture of one file finds."""
    return slowworm.hunt(SHARED / "data" / fixture.files[0])


def said(found: slowworm.HuntResult) -> str:
    """Verdicts in words: who, what, and targets by service, or the number of services where they are many."""
    hosts = []
    for verdict in found.verdicts:
        services = sorted(verdict.services, key=lambda s: (-s.targets, s.port or 0))
        named = ", ".join(f"{service_name(s.protocol, s.port)} {s.targets}" for s in services)
        what = named if len(services) < MANY else f"{len(services):,} services"
        hosts.append(f"{verdict.address} {verdict.verdict} ({what})")
    return "; ".join(hosts) or "nobody"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    lines = [head, ("---",) * len(head), *rows]
    return tuple("| " + " | ".join(cells) + " |" for cells in lines)


def page() -> str:
    """The whole page."""
    parts = [HEAD, "\n", "\n".join(fixtures_table()), "\n", BETWEEN, "\n".join(verdicts_table()), "\n"]
    return "".join(parts)
