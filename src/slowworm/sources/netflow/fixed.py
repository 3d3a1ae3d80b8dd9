"""NetFlow v1, v5, v7 and v8: versions whose records have one layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from slowworm.sources.datagrams import Datagrams, Ints, matrix, unsigned
from slowworm.sources.netflow.account import Account
from slowworm.sources.netflow.columns import batch, choices, interfaces, timestamps, transport, uptime_to_time
from slowworm.sources.netflow.sequence import lost

FieldAt = tuple[int, int]
"""Offset and length of a field in a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a version (or a v8 scheme) keeps its fields; ``None`` where it has none (Cisco NetFlow export formats)."""

    header: int
    record: int
    src: FieldAt | None = None
    dst: FieldAt | None = None
    in_if: FieldAt | None = None
    out_if: FieldAt | None = None
    packets: FieldAt | None = None
    octets: FieldAt | None = None
    first: FieldAt | None = None
    last: FieldAt | None = None
    src_port: FieldAt | None = None
    dst_port: FieldAt | None = None
    protocol: FieldAt | None = None
    flags: FieldAt | None = None
    sequence: int | None = None
    engine: int | None = None
    sampling: int | None = None


_V5: Any = {
    "src": (0, 4), "dst": (4, 4), "in_if": (12, 2), "out_if": (14, 2), "packets": (16, 4), "octets": (20, 4),
    "first": (24, 4), "last": (28, 4), "src_port": (32, 2), "dst_port": (34, 2), "protocol": (38, 1),
}  # fmt: skip

LAYOUTS: dict[int, Layout] = {
    1: Layout(header=16, record=52, flags=(40, 1), **_V5),
    5: Layout(header=24, record=48, flags=(37, 1), sequence=16, engine=20, sampling=22, **_V5),
    7: Layout(header=24, record=52, flags=(37, 1), sequence=16, **_V5),
}

_PAIR: Any = {"packets": (4, 4), "octets": (8, 4), "first": (12, 4), "last": (16, 4)}
SCHEMES: dict[int, Layout] = {
    # v8 aggregation schemes: 1 AS, 2 protocol-port, 3 source prefix, 4 destination prefix, 5 prefix: no hosts;
    # 6 destination, 7 source-destination, 8 full flow: hosts as an MLS switch sees them.
    1: Layout(header=28, record=28, sequence=16, engine=20),
    2: Layout(header=28, record=28, sequence=16, engine=20),
    3: Layout(header=28, record=32, sequence=16, engine=20),
    4: Layout(header=28, record=32, sequence=16, engine=20),
    5: Layout(header=28, record=40, sequence=16, engine=20),
    6: Layout(header=28, record=32, dst=(0, 4), out_if=(20, 2), sequence=16, engine=20, **_PAIR),
    7: Layout(header=28, record=40, dst=(0, 4), src=(4, 4), packets=(8, 4), octets=(12, 4), first=(16, 4),
              last=(20, 4), out_if=(24, 2), in_if=(26, 2), sequence=16, engine=20),
    8: Layout(header=28, record=44, dst=(0, 4), src=(4, 4), dst_port=(8, 2), src_port=(10, 2), packets=(12, 4),
              octets=(16, 4), first=(20, 4), last=(24, 4), out_if=(28, 2), in_if=(30, 2), protocol=(33, 1),
              sequence=16, engine=20),
    9: Layout(header=28, record=32, sequence=16, engine=20),
    10: Layout(header=28, record=32, sequence=16, engine=20),
    11: Layout(header=28, record=36, sequence=16, engine=20),
    12: Layout(header=28, record=36, sequence=16, engine=20),
    13: Layout(header=28, record=40, sequence=16, engine=20),
    14: Layout(header=28, record=40, sequence=16, engine=20),
}  # fmt: skip

SCHEME_AT = 22
MASKED = frozenset({1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14})
"""Schemes without host addresses: no verdict can come from them."""


def decode(datagrams: Datagrams, version: int, account: Account) -> list[pa.RecordBatch]:
    """All records of datagrams of one version (1, 5, 7, 8)."""
    if version != 8:
        return _decode(datagrams, version, LAYOUTS[version], account)
    whole = datagrams.size > SCHEME_AT
    scheme = np.full(len(datagrams), -1, np.int64)
    scheme[whole] = np.frombuffer(datagrams.data, np.uint8)[datagrams.offset[whole] + SCHEME_AT]
    batches = []
    for number in np.unique(scheme).tolist():
        chosen = datagrams.chosen(scheme == number)
        form = SCHEMES.get(number)
        if form is None:
            account.add("unknown-scheme", exporter=0, version=8, detail=number, n=len(chosen),
                        offset=int(chosen.offset[0]))  # fmt: skip
            continue
        found = _decode(chosen, 8, form, account)
        if number in MASKED:
            account.add("masked", exporter=0, version=8, detail=number, n=sum(b.num_rows for b in found))
        batches += found
    return batches


def _decode(datagrams: Datagrams, version: int, form: Layout, account: Account) -> list[pa.RecordBatch]:
    whole = datagrams.size >= form.header
    _count(account, "truncated", datagrams.chosen(~whole), version)
    datagrams = datagrams.chosen(whole)
    if not len(datagrams):
        return []
    head = matrix(datagrams.data, datagrams.offset, form.header)
    said = unsigned(head, 2, 2).astype(np.int64)
    there = np.minimum(said, (datagrams.size - form.header) // form.record)
    _count(account, "truncated", datagrams.chosen(there < said), version)
    uptime, seconds, nanos = (unsigned(head, at, 4).astype(np.int64) for at in (4, 8, 12))
    export = seconds * 10**9 + nanos
    if form.sequence is not None:
        engine = unsigned(head, form.engine, 2).astype(np.int64) if form.engine is not None else 0 * said
        for exporter, domain, n, at in lost(
            exporter=datagrams.exporter, domain=engine, sequence=unsigned(head, form.sequence, 4).astype(np.int64),
            step=said, offset=datagrams.offset,
        ):  # fmt: skip
            account.add("lost", exporter=exporter, version=version, domain=domain, n=n, offset=at)
    rows = int(there.sum())
    if not rows:
        return []
    of = np.repeat(np.arange(len(datagrams)), there)
    within = np.arange(rows) - np.repeat(np.cumsum(there) - there, there)
    records = matrix(datagrams.data, datagrams.offset[of] + form.header + within * form.record, form.record)

    def field(place: FieldAt | None) -> Ints | None:
        return None if place is None else unsigned(records, *place).astype(np.int64)

    def moment(place: FieldAt | None) -> pa.Array | None:
        value = field(place)
        if value is None:
            return None
        return timestamps(uptime_to_time(value, export_ns=export[of], sys_uptime_ms=uptime[of]))

    protocol = field(form.protocol)
    src, dst = field(form.src), field(form.dst)
    sampling = None
    if form.sampling is not None:
        said_rate = unsigned(head, form.sampling, 2).astype(np.int64)[of]
        rate = said_rate & 0x3FFF
        # Some exporters leave the field 0 when they do not sample, others when they do: 0 is unknown.
        sampling = pa.array(rate, pa.uint32(), mask=rate == 0)
        _sampled_unknown(datagrams.exporter[of][(said_rate > 0x3FFF) & (rate == 0)], version, account)
    in_if, out_if = field(form.in_if), field(form.out_if)
    columns = {
        "src_addr": _hosts(src, rows),
        "dst_addr": _hosts(dst, rows),
        "packets": _numbers(field(form.packets)),
        "bytes": _numbers(field(form.octets)),
        "tcp_flags": _numbers(field(form.flags), protocol),
        "in_if": None if in_if is None else interfaces(in_if),
        "out_if": None if out_if is None else interfaces(out_if),
        "start_time": moment(form.first),
        "end_time": moment(form.last),
        "exporter": choices(datagrams.exporter[of], list(datagrams.exporters)),
        "sampling_rate": sampling,
    }
    if protocol is not None:
        columns.update(transport(protocol, field(form.src_port), field(form.dst_port), None))
    return [batch(columns, rows=rows, ip_version=4)]


def _hosts(values: Ints | None, rows: int) -> pa.Array:
    """Addresses; 0.0.0.0 is what a flow mask leaves behind and no host."""
    if values is None:
        return pa.nulls(rows, pa.uint32())
    return pa.array(values, pa.uint32(), mask=values == 0)


def _numbers(values: Ints | None, protocol: Ints | None = None) -> pa.Array | None:
    """Counters; TCP flags only of TCP."""
    if values is None:
        return None
    return pa.array(values, mask=None if protocol is None else protocol != 6)


def _sampled_unknown(exporters: Ints, version: int, account: Account) -> None:
    """Flows whose header has a sampling mode (its two highest bits) and no interval."""
    found, counts = np.unique(exporters, return_counts=True)
    for exporter, n in zip(found.tolist(), counts.tolist(), strict=True):
        account.add("sampling-unknown", exporter=exporter, version=version, n=n)


def _count(account: Account, what: str, datagrams: Datagrams, version: int) -> None:
    exporters, first, counts = np.unique(datagrams.exporter, return_index=True, return_counts=True)
    offsets = datagrams.offset[first]
    for exporter, offset, n in zip(exporters.tolist(), offsets.tolist(), counts.tolist(), strict=True):
        account.add(what, exporter=exporter, version=version, n=n, offset=offset)
