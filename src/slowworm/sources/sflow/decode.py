"""sFlow v5 datagrams to flow batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from slowworm.flows.addresses import ipv6_rows
from slowworm.flows.schema import TEXT, TIME
from slowworm.flows.table import Column, flow_batch
from slowworm.sources.base import Problem
from slowworm.sources.packets.columns import nullable
from slowworm.sources.packets.octets import Int, Octets
from slowworm.sources.packets.places import problems_at
from slowworm.sources.sflow.decoded import Counters, Decoded, notes_of
from slowworm.sources.sflow.headers import Headers, agent_names, read_headers
from slowworm.sources.sflow.records import Sampled, read_records
from slowworm.sources.sflow.samples import (
    COUNTERS,
    COUNTERS_EXPANDED,
    DISCARDED,
    FLOW,
    FLOW_EXPANDED,
    Samples,
    interface_column,
    read_samples,
)
from slowworm.sources.sflow.sequence import dropped, groups, losses
from slowworm.sources.sflow.walk import walk


def decode(
    data: bytes,
    offsets: Int,
    sizes: Int,
    times: Int,
    exporters: Sequence[str] = (),
    *,
    path: str = "-",
) -> Decoded:
    """Flows of the datagrams at ``data[offset : offset + size]``, in order of arrival.

    ``times``: when each was received, ns since 1970 UTC; negative is unknown and gives null times.
    ``exporters``: who sent each; used where the agent does not give an address of its own. One flow a sample:
    ``packets`` is 1, ``bytes`` the octets of IP, neither scaled by ``sampling_rate``. Both times of a flow are
    the time of its datagram. Memory: a fixed multiple of the datagrams; never raises on their account.
    """
    octets = Octets(data)
    headers = read_headers(octets, offsets, sizes)
    starts = np.asarray(offsets, np.int64)
    items = walk(octets, headers.at, headers.end, headers.samples)
    samples = read_samples(octets, items)
    records = walk(octets, samples.records_at, samples.end, samples.records)
    sampled, faults = read_records(data, octets, samples, records)

    begun = starts[headers.row]
    faults = [
        ("datagrams that are not sFlow version 5", starts[headers.other_version]),
        ("sFlow datagrams that end within their header", starts[headers.short]),
        ("sFlow datagrams that end within a sample", begun[items.cut]),
        ("sFlow samples shorter than their own header", samples.short),
        ("sFlow samples that end within a record", samples.at[records.cut]),
        *faults,
    ]
    problems: list[Problem] = []
    for text, places in faults:
        problems += problems_at(path, places, text)
    counters = _count(headers, items.format, samples, sampled)
    return Decoded(
        batches=tuple(_batches(headers, samples, sampled, np.asarray(times, np.int64), exporters)),
        problems=tuple(problems),
        notes=notes_of(counters),
        counters=counters,
    )


def _count(headers: Headers, formats: Int, samples: Samples, sampled: Sampled) -> Counters:
    agent = groups(headers.agent, headers.sub_agent)
    lost = losses(agent, headers.sequence)
    source = groups(agent[samples.datagram], samples.source)
    standard = (FLOW, COUNTERS, FLOW_EXPANDED, COUNTERS_EXPANDED, DISCARDED)
    ip = sampled.ip_version > 0
    return Counters(
        datagrams=len(headers.row),
        samples=len(samples.at),
        flows=int(ip.sum()),
        not_ip=int((sampled.not_ip & ~ip).sum()),
        no_packet=int((~sampled.tried).sum()),
        counter_samples=int(np.isin(formats, (COUNTERS, COUNTERS_EXPANDED)).sum()),
        other_samples=int((~np.isin(formats, standard)).sum()),
        agents=int(agent.max(initial=-1)) + 1,
        lost_datagrams=lost.lost,
        late_datagrams=lost.late,
        duplicates=lost.duplicates,
        restarts=lost.restarts,
        dropped_samples=dropped(source, samples.drops),
    )


def _batches(
    headers: Headers, samples: Samples, sampled: Sampled, times: Int, exporters: Sequence[str]
) -> list[pa.RecordBatch]:
    codes, names = agent_names(headers, exporters)
    agents = pa.array(names, pa.string())
    batches = []
    for version in (4, 6):
        rows = np.flatnonzero(sampled.ip_version == version)
        if not rows.size:
            continue
        datagram = samples.datagram[rows]
        received = times[headers.row[datagram]]
        unknown = received < 0
        time = pa.array(np.where(unknown, 0, received), mask=unknown).cast(TIME)
        index = codes[datagram].astype(np.int32)
        nameless = np.isin(index, [i for i, name in enumerate(names) if name is None])
        columns: dict[str, Column] = {
            "start_time": time,
            "end_time": time,
            "packets": pa.array(np.ones(len(rows), np.uint64)),
            "bytes": nullable(sampled.size[rows], pa.uint64()),
            "protocol": nullable(sampled.protocol[rows], pa.uint8()),
            "src_port": nullable(sampled.src_port[rows], pa.uint16()),
            "dst_port": nullable(sampled.dst_port[rows], pa.uint16()),
            "icmp_type": nullable(sampled.icmp_type[rows], pa.uint8()),
            "icmp_code": nullable(sampled.icmp_code[rows], pa.uint8()),
            "tcp_flags": nullable(sampled.tcp_flags[rows], pa.uint16()),
            "tcp_sequence_number": nullable(sampled.tcp_seq[rows], pa.uint32()),
            "in_if": interface_column(samples.in_if[rows]),
            "out_if": interface_column(samples.out_if[rows]),
            "exporter": pa.DictionaryArray.from_arrays(pa.array(index, mask=nameless), agents).cast(TEXT),
            # A rate of 0 says nothing.
            "sampling_rate": nullable(np.where(samples.rate == 0, -1, samples.rate)[rows], pa.uint32()),
            **_addresses(sampled, rows, version),
        }
        batches.append(flow_batch(columns, rows=len(rows), ip_version=version))
    return batches


def _addresses(sampled: Sampled, rows: Int, version: int) -> dict[str, Column]:
    if version == 4:
        return {"src_addr": pa.array(sampled.src[rows]), "dst_addr": pa.array(sampled.dst[rows])}
    return {"src_addr": ipv6_rows(sampled.src6[rows]), "dst_addr": ipv6_rows(sampled.dst6[rows])}
