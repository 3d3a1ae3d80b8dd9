"""`argus-binetflow`: what Argus' ra prints with a delimiter, and the CTU's binetflow files made of it."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from slowworm.sources.base import FormatInfo, Note, Reading
from slowworm.sources.logs.argus_split import shares
from slowworm.sources.logs.argus_words import answered_by_state, icmp, port, reset_flags, state_flags
from slowworm.sources.logs.cells import Numbers
from slowworm.sources.logs.connections import Connections, Side
from slowworm.sources.logs.headers import Headers, Layout, Named
from slowworm.sources.logs.hosts import hosts
from slowworm.sources.logs.lines import Account, Bools, Chunk, chunks, clean, head_lines
from slowworm.sources.logs.numbers import instants, seconds, unsigned
from slowworm.sources.logs.protocols import NOT_IP, protocol_number

INFO = FormatInfo(
    name="argus-binetflow",
    title="Argus ra, CTU binetflow",
    commands=("ra -c , -n -s …",),
    carries="both directions of a connection: times, addresses, ports, ICMP, TCP flags, packets, labels",
    lacks="interfaces; the time zone (read as UTC); bytes count the link layer; SrcPkts is often missing",
)

_NAMES = (
    *(
        "starttime",
        "lasttime",
        "dur",
        "proto",
        "srcaddr",
        "sport",
        "dir",
        "dstaddr",
        "dport",
        "state",
        "stos",
    ),
    *("dtos", "totpkts", "totbytes", "srcpkts", "dstpkts", "srcbytes", "dstbytes", "label"),
)
_FIRST = _NAMES[:1] + _NAMES[2:14]
_DELIMITERS = b",\t;|"
_HEADER = re.compile(rb"SrcAddr", re.IGNORECASE)
_ROW = re.compile(
    r"(?:\d{4}[/-]\d\d[/-]\d\d[ T][\d:.]+|\d+\.\d+|\d\d:\d\d:\d\d\.\d+)([,\t;|])[\d.]*\1[a-z0-9/.-]+\1"
    r"[0-9A-Fa-f.:]*\1[^,\t;|]*\1 *(?:<?[-?|]>?|who|tel|<\?>|<->)? *\1"
)
SPLIT = "packets-split"


class ArgusBinetflow:
    """Argus records printed by ra."""

    info = INFO

    def recognises(self, head: bytes) -> bool:
        """ra's header line, or a row of the CTU's columns."""
        for line in head_lines(head, 3):
            layout = _understood(line.encode())
            if layout and {"proto", "sport", "dport"} <= set(layout.names):
                return True
            if _guessed(line.encode()):
                return True
        return False

    def read(self, path: str, data: bytes) -> Reading:
        """Two flows a record: the opener's and, if it has packets, the answerer's."""
        account, headers = Account(path), Headers(_HEADER, _understood, _guessed)
        batches: list[pa.RecordBatch] = []
        not_ip = estimated = 0
        for chunk in chunks(clean(data, account), account):
            for rows in headers.tables(chunk, account):
                found, keep, guessed = _connections(rows, account, chunk)
                not_ip += int((~keep).sum())
                estimated += int((guessed & keep & ~found.broken()).sum())
                account.add("no good pair of addresses", found.line[keep & found.broken()], chunk)
                batches += found.only(keep).batches(path)
        notes = [
            Note(
                id="not-ip",
                text="records that are no IP flow (ARP, management) were passed over",
                count=not_ip,
            ),
            Note(
                id=SPLIT,
                text="records give totals only: the packets of each direction are an estimate",
                count=estimated,
            ),
        ]
        return account.reading(INFO, batches, notes)


def _understood(line: bytes) -> Layout | None:
    delimiter = max(_DELIMITERS, key=line.count)
    names = tuple(
        name.strip().strip('"').lower() for name in line.decode("utf-8", "replace").split(chr(delimiter))
    )
    if not {"srcaddr", "dstaddr"} <= set(names):
        return None
    return Layout(delimiter=delimiter, names=names, ragged=any(name.endswith("udata") for name in names))


def _guessed(line: bytes) -> Layout | None:
    """Layout of a row without a header: the CTU's first twelve columns, then what the count of columns says."""
    text = line.decode("utf-8", "replace")
    match = _ROW.match(text)
    if not match:
        return None
    cells = text.split(match[1])
    more = len(cells) - len(_FIRST)
    tails: dict[int, tuple[str, ...]] = {
        0: (),
        1: ("srcbytes",) if cells[-1].isdigit() else ("label",),
        2: ("srcbytes", "srcpkts" if cells[-1].isdigit() else "label"),
        3: ("srcbytes", "srcpkts", "label"),
    }
    if more < 0:
        return None
    ragged = more > 3
    tail = ("srcbytes", "srcudata", "dstudata", "label") if ragged else tails[more]
    return Layout(delimiter=ord(match[1]), names=(*_FIRST, *tail), ragged=ragged)


def _connections(rows: Named, account: Account, chunk: Chunk) -> tuple[Connections, Bools, Bools]:
    """The records, which of them are IP, and of which the packets were estimated."""
    line, words = rows.table.line, {name: rows.cells(name) for name in _NAMES}
    state, proto = words["state"], words["proto"]
    protocol = proto.mapped(protocol_number)
    ip = proto.mapped(lambda text: int(text.lower() not in NOT_IP)).fill(1) == 1
    src, dst = hosts(words["srcaddr"]), hosts(words["dstaddr"])
    ip &= protocol.known | (src.version > 0) | (dst.version > 0)
    counts = {name: unsigned(words[name]) for name in _NAMES[12:18]}
    arrow = words["dir"].mapped(lambda text: ("<" in text) + 2 * (">" in text)).fill(2)
    sent_shown, shown = answered_by_state(state)
    answered = np.where(shown.known, shown.values > 0, False)
    answered |= ~shown.known & ((arrow == 3) | (words["dtos"].size > 0))
    share = shares(
        (counts["totpkts"], counts["srcpkts"], counts["dstpkts"]),
        (counts["totbytes"], counts["srcbytes"], counts["dstbytes"]),
        sent=sent_shown.fill(1) > 0,
        answered=answered,
    )
    ours, theirs = share.src_packets, share.dst_packets
    answers = np.where(theirs.known, theirs.values > 0, answered)
    sends = ~(ours.known & (ours.values == 0) & answers)
    flags = [
        plain.otherwise(reset)
        for plain, reset in zip(state_flags(state), reset_flags(state, ours, theirs), strict=True)
    ]
    start, duration, last = instants(words["starttime"]), seconds(words["dur"]), instants(words["lasttime"])
    for name, numbers in {"starttime": start, "dur": duration, **counts}.items():
        account.add(f"{name} is no number or time", line[ip & ~numbers.known & (words[name].size > 0)], chunk)
    ports = port(words["sport"]), port(words["dport"])
    icmp_type, icmp_code = icmp(protocol, state, words["sport"], words["dport"])
    ended = Numbers(values=start.values + duration.values, known=start.known & duration.known)
    found = Connections(
        line=line,
        start=start,
        end=ended.otherwise(last),
        protocol=protocol,
        opener=Side(host=src, port=ports[0], packets=ours, octets=share.src_bytes, flags=flags[0]),
        answerer=Side(host=dst, port=ports[1], packets=theirs, octets=share.dst_bytes, flags=flags[1]),
        sent=sends,
        answered=answers,
        icmp_type=icmp_type,
        icmp_code=icmp_code,
        text={"label": words["label"].names()} if words["label"].size.any() else {},
    )
    return found.swapped(arrow == 1), ip, share.estimated
