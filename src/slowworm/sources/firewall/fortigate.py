"""Traffic logs of FortiGate: key=value lines, one a session, with counters for both directions."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.firewall.log import decided, first_of, others, read_log
from slowworm.sources.firewall.syslog import headers, zone_note
from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.draft import Draft
from slowworm.sources.tables.lines import SPACE, Chunk, Tokens
from slowworm.sources.tables.pairs import group, last
from slowworm.sources.tables.protocols import PROTOCOL_WORDS
from slowworm.sources.tables.slices import MISSING, Bools, Ints, Slices
from slowworm.sources.tables.times import NO_TIME, epoch_by_size, iso, moved

DENIED = frozenset({b"deny", b"denied", b"block", b"blocked", b"drop", b"dropped"})
"""Actions of refused sessions. Every other one is how an allowed session ended (close, timeout, …)."""

SERVICES = {b"ping": (8, 0), b"ping6": (128, 0)}
"""Services that name an ICMP type and code; others are written ``icmp/type/code``."""

_HEAD = re.compile(
    rb"(?:^|[\s<>])(?:date=\d{4}-\d\d-\d\d time=|eventtime=\d|logid=)[^\n]{0,2000}\btype=\"?traffic\b"
)
_ICMP_SERVICE = re.compile(rb"icmp6?/(\d{1,3})/(\d{1,3})\Z", re.IGNORECASE)
_MARK = r"\b(?:date|itime|eventtime|logver|timestamp|devname|logid)="
_NO_INTERFACE = {"unknown0": None, "unknown-0": None, "undefined": None}


class FortiGate:
    """Sessions are logged when they end, refusals at once, long sessions in between with totals so far."""

    info = FormatInfo(
        name="fortigate",
        title="traffic log of FortiGate (FortiOS)",
        commands=(),
        carries="addresses, ports, protocol, interfaces, packets and bytes of both directions, duration, "
        "allowed or denied",
        lacks="TCP flags; ICMP types other than those the service names; packets of denied sessions",
    )

    def __init__(self, *, now: datetime | None = None) -> None:
        self._now = now

    def recognises(self, head: bytes) -> bool:
        """By ``type="traffic"`` in a line of keys."""
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
        tokens = chunk.tokens(SPACE, begin=begin, runs=True)
        kind = tokens.keyed(b"type")
        # A line that is cut before its type is damaged; one of another type is none of ours.
        ours = kind.equals(b"traffic") | (kind.length == 0)
        others(damage, int((~ours).sum()))
        if not ours.any():
            return None
        if not ours.all():
            chunk, begin = chunk.take(ours), begin[ours]
            tokens = chunk.tokens(SPACE, begin=begin, runs=True)
        draft, no_zone = _records(tokens, chunk)
        header = headers(Slices(buffer=chunk.buffer, start=chunk.lines.start, end=begin), self._now)
        draft.texts["exporter"] = first_of(
            tokens.keyed(b"devname").names(), header.host, tokens.keyed(b"devid").names()
        )
        bad = draft.damaged() | (draft.src.version < 0) | (draft.dst.version < 0) | chunk.too_long
        bad |= draft.number("protocol") == MISSING
        damage.lines("damaged traffic log", bad, chunk.lines, chunk.number)
        zone_note(damage, int((no_zone & ~bad).sum()))
        return draft.take(~bad)


def _records(tokens: Tokens, chunk: Chunk) -> tuple[Draft, Bools]:
    def number(key: bytes) -> Ints:
        return tokens.keyed(key).integers()

    end, no_zone = _ends(tokens)
    duration = number(b"duration")
    action = tokens.keyed(b"action")
    started = action.equals(b"start")
    start = moved(end, duration, -1)
    icmp_type, icmp_code = _icmp(tokens.keyed(b"service"))
    answer_packets, answer_bytes = number(b"rcvdpkt"), number(b"rcvdbyte")
    # The counters of a session that only begins are not its counters; of a denied one they count what was
    # forwarded, which is nothing.
    sent = number(b"sentpkt")
    counted = ~started
    forwarded = counted & ((sent != 0) | (answer_packets > 0))
    draft = Draft(
        line=chunk.number,
        src=tokens.keyed(b"srcip").addresses(),
        dst=tokens.keyed(b"dstip").addresses(),
        numbers={
            "protocol": tokens.keyed(b"proto").translated(PROTOCOL_WORDS),
            "src_port": number(b"srcport"),
            "dst_port": number(b"dstport"),
            "icmp_type": icmp_type,
            "icmp_code": icmp_code,
            "packets": np.where(forwarded, sent, MISSING),
            "bytes": np.where(forwarded, number(b"sentbyte"), MISSING),
            "answer_packets": np.where(counted, answer_packets, MISSING),
            "answer_bytes": np.where(counted, answer_bytes, MISSING),
            "session": number(b"sessionid"),
        },
        times={"start_time": start, "end_time": np.where(started, NO_TIME, end)},
        texts={
            "in_if": tokens.keyed(b"srcintf").names(known=_NO_INTERFACE),
            "out_if": tokens.keyed(b"dstintf").names(known=_NO_INTERFACE),
            "action": decided(action, DENIED, "deny", "allow"),
        },
        answered=counted & ((answer_packets > 0) | ((answer_packets == MISSING) & (answer_bytes > 0))),
    )
    return draft, no_zone


def _ends(tokens: Tokens) -> tuple[Ints, Bools]:
    """When each line was written: eventtime, else date and time in the zone tz; and where no zone was said."""
    event = epoch_by_size(tokens.keyed(b"eventtime").integers())
    missing = np.flatnonzero(event == NO_TIME)
    no_zone = np.zeros(len(event), np.bool_)
    if len(missing):
        parts = [tokens.keyed(key).take(missing).binary() for key in (b"date", b"time", b"tz")]
        space = pa.scalar(b" ", pa.large_binary())
        nothing = pa.scalar(b"", pa.large_binary())
        written = pc.binary_join_element_wise(
            pc.binary_join_element_wise(parts[0], parts[1], space), parts[2], nothing
        )
        texts = Slices.of(written)
        # Neither date nor time leaves the blank between them.
        texts = Slices(
            buffer=texts.buffer, start=texts.start, end=np.where(texts.length == 1, texts.start, texts.end)
        )
        event[missing], zoned = iso(texts)
        no_zone[missing] = ~zoned & (event[missing] > 0)
    return event, no_zone


def _icmp(services: Slices) -> tuple[Ints, Ints]:
    """ICMP type and code where the service is one."""
    codes = services.binary().dictionary_encode()
    found = [(MISSING, MISSING)]
    for raw in codes.dictionary.to_pylist():
        match = _ICMP_SERVICE.match(raw)
        pair = (int(match[1]), int(match[2])) if match else SERVICES.get(raw.lower(), (MISSING, MISSING))
        found.append(pair if max(pair) < 256 else (MISSING, MISSING))
    table = np.array(found, np.int64)[codes.indices.to_numpy(zero_copy_only=False) + 1]
    return table[:, 0], table[:, 1]


def _final(draft: Draft, damage: Damage) -> Draft:
    """Of several lines of one session the last: each has the totals so far."""
    session = draft.number("session")
    key = group(
        np.where(session == MISSING, -2 - np.arange(len(session)), session),
        draft.texts["exporter"],
        draft.src.key(),
        draft.number("src_port"),
        draft.dst.key(),
        draft.number("dst_port"),
        draft.texts["action"],
    )
    keep = last(key)
    damage.note(
        "interim-records",
        "lines of sessions that have a later line, with the totals by then, were left out",
        int((~keep).sum()),
    )
    return draft.take(keep)
