"""`nfdump-json`: nfdump -o json (an array of objects over many lines) and its line-wise variants."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.sources.base import FormatInfo, Note, Reading
from slowworm.sources.logs.cells import Cells, Numbers
from slowworm.sources.logs.hosts import hosts
from slowworm.sources.logs.jsonrows import INT, NUMBER, TEXT, JsonRows, read_rows
from slowworm.sources.logs.lines import CHUNK_BYTES, MAX_LINE, Account, Bytes, Chunk, clean
from slowworm.sources.logs.nfdump_flows import Printed, dropped, interface
from slowworm.sources.logs.numbers import SECOND
from slowworm.sources.logs.protocols import flag_letters

INFO = FormatInfo(
    name="nfdump-json",
    title="nfdump -o json, ndjson",
    commands=("nfdump -r FILE -o json",),
    carries="times, addresses, ports, ICMP, TCP flags, packets, bytes, interfaces, router, firewall event, label",
    lacks="the time zone (read as UTC)",
)

_WANTED = {
    **dict.fromkeys(("first", "last", "t_first", "t_last"), NUMBER),
    **dict.fromkeys(("src_port", "dst_port", "icmp_type", "icmp_code", "fwd_status"), INT),
    **dict.fromkeys(("in_packets", "in_bytes", "out_packets", "out_bytes", "input_snmp", "output_snmp"), INT),
    **dict.fromkeys(("src4_addr", "dst4_addr", "src6_addr", "dst6_addr", "src_addr", "dst_addr"), TEXT),
    **dict.fromkeys(("tcp_flags", "ip4_router", "ip6_router", "label", "event"), TEXT),
    "proto": INT,
}
_WHITE, _BETWEEN = np.zeros(256, np.bool_), np.zeros(256, np.bool_)
_WHITE[[9, 10, 13, 32]] = True
_BETWEEN[[9, 10, 13, 32, ord(","), ord("["), ord("]")]] = True
_ACTIONS = {"DENY": "deny", "DENIED": "deny", "CREATE": "allow", "DELETE": "allow", "UPDATE": "allow"}


class NfdumpJson:
    """nfdump's JSON output."""

    info = INFO

    def recognises(self, head: bytes) -> bool:
        """An object with nfdump's names, in an array or on a line of its own."""
        text = clean(head).lstrip()
        return (
            text[:1] in (b"[", b"{")
            and b'"in_packets"' in text
            and any(name in text for name in (b'"src4_addr"', b'"src6_addr"'))
        )

    def read(self, path: str, data: bytes) -> Reading:
        """One flow an object; two where it has counters of both directions."""
        account = Account(path)
        batches: list[pa.RecordBatch] = []
        wrong = 0
        plain = clean(data, account)
        for words in (b"No matching flows", b"No matched flows"):  # printed inside the brackets
            plain = plain.replace(words, b"")
        for chunk in objects(plain, account):
            for rows in read_rows(chunk, _WANTED, account):
                printed, doubtful = _printed(rows)
                wrong += doubtful
                found = printed.connections()
                account.add("no good pair of addresses", found.line[found.broken()], chunk)
                batches += found.batches(path)
        note = Note(
            id="bytes-are-packets",
            text="in_bytes repeats in_packets (a fault of some nfdump's ndjson): bytes are unknown",
            count=wrong,
        )
        return account.reading(INFO, batches, [note])


def objects(data: bytes, account: Account) -> Iterator[Chunk]:
    """The objects of ``data``, however they are spread over lines, one a row. nfdump's objects are flat."""
    begin, line, whole = 0, 1, np.frombuffer(data, np.uint8)
    while begin < len(data):
        stop = len(data)
        if stop - begin > CHUNK_BYTES:
            cut = data.rfind(b"}", begin, begin + CHUNK_BYTES)
            cut = cut if cut >= 0 else data.find(b"}", begin + CHUNK_BYTES)
            stop = cut + 1 if cut >= 0 else stop
        piece = whole[begin:stop]
        yield _rows(piece, line, account)
        begin, line = stop, line + int(np.count_nonzero(piece == 10))


def _rows(piece: Bytes, line: int, account: Account) -> Chunk:
    opening = piece == ord("{")
    braces = np.flatnonzero(opening | (piece == ord("}")))
    # Between an opening brace and the next brace is the inside of an object; a closing one belongs to it.
    sizes = np.diff(np.concatenate(([0], braces + ~opening[braces], [len(piece)])))
    inside = np.repeat(np.concatenate(([False], opening[braces])), sizes)
    newlines = np.flatnonzero(piece == 10)
    stray = np.flatnonzero(~inside & ~_BETWEEN[piece])
    account.add("text between JSON objects", np.unique(np.searchsorted(newlines, stray)) + line)
    flat = np.where(inside & ~_WHITE[piece], piece, np.uint8(32))
    at = braces[opening[braces]]
    # An object begins a row; where an earlier one was cut short, it ends there.
    start = at[(at == 0) | (flat[np.maximum(at - 1, 0)] == 32)]
    flat[start[start > 0] - 1] = 10
    following = np.append(start[1:] - 1, len(piece))
    closing = braces[~opening[braces]]
    last = np.searchsorted(closing, following) - 1
    closed = (last >= 0) & (len(closing) > 0)
    stop = np.where(closed, closing[np.maximum(last, 0)] + 1, following) if len(closing) else following
    end = np.where(stop > start, stop, following)
    numbers = np.searchsorted(newlines, start) + line
    long = np.flatnonzero(end - start > MAX_LINE)
    account.add(f"an object longer than {MAX_LINE} bytes", numbers[long])
    end[long] = start[long]
    return Chunk(data=flat, start=start, end=end, first_line=line, numbers=numbers)


def _either(rows: JsonRows, *names: str) -> Cells:
    return Cells.of(pc.coalesce(*(rows.columns[name].cast(pa.string()) for name in names)))


def _of_1_6(rows: JsonRows, name: str) -> Numbers:
    """Times of nfdump 1.6, which prints 40 ms as ``.40``: the digits are a number of milliseconds."""
    times = rows.times(name)
    if pa.types.is_floating(rows.columns[name].type):
        return times
    size = rows.cells(name).size
    fraction = times.values % SECOND
    shift = np.where(size == 21, 100, np.where(size == 22, 10, 1))
    return Numbers(values=times.values - fraction + fraction // shift, known=times.known)


def _printed(rows: JsonRows) -> tuple[Printed, int]:
    packets, octets = rows.numbers("in_packets"), rows.numbers("in_bytes")
    # An IP packet has at least 20 bytes: as many bytes as packets means that nfdump printed the packets twice.
    doubtful = packets.known & octets.known & (packets.values == octets.values) & (packets.values > 0)
    start = rows.times("first").otherwise(_of_1_6(rows, "t_first"))
    end = rows.times("last").otherwise(_of_1_6(rows, "t_last"))
    text = {"exporter": _either(rows, "ip4_router", "ip6_router").without("0.0.0.0", "::").names()}
    text["label"] = rows.cells("label").without("<none>").names()
    event = rows.cells("event").names()
    actions = [_ACTIONS.get((word or "").upper()) for word in event.dictionary.to_pylist()]
    if any(actions):
        text["action"] = pa.array(actions, pa.string()).take(event.indices).dictionary_encode()
    status = rows.numbers("fwd_status")
    return Printed(
        line=rows.line,
        start=start.where(start.values > 0),
        end=end.where(end.values > 0),
        protocol=rows.numbers("proto").within(0, 255),
        src=hosts(_either(rows, "src4_addr", "src6_addr", "src_addr")),
        dst=hosts(_either(rows, "dst4_addr", "dst6_addr", "dst_addr")),
        src_port=rows.numbers("src_port"),
        dst_port=rows.numbers("dst_port"),
        icmp_type=rows.numbers("icmp_type"),
        icmp_code=rows.numbers("icmp_code"),
        flags=rows.cells("tcp_flags").mapped(flag_letters),
        packets=packets,
        octets=octets.where(~doubtful),
        back_packets=rows.numbers("out_packets"),
        back_octets=rows.numbers("out_bytes"),
        text=text,
        one_way={
            "in_if": interface(rows.numbers("input_snmp")),
            "out_if": dropped(interface(rows.numbers("output_snmp")), status),
        },
    ), int(doubtful.sum())
