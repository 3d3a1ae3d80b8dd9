"""`nfdump-text`: nfdump's line, long and extended output (and biline, bilong), blanks or tabs, labelled or not."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from slowworm.sources.base import FormatInfo, Note, Reading
from slowworm.sources.logs.cells import Cells, Numbers
from slowworm.sources.logs.hosts import hosts
from slowworm.sources.logs.lines import Account, Bools, Chunk, Ints, chunks, clean, head_lines
from slowworm.sources.logs.nfdump_flows import ROUNDED, Printed, counter, find, icmp_of_port
from slowworm.sources.logs.numbers import clock, instants, unsigned
from slowworm.sources.logs.protocols import flag_letters, protocol_number
from slowworm.sources.logs.words import Words, words

INFO = FormatInfo(
    name="nfdump-text",
    title="nfdump -o line, long, extended",
    commands=("nfdump -r FILE -o long -6",),
    carries="times, addresses, ports, ICMP, packets, bytes; TCP flags in long and extended; labels",
    lacks="the time zone (read as UTC), interfaces; TCP flags in line; IPv6 addresses where nfdump shortened them",
)

_HEADER = re.compile(r"Date (?:flow start|first seen) .*I?P I?Addr:Port", re.IGNORECASE)
_ROW = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d+ [-\d.:d]+ (?:[-\d.:]+ )?[A-Za-z0-9-]+ \S+ <?-> \S+ "
)
_SCALED = re.compile(rb"(?<=\d) ([KMGT])(?=[ \t\r\n]|\Z)")
_FURNITURE = (
    *(
        "Date ",
        "Summary:",
        "Time window:",
        "Total flows",
        "Sys:",
        "No matched flows",
        "No matching flows",
        "Byte limit",
    ),
    *("Aggregated flows", "Top ", "Blocks ", "Total records", "Skip unknown record", "Command line"),
)
_LAYOUTS: dict[tuple[bool, bool, int], tuple[str, ...]] = {
    # (both directions, flags first, words after the destination)
    (False, False, 3): ("packets", "bytes", "flows"),
    (False, False, 4): ("packets", "bytes", "flows", "label"),
    (False, True, 5): ("flags", "tos", "packets", "bytes", "flows"),
    (False, True, 6): ("flags", "tos", "packets", "bytes", "flows", "label"),
    (False, True, 8): ("flags", "tos", "packets", "bytes", "pps", "bps", "bpp", "flows"),
    (False, True, 9): ("flags", "tos", "packets", "bytes", "pps", "bps", "bpp", "flows", "label"),
    (True, False, 5): ("back_packets", "packets", "back_bytes", "bytes", "flows"),
    (True, False, 6): ("back_packets", "packets", "back_bytes", "bytes", "flows", "label"),
    (True, True, 7): ("flags", "tos", "back_packets", "packets", "back_bytes", "bytes", "flows"),
    (True, True, 8): ("flags", "tos", "back_packets", "packets", "back_bytes", "bytes", "flows", "label"),
}
"""Columns behind the destination, told by how many there are: tabs and hand-made headers mislead."""

_COUNTERS = ("packets", "bytes", "back_packets", "back_bytes")


class NfdumpText:
    """nfdump's output for people."""

    info = INFO

    def recognises(self, head: bytes) -> bool:
        """nfdump's header line, or (with -q) a row as nfdump prints it."""
        for line in head_lines(head, 3):
            plain = " ".join(line[:500].split())
            if _HEADER.match(plain) or _ROW.match(plain):
                return True
        return False

    def read(self, path: str, data: bytes) -> Reading:
        """One flow a row; two where it has counters of both directions (nfdump -B)."""
        account = Account(path)
        batches: list[pa.RecordBatch] = []
        rounded = 0
        for lines in chunks(clean(data, account), account):
            # ``4.5 M`` becomes one word: the length stays.
            joined = np.frombuffer(_SCALED.sub(rb"\1 ", lines.data.tobytes()), np.uint8)
            chunk = Chunk(data=joined, start=lines.start, end=lines.end, first_line=lines.first_line)
            for printed, rough in _tables(chunk, account):
                rounded += rough
                found = printed.connections()
                batches += found.batches(path)
        text = "counters that nfdump rounded (4.5 M); nfdump -N prints them in full"
        return account.reading(INFO, batches, [Note(id=ROUNDED, text=text, count=rounded)])


def _tables(chunk: Chunk, account: Account) -> list[tuple[Printed, int]]:
    """The rows of ``chunk``, one table for each set of columns."""
    found = words(chunk)
    count = found.count
    one, both = found.equal(b"->"), found.equal(b"<->")
    arrow = found.first_word(one | both)
    filled = (count > 0) & (chunk.end > chunk.start)
    furniture = np.zeros(chunk.rows, np.bool_)
    for text in _FURNITURE:
        furniture |= chunk.starts_with(text.encode())
    row = filled & (arrow >= 4) & (arrow + 1 < count)
    account.add("a line that is no flow", chunk.number(np.flatnonzero(filled & ~row & ~furniture)), chunk)
    rows = np.flatnonzero(row)
    if not len(rows):
        return []
    biflow = both[found.first[rows] + arrow[rows]]
    after = count[rows] - arrow[rows] - 2
    flags = found.word(rows, arrow[rows] + 2)
    lettered = ~np.isin(flags.byte(0), np.frombuffer(b"0123456789", np.uint8)) | (flags.byte(1) == ord("x"))
    tables, left = [], np.ones(len(rows), np.bool_)
    for (is_both, has_flags, number), names in _LAYOUTS.items():
        mine = (biflow == is_both) & (lettered == has_flags) & (after == number)
        if mine.any():
            left &= ~mine
            tables.append(_printed(found, rows[mine], arrow[rows[mine]], names, account))
    account.add("a row of columns that no output of nfdump has", chunk.number(rows[left]), chunk)
    return tables


def _printed(
    found: Words, rows: Ints, arrow: Ints, names: tuple[str, ...], account: Account
) -> tuple[Printed, int]:
    chunk, line = found.chunk, found.chunk.number(rows)
    columns = {name: found.word(rows, arrow + 2 + at) for at, name in enumerate(names)}
    nothing = found.word(rows, np.full(len(rows), -1))
    day, time = found.word(rows, np.zeros_like(arrow)), found.word(rows, np.ones_like(arrow))
    # Date and time are one value for the parser where one blank or tab is between them.
    together = np.where(time.start == day.end + 1, time.end, day.end)
    start = instants(Cells(data=chunk.data, start=day.start, end=together))
    lasted = clock(found.word(rows, arrow - 3))
    # ``1d 02:03:04.5``: the days stand in a word of their own.
    lasted = lasted.where(arrow == 5).otherwise(_with_days(found, rows, arrow, lasted))
    protocol = found.word(rows, arrow - 2).mapped(protocol_number)
    src, src_port, src_cut = _endpoint(found.word(rows, arrow - 1))
    dst, dst_port, dst_cut = _endpoint(found.word(rows, arrow + 1))
    kind, code = icmp_of_port(protocol, dst_port)
    counts, rough = {}, 0
    for name in _COUNTERS:
        cells = columns.get(name, nothing)
        counts[name], unsure = counter(cells)
        rough += int(unsure.known.sum())
        account.add(f"{name} is no number", line[~counts[name].known & (cells.size > 0)], chunk)
    account.add("no date and time", line[~start.known], chunk)
    printed = Printed(
        line=line,
        start=start.where(start.values > 0),
        end=Numbers(
            values=start.values + lasted.values, known=start.known & lasted.known & (start.values > 0)
        ),
        protocol=protocol,
        src=hosts(src),
        dst=hosts(dst),
        src_port=unsigned(src_port),
        dst_port=unsigned(dst_port),
        icmp_type=kind,
        icmp_code=code,
        flags=columns.get("flags", nothing).mapped(flag_letters),
        packets=counts["packets"],
        octets=counts["bytes"],
        back_packets=counts["back_packets"],
        back_octets=counts["back_bytes"],
        text={"label": columns["label"].names()} if "label" in columns else {},
        one_way={},
    )
    broken = printed.connections().broken()
    cut = src_cut | dst_cut
    account.add(
        "an IPv6 address that nfdump shortened (nfdump -6 prints it in full)", line[broken & cut], chunk
    )
    account.add("no good pair of addresses", line[broken & ~cut], chunk)
    return printed, rough


def _with_days(found: Words, rows: Ints, arrow: Ints, clocked: Numbers) -> Numbers:
    cells = found.word(rows, arrow - 4)
    days = unsigned(Cells(data=cells.data, start=cells.start, end=np.maximum(cells.end - 1, cells.start)))
    good = (arrow == 6) & clocked.known & days.known & (days.values < 36_500)
    return Numbers(values=clocked.values + np.where(good, days.values, 0) * 86_400 * 10**9, known=good)


def _endpoint(cells: Cells) -> tuple[Cells, Cells, Bools]:
    """Address, port, and which addresses were shortened: ``1.2.3.4:80``, ``2001:db8::1.80``, ``2804:37..f927.0``."""
    colon, dot = find(cells, ":"), find(cells, ".")
    # An IPv6 address may end in a dotted quad: then the fifth part is the port.
    fourth = find(cells, ".", nth=4)
    narrow = (dot >= 0) & ((dot < colon) | (colon < 0))
    shortened = ~narrow & (dot >= 0) & (cells.byte(dot + 1) == ord("."))
    cut = np.where(narrow, colon, np.where(fourth > 0, fourth, dot))
    cut = np.where((cut < 0) | shortened, cells.size, cut)
    at = np.minimum(cells.start + cut, cells.end)
    address = Cells(data=cells.data, start=cells.start, end=at)
    port = Cells(data=cells.data, start=np.minimum(at + 1, cells.end), end=cells.end)
    # ``224.0.0.22:0:0``, as an edited file has it: the first number is the port.
    again = find(port, ":")
    port = Cells(data=port.data, start=port.start, end=np.where(again >= 0, port.start + again, port.end))
    return address, port, shortened
