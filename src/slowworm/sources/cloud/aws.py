"""VPC flow logs of Amazon Web Services: the default format of version 2, and custom ones by their header."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from slowworm.flows.services import TCP
from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.draft import Draft, batches
from slowworm.sources.tables.lines import SPACE, Chunk, Tokens, as_utf8, chunks
from slowworm.sources.tables.slices import MISSING, Addresses, Bools, Ints, Slices, recoded
from slowworm.sources.tables.times import SECOND, epoch

DEFAULT = (
    "version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol",
    "packets", "bytes", "start", "end", "action", "log-status",
)  # fmt: skip
"""The fields of a record where the log has no header."""

FIN, SYN, RST, ACK = 1, 2, 4, 16

_RECORD = (
    r"\d{1,2} (?:\d{1,20}|unknown|-) [a-z]{2,8}-[\w\-]{1,80} (?:[0-9A-Fa-f:.]{2,45}|-) (?:[0-9A-Fa-f:.]{2,45}|-) "
    r"(?:\d{1,5}|-) (?:\d{1,5}|-) (?:\d{1,3}|-) "
)
_HEAD = re.compile(rb"(?:^|\n)(?:\d{4}-\d\d-\d\dT[\d:.]{8,15}Z )?" + _RECORD.encode())
_CLOUDWATCH = r"^\d{4}-\d\d-\d\dT[\d:.]{8,15}Z "
_HEADER_NAMES = frozenset({"srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr"})


class AwsVpcFlow:
    """One record per flow, direction, network interface and aggregation interval."""

    info = FormatInfo(
        name="aws-vpc-flow",
        title="VPC flow log of Amazon Web Services",
        commands=(),
        carries="addresses, ports, protocol, packets, bytes, start and end, accepted or rejected; custom "
        "formats: TCP flags, direction, the addresses inside the packets",
        lacks="ICMP types; ACK and PSH among the TCP flags; who opened a connection",
    )

    def recognises(self, head: bytes) -> bool:
        """By a header of field names, or by records in the default format."""
        text = as_utf8(head)
        return _header(text.split(b"\n", 1)[0]) is not None or bool(_HEAD.search(text))

    def read(self, path: str, data: bytes) -> Reading:
        """One flow per record; NODATA and SKIPDATA are told in notes."""
        damage = Damage(path)
        text = as_utf8(data)
        named = _header(text.split(b"\n", 1)[0])
        fields = {name: i for i, name in enumerate(named or DEFAULT)}
        made = []
        for chunk in chunks(text, skip_lines=1 if named else 0):
            draft = _records(chunk, fields, damage)
            made += batches(draft, path)
        rows = sum(batch.num_rows for batch in made)
        return Reading(
            path=path,
            formats=((self.info.name, rows),),
            batches=tuple(made),
            problems=damage.problems,
            notes=damage.notes,
        )


def _header(line: bytes) -> list[str] | None:
    """The field names of a first line that is a header."""
    names = line.decode("latin-1")[:4000].strip().replace("_", "-").split()
    known = _HEADER_NAMES & set(names)
    return (
        names if len(names) >= 3 and known and all(re.fullmatch(r"[a-z][a-z\-]*", n) for n in names) else None
    )


def _records(chunk: Chunk, fields: Mapping[str, int], damage: Damage) -> Draft:
    begin = chunk.lines.start
    if len(fields) == len(DEFAULT):
        # CloudWatch Logs puts its own time in front when it exports.
        exported = chunk.find(_CLOUDWATCH) >= 0
        if exported.any():
            begin = np.where(exported, _behind_space(chunk), begin)
    tokens = chunk.tokens(SPACE, begin=begin, runs=True)

    def column(*names: str) -> Slices:
        return next((tokens.field(fields[n]) for n in names if n in fields), Slices.nothing(len(chunk)))

    status = column("log-status")
    none, skipped = status.equals(b"NODATA"), status.equals(b"SKIPDATA")
    damage.note("no-data", "intervals in which an interface had no traffic (NODATA)", int(none.sum()))
    damage.note(
        "skipped-data",
        "intervals of which AWS lost records (SKIPDATA): what is not here may have been there",
        int(skipped.sum()),
    )
    repeated = _repeated_header(tokens, fields)
    data = ~(none | skipped | repeated)
    draft, same_shape = _draft(chunk, tokens, fields, column)
    bad = draft.damaged() | (draft.src.version < 0) | (draft.dst.version < 0) | chunk.too_long | ~same_shape
    damage.lines("damaged flow log record", bad & data, chunk.lines, chunk.number)
    return draft.take(~bad & data)


def _draft(chunk: Chunk, tokens: Tokens, fields: Mapping[str, int], column: object) -> tuple[Draft, Bools]:
    assert callable(column)
    protocol, packets = column("protocol").integers(), column("packets").integers()
    action = column("action")
    accepted, rejected = action.equals(b"ACCEPT"), action.equals(b"REJECT")
    direction, interface = column("flow-direction"), column("interface-id").names()
    draft = Draft(
        line=chunk.number,
        src=_inner(column("pkt-srcaddr").addresses(), column("srcaddr").addresses()),
        dst=_inner(column("pkt-dstaddr").addresses(), column("dstaddr").addresses()),
        numbers={
            "protocol": protocol,
            "src_port": column("srcport").integers(),
            "dst_port": column("dstport").integers(),
            "tcp_flags": _flags(column("tcp-flags").integers(), protocol, packets),
            "packets": packets,
            "bytes": column("bytes").integers(),
        },
        times={
            "start_time": epoch(column("start").integers(), SECOND),
            "end_time": epoch(column("end").integers(), SECOND),
        },
        texts={
            "in_if": _only(interface, direction.equals(b"ingress")),
            "out_if": _only(interface, direction.equals(b"egress")),
            "exporter": interface,
            "action": recoded(np.where(accepted, 0, np.where(rejected, 1, 2)), ["allow", "deny", None]),
        },
    )
    shape = tokens.count == len(fields)
    shape &= accepted | rejected | (action.length == 0) | action.equals(b"-")
    return draft, shape


def _behind_space(chunk: Chunk) -> Ints:
    at = chunk.find(" ")
    return np.where(at < 0, chunk.lines.start, at + 1)


def _repeated_header(tokens: Tokens, fields: Mapping[str, int]) -> Bools:
    """Header lines in the middle: several files of one log, joined."""
    name, place = next((n, i) for n, i in fields.items() if n in _HEADER_NAMES)
    return tokens.field(place).equals(name.encode())


def _inner(packet: Addresses, interface: Addresses) -> Addresses:
    """The address in the packet where the record has it: behind a gateway or a pod's node it is the host's."""
    return interface.where(packet.version != MISSING, packet)


def _flags(flags: Ints, protocol: Ints, packets: Ints) -> Ints:
    """TCP flags as far as they can be told.

    AWS records SYN, FIN, RST, and ACK only together with SYN: a plain ACK leaves no trace, so that a mask
    without it does not say that the handshake failed. A FIN implies it; a lone packet had what is recorded.
    """
    flags = np.where(flags & FIN != 0, flags | np.where(flags > 0, ACK, 0), flags)
    unsaid = (flags == 0) | ((flags & SYN != 0) & (flags & ACK == 0) & (packets != 1))
    return np.where((protocol == TCP) & (flags != MISSING) & ~(unsaid & (flags >= 0)), flags, MISSING)


def _only(names: pa.Array, where: Bools) -> pa.Array:
    index = (
        pa.array(names.indices.to_numpy(zero_copy_only=False), mask=~where) if not names.null_count else None
    )
    if index is None:
        plain = names.indices.fill_null(0).to_numpy(zero_copy_only=False)
        index = pa.array(plain, mask=~where | names.is_null().to_numpy(zero_copy_only=False))
    return pa.DictionaryArray.from_arrays(index, names.dictionary)
