"""Google Cloud: log entries as its *VPC Flow Logs records* page describes them."""

from __future__ import annotations

import json
from typing import Any

from tests.sources.tables.flow_rows import notes, plain

from slowworm.sources.cloud import GcpVpcFlow

FORM = GcpVpcFlow()
ENTRY: dict[str, Any] = {
    "insertId": "1",
    "jsonPayload": {
        "connection": {
            "src_ip": "10.0.0.2",
            "dest_ip": "35.1.2.3",
            "src_port": 443,
            "dest_port": 50000,
            "protocol": 6,
        },
        "bytes_sent": "1200",
        "packets_sent": "5",
        "reporter": "SRC",
        "start_time": "2024-01-01T00:00:00.123456789Z",
        "end_time": "2024-01-01T00:00:05.5Z",
        "src_instance": {"vm_name": "web-1"},
    },
    "logName": "projects/p/logs/compute.googleapis.com%2Fvpc_flows",
    "timestamp": "2024-01-01T00:00:06Z",
}
SIX: dict[str, Any] = {
    "insertId": "2",
    "jsonPayload": {
        "connection": {"src_ip": "fd00::1", "dest_ip": "fd00::2", "protocol": 58},
        "bytes_sent": 64,
        "packets_sent": 1.0,
        "reporter": "DEST",
    },
    "resource": {"labels": {"subnetwork_name": "sub"}},
}
DENIED: dict[str, Any] = {
    "insertId": "3",
    "jsonPayload": {
        "connection": {
            "src_ip": "1.2.3.4",
            "dest_ip": "10.0.0.2",
            "src_port": 4000,
            "dest_port": 22,
            "protocol": 6,
        },
        "disposition": "DENIED",
        "instance": {"vm_name": "vm3"},
    },
    "timestamp": "2024-01-01T00:00:06Z",
}


def lines(*entries: dict[str, Any]) -> bytes:
    return "\n".join(json.dumps(entry) for entry in entries).encode()


def with_connection(**values: object) -> dict[str, Any]:
    payload = ENTRY["jsonPayload"]
    return {**ENTRY, "jsonPayload": {**payload, "connection": {**payload["connection"], **values}}}


def test_an_entry_is_a_sampled_flow() -> None:
    reading = FORM.read("gcp.json", lines(ENTRY))
    assert plain(reading) == [
        {
            "src_addr": "10.0.0.2", "dst_addr": "35.1.2.3", "protocol": 6, "src_port": 443, "dst_port": 50000,
            "packets": 5, "bytes": 1200, "exporter": "web-1", "sampling_rate": 30,
            "start_time": "2024-01-01T00:00:00.123456789", "end_time": "2024-01-01T00:00:05.5",
        }
    ]  # fmt: skip
    assert notes(reading) == {"sampled": 1}


def test_lines_and_arrays_of_entries_say_the_same() -> None:
    entries = [ENTRY, SIX, DENIED, {"insertId": "4", "textPayload": "hi"}]
    for data in (lines(*entries), json.dumps(entries).encode(), json.dumps(entries, indent=2).encode()):
        reading = FORM.read("gcp.json", data)
        assert (reading.flows, reading.problems, notes(reading)["other-messages"]) == (3, (), 1)


def test_ipv6_and_protocols_without_ports() -> None:
    (flow,) = plain(FORM.read("gcp.json", lines(SIX)))
    assert flow == {
        "src_addr": "fd00::1", "dst_addr": "fd00::2", "protocol": 58, "packets": 1, "bytes": 64, "exporter": "sub",
        "sampling_rate": 30,
    }  # fmt: skip


def test_firewall_rule_logs_have_verdicts_and_are_not_sampled() -> None:
    (flow,) = plain(FORM.read("gcp.json", lines(DENIED)))
    assert (flow["action"], flow["exporter"], flow["start_time"]) == ("deny", "vm3", "2024-01-01T00:00:06")
    assert "sampling_rate" not in flow


def test_damaged_entries_are_problems_with_their_place() -> None:
    bad = [
        with_connection(src_port=400_000),
        with_connection(src_ip="no"),
        with_connection(dest_ip=None),
        with_connection(protocol=[6]),
        with_connection(src_port=True),
        {**ENTRY, "jsonPayload": {"connection": 5}},
    ]
    data = lines(*bad) + b'\n{"insertId": "5", "jsonPay\n[1]\n"x"\n' + lines(ENTRY)
    reading = FORM.read("gcp.json", data)
    assert reading.flows == 1
    assert sorted(p.where for p in reading.problems) == [f"gcp.json:{i}" for i in range(1, 8)]


def test_values_that_are_no_entries_are_problems() -> None:
    reading = FORM.read("gcp.json", b'[1]\n"x"\n' + lines(ENTRY))
    assert (reading.flows, [p.where for p in reading.problems]) == (1, ["gcp.json:1", "gcp.json:2"])


def test_it_recognises_its_own_and_nothing_else() -> None:
    assert FORM.recognises(lines(ENTRY))
    assert not FORM.recognises(b'{"src_ip": "1.2.3.4", "connection": 1}')
