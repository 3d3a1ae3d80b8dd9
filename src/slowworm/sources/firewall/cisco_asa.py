"""Syslog of Cisco ASA (and PIX, FWSM, Firepower in ASA's words): connections, denials, access list hits."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.flows.services import TCP
from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.firewall.asa_connections import FIRST, REASONS, SECOND, joined
from slowworm.sources.firewall.asa_messages import BUILT, DENIED, LISTED, MESSAGES, TORN, Message
from slowworm.sources.firewall.log import others, read_log
from slowworm.sources.firewall.netfilter import FLAGS
from slowworm.sources.firewall.syslog import Headers, headers
from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.draft import Draft, concat
from slowworm.sources.tables.lines import Chunk
from slowworm.sources.tables.protocols import PROTOCOL_WORDS
from slowworm.sources.tables.slices import DAMAGED, MISSING, Addresses, Bools, Ints, Slices, recoded
from slowworm.sources.tables.times import MAX_DURATION, NO_TIME, moved
from slowworm.sources.text.cisco_names import PORTS

_MARK = r"%(?:ASA|PIX|FWSM|FTD)-"
_TAG = r"^%(?:ASA|PIX|FWSM|FTD)-(?:[A-Za-z]{1,20}-)?\d-(?P<number>\d{6}): ?(?P<text>.*)$"
_HEAD = re.compile(rb"%(?:ASA|PIX|FWSM|FTD)-(?:[a-z]{1,20}-)?\d-\d{6}: ")
_PORTS = {name.encode(): number for name, number in PORTS.items()}
_NAME = re.compile(rb"[A-Za-z_][\w.\-]{0,99}\Z")


class CiscoAsa:
    """ASA logs connections at their begin and end, and every packet it refuses; it counts no packets."""

    info = FormatInfo(
        name="cisco-asa",
        title="syslog of Cisco ASA, PIX and FWSM",
        commands=("show logging",),
        carries="who opened a connection to whom, interfaces, duration, bytes, how it ended; refused packets "
        "with ICMP types or TCP flags; hits of access lists",
        lacks="packets of allowed connections; bytes by direction; translated addresses are not used",
    )

    def __init__(self, *, now: datetime | None = None) -> None:
        self._now = now

    def recognises(self, head: bytes) -> bool:
        """By a message's tag."""
        return bool(_HEAD.search(head))

    def read(self, path: str, data: bytes) -> Reading:
        """One flow per connection and per refusal."""
        return read_log(self.info, path, data, self._parse, joined)

    def _parse(self, chunk: Chunk, damage: Damage) -> Draft | None:
        begin = chunk.find(_MARK)
        marked = begin >= 0
        others(damage, int((~marked).sum()))
        if not marked.any():
            return None
        chunk, begin = chunk.take(marked), begin[marked]
        bodies = Slices(buffer=chunk.buffer, start=begin, end=chunk.lines.end)
        tags = pc.extract_regex(bodies.binary(), _TAG)
        cut = tags.is_null().to_numpy(zero_copy_only=False) | chunk.too_long
        damage.lines("cut off or damaged message", cut, chunk.lines, chunk.number)
        numbers = Slices.of(tags.field("number"))
        header = headers(Slices(buffer=chunk.buffer, start=chunk.lines.start, end=begin), self._now)
        drafts, used = [], cut.copy()
        for message in MESSAGES:
            chosen = np.zeros(len(chunk), np.bool_)
            for number in message.numbers:
                chosen |= numbers.equals(number.encode())
            rows = np.flatnonzero(chosen & ~cut)
            if not len(rows):
                continue
            used[rows] = True
            draft, bad = _records(message, tags.field("text").take(pa.array(rows)), header, rows, damage)
            draft.line = chunk.number[rows]
            bad |= draft.damaged()
            damage.lines(
                f"damaged message {message.numbers[0]}", bad, chunk.lines.take(rows), chunk.number[rows]
            )
            told = np.zeros(len(chunk), np.bool_)
            told[rows[~bad]] = True
            header.tell(damage, told)
            drafts.append(draft.take(~bad))
        others(damage, int((~used).sum()))
        if not drafts:
            return None
        whole = concat(drafts)
        return whole.take(np.argsort(whole.line, kind="stable"))


def _records(
    message: Message, texts: pa.Array, header: Headers, rows: Ints, damage: Damage
) -> tuple[Draft, Bools]:
    """The records of messages of one form, and which of them do not have that form."""
    groups = pc.extract_regex(texts, message.pattern)
    bad = groups.is_null().to_numpy(zero_copy_only=False)
    names = [field.name for field in groups.type]
    n = len(rows)

    def group(name: str) -> Slices:
        return Slices.of(groups.field(name).fill_null(b"")) if name in names else Slices.nothing(n)

    if message.protocol:
        protocol = np.full(n, PROTOCOL_WORDS[message.protocol.encode()], np.int64)
    else:
        protocol = group("proto").translated(PROTOCOL_WORDS)
    src, src_named = _hosts(group("host1"))
    dst, dst_named = _hosts(group("host2"))
    damage.note(
        "named-hosts",
        "hosts were logged by a name (command names), not by their address: they take no part",
        int((src_named | dst_named).sum()),
    )
    numbers = {
        "protocol": protocol,
        "src_port": group("port1").integers(),
        "dst_port": group("port2").translated(_PORTS),
        "icmp_type": group("type").integers(),
        "icmp_code": group("code").integers(),
        "bytes": group("bytes").integers(),
        "packets": np.full(n, MISSING, np.int64),
        "kind": np.full(n, message.kind, np.int64),
        "connection": group("id").integers(),
        "opener": np.full(n, MISSING, np.int64),
        "why": np.full(n, MISSING, np.int64),
        "icmp_ids": np.full(n, MISSING, np.int64),
    }
    numbers["tcp_flags"] = np.where(protocol == TCP, _flags(group("flags")), MISSING)
    start = header.time[rows]
    end = start if message.kind in (DENIED, LISTED) else np.full(n, NO_TIME, np.int64)
    action: pa.Array = None
    if message.kind == BUILT:
        way = group("way")
        numbers["opener"] = np.where(
            way.equals(b"inbound "), FIRST, np.where(way.equals(b"outbound "), SECOND, MISSING)
        )
    elif message.kind == TORN:
        end = start
        start = _since(start, group)
        numbers["why"] = _reasons(group("why"))
    elif message.kind == DENIED:
        numbers["packets"][:] = 1
    else:
        denied = group("verdict").equals(b"denied")
        # Hits of a permitted flow are connections, not its packets.
        numbers["packets"] = np.where(denied, group("hits").integers(), MISSING)
        _ports_to_icmp(numbers)
        action = recoded(denied.astype(np.int64), ["allow", "deny"])
    if message.kind in (BUILT, TORN) and message.protocol:
        numbers["icmp_ids"] = numbers["src_port"] << 32 | numbers["dst_port"] & 0xFFFFFFFF
        numbers["src_port"] = numbers["dst_port"] = np.full(n, MISSING, np.int64)
    decided = 1 if message.kind == DENIED else 0
    draft = Draft(
        line=rows,
        src=src,
        dst=dst,
        numbers=numbers,
        times={"start_time": start, "end_time": end},
        texts={
            "in_if": group("if1").names(),
            "out_if": group("if2").names(),
            "exporter": header.host.take(pa.array(rows)),
            "action": action or recoded(np.full(n, decided), ["allow", "deny"]),
        },
    )
    return draft, bad


def _hosts(texts: Slices) -> tuple[Addresses, Bools]:
    """Addresses, and which of the hosts are names: those become null."""
    found = texts.addresses()
    named = found.version == DAMAGED
    rows = np.flatnonzero(named)
    if len(rows):
        codes = texts.take(rows).binary().dictionary_encode()
        good = np.array([bool(_NAME.match(name)) for name in codes.dictionary.to_pylist()])
        named[rows] = good[codes.indices.to_numpy(zero_copy_only=False)]
        found.version[named] = MISSING
    return found, named


def _since(end: Ints, group: Callable[[str], Slices]) -> Ints:
    """Start of a connection from its end and its duration, unknown where either is."""
    hours, minutes, seconds = (group(name).integers() for name in "hms")
    # What is longer than any duration is damage, also where its seconds would not fit.
    hours = np.where(hours > MAX_DURATION, MAX_DURATION, hours)
    known = (hours >= 0) & (minutes >= 0) & (seconds >= 0)
    start = moved(end, np.where(known, hours * 3_600 + minutes * 60 + seconds, DAMAGED), -1)
    # Teardowns of ICMP do not say how long it lasted.
    return np.where(hours == MISSING, NO_TIME, start)


def _reasons(texts: Slices) -> Ints:
    """The reason of a teardown, by its first words."""
    codes = texts.binary().dictionary_encode()
    found = []
    for raw in codes.dictionary.to_pylist():
        text = raw.lower()
        found.append(next((n for words, n in REASONS.items() if text.startswith(words)), MISSING))
    values: Ints = np.array(found or [MISSING], np.int64)[codes.indices.to_numpy(zero_copy_only=False)]
    return values


def _flags(texts: Slices) -> Ints:
    """``SYN ACK`` as bits."""
    codes = texts.binary().dictionary_encode()
    found = [
        sum({FLAGS.get(word, 0) for word in raw.split()}) or MISSING for raw in codes.dictionary.to_pylist()
    ]
    values: Ints = np.array(found or [MISSING], np.int64)[codes.indices.to_numpy(zero_copy_only=False)]
    return values


def _ports_to_icmp(numbers: dict[str, Ints]) -> None:
    """Access list hits print the ICMP type and code where TCP has its ports."""
    icmp = np.isin(numbers["protocol"], (1, 58))
    for port, own in (("src_port", "icmp_type"), ("dst_port", "icmp_code")):
        numbers[own] = np.where(icmp, numbers[port], numbers[own])
        numbers[port] = np.where(icmp, MISSING, numbers[port])
