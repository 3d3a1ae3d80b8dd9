"""nfcapd files as nfdump reads them (``nfdump -o json``)."""

from __future__ import annotations

import ipaddress
import json
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.sources.agreement.records import Record

NAMES = {
    "proto": "protocol",
    "src_port": "src_port",
    "dst_port": "dst_port",
    "icmp_type": "icmp_type",
    "icmp_code": "icmp_code",
    "in_packets": "packets",
    "in_bytes": "bytes",
    "input_snmp": "in_if",
    "output_snmp": "out_if",
}
WITH_PORTS = ("6", "17", "33", "132", "136")


def nfdump(files: Sequence[Path]) -> tuple[list[Record], int]:
    """Flow records; 0 others."""
    done = subprocess.run(
        ["nfdump", "-r", str(files[0]), "-o", "json"],
        capture_output=True,
        check=True,
        env={**os.environ, "TZ": "UTC"},
    )
    text = done.stdout.decode()
    rows = json.loads(text[text.index("[") :]) if "{" in text else []
    return [_record(row) for row in rows], 0


def _record(row: dict[str, object]) -> Record:
    record = {name: str(row[key]) for key, name in NAMES.items() if key in row}
    for side in ("src", "dst"):
        address = row.get(f"{side}4_addr", row.get(f"{side}6_addr"))
        record[f"{side}_addr"] = str(ipaddress.ip_address(str(address)))
    for key, name in (("first", "start_time"), ("last", "end_time")):
        moment = datetime.fromisoformat(str(row[key])).replace(tzinfo=UTC)
        record[name] = str(round(moment.timestamp() * 1000))
    if record["protocol"] == "6":
        flags = reversed(str(row["tcp_flags"]))
        record["tcp_flags"] = str(sum(1 << i for i, flag in enumerate(flags) if flag != "."))
    without = {name for name in ("in_if", "out_if") if record.get(name) == "0"}
    without |= set() if record["protocol"] in WITH_PORTS else {"src_port", "dst_port"}
    return {name: value for name, value in record.items() if name not in without}
