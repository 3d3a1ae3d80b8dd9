"""`zeek-conn`: Zeek's (Bro's) conn.log, tab separated or as JSON lines, rotated logs in a row, labelled variants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.sources.base import FormatInfo, Note, Reading
from slowworm.sources.logs.cells import Cells, Numbers
from slowworm.sources.logs.connections import Connections, Side
from slowworm.sources.logs.hosts import hosts
from slowworm.sources.logs.jsonrows import BOOL, INT, NUMBER, TEXT, JsonRows, read_rows
from slowworm.sources.logs.lines import Account, Bools, Chunk, Ints, chunks, clean, head_lines
from slowworm.sources.logs.numbers import instants, seconds, unsigned
from slowworm.sources.logs.protocols import protocol_number
from slowworm.sources.logs.zeek_layout import Layouts
from slowworm.sources.logs.zeek_words import answered_by_state, history_flags, icmp_of_ports, state_flags

INFO = FormatInfo(
    name="zeek-conn",
    title="Zeek conn.log",
    commands=(),
    carries="both directions of a connection: times, addresses, ports, ICMP, packets, IP octets, TCP flags, labels",
    lacks="interfaces, PSH and URG; TCP flags are those that the history proves",
)

_TIMES, _SPANS = ("ts",), ("duration",)
_COUNTS = (
    "id.orig_p",
    "id.resp_p",
    "orig_pkts",
    "resp_pkts",
    "orig_ip_bytes",
    "resp_ip_bytes",
    "resp_bytes",
    "ip_proto",
)
_WORDS = (
    "id.orig_h",
    "id.resp_h",
    "proto",
    "conn_state",
    "history",
    "label",
    "detailed-label",
    "peer",
    "_path",
    "local_orig",
    "local_resp",
)
_WANTED = {
    **dict.fromkeys((*_TIMES, *_SPANS), NUMBER),
    **dict.fromkeys(_COUNTS, INT),
    **dict.fromkeys(_WORDS, TEXT),
    **dict.fromkeys(("local_orig", "local_resp"), BOOL),
    "detailedlabel": TEXT,
    "_system_name": TEXT,
}
MISSING = ("-", "(empty)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """One piece of the log, whichever way it was written."""

    line: Ints
    numbers: dict[str, Numbers]
    words: dict[str, Cells] = field(default_factory=dict)


class ZeekConn:
    """Zeek's connection log."""

    info = INFO

    def recognises(self, head: bytes) -> bool:
        """A #fields line, or a JSON object, with both addresses and what only conn.log has."""
        for line in head_lines(head, 40):
            if line.startswith("#fields"):
                return "id.orig_h" in line and ("conn_state" in line or "orig_pkts" in line)
            if line.startswith("{"):
                return '"id.orig_h"' in line and any(f'"{n}"' in line for n in ("conn_state", "orig_pkts"))
        return False

    def read(self, path: str, data: bytes) -> Reading:
        """Two flows a connection: the opener's and, if it has packets, the answerer's."""
        account, layouts = Account(path), Layouts()
        batches: list[pa.RecordBatch] = []
        others = local = 0
        for chunk in chunks(clean(data, account), account):
            for piece in (*self._tabbed(chunk, layouts, account), *self._json(chunk, account)):
                found = _connections(piece)
                broken = found.broken()
                elsewhere, bare = _of_other_logs(piece)
                other = elsewhere | (bare & ~broken)
                others += int(other.sum())
                account.add("no good pair of addresses", piece.line[broken & ~other], chunk)
                keep = ~other
                local += int(np.count_nonzero(keep & (np.isin(piece.words["local_orig"].byte(0), (84, 116)))))
                _count_bad(piece, keep & ~broken, account, chunk)
                batches += found.only(keep).batches(path)
        notes = [
            Note(
                id="other-logs",
                text="lines of Zeek's other logs were passed over",
                count=others + layouts.other,
            ),
            Note(id="zeek-local", text="connections that Zeek calls opened from inside", count=local),
        ]
        return account.reading(INFO, batches, notes)

    def _tabbed(self, chunk: Chunk, layouts: Layouts, account: Account) -> Iterator[_Columns]:
        for table, names in layouts.tables(chunk, account):
            columns = {
                name: table.cell(column).trimmed().without(*MISSING) for column, name in enumerate(names)
            }
            absent = table.cell(len(names))
            words = {name: columns.get(name, absent) for name in (*_WORDS, *_COUNTS, "ts", "duration")}
            numbers = {name: unsigned(words[name]) for name in _COUNTS}
            numbers["ts"], numbers["duration"] = instants(words["ts"]), seconds(words["duration"])
            yield _Columns(line=table.line, numbers=numbers, words=words)

    def _json(self, chunk: Chunk, account: Account) -> Iterator[_Columns]:
        objects = chunk.starts_with(b"{")
        if not objects.any():
            return
        only = Chunk(
            data=chunk.data,
            start=chunk.start,
            end=np.where(objects, chunk.end, chunk.start),
            first_line=chunk.first_line,
        )
        for rows in read_rows(only, _WANTED, account):
            numbers = {name: rows.numbers(name) for name in _COUNTS}
            numbers["ts"], numbers["duration"] = rows.times("ts"), rows.spans("duration")
            words = {name: rows.cells(name) for name in _WORDS}
            words["detailed-label"] = _first(rows, "detailed-label", "detailedlabel")
            words["peer"] = _first(rows, "peer", "_system_name")
            words = {name: cells.without(*MISSING, "") for name, cells in words.items()}
            yield _Columns(line=rows.line, numbers=numbers, words=words)


def _first(rows: JsonRows, *names: str) -> Cells:
    return Cells.of(pc.coalesce(*(rows.columns[name] for name in names)))


def _connections(piece: _Columns) -> Connections:
    numbers, words = piece.numbers, piece.words
    src, dst = hosts(words["id.orig_h"]), hosts(words["id.resp_h"])
    protocol = numbers["ip_proto"].within(0, 255).otherwise(words["proto"].mapped(protocol_number))
    six = protocol.known & (protocol.values == 1) & (src.version == 6)
    protocol = Numbers(values=np.where(six, 58, protocol.values), known=protocol.known)
    icmp_type, icmp_code = icmp_of_ports(protocol, numbers["id.orig_p"], numbers["id.resp_p"])
    from_history, from_state = history_flags(words["history"]), state_flags(words["conn_state"])
    unwritten = words["history"].size == 0
    flags = [h.otherwise(s.where(unwritten)) for h, s in zip(from_history, from_state, strict=True)]
    orig, resp = numbers["orig_pkts"], numbers["resp_pkts"]
    spoke = answered_by_state(words["conn_state"]).fill(0) > 0
    spoke |= from_history[1].known | (numbers["resp_bytes"].fill(0) > 0)
    answered = np.where(resp.known, resp.values > 0, spoke)
    # Zeek may have seen the answer only: then the opener has no flow.
    sent = ~(orig.known & (orig.values == 0) & answered)
    start, duration = numbers["ts"], numbers["duration"]
    single = orig.known & resp.known & (orig.values + resp.values <= 1)
    lasted = duration.otherwise(Numbers(values=np.zeros_like(duration.values), known=single))
    text = {}
    if words["label"].size.any() or words["detailed-label"].size.any():
        text["label"] = _labels(words["label"], words["detailed-label"])
    if words["peer"].size.any():
        text["exporter"] = words["peer"].names()
    return Connections(
        line=piece.line,
        start=start,
        end=Numbers(values=start.values + lasted.values, known=start.known & lasted.known),
        protocol=protocol,
        opener=Side(
            host=src, port=numbers["id.orig_p"], packets=orig, octets=numbers["orig_ip_bytes"], flags=flags[0]
        ),
        answerer=Side(
            host=dst, port=numbers["id.resp_p"], packets=resp, octets=numbers["resp_ip_bytes"], flags=flags[1]
        ),
        sent=sent,
        answered=answered,
        icmp_type=icmp_type,
        icmp_code=icmp_code,
        text=text,
    )


def _of_other_logs(piece: _Columns) -> tuple[Bools, Bools]:
    """Rows that name another log, and rows without anything that only conn.log has."""
    log = piece.words["_path"].mapped(lambda text: int(text.startswith("conn")))
    bare: Bools = (piece.words["conn_state"].size == 0) & ~piece.numbers["orig_pkts"].known
    return log.known & (log.values == 0), bare


def _labels(label: Cells, detail: Cells) -> pa.Array:
    """``Malicious PartOfAHorizontalPortScan``: the detail behind the label, where there is one."""
    plain = label.names().dictionary_decode()
    return (
        pc.binary_join_element_wise(
            plain, detail.names().dictionary_decode(), " ", null_handling="skip"
        ).dictionary_encode()
        if detail.size.any()
        else label.names()
    )


def _count_bad(piece: _Columns, keep: Bools, account: Account, chunk: Chunk) -> None:
    for name, numbers in piece.numbers.items():
        written = piece.words.get(name)
        if written is not None:
            bad = keep & ~numbers.known & (written.size > 0)
            account.add(f"{name} is no number", piece.line[bad], chunk)
