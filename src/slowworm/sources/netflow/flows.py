"""Data records to flow batches: which records are flows, and what their fields mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.addresses import format_ipv4, ipv6_rows
from slowworm.flows.services import ICMP, ICMP6, TCP
from slowworm.flows.table import Column
from slowworm.sources.datagrams import Ints
from slowworm.sources.netflow import elements as ie
from slowworm.sources.netflow.columns import (
    batch,
    choices,
    interfaces,
    ntp_to_time,
    timestamps,
    transport,
    uptime_to_time,
    within,
)
from slowworm.sources.netflow.options import Options
from slowworm.sources.netflow.records import Records
from slowworm.sources.netflow.templates import Element, Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Whose records: exporter by number and name (empty where unknown), version, observation domain."""

    exporter: int
    name: str
    version: int
    domain: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Flows of one IP version and direction; ``row``: the record of each, ``back``: they are the answers."""

    batch: pa.RecordBatch
    row: Ints
    back: bool


def has_addresses(template: Template) -> bool:
    """Whether records name a source or a destination."""
    return any(template.find(n) for n in (ie.SRC4, ie.DST4, ie.SRC6, ie.DST6))


def is_flow(template: Template) -> bool:
    """Records of traffic between addresses: an address and a counter."""
    return has_addresses(template) and any(
        template.find(n) for n in (*ie.UNSIGNED["packets"], *ie.UNSIGNED["bytes"])
    )


def flow_batches(found: Records, origin: Origin, options: Options, rate: pa.Array | None) -> list[Made]:
    """Flows of records that are flows; a record with counters of both directions becomes two."""
    if not len(found):
        return []
    columns = _columns(found, origin, options, rate)
    made = []
    for version, src, dst in ((4, ie.SRC4, ie.DST4), (6, ie.SRC6, ie.DST6)):
        pair = _addresses(found, src, dst, version)
        if pair is None:
            continue
        chosen = ~(
            pair[0].is_null().to_numpy(zero_copy_only=False)
            & pair[1].is_null().to_numpy(zero_copy_only=False)
        )
        flows = {**columns, "src_addr": pair[0], "dst_addr": pair[1]}
        made += _made(flows, chosen, version, back=False)
        if chosen.any():
            made += _answers(found, flows, chosen, version)
    return made


def about_records(
    found: Records, origin: Origin, options: Options, rate: pa.Array | None
) -> dict[str, Column | None]:
    """Columns that say where and when rather than what: interfaces, exporter, sampling, times."""
    rows = len(found)
    in_if, out_if = (_number(found, found.template.first(ie.UNSIGNED[n])) for n in ("in_if", "out_if"))
    start, end = _times(found, origin, options)
    names = options.names.get((origin.exporter, origin.domain), {})
    return {
        "in_if": None if in_if is None else interfaces(in_if, names),
        "out_if": None if out_if is None else interfaces(out_if, names, _status(found) >> 6 == ie.DROPPED),
        "start_time": timestamps(start),
        "end_time": timestamps(end),
        "sampling_rate": rate,
        "exporter": _exporters(found, origin.name, rows),
    }


def _columns(
    found: Records, origin: Origin, options: Options, rate: pa.Array | None
) -> dict[str, Column | None]:
    template, rows = found.template, len(found)
    wanted = ("protocol", "src_port", "dst_port", "tcp_flags", "packets", "bytes", "tcp_sequence_number")
    numbers = {name: _number(found, template.first(ie.UNSIGNED[name])) for name in wanted}
    protocol = numbers["protocol"] if numbers["protocol"] is not None else np.full(rows, -1, np.int64)
    flags, sequence = numbers["tcp_flags"], numbers["tcp_sequence_number"]
    return {
        **about_records(found, origin, options, rate),
        **transport(protocol, numbers["src_port"], numbers["dst_port"], _icmp(found, protocol)),
        "packets": _counter(numbers["packets"]),
        "bytes": _counter(numbers["bytes"]),
        "tcp_flags": None if flags is None else pa.array(flags & 0xFFFF, pa.uint16(), mask=protocol != TCP),
        "tcp_sequence_number": None
        if sequence is None
        else within(np.where(protocol == TCP, sequence, -1), pa.uint32()),
        "action": _actions(found),
    }


def _made(
    flows: Mapping[str, Column | None], chosen: npt.NDArray[np.bool_], version: int, *, back: bool
) -> list[Made]:
    rows = np.flatnonzero(chosen)
    if not len(rows):
        return []
    whole = batch(flows, rows=len(chosen), ip_version=version)
    return [Made(batch=whole if chosen.all() else whole.take(pa.array(rows)), row=rows, back=back)]


def _status(found: Records) -> Ints:
    """The forwarding status, 0 where it is not said; one of four octets has it in the lowest (RFC 7270, 4.12)."""
    status = found.template.find(ie.FORWARDING_STATUS)
    return np.zeros(len(found), np.int64) if status is None else found.number(status) & 0xFF


def _actions(found: Records) -> pa.Array | None:
    """What a firewall or an access list did; null where nobody says."""
    event = found.template.first((ie.FIREWALL_EVENT, ie.CISCO_FW_EVENT))
    codes = np.zeros(len(found), np.int64) if event is None else found.number(event)
    denied = (codes == ie.EVENT_DENIED) | np.isin(_status(found), ie.DENIED_BY_ACL)
    allowed = np.isin(codes, (ie.EVENT_CREATED, ie.EVENT_DELETED, ie.EVENT_UPDATED))
    if not (denied.any() or allowed.any()):
        return None
    return choices(np.select([denied, allowed], [1, 0], 2), ["allow", "deny", ""])


def _exporters(found: Records, name: str, rows: int) -> pa.Array:
    """Who metered: the exporter that a record names, as behind a mediator, else who sent the message."""
    element = found.template.find(ie.EXPORTER4)
    if element is None or element.length != 4:
        return choices(np.zeros(rows, np.int64), [name])
    numbers, of = np.unique(found.number(element), return_inverse=True)
    return choices(of.astype(np.int64), [format_ipv4(n) if n > 0 else name for n in numbers.tolist()])


def _answers(
    found: Records, flows: Mapping[str, Column | None], chosen: npt.NDArray[np.bool_], version: int
) -> list[Made]:
    """The opposite direction of bidirectional records (responder counters, or RFC 5103 reverse elements)."""
    template = found.template
    packets = template.find(ie.ANSWER_PACKETS) or template.first(ie.UNSIGNED["packets"], ie.REVERSE_PEN)
    octets = template.find(ie.ANSWER_BYTES) or template.first(ie.UNSIGNED["bytes"], ie.REVERSE_PEN)
    lead = packets or octets
    if lead is None:
        return []
    answered = chosen & (found.number(lead) > 0)
    flags = template.find(6, ie.REVERSE_PEN)
    swapped = {
        **flows,
        "src_addr": flows["dst_addr"], "dst_addr": flows["src_addr"], "src_port": flows.get("dst_port"),
        "dst_port": flows.get("src_port"), "in_if": flows.get("out_if"), "out_if": flows.get("in_if"),
        "packets": _counter(_number(found, packets)), "bytes": _counter(_number(found, octets)),
        "tcp_flags": None if flags is None else pa.array(found.number(flags) & 0xFFFF, pa.uint16()),
        "icmp_type": None, "icmp_code": None, "tcp_sequence_number": None,
    }  # fmt: skip
    return _made(swapped, answered, version, back=True)


def _addresses(found: Records, src: int, dst: int, version: int) -> tuple[pa.Array, pa.Array] | None:
    width = 4 if version == 4 else 16
    elements = [found.template.find(n) for n in (src, dst)]
    if not any(e is not None and e.length == width for e in elements):
        return None
    columns = []
    for element in elements:
        if element is None or element.length != width:
            columns.append(pa.nulls(len(found), pa.uint32() if version == 4 else pa.binary(16)))
        elif version == 4:
            values = found.number(element)
            columns.append(pa.array(values, pa.uint32(), mask=values == 0))
        else:
            octets = found.octets(element, 16)
            column = ipv6_rows(octets)
            missing = ~octets.any(axis=1)
            if missing.any():
                column = pa.array(column.to_pylist(), pa.binary(16), mask=missing)
            columns.append(column)
    return columns[0], columns[1]


def _times(found: Records, origin: Origin, options: Options) -> tuple[Ints | None, Ints | None]:
    """Start and end in ns since 1970, from whichever kind of time stamp the template has."""
    export = np.array([s.export for s in found.sets], np.int64)[found.set_of]
    uptime = np.array([s.uptime for s in found.sets], np.int64)[found.set_of]
    start = _absolute(found, ie.START_ABSOLUTE)
    end = _absolute(found, ie.END_ABSOLUTE)
    for element, which in ((ie.FIRST_SWITCHED, "start"), (ie.LAST_SWITCHED, "end")):
        stamp = found.template.find(element)
        if stamp is None or (start if which == "start" else end) is not None:
            continue
        moment = _of_uptime(found, found.number(stamp), export, uptime, origin, options)
        start, end = (moment, end) if which == "start" else (start, moment)
    for element, which in ((ie.START_DELTA, "start"), (ie.END_DELTA, "end")):
        stamp = found.template.find(element)
        if stamp is not None:
            moment = export - found.number(stamp) * 1000
            start, end = (moment, end) if which == "start" else (start, moment)
    duration = found.template.find(ie.DURATION_MS)
    if end is None and start is not None and duration is not None:
        end = start + found.number(duration) * 10**6
    observed = _absolute(found, ie.OBSERVED)
    if observed is not None:  # an event, or one packet: the end of what it tells of
        start, end = observed if start is None else start, observed if end is None else end
    return start, end


def _of_uptime(
    found: Records, stamp: Ints, export: Ints, uptime: Ints, origin: Origin, options: Options
) -> Ints | None:
    """Uptime stamps: by the header of NetFlow v9; in IPFIX by the system's start, told in a record or in options."""
    if len(uptime) and uptime[0] >= 0:
        return uptime_to_time(stamp, export_ns=export, sys_uptime_ms=uptime)
    started = found.template.find(ie.SYSTEM_INIT_MS)
    if started is not None:
        return (found.number(started) + stamp) * 10**6
    known = options.started.get((origin.exporter, origin.domain))
    return None if known is None else (known + stamp) * 10**6


def _absolute(found: Records, kinds: tuple[tuple[int, str], ...]) -> Ints | None:
    for number, kind in kinds:
        element = found.template.find(number)
        if element is None:
            continue
        if kind == "ntp" and element.length == 8:
            return ntp_to_time(found.big(element))
        if kind != "ntp":
            return found.number(element) * (10**6 if kind == "ms" else 10**9)
    return None


def _icmp(found: Records, protocol: Ints) -> Ints | None:
    """ICMP type × 256 + code, -1 where not ICMP or not told.

    A template may have fields for both versions of IP; where it has one only, exporters use it for both.
    """
    four = _icmp_of(found, ie.ICMP_TYPE_CODE4, ie.ICMP_TYPE4, ie.ICMP_CODE4)
    six = _icmp_of(found, ie.ICMP_TYPE_CODE6, ie.ICMP_TYPE6, ie.ICMP_CODE6)
    four, six = six if four is None else four, four if six is None else six
    if four is None or six is None:
        return None
    return np.select([protocol == ICMP, protocol == ICMP6], [four, six], -1)


def _icmp_of(found: Records, both: int, kind: int, code: int) -> Ints | None:
    element = found.template.find(both)
    if element is not None:
        return found.number(element)
    types, codes = (_number(found, found.template.find(n)) for n in (kind, code))
    return None if types is None else types << 8 | (0 if codes is None else codes)


def _counter(values: Ints | None) -> pa.Array | None:
    return None if values is None else pa.array(values.astype(np.uint64), mask=values < 0)


def _number(found: Records, element: Element | None) -> Ints | None:
    return None if element is None else found.number(element)
