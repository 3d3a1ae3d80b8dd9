"""Suricata's EVE: flow and netflow events, other events, flags in hexadecimal, ICMP, drops."""

from __future__ import annotations

import json
from typing import Any

from slowworm.flows.addresses import to_objects
from slowworm.sources.base import Reading
from slowworm.sources.logs.suricata import SuricataEve

FLOW: dict[str, Any] = {
    "timestamp": "2024-03-01T10:05:00.000001+0100",
    "flow_id": 4711,
    "in_iface": "eth1",
    "host": "sensor-1",
    "event_type": "flow",
    "src_ip": "192.0.2.10",
    "src_port": 40000,
    "dest_ip": "198.51.100.7",
    "dest_port": 23,
    "proto": "TCP",
    "flow": {
        "pkts_toserver": 3,
        "pkts_toclient": 2,
        "bytes_toserver": 198,
        "bytes_toclient": 120,
        "start": "2024-03-01T10:04:00.500000+0100",
        "end": "2024-03-01T10:04:01.500000+0100",
        "state": "closed",
    },
    "tcp": {"tcp_flags": "16", "tcp_flags_ts": "12", "tcp_flags_tc": "14", "syn": True},
}


def read(*events: dict[str, Any] | str) -> Reading:
    text = "\n".join(e if isinstance(e, str) else json.dumps(e) for e in events)
    assert SuricataEve().recognises(text.encode())
    return SuricataEve().read("eve.json", text.encode())


def rows(reading: Reading) -> list[dict[str, Any]]:
    found = []
    for batch in reading.batches:
        plain = batch.to_pydict()
        for name in ("src_addr", "dst_addr"):
            plain[name] = [str(a) for a in to_objects(batch.column(name))]
        found += [dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)]
    return sorted(found, key=lambda row: row["line"])


def test_a_flow_event_is_two_flows() -> None:
    opener, answer = rows(read(FLOW))
    assert opener["start_time"].isoformat() == "2024-03-01T09:04:00.500000+00:00"
    assert opener["end_time"].isoformat() == "2024-03-01T09:04:01.500000+00:00"
    assert (opener["src_addr"], opener["dst_port"], opener["packets"], opener["bytes"]) == (
        "192.0.2.10",
        23,
        3,
        198,
    )
    assert (opener["tcp_flags"], opener["in_if"], opener["exporter"], opener["protocol"]) == (
        0x12,
        "eth1",
        "sensor-1",
        6,
    )
    assert (answer["src_addr"], answer["src_port"], answer["packets"], answer["tcp_flags"]) == (
        "198.51.100.7",
        23,
        2,
        0x14,
    )
    assert (answer["in_if"], answer["exporter"], answer["action"]) == (None, "sensor-1", None)


def test_an_answer_without_packets_is_no_flow() -> None:
    (only,) = rows(read(FLOW | {"flow": FLOW["flow"] | {"pkts_toclient": 0, "bytes_toclient": 0}}))
    assert only["src_addr"] == "192.0.2.10"


def test_a_netflow_event_is_one_flow() -> None:
    counted = {
        "pkts": 1,
        "bytes": 60,
        "start": "2024-03-01T09:00:00.1+0000",
        "end": "2024-03-01T09:00:00.1+0000",
    }
    event = {k: v for k, v in FLOW.items() if k != "flow"} | {"event_type": "netflow", "netflow": counted}
    (row,) = rows(read(event | {"tcp": {"tcp_flags": "02"}}))
    assert (row["packets"], row["bytes"], row["tcp_flags"]) == (1, 60, 2)
    assert row["start_time"].isoformat() == "2024-03-01T09:00:00.100000+00:00"


def test_flags_that_suricata_did_not_follow_are_null() -> None:
    opener, _ = rows(read(FLOW | {"tcp": {"tcp_flags": "00", "tcp_flags_ts": "00", "tcp_flags_tc": "00"}}))
    assert opener["tcp_flags"] is None


def test_icmp_and_ipv6() -> None:
    echo = FLOW | {"proto": "ICMP", "icmp_type": 8, "icmp_code": 0, "src_port": None, "dest_port": None}
    wide = echo | {"src_ip": "2001:db8::1", "dest_ip": "2001:db8::2", "proto": "IPv6-ICMP", "icmp_type": 128}
    reading = read(echo, wide)
    assert [(r["protocol"], r["icmp_type"], r["src_port"]) for r in rows(reading)] == [
        (1, 8, None),
        (1, 0, None),
        (58, 128, None),
        (58, 129, None),
    ]
    assert [batch.num_rows for batch in reading.batches] == [2, 2]


def test_drops_are_denials() -> None:
    assert {r["action"] for r in rows(read(FLOW | {"flow": FLOW["flow"] | {"action": "drop"}}))} == {"deny"}


def test_other_events_are_counted_by_their_kind() -> None:
    alert = {"timestamp": "2024-03-01T09:00:00", "event_type": "alert", "alert": {"signature": 'a "{" in it'}}
    stats = {"timestamp": "2024-03-01T09:00:00", "event_type": "stats", "stats": {"tcp": {"sessions": 1}}}
    reading = read(alert, FLOW, alert, stats, *({**stats, "event_type": f"e{i}"} for i in range(20)))
    assert (reading.flows, reading.problems) == (2, ())
    (note,) = reading.notes
    assert (note.id, note.count) == ("other-events", 23)
    assert "alert 2" in note.text
    assert len(note.text) < 300


def test_what_cannot_be_read_is_counted_with_its_place() -> None:
    reading = read(
        FLOW,
        json.dumps(FLOW)[:100],
        FLOW | {"src_ip": "nobody"},
        "null",
        FLOW | {"src_port": "x"},
        {"event_type": 7},
    )
    assert reading.flows == 4
    assert [(p.where, p.count) for p in reading.problems] == [
        ("eve.json:2", 2),
        ("eve.json:5", 1),
        ("eve.json:3", 1),
    ]
