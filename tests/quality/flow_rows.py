"""Hand-made flows: probes, refusals and conversations at given seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
from scripts.quality.attempts import Attempts, attempts

from slowworm.flows.addresses import parse_ipv4
from slowworm.flows.table import flow_batch

START = 1_700_000_000
SYN, RST_ACK, WHOLE = 2, 20, 27
"""TCP flags: a lone SYN, a refusal, a conversation from SYN to FIN."""


@dataclass(frozen=True, slots=True)
class F:
    """One flow; ``at`` in seconds; ICMP has its type in ``kind``."""

    src: str
    dst: str
    port: int = 80
    at: float = 0.0
    flags: int | None = SYN
    packets: int = 1
    octets: int = 48
    sp: int = 3000
    protocol: int = 6
    kind: int | None = None

    def back(self, flags: int | None = WHOLE, packets: int = 8) -> F:
        """The flow of the other side, a moment later."""
        kind = None if self.kind is None else 0
        return F(
            self.dst,
            self.src,
            self.sp,
            self.at + 0.01,
            flags,
            packets,
            60 * packets,
            self.port,
            self.protocol,
            kind,
        )


def talk(src: str, dst: str, port: int = 80, at: float = 0.0, sp: int = 3000) -> list[F]:
    """Both flows of an answered connection."""
    call = F(src, dst, port, at, WHOLE, 10, 800, sp)
    return [call, call.back()]


def targets(count: int, *, net: str = "31.7") -> list[str]:
    """Addresses that lie apart, one a /24."""
    return [f"{net}.{n // 250}.{n % 250 + 1}" if count > 250 else f"{net}.{n}.9" for n in range(count)]


def batch(flows: Iterable[F]) -> pa.RecordBatch:
    """The flows as a batch of the flow table."""
    rows = list(flows)
    icmp = [f.protocol == 1 for f in rows]
    return flow_batch(
        {
            "start_time": pa.array([int((START + f.at) * 1e9) for f in rows]).cast(
                pa.timestamp("ns", tz="UTC")
            ),
            "src_addr": pa.array([parse_ipv4(f.src) for f in rows], pa.uint32()),
            "dst_addr": pa.array([parse_ipv4(f.dst) for f in rows], pa.uint32()),
            "protocol": [f.protocol for f in rows],
            "src_port": [None if i else f.sp for i, f in zip(icmp, rows, strict=True)],
            "dst_port": [None if i else f.port for i, f in zip(icmp, rows, strict=True)],
            "icmp_type": [f.kind for f in rows],
            "tcp_flags": [f.flags if f.protocol == 6 else None for f in rows],
            "packets": [f.packets for f in rows],
            "bytes": [f.octets for f in rows],
        },
        rows=len(rows),
    )


def tried(flows: Iterable[F]) -> Attempts:
    """The attempts of the flows."""
    return attempts([batch(flows)])
