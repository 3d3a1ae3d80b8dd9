"""Data records to flow batches: which records are flows, and what their fields mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.addresses import ipv6_rows
from slowworm.flows.table import Column
from slowworm.sources.datagrams import Ints
from slowworm.sources.netflow import elements as ie
from slowworm.sources.netflow.columns import (
    batch,
    ntp_to_time,
    texts,
    timestamps,
    transport,
    uptime_to_time,
    within,
)
from slowworm.sources.netflow.records import Records
from slowworm.sources.netflow.templates import Element, Template


@dataclass(slots=True)
class Options:
    """What options data said: sampling by (exporter, domain, sampler), system start by (exporter, domain)."""

    sampling: dict[tuple[int, int, int], int] = field(default_factory=dict)
    started: dict[tuple[int, int], int] = field(default_factory=dict)

    def learn(self, exporter: int, domain: int, found: Records) -> None:
        """Take sampling rates and the system's start from options records."""
        template = found.template
        rate = _first(template, ie.SAMPLING_INTERVAL)
        sampler = _first(template, (ie.SAMPLER_ID, ie.SELECTOR_ID))
        packets, space = template.find(ie.PACKET_INTERVAL), template.find(ie.PACKET_SPACE)
        started = template.find(ie.SYSTEM_INIT_MS)
        which = found.number(sampler) if sampler else np.zeros(len(found), np.int64)
        rates: Ints | None = None
        if rate:
            rates = found.number(rate)
        elif packets and space:
            taken = np.maximum(found.number(packets), 1)
            rates = (taken + found.number(space)) // taken
        if rates is not None:
            for number, one in zip(which.tolist(), rates.tolist(), strict=True):
                if one > 0:
                    self.sampling[exporter, domain, number if sampler else 0] = one
        if started is not None and len(found):
            self.started[exporter, domain] = int(found.number(started)[-1])

    def rates(self, exporter: int, domain: int, sampler: Ints | None, rows: int) -> pa.Array | None:
        """The sampling rate of each record, null where nothing was said."""
        mine = {s: r for (e, d, s), r in self.sampling.items() if (e, d) == (exporter, domain)}
        if not mine:
            return None
        if sampler is None:
            only = set(mine.values())
            return within(np.full(rows, only.pop(), np.int64), pa.uint32()) if len(only) == 1 else None
        values = np.array([mine.get(s, 0) for s in sampler.tolist()], np.int64)
        return within(np.where(values == 0, -1, values), pa.uint32())


def is_event(template: Template) -> bool:
    """Records about a firewall's or NAT's decisions rather than about traffic."""
    return any(template.find(n) for n in (ie.FIREWALL_EVENT, ie.NAT_EVENT, ie.CISCO_FW_EVENT))


def is_flow(template: Template) -> bool:
    """Records of traffic between addresses: an address and a counter."""
    addresses = any(template.find(n) for n in (ie.SRC4, ie.DST4, ie.SRC6, ie.DST6))
    return addresses and any(template.find(n) for n in (*ie.UNSIGNED["packets"], *ie.UNSIGNED["bytes"]))


def flow_batches(
    found: Records, exporter: int, domain: int, name: str, options: Options
) -> list[pa.RecordBatch]:
    """Flows of records that are flows; a record with counters of both directions becomes two."""
    template, rows = found.template, len(found)
    if not rows:
        return []
    numbers = {column: _number(found, _first(template, choices)) for column, choices in ie.UNSIGNED.items()}
    protocol = numbers["protocol"] if numbers["protocol"] is not None else np.full(rows, -1, np.int64)
    start, end = _times(found, exporter, domain, options)
    sampler = _first(template, (ie.SAMPLER_ID, ie.SELECTOR_ID))
    rate = _first(template, ie.SAMPLING_INTERVAL)
    in_if, out_if, tcp_flags = numbers["in_if"], numbers["out_if"], numbers["tcp_flags"]
    columns: dict[str, Column | None] = {
        **transport(protocol, numbers["src_port"], numbers["dst_port"], _icmp(found, protocol)),
        "packets": _counter(numbers["packets"]),
        "bytes": _counter(numbers["bytes"]),
        "tcp_flags": None if tcp_flags is None else pa.array(tcp_flags & 0xFFFF, pa.uint16(), mask=protocol != 6),
        "in_if": None if in_if is None else texts(in_if),
        "out_if": None if out_if is None else texts(out_if),
        "start_time": timestamps(start),
        "end_time": timestamps(end),
        "sampling_rate": within(found.number(rate), pa.uint32()) if rate else options.rates(
            exporter, domain, found.number(sampler) if sampler else None, rows),
    }  # fmt: skip
    if name:
        columns["exporter"] = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), [name])
    event = template.find(ie.FIREWALL_EVENT)
    if event:
        codes = found.number(event)
        deny = codes == ie.EVENT_DENIED
        columns["action"] = pa.DictionaryArray.from_arrays(deny.astype(np.int32), ["allow", "deny"])
    batches = []
    for version, src, dst in ((4, ie.SRC4, ie.DST4), (6, ie.SRC6, ie.DST6)):
        pair = _addresses(found, src, dst, version)
        if pair is None:
            continue
        chosen = ~(
            pair[0].is_null().to_numpy(zero_copy_only=False)
            & pair[1].is_null().to_numpy(zero_copy_only=False)
        )
        flows = {**columns, "src_addr": pair[0], "dst_addr": pair[1]}
        made = batch(flows, rows=rows, ip_version=version)
        made = made if chosen.all() else made.filter(pa.array(chosen))
        if made.num_rows:
            batches.append(made)
            batches += _answers(found, flows, chosen, version)
    return batches


def _answers(
    found: Records, flows: Mapping[str, Column | None], chosen: npt.NDArray[np.bool_], version: int
) -> list[pa.RecordBatch]:
    """The opposite direction of bidirectional records (responder counters, or RFC 5103 reverse elements)."""
    template = found.template
    packets = template.find(ie.ANSWER_PACKETS) or _first(template, ie.UNSIGNED["packets"], ie.REVERSE_PEN)
    octets = template.find(ie.ANSWER_BYTES) or _first(template, ie.UNSIGNED["bytes"], ie.REVERSE_PEN)
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
        "icmp_type": None, "icmp_code": None,
    }  # fmt: skip
    made = batch(swapped, rows=len(found), ip_version=version).filter(pa.array(answered))
    return [made] if made.num_rows else []


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


def _times(found: Records, exporter: int, domain: int, options: Options) -> tuple[Ints | None, Ints | None]:
    """Start and end in ns since 1970, from whichever kind of time stamp the template has."""
    export = np.array([s.export for s in found.sets], np.int64)[found.set_of]
    uptime = np.array([s.uptime for s in found.sets], np.int64)[found.set_of]
    start = _absolute(found, ie.START_ABSOLUTE)
    end = _absolute(found, ie.END_ABSOLUTE)
    for element, which in ((ie.FIRST_SWITCHED, "start"), (ie.LAST_SWITCHED, "end")):
        stamp = found.template.find(element)
        if stamp is None or (start if which == "start" else end) is not None:
            continue
        moment = _of_uptime(found, found.number(stamp), export, uptime, exporter, domain, options)
        start, end = (moment, end) if which == "start" else (start, moment)
    for element, which in ((ie.START_DELTA, "start"), (ie.END_DELTA, "end")):
        stamp = found.template.find(element)
        if stamp is not None:
            moment = export - found.number(stamp) * 1000
            start, end = (moment, end) if which == "start" else (start, moment)
    observed = found.template.find(ie.OBSERVATION_MS)
    if start is None and observed is not None:
        start = found.number(observed) * 10**6
    duration = found.template.find(ie.DURATION_MS)
    if end is None and start is not None and duration is not None:
        end = start + found.number(duration) * 10**6
    return start, end


def _of_uptime(
    found: Records, stamp: Ints, export: Ints, uptime: Ints, exporter: int, domain: int, options: Options
) -> Ints | None:
    """Uptime stamps: by the header of NetFlow v9; in IPFIX by the system's start, told in a record or in options."""
    if len(uptime) and uptime[0] >= 0:
        return uptime_to_time(stamp, export_ns=export, sys_uptime_ms=uptime)
    started = found.template.find(ie.SYSTEM_INIT_MS)
    if started is not None:
        return (found.number(started) + stamp) * 10**6
    known = options.started.get((exporter, domain))
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
    """ICMP type × 256 + code, -1 where not ICMP or not told."""
    both = _first(found.template, (ie.ICMP_TYPE_CODE4, ie.ICMP_TYPE_CODE6))
    result: Ints | None = None
    if both is not None:
        result = found.number(both)
    kind = _first(found.template, (ie.ICMP_TYPE4, ie.ICMP_TYPE6))
    code = _first(found.template, (ie.ICMP_CODE4, ie.ICMP_CODE6))
    if kind is not None and result is None:
        result = found.number(kind) << 8 | (found.number(code) if code is not None else 0)
    return None if result is None else np.where(np.isin(protocol, (1, 58)), result, -1)


def _counter(values: Ints | None) -> pa.Array | None:
    return None if values is None else pa.array(values.astype(np.uint64), mask=values < 0)


def _first(template: Template, numbers: tuple[int, ...], enterprise: int = 0) -> Element | None:
    return next((e for n in numbers if (e := template.find(n, enterprise)) is not None and e.length), None)


def _number(found: Records, element: Element | None) -> Ints | None:
    return None if element is None else found.number(element)
