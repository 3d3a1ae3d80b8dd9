"""LOG lines of Linux netfilter: iptables, nftables, ufw, firewalld; one packet a line."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.flows.services import TCP
from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.firewall.log import others, read_log
from slowworm.sources.firewall.syslog import headers, message_start
from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.draft import Draft
from slowworm.sources.tables.lines import SPACE, Chunk
from slowworm.sources.tables.protocols import PROTOCOL_WORDS
from slowworm.sources.tables.slices import MISSING, Ints, Slices, recoded

FLAGS = {b"FIN": 1, b"SYN": 2, b"RST": 4, b"PSH": 8, b"ACK": 16, b"URG": 32, b"ECE": 64, b"CWR": 128}

_LINE = re.compile(rb"\bIN=\S{0,20} OUT=\S{0,20}[^\n]{0,300}? SRC=\S{2,45} DST=\S{2,45} ")
_DENY = re.compile(
    r"(?<![A-Za-z])(?:drop(?:ped)?|den(?:y|ied)|reject(?:ed)?|block(?:ed)?)(?![A-Za-z])", re.IGNORECASE
)
_ALLOW = re.compile(r"(?<![A-Za-z])(?:accept(?:ed)?|allow(?:ed)?)(?![A-Za-z])", re.IGNORECASE)
_MARK = r"IN=[^\s=]* OUT="
_KERNEL = r"kernel: |\[ *\d+\.\d+\]"
_UPTIME = r"\[ *\d+\.\d+\]"


class Netfilter:
    """The kernel's packet log. Its prefix is free text: it says deny or allow only if its words do."""

    info = FormatInfo(
        name="netfilter",
        title="packet log of Linux netfilter (iptables and nftables LOG, ufw)",
        commands=(),
        carries="addresses, ports, protocol, ICMP type, TCP flags, length, interfaces, one packet a line; "
        "allow or deny where the log prefix says so",
        lacks="flows: only what the LOG rule matches is seen, as a rule the first packet",
    )

    def __init__(self, *, now: datetime | None = None) -> None:
        self._now = now

    def recognises(self, head: bytes) -> bool:
        """By ``IN=… OUT=… SRC=… DST=…`` in a line."""
        return bool(_LINE.search(head))

    def read(self, path: str, data: bytes) -> Reading:
        """One flow of one packet per line."""
        return read_log(self.info, path, data, self._parse)

    def _parse(self, chunk: Chunk, damage: Damage) -> Draft | None:
        begin = chunk.find(_MARK)
        marked = begin >= 0
        others(damage, int((~marked).sum()))
        if not marked.any():
            return None
        chunk, begin = chunk.take(marked), begin[marked]
        tokens = chunk.tokens(SPACE, begin=begin, runs=True)
        source = tokens.keyed(b"SRC")
        # ARP packets are logged by the same rules: they have hardware addresses, and MACSRC for SRC.
        arp = (source.length == 0) & (tokens.present(b"ARP") | (tokens.keyed(b"MACSRC").length > 0))
        head = Chunk(
            lines=Slices(buffer=chunk.buffer, start=chunk.lines.start, end=begin), number=chunk.number
        )
        kernel = head.find(_KERNEL)
        before = Slices(
            buffer=chunk.buffer, start=head.lines.start, end=np.where(kernel < 0, head.lines.end, kernel)
        )
        header = headers(before, self._now)
        flags = np.zeros(len(chunk), np.int64)
        for word, bit in FLAGS.items():
            flags |= np.where(tokens.present(word), bit, 0)
        protocol = tokens.keyed(b"PROTO").translated(PROTOCOL_WORDS)
        draft = Draft(
            line=chunk.number,
            src=source.addresses(),
            dst=tokens.keyed(b"DST").addresses(),
            numbers={
                "protocol": protocol,
                "src_port": tokens.keyed(b"SPT").integers(),
                "dst_port": tokens.keyed(b"DPT").integers(),
                "icmp_type": tokens.keyed(b"TYPE").integers(),
                "icmp_code": tokens.keyed(b"CODE").integers(),
                "tcp_flags": np.where((protocol == TCP) & (flags > 0), flags, MISSING),
                "packets": np.ones(len(chunk), np.int64),
                "bytes": tokens.keyed(b"LEN").integers(),
            },
            times={"start_time": header.time, "end_time": header.time},
            texts={
                "in_if": tokens.keyed(b"IN").names(),
                "out_if": tokens.keyed(b"OUT").names(),
                "exporter": header.host,
                "action": _actions(head.lines, kernel),
            },
        )
        bad = draft.damaged() | (draft.src.version < 0) | (draft.dst.version < 0)
        bad |= chunk.too_long | (protocol == MISSING)
        others(damage, int((bad & arp).sum()))
        damage.lines("damaged packet log", bad & ~arp, chunk.lines, chunk.number)
        header.tell(damage, ~bad)
        return draft.take(~bad)


def _actions(heads: Slices, kernel: Ints) -> pa.Array:
    """Allow or deny where the words of the log prefix say so, and do not contradict each other.

    ``kernel``: where in each head the kernel's own text begins, or -1; the host's name must not be read.
    """
    begin = np.where(kernel < 0, heads.start, kernel)
    texts = Slices(buffer=heads.buffer, start=begin, end=heads.end).binary()
    # The uptime in front of a prefix is different in every line.
    codes = pc.replace_substring_regex(texts, _UPTIME, "").dictionary_encode()
    values = []
    for raw in codes.dictionary.to_pylist():
        text = raw[-400:].decode("latin-1")
        prefix = text[message_start(text) :]
        deny, allow = _DENY.search(prefix), _ALLOW.search(prefix)
        values.append(None if bool(deny) == bool(allow) else "deny" if deny else "allow")
    return recoded(codes.indices.to_numpy(zero_copy_only=False), values)
