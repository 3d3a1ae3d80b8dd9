"""NetFlow, IPFIX and sFlow as tshark reads them (``tshark -T pdml``)."""

from __future__ import annotations

import ipaddress
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from tests.sources.agreement.joined_files import as_capture, joined_files, messages
from tests.sources.agreement.peers.packets import of_layers
from tests.sources.agreement.records import Record

PORT = 2055
REVERSED = ("packets", "bytes", "tcp_flags")
SWAPPED = {
    f"{one}_{what}": f"{other}_{what}"
    for one, other in (("src", "dst"), ("dst", "src"), ("in", "out"), ("out", "in"))
    for what in ("addr", "port", "if")
}
PLAIN = {
    "cflow.protocol": "protocol",
    "cflow.srcport": "src_port",
    "cflow.dstport": "dst_port",
    "cflow.icmp_type_code_ipv4": "icmp",
    "cflow.icmp_ipv4_type": "icmp_type",
    "cflow.icmp_ipv4_code": "icmp_code",
    "cflow.icmp_ipv6_type": "icmp_type",
    "cflow.icmp_ipv6_code": "icmp_code",
    "cflow.tcpflags": "tcp_flags",
    "cflow.tcpflags16": "tcp_flags",
    "cflow.packets": "packets",
    "cflow.packets64": "packets",
    "cflow.octets": "bytes",
    "cflow.octets64": "bytes",
    "cflow.permanent_packets": "packets",
    "cflow.permanent_octets": "bytes",
    "cflow.inputint": "in_if",
    "cflow.outputint": "out_if",
}
ADDRESSES = {
    "cflow.srcaddr": "src_addr",
    "cflow.srcaddrv6": "src_addr",
    "cflow.dstaddr": "dst_addr",
    "cflow.dstaddrv6": "dst_addr",
}
RELATIVE = {"cflow.timestart": "start_time", "cflow.timeend": "end_time"}
ABSOLUTE = {"cflow.abstimestart": "start_time", "cflow.abstimeend": "end_time"}
ICMP = ("1", "58")
WITH_PORTS = ("6", "17", "33", "132", "136")


def exports(files: Sequence[Path]) -> tuple[list[Record], int]:
    """Flow records, and how many data records are none (options, events)."""
    flows: list[Record] = []
    others = boot = 0
    for protocol in _tree(files).iter("proto"):
        if protocol.get("name") == "cflow":
            boot = _boot(protocol, boot)
            for flow in _flows(protocol):
                found = _records(flow, boot)
                flows += found
                others += not found
    return flows, others


def sflow(files: Sequence[Path]) -> tuple[list[Record], int]:
    """Flow samples by their sampled headers, and how many are not of IP."""
    found, others = [], 0
    for protocol in _tree(files).iter("proto"):
        if protocol.get("name") == "sflow":
            samples = [_sample(s) for s in protocol if "low sample, seq" in s.get("show", "")]
            found += [record for record in samples if record is not None]
            others += samples.count(None)
    return found, others


def _tree(files: Sequence[Path]) -> ElementTree.Element:
    with tempfile.TemporaryDirectory() as folder:
        capture = Path(folder, "capture.pcap")
        if files[0].suffix == ".dat":
            capture.write_bytes(as_capture([m for file in files for m in messages(file.read_bytes())], PORT))
        else:
            capture.write_bytes(joined_files(files))
        ports = set(_run("-r", str(capture), "-T", "fields", "-e", "udp.dstport").replace(",", "\n").split())
        decode = [x for port in sorted(ports - {"6343"}) for x in ("-d", f"udp.port=={port},cflow")]
        return ElementTree.fromstring(_run("-r", str(capture), *decode, "-T", "pdml"))


def _run(*arguments: str) -> str:
    done = subprocess.run(
        ["tshark", *arguments],
        capture_output=True,
        check=True,
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    )
    return done.stdout.decode()


def _flows(protocol: ElementTree.Element) -> Iterator[ElementTree.Element]:
    for element in protocol.iter("field"):
        if element.get("name") == "" and re.match(r"(?:Flow \d+$|pdu \d+/\d+)", element.get("show", "")):
            yield element


def _records(flow: ElementTree.Element, boot: int) -> list[Record]:
    """The flow of a data record, the two of one with counters of both directions, or none."""
    record: Record = {}
    reverse: Record = {}
    created = False
    for field in flow.findall(".//field"):
        name, show = field.get("name", ""), field.get("show", "")
        created |= name == "cflow.nat_event" and show == "1"
        if name in ADDRESSES:
            record.setdefault(ADDRESSES[name], str(ipaddress.ip_address(show)))
        elif name in PLAIN:
            # tshark shows what is of the reverse direction (RFC 5103) under the same name, a second time.
            side = reverse if PLAIN[name] in record and PLAIN[name] in REVERSED else record
            side.setdefault(PLAIN[name], str(int(show, 0)))
        elif name in RELATIVE and boot:
            record.setdefault(RELATIVE[name], str(boot + round(float(show) * 1000)))
        elif name in ABSOLUTE:
            record.setdefault(ABSOLUTE[name], str(_ms(show)))
    sampled = of_layers(list(flow.iter("proto")))
    if sampled is not None:  # the first bytes of a packet (dataLinkFrameSection)
        record = {**record, **sampled}
    if not record.keys() & {"src_addr", "dst_addr"} or not (created or record.keys() & {"packets", "bytes"}):
        return []
    both = [record]
    if int(reverse.get("packets", "0")) or int(reverse.get("bytes", "0")):
        both.append({**{SWAPPED.get(k, k): v for k, v in record.items() if k not in REVERSED}, **reverse})
    return [_with_icmp(r) for r in both]


def _with_icmp(record: Record) -> Record:
    """What the protocol has: ICMP type and code instead of ports, which v5 packs into the destination port."""
    protocol = record.get("protocol", "6")
    packed = record.pop("icmp", None)
    if protocol in ICMP:
        both = packed if packed is not None else record.get("dst_port")
        if both is not None and "icmp_type" not in record:
            record["icmp_type"], record["icmp_code"] = str(int(both) >> 8), str(int(both) & 255)
    without = {name for name in ("in_if", "out_if") if record.get(name) == "0"}
    without |= set() if protocol in WITH_PORTS else {"src_port", "dst_port"}
    without |= set() if protocol in ICMP else {"icmp_type", "icmp_code"}
    without |= set() if protocol == "6" else {"tcp_flags"}
    return {name: value for name, value in record.items() if name not in without}


def _boot(message: ElementTree.Element, before: int) -> int:
    """ms since 1970 at which the exporter's clock of ``sysuptime`` was 0; IPFIX says it in an option of its own."""
    shown = {f.get("name"): f.get("show", "") for f in message.iter("field")}
    if "cflow.sys_init_time" in shown:
        return _ms(shown["cflow.sys_init_time"])
    if "cflow.sysuptime" not in shown:
        return before
    now = int(shown["cflow.unix_secs"]) * 10**9 + int(shown.get("cflow.unix_nsecs", "0"))
    return (now - round(float(shown["cflow.sysuptime"]) * 1000) * 10**6) // 10**6


def _ms(show: str) -> int:
    """``Nov 13, 2023 16:36:44.489634000 UTC`` as ms since 1970."""
    day, fraction = show.removesuffix(" UTC").rsplit(".", 1)
    moment = datetime.strptime(" ".join(day.split()), "%b %d, %Y %H:%M:%S").replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000 + int(fraction[:3])


def _sample(sample: ElementTree.Element) -> Record | None:
    shown = {f.get("name"): f.get("show", "") for f in sample.iter("field")}
    record = of_layers(list(sample.iter("proto")))
    if record is None:
        return None
    record["sampling_rate"] = shown["sflow.flow_sample.sampling_rate"]
    return record
