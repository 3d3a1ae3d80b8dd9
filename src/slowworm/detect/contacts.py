"""Pass 1, contacts: flows to one row per client, server and service: who called, was it answered, in what shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect.direction import directions
from slowworm.detect.outcome import outcomes
from slowworm.flows.schema import ip_version
from slowworm.flows.services import ICMP, ICMP6
from slowworm.flows.table import integers

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NULL_INTERFACE = "Null"
DENY = "deny"


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
            ("sampled", pa.bool_()),
            ("symmetric", pa.bool_()),
            ("in_if", pa.dictionary(pa.int32(), pa.string())),
            ("exporter", pa.dictionary(pa.int32(), pa.string())),
            ("first_time", pa.timestamp("ns", tz="UTC")),
            ("last_time", pa.timestamp("ns", tz="UTC")),
        ],
        metadata={"slowworm.contacts": "1", "ip_version": str(version)},
    )


def contacts(flows: pa.RecordBatch, *, random_port_sources: Iterable[tuple[int, int]] = ()) -> pa.RecordBatch:
    """One row per contact of the flows of one IP version, sorted by client, server and service.

    ``visits``: flows from the client (0 if only answers were seen); ``outcome``: FAILED, NOT_KNOWN or
    ANSWERED; ``lone_syn``: null where packet sizes are not known; ``sampled``: an exporter saw only some of its
    packets; ``symmetric``: either side may have called. Flows without a source or a destination,
    and ICMP errors, take no part. ``random_port_sources``: see :func:`directions`.
    """
    version = ip_version(flows)
    columns = (flows.column(name) for name in ("src_addr", "dst_addr"))
    if any(column.null_count for column in columns) or flows.column("ethertype").null_count < len(flows):
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
        random_port_sources=random_port_sources,
    )
    port = np.where(way.random_port, -1, np.where(way.answer, src_port, dst_port))
    # Where either side may have called, the pair is brought into one order, so that an answer finds its call.
    back = np.where(way.unknown, src > dst, way.answer)
    client, server = np.where(back, dst, src), np.where(back, src, dst)
    pair = client.astype(np.uint64) << np.uint64(32) | server.astype(np.uint64)
    # A call with unknown direction and one with a known one are never the same contact.
    service = (port + 1 | (protocol + 1) << 17) << 1 | way.unknown
    order = np.lexsort((service << 1 | back, pair))
    order = order[~way.error[order]]
    if not len(order):
        return _empty(version)
    pair, service, back = pair[order], service[order], back[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (pair[1:] != pair[:-1]) | (service[1:] != service[:-1])
    first = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    # Only answers of a symmetric service were seen: whoever sent them is then the only caller we know.
    alone = (np.add.reduceat((~back).astype(np.int64), first) == 0) & way.unknown[order[first]]
    back &= ~alone[group]
    client, server = client[order[first]], server[order[first]]
    seen = _Seen(flows=flows, order=order, first=first, group=group, back=back)
    return _summed(
        seen,
        client=decode(np.where(alone, server, client)),
        server=decode(np.where(alone, client, server)),
        protocol=protocol[order[first]],
        port=port[order[first]],
        unknown=way.unknown[order[first]],
        random_port=way.random_port[order[first]],
        src_port=src_port[order],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Flows sorted into contacts: row ``order[i]`` belongs to contact ``group[i]``, which starts at ``first``."""

    flows: pa.RecordBatch
    order: Ints
    first: Ints
    group: Ints
    back: Bools

    def column(self, name: str) -> Ints:
        """An integer column in contact order, -1 for null."""
        return integers(self.flows, name)[self.order]

    def total(self, values: npt.NDArray[np.generic]) -> Ints:
        """Sum per contact."""
        result: Ints = np.add.reduceat(values.astype(np.int64), self.first)
        return result

    def largest(self, values: npt.NDArray[np.generic]) -> Ints:
        """Maximum per contact."""
        result: Ints = np.maximum.reduceat(values.astype(np.int64), self.first)
        return result

    def any(self, flag: Bools) -> Bools:
        """Whether any row of the contact is flagged."""
        return self.total(flag) > 0

    def flags(self, side: Bools, values: Ints) -> Ints:
        """TCP flags of one side together, -1 where that side has none that are known."""
        if values.max() < 0:
            return np.full(len(self.first), -1, np.int64)
        known = side & (values >= 0)
        together: Ints = np.bitwise_or.reduceat(np.where(known, values, 0), self.first)
        return np.where(self.any(known), together, -1)


def _summed(
    seen: _Seen,
    *,
    client: pa.Array,
    server: pa.Array,
    protocol: Ints,
    port: Ints,
    unknown: Bools,
    random_port: Bools,
    src_port: Ints,
) -> pa.RecordBatch:
    """The contact batch: sums over each contact's rows, and what became of it."""
    back, forth = seen.back, ~seen.back
    packets, octets, flags = (seen.column(c) for c in ("packets", "bytes", "tcp_flags"))
    visits, answers = seen.total(forth), seen.total(back)
    sent, sent_bytes = seen.total(np.where(forth, packets, 0)), seen.total(np.where(forth, octets, 0))
    sizes_known = ~seen.any(forth & (octets < 0))
    largest, largest_answer = (
        seen.largest(np.where(forth, packets, -1)),
        seen.largest(np.where(back, packets, -1)),
    )
    sampled = seen.any(seen.column("sampling_rate") > 1)
    outcome, lone_syn = outcomes(
        protocol=protocol,
        visits=visits,
        answers=answers,
        largest=largest,
        largest_answer=largest_answer,
        packets=sent,
        octets=np.where(sizes_known, sent_bytes, -1),
        flags=seen.flags(forth, flags),
        answer_flags=seen.flags(back, flags),
        sampled=sampled,
        denied=_denied(seen),
        unknown=unknown,
    )
    columns = [
        client,
        server,
        _nullable(protocol, pa.uint8()),
        _nullable(port, pa.uint16()),
        pa.array(_distinct_visits(seen, visits, src_port), pa.uint32()),
        pa.array(answers, pa.uint32()),
        pa.array(np.maximum(sent, 0), pa.uint64()),
        pa.array(np.maximum(sent_bytes, 0), pa.uint64(), mask=~sizes_known),
        _nullable(largest, pa.uint64()),
        _nullable(largest_answer, pa.uint64()),
        pa.array(outcome, pa.int8()),
        pa.array(lone_syn, pa.bool_(), mask=~sizes_known),
        pa.array(_to_null(seen)),
        pa.array(random_port),
        pa.array(sampled),
        pa.array(unknown),
        _first_text(seen, "in_if"),
        _first_text(seen, "exporter"),
        _times(seen, "start_time", np.minimum),
        _times(seen, "end_time", np.maximum),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema(ip_version(seen.flows)))


def _distinct_visits(seen: _Seen, visits: Ints, src_port: Ints) -> Ints:
    """Visits without the same flow seen twice (at ingress and egress, by two routers): distinct source ports.

    A source without ports sums up all flows of a pair: a pair that comes twice was listed twice.
    """
    several = visits > 1
    if not several.any():
        return visits
    icmp = np.isin(seen.column("protocol"), (ICMP, ICMP6))
    rows = several[seen.group] & ~seen.back & ~icmp
    pairs = np.unique(seen.group[rows] << 17 | src_port[rows] + 1)
    distinct = np.bincount(pairs >> 17, minlength=len(visits))
    return np.where(distinct > 0, distinct, visits)


def _denied(seen: _Seen) -> Bools:
    """Whether a firewall refused all that the client sent of this contact, as far as it said."""
    column = seen.flows.column("action")
    names = column.dictionary.to_pylist()
    if DENY not in names:
        return np.zeros(len(seen.first), np.bool_)
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)[seen.order]
    deny = codes == names.index(DENY)
    return seen.any(~seen.back & deny) & ~seen.any(~seen.back & (codes >= 0) & ~deny)


def _to_null(seen: _Seen) -> Bools:
    """Whether the router dropped the client's packets, in every one of its rows."""
    column = seen.flows.column("out_if")
    codes = [i for i, name in enumerate(column.dictionary.to_pylist()) if name == NULL_INTERFACE]
    if not codes:
        return np.zeros(len(seen.first), np.bool_)
    dropped = np.isin(column.indices.fill_null(-1).to_numpy(zero_copy_only=False)[seen.order], codes)
    return seen.any(~seen.back & dropped) & ~seen.any(~seen.back & ~dropped)


def _first_text(seen: _Seen, name: str) -> pa.Array:
    """Per contact the text of the client's rows that is first in the alphabet: no matter how rows are ordered."""
    column = seen.flows.column(name)
    names = pa.array(sorted(column.dictionary.to_pylist()), pa.string())
    if not len(names):
        return pa.nulls(len(seen.first), column.type)
    rank = np.argsort(np.argsort(np.array(column.dictionary.to_pylist(), object))).astype(np.int64)
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)[seen.order]
    none = len(names)
    ranked = np.where((codes < 0) | seen.back, none, rank[codes])
    lowest = np.minimum.reduceat(ranked, seen.first)
    missing = lowest == none
    return pa.DictionaryArray.from_arrays(
        pa.array(np.where(missing, 0, lowest).astype(np.int32), mask=missing), names
    )


def _times(seen: _Seen, name: str, pick: np.ufunc) -> pa.Array:
    column = seen.flows.column(name)
    kind = pa.timestamp("ns", tz="UTC")
    if column.null_count == len(column):
        return pa.nulls(len(seen.first), kind)
    missing = np.iinfo(np.int64).max if pick is np.minimum else np.iinfo(np.int64).min
    values = column.cast(pa.int64()).fill_null(missing).to_numpy(zero_copy_only=False)[seen.order]
    picked = pick.reduceat(values, seen.first)
    return pa.array(picked, pa.int64(), mask=picked == missing).cast(kind)


def _usable(flows: pa.RecordBatch) -> pa.Array:
    import pyarrow.compute as pc

    both = pc.and_(pc.is_valid(flows.column("src_addr")), pc.is_valid(flows.column("dst_addr")))
    return pc.and_(both, pc.is_null(flows.column("ethertype")))  # what is not IP (ARP) is not judged


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
