"""From exchanges to the flows that a vantage exports, as columns; from columns to flow batches."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.addresses import ipv6_rows
from slowworm.flows.schema import TIME
from slowworm.flows.services import ICMP, TCP
from slowworm.flows.table import flow_batch
from slowworm.rehearse.world.cache import records
from slowworm.rehearse.world.crossing import INTERFACES, exporters, passages, seen
from slowworm.rehearse.world.exchanges import Exchanges
from slowworm.rehearse.world.internet import Internet
from slowworm.rehearse.world.ipv6 import LONGER_HEADER, addresses6, as_icmp6
from slowworm.rehearse.world.legs import SECOND, legs
from slowworm.rehearse.world.site import Site
from slowworm.rehearse.world.spec import Vantage
from slowworm.rehearse.world.streams import salt, unit

BATCH_ROWS = 262_144
"""Rows of a flow batch: large enough for vector code, small enough to pass around."""

ROUND_TRIP = (0.004, 0.16)
"""Range of the seconds to an outside /16 and back; inside it is ``ROUND_TRIP_INSIDE``."""

ROUND_TRIP_INSIDE = 0.0008


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Columns of exported flows of one IP version, all of one length; times in ns from the start of the world."""

    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    src: npt.NDArray[np.uint32]
    dst: npt.NDArray[np.uint32]
    protocol: npt.NDArray[np.uint8]
    src_port: npt.NDArray[np.uint16]
    dst_port: npt.NDArray[np.uint16]
    flags: npt.NDArray[np.uint8]
    packets: npt.NDArray[np.int64]
    octets: npt.NDArray[np.int64]
    exporter: npt.NDArray[np.int32]
    in_if: npt.NDArray[np.int32]
    out_if: npt.NDArray[np.int32]
    label: npt.NDArray[np.int16]
    forward: npt.NDArray[np.bool_]
    failed: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.start)

    def take(self, rows: npt.NDArray[Any]) -> Flows:
        """The rows of a mask or an index."""
        return Flows(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def joined(parts: list[Flows]) -> Flows:
    """Several tables one after the other."""
    if not parts:
        return Flows(**{name: np.zeros(0, kind) for name, kind in _TYPES.items()})
    return Flows(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Flows)})


_TYPES: dict[str, Any] = {
    "start": np.int64, "end": np.int64, "src": np.uint32, "dst": np.uint32, "protocol": np.uint8,
    "src_port": np.uint16, "dst_port": np.uint16, "flags": np.uint8, "packets": np.int64, "octets": np.int64,
    "exporter": np.int32, "in_if": np.int32, "out_if": np.int32, "label": np.int16, "forward": np.bool_,
    "failed": np.bool_,
}  # fmt: skip


def observe(
    calls: Exchanges,
    site: Site,
    internet: Internet,
    vantage: Vantage,
    *,
    span: float,
    draw: np.random.Generator,
) -> Flows:
    """The flows that the vantage exports of these exchanges; those that begin after ``span`` seconds are left out."""
    forward = seen(site, internet, vantage, calls.client, calls.server)
    backward = seen(site, internet, vantage, calls.server, calls.client)
    calls = calls.take(forward | backward)
    every = legs(calls, round_trips(site, internet, calls))
    every = every.take(seen(site, internet, vantage, every.src, every.dst))
    passage = passages(site, internet, vantage, every)
    record = records(every, passage, vantage, draw)
    here = (record.start < span * SECOND) & (record.end >= 0)
    kept = record.passage[here]
    leg = passage.leg[kept]
    return Flows(
        start=record.start[here],
        end=record.end[here],
        src=every.src[leg],
        dst=every.dst[leg],
        protocol=every.protocol[leg],
        src_port=every.src_port[leg],
        dst_port=every.dst_port[leg],
        flags=record.flags[here],
        packets=record.packets[here],
        octets=record.octets[here],
        exporter=passage.exporter[kept],
        in_if=passage.in_if[kept],
        out_if=passage.out_if[kept],
        label=every.label[leg],
        forward=every.forward[leg],
        failed=every.failed[leg],
    )


def round_trips(site: Site, internet: Internet, calls: Exchanges) -> npt.NDArray[np.float64]:
    """Seconds to the other side and back, by the outside /16."""
    client_in, server_in = site.contains(calls.client), site.contains(calls.server)
    far = np.where(client_in, calls.server, calls.client) >> np.uint32(16)
    low, high = ROUND_TRIP
    outside = low + (high - low) * unit(far, salt(internet.seed, "round trip")) ** 2
    result: npt.NDArray[np.float64] = np.where(client_in & server_in, ROUND_TRIP_INSIDE, outside)
    return result


def batches(
    flows: Flows, vantage: Vantage, start: datetime, ipv6_of: Site | None = None
) -> list[pa.RecordBatch]:
    """Flow batches of at most ``BATCH_ROWS`` rows, in the order of ``flows``; IPv6 ones with a site to map it."""
    base = nanoseconds(start)
    return [
        _batch(flows.take(np.arange(first, min(first + BATCH_ROWS, len(flows)))), vantage, base, ipv6_of)
        for first in range(0, len(flows), BATCH_ROWS)
    ]


def nanoseconds(moment: datetime) -> int:
    """A time as ns since 1970, exactly."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _batch(flows: Flows, vantage: Vantage, base: int, ipv6_of: Site | None) -> pa.RecordBatch:
    icmp = flows.protocol == ICMP
    protocol, port = flows.protocol, flows.dst_port
    src: Any = flows.src
    dst: Any = flows.dst
    octets = flows.octets
    if ipv6_of is not None:
        protocol, port = as_icmp6(protocol, port)
        octets = octets + LONGER_HEADER * flows.packets
        src, dst = (ipv6_rows(addresses6(ipv6_of, a)) for a in (src, dst))
    columns = {
        "start_time": pa.array(flows.start + base).cast(TIME),
        "end_time": pa.array(flows.end + base).cast(TIME),
        "src_addr": src,
        "dst_addr": dst,
        "protocol": protocol,
        "src_port": _with_nulls(flows.src_port, icmp),
        "dst_port": _with_nulls(flows.dst_port, icmp),
        "icmp_type": _with_nulls((port >> 8).astype(np.uint8), ~icmp),
        "icmp_code": _with_nulls((port & 255).astype(np.uint8), ~icmp),
        "tcp_flags": _with_nulls(flows.flags.astype(np.uint16), flows.protocol != TCP),
        "packets": flows.packets.astype(np.uint64),
        "bytes": octets.astype(np.uint64),
        "in_if": _text(flows.in_if, INTERFACES),
        "out_if": _text(flows.out_if, INTERFACES),
        "exporter": _text(flows.exporter, exporters(vantage)),
        "sampling_rate": np.full(len(flows), vantage.sampling, np.uint32),
    }
    return flow_batch(columns, rows=len(flows), ip_version=4 if ipv6_of is None else 6)


def _with_nulls(values: npt.NDArray[Any], missing: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array(values, mask=missing)


def _text(codes: npt.NDArray[np.int32], names: tuple[str, ...]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names))
