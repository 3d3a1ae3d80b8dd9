"""Connection records as flows: each direction that has packets becomes a flow, the opener's before the answer's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from slowworm.flows.schema import TEXT, TIME
from slowworm.flows.table import Column, flow_batch
from slowworm.sources.logs.cells import Numbers
from slowworm.sources.logs.hosts import Hosts
from slowworm.sources.logs.lines import Bools, Ints
from slowworm.sources.logs.protocols import ICMPS, TCP, WITH_PORTS, counterpart


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One direction: who sends it, and its counters."""

    host: Hosts
    port: Numbers
    packets: Numbers
    octets: Numbers
    flags: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """Records of connections, or of flows where nothing is ``answered``.

    ``sent`` and ``answered``: which records become a flow of the opener and one of the answerer. ``icmp_type``
    and ``icmp_code`` are the opener's. ``text``: dictionary columns of the flow table (label, exporter, …);
    those in ``one_way`` are true of the opener's flow only.
    """

    line: Ints
    start: Numbers
    end: Numbers
    protocol: Numbers
    opener: Side
    answerer: Side
    sent: Bools
    answered: Bools
    icmp_type: Numbers
    icmp_code: Numbers
    text: dict[str, pa.Array] = field(default_factory=dict)
    one_way: dict[str, pa.Array] = field(default_factory=dict)

    def swapped(self, rows: Bools) -> Connections:
        """The same records with the two sides of ``rows`` exchanged: the answerer was the opener."""
        if not rows.any():
            return self
        a, b = self.opener, self.answerer
        return replace(
            self,
            opener=_either(rows, b, a),
            answerer=_either(rows, a, b),
            sent=np.where(rows, self.answered, self.sent),
            answered=np.where(rows, self.sent, self.answered),
        )

    def broken(self) -> Bools:
        """Records that cannot become a flow: an address is missing, or the two are of different versions."""
        a, b = self.opener.host.version, self.answerer.host.version
        broken: Bools = (a == 0) | (a != b)
        return broken

    def only(self, keep: Bools) -> Connections:
        """The same records, of which only those in ``keep`` become flows."""
        return replace(self, sent=self.sent & keep, answered=self.answered & keep)

    def batches(self, path: str) -> list[pa.RecordBatch]:
        """Flow batches of IPv4 and of IPv6; records without good addresses are left out."""
        good = ~self.broken()
        found = []
        for version in (4, 6):
            rows = np.flatnonzero(good & (self.opener.host.version == version))
            count = self.sent[rows].astype(np.int64) + self.answered[rows]
            index = np.repeat(rows, count)
            if not len(index):
                continue
            begins = np.repeat(np.cumsum(count) - count, count)
            first = np.arange(len(index)) == begins
            back = np.where(self.sent[index], ~first, True)
            found.append(
                flow_batch(self._columns(index, back, version, path), rows=len(index), ip_version=version)
            )
        return found

    def _columns(self, index: Ints, back: Bools, version: int, path: str) -> dict[str, Column]:
        a, b = self.opener, self.answerer
        protocol = self.protocol.take(index)
        icmp = protocol.known & np.isin(protocol.values, ICMPS)
        ported = ~protocol.known | np.isin(protocol.values, WITH_PORTS)
        answer_type = counterpart(self.protocol, self.icmp_type)
        answer_code = Numbers(values=np.zeros_like(answer_type.values), known=answer_type.known)

        def either(there: Numbers, here: Numbers) -> Numbers:
            return _choose(back, here.take(index), there.take(index))

        src_port, dst_port = either(a.port, b.port), either(b.port, a.port)
        flags = either(a.flags, b.flags).where(protocol.known & (protocol.values == TCP))
        src = _hosts(back, b.host, a.host, index)
        dst = _hosts(back, a.host, b.host, index)
        every = np.arange(len(index))
        columns: dict[str, Column] = {
            "start_time": self.start.take(index).array(pa.int64()).cast(TIME),
            "end_time": self.end.take(index).array(pa.int64()).cast(TIME),
            "src_addr": src.column(every, version),
            "dst_addr": dst.column(every, version),
            "protocol": protocol.within(0, 255).array(pa.uint8()),
            "src_port": src_port.where(ported).within(0, 65535).array(pa.uint16()),
            "dst_port": dst_port.where(ported).within(0, 65535).array(pa.uint16()),
            "icmp_type": either(self.icmp_type, answer_type).where(icmp).within(0, 255).array(pa.uint8()),
            "icmp_code": either(self.icmp_code, answer_code).where(icmp).within(0, 255).array(pa.uint8()),
            "tcp_flags": flags.within(0, 65535).array(pa.uint16()),
            "packets": either(a.packets, b.packets).array(pa.uint64()),
            "bytes": either(a.octets, b.octets).array(pa.uint64()),
            "line": pa.array(self.line[index].astype(np.uint32)),
            "input": path,
        }
        taken = pa.array(index)
        for name, values in self.text.items():
            columns[name] = values.take(taken).cast(TEXT)
        for name, values in self.one_way.items():
            columns[name] = values.take(pa.array(index, mask=back)).cast(TEXT)
        return columns


def _choose(pick: Bools, yes: Numbers, no: Numbers) -> Numbers:
    return Numbers(values=np.where(pick, yes.values, no.values), known=np.where(pick, yes.known, no.known))


def _hosts(pick: Bools, yes: Hosts, no: Hosts, index: Ints) -> Hosts:
    wide = np.zeros((0, 16), np.uint8)
    if len(yes.wide) and len(no.wide):
        wide = np.where(pick[:, None], yes.wide[index], no.wide[index])
    return Hosts(
        version=np.where(pick, yes.version[index], no.version[index]),
        narrow=np.where(pick, yes.narrow[index], no.narrow[index]),
        wide=wide,
    )


def _either(pick: Bools, yes: Side, no: Side) -> Side:
    return Side(
        host=_hosts(pick, yes.host, no.host, np.arange(len(pick))),
        port=_choose(pick, yes.port, no.port),
        packets=_choose(pick, yes.packets, no.packets),
        octets=_choose(pick, yes.octets, no.octets),
        flags=_choose(pick, yes.flags, no.flags),
    )
