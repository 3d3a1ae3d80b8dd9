"""Connections of Cisco ASA: the message that begins one and the one that ends it become one record."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from slowworm.flows.services import PORT_NAMES, TCP
from slowworm.sources.firewall.asa_messages import BUILT, TORN
from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.draft import Draft
from slowworm.sources.tables.pairs import before, group
from slowworm.sources.tables.slices import MISSING, Bools, Ints
from slowworm.sources.tables.times import NO_TIME

FIRST, SECOND = 1, 2
"""Which of the two endpoints of a connection message opened it; MISSING where the message does not say."""

SYN, SYN_ACK_FIN, SYN_ACK_PSH = 2, 19, 26

TIMEOUT, FINS, RESET_FIRST, RESET_SECOND = 1, 2, 3, 4
"""Reasons of a teardown. The outside, which sends "Reset-O", is the endpoint that is named first."""

REASONS = {
    b"syn timeout": TIMEOUT,
    b"tcp fins": FINS,
    b"tcp reset-o": RESET_FIRST,
    b"tcp reset-i": RESET_SECOND,
}

_SERVER = np.zeros(65_536, np.bool_)
_SERVER[1:1024] = True
_SERVER[[port for port in PORT_NAMES if port >= 1024]] = True


def joined(draft: Draft, damage: Damage) -> Draft:
    """One record per connection, its opener as the source; refusals and list hits as they are.

    An end without its begin (the log starts in between) is turned by its ports; a begin without its end (the
    connection still stood) has neither an end time nor bytes.
    """
    kind = draft.number("kind")
    rows = np.flatnonzero((kind == BUILT) | (kind == TORN))
    if not len(rows):
        return draft
    key = _key(draft, rows)
    previous = before(key)
    torn = kind[rows] == TORN
    paired = torn & (previous >= 0) & ~torn[np.maximum(previous, 0)]
    mine, begin = rows[paired], rows[previous[paired]]
    opener = draft.number("opener")
    opener[mine] = opener[begin]
    start = draft.times["start_time"]
    start[mine] = np.where(start[begin] != NO_TIME, start[begin], start[mine])
    for name in ("icmp_type", "icmp_code"):
        values = draft.numbers[name]
        values[mine] = np.where(values[mine] == MISSING, values[begin], values[mine])
    lonely = rows[torn & ~paired]
    unsaid = rows[opener[rows] == MISSING]
    damage.note(
        "opener-by-port",
        "connections whose begin is not in the log: who opened them was told from their ports",
        len(lonely),
    )
    opener[unsaid] = _by_port(draft, unsaid)
    draft.numbers["tcp_flags"][rows] = _flags(draft, rows, opener)
    # No payload is not no bytes: there were packets.
    octets = draft.number("bytes")
    draft.numbers["bytes"] = np.where(octets == 0, MISSING, octets)
    keep = np.ones(len(draft), np.bool_)
    keep[begin] = False
    damage.note(
        "bytes-of-both-directions",
        "Cisco ASA counts the payload of both directions together: these are the bytes of the opener's flow",
        int((draft.number("bytes")[keep] > 0).sum()),
    )
    return _turned(draft, (opener == SECOND) & ((kind == BUILT) | (kind == TORN))).take(keep)


def _key(draft: Draft, rows: Ints) -> Ints:
    """The same number for messages of one connection: by its number, for ICMP by its endpoints."""
    part = draft.take(rows)
    host = part.texts["exporter"]
    number = part.number("connection")
    icmp = number == MISSING
    return group(
        host,
        part.number("protocol"),
        number,
        np.where(icmp, part.src.key(), 0),
        np.where(icmp, part.dst.key(), 0),
        np.where(icmp, part.number("icmp_ids"), 0),
    )


def _by_port(draft: Draft, rows: Ints) -> Ints:
    """Who opened, from the ports: the side of a server's port was called; else the first is taken for it.

    In "for A to B" A is the side of lower security: unless told otherwise, B, the inside, called.
    """
    first = np.clip(draft.number("src_port")[rows], 0, 65_535)
    second = np.clip(draft.number("dst_port")[rows], 0, 65_535)
    by_port = _SERVER[first].astype(np.int64) - _SERVER[second]
    return np.where(by_port < 0, FIRST, SECOND)


def _flags(draft: Draft, rows: Ints, opener: Ints) -> Ints:
    """TCP flags of the opener as far as the end of the connection tells them.

    SYN timeout: the handshake was not completed. FINs, or payload: it was. Nothing carried and reset by the
    side that was called: refused. In every other case nobody knows.
    """
    why, octets, opener = draft.number("why")[rows], draft.number("bytes")[rows], opener[rows]
    tcp = draft.number("protocol")[rows] == TCP
    refused = ((why == RESET_FIRST) & (opener == SECOND)) | ((why == RESET_SECOND) & (opener == FIRST))
    flags = np.full(len(rows), MISSING, np.int64)
    flags[tcp & (octets > 0)] = SYN_ACK_PSH
    flags[tcp & (why == FINS)] = SYN_ACK_FIN
    flags[tcp & (octets == 0) & ((why == TIMEOUT) | refused)] = SYN
    return flags


def _turned(draft: Draft, turn: Bools) -> Draft:
    """The draft with source and destination exchanged where ``turn`` is set."""
    if not turn.any():
        return draft
    src, dst = draft.src, draft.dst
    draft.src, draft.dst = src.where(turn, dst), dst.where(turn, src)
    a, b = draft.numbers["src_port"], draft.numbers["dst_port"]
    draft.numbers["src_port"], draft.numbers["dst_port"] = np.where(turn, b, a), np.where(turn, a, b)
    one, other = draft.texts["in_if"], draft.texts["out_if"]
    both = pa.chunked_array([one, other]).unify_dictionaries()
    whole = pa.concat_arrays(both.chunks)
    n, at = len(turn), np.arange(len(turn))
    draft.texts["in_if"] = whole.take(pa.array(at + np.where(turn, n, 0)))
    draft.texts["out_if"] = whole.take(pa.array(at + np.where(turn, 0, n)))
    return draft
