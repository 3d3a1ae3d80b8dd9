"""`nfdump-csv`: nfdump -o csv, the 48 columns of 1.6 and 1.7 as well as the short and chosen ones since 1.7.5."""

from __future__ import annotations

import re

import pyarrow as pa

from slowworm.sources.base import FormatInfo, Note, Reading
from slowworm.sources.logs.cells import Numbers
from slowworm.sources.logs.headers import Headers, Layout, Named
from slowworm.sources.logs.hosts import hosts
from slowworm.sources.logs.lines import Account, Chunk, chunks, clean, head_lines
from slowworm.sources.logs.nfdump_flows import ROUNDED, Printed, counter, dropped, icmp_of_port, interface
from slowworm.sources.logs.numbers import clock, instants, unsigned
from slowworm.sources.logs.protocols import flag_letters, protocol_number

INFO = FormatInfo(
    name="nfdump-csv",
    title="nfdump -o csv",
    commands=("nfdump -r FILE -o csv",),
    carries="times, addresses, ports, ICMP, TCP flags, packets, bytes, interfaces, router, forwarding status",
    lacks="the time zone (read as UTC); milliseconds up to nfdump 1.7.4; flags and interfaces in the short form",
)

_ALIASES = {
    "firstSeen": "ts",
    "lastSeen": "te",
    "duration": "td",
    "srcAddr": "sa",
    "dstAddr": "da",
    "srcPort": "sp",
    "dstPort": "dp",
    "proto": "pr",
    "flags": "flg",
    "fwdStatus": "fwd",
    "packets": "ipkt",
    "inPackets": "ipkt",
    "bytes": "ibyt",
    "inBytes": "ibyt",
    "outPackets": "opkt",
    "outBytes": "obyt",
    "input": "in",
    "output": "out",
    "routerIP": "ra",
    "icmpType": "it",
    "icmpTYpe": "it",
    "icmpCode": "ic",
    "lbl": "label",
}
"""Names since 1.7.5 (one with the typing error it has there) → names before. Case tells them from Argus' names."""

_HEADER = re.compile(rb"sa,da|srcAddr|flows,bytes,packets")
_FURNITURE = (
    *("Summary", "No matched flows", "No matching flows", "Command line switch", "Byte limit"),
    *("Aggregated flows", "Skip unknown record"),
)


class NfdumpCsv:
    """nfdump's comma separated output."""

    info = INFO

    def recognises(self, head: bytes) -> bool:
        """nfdump's header line."""
        for line in head_lines(head, 3):
            layout = _understood(line.encode())
            if layout and {"sa", "da"} <= set(layout.names) and ({"ts", "ipkt", "pr"} & set(layout.names)):
                return True
        return False

    def read(self, path: str, data: bytes) -> Reading:
        """One flow a row; two where it has counters of both directions (nfdump -b, -B)."""
        account, headers = Account(path), Headers(_HEADER, _understood, _understood)
        batches: list[pa.RecordBatch] = []
        rounded = 0
        for chunk in chunks(clean(data, account), account):
            for rows in headers.tables(without_furniture(chunk), account):
                printed, rough = _printed(rows, account, chunk)
                rounded += rough
                found = printed.connections()
                account.add("no good pair of addresses", found.line[found.broken()], chunk)
                batches += found.batches(path)
        text = "counters that nfdump rounded (4.5 M); nfdump -N prints them in full"
        return account.reading(INFO, batches, [Note(id=ROUNDED, text=text, count=rounded)])


def without_furniture(chunk: Chunk) -> Chunk:
    """The chunk with the lines between tables emptied."""
    end = chunk.end.copy()
    for words in _FURNITURE:
        found = chunk.starts_with(words.encode())
        end[found] = chunk.start[found]
    return Chunk(data=chunk.data, start=chunk.start, end=end, first_line=chunk.first_line)


def _understood(line: bytes) -> Layout | None:
    names = [name.strip() for name in line.decode("utf-8", "replace").rstrip(",\r").split(",")]
    names = [_ALIASES.get(name, name) for name in names]
    if {"sa", "da"} <= set(names):
        return Layout(delimiter=ord(","), names=tuple(names))
    # The totals below the table: their rows are no flows.
    return Layout(delimiter=ord(",")) if names[:3] == ["flows", "ibyt", "ipkt"] else None


def _printed(rows: Named, account: Account, chunk: Chunk) -> tuple[Printed, int]:
    line = rows.table.line
    protocol = rows.cells("pr").mapped(protocol_number)
    start, end, lasted = instants(rows.cells("ts")), instants(rows.cells("te")), clock(rows.cells("td"))
    started = start.where(start.values > 0)
    # The end is printed to the second, the duration to the millisecond.
    ended = Numbers(values=start.values + lasted.values, known=started.known & lasted.known)
    kind, code = icmp_of_port(protocol, rows.cells("dp"))
    counts, rough = {}, 0
    for name in ("ipkt", "ibyt", "opkt", "obyt"):
        cells = rows.cells(name)
        counts[name], unsure = counter(cells)
        rough += int(unsure.known.sum())
        account.add(f"{name} is no number", line[~counts[name].known & (cells.size > 0)], chunk)
    account.add("ts is no time", line[~start.known & (rows.cells("ts").size > 0)], chunk)
    text = {name: rows.cells(column, *missing).names() for name, column, missing in _TEXTS if column in rows}
    in_if, out_if = (interface(unsigned(rows.cells(name))) for name in ("in", "out"))
    return Printed(
        line=line,
        start=started,
        end=ended.otherwise(end.where(end.values > 0)),
        protocol=protocol,
        src=hosts(rows.cells("sa")),
        dst=hosts(rows.cells("da")),
        src_port=unsigned(rows.cells("sp")),
        dst_port=unsigned(rows.cells("dp")),
        icmp_type=unsigned(rows.cells("it")).otherwise(kind),
        icmp_code=unsigned(rows.cells("ic")).otherwise(code),
        flags=rows.cells("flg").mapped(flag_letters),
        packets=counts["ipkt"],
        octets=counts["ibyt"],
        back_packets=counts["opkt"],
        back_octets=counts["obyt"],
        text=text,
        one_way={"in_if": in_if, "out_if": dropped(out_if, unsigned(rows.cells("fwd")))},
    ), rough


_TEXTS = (("exporter", "ra", ("0.0.0.0", "::")), ("label", "label", ("<none>", "-")))
