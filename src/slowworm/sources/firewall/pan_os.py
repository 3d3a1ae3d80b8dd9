"""Traffic logs of Palo Alto Networks PAN-OS: comma separated, one line a session."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np
import pyarrow.compute as pc

from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.firewall.log import decided, first_of, others, read_log
from slowworm.sources.firewall.syslog import headers, zone_note
from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.draft import Draft
from slowworm.sources.tables.lines import Chunk, Tokens
from slowworm.sources.tables.pairs import group
from slowworm.sources.tables.protocols import PROTOCOL_WORDS
from slowworm.sources.tables.slices import MISSING, Bools, Ints, Slices
from slowworm.sources.tables.times import NO_TIME, SECOND, iso, moved, zone_seconds

COMMA = 44

RECEIVED, SERIAL, TYPE, SUBTYPE, GENERATED, SRC, DST = 1, 2, 3, 4, 6, 7, 8
APPLICATION, IN_IF, OUT_IF, SESSION, SRC_PORT, DST_PORT = 14, 18, 19, 22, 24, 25
PROTOCOL, ACTION, SENT_BYTES, RECEIVED_BYTES, START, ELAPSED = 29, 30, 32, 33, 35, 36
SENT_PACKETS, RECEIVED_PACKETS, DEVICE = 44, 45, 52
"""Fields of a TRAFFIC line, from 0, by *Traffic Log Fields*; later releases only add fields behind these."""

LEAST_FIELDS = 37
"""Fields that every release writes for a session."""

ALLOWED = frozenset({b"allow", b"alert"})
"""Actions of sessions that were let through; drop, deny and the resets are refusals."""

PINGS = {b"ping": (8, 0), b"ping6": (128, 0)}
"""Applications that name an ICMP type and code."""

_TIME = r"\d{4}[/-]\d\d[/-]\d\d[ T]\d\d:\d\d:\d\d[^,\s]{0,14}"
_MARK = rf"(?:\d{{1,3}})?,{_TIME},[^,]{{0,40}},[A-Z][A-Z0-9\-]{{1,20}},"
_HEAD = re.compile(rb"," + _TIME.encode() + rb",[^,\n]{0,40},TRAFFIC,(?:start|end|drop|deny),")
_PRECISE = r",\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?P<zone>[+-]\d\d:\d\d)(?:,|$)"


class PanOs:
    """Sessions are logged at their end (by default), at their start as well if so configured, or refused."""

    info = FormatInfo(
        name="pan-os",
        title="traffic log of Palo Alto Networks PAN-OS",
        commands=(),
        carries="addresses, ports, protocol, interfaces, packets and bytes of both directions, start and "
        "duration, allowed or denied",
        lacks="TCP flags; ICMP types other than ping's; packets by direction before PAN-OS 6",
    )

    def __init__(self, *, now: datetime | None = None) -> None:
        self._now = now

    def recognises(self, head: bytes) -> bool:
        """By ``TRAFFIC`` behind the receive time and the serial number."""
        return bool(_HEAD.search(head))

    def read(self, path: str, data: bytes) -> Reading:
        """One flow per direction of a session that has packets."""
        return read_log(self.info, path, data, self._parse, _final)

    def _parse(self, chunk: Chunk, damage: Damage) -> Draft | None:
        begin = chunk.find(_MARK)
        marked = begin >= 0
        others(damage, int((~marked).sum()))
        chunk, begin = chunk.take(marked), begin[marked]
        if not len(chunk):
            return None
        tokens = chunk.tokens(COMMA, begin=begin)
        traffic = tokens.field(TYPE).equals(b"TRAFFIC")
        others(damage, int((~traffic).sum()))
        if not traffic.any():
            return None
        if not traffic.all():
            chunk, begin = chunk.take(traffic), begin[traffic]
            tokens = chunk.tokens(COMMA, begin=begin)
        draft, no_zone = _records(tokens, chunk)
        header = headers(Slices(buffer=chunk.buffer, start=chunk.lines.start, end=begin), self._now)
        draft.texts["exporter"] = first_of(
            tokens.field(DEVICE).names(), header.host, tokens.field(SERIAL).names()
        )
        bad = draft.damaged() | (draft.src.version < 0) | (draft.dst.version < 0) | chunk.too_long
        bad |= (tokens.count < LEAST_FIELDS) | (draft.number("protocol") == MISSING)
        damage.lines("damaged traffic log", bad, chunk.lines, chunk.number)
        zone_note(damage, int((no_zone & ~bad).sum()))
        return draft.take(~bad)


def _records(tokens: Tokens, chunk: Chunk) -> tuple[Draft, Bools]:
    def number(field: int) -> Ints:
        return tokens.field(field).integers()

    start, no_zone = _starts(tokens, chunk)
    elapsed = number(ELAPSED)
    begun = tokens.field(SUBTYPE).equals(b"start")
    end = moved(start, elapsed, 1)
    ping_type, ping_code = _pings(tokens.field(APPLICATION))
    answer_packets, answer_bytes = number(RECEIVED_PACKETS), number(RECEIVED_BYTES)
    # A session that only begins has counted its first packet or two: these are not its counters.
    counted = ~begun
    draft = Draft(
        line=chunk.number,
        src=tokens.field(SRC).addresses(),
        dst=tokens.field(DST).addresses(),
        numbers={
            "protocol": tokens.field(PROTOCOL).translated(PROTOCOL_WORDS),
            "src_port": number(SRC_PORT),
            "dst_port": number(DST_PORT),
            "icmp_type": ping_type,
            "icmp_code": ping_code,
            "packets": np.where(counted, number(SENT_PACKETS), MISSING),
            "bytes": np.where(counted, number(SENT_BYTES), MISSING),
            "answer_packets": np.where(counted, answer_packets, MISSING),
            "answer_bytes": np.where(counted, answer_bytes, MISSING),
            "session": number(SESSION),
            "begun": begun.astype(np.int64),
        },
        times={"start_time": start, "end_time": np.where(begun, NO_TIME, end)},
        texts={
            "in_if": tokens.field(IN_IF).names(),
            "out_if": tokens.field(OUT_IF).names(),
            "action": decided(tokens.field(ACTION), ALLOWED, "allow", "deny"),
            "serial": tokens.field(SERIAL).names(),
        },
        answered=counted & ((answer_packets > 0) | ((answer_packets == MISSING) & (answer_bytes > 0))),
    )
    return draft, no_zone


def _starts(tokens: Tokens, chunk: Chunk) -> tuple[Ints, Bools]:
    """Start of each session in UTC, by the zone of the precise time stamp where the line has one."""
    start, zoned = iso(tokens.field(START))
    for other in (GENERATED, RECEIVED):
        missing = np.flatnonzero(start == NO_TIME)
        if len(missing):
            start[missing], zoned[missing] = iso(tokens.field(other).take(missing))
    zones = pc.extract_regex(chunk.lines.binary(), _PRECISE).field("zone").fill_null(b"").dictionary_encode()
    seconds = [zone_seconds(z.decode("latin-1")) if z else None for z in zones.dictionary.to_pylist()]
    index = zones.indices.to_numpy(zero_copy_only=False)
    shift = np.array([s or 0 for s in seconds] or [0], np.int64)[index]
    known = np.array([s is not None for s in seconds] or [False])[index]
    local = ~zoned & known & (start > 0)
    start = np.where(local, start - shift * SECOND, start)
    return start, ~zoned & ~known & (start > 0)


def _pings(applications: Slices) -> tuple[Ints, Ints]:
    kind, code = np.full(len(applications), MISSING, np.int64), np.full(len(applications), MISSING, np.int64)
    for name, (one, other) in PINGS.items():
        found = applications.equals(name)
        kind[found], code[found] = one, other
    return kind, code


def _final(draft: Draft, damage: Damage) -> Draft:
    """Without the start lines of sessions whose end is there too."""
    session, begun = draft.number("session"), draft.number("begun") > 0
    if not begun.any():
        return draft
    key = group(
        np.where(session == MISSING, -2 - np.arange(len(session)), session),
        draft.texts["serial"],
        draft.src.key(),
        draft.number("src_port"),
        draft.dst.key(),
        draft.number("dst_port"),
    )
    ended = np.zeros(int(key.max()) + 1, np.bool_)
    ended[key[~begun]] = True
    again = begun & ended[key]
    damage.note(
        "interim-records",
        "start lines of sessions whose end is logged as well were left out",
        int(again.sum()),
    )
    return draft.take(~again)
