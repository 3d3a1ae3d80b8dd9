"""sFlow v5: captures of real agents as tshark reads them, datagrams by hand, damage at every place."""

from __future__ import annotations

import ipaddress
import struct
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import SHARED

from slowworm.flows.schema import ip_version, schema
from slowworm.sources.packets.dissect import dissect
from slowworm.sources.pcap.capture import read_capture
from slowworm.sources.sflow.bare import SflowDatagrams, split
from slowworm.sources.sflow.decode import decode
from slowworm.sources.sflow.decoded import Decoded
from slowworm.sources.sflow.headers import likely_sflow

AKVORADO = SHARED / "data/netflow/akvorado/outlet/flow/decoder/sflow/testdata"
DERIVED = SHARED / "data/derived"
needs_captures = pytest.mark.skipif(not AKVORADO.is_dir(), reason="captures are not at hand")

SYN = bytes.fromhex(
    "02000000000102000000000208004500002800010000400600000a000001c0000209"
    "04d200500000000700000000500204000000"
    "0000"
)


def words(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def item(form: int, body: bytes, *, length: int | None = None) -> bytes:
    """A sample or record."""
    return words(form, len(body) if length is None else length) + body


def raw(header: bytes = SYN, *, protocol: int = 1, frame: int = 64, size: int | None = None) -> bytes:
    """A sampled packet header."""
    said = len(header) if size is None else size
    return item(1, words(protocol, frame, 4, said) + header + bytes(-len(header) % 4))


def sample(
    *records: bytes,
    rate: int = 512,
    drops: int = 0,
    in_if: int = 3,
    out_if: int = 4,
    source: int = 3,
    count: int = -1,
) -> bytes:
    """A flow sample."""
    claimed = len(records) if count < 0 else count
    return item(1, words(1, source, rate, 9999, drops, in_if, out_if, claimed) + b"".join(records))


def datagram(
    *samples: bytes, sequence: int = 1, agent: str | None = "192.0.2.1", sub_agent: int = 0, count: int = -1
) -> bytes:
    """A datagram."""
    head = words(5, 0)
    if agent is not None:
        address = ipaddress.ip_address(agent)
        head = words(5, 1 if address.version == 4 else 2) + address.packed
    claimed = len(samples) if count < 0 else count
    return head + words(sub_agent, sequence, 1000, claimed) + b"".join(samples)


def decoded(*datagrams: bytes, times: list[int] | None = None, exporters: list[str] | None = None) -> Decoded:
    data = b"".join(datagrams)
    sizes = np.array([len(d) for d in datagrams], np.int64)
    received = np.array(times if times is not None else [-1] * len(datagrams), np.int64)
    return decode(data, np.cumsum(sizes) - sizes, sizes, received, exporters or (), path="x")


def rows(result: Decoded) -> list[dict[str, Any]]:
    """Flows as dictionaries without nulls, addresses as text."""
    out = []
    for batch in result.batches:
        assert batch.schema == schema(ip_version(batch))
        batch.validate(full=True)
        for row in batch.drop_columns(["start_time", "end_time"]).to_pylist():
            kept = {k: v for k, v in row.items() if v is not None}
            for name in ("src_addr", "dst_addr"):
                kept[name] = str(ipaddress.ip_address(kept[name]))
            out.append(kept)
    return out


def from_capture(path: Path) -> Decoded:
    data = path.read_bytes()
    capture = read_capture(str(path), data)
    packets = dissect(data, capture.offsets, capture.captured, capture.link_type)
    assert likely_sflow(data, packets.payload_at, packets.payload_size).all()
    return decode(data, packets.payload_at, packets.payload_size, capture.times, path=str(path))


SSH = {
    "src_addr": "2a0c:8880:2:0:185:21:130:38",
    "dst_addr": "2a0c:8880:2:0:185:21:130:39",
    "protocol": 6,
    "src_port": 46026,
    "dst_port": 22,
    "tcp_flags": 16,
    "tcp_sequence_number": 1143415551,
    "packets": 1,
    "bytes": 1500,
    "in_if": "27",
    "exporter": "172.16.0.3",
    "sampling_rate": 1024,
}
LOCAL = {"packets": 1, "in_if": "Local", "out_if": "Local", "exporter": "127.0.0.1", "sampling_rate": 1}
ECHO = {"protocol": 1, "icmp_type": 0, "icmp_code": 0, "packets": 1, "bytes": 32, "out_if": "2"}
FIRST_OF: dict[str, tuple[int, dict[str, Any]]] = {
    # file → flows, and the last one of them as tshark -V shows it; sequence numbers: -T fields -e tcp.seq_raw
    "data-1140": (5, {**SSH, "tcp_sequence_number": 1143960727, "out_if": "28"}),
    "data-discard-interface": (1, {**SSH, "out_if": "Null"}),
    "data-local-interface": (1, {**SSH, "out_if": "Local"}),
    "data-multiple-interfaces": (1, {**SSH, "out_if": "Multiple"}),
    "data-encap-vxlan": (
        1,
        {
            **LOCAL,
            "src_addr": "192.168.108.40",
            "dst_addr": "192.168.15.14",
            "protocol": 17,
            "src_port": 45833,
            "dst_port": 4789,
            "bytes": 154,
        },
    ),
    "data-icmpv4": (
        1,
        {
            **LOCAL,
            "src_addr": "203.0.113.4",
            "dst_addr": "203.0.113.5",
            "protocol": 1,
            "icmp_type": 8,
            "icmp_code": 0,
            "bytes": 84,
        },
    ),
    "data-icmpv6": (
        1,
        {
            **LOCAL,
            "src_addr": "fe80::d05b:45ff:feee:5ecf",
            "dst_addr": "2001:db8::",
            "protocol": 58,
            "icmp_type": 135,
            "icmp_code": 0,
            "bytes": 72,
        },
    ),
    "data-qinq": (
        1,
        {
            "src_addr": "49.49.49.2",
            "dst_addr": "49.49.49.109",
            "protocol": 6,
            "src_port": 32017,
            "dst_port": 443,
            "tcp_flags": 16,
            "tcp_sequence_number": 3529104823,
            "packets": 1,
            "bytes": 80,
            "in_if": "369098852",
            "out_if": "369098851",
            "exporter": "172.17.128.58",
            "sampling_rate": 4096,
        },
    ),
    "data-sflow-expanded-sample": (
        1,
        {
            "src_addr": "52.52.52.52",
            "dst_addr": "53.53.53.53",
            "protocol": 6,
            "src_port": 22,
            "dst_port": 52237,
            "tcp_flags": 24,
            "tcp_sequence_number": 4166351748,
            "packets": 1,
            "bytes": 104,
            "in_if": "29001",
            "out_if": "1285816721",
            "exporter": "49.49.49.49",
            "sampling_rate": 1000,
        },
    ),
    "data-sflow-ipv4-data": (
        1,
        {
            "src_addr": "50.50.50.50",
            "dst_addr": "51.51.51.51",
            "protocol": 17,
            "src_port": 46622,
            "dst_port": 58631,
            "packets": 1,
            "bytes": 1344,
            "out_if": "182",
            "exporter": "49.49.49.49",
            "sampling_rate": 256,
        },
    ),
    "data-sflow-raw-ipv4": (
        2,
        {
            **ECHO,
            "src_addr": "69.58.92.107",
            "dst_addr": "92.222.184.1",
            "exporter": "172.19.64.116",
            "sampling_rate": 1,
        },
    ),
}


@needs_captures
@pytest.mark.parametrize("name", FIRST_OF)
def test_real_agents(name: str) -> None:
    count, last = FIRST_OF[name]
    result = from_capture(AKVORADO / f"{name}.pcap")
    assert (result.flows, result.problems, result.notes) == (count, (), ())
    assert rows(result)[-1] == last


@needs_captures
def test_every_capture_of_agents_is_tested() -> None:
    assert {p.stem for p in AKVORADO.glob("*.pcap")} == set(FIRST_OF)


def syns_by_port(result: Decoded, source: str) -> dict[int, int]:
    probes = {
        (row["dst_port"], row["dst_addr"])
        for row in rows(result)
        if row["src_addr"] == source and row.get("tcp_flags") == 2
    }
    return Counter(port for port, _ in probes)


@needs_captures
def test_a_bot_seen_through_sflow_scans_as_the_index_says() -> None:
    result = from_capture(DERIVED / "hns/pmacctd_sflow5.pcap")
    assert (result.flows, result.counters.datagrams, result.problems) == (1968, 274, ())
    ports = syns_by_port(result, "192.168.2.16")
    assert {port: ports[port] for port in (23, 8080, 2323, 9527)} == {23: 54, 8080: 40, 2323: 27, 9527: 10}
    assert result.counters.lost_datagrams == 0


@needs_captures
def test_a_vertical_scan_seen_through_sflow() -> None:
    result = from_capture(DERIVED / "synscan/pmacctd_sflow5.pcap")
    assert (result.flows, result.counters.datagrams, result.problems) == (2003, 223, ())
    assert len(syns_by_port(result, "172.16.0.8")) == 1000


FLOW = {
    "src_addr": "10.0.0.1",
    "dst_addr": "192.0.2.9",
    "protocol": 6,
    "src_port": 1234,
    "dst_port": 80,
    "tcp_flags": 2,
    "tcp_sequence_number": 7,
    "packets": 1,
    "bytes": 40,
    "in_if": "3",
    "out_if": "4",
    "exporter": "192.0.2.1",
    "sampling_rate": 512,
}


def test_a_flow_sample_is_a_flow() -> None:
    result = decoded(datagram(sample(raw())), times=[1_700_000_000_000_000_001])
    assert rows(result) == [FLOW]
    column = result.batches[0].column("start_time")
    assert column.cast(pa.int64()).to_pylist() == [1_700_000_000_000_000_001]
    assert result.batches[0].column("end_time").equals(column)


def test_unknown_times_rates_and_interfaces_are_null() -> None:
    (row,) = rows(decoded(datagram(sample(raw(), rate=0, in_if=0, out_if=0))))
    assert row == {k: v for k, v in FLOW.items() if k not in ("in_if", "out_if", "sampling_rate")}


def test_expanded_samples_and_their_interfaces() -> None:
    def expanded(in_form: int, in_value: int, out_form: int, out_value: int) -> bytes:
        fields = words(1, 0, 3, 512, 9999, 0, in_form, in_value, out_form, out_value, 1)
        return item(3, fields + raw())

    result = decoded(
        datagram(
            expanded(0, 0xFFFFFFF0, 1, 256), expanded(0, 0xFFFFFFFF, 2, 7), expanded(3, 1, 0, 0x3FFFFFFF)
        )
    )
    seen = [(row.get("in_if"), row.get("out_if")) for row in rows(result)]
    assert seen == [("4294967280", "Null"), ("Local", "Multiple"), (None, "Local")]


def test_discarded_packets_went_nowhere() -> None:
    discarded = item(5, words(1, 0, 3, 0, 3, 0, 262, 1) + raw())
    (row,) = rows(decoded(datagram(discarded)))
    expected = {**FLOW, "out_if": "Null"}
    del expected["sampling_rate"]
    assert row == expected


def test_sampled_ip_records_stand_in_for_headers() -> None:
    v4 = item(3, words(1500, 17, 0x0A000001, 0x0A000002, 53, 4000, 0, 0))
    v6 = item(4, words(80, 58) + bytes(15) + b"\x01" + bytes(15) + b"\x02" + words(0, 0, 0, 0))
    arp = raw(bytes(12) + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + bytes(20))
    result = decoded(datagram(sample(v4), sample(v6), sample(arp, v4), sample(raw(), v4), sample(arp)))
    seen = [(row["src_addr"], row.get("src_port"), row["bytes"]) for row in rows(result)]
    assert seen == [("10.0.0.1", 53, 1500), ("10.0.0.1", 53, 1500), ("10.0.0.1", 1234, 40), ("::1", None, 80)]
    assert result.counters.not_ip == 1
    assert {n.id for n in result.notes} == {"sflow-not-ip"}


def test_other_samples_and_records_are_skipped_by_their_length_and_counted() -> None:
    gateway, vendor = item(1003, bytes(40)), item(4413 << 12 | 1, bytes(12))
    counters = item(2, words(1, 3, 1) + item(1, bytes(88)))
    expanded_counters = item(4, words(1, 0, 3, 1) + item(1, bytes(88)))
    result = decoded(
        datagram(counters, sample(gateway, vendor, raw()), expanded_counters, vendor, sample(gateway))
    )
    assert rows(result) == [FLOW]
    assert not result.problems
    said = {note.id: note.count for note in result.notes}
    assert said == {"sflow-counters": 2, "sflow-other-samples": 1, "sflow-no-packet": 1}


@pytest.mark.parametrize(
    ("protocol", "header"),
    [
        (7, b"\xff\x03\x00\x21" + SYN[14:]),
        (11, SYN[14:]),
        (13, b"\x00\x01\x01\x40" + SYN[14:]),
        (5, b"\x18\x41\x08\x00" + SYN[14:]),
    ],
)
def test_headers_of_other_links(protocol: int, header: bytes) -> None:
    assert rows(decoded(datagram(sample(raw(header, protocol=protocol))))) == [FLOW]


def test_headers_cut_by_the_agent_say_what_they_can() -> None:
    result = decoded(
        datagram(sample(raw(SYN[: 14 + 20 + 4])), sample(raw(SYN[:20])), sample(raw(protocol=3)))
    )
    (row,) = rows(result)
    assert row == {k: v for k, v in FLOW.items() if not k.startswith("tcp_")}
    assert sum(p.count for p in result.problems) == 3
    assert result.counters.not_ip == 0


def test_agents_of_either_version_and_of_none() -> None:
    result = decoded(
        datagram(sample(raw()), agent="2001:db8::7"),
        datagram(sample(raw()), agent=None),
        datagram(sample(raw()), agent=None),
        datagram(sample(raw())),
        exporters=["a", "b", "", "d"],
    )
    assert [row.get("exporter") for row in rows(result)] == ["2001:db8::7", "b", None, "192.0.2.1"]


def test_gaps_are_counted_for_each_sub_agent() -> None:
    first = [datagram(sample(raw()), sequence=n) for n in (2**32 - 2, 2**32 - 1, 1, 2, 5, 4, 6, 6)]
    second = [datagram(sample(raw()), sequence=n, sub_agent=7) for n in (10, 11, 900_000_000, 900_000_001, 1)]
    other = [datagram(sample(raw()), sequence=n, agent="192.0.2.2") for n in (50, 53)]
    mixed = [d for trio in zip(first, second, strict=False) for d in trio] + first[5:] + other
    counters = decoded(*mixed).counters
    assert counters.agents == 3
    assert counters.lost_datagrams == 1 + 1 + 2  # 0 and 3 of the first, 51 and 52 of the last
    assert (counters.late_datagrams, counters.duplicates, counters.restarts) == (1, 1, 2)


def test_drops_are_those_since_the_first_sample_of_a_source() -> None:
    counts = [(3, 100), (4, 7), (3, 105), (4, 7), (3, 2)]
    result = decoded(
        *(datagram(sample(raw(), source=s, drops=d), sequence=i) for i, (s, d) in enumerate(counts))
    )
    assert result.counters.dropped_samples == 5


@pytest.mark.parametrize(
    ("broken", "flows"),
    [
        (datagram(sample(raw()), count=2**32 - 1), 1),
        (datagram(sample(raw(), count=2**32 - 1)), 1),
        (datagram(sample(raw(size=2**32 - 1))), 1),
        (datagram(item(1, sample(raw())[8:], length=2**32 - 1)), 1),
        (datagram(sample(item(1, raw()[8:], length=2**32 - 1))), 1),
        (datagram(item(1, bytes(20))), 0),
        (datagram(sample(item(1, bytes(8)))), 0),
        (datagram(sample(item(3, bytes(8)))), 0),
        (words(4, 1, 0, 0, 0, 0, 0), 0),
        (words(5, 9, 0, 0, 0, 0, 0), 0),
        (words(5, 2, 0, 0, 0, 0, 0), 0),
        (b"\x00\x00\x00\x05", 0),
        (b"", 0),
    ],
)
def test_what_is_broken_is_counted_and_the_rest_used(broken: bytes, flows: int) -> None:
    result = decoded(datagram(sample(raw())), broken, datagram(sample(raw()), sequence=2))
    assert result.flows == 2 + flows
    assert len(result.problems) == 1
    assert result.problems[0].count == 1
    assert result.problems[0].where.startswith("x@")


def test_truncation_at_every_place() -> None:
    whole = datagram(sample(item(1001, bytes(16)), raw()), sample(raw()), agent="2001:db8::7")
    for n in range(len(whole)):
        result = decoded(whole[:n], whole)
        assert result.flows <= 4
        assert rows(result)[-2:] == [{**FLOW, "exporter": "2001:db8::7"}] * 2
        assert result.problems


def test_a_datagram_of_the_smallest_samples_takes_no_time() -> None:
    hostile = datagram(*[item(77, b"")] * 8000)
    nested = datagram(sample(*[item(77, b"")] * 8000))
    start = time.perf_counter()
    result = decoded(*([hostile, nested] * 20))
    assert time.perf_counter() - start < 5
    assert result.counters.other_samples == 160_000


def mutated(draw: Callable[..., int], data: bytes) -> bytes:
    for _ in range(draw(st.integers(1, 4))):
        at, size = draw(st.integers(0, len(data) - 1)), draw(st.integers(1, 40))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            data = data[:at] + bytes([data[at] ^ 1 << size % 8]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + b"\xff" * min(size, 4) + data[at + min(size, 4) :]
        elif kind == 2 and len(data) > at + size:
            data = data[:at] + data[at + size :]
        else:
            data = data[:at] + data[at : at + size] + data[at:]
    return data


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_datagrams_never_raise(data: st.DataObject) -> None:
    whole = datagram(sample(raw()), item(2, bytes(100)), sample(item(3, bytes(32)), raw()), sample(raw()))
    broken = mutated(data.draw, whole)
    result = decoded(broken, whole)
    rows(result)
    assert result.flows >= 3
    for batch in result.batches:
        batch.validate(full=True)


@needs_captures
@pytest.mark.parametrize("name", FIRST_OF)
def test_damage_to_real_datagrams_is_counted_not_raised(name: str) -> None:
    data = (AKVORADO / f"{name}.pcap").read_bytes()
    capture = read_capture(name, data)
    packets = dissect(data, capture.offsets, capture.captured, capture.link_type)
    at, size = int(packets.payload_at[0]), int(packets.payload_size[0])
    rng = np.random.default_rng(at)
    broken = [data[at : at + n] for n in range(0, size, 3)]
    for _ in range(60):
        octets = np.frombuffer(data, np.uint8)[at : at + size].copy()
        octets[rng.integers(0, size, 3)] ^= rng.choice(np.array([1, 2, 4, 128, 255], np.uint8), 3)
        broken.append(octets.tobytes())
    result = decoded(*broken)
    assert rows(result)
    assert result.problems
    assert result.counters.datagrams <= len(broken)


def test_bare_datagrams_one_after_the_other() -> None:
    data = b"".join(datagram(sample(raw()), sample(raw()), sequence=n) for n in (1, 2, 4))
    form = SflowDatagrams()
    assert form.recognises(data[:200])
    reading = form.read("d.bin", data)
    assert (reading.formats, reading.problems) == ((("sflow", 6),), ())
    assert [(n.id, n.count) for n in reading.notes] == [("sflow-lost", 1)]
    assert reading.batches[0].column("start_time").null_count == 6


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x00\x00\x00\x05",
        words(5, 1, 0x0A000001, 0, 0, 0, 0),
        words(5, 1, 0x0A000001, 0, 0, 0, 1, 1, 2**31),
        words(5, 1, 0x0A000001, 0, 0, 0, 1, 99, 8, 0, 0),
        b"\x00\x05\x00\x01" + bytes(60),
        b"text " * 20,
    ],
)
def test_other_files_are_not_recognised(head: bytes) -> None:
    assert not SflowDatagrams().recognises(head)


def test_what_lies_between_bare_datagrams_is_passed_over_and_counted() -> None:
    one = datagram(sample(raw()))
    reading = SflowDatagrams().read("d.bin", b"junk" + one + bytes(40) + one + one[:-30])
    assert reading.flows == 3 - 1
    assert [p.where for p in reading.problems[:2]] == ["d.bin@0", f"d.bin@{4 + len(one)}"]


def test_a_bare_datagram_whose_length_lies_costs_itself_only() -> None:
    one = datagram(sample(raw()))
    lying = datagram(item(1, sample(raw())[8:], length=2**31))
    reading = SflowDatagrams().read("d.bin", one + lying + one)
    assert reading.flows == 3
    assert len(reading.problems) == 1


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_never_raise(data: st.DataObject) -> None:
    whole = b"".join(datagram(sample(raw()), sequence=n) for n in range(6))
    broken = mutated(data.draw, whole)
    reading = SflowDatagrams().read("d.bin", broken)
    assert reading.flows == sum(b.num_rows for b in reading.batches)
    offsets, sizes, _ = split("d.bin", broken)
    assert (sizes > 0).all()
    assert (offsets + sizes <= len(broken)).all()


@pytest.mark.parametrize(
    "filler", [b"\x00", b"\x00\x00\x00\x05\x00\x00\x00\x01", b"\x00\x00\x00\x05", b"\xff"]
)
def test_large_files_of_nothing_take_no_time(filler: bytes) -> None:
    data = filler * (2_000_000 // len(filler))
    start = time.perf_counter()
    SflowDatagrams().read("d.bin", data)
    assert time.perf_counter() - start < 5


@needs_captures
def test_bare_datagrams_of_a_real_agent() -> None:
    data = (DERIVED / "hns/pmacctd_sflow5.pcap").read_bytes()
    capture = read_capture("x", data)
    packets = dissect(data, capture.offsets, capture.captured, capture.link_type)
    spans = zip(packets.payload_at.tolist(), packets.payload_size.tolist(), strict=True)
    bare = b"".join(data[a : a + n] for a, n in spans)
    reading = SflowDatagrams().read("d.bin", bare)
    assert (reading.flows, reading.problems) == (1968, ())
