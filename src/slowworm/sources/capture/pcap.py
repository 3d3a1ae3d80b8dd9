"""pcap and pcapng: NetFlow, IPFIX and sFlow exports in it win over the packets themselves, and the choice is said."""

from __future__ import annotations

import ipaddress
from collections import Counter

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.sources.base import FormatInfo, Note, Problem, Reading
from slowworm.sources.capture.flowcache import ARP_REQUEST, asks, flows
from slowworm.sources.datagrams import Datagrams
from slowworm.sources.dns.messages import Seen, lookups_of
from slowworm.sources.netflow.exports import Exports
from slowworm.sources.netflow.likely import likely_netflow
from slowworm.sources.packets.columns import Packets
from slowworm.sources.packets.dissect import dissect
from slowworm.sources.packets.places import packet_problems
from slowworm.sources.pcap.capture import Capture, is_capture, read_capture
from slowworm.sources.reading import protocol_name, with_input
from slowworm.sources.sflow.decode import decode as decode_sflow
from slowworm.sources.sflow.headers import likely_sflow

UDP = 17


class PacketCapture:
    """A capture file, read as what it holds. ``exports`` or ``packets`` may be wanted alone (``--as``).

    ``netflow``: what decodes exports, shared with other inputs.
    """

    def __init__(self, *, exports: bool = True, packets: bool = True, netflow: Exports | None = None) -> None:
        self._exports, self._packets = exports, packets
        self._netflow = netflow or Exports()
        name = "pcap" if exports and packets else "pcap-exports" if exports else "pcap-packets"
        what = {"pcap": "exports if there are any, else the packets", "pcap-exports": "the exports in it",
                "pcap-packets": "the packets themselves"}[name]  # fmt: skip
        self.info = FormatInfo(
            name=name,
            title=f"Packet capture (pcap, pcapng): {what}",
            commands=(),
            carries="packets: everything, as flows with NetFlow's timeouts; exports: what the exporter sent",
            lacks="interfaces, unless exports tell them",
        )

    def recognises(self, head: bytes) -> bool:
        """By the magic number."""
        return is_capture(head)

    def read(self, path: str, data: bytes) -> Reading:
        """Exports where there are any, else packets."""
        capture = read_capture(path, data)
        packets = dissect(
            data, capture.offsets, capture.captured, capture.link_type, original=capture.original
        )
        udp = (packets.protocol == UDP) & (packets.payload_size > 0) & (packets.payload_at >= 0)
        at, size = packets.payload_at, packets.payload_size
        netflow = udp & likely_netflow(data, at, size) if self._exports else np.zeros(packets.count, np.bool_)
        sflow = np.zeros(packets.count, np.bool_)
        rows = np.flatnonzero(udp & ~netflow) if self._exports else np.zeros(0, np.int64)
        sflow[rows] = likely_sflow(data, at[rows], size[rows])
        if not (netflow.any() or sflow.any()) and self._packets:
            return self._of_packets(path, data, capture, packets)
        return self._of_exports(path, data, capture, packets, netflow, sflow)

    def _of_packets(self, path: str, data: bytes, capture: Capture, packets: Packets) -> Reading:
        batches = [with_input(b, path) for b in flows(packets, capture.times)]
        dns = lookups_of(data, packets, capture.times)
        return Reading(
            path=path,
            formats=(("pcap-packets", sum(b.num_rows for b in batches)),),
            batches=tuple(batches),
            problems=(*capture.problems, *packet_problems(path, packets, capture.offsets)),
            notes=(*_arp_notes(path, packets), *_dns_notes(dns)),
            lookups=dns.lookups,
        )

    def _of_exports(
        self,
        path: str,
        data: bytes,
        capture: Capture,
        packets: Packets,
        netflow: npt.NDArray[np.bool_],
        sflow: npt.NDArray[np.bool_],
    ) -> Reading:
        counts: dict[str, int] = {}
        batches: list[pa.RecordBatch] = []
        problems: list[Problem] = list(capture.problems)
        notes: list[Note] = []
        codes, names = _sources(packets)
        if netflow.any():
            decoded = self._netflow.decode(_datagrams(data, capture, packets, netflow, codes, names), path)
            for version, made in decoded.batches:
                counts[protocol_name(version)] = counts.get(protocol_name(version), 0) + made.num_rows
                batches.append(with_input(made, path))
            problems += decoded.problems
            notes += decoded.notes
            for version in decoded.versions:
                counts.setdefault(protocol_name(version), 0)
        if sflow.any():
            sampled = decode_sflow(
                data, packets.payload_at[sflow], packets.payload_size[sflow], capture.times[sflow],
                [names[c] for c in codes[sflow].tolist()], path=path,
            )  # fmt: skip
            counts["sflow-v5"] = sampled.flows
            batches += [with_input(b, path) for b in sampled.batches]
            problems += sampled.problems
            notes += sampled.notes
        others = int(packets.count - netflow.sum() - sflow.sum())
        exports = int(netflow.sum() + sflow.sum())
        if exports:
            text = "captures were read as the exports in them; --as pcap-packets reads the packets themselves"
            notes.append(Note(id="capture-of-exports", text=text, count=exports))
        if others:
            text = "packets that are no exports were passed over in captures of exports"
            notes.append(Note(id="capture-other-packets", text=text, count=others))
        return Reading(path=path, formats=tuple(counts.items()), batches=tuple(batches), problems=tuple(problems),
                       notes=tuple(notes))  # fmt: skip


def _arp_notes(path: str, packets: Packets) -> tuple[Note, ...]:
    """Who asked most by ARP, and what of ARP became no flow."""
    asked = asks(packets)
    requests = asked & (packets.arp_operation == ARP_REQUEST)
    notes = []
    if requests.any():
        busiest, n = Counter(packets.arp_sender[requests].tolist()).most_common(1)[0]
        targets = len(np.unique(packets.arp_target[requests & (packets.arp_sender == busiest)]))
        text = (
            f"{path}: ARP requests; {ipaddress.IPv4Address(busiest)} asked {n} times for {targets} addresses"
        )
        notes.append(Note(id="arp-requests", text=text, count=int(requests.sum())))
    rest = (packets.arp_operation >= 0) & ~asked
    if rest.any():
        text = "ARP packets about their own sender (gratuitous, probes) or of other operations are no flows"
        notes.append(Note(id="arp-no-flows", text=text, count=int(rest.sum())))
    return tuple(notes)


def _dns_notes(dns: Seen) -> tuple[Note, ...]:
    if not dns.short:
        return ()
    text = "DNS messages that end early (captured short, or damaged); what they hold in full is used"
    return (Note(id="dns-short", text=text, count=dns.short),)


def _datagrams(
    data: bytes,
    capture: Capture,
    packets: Packets,
    chosen: npt.NDArray[np.bool_],
    codes: npt.NDArray[np.int64],
    names: list[str],
) -> Datagrams:
    return Datagrams(
        data=data,
        offset=packets.payload_at[chosen],
        size=packets.payload_size[chosen],
        time=capture.times[chosen],
        exporter=codes[chosen],
        exporters=names,
    )


def _sources(packets: Packets) -> tuple[npt.NDArray[np.int64], list[str]]:
    """The sender of each packet as an index into a list of address texts."""
    four = packets.ip_version == 4
    values, inverse = np.unique(packets.src, return_inverse=True)
    names = [str(ipaddress.IPv4Address(v)) for v in values.tolist()]
    codes = inverse.astype(np.int64)
    six = packets.rows(6)
    if len(six):
        texts = [str(ipaddress.IPv6Address(row.tobytes())) for row in packets.src6]
        known = {t: len(names) + i for i, t in enumerate(dict.fromkeys(texts))}
        names += list(known)
        codes[six] = [known[t] for t in texts]
    codes[~four & (packets.ip_version != 6)] = 0
    return codes, names or [""]
