"""Logs as their own columns say, read by nothing but Python's json and csv."""

from __future__ import annotations

import csv
import ipaddress
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from tests.sources.agreement.records import Record

NUMBERS = {"tcp": "6", "udp": "17", "icmp": "1", "ipv6-icmp": "58", "igmp": "2", "gre": "47", "esp": "50",
           "ipv6-frag": "44", "hopopt": "0"}  # fmt: skip
FLAGS = "CEUAPRSF"


def zeek(files: Sequence[Path]) -> tuple[list[Record], int]:
    """The directions of the connections of a conn.log that have packets."""
    flows = []
    for row in _zeek_rows(files[0]):
        icmp = row["proto"] == "icmp"
        protocol = NUMBERS[row["proto"]]
        if icmp and ":" in row["id.orig_h"]:
            protocol = "58"
        end = Fraction(row["ts"]) + Fraction(row.get("duration", "0"))
        common = {"protocol": protocol, "start_time": _ms(Fraction(row["ts"])), "end_time": _ms(end)}
        for one, other in (("orig", "resp"), ("resp", "orig")):
            if not int(row[f"{one}_pkts"]):
                continue
            flow = {
                **common,
                "src_addr": _address(row[f"id.{one}_h"]),
                "dst_addr": _address(row[f"id.{other}_h"]),
                "packets": row[f"{one}_pkts"],
                "bytes": row[f"{one}_ip_bytes"],
            }
            if not icmp:
                flow |= {"src_port": row[f"id.{one}_p"], "dst_port": row[f"id.{other}_p"]}
            flows.append(flow)
    return flows, 0


def _zeek_rows(file: Path) -> Iterator[dict[str, str]]:
    names: list[str] = []
    for line in file.read_text().split("\n"):
        if line.startswith("#fields"):
            names = line.split("\t")[1:]
        elif line.startswith("{"):
            yield {key: str(value) for key, value in json.loads(line, parse_float=str, parse_int=str).items()}
        elif line and not line.startswith("#"):
            yield {k: v for k, v in zip(names, line.split("\t"), strict=True) if v != "-"}


def argus(files: Sequence[Path]) -> tuple[list[Record], int]:
    """The directions of Argus records of IP in which bytes went; and rows that are no IP."""
    text = files[0].read_text()
    flows, others = [], 0
    for row in csv.DictReader(text.split("\n"), delimiter="\t" if "\t" in text[:200] else ","):
        protocol = NUMBERS.get(row["Proto"])
        if protocol is None:
            others += 1
            continue
        start = _argus_time(row["StartTime"])
        common = {
            "protocol": protocol,
            "start_time": _ms(start),
            "end_time": _ms(start + Fraction(row["Dur"])),
        }
        source, target = _address(row["SrcAddr"]), _address(row["DstAddr"])
        ports = {}
        if protocol in ("6", "17"):
            ports = {"src_port": str(int(row["Sport"], 0)), "dst_port": str(int(row["Dport"], 0))}
        flow = {**common, **ports, "src_addr": source, "dst_addr": target}
        back = {**common, "src_addr": target, "dst_addr": source}
        if ports:
            back |= {"src_port": ports["dst_port"], "dst_port": ports["src_port"]}
        sent, total = row.get("SrcBytes"), int(row["TotBytes"])
        if sent is None:  # both directions together: only that there was a second one is known
            answered = row["State"] == "CON" or row["State"].partition("_")[2]
            flows += [flow, back] if answered else [flow]
            continue
        if int(sent):
            flows.append({**flow, "bytes": sent})
        if total > int(sent):
            flows.append({**back, "bytes": str(total - int(sent))})
    return flows, others


def nfdump_text(files: Sequence[Path]) -> tuple[list[Record], int]:
    """nfdump's own text: date, time, duration, protocol, both ends, flags, type of service, packets, bytes."""
    flows = []
    for line in files[0].read_text().split("\n"):
        cells = line.replace("->", " ").split()
        if not re.match(r"\d{4}-\d\d-\d\d$", (cells or [""])[0]):
            continue
        start = Fraction(_seconds(f"{cells[0]} {cells[1]}"))
        flow = {"start_time": _ms(start), "end_time": _ms(start + Fraction(cells[2])),
                "protocol": NUMBERS[cells[3].lower()], "packets": cells[8], "bytes": cells[9]}  # fmt: skip
        for cell, side in ((cells[4], "src"), (cells[5], "dst")):
            address, port, *_ = cell.split(":")
            flow[f"{side}_addr"] = address
            if flow["protocol"] in ("6", "17"):
                flow[f"{side}_port"] = port
        if flow["protocol"] == "6":
            flow["tcp_flags"] = str(sum(1 << i for i, c in enumerate(reversed(cells[6])) if c != "."))
        flows.append(flow)
    return flows, 0


def nothing(files: Sequence[Path]) -> tuple[list[Record], int]:
    """A log without flows."""
    return [], 0


def _address(text: str) -> str:
    return str(ipaddress.ip_address(text))


def _ms(seconds: Fraction) -> str:
    return str(int(seconds * 1000 // 1))


def _seconds(text: str) -> Fraction:
    moment = datetime.fromisoformat(text.replace("/", "-")).replace(tzinfo=UTC)
    return Fraction((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), 1_000_000)


def _argus_time(text: str) -> Fraction:
    return _seconds(text) if "/" in text else Fraction(text)
