"""DNS in logs: Zeek's dns.log beside conn.log, Suricata's dns events of three versions, streams of all logs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.support import SHARED

import slowworm
from slowworm.flows.addresses import to_objects
from slowworm.sources.base import Reading
from slowworm.sources.byteformat import HEAD_BYTES
from slowworm.sources.logs.suricata import SuricataEve
from slowworm.sources.logs.zeek import ZeekConn, ZeekDns, ZeekOther

ZEEK = SHARED / "data/detection/StratosphereLinuxIPS/dataset/test9-mixed-zeek-dir"
needs_logs = pytest.mark.skipif(not ZEEK.exists(), reason="fixtures are not here")

DNS_HEADER = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\tquery\tqtype_name\tanswers\tTTLs\n"
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount\tstring\tstring\tvector[string]\tvector[interval]\n"
)


def dns_line(ts: str, client: str, answers: str, *, port: int = 53) -> str:
    return f"{ts}\tC1\t{client}\t4000\t10.0.0.53\t{port}\tudp\t1\ta.test\tA\t{answers}\t60.0\n"


def answered(reading: Reading) -> Counter[tuple[str, str]]:
    """(client, address) pairs."""
    return Counter(
        pair
        for one in reading.lookups
        if one.answer is not None
        for pair in zip(map(str, to_objects(one.client)), map(str, to_objects(one.answer)), strict=True)
    )


def asked(reading: Reading) -> set[str]:
    return {str(c) for one in reading.lookups for c in to_objects(one.client)}


def test_tab_separated_answers() -> None:
    text = (
        DNS_HEADER
        + dns_line("1.5", "10.0.0.1", "b.test,192.0.2.1,192.0.2.2")
        + dns_line("2.5", "10.0.0.1", "2001:db8::1")
        + dns_line("3.5", "10.0.0.2", "-")
        + dns_line("4.5", "2001:db8::7", "TXT 9 192.0.2.3,192.0.2.4")
        + dns_line("5.5", "10.0.0.3", "192.0.2.5", port=5353)  # mDNS: nobody asked
    ).encode()
    assert ZeekDns().recognises(text)
    reading = ZeekDns().read("dns.log", text)
    assert (reading.formats, reading.problems) == ((("zeek-dns", 0),), ())
    assert answered(reading) == Counter(
        [("10.0.0.1", "192.0.2.1"), ("10.0.0.1", "192.0.2.2"), ("10.0.0.1", "2001:db8::1"),
         ("2001:db8::7", "192.0.2.4")]
    )  # fmt: skip
    assert asked(reading) == {"10.0.0.1", "10.0.0.2", "2001:db8::7"}
    assert 2_500_000_000 in [t for one in reading.lookups for t in one.time.to_pylist()]


@needs_logs
def test_a_real_log_gives_every_address_that_it_holds() -> None:
    data = (ZEEK / "dns.log").read_bytes()
    # Counted by the standard library, line by line.
    wanted = Counter(
        (row["id.orig_h"], answer)
        for row in map(json.loads, data.splitlines())
        if row["id.resp_p"] == 53
        for answer in row.get("answers", [])
        if answer.replace(".", "").isdigit()
    )
    assert sum(wanted.values()) > 300
    assert answered(ZeekDns().read("dns.log", data)) == wanted


@needs_logs
@pytest.mark.parametrize("order", [("conn.log", "dns.log"), ("dns.log", "conn.log")])
def test_connections_are_marked_whichever_log_comes_first(order: tuple[str, str]) -> None:
    rows = [json.loads(line) for line in (ZEEK / "dns.log").read_text().splitlines()]
    first: dict[tuple[str, str], float] = {}
    for row in rows:
        for answer in row.get("answers", []):
            key = (row["id.orig_h"], answer)
            first[key] = min(first.get(key, row["ts"]), row["ts"])
    wanted = sum(
        first.get((row["id.orig_h"], row["id.resp_h"]), 1e18) <= row["ts"] and row["orig_pkts"] > 0
        for row in map(json.loads, (ZEEK / "conn.log").read_text().splitlines())
    )
    result = slowworm.hunt(*(ZEEK / name for name in order))
    assert wanted == sum(b.column("resolved").to_pylist().count(True) for b in result.flows) == 342
    assert not result.partly_understood


@needs_logs
def test_a_directory_of_zeeks_logs_is_understood_whole() -> None:
    result = slowworm.hunt(ZEEK)
    assert not result.partly_understood
    assert {i.path.rsplit("/", 1)[-1]: i.format for i in result.inputs} == {
        "arp.log": "zeek-other", "conn.log": "zeek-conn", "dhcp.log": "zeek-other", "dns.log": "zeek-dns",
        "notice.log": "zeek-other",
    }  # fmt: skip
    assert "other-logs" in {n.id for n in result.notes}


def conn(**values: Any) -> dict[str, Any]:
    given = {"ts": 9.0, "uid": "C", "id.orig_h": "10.0.0.1", "id.orig_p": 1, "id.resp_h": "192.0.2.1",
             "id.resp_p": 80, "proto": "tcp", "conn_state": "S0", "orig_pkts": 1, "resp_pkts": 0}  # fmt: skip
    return given | values


def test_a_stream_of_all_logs_gives_connections_and_dns() -> None:
    stream = [
        {"_path": "weird", "ts": 1.0, "name": "x", "peer": "p"},
        {"_path": "dns", "ts": 2.0, "id.orig_h": "10.0.0.1", "id.orig_p": 9, "id.resp_h": "10.0.0.53",
         "id.resp_p": 53, "proto": "udp", "trans_id": 3, "query": "a", "answers": ["192.0.2.1"]},
        {"_path": "conn", **conn()},
    ]  # fmt: skip
    text = "".join(json.dumps(row) + "\n" for row in stream).encode()
    assert [f.recognises(text[:HEAD_BYTES]) for f in (ZeekConn(), ZeekDns(), ZeekOther())] == [
        True,
        False,
        False,
    ]
    reading = ZeekConn().read("all.log", text)
    assert (reading.flows, reading.problems) == (1, ())
    assert answered(reading) == Counter([("10.0.0.1", "192.0.2.1")])
    assert {n.id: n.count for n in reading.notes} == {"other-logs": 1}


@pytest.mark.parametrize(
    "text",
    [
        b'{"msg":"started","ts":1}\n',
        b'{"time":1.0,"uid":"C"}\n',
        b'{"ts":1.0,"msg":"listening"}\n',
        b"#comment\n",
    ],
)
def test_json_of_other_programs_is_not_taken_for_zeeks(text: bytes) -> None:
    assert not any(f.recognises(text) for f in (ZeekConn(), ZeekDns(), ZeekOther()))


def event(client: str, server: str, dns: dict[str, Any], *, back: bool = False) -> str:
    ends = [("src", client, 4000), ("dest", server, 53)]
    if back:
        ends = [("src", server, 53), ("dest", client, 4000)]
    row: dict[str, Any] = {
        "timestamp": "2024-02-29T10:00:00.500000+0000",
        "event_type": "dns",
        "proto": "UDP",
    }
    for side, address, port in ends:
        row |= {f"{side}_ip": address, f"{side}_port": port}
    return json.dumps({**row, "dns": dns}) + "\n"


def test_dns_events_of_every_version_of_suricata() -> None:
    # Up to version 7 addresses are those of the flow, from 8 on those of the packet (OISF/suricata #13380).
    text = (
        event("10.0.0.1", "10.0.0.53", {"type": "answer", "rrtype": "A", "rdata": "192.0.2.1"})
        + event("10.0.0.2", "10.0.0.53", {"version": 2, "type": "answer", "rcode": "NOERROR",
                "answers": [{"rrtype": "CNAME", "rdata": "b.test"}, {"rrtype": "A", "rdata": "192.0.2.2"}],
                "grouped": {"A": ["192.0.2.2"], "AAAA": ["2001:db8::2"], "CNAME": ["b.test"]}})
        + event("10.0.0.3", "10.0.0.53", {"version": 3, "type": "response",
                "answers": [{"rrtype": "A", "rdata": "192.0.2.3"}]}, back=True)
        + event("10.0.0.4", "10.0.0.53", {"type": "query", "rrname": "a.test", "rrtype": "A"})
    ).encode()  # fmt: skip
    reading = SuricataEve().read("eve.json", text)
    assert (reading.problems, reading.notes) == ((), ())
    assert set(answered(reading)) == {
        ("10.0.0.1", "192.0.2.1"), ("10.0.0.2", "192.0.2.2"), ("10.0.0.2", "2001:db8::2"), ("10.0.0.3", "192.0.2.3"),
    }  # fmt: skip
    assert asked(reading) == {f"10.0.0.{n}" for n in (1, 2, 3, 4)}
    assert {t for one in reading.lookups for t in one.time.to_pylist()} == {1_709_200_800_500_000_000}


def test_damaged_events_cost_only_themselves() -> None:
    text = (
        event(
            "10.0.0.1",
            "10.0.0.53",
            {"answers": [1, "x", {"rdata": 7}, {"rdata": "192.0.2.1"}], "grouped": []},
        )
        + event(
            "10.0.0.2", "10.0.0.53", {"answers": "192.0.2.9", "grouped": {"A": [["192.0.2.9"], "192.0.2.2"]}}
        )
        + "not json\n"
        + event("10.0.0.3", "10.0.0.53", {"rdata": "192.0.2.3"})
    ).encode()
    reading = SuricataEve().read("eve.json", text)
    assert answered(reading) == Counter(
        {("10.0.0.1", "192.0.2.1"): 1, ("10.0.0.2", "192.0.2.2"): 1, ("10.0.0.3", "192.0.2.3"): 1}
    )
    assert sum(p.count for p in reading.problems) >= 2


def test_names_and_files_of_hostile_length_are_read_in_linear_time(tmp_path: Path) -> None:
    row = {"ts": 1.0, "id.orig_h": "10.0.0.1", "id.resp_h": "10.0.0.53", "id.resp_p": 53, "trans_id": 1,
           "query": "a" * 10_000, "answers": ["192.0.2.1"] * 20_000}  # fmt: skip
    reading = ZeekDns().read("dns.log", (json.dumps(row) + "\n").encode() * 2)
    assert sum(answered(reading).values()) == 40_000
