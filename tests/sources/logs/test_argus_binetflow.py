"""Argus' ra and the CTU's binetflow: directions, states, estimates, ICMP in hexadecimal, free text, damage."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tests.support import SHARED

from slowworm.flows.addresses import to_objects
from slowworm.sources.base import Reading
from slowworm.sources.byteformat import HEAD_BYTES
from slowworm.sources.logs.argus import ArgusBinetflow

DATA = SHARED / "data"
DETECTION = DATA / "detection"
PORTSCAN = DETECTION / "StratosphereLinuxIPS/dataset/test11-portscan.binetflow"
NORMAL = DETECTION / "StratosphereLinuxIPS-history/dataset_Normal_2013-10-21_capture-1.binetflow"
MIXED = DETECTION / "StratosphereLinuxIPS/dataset/test5-mixed.binetflow"
BOT = DATA / "derived/hns/argus.ra.csv"
here = pytest.mark.skipif(not PORTSCAN.exists(), reason="fixtures are not here")

CTU = "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes"


def read(text: str | bytes) -> Reading:
    return ArgusBinetflow().read("a.binetflow", text.encode() if isinstance(text, str) else text)


def rows(reading: Reading) -> list[dict[str, Any]]:
    found = []
    for batch in reading.batches:
        plain = batch.drop_columns(["start_time", "end_time"]).to_pydict()
        for name in ("start_time", "end_time"):
            plain[name] = [v.value for v in batch.column(name)]
        for name in ("src_addr", "dst_addr"):
            plain[name] = [str(a) for a in to_objects(batch.column(name))]
        found += [dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)]
    return sorted(found, key=lambda row: row["line"])


def record(
    state: str = "S_", packets: str = "1,60,60", proto: str = "tcp", ports: str = "4000,   ->,10.0.0.2,23"
) -> str:
    return f"2013/10/21 10:00:00.123456,0.500000,{proto},10.0.0.1,{ports},{state},0,,{packets}\n"


@here
@pytest.mark.parametrize(
    ("path", "flows", "packets", "octets", "notes"),
    # Rows that are IP, with their TotPkts and TotBytes, summed by awk-like Python outside this project.
    [
        (BOT, 833, 1969, 306_338, {"not-ip": 19, "packets-split": 29}),
        (DATA / "derived/synscan/argus.ra.csv", 2008, 2011, 116_672, {"not-ip": 2, "packets-split": 3}),
        (NORMAL, 2380 + 2354, 98_956, 98_502_819, {"not-ip": 18, "packets-split": 2354}),
        (PORTSCAN, 66 + 20, 712, 181_904, {}),
        (
            DETECTION / "StratosphereLinuxIPS/dataset/test2-malicious.binetflow",
            6751 + 6661,
            491_156,
            348_705_565,
            {},
        ),
        (MIXED, 296 + 282, 29_639, 2_825_007, {"not-ip": 4}),
        (
            DETECTION / "netflowlabeler/test.binetflow",
            91 + 81,
            8369,
            4_473_597,
            {"not-ip": 8, "packets-split": 81},
        ),
        (DETECTION / "netflowlabeler/test5.tabs.binetflow", 6721 + 6337, 56_748, 6_479_293, {"not-ip": 4}),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else None,
)
def test_real_files_lose_no_packet_and_no_byte(
    path: Any, flows: int, packets: int, octets: int, notes: dict[str, int]
) -> None:
    data = path.read_bytes()
    assert ArgusBinetflow().recognises(data[:HEAD_BYTES])
    reading = read(data)
    found = rows(reading)
    assert (reading.flows, reading.problems) == (flows, ())
    assert {note.id: note.count for note in reading.notes} == notes
    assert sum(row["packets"] for row in found) == packets
    assert sum(row["bytes"] for row in found) == octets


@here
def test_the_index_of_the_port_scan_holds() -> None:
    reading = read(PORTSCAN.read_bytes())
    echoes = [row for row in rows(reading) if row["protocol"] == 1]
    assert len(echoes) == 46
    assert len({row["dst_addr"] for row in echoes}) == 21
    assert {(row["icmp_type"], row["icmp_code"], row["src_port"]) for row in echoes} == {(8, 0, None)}
    first, answer = rows(reading)[:2]
    assert (first["dst_port"], first["packets"], first["bytes"], first["tcp_flags"]) == (999, 15, 1887, 2)
    assert (answer["packets"], answer["bytes"], answer["tcp_flags"]) == (16, 6877, None)
    assert first["start_time"] == 1_554_395_087_672_448_000
    assert first["end_time"] - first["start_time"] == 63_822_830_000


@here
def test_the_index_of_the_bot_holds() -> None:
    sent = [
        row
        for row in rows(read(BOT.read_bytes()))
        if row["src_addr"] == "192.168.2.16" and row["protocol"] == 6
    ]
    hosts = {
        port: len({row["dst_addr"] for row in sent if row["dst_port"] == port})
        for port in (23, 8080, 2323, 9527)
    }
    assert hosts == {23: 54, 8080: 40, 2323: 27, 9527: 10}


@here
def test_labels_of_real_records_are_kept() -> None:
    labels = Counter({row["line"]: row["label"] for row in rows(read(MIXED.read_bytes()))}.values())
    assert (labels["flow=Malware-UDP-DNS"], labels["flow=Malware-TCP"]) == (197, 80)


def test_states_give_flags_and_answers() -> None:
    opener, answer = rows(read(f"{CTU}\n" + record("FSPA_SRA", "10,1000,600")))
    assert (opener["tcp_flags"], answer["tcp_flags"]) == (0x1B, 0x16)
    (alone,) = rows(read(f"{CTU}\n" + record("S_")))
    assert (alone["tcp_flags"], alone["packets"], alone["dst_port"]) == (2, 1, 23)
    refused = rows(read(f"{CTU}\n" + record("RST", "2,120,60")))
    assert [row["tcp_flags"] for row in refused] == [0x02, 0x14]


@pytest.mark.parametrize(
    ("packets", "state", "expected", "estimated"),
    [
        ("10,1000,600", "FSPA_FSPA", [(6, 600), (4, 400)], 1),
        ("2,120,60", "S_RA", [(1, 60), (1, 60)], 0),  # two packets, both sides: no other way
        ("100,100000,99999", "FSPA_FSPA", [(99, 99_999), (1, 1)], 1),  # at least one
        ("3,180,180", "S_", [(3, 180)], 0),
        ("1,60,0", "ACC", [(1, 60)], 0),  # only the answer was seen
        ("10,1000,", "FSPA_FSPA", [(5, 500), (5, 500)], 1),
        ("10,1000,", "S_", [(10, 1000)], 0),
        (",,", "S_", [(None, None)], 0),
        ("5,100,900", "S_", [(5, 100)], 0),  # more of a side than of both: not believed
    ],
)
def test_totals_are_shared_between_the_directions(
    packets: str, state: str, expected: list[tuple[int | None, int | None]], estimated: int
) -> None:
    reading = read(f"{CTU}\n" + record(state, packets))
    assert [(row["packets"], row["bytes"]) for row in rows(reading)] == expected
    assert sum(note.count for note in reading.notes if note.id == "packets-split") == estimated


def test_known_packets_of_the_source_are_not_estimated() -> None:
    reading = read(f"{CTU},SrcPkts\n" + record("FSPA_FSPA", "10,1000,600,3"))
    assert [row["packets"] for row in rows(reading)] == [3, 7]
    assert reading.notes == ()


def test_an_arrow_to_the_left_means_that_the_right_one_opened() -> None:
    opener, answer = rows(read(f"{CTU}\n" + record("SA_S", "3,180,120", ports="23,  <-,10.0.0.2,4000")))
    assert (opener["src_addr"], opener["dst_port"], opener["tcp_flags"]) == ("10.0.0.2", 23, 0x02)
    assert (answer["src_addr"], answer["src_port"], answer["tcp_flags"]) == ("10.0.0.1", 23, 0x12)


@pytest.mark.parametrize(
    ("ports", "state", "proto", "expected"),
    [
        ("0x0303,   ->,10.0.0.2,0x1b58", "URP", "icmp", (1, 3, 3)),
        ("0x0a03,   ->,10.0.0.2,0x0000", "URHPRO", "icmp", (1, 3, 10)),
        ("0x0008,   ->,10.0.0.2,0x7208", "ECO", "icmp", (1, 8, 0)),
        (",   ->,10.0.0.2,", "ECO", "icmp", (1, 8, None)),
        ("135,   ->,10.0.0.2,0", "NNS", "ipv6-icmp", (58, 135, 0)),
    ],
)
def test_icmp_stands_in_the_ports(ports: str, state: str, proto: str, expected: tuple[int, int, int]) -> None:
    (row,) = rows(read(f"{CTU}\n" + record(state, proto=proto, ports=ports)))
    assert (row["protocol"], row["icmp_type"], row["icmp_code"]) == expected
    assert (row["src_port"], row["dst_port"]) == (None, None)


def test_echo_replies_are_the_answer() -> None:
    text = record("ECO", "2,196,98", "icmp", "0x0008,  <->,10.0.0.2,0x7208")
    assert [row["icmp_type"] for row in rows(read(f"{CTU}\n{text}"))] == [8, 0]


def test_free_text_may_hold_the_delimiter_and_labels_stay_last() -> None:
    header = f"{CTU},srcUdata,dstUdata,Label\n"
    row = record("FSPA_FSPA", "4,400,200").rstrip() + ",s[9]=a,b,c\xff\"',d[3]=,,x,flow=From-Botnet-V42\n"
    found = rows(read((header + row).encode("latin-1")))
    assert [(r["label"], r["packets"]) for r in found] == [("flow=From-Botnet-V42", 2)] * 2


@pytest.mark.parametrize("tail", ["", ",60", ",60,flow=Background", ",60,1", ",60,1,flow=Background"])
def test_rows_without_a_header_are_read_by_their_width(tail: str) -> None:
    text = "2013/10/21 10:00:00.123456,0.500000,tcp,10.0.0.1,4000,   ->,10.0.0.2,23,S_,0,,1,60" + tail + "\n"
    assert ArgusBinetflow().recognises(text.encode())
    (row,) = rows(read(text))
    assert (row["dst_port"], row["packets"], row["bytes"], row["line"]) == (23, 1, 60, 1)
    assert row["label"] == ("flow=Background" if "flow" in tail else None)


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_other_delimiters_and_epoch_times_are_read(delimiter: str) -> None:
    text = f"{CTU}\n" + record().replace("2013/10/21 10:00:00.123456", "1382349600.123456")
    (row,) = rows(read(text.replace(",", delimiter)))
    assert row["start_time"] == 1_382_349_600_123_456_000


def test_names_of_services_are_ports_where_ra_printed_names() -> None:
    (row,) = rows(read(f"{CTU}\n" + record(ports="4000,   ->,10.0.0.2,http")))
    assert row["dst_port"] == 80


def test_what_cannot_be_read_is_counted_with_its_place() -> None:
    good = record()
    text = (
        f"{CTU}\n{good}{good[:60]}\n{good.replace('10.0.0.1', 'www')}{good.replace('2013/10/21', '21.10.13')}"
    )
    reading = read(text + good.rstrip() + good)
    assert reading.flows == 2
    assert [(p.where, p.count) for p in reading.problems] == [
        ("a.binetflow:3", 2),
        ("a.binetflow:5", 1),
        ("a.binetflow:4", 1),
    ]
