"""Pass 1, contacts: flows to one row per client, server and service: who called, was it answered, in what shape."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect.direction import directions
from slowworm.flows.schema import ip_version
from slowworm.flows.services import TCP
from slowworm.flows.table import integers

Ints = npt.NDArray[np.int64]

FAILED, NOT_KNOWN, ANSWERED = -1, 0, 1

SYN_SIZES = (40, 44, 48, 52, 60, 64)
"""Bytes of an IP packet with a bare SYN: no options, MSS, MSS and SACK, timestamps too."""

MAX_LONE_PACKETS = 3
"""A SYN and its retransmissions: below four packets one side cannot open, ask and close a TCP connection."""

NULL_INTERFACE = "Null"

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def schema(version: int) -> pa.Schema:
    """Schema of contact batches: one row per (client, server, protocol, port)."""
    address = pa.uint32() if version == 4 else pa.binary(16)
    return pa.schema(
        [
            ("client", address),
            ("server", address),
            ("protocol", pa.uint8()),
            ("port", pa.uint16()),
            ("visits", pa.uint32()),
            ("answers", pa.uint32()),
            ("packets", pa.uint64()),
            ("bytes", pa.uint64()),
            ("largest", pa.uint64()),
            ("largest_answer", pa.uint64()),
            ("outcome", pa.int8()),
            ("lone_syn", pa.bool_()),
            ("to_null", pa.bool_()),
            ("random_port", pa.bool_()),
            ("in_if", pa.dictionary(pa.int32(), pa.string())),
            ("exporter", pa.dictionary(pa.int32(), pa.string())),
            ("first_time", pa.timestamp("ns", tz="UTC")),
            ("last_time", pa.timestamp("ns", tz="UTC")),
        ],
        metadata={"slowworm.contacts": "1", "ip_version": str(version)},
    )


def contacts(flows: pa.RecordBatch) -> pa.RecordBatch:
    """One row per contact of the flows of one IP version, sorted by client, server and service.

    ``visits``: flows from the client (0 if only answers were seen); ``outcome``: FAILED, NOT_KNOWN or
    ANSWERED; ``lone_syn``: null where packet sizes are not known. Flows without a source or a destination,
    and ICMP errors, take no part.
    """
    version = ip_version(flows)
    if flows.column("src_addr").null_count or flows.column("dst_addr").null_count:
        flows = flows.filter(_usable(flows))
    if not flows.num_rows:
        return _empty(version)
    src, dst, decode = _address_codes(flows)
    protocol, src_port, dst_port = (integers(flows, c) for c in ("protocol", "src_port", "dst_port"))
    way = directions(
        source=src,
        protocol=protocol,
        src_port=src_port,
        dst_port=dst_port,
        icmp_type=integers(flows, "icmp_type"),
    )
    service = np.where(way.answer, src_port, dst_port)
    service = np.where(way.random_port, -1, service)
    # Where either side may have called, the pair is brought into one order, so that an answer finds its call.
    back = np.where(way.unknown, src > dst, way.answer)
    client, server = np.where(back, dst, src), np.where(back, src, dst)
    keep = ~way.error
    pair = client.astype(np.uint64) << np.uint64(32) | server.astype(np.uint64)
    order = np.lexsort(((service + 1 | (protocol + 1) << 17) << 1 | back, pair))
    order = order[keep[order]]
    if not len(order):
        return _empty(version)
    client, server, service, protocol = (a[order] for a in (client, server, service, protocol))
    back = back[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (
        (client[1:] != client[:-1])
        | (server[1:] != server[:-1])
        | (service[1:] != service[:-1])
        | (protocol[1:] != protocol[:-1])
    )
    first = np.flatnonzero(new)
    return _grouped(
        flows,
        order,
        first,
        client,
        server,
        service,
        protocol,
        back,
        way.unknown[order],
        way.random_port[order],
        src_port[order],
        decode,
    )


def _grouped(
    flows: pa.RecordBatch,
    order: Ints,
    first: Ints,
    client: Ints,
    server: Ints,
    service: Ints,
    protocol: Ints,
    back: npt.NDArray[np.bool_],
    unknown: npt.NDArray[np.bool_],
    random_port: npt.NDArray[np.bool_],
    src_port: Ints,
    decode: Callable[[Ints], pa.Array],
) -> pa.RecordBatch:
    forth = ~back
    packets, octets = integers(flows, "packets")[order], integers(flows, "bytes")[order]
    flags = integers(flows, "tcp_flags")[order]
    flags_known = flags >= 0
    flags = np.where(flags_known, flags, 0)
    sampled = integers(flows, "sampling_rate")[order] > 1

    def total(values: npt.NDArray[np.generic]) -> Ints:
        result: Ints = np.add.reduceat(values.astype(np.int64), first)
        return result

    def largest(values: Ints) -> Ints:
        result: Ints = np.maximum.reduceat(values, first)
        return result

    visits, answers = total(forth), total(back)
    out_max, back_max = largest(np.where(forth, packets, -1)), largest(np.where(back, packets, -1))
    out_packets, out_bytes = total(np.where(forth, packets, 0)), total(np.where(forth, octets, 0))
    back_packets = total(np.where(back, packets, 0))
    bytes_known = largest(np.where(forth & (octets < 0), 1, 0)) == 0
    out_flags = np.bitwise_or.reduceat(np.where(forth, flags, 0), first)
    back_flags = np.bitwise_or.reduceat(np.where(back, flags, 0), first)
    has_flags = largest((forth & flags_known).astype(np.int64)) > 0
    client, server, service, protocol = client[first], server[first], service[first], protocol[first]
    # Only answers of a symmetric service were seen: whoever sent them is then the only caller we know.
    swap = (visits == 0) & unknown[first]
    client, server = np.where(swap, server, client), np.where(swap, client, server)
    visits, answers = np.where(swap, answers, visits), np.where(swap, 0, answers)
    out_max, back_max = np.where(swap, back_max, out_max), np.where(swap, -1, back_max)
    if swap.any():
        rows = np.repeat(swap, np.diff(np.append(first, len(order))))
        out_packets = np.where(swap, back_packets, out_packets)
        swapped_bytes = total(np.where(rows & back, octets, 0))
        out_bytes = np.where(swap, swapped_bytes, out_bytes)
        bytes_known &= ~(swap & (total(rows & back & (octets < 0)) > 0))
    visits = _distinct_visits(
        visits, order, first, src_port, back & ~np.repeat(swap, np.diff(np.append(first, len(order))))
    )
    outcome, lone = _outcomes(
        protocol=protocol,
        visits=visits,
        answers=answers,
        out_max=out_max,
        back_max=back_max,
        packets=out_packets,
        octets=np.where(bytes_known, out_bytes, -1),
        out_flags=np.where(has_flags, out_flags, -1),
        back_flags=back_flags,
        sampled=largest(sampled.astype(np.int64)) > 0,
        unknown=unknown[first],
    )
    lead = order[
        first
    ]  # with `back` as the last sort key, a contact's first row is the client's if it has one
    to_null = _to_null(flows, order, forth | np.repeat(swap, np.diff(np.append(first, len(order)))), first)
    version = ip_version(flows)
    columns = [
        decode(client),
        decode(server),
        _nullable(protocol, pa.uint8()),
        _nullable(service, pa.uint16()),
        pa.array(visits, pa.uint32()),
        pa.array(answers, pa.uint32()),
        pa.array(np.where(visits > 0, out_packets, 0), pa.uint64()),
        pa.array(np.maximum(out_bytes, 0), pa.uint64(), mask=~bytes_known),
        _nullable(out_max, pa.uint64()),
        _nullable(back_max, pa.uint64()),
        pa.array(outcome, pa.int8()),
        pa.array(lone, pa.bool_(), mask=~bytes_known),
        pa.array(to_null),
        pa.array(random_port[first]),
        flows.column("in_if").take(pa.array(lead)),
        flows.column("exporter").take(pa.array(lead)),
        _times(flows, "start_time", order, first, np.minimum),
        _times(flows, "end_time", order, first, np.maximum),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema(version))


def _outcomes(
    *,
    protocol: Ints,
    visits: Ints,
    answers: Ints,
    out_max: Ints,
    back_max: Ints,
    packets: Ints,
    octets: Ints,
    out_flags: Ints,
    back_flags: Ints,
    sampled: npt.NDArray[np.bool_],
    unknown: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
    """Failed, answered or not known, by what is there: TCP flags, then packets, then sizes."""
    size = np.where((octets >= 0) & (packets > 0), octets // np.maximum(packets, 1), -1)
    whole = octets == size * packets
    syn_size = np.isin(size, SYN_SIZES) & whole
    few = (out_max >= 0) & (out_max <= MAX_LONE_PACKETS)
    little_back = back_max < MAX_LONE_PACKETS  # also when nothing came back at all
    tcp = protocol == TCP
    outcome = np.zeros(len(protocol), np.int8)
    # TCP by packets: below four packets nobody can have opened, asked and closed.
    outcome[tcp & few & little_back & ~sampled] = FAILED
    outcome[tcp & (out_max > MAX_LONE_PACKETS) & ~sampled] = ANSWERED
    outcome[tcp & (out_max > MAX_LONE_PACKETS) & syn_size & (answers == 0)] = FAILED  # SYNs, retried
    outcome[tcp & (back_max >= MAX_LONE_PACKETS)] = ANSWERED
    # TCP flags are better than counts where they are there.
    flagged = tcp & (out_flags >= 0)
    conversed = (out_flags & ACK != 0) & (out_flags & (PSH | FIN) != 0)
    outcome[flagged & conversed] = ANSWERED
    outcome[flagged & ~conversed & (out_flags & SYN != 0) & (out_flags & ACK == 0)] = FAILED
    outcome[flagged & ~conversed & (answers > 0) & (back_flags & RST != 0) & (back_flags & PSH == 0)] = FAILED
    # Without protocol and ports only the size of bare SYNs says something.
    nothing = protocol < 0
    outcome[nothing & few & syn_size & (answers == 0)] = FAILED
    outcome[nothing & (answers > 0) & unknown] = ANSWERED
    # Others: an answer is an answer; its absence speaks only as far as answers can be seen (population).
    other = ~tcp & ~nothing
    outcome[other & (answers > 0)] = ANSWERED
    outcome[visits == 0] = NOT_KNOWN
    return outcome, few & syn_size & (outcome == FAILED)


def _distinct_visits(
    visits: Ints, order: Ints, first: Ints, src_port: Ints, skip: npt.NDArray[np.bool_]
) -> Ints:
    """Visits without the same flow seen twice (at ingress and egress, by two routers): distinct source ports."""
    several = visits > 1
    if not several.any():
        return visits
    group = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(order))))
    rows = several[group] & ~skip & (src_port >= 0)
    pairs = np.unique(group[rows] << 17 | src_port[rows])
    distinct = np.bincount(pairs >> 17, minlength=len(first))
    return np.where(distinct > 0, distinct, visits)


def _to_null(
    flows: pa.RecordBatch, order: Ints, forth: npt.NDArray[np.bool_], first: Ints
) -> npt.NDArray[np.bool_]:
    """Whether the router dropped the client's packets, in every one of its rows."""
    column = flows.column("out_if")
    names = column.dictionary.to_pylist()
    codes = [i for i, name in enumerate(names) if name == NULL_INTERFACE]
    if not codes:
        return np.zeros(len(first), np.bool_)
    dropped = np.isin(column.indices.fill_null(-1).to_numpy(zero_copy_only=False)[order], codes)
    through = np.add.reduceat((forth & ~dropped).astype(np.int64), first)
    into = np.add.reduceat((forth & dropped).astype(np.int64), first)
    result: npt.NDArray[np.bool_] = (into > 0) & (through == 0)
    return result


def _times(flows: pa.RecordBatch, name: str, order: Ints, first: Ints, pick: np.ufunc) -> pa.Array:
    column = flows.column(name)
    kind = pa.timestamp("ns", tz="UTC")
    if column.null_count == len(column):
        return pa.nulls(len(first), kind)
    missing = np.iinfo(np.int64).max if pick is np.minimum else np.iinfo(np.int64).min
    values = column.cast(pa.int64()).fill_null(missing).to_numpy(zero_copy_only=False)[order]
    picked = pick.reduceat(values, first)
    return pa.array(picked, pa.int64(), mask=picked == missing).cast(kind)


def _usable(flows: pa.RecordBatch) -> pa.Array:
    import pyarrow.compute as pc

    return pc.and_(pc.is_valid(flows.column("src_addr")), pc.is_valid(flows.column("dst_addr")))


def _address_codes(flows: pa.RecordBatch) -> tuple[Ints, Ints, Callable[[Ints], pa.Array]]:
    """Addresses as integers below 2^32 and the way back: IPv4 as itself, IPv6 by a code in this batch."""
    src, dst = flows.column("src_addr"), flows.column("dst_addr")
    if src.type == pa.uint32():
        return (
            src.to_numpy().astype(np.int64),
            dst.to_numpy().astype(np.int64),
            lambda codes: pa.array(codes.astype(np.uint32)),
        )
    both = pa.chunked_array([src, dst]).combine_chunks().dictionary_encode()
    # Codes in the order of the addresses, so that the order of rows cannot show in any result.
    rank = np.argsort(np.argsort(np.array(both.dictionary.to_pylist(), dtype=object)))
    codes = rank[both.indices.to_numpy()].astype(np.int64)
    ordered = both.dictionary.take(pa.array(np.argsort(rank)))
    return codes[: len(src)], codes[len(src) :], lambda wanted: ordered.take(pa.array(wanted))


def _nullable(values: Ints, kind: pa.DataType) -> pa.Array:
    missing = values < 0
    return pa.array(np.where(missing, 0, values).astype(kind.to_pandas_dtype()), kind, mask=missing)


def _empty(version: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=schema(version))
