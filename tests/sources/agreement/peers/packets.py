"""Packets as tshark dissects them, put together to flows by NetFlow's timeouts without any code of ours."""

from __future__ import annotations

import ipaddress
import os
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from tests.sources.agreement.records import Record

INACTIVE, ACTIVE = 15.0, 1800.0
"""Seconds: defaults of Cisco IOS NetFlow."""

SYN = 2


def packets(files: Sequence[Path]) -> tuple[list[Record], int]:
    """Flows of a capture; 0 others."""
    done = subprocess.run(
        ["tshark", "-r", str(files[0]), "-o", "ip.defragment:FALSE", "-T", "pdml"],
        capture_output=True, check=True, env={**os.environ, "TZ": "UTC"},
    )  # fmt: skip
    groups: dict[tuple[str, ...], list[tuple[int, int, Record]]] = defaultdict(list)
    for number, packet in enumerate(ElementTree.fromstring(done.stdout).iter("packet")):
        record = of_layers(list(packet.iter("proto")))
        if record is None and (record := _arp(packet)) is None:
            continue
        seconds = next(f.get("show", "") for f in packet.iter("field") if f.get("name") == "frame.time_epoch")
        whole, fraction = seconds.split(".")
        ns = int(whole) * 10**9 + int(fraction.ljust(9, "0"))
        key = tuple(record.get(k, "") for k in ("src_addr", "dst_addr", "protocol", "src_port", "dst_port",
                                                "icmp_type", "icmp_code", "ethertype"))  # fmt: skip
        groups[key].append((ns, number, record))
    return [flow for group in groups.values() for flow in _flows(sorted(group, key=lambda g: g[:2]))], 0


def _flows(group: list[tuple[int, int, Record]]) -> list[Record]:
    """Cut at the timeouts; the active one at whole multiples since the first packet."""
    flows: list[Record] = []
    begin = last = 0
    for ns, _, record in group:
        ms = str(ns // 10**6)
        idle = not flows or ns - last > INACTIVE * 1e9
        if idle:
            begin = ns
        if idle or (ns - begin) // int(ACTIVE * 1e9) != (last - begin) // int(ACTIVE * 1e9):
            flows.append({**record, "start_time": ms, "end_time": ms})
        else:
            flow = flows[-1]
            flow["end_time"] = ms
            flow["packets"] = str(int(flow["packets"]) + 1)
            if "bytes" in record:
                flow["bytes"] = str(int(flow["bytes"]) + int(record["bytes"]))
            if "tcp_flags" in record:
                before, flags = int(flow["tcp_flags"]), int(record["tcp_flags"])
                flow["tcp_flags"] = str(before | flags)
                if flags & SYN and not before & SYN:
                    flow["tcp_sequence_number"] = record["tcp_sequence_number"]
        last = ns
    return flows


def of_layers(layers: Sequence[ElementTree.Element]) -> Record | None:
    """The outermost IP packet of a frame as a flow of one packet, ``None`` where there is none."""
    names = [layer.get("name") for layer in layers]
    at = next((i for i, name in enumerate(names) if name in ("ip", "ipv6")), None)
    if at is None:
        return None
    shown: dict[str, str] = {}
    for layer in layers[at : at + 2 if names[at] == "ip" else at + 3]:
        if layer.get("name") in (
            "ip",
            "ipv6",
            "tcp",
            "udp",
            "icmp",
            "icmpv6",
            "sctp",
            "ipv6.hopopts",
            "ipv6.fraghdr",
        ):
            for field in layer.findall("field"):  # not those of a packet that an ICMP error quotes
                shown.setdefault(field.get("name", ""), field.get("show", ""))
    version = names[at]
    record = {
        "src_addr": str(ipaddress.ip_address(shown[f"{version}.src"])),
        "dst_addr": str(ipaddress.ip_address(shown[f"{version}.dst"])),
        "packets": "1",
        "bytes": shown["ip.len"] if version == "ip" else str(int(shown["ipv6.plen"]) + 40),
        "protocol": shown["ip.proto"] if version == "ip" else _upper(layers[at], shown),
    }
    for kind in ("tcp", "udp", "sctp"):
        if f"{kind}.srcport" in shown:
            record["src_port"], record["dst_port"] = shown[f"{kind}.srcport"], shown[f"{kind}.dstport"]
    for kind in ("icmp", "icmpv6"):
        if f"{kind}.type" in shown:
            record["icmp_type"], record["icmp_code"] = shown[f"{kind}.type"], shown[f"{kind}.code"]
    if "tcp.flags" in shown:
        record["tcp_flags"] = str(int(shown["tcp.flags"], 16))
        record["tcp_sequence_number"] = shown["tcp.seq_raw"]
    return record


def _arp(packet: ElementTree.Element) -> Record | None:
    """ARP as flows of who asks and who answers; probes and announcements of one's own address are none."""
    shown = {f.get("name", ""): f.get("show", "") for f in packet.iterfind("proto[@name='arp']/field")}
    ends = [shown.get(f"arp.{side}.proto_ipv4", "0.0.0.0") for side in ("src", "dst")]
    if shown.get("arp.opcode") not in ("1", "2") or ends[0] in ("0.0.0.0", ends[1]):
        return None
    return {"src_addr": ends[0], "dst_addr": ends[1], "packets": "1", "ethertype": "2054"}


def _upper(layer: ElementTree.Element, shown: dict[str, str]) -> str:
    """The protocol behind the extension headers of IPv6."""
    following = [f.get("show", "") for f in layer.iter("field") if (f.get("name") or "").endswith(".nxt")]
    return following[-1]
