"""Records that no shared fixture has: events, answers, samplers, maps, ZSTD. Written here field by field.

nfdump 1.7.1 read one of each shape (flow, answer, exporter, sampler, NSEL, NAT, pf; common record, maps, IPv6) as it
is meant: checked by hand with ``nfdump -r FILE -o raw`` and ``-E``. Not checked so: records of type 1, which it passes
over, and ZSTD, which it was built without.
"""

from __future__ import annotations

import bz2
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slowworm.flows.addresses import to_objects
from slowworm.sources.base import Reading
from slowworm.sources.nfcapd import NFCAPD
from slowworm.sources.nfcapd.lzo import LzoError, decompress

T = 1_700_000_000_000
"""2023-11-14 22:13:20 UTC in ms."""


def v2_file(*blocks: bytes, compression: int = 0, encryption: int = 0) -> bytes:
    head = struct.pack(
        "<HHIqBBHIqII", 0xA50C, 2, 0x01070100, 0, compression, encryption, 0, 1, 0, 0, len(blocks)
    )
    return head + b"".join(blocks)


def v1_file(*blocks: bytes, flows: int = 0, flags: int = 0, ident: bytes = b"none") -> bytes:
    head = struct.pack("<HHII128s", 0xA50C, 1, flags, len(blocks), ident)
    return head + struct.pack("<15QIIHHI", flows, *[0] * 14, 0, 0, 0, 0, 0) + b"".join(blocks)


def block(*records: bytes, kind: int = 3, flags: int = 0, pack: Callable[[bytes], bytes] = bytes) -> bytes:
    body = pack(b"".join(records))
    return struct.pack("<IIHH", len(records), len(body), kind, flags) + body


def extension(number: int, body: bytes) -> bytes:
    return struct.pack("<HH", number, 4 + len(body)) + body


def v3(*extensions: bytes, flags: int = 0, exporter: int = 1) -> bytes:
    body = b"".join(extensions)
    return struct.pack("<HHHBBHBB", 11, 12 + len(body), len(extensions), 0, 0, exporter, flags, 9) + body


def generic(
    *, first: int = T, last: int = T + 5, packets: int = 3, octets: int = 180, sport: int = 1024, dport: int = 445,
    protocol: int = 6, flags: int = 2, status: int = 0,
) -> bytes:  # fmt: skip
    return extension(
        1,
        struct.pack(
            "<QQQQQHHBBBB", first, last, T, packets, octets, sport, dport, protocol, flags, status, 0
        ),
    )


def ipv4(src: str = "10.0.0.1", dst: str = "192.0.2.9") -> bytes:
    return extension(2, struct.pack("<II", int(IPv4Address(src)), int(IPv4Address(dst))))


def halves(address: str) -> bytes:
    packed = IPv6Address(address).packed
    return packed[7::-1] + packed[:7:-1]


def ipv6(src: str = "2001:db8::1", dst: str = "2001:db8:9::2") -> bytes:
    return extension(3, halves(src) + halves(dst))


def misc(in_if: int, out_if: int, reverse_flags: int = 0) -> bytes:
    return extension(4, struct.pack("<IIBBBBBBBB", in_if, out_if, 0, 0, 0, 0, 0, 0, reverse_flags, 0))


def counters(packets: int, octets: int) -> bytes:
    return extension(5, struct.pack("<QQQ", 1, packets, octets))


def nsel(event: int, connection: int = 7, at: int = T + 9) -> bytes:
    return extension(19, struct.pack("<QIHBB", at, connection, 0, event, 0))


def nat(event: int, *, old: bool = False) -> bytes:
    vrf = struct.pack("<II", 1, 2) if old else b""
    return extension(25, struct.pack("<Q", T + 9) + vrf + struct.pack("<IBBH", 0, event, 0, 0))


def exporter(number: int, address: str, family: int = 2) -> bytes:
    if family == 2:
        packed = bytes(8) + int(IPv4Address(address)).to_bytes(4, "little") + bytes(4)
    elif family:
        packed = halves(address)
    else:
        packed = IPv6Address(address).packed
    return struct.pack("<HHI16sHHI", 7, 32, 9, packed, family, number, 0)


def sampler(exporter_number: int, rate: int, number: int = -1, taken: int = 1) -> bytes:
    return struct.pack("<HHHHqII", 15, 24, exporter_number, 0, number, taken, (rate - 1) * taken)


def read(data: bytes) -> Reading:
    reading = NFCAPD.read("f", data)
    for batch in reading.batches:
        batch.validate(full=True)
    return reading


def flows(reading: Reading, *names: str) -> list[tuple[Any, ...]]:
    """Columns of all flows, in order; addresses as text, times as ms after T."""
    found: list[tuple[Any, ...]] = []
    for batch in reading.batches:
        columns = []
        for name in names:
            column = batch.column(name)
            if name.endswith("_addr"):
                columns.append([None if a is None else str(a) for a in to_objects(column)])
            elif name.endswith("_time"):
                ns = column.cast(pa.int64()).to_pylist()
                columns.append([None if t is None else t // 1_000_000 - T for t in ns])
            else:
                columns.append(column.to_pylist())
        found += zip(*columns, strict=True)
    return found


def one(*extensions: bytes, names: Sequence[str]) -> list[tuple[Any, ...]]:
    reading = read(v2_file(block(v3(*extensions))))
    assert reading.problems == ()
    return flows(reading, *names)


# -- flows --------------------------------------------------------------------------------------------------------


def test_a_record_with_an_answer_is_two_flows_opener_first() -> None:
    names = (
        "src_addr",
        "src_port",
        "dst_addr",
        "dst_port",
        "packets",
        "bytes",
        "tcp_flags",
        "in_if",
        "out_if",
    )
    assert one(ipv4(), generic(), misc(1, 2, 0x12), counters(2, 99), names=names) == [
        ("10.0.0.1", 1024, "192.0.2.9", 445, 3, 180, 0x02, "1", "2"),
        ("192.0.2.9", 445, "10.0.0.1", 1024, 2, 99, 0x12, "2", "1"),
    ]
    assert one(ipv6(), generic(), counters(2, 99), names=("src_addr", "dst_addr", "tcp_flags")) == [
        ("2001:db8::1", "2001:db8:9::2", 0x02),
        ("2001:db8:9::2", "2001:db8::1", None),
    ]


def test_without_an_answer_it_is_one() -> None:
    assert one(ipv4(), generic(), counters(0, 0), names=("packets",)) == [(3,)]


def test_counters_of_the_way_out_alone_are_the_flows_own() -> None:
    record = (ipv4(), generic(packets=0, octets=0), counters(4, 200))
    assert one(*record, names=("src_addr", "packets", "bytes")) == [("10.0.0.1", 4, 200)]


def test_missing_is_null_never_zero() -> None:
    names = (
        "start_time",
        "end_time",
        "packets",
        "bytes",
        "src_addr",
        "in_if",
        "exporter",
        "sampling_rate",
        "action",
    )
    record = (ipv4("0.0.0.0"), generic(first=0, last=0, packets=0, octets=0), misc(0, 0))
    assert one(*record, names=names) == [(None,) * 9]


def test_a_time_that_no_clock_has_is_null() -> None:
    assert one(ipv4(), generic(first=2**64 - 1, last=2**63), names=("start_time", "end_time")) == [
        (None, None)
    ]


@pytest.mark.parametrize(
    ("protocol", "ports"), [(6, (1024, 445)), (17, (1024, 445)), (132, (1024, 445)), (47, (None, None))]
)
def test_ports_are_those_of_protocols_with_ports(protocol: int, ports: tuple[int | None, int | None]) -> None:
    assert one(ipv4(), generic(protocol=protocol), names=("src_port", "dst_port")) == [ports]


def test_icmp_types_of_requests_and_of_replies() -> None:
    # 0.0 is an echo reply where the exporter sends types, and nothing where it does not.
    request, reply = (v3(ipv4(), generic(protocol=1, sport=0, dport=d, flags=0)) for d in (8 << 8, 0))
    names = ("icmp_type", "icmp_code", "src_port", "dst_port", "tcp_flags")
    both = read(v2_file(block(request, reply)))
    assert flows(both, *names) == [(8, 0, None, None, None), (0, 0, None, None, None)]
    assert flows(read(v2_file(block(reply))), *names) == [(None,) * 5]


def test_tcp_flags_of_an_exporter_that_sends_none_are_null() -> None:
    quiet, loud = (v3(ipv4(), generic(flags=f), exporter=e) for e, f in ((1, 0), (2, 2)))
    null_scan = v3(ipv4(), generic(flags=0), exporter=2)
    assert flows(read(v2_file(block(quiet, loud, null_scan))), "tcp_flags") == [(None,), (2,), (0,)]


@pytest.mark.parametrize(
    ("status", "out_if", "action"),
    [(0, "2", None), (64, "2", None), (128, "Null", None), (130, "Null", "deny"), (192, "2", None)],
)
def test_what_the_router_dropped_left_through_null(status: int, out_if: str, action: str | None) -> None:
    assert one(ipv4(), generic(status=status), misc(1, 2), names=("in_if", "out_if", "action")) == [
        ("1", out_if, action)
    ]


def test_records_of_both_versions_and_of_none() -> None:
    layer2 = v3(generic(), extension(38, bytes(40)))
    reading = read(v2_file(block(v3(ipv4(), generic()), v3(generic(), ipv6()), layer2)))
    assert flows(reading, "src_addr") == [("10.0.0.1",), ("2001:db8::1",)]
    assert [(p.where, p.text) for p in reading.problems] == [
        ("f@228", "records without IP addresses or without counters")
    ]


# -- who exported, and how it sampled -----------------------------------------------------------------------------


def test_the_exporter_is_the_address_in_the_record_else_that_of_its_number_else_the_identifier() -> None:
    received4 = extension(12, int(IPv4Address("198.51.100.4")).to_bytes(4, "little"))
    received6 = extension(13, halves("2001:db8::a"))
    records = [
        exporter(1, "198.51.100.1"), exporter(2, "2001:db8::b", 10), exporter(3, "::ffff:198.51.100.3", 0),
        v3(ipv4(), generic(), received4), v3(ipv4(), generic(), received6), v3(ipv4(), generic()),
        v3(ipv4(), generic(), exporter=2), v3(ipv4(), generic(), exporter=3), v3(ipv4(), generic(), exporter=4),
    ]  # fmt: skip
    expected = ["198.51.100.4", "2001:db8::a", "198.51.100.1", "2001:db8::b", "198.51.100.3"]
    assert flows(read(v2_file(block(*records))), "exporter") == [*((e,) for e in expected), (None,)]
    ident = b"core-1\0"
    appendix = block(struct.pack("<HH", 0x8001, 4 + len(ident)) + ident)
    assert flows(read(v2_file(block(*records), appendix)), "exporter")[-1] == ("core-1",)


def test_sampling_is_undone_only_where_its_rate_is_certain() -> None:
    sampled = v3(ipv4(), generic(packets=3000, octets=180_000), flags=2)
    odd = v3(ipv4(), generic(packets=3001, octets=180_000), flags=2)
    whole = v3(ipv4(), generic(packets=3000, octets=180_000))
    names = ("packets", "bytes", "sampling_rate")
    as_stored = (3000, 180_000, None)

    def of(*records: bytes) -> list[tuple[Any, ...]]:
        return flows(read(v2_file(block(*records))), *names)

    assert of(sampler(1, 1000), sampled, odd, whole) == [(3, 180, 1000), (3001, 180_000, None), as_stored]
    assert of(sampler(2, 1000), sampled) == [as_stored]
    assert of(sampler(1, 1000, 4), sampler(1, 500, 5), sampled) == [as_stored]
    assert of(sampler(1, 1000, 4), sampler(1, 500, -3), sampled) == [(6, 360, 500)]
    assert of(sampler(1, 10, taken=3), sampled) == [(300, 18_000, 10)]
    assert of(struct.pack("<HHiIHH", 9, 16, 4, 1000, 0, 1), sampled) == [(3, 180, 1000)]
    assert of(struct.pack("<HHiIHH", 9, 16, 4, 0, 0, 1), sampled) == [as_stored]
    note = read(v2_file(block(sampled))).notes[0]
    assert (note.id, note.count) == ("nfcapd-sampling-unknown", 1)


# -- events -------------------------------------------------------------------------------------------------------


def test_a_denied_connection_is_a_flow_without_counters() -> None:
    event = (ipv4(), generic(packets=0, octets=0, last=0, flags=0), nsel(3))
    names = ("action", "packets", "bytes", "tcp_flags", "start_time", "end_time")
    assert one(*event, names=names) == [("deny", None, None, None, 0, 9)]


def test_an_opened_connection_counts_once() -> None:
    opened = v3(ipv4(), generic(packets=0, octets=0, flags=0), nsel(1), flags=1)
    other = v3(ipv4(dst="192.0.2.10"), generic(packets=0, octets=0, flags=0), nsel(1, connection=8), flags=1)
    closed = v3(ipv4(), generic(packets=0, octets=500, flags=0), counters(0, 90), nsel(2), flags=1)
    reading = read(v2_file(block(opened, other, closed)))
    assert flows(reading, "src_addr", "dst_addr", "bytes", "action") == [
        ("10.0.0.1", "192.0.2.10", None, "allow"),
        ("10.0.0.1", "192.0.2.9", 500, "allow"),
        ("192.0.2.9", "10.0.0.1", 90, "allow"),
    ]
    assert [(n.id, n.count) for n in reading.notes] == [("nsel-created", 1)]


@pytest.mark.parametrize("old", [False, True])
def test_nat_events_other_than_a_new_session_are_no_flows(old: bool) -> None:
    quiet = generic(packets=0, octets=0, flags=0)
    records = [v3(ipv4(), quiet, nat(event, old=old), flags=1) for event in (1, 2, 4, 5, 16)]
    nowhere = v3(ipv4(dst="0.0.0.0"), quiet, nat(4, old=old), flags=1)
    reading = read(v2_file(block(*records, nowhere)))
    assert flows(reading, "packets", "action") == [(None, None)] * 2
    assert [(n.id, n.count) for n in reading.notes] == [("nat-events", 4)]


@pytest.mark.parametrize(("action", "said"), [(0, "allow"), (1, "deny"), (4, None)])
def test_the_packet_filter_of_openbsd_says_what_it_did(action: int, said: str | None) -> None:
    pf = extension(37, struct.pack("<BBBBIIII", action, 0, 1, 0, 5, 0, 0, 0) + b"em0\0")
    assert one(ipv4(), generic(), pf, names=("action", "packets")) == [(said, 3)]


# -- nfdump 1.6 ---------------------------------------------------------------------------------------------------


def extension_map(number: int, *extensions: int, size: int) -> bytes:
    ids = struct.pack(f"<{len(extensions) + 1}H", *extensions, 0)
    ids += bytes(-len(ids) % 4)
    return struct.pack("<HHHH", 2, 8 + len(ids), number, size) + ids


def common(
    number: int, body: bytes = b"", *, kind: int = 10, wide: bool = False, src: str = "10.0.0.1", flags: int = 0,
    protocol: int = 6, dport: int = 445, exporter_number: int = 0,
) -> bytes:  # fmt: skip
    version6 = ":" in src
    if wide:
        flags |= 6
    flags |= version6
    addresses = (
        halves(src) + halves("2001:db8:9::2")
        if version6
        else struct.pack("<II", int(IPv4Address(src)), int(IPv4Address("192.0.2.9")))
    )
    tail = struct.pack("<HBB", exporter_number, 0, 0) if kind == 10 else b""
    tail += addresses + struct.pack("<QQ" if wide else "<II", 3, 180) + body
    head = struct.pack("<HIIBBBBHH", 7, T // 1000, T // 1000 + 1, 0, 2, protocol, 0, 1024, dport)
    flag_bytes = struct.pack("<H", flags) if kind == 10 else struct.pack("<BB", flags, exporter_number)
    size = 10 + len(head) + len(tail)
    return struct.pack("<HH", kind, size) + flag_bytes + struct.pack("<HH", number, 5) + head + tail


@pytest.mark.parametrize("kind", [1, 10])
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("src", ["10.0.0.1", "2001:db8::1"])
def test_every_shape_of_a_common_record(kind: int, wide: bool, src: str) -> None:
    body = struct.pack("<HHIII", 3, 4, 0, int(IPv4Address("198.51.100.7")), 0)
    records = extension_map(5, 4, 6, 23, 25, size=16), common(5, body, kind=kind, wide=wide, src=src)
    reading = read(v1_file(block(*records, kind=2)))
    assert reading.problems == ()
    names = (
        "start_time",
        "end_time",
        "src_addr",
        "dst_port",
        "packets",
        "bytes",
        "in_if",
        "out_if",
        "exporter",
    )
    assert flows(reading, *names) == [(5, 1007, src, 445, 3, 180, "3", "4", "198.51.100.7")]


def test_a_map_may_be_given_anew() -> None:
    records = (
        extension_map(1, 4, size=4), common(1, struct.pack("<HH", 3, 4)),
        extension_map(1, 5, size=8), common(1, struct.pack("<II", 70_000, 80_000)),
    )  # fmt: skip
    assert flows(read(v1_file(block(*records, kind=2))), "in_if", "out_if") == [
        ("3", "4"),
        ("70000", "80000"),
    ]


def test_without_its_map_a_record_keeps_what_every_record_has() -> None:
    reading = read(v1_file(block(common(9, struct.pack("<HH", 3, 4)), kind=2)))
    assert flows(reading, "src_addr", "packets", "in_if") == [("10.0.0.1", 3, None)]
    assert "extension map is missing" in reading.problems[0].text


@pytest.mark.parametrize(
    "record", [extension_map(1, 4, size=6), extension_map(1, 4, 99, size=4), struct.pack("<HHH", 2, 6, 1)]
)
def test_a_map_that_makes_no_sense_is_not_used(record: bytes) -> None:
    reading = read(v1_file(block(record, common(1, bytes(4)), kind=2)))
    assert flows(reading, "src_addr", "in_if") == [("10.0.0.1", None)]
    assert len(reading.problems) == 2


def test_sampling_exporters_events_and_answers_of_1_6() -> None:
    event = struct.pack("<QIHBBHH", T + 9, 5, 0, 3, 0, 0, 0)
    records = (
        exporter(300, "198.51.100.1"), struct.pack("<HHiIHH", 9, 16, 4, 3, 0, 300),
        extension_map(1, size=0), extension_map(2, 37, size=20), extension_map(3, 15, 17, size=16),
        common(1, flags=128, exporter_number=300), common(2, event), common(3, struct.pack("<QQ", 2, 99)),
    )  # fmt: skip
    reading = read(v1_file(block(*records, kind=2)))
    assert reading.problems == ()
    assert flows(reading, "src_addr", "packets", "sampling_rate", "exporter", "action") == [
        ("10.0.0.1", 1, 3, "198.51.100.1", None),
        ("10.0.0.1", 3, None, None, "deny"),
        ("10.0.0.1", 3, None, None, None),
        ("192.0.2.9", 2, None, None, None),
    ]


def test_an_identifier_names_the_exporter_where_nothing_else_does() -> None:
    data = v1_file(block(extension_map(1, size=0), common(1), kind=2), ident=b"edge-2")
    assert flows(read(data), "exporter") == [("edge-2",)]


# -- blocks -------------------------------------------------------------------------------------------------------


def codec(name: str) -> Callable[[bytes], bytes]:
    if name == "bz2":
        return bz2.compress

    def pack(data: bytes) -> bytes:
        packed: bytes = pa.Codec(name).compress(data, asbytes=True)
        return packed

    return pack


@pytest.mark.parametrize(("method", "name"), [(3, "lz4_raw"), (4, "zstd"), (2, "bz2")])
def test_compressed_blocks(method: int, name: str) -> None:
    records = [v3(ipv4(src=f"10.0.{k // 250}.{k % 250 + 1}"), generic()) for k in range(2000)]
    data = v2_file(block(*records, pack=codec(name)), compression=method)
    reading = read(data)
    assert reading.problems == ()
    assert flows(reading, "src_addr")[-1] == ("10.0.7.250",)
    assert reading.flows == 2000
    part = read(data[:-50])
    assert part.problems
    assert flows(part, "src_addr") == flows(reading, "src_addr")[: part.flows]


def test_a_block_may_stay_uncompressed_in_a_compressed_file() -> None:
    assert read(v2_file(block(v3(ipv4(), generic()), flags=1), compression=4)).flows == 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (v2_file(block(v3(ipv4(), generic())), encryption=1), "encrypted"),
        (v2_file(block(v3(ipv4(), generic())), compression=9), "compression 9"),
        (v2_file(block(v3(ipv4(), generic()), kind=4)), "table for look-ups"),
        (v1_file(block(bytes(60), kind=1)), "nfdump 1.5"),
        (v2_file(block(struct.pack("<HH", 16, 8) + bytes(4))), "type 16"),
        (v2_file(block(v3(ipv4(), generic()), b"")), "announces 2 records and holds 1"),
        (v2_file(block(v3(ipv4()[:10], generic()))), "contradict"),
        (v2_file(block(struct.pack("<HH", 11, 8) + bytes(4))), "contradict"),
        (v2_file(block(struct.pack("<HH", 7, 8) + bytes(4))), "exporter record is too short"),
        (v2_file(block(struct.pack("<HH", 15, 8) + bytes(4))), "sampler record is too short"),
    ],
)  # fmt: skip
def test_what_is_not_used_is_told_with_its_place(data: bytes, says: str) -> None:
    reading = read(data)
    assert [says in p.text for p in reading.problems] == [True]
    assert reading.problems[0].where.startswith("f@")


def test_many_kinds_of_damage_stay_a_short_list() -> None:
    records = [extension_map(1, 100 + k, size=0) for k in range(3000)]
    problems = read(v1_file(block(*records, kind=2))).problems
    assert len(problems) <= 101
    assert sum(p.count for p in problems) == 3000


def test_records_of_many_shapes_take_no_time_of_their_own() -> None:
    records = [v3(ipv4(), generic(), extension(1000 + k, bytes(k % 40))) for k in range(20_000)]
    reading = read(v2_file(*(block(*records[k : k + 5000]) for k in range(0, 20_000, 5000))))
    assert (reading.flows, reading.problems) == (20_000, ())


@pytest.mark.parametrize(
    "body",
    [
        b"\x02\x00" * 500_000,
        struct.pack("<IIHH", 1, 12, 3, 1) * 80_000,
        bytes(1_000_000),
        b"\x0b\x00" * 500_000,
    ],
)
def test_a_file_of_nothing_but_damage_is_given_up_soon(body: bytes) -> None:
    begin = time.process_time()
    for data in (v2_file(body), v2_file(block(body)), v1_file(body)):
        reading = read(data)
        assert reading.flows == 0
        assert reading.problems
    assert time.process_time() - begin < 3


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_lzo_of_anything_ends(data: bytes) -> None:
    for cut in (False, True):
        with suppress(LzoError):
            assert len(decompress(data, 10_000, cut=cut)) <= 10_255


def test_lzo_instructions_one_by_one() -> None:
    end = b"\x11\x00\x00"
    assert decompress(bytes([17 + 4]) + b"abcd" + end, 99) == b"abcd"
    assert decompress(b"\x02" + b"abcde" + end, 99) == b"abcde"  # a long run: 3 + 2 literals
    assert decompress(b"\x00\x02" + b"x" * 20 + end, 99) == b"x" * 20  # 3 + 15 + 2
    assert decompress(bytes([17 + 4]) + b"abcd" + b"\x6d\x00" + b"z" + end, 99) == b"abcdabcdz"
    assert decompress(bytes([17 + 4]) + b"abcd" + b"\x29\x04\x00" + end, 99) == b"abcd" + b"cdcdcdcdcdc"
    assert decompress(bytes([17 + 1]) + b"a" + b"\x00\x00" + end, 99) == b"aaa"  # 2 bytes from 1 back
    far = bytes(i % 251 for i in range(2200))
    long_run = b"\x00" + bytes((2200 - 18) // 255) + bytes([(2200 - 18) % 255])
    assert decompress(long_run + far + b"\x00\x00" + end, 9999) == far + far[2200 - 2049 :][:3]
    with pytest.raises(LzoError, match="before the beginning"):
        decompress(bytes([17 + 4]) + b"abcd" + b"\x6c\x01" + end, 99)
    with pytest.raises(LzoError, match="more than"):
        decompress(b"\x00\x02" + b"x" * 20 + end, 10)
    with pytest.raises(LzoError, match="ends early"):
        decompress(b"\x02" + b"abcde", 99)
