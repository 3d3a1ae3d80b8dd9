"""nfdump's own files: what nfdump 1.7.1 says of them (TZ=UTC nfdump -r FILE -o json), and what damage leaves."""

from __future__ import annotations

import bz2
import struct
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import SHARED

from slowworm.flows.addresses import to_objects
from slowworm.flows.schema import ip_version, schema
from slowworm.sources.base import Reading
from slowworm.sources.nfcapd import FORMATS, NFCAPD
from slowworm.sources.nfcapd.account import Account
from slowworm.sources.nfcapd.blocks import blocks, header
from slowworm.sources.nfcapd.records import Pool

DATA = SHARED / "data"
HNS = "derived/hns/nfpcapd_merged"
SYNSCAN = "derived/synscan/nfpcapd_nfcapd.201007042020"
SAMPLE = "nfdump/chrispassas-nfdump/devtestdata/nfcapd.sample"
EMPTY = "nfdump/chrispassas-nfdump/testdata/nfcapd-empty"
SMALL_LZO = "nfdump/chrispassas-nfdump/testdata/nfcapd-small-lzo"
HNS_FILES = [f"{HNS}.nfcapd", *(f"{HNS}_{c}.nfcapd" for c in ("lzo", "lz4", "bz2"))]

pytestmark = pytest.mark.skipif(not (DATA / SMALL_LZO).exists(), reason="the shared fixtures are not here")


def load(name: str) -> bytes:
    return (DATA / name).read_bytes()


def read(data: bytes) -> Reading:
    reading = NFCAPD.read("f", data)
    for batch in reading.batches:
        batch.validate(full=True)
        assert batch.schema.equals(schema(ip_version(batch)))
    assert reading.flows == sum(b.num_rows for b in reading.batches)
    return reading


def rows(reading: Reading, version: int) -> list[dict[str, Any]]:
    """Flows of one IP version as dictionaries with addresses as text and times in ms."""
    found: list[dict[str, Any]] = []
    for batch in reading.batches:
        if ip_version(batch) == version:
            columns: dict[str, list[Any]] = {n: batch.column(n).to_pylist() for n in ("protocol", *PLAIN)}
            for name in ("src_addr", "dst_addr"):
                columns[name] = [None if a is None else str(a) for a in to_objects(batch.column(name))]
            for name in ("start_time", "end_time"):
                ns = batch.column(name).cast(pa.int64()).to_pylist()
                columns[name] = [None if t is None else t // 1_000_000 for t in ns]
            found += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return found


PLAIN = (
    "src_port", "dst_port", "icmp_type", "icmp_code", "tcp_flags", "packets", "bytes", "in_if", "out_if", "exporter",
    "action", "label", "sampling_rate", "input", "line",
)  # fmt: skip


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def total(reading: Reading, name: str) -> int:
    return sum(v or 0 for b in reading.batches for v in b.column(name).to_pylist())


def flow(row: dict[str, Any]) -> tuple[Any, ...]:
    """What ``nfdump -o 'fmt:%ts|%te|%pr|%sap|%dap|%flg|%pkt|%byt|%in|%out|%ra'`` prints."""
    names = ("start_time", "end_time", "protocol", "src_addr", "src_port", "dst_addr", "dst_port", "tcp_flags",
             "packets", "bytes", "in_if", "out_if", "exporter")  # fmt: skip
    return tuple(row[n] for n in names)


# -- what nfdump says ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "flows", "ipv6", "protocols", "packets", "octets"),
    [
        *((name, 439, 20, {6: 148, 17: 265, 1: 10, 58: 10, 2: 3, 0: 3}, 1969, 277_512) for name in HNS_FILES),
        (SYNSCAN, 2002, 0, {6: 2002}, 2011, 88_464),
        (SAMPLE, 3018, 730, {6: 1264, 17: 1650, 1: 8, 58: 96}, 43_558, 27_576_229),
        (SMALL_LZO, 10, 0, {6: 6, 17: 4}, 41, 29_331),
        (EMPTY, 0, 0, {}, 0, 0),
    ],
)
def test_counts_are_those_of_nfdump(
    name: str, flows: int, ipv6: int, protocols: dict[int, int], packets: int, octets: int
) -> None:
    reading = read(load(name))
    assert reading.problems == ()
    assert reading.formats == (("nfcapd", flows),)
    assert len(rows(reading, 6)) == ipv6
    assert Counter(r["protocol"] for v in (4, 6) for r in rows(reading, v)) == protocols
    assert (total(reading, "packets"), total(reading, "bytes")) == (packets, octets)


def test_every_compression_holds_the_same_flows() -> None:
    plain, *others = (read(load(name)).batches for name in HNS_FILES)
    for batches in others:
        assert all(a.equals(b) for a, b in zip(plain, batches, strict=True))


def test_a_flow_of_every_kind_field_by_field() -> None:
    sample = read(load(SAMPLE))
    ipv4, ipv6 = rows(sample, 4), rows(sample, 6)
    router = "170.80.156.33"
    # The first flow ends before it starts: that is what the router exported.
    assert flow(ipv4[0]) == (
        ms("2023-01-25 18:35:43.884"), ms("2023-01-25 18:35:33.254"), 6, "52.5.7.161", 443, "170.80.156.33", 57358,
        0x18, 9, 930, "9", "10", router,
    )  # fmt: skip
    # nfdump prints output 0 for the multicast: no interface.
    assert flow(ipv4[2]) == (
        ms("2023-01-25 18:35:43.994"), ms("2023-01-25 18:35:40.964"), 17, "192.168.0.200", 37186, "239.255.255.250",
        1900, None, 4, 800, "10", None, router,
    )  # fmt: skip
    assert flow(ipv6[-1]) == (
        ms("2023-01-25 18:36:44.394"), ms("2023-01-25 18:36:44.394"), 17, "2800:3f0:4001:829::200e", 443,
        "2804:3714:4058:ff30:c42b:101d:f57e:fd84", 43702, None, 12, 4517, "9", "10", router,
    )  # fmt: skip
    assert ipv4[0]["input"] == "f"
    assert ipv4[0]["line"] is None
    assert ipv4[0]["action"] is None
    assert ipv4[0]["sampling_rate"] is None


def test_icmp_has_a_type_and_no_ports() -> None:
    first, second = rows(read(load(f"{HNS}.nfcapd")), 6)[:2]
    assert flow(first)[:8] == (
        ms("2018-03-09 20:49:16.520"), ms("2018-03-09 20:49:16.520"), 58, None, None, "ff02::1:ff8e:c3d1", None, None,
    )  # fmt: skip
    assert [(r["icmp_type"], r["icmp_code"]) for r in (first, second)] == [(135, 0), (133, 0)]
    assert second["src_addr"] == "fe80::d2:4591:568e:c3d1"


def test_an_icmp_type_that_the_exporter_never_sends_is_not_an_echo_reply() -> None:
    # nfdump prints 0.0 for all 104 ICMP flows of this router.
    icmp = [r for v in (4, 6) for r in rows(read(load(SAMPLE)), v) if r["protocol"] in (1, 58)]
    assert {(r["icmp_type"], r["icmp_code"], r["src_port"]) for r in icmp} == {(None, None, None)}
    assert len(icmp) == 104


def test_the_worm_of_hide_and_seek_is_in_the_flows() -> None:
    ipv4 = rows(read(load(f"{HNS}_lzo.nfcapd")), 4)
    targets = {
        p: {
            r["dst_addr"]
            for r in ipv4
            if (r["src_addr"], r["dst_port"], r["protocol"]) == ("192.168.2.16", p, 6)
        }
        for p in (23, 8080, 2323, 9527)
    }
    assert {p: len(t) for p, t in targets.items()} == {23: 54, 8080: 40, 2323: 27, 9527: 10}
    assert flow(next(r for r in ipv4 if r["src_port"] == 44151)) == (
        ms("2018-03-09 20:57:47.781"), ms("2018-03-09 20:58:02.810"), 6, "192.168.2.16", 44151, "44.183.79.40", 23,
        0x02, 5, 300, None, None, None,
    )  # fmt: skip


def test_the_vertical_scan_reaches_a_thousand_ports() -> None:
    scan = [
        r
        for r in rows(read(load(SYNSCAN)), 4)
        if (r["src_addr"], r["dst_addr"]) == ("172.16.0.8", "64.13.134.52")
    ]
    assert len({r["dst_port"] for r in scan}) == 1000


def test_sampled_counters_are_as_exported_and_the_rate_is_said() -> None:
    # nfdump prints 123000 packets and 87993000 bytes: nfcapd had multiplied them by 3000.
    reading = read(load(SMALL_LZO))
    ipv4 = rows(reading, 4)
    assert {r["sampling_rate"] for r in ipv4} == {3000}
    assert sum(r["packets"] * r["sampling_rate"] for r in ipv4) == 123_000
    assert sum(r["bytes"] * r["sampling_rate"] for r in ipv4) == 87_993_000
    assert flow(ipv4[2]) == (
        ms("2019-08-12 18:15:48.049"), ms("2019-08-12 18:51:43.101"), 17, "35.141.129.42", 60589, "209.197.26.66", 443,
        None, 26, 74_868_000 // 3000, "1170", "1112", "66.110.1.17",
    )  # fmt: skip
    assert [(n.id, n.count) for n in reading.notes] == [("nfcapd-sampling-undone", 10)]


def test_exporters_are_those_of_nfdump() -> None:
    # nfdump -E: 2407 of them, most with one sampler.
    data, account = load(SMALL_LZO), Account(path="f")
    head = header(data, account)
    assert head is not None
    pool = Pool(account=account)
    for block in blocks(data, head, account):
        pool.add(block)
    found = {number: account.exporter_names[code] for number, code in account.exporters.items()}
    assert len(found) == 2407
    assert [found[n] for n in (1, 2, 3, 90, 2407)] == [
        "66.110.1.81", "66.110.1.115", "66.110.0.85", "66.110.0.134", "66.110.0.84",
    ]  # fmt: skip
    assert len(account.samplers) == 2405


def test_exports_that_were_lost_are_told() -> None:
    assert [(n.id, n.count) for n in read(load(SAMPLE)).notes] == [("export-packets-lost", 53)]


# -- recognised ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*HNS_FILES, SYNSCAN, SAMPLE, SMALL_LZO, EMPTY])
def test_nfdump_files_are_recognised(name: str) -> None:
    assert [f for f in FORMATS if f.recognises(load(name)[:65_536])] == [NFCAPD]
    assert NFCAPD.info.name == "nfcapd"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x0c",
        b"\x0c\xa5",
        b"\x0c\xa5\x00\x00",
        b"\x0c\xa5\xff\xff",
        b"\xa5\x0c\x01\x00",
        b"PAR1....",
        b"{}",
    ],
)
def test_other_files_are_not(head: bytes) -> None:
    assert not NFCAPD.recognises(head)


@pytest.mark.parametrize("name", ["nfcapd.sample1", "nfcapd.sample2"])
def test_text_output_of_nfdump_is_another_format(name: str) -> None:
    assert not NFCAPD.recognises(load(f"detection/netflowlabeler/{name}")[:65_536])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xa5\x0c\x00\x01" + bytes(300), "big-endian"),
        (b"\x0c\xa5\x03\x00" + bytes(300), "layout 3"),
        (b"\x0c\xa5\x02\x00" + bytes(8), "ends within its header"),
        (b"\x0c\xa5\x01\x00" + bytes(100), "ends within its header"),
    ],
)
def test_files_that_cannot_be_read_say_why(data: bytes, says: str) -> None:
    assert NFCAPD.recognises(data)
    reading = read(data)
    assert reading.flows == 0
    assert [says in p.text for p in reading.problems] == [True]
    assert reading.problems[0].where == "f@0"


# -- damaged ------------------------------------------------------------------------------------------------------


def test_a_file_cut_short_gives_what_is_there() -> None:
    data = load(SAMPLE)
    reading = read(data[:260_000])
    whole = rows(read(data), 4)
    part = rows(reading, 4)
    assert part == whole[: len(part)]
    assert 1400 < reading.flows < 1600
    assert [p.where for p in reading.problems] == ["f@40", "f@259900"]
    assert "bytes are missing" in reading.problems[0].text
    assert data[259_900:259_902] == b"\x0b\x00"


@pytest.mark.parametrize(("name", "least"), [("lzo", 180), ("lz4", 0), ("bz2", 0)])
def test_a_compressed_block_cut_short_gives_what_can_be_expanded(name: str, least: int) -> None:
    data = load(f"{HNS}_{name}.nfcapd")
    reading = read(data[: len(data) // 2])
    assert reading.flows >= least
    assert rows(reading, 4) == rows(read(data), 4)[: len(rows(reading, 4))]
    assert reading.problems


def test_a_damaged_record_costs_only_itself() -> None:
    data = bytearray(load(SAMPLE))
    at = 52 + 32 + 168 * 10
    assert data[at : at + 4] == b"\x0b\x00\xa8\x00"
    data[at + 2 : at + 4] = b"\x00\x00"
    reading = read(bytes(data))
    assert reading.flows == 3017
    assert reading.problems[0].where == f"f@{at}"
    assert [(n.id, n.count) for n in reading.notes][-1] == ("nfcapd-flows-missing", 1)


@pytest.mark.parametrize("size", [0, 1, 5_000, 60_000, 5_000_000, 40_000_000, 0xFFFFFFFF])
def test_a_wrong_block_size_loses_nothing_and_doubles_nothing(size: int) -> None:
    data = load(f"{HNS}.nfcapd")
    header, block = data[:40], data[40 : 52 + 33_844]
    wrong = block[:4] + struct.pack("<I", size) + block[8:]
    whole = rows(read(header + block), 4)
    reading = read(header + block + wrong + block)
    assert rows(reading, 4) == whole * 3
    assert reading.flows == 3 * 439
    assert {p.where for p in reading.problems} & {
        f"f@{at}" for at in range(len(header + block), len(header + block * 2) + 1)
    }


def test_the_block_count_of_the_header_is_not_believed() -> None:
    # nfcapd writes it when it closes the file: a running collector's file says 0.
    data = load(f"{HNS}.nfcapd")
    for count in (0, 7, 0xFFFFFFFF):
        assert read(data[:36] + struct.pack("<I", count) + data[40:]).flows == 439


def test_a_block_that_expands_without_measure_is_refused() -> None:
    header = bytearray(load(f"{HNS}_bz2.nfcapd")[:40])
    bomb = bz2.compress(bytes(8 << 20), 1)
    block = struct.pack("<IIHH", 1, len(bomb), 3, 0) + bomb
    begin = time.process_time()
    reading = read(bytes(header) + block * 3)
    assert time.process_time() - begin < 5
    assert reading.flows == 0
    assert "expands to more than" in reading.problems[0].text
    assert reading.problems[0].count == 3


def test_many_small_bombs_are_bounded_together() -> None:
    header = load(f"{HNS}_bz2.nfcapd")[:40]
    record = struct.pack("<HH", 12, 64_000) + bytes(63_996)
    bomb = bz2.compress(record * 80, 1)
    block = struct.pack("<IIHH", 80, len(bomb), 3, 0) + bomb
    reading = read(header + block * 100)
    assert reading.flows == 0
    assert any("without measure" in p.text for p in reading.problems)


MUTATED = [f"{HNS}.nfcapd", f"{HNS}_lzo.nfcapd", f"{HNS}_lz4.nfcapd", f"{HNS}_bz2.nfcapd", SMALL_LZO, EMPTY]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(MUTATED),
    cut=st.floats(0, 1),
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), max_size=6),
    near=st.booleans(),
)
def test_no_damage_stops_the_reader(
    name: str, cut: float, flips: list[tuple[float, int]], near: bool
) -> None:
    data = bytearray(load(name))
    reach = min(len(data), 400) if near else len(data)
    for where, bits in flips:
        data[min(int(where * reach), len(data) - 1)] ^= bits
    if not flips:
        data = data[: int(cut * len(data))]
    begin = time.process_time()
    read(bytes(data))
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("name", [HNS_FILES[1], HNS_FILES[2], EMPTY])
def test_cut_at_every_place_of_its_beginning_and_its_end(name: str) -> None:
    data = load(name)
    whole = read(data).flows
    for size in [*range(0, 420, 3), *range(len(data) - 260, len(data), 3)]:
        reading = read(data[:size])
        assert reading.flows <= whole
        assert reading.problems or size >= len(data), size


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=400), st.sampled_from([HNS_FILES[0], HNS_FILES[1], SMALL_LZO]))
def test_anything_may_follow_a_header(tail: bytes, name: str) -> None:
    read(load(name)[: 40 if name != SMALL_LZO else 276] + tail)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(0, 3), max_size=12))
def test_blocks_dropped_and_doubled_are_read_as_they_come(order: list[int]) -> None:
    data = load(f"{HNS}_lz4.nfcapd")
    first = 52 + struct.unpack_from("<I", data, 44)[0]
    parts = [data[40:first], data[first:], b"", Path(__file__).read_bytes()[:500]]
    reading = read(data[:40] + b"".join(parts[k] for k in order))
    assert reading.flows >= 439 * sum(k == 0 for k in order) * (3 not in order)
