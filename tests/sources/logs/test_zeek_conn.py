"""Zeek's conn.log: tab separated and JSON, both directions, ICMP, labels, rotated logs, damage."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from tests.support import SHARED

from slowworm.flows.addresses import to_objects
from slowworm.sources.base import Reading
from slowworm.sources.byteformat import HEAD_BYTES
from slowworm.sources.logs.zeek import ZeekConn

DETECTION = SHARED / "data" / "detection"
HORIZONTAL = DETECTION / "StratosphereLinuxIPS/dataset/port-scans/horizontal/conn.log"
BROWSING = DETECTION / "StratosphereLinuxIPS/dataset/test9-mixed-zeek-dir/conn.log"
TABBED = DETECTION / "netflowlabeler/conn.tab.log"
JSON = DETECTION / "netflowlabeler/conn.json.log"

HEADER = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\thistory"
    "\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\tduration\n"
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tstring\tcount\tcount\tcount\tcount\tinterval\n"
)


def read(text: str | bytes) -> Reading:
    return ZeekConn().read("conn.log", text.encode() if isinstance(text, str) else text)


def rows(reading: Reading) -> list[dict[str, Any]]:
    """The flows in order of their lines: times as integers, addresses as text."""
    found = []
    for batch in reading.batches:
        plain = batch.to_pydict() | {
            name: batch.column(name).cast(pa.int64()).to_pylist() for name in ("start_time", "end_time")
        }
        for name in ("src_addr", "dst_addr"):
            plain[name] = [None if a is None else str(a) for a in to_objects(batch.column(name))]
        found += [dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)]
    return sorted(found, key=lambda row: row["line"])


def line(**values: object) -> str:
    given = {
        "ts": "1500000000.250001", "uid": "C1", "oh": "10.0.0.1", "op": 40000, "rh": "10.0.0.2", "rp": 23,
        "proto": "tcp", "state": "S0", "history": "S", "opk": 1, "ob": 60, "rpk": 0, "rb": 0, "dur": "-",
    } | values  # fmt: skip
    return "\t".join(map(str, given.values())) + "\n"


@pytest.mark.skipif(not HORIZONTAL.exists(), reason="fixtures are not here")
@pytest.mark.parametrize(
    ("path", "flows", "ipv6", "packets", "octets"),
    # Counted by a separate reader in plain Python, line by line.
    [
        (HORIZONTAL, 71, 0, 570, 266_175),
        (BROWSING, 1107, 16, 63_460, 63_646_068),
        (JSON, 1374, 85, 19_794, 6_366_923),
        (DETECTION / "netflowlabeler/conn.json.small.log", 146, 5, 657, 168_995),
        (TABBED, 134, 26, 1425, 789_088),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else None,
)
def test_real_logs_give_every_direction_that_has_packets(
    path: Any, flows: int, ipv6: int, packets: int, octets: int
) -> None:
    data = path.read_bytes()
    assert ZeekConn().recognises(data[:HEAD_BYTES])
    reading = read(data)
    assert reading.formats == (("zeek-conn", flows),)
    assert reading.problems == ()
    found = rows(reading)
    assert sum(":" in row["src_addr"] for row in found) == ipv6
    assert sum(row["packets"] for row in found) == packets
    assert sum(row["bytes"] for row in found) == octets


@pytest.mark.skipif(not HORIZONTAL.exists(), reason="fixtures are not here")
def test_the_index_of_the_horizontal_scan_holds() -> None:
    opened = [row for row in rows(read(HORIZONTAL.read_bytes())) if row["src_addr"] == "10.0.2.112"]
    assert len({row["dst_addr"] for row in opened if row["dst_port"] == 80}) == 25
    first = opened[0]
    assert (first["start_time"], first["end_time"]) == (928_943_457_000, 928_999_144_000)
    assert (first["src_port"], first["dst_addr"], first["packets"], first["bytes"]) == (
        49168,
        "195.113.214.219",
        5,
        473,
    )
    assert first["tcp_flags"] == 0x13  # ShADadfF: SYN, ACK, FIN of the opener


@pytest.mark.skipif(not TABBED.exists(), reason="fixtures are not here")
def test_icmpv6_of_a_real_log() -> None:
    found = {row["line"]: row for row in rows(read(TABBED.read_bytes()))}
    solicitation = found[12]  # ports 135 and 136: the type, and the type that answers it
    assert (solicitation["protocol"], solicitation["icmp_type"], solicitation["icmp_code"]) == (58, 135, 0)
    assert (solicitation["src_port"], solicitation["dst_port"], solicitation["src_addr"]) == (
        None,
        None,
        "::",
    )
    report = found[13]  # 143 is answered by nothing: the other port is its code
    assert (report["icmp_type"], report["icmp_code"]) == (143, 0)


def test_opener_comes_first_and_each_side_has_its_flags() -> None:
    opener, answer = rows(read(HEADER + line(state="REJ", history="Sr", rpk=1, rb=40, dur="0.5")))
    assert (opener["src_addr"], opener["src_port"], opener["dst_port"], opener["tcp_flags"]) == (
        "10.0.0.1",
        40000,
        23,
        2,
    )
    assert (answer["src_addr"], answer["src_port"], answer["dst_port"], answer["tcp_flags"]) == (
        "10.0.0.2",
        23,
        40000,
        4,
    )
    assert (answer["packets"], answer["bytes"]) == (1, 40)
    assert opener["start_time"] == 1_500_000_000_250_001_000
    assert opener["end_time"] == 1_500_000_000_750_001_000


def test_the_state_gives_the_flags_where_there_is_no_history() -> None:
    flags = [row["tcp_flags"] for row in rows(read(HEADER + line(state="REJ", history="-", rpk=1, rb=40)))]
    assert flags == [0x02, 0x14]


def test_flags_are_of_tcp_only_and_ports_of_protocols_that_have_them() -> None:
    text = (
        HEADER + line(proto="udp", history="Dd", rpk=1) + line(proto="icmp", op=8, rp=0, history="-", rpk=1)
    )
    udp, _, asked, answered = rows(read(text))
    assert (udp["protocol"], udp["tcp_flags"]) == (17, None)
    assert (asked["protocol"], asked["icmp_type"], asked["icmp_code"], asked["src_port"]) == (1, 8, 0, None)
    assert (answered["icmp_type"], answered["icmp_code"]) == (0, 0)


def test_a_connection_of_which_only_the_answer_was_seen_has_one_flow() -> None:
    (only,) = rows(read(HEADER + line(opk=0, ob=0, rpk=1, rb=44, history="h", state="SHR")))
    assert (only["src_addr"], only["tcp_flags"]) == ("10.0.0.2", 0x12)


def test_missing_is_null_not_zero() -> None:
    (row,) = rows(read(HEADER + line(opk="-", ob="-", rpk="-", rb="-", history="-", state="OTH", ts="-")))
    for name in ("packets", "bytes", "tcp_flags", "start_time", "end_time", "label", "in_if", "exporter"):
        assert row[name] is None, name


def test_rotated_logs_with_other_column_orders_are_read_as_one() -> None:
    other = "#fields\tid.resp_h\tid.orig_h\tts\tconn_state\n10.0.0.9\t10.0.0.8\t1\tS0\n#close\t2020\n"
    found = rows(read(HEADER + line() + other + HEADER + line(oh="10.0.0.7")))
    assert [row["src_addr"] for row in found] == ["10.0.0.1", "10.0.0.8", "10.0.0.7"]
    assert [row["line"] for row in found] == [8, 10, 19]


def test_another_separator_is_followed() -> None:
    text = "#separator ,\n#fields,ts,id.orig_h,id.resp_h,conn_state,orig_pkts\n1.5,10.0.0.1,10.0.0.2,S0,3\n"
    (row,) = rows(read(text))
    assert (row["packets"], row["start_time"]) == (3, 1_500_000_000)


def test_labels_are_kept_with_tabs_and_with_the_three_blanks_of_iot23() -> None:
    fields = "#fields\tts\tid.orig_h\tid.resp_h\tconn_state\ttunnel_parents"
    row = "1\t10.0.0.1\t10.0.0.2\tS0\t-   Malicious   PartOfAHorizontalPortScan\n"
    spaced = f"{fields}   label   detailed-label\n{row}"
    tabbed = f"{fields}\tlabel\tdetailedlabel\n1\t10.0.0.1\t10.0.0.2\tS0\t(empty)\tBenign\t-\n"
    assert [row["label"] for row in rows(read(spaced + tabbed))] == [
        "Malicious PartOfAHorizontalPortScan",
        "Benign",
    ]


def test_json_times_may_be_numbers_or_text() -> None:
    plain = {
        "id.orig_h": "10.0.0.1",
        "id.resp_h": "10.0.0.2",
        "proto": "tcp",
        "conn_state": "S0",
        "orig_pkts": 1,
    }
    text = "\n".join(
        json.dumps({"ts": ts, **plain})
        for ts in (1500000000.250001, "2017-07-14T02:40:00.250001Z", 1500000000250)
    )
    assert ZeekConn().recognises(text.encode())
    assert [row["start_time"] // 1_000_000 for row in rows(read(text))] == [1_500_000_000_250] * 3


def test_lines_of_other_logs_are_noted_not_read() -> None:
    dns = "#path\tdns\n#fields\tts\tid.orig_h\tid.resp_h\tquery\n1\t10.0.0.1\t8.8.8.8\texample.org\n"
    reading = read(HEADER + line() + dns)
    assert reading.flows == 1
    assert [(note.id, note.count) for note in reading.notes] == [("other-logs", 1)]
    assert not ZeekConn().recognises(dns.encode())


def test_what_cannot_be_read_is_counted_with_its_place() -> None:
    text = HEADER + line() + line(oh="10.0.0.300") + "half\ta row\n" + line(opk="many") + line()[:-30]
    reading = read(text)
    assert reading.flows == 2
    assert [(p.where, p.text.split(":")[0], p.count) for p in reading.problems] == [
        ("conn.log:10", "a row of another number of columns than its header's 14", 2),
        ("conn.log:9", "no good pair of addresses", 1),
        ("conn.log:11", "orig_pkts is no number", 1),
    ]


def test_a_null_between_objects_does_not_end_the_process() -> None:
    good = '{"id.orig_h":"10.0.0.1","id.resp_h":"10.0.0.2","conn_state":"S0"}'
    for bad in ("null", good + " null", "{null}", "[1]", '{"id.orig_h":', "{" * 50_000):
        reading = read(f"{good}\n{bad}\n{good}\n" if bad.startswith("{") else f"{good}\n{{}} {bad}\n{good}\n")
        assert reading.flows >= 2, bad
        assert reading.problems, bad


def test_powershells_utf16_is_read() -> None:
    assert read((HEADER + line()).encode("utf-16")).flows == 1


def test_empty_inputs_give_nothing() -> None:
    for data in ("", "\n", HEADER, "#\n" * 10):
        assert (read(data).flows, read(data).problems) == (0, ())
        assert not ZeekConn().recognises(b"\x00\xff" * 100)
