"""`suricata-eve`: flow and netflow events of Suricata's EVE JSON, and its dns events for what they resolved."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from slowworm.sources.base import FormatInfo, Lookups, Note, Reading
from slowworm.sources.logs.cells import Cells, Numbers
from slowworm.sources.logs.connections import Connections, Side
from slowworm.sources.logs.hosts import hosts
from slowworm.sources.logs.jsonrows import EACH, INT, NUMBER, TEXT, TEXTS, JsonRows, read_rows
from slowworm.sources.logs.lines import Account, Bools, chunks, clean, head_lines
from slowworm.sources.logs.lookups import lookups
from slowworm.sources.logs.numbers import instants
from slowworm.sources.logs.protocols import protocol_number

INFO = FormatInfo(
    name="suricata-eve",
    title="Suricata EVE JSON",
    commands=(),
    carries="both directions of a flow: times, addresses, ports, ICMP, packets, TCP flags, drops; answers of DNS",
    lacks="output interface; bytes count the link layer; TCP flags where the stream engine kept none",
)

_WANTED = {
    **dict.fromkeys(("event_type", "src_ip", "dest_ip", "proto", "in_iface", "host", "flow/action"), TEXT),
    **dict.fromkeys(("tcp/tcp_flags", "tcp/tcp_flags_ts", "tcp/tcp_flags_tc"), TEXT),
    **dict.fromkeys(("flow/start", "flow/end", "netflow/start", "netflow/end"), NUMBER),
    **dict.fromkeys(
        ("src_port", "dest_port", "icmp_type", "icmp_code", "netflow/pkts", "netflow/bytes"), INT
    ),
    **dict.fromkeys(("flow/pkts_toserver", "flow/pkts_toclient"), INT),
    **dict.fromkeys(("flow/bytes_toserver", "flow/bytes_toclient"), INT),
    **dict.fromkeys(("timestamp", "dns/type", "dns/rdata"), TEXT),
    **dict.fromkeys(("dns/grouped/A", "dns/grouped/AAAA"), TEXTS),
    "dns/answers/rdata": EACH,
}

_DNS_PORT = 53
_ANSWER_LISTS = ("dns/answers/rdata", "dns/grouped/A", "dns/grouped/AAAA")

_ACTIONS = {"drop": "deny", "reject": "deny", "rejectsrc": "deny", "rejectdst": "deny", "rejectboth": "deny"}
_MAX_TYPES = 8


class SuricataEve:
    """Suricata's event log."""

    info = INFO

    def recognises(self, head: bytes) -> bool:
        """A JSON object with an event_type and a timestamp; which events there are shows later."""
        for line in head_lines(head, 3):
            if line.startswith("{") and '"event_type"' in line and '"timestamp"' in line:
                return True
        return False

    def read(self, path: str, data: bytes) -> Reading:
        """Two flows of a flow event (the answer only if it has packets), one of a netflow event."""
        account = Account(path)
        batches: list[pa.RecordBatch] = []
        resolved: list[Lookups] = []
        others: Counter[str] = Counter()
        for chunk in chunks(clean(data, account), account):
            for rows in read_rows(chunk, _WANTED, account):
                kind = (
                    rows.cells("event_type")
                    .mapped(lambda text: {"flow": 0, "netflow": 1, "dns": 3}.get(text, 2))
                    .fill(2)
                )
                _count(others, rows.cells("event_type"), kind == 2)
                if (kind == 3).any():
                    resolved += _lookups(rows, kind == 3)
                found = _connections(rows, kind == 1)
                account.add("no good pair of addresses", found.line[(kind < 2) & found.broken()], chunk)
                batches += found.only(kind < 2).batches(path)
        return account.reading(INFO, batches, [_note(others)], resolved)


def _count(others: Counter[str], types: Cells, which: Bools) -> None:
    for name, count in zip(*_value_counts(types.take(which)), strict=True):
        # Names come from the input: a few are told apart, the rest is counted together.
        others[name if name in others or len(others) < _MAX_TYPES else "others"] += count


def _value_counts(cells: Cells) -> tuple[list[str], list[int]]:
    names = cells.names()
    counts = np.bincount(names.indices.fill_null(len(names.dictionary)).to_numpy(zero_copy_only=False))
    words = [*names.dictionary.to_pylist(), "no type"]
    return words[: len(counts)], counts.tolist()


def _note(others: Counter[str]) -> Note:
    shown = ", ".join(f"{name[:20]} {count}" for name, count in others.most_common() if count)
    return Note(
        id="other-events",
        text=f"events of other kinds than flow, netflow and dns were passed over: {shown}",
        count=sum(others.values()),
    )


def _lookups(rows: JsonRows, which: Bools) -> list[Lookups]:
    """Lookups of dns events. Up to Suricata 7 the client is the source of an answer too, from 8 on its destination."""
    src, dst = hosts(rows.cells("src_ip")), hosts(rows.cells("dest_ip"))
    here, there = rows.numbers("src_port"), rows.numbers("dest_port")
    of_server = here.known & (here.values == _DNS_PORT) & ~(there.known & (there.values == _DNS_PORT))
    time = instants(rows.cells("timestamp"))
    parts = [rows.items(name) for name in _ANSWER_LISTS]
    texts = [rows.cells("dns/rdata").text(), *(cells.text() for cells, _ in parts)]
    answers = Cells.of(pa.concat_arrays(texts))
    owner = np.concatenate([np.arange(len(rows.line)), *(row for _, row in parts)])
    return [
        *lookups(src, time, which & ~of_server, answers, owner),
        *lookups(dst, time, which & of_server, answers, owner),
    ]


def _hex(cells: Cells) -> Numbers:
    """TCP flags ``1b``; Suricata writes 00 where its stream engine followed nothing: unknown."""

    def value(text: str) -> int | None:
        try:
            return (int(text, 16) & 0xFF or None) if len(text) <= 4 and text.isalnum() else None
        except ValueError:
            return None

    return cells.mapped(value)


def _connections(rows: JsonRows, single: Bools) -> Connections:
    """``single``: netflow events, which have one direction."""

    def pick(flow: Numbers, netflow: Numbers) -> Numbers:
        return Numbers(
            values=np.where(single, netflow.values, flow.values),
            known=np.where(single, netflow.known, flow.known),
        )

    src, dst = hosts(rows.cells("src_ip")), hosts(rows.cells("dest_ip"))
    protocol = rows.cells("proto").mapped(protocol_number)
    six = protocol.known & (protocol.values == 1) & (src.version == 6)
    protocol = Numbers(values=np.where(six, 58, protocol.values), known=protocol.known)
    answers = rows.numbers("flow/pkts_toclient").where(~single)
    icmp_type = rows.numbers("icmp_type").within(0, 255)
    either = _hex(rows.cells("tcp/tcp_flags"))
    action = rows.cells("flow/action").names()
    actions = [_ACTIONS.get(word or "") for word in action.dictionary.to_pylist()]
    text = {"exporter": rows.names("host")}
    if any(actions):
        text["action"] = pa.array(actions, pa.string()).take(action.indices).dictionary_encode()
    sent = rows.numbers("flow/pkts_toserver")
    return Connections(
        line=rows.line,
        start=pick(rows.times("flow/start"), rows.times("netflow/start")),
        end=pick(rows.times("flow/end"), rows.times("netflow/end")),
        protocol=protocol,
        opener=Side(
            host=src,
            port=rows.numbers("src_port"),
            packets=pick(sent, rows.numbers("netflow/pkts")),
            octets=pick(rows.numbers("flow/bytes_toserver"), rows.numbers("netflow/bytes")),
            flags=pick(_hex(rows.cells("tcp/tcp_flags_ts")), either),
        ),
        answerer=Side(
            host=dst,
            port=rows.numbers("dest_port"),
            packets=answers,
            octets=rows.numbers("flow/bytes_toclient"),
            flags=_hex(rows.cells("tcp/tcp_flags_tc")),
        ),
        sent=single | ~(sent.known & (sent.values == 0) & (answers.fill(0) > 0)),
        answered=answers.fill(0) > 0,
        icmp_type=icmp_type,
        icmp_code=rows.numbers("icmp_code").within(0, 255),
        text=text,
        one_way={"in_if": rows.names("in_iface")},
    )
