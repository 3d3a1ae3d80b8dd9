"""tshark and nfdump read the exports that convert writes: the same flows, to the last field. `make test-peers`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.sinks.captures import datagrams
from tests.sinks.random_flows import MS, SECOND, Row, batch_of, write
from tests.sinks.test_exports import EXPORTS, NOON, flow
from tests.support import SHARED

import slowworm

pytestmark = pytest.mark.peers

UTC_ZONE = {**os.environ, "TZ": "UTC"}
FIELDS = ("src_addr", "dst_addr", "protocol", "src_port", "dst_port", "tcp_flags", "packets", "bytes", "in_if",
          "out_if", "start_time", "end_time")  # fmt: skip
WAIT = 20.0
"""Seconds that a collector may take to start or to read what was sent."""

Flow = tuple[object, ...]


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install tshark nfdump")
    return found


def scan(version: int, n: int = 120, **changes: Any) -> list[Row]:
    """Flows of one kind, each different in every field, times in whole milliseconds."""
    high = 0x0A << 24 if version == 4 else 0x20010DB8 << 96
    return [
        flow(
            src_addr=high + 1 + i % 5,
            dst_addr=high + 1000 + i * 77,
            src_port=1024 + i,
            dst_port=(80, 443, 445)[i % 3],
            tcp_flags=i % 64,
            packets=1 + i * 3,
            bytes=40 + i * 1001,
            in_if=str(1 + i % 7),
            out_if=str(8 + i % 3),
            start_time=NOON + i * 37 * MS,
            end_time=NOON + i * 37 * MS + i % 11 * 500 * MS,
            **changes,
        )
        for i in range(n)
    ]


def expected(version: int, rows: Iterable[Row], *, times: int = 1) -> list[Flow]:
    """The rows as tools show them; counters ``times`` as large."""
    batch = batch_of(version, list(rows))
    from slowworm.flows.addresses import to_objects

    src, dst = (map(str, to_objects(batch.column(name))) for name in ("src_addr", "dst_addr"))
    shown = []
    for row, a, b in zip(rows, src, dst, strict=True):
        found = row | {
            "src_addr": a,
            "dst_addr": b,
            "packets": row["packets"] * times,
            "bytes": row["bytes"] * times,
        }
        found |= {"in_if": int(row["in_if"]), "out_if": int(row["out_if"])}
        found |= {name: row[name] // MS for name in ("start_time", "end_time")}
        shown.append(tuple(found[name] for name in FIELDS))
    return sorted(shown, key=str)


def by_tshark(path: Path, name: str) -> list[Flow]:
    """Flows as tshark takes them apart: packet by packet, a list for each field."""
    six = "v6" if name == "six" else ""
    wanted = [f"cflow.srcaddr{six}", f"cflow.dstaddr{six}"]
    wanted += [f"cflow.{f}" for f in ("protocol", "srcport", "dstport", "tcpflags", "packets", "octets", "inputint",
                                      "outputint", "timestart", "timeend", "abstimestart", "abstimeend")]  # fmt: skip
    head = ["cflow.version", "cflow.unix_secs", "cflow.unix_nsecs", "cflow.sysuptime", "_ws.malformed"]
    command = [tool("tshark"), "-r", str(path), "-T", "fields", "-E", "aggregator=|", "-E", "separator=;"]
    for port in EXPORTS.values():
        command += ["-d", f"udp.port=={port},cflow"]
    for field in head + wanted:
        command += ["-e", field]
    done = subprocess.run(command, env=UTC_ZONE, capture_output=True, text=True, check=True)
    found = []
    for line in done.stdout.splitlines():
        version, seconds, nanos, uptime, malformed, *lists = line.split(";")
        assert not malformed
        columns = [column.split("|") if column else [] for column in lists]
        for i in range(len(columns[0])):
            addresses = [columns[0][i], columns[1][i]]
            numbers = [int(columns[k][i], 0) for k in range(2, 10)]
            if version == "10":
                times = [_tshark_time(columns[k][i]) for k in (12, 13)]
            else:
                boot = int(seconds) * SECOND + int(nanos or 0) - _nanoseconds(uptime)
                times = [(boot + _nanoseconds(columns[k][i])) // MS for k in (10, 11)]
            found.append((*addresses, *numbers, *times))
    return sorted(found, key=str)


def _nanoseconds(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * SECOND + int(part.ljust(9, "0")[:9])


def _tshark_time(text: str) -> int:
    moment, _, part = text.removesuffix(" UTC").partition(".")
    seconds = datetime.strptime(moment, "%b %d, %Y %H:%M:%S").replace(tzinfo=UTC).timestamp()
    return int(seconds) * 1000 + int(part[:3])


def by_nfdump(capture: bytes, directory: Path) -> tuple[list[dict[str, Any]], str]:
    """Send the datagrams of a capture to nfcapd on the loopback interface; what nfdump prints, and nfcapd's log."""
    nfcapd, nfdump = tool("nfcapd"), tool("nfdump")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = directory / "log"
    with log.open("wb") as errors:
        collector = subprocess.Popen(
            [nfcapd, "-w", str(directory), "-b", "127.0.0.1", "-p", str(port), "-B", "4000000", "-t", "3600"],
            stdout=errors, stderr=errors,
        )  # fmt: skip
    try:
        _wait(lambda: b"Startup" in log.read_bytes())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for one in datagrams(capture):
                sender.sendto(one.payload, ("127.0.0.1", port))
                _wait(lambda: _queued(port) < 100_000)
        _wait(lambda: _queued(port) == 0)
    finally:
        collector.send_signal(signal.SIGTERM)
        collector.wait(WAIT)
    (stored,) = directory.glob("nfcapd.2*")
    done = subprocess.run([nfdump, "-r", str(stored), "-o", "json"], env=UTC_ZONE, capture_output=True,
                          text=True, check=True)  # fmt: skip
    return json.loads(done.stdout), log.read_text()


def _wait(reached: Any) -> None:
    until = time.monotonic() + WAIT
    while not reached():
        assert time.monotonic() < until, "the collector does not answer"
        time.sleep(0.01)


def _queued(port: int) -> int:
    """Octets that wait in the socket bound to a port (proc(5): rx_queue)."""
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        words = line.split()
        if int(words[1].split(":")[1], 16) == port:
            return int(words[4].split(":")[1], 16)
    return 0


def nfdump_flow(record: dict[str, Any]) -> Flow:
    def moment(text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000 + 0.5)

    six = "src6_addr" in record
    flags = sum(1 << bit for bit, letter in enumerate("FSRPAUEC") if letter in record["tcp_flags"])
    return (
        record["src6_addr" if six else "src4_addr"], record["dst6_addr" if six else "dst4_addr"], record["proto"],
        record["src_port"], record["dst_port"], flags, record["in_packets"], record["in_bytes"], record["input_snmp"],
        record["output_snmp"], moment(record["first"]), moment(record["last"]),
    )  # fmt: skip


CASES = [(name, version) for name in EXPORTS for version in (4, 6) if (name, version) != ("netflow-v5", 6)]


@pytest.mark.parametrize(("name", "version"), CASES)
def test_tshark_reads_every_field(name: str, version: int, tmp_path: Path) -> None:
    rows = scan(version)
    path = tmp_path / "a.pcap"
    path.write_bytes(write(name, [batch_of(version, rows)])[0])
    assert by_tshark(path, "six" if version == 6 else "four") == expected(version, rows)


@pytest.mark.parametrize("exporter", ["192.0.2.9", "2001:db8::9"])
def test_tshark_finds_every_checksum_right(exporter: str, tmp_path: Path) -> None:
    for name in EXPORTS:
        path = tmp_path / f"{name}.pcap"
        path.write_bytes(write(name, [batch_of(4, scan(4, exporter=exporter))])[0])
        done = subprocess.run(
            [tool("tshark"), "-r", str(path), "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-T",
             "fields", "-e", "udp.checksum.status", "-e", "ip.checksum.status", "-e", "_ws.malformed"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        lines = {tuple(line.split("\t")) for line in done.stdout.splitlines()}
        assert lines == {("1", "1" if ":" not in exporter else "", "")}


@pytest.mark.parametrize(("name", "version"), CASES)
@pytest.mark.parametrize("rate", [None, 100])
def test_nfdump_reads_every_field(name: str, version: int, rate: int | None, tmp_path: Path) -> None:
    # nfcapd multiplies sampled counters by the rate, which it thus must have read.
    rows = scan(version, sampling_rate=rate)
    records, log = by_nfdump(write(name, [batch_of(version, rows)])[0], tmp_path)
    assert sorted(map(nfdump_flow, records), key=str) == expected(version, rows, times=rate or 1)
    assert "Sequence Errors: 0, Bad Packets: 0" in log


@pytest.mark.parametrize("name", EXPORTS)
def test_nfdump_reads_icmp_and_what_was_dropped(name: str, tmp_path: Path) -> None:
    ping = flow(
        protocol=1, src_port=None, dst_port=None, icmp_type=8, icmp_code=3, tcp_flags=None, out_if="Null"
    )
    records, _ = by_nfdump(write(name, [batch_of(4, [ping])])[0], tmp_path)
    assert [(r["proto"], r["icmp_type"], r["icmp_code"], r["output_snmp"]) for r in records] == [(1, 8, 3, 0)]
    if name == "netflow-v9":  # nfdump 1.7.1 has no forwarding status of IPFIX, version 5 has none
        assert records[0]["fwd_status"] == 128


@pytest.mark.skipif(not (SHARED / "data").exists(), reason="shared data are not here")
@pytest.mark.parametrize("name", EXPORTS)
def test_a_real_capture_has_the_same_totals_everywhere(name: str, tmp_path: Path) -> None:
    out = tmp_path / "out.pcap"
    result = slowworm.convert(SHARED / "data/derived/synscan/softflowd_v5.pcap", output=out, to=name)
    assert result.written == 2002
    command = [tool("tshark"), "-r", str(out), "-T", "fields", "-e", "cflow.packets", "-e", "cflow.octets"]
    for port in EXPORTS.values():
        command += ["-d", f"udp.port=={port},cflow"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    columns = [[int(n) for line in lines for n in line.split("\t")[k].split(",") if n] for k in (0, 1)]
    records, log = by_nfdump(out.read_bytes(), tmp_path)
    assert len(columns[0]) == len(columns[1]) == len(records) == 2002
    assert "Sequence Errors: 0" in log
    for column, key in zip(columns, ("in_packets", "in_bytes"), strict=True):
        assert sum(column) == sum(r[key] for r in records)


@pytest.mark.parametrize("name", ["netflow-v9", "ipfix"])
def test_tshark_reads_the_names_of_interfaces(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(write(name, [batch_of(4, [flow(in_if="Gi0/1", out_if="Überlandleitung")])])[0])
    command = [tool("tshark"), "-r", str(path), "-T", "fields", "-e", "cflow.if_name"]
    command += ["-d", f"udp.port=={EXPORTS[name]},cflow"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Gi0/1,Überlandleitung"]
