"""Sampled packets in IPFIX: Juniper's captures as tshark reads them, sections cut and filled up by hand."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.netflow.messages import SENT, data, ipfix, template
from tests.sources.packets import frames
from tests.support import SHARED

from slowworm.flows.addresses import to_objects
from slowworm.sources.base import Reading
from slowworm.sources.capture.pcap import PacketCapture
from slowworm.sources.netflow.bare import NetflowFile
from slowworm.sources.netflow.exports import Exports

AKVORADO = SHARED / "data/netflow/akvorado/outlet/flow/decoder/netflow/testdata"

IN_IF, FRAME_SIZE, IP_SECTION, FRAME_SECTION, FRAME_TYPE, OFFSET, OCTETS = 10, 312, 313, 315, 408, 409, 410
VARIABLE = 0xFFFF

SYN = frames.ethernet(0x0800, frames.ipv4(frames.tcp(1234, 23, flags=2, seq=99), 6))


def rows(reading: Reading) -> list[dict[str, Any]]:
    found = []
    for batch in reading.batches:
        addresses = {n: [str(a) for a in to_objects(batch.column(n))] for n in ("src_addr", "dst_addr")}
        for i, row in enumerate(batch.to_pylist()):
            row |= {name: texts[i] for name, texts in addresses.items()}
            found.append({k: v for k, v in row.items() if v is not None and k != "input"})
    return found


def read(*fields: tuple[int, int], records: list[bytes]) -> Reading:
    message = ipfix(template(256, *fields, version=10), data(256, *records))
    return NetflowFile().read("x", message)


def variable(content: bytes) -> bytes:
    return bytes([len(content)]) + content


@pytest.mark.skipif(not AKVORADO.exists(), reason="fixtures are not here")
@pytest.mark.parametrize(
    ("name", "flows", "last"),
    [
        # mergecap -a -w m.pcap NAME-template.pcap NAME-data.pcap; tshark -r m.pcap -V, the packet within the last flow
        (
            "datalink",
            1,
            {"src_addr": "51.51.51.51", "dst_addr": "52.52.52.52", "protocol": 17, "src_port": 55501,
             "dst_port": 11777, "bytes": 96, "in_if": "582", "exporter": "49.49.49.49"},
        ),
        (
            "juniper-cpid",
            1,
            {"src_addr": "fc30:2200:1b::f", "dst_addr": "fc30:2200:23:e009::", "protocol": 4, "bytes": 104,
             "in_if": "737", "exporter": "10.0.0.15"},
        ),
        (
            "ipfix-srv6",
            1,
            {"src_addr": "fc30:2200:1b::f", "dst_addr": "fc30:2200:23:e009::", "protocol": 4, "bytes": 104,
             "exporter": "10.0.0.15"},
        ),
        (
            "ethernet-over-mpls-with-control-word",
            10,
            {"src_addr": "198.51.100.17", "dst_addr": "198.51.100.18", "protocol": 6, "src_port": 443,
             "dst_port": 64028, "tcp_flags": 16, "tcp_sequence_number": 1873957311, "bytes": 1500, "in_if": "1087",
             "exporter": "192.168.10.11"},
        ),
    ],
)  # fmt: skip
def test_junipers_sampled_frames(name: str, flows: int, last: dict[str, Any]) -> None:
    reader = PacketCapture(netflow=Exports(shared=True))
    reader.read("template", (AKVORADO / f"{name}-template.pcap").read_bytes())
    reading = reader.read("data", (AKVORADO / f"{name}-data.pcap").read_bytes())
    found = rows(reading)
    assert (len(found), reading.problems) == (flows, ())
    times = {found[-1].pop("start_time"), found[-1].pop("end_time")}
    assert len(times) == 1
    assert found[-1] == {**last, "packets": 1}


FLOW = {"src_addr": "10.0.0.1", "dst_addr": "192.0.2.9", "protocol": 6, "src_port": 1234, "dst_port": 23,
        "tcp_flags": 2, "tcp_sequence_number": 99, "packets": 1, "bytes": 40}  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "record"),
    [
        (((FRAME_SECTION, VARIABLE),), variable(SYN)),
        (((FRAME_SECTION, len(SYN)),), SYN),
        (((IP_SECTION, VARIABLE),), variable(SYN[14:])),
        (((FRAME_TYPE, 2), (FRAME_SECTION, VARIABLE)), b"\x00\x01" + variable(SYN)),
        (((OFFSET, 2), (FRAME_SECTION, VARIABLE)), b"\x00\x00" + variable(SYN)),
        (((OCTETS, 2), (FRAME_SECTION, 128)), struct.pack(">H", len(SYN)) + SYN.ljust(128, b"\xee")),
    ],
)
def test_sections_of_every_kind(fields: tuple[tuple[int, int], ...], record: bytes) -> None:
    (row,) = rows(read(*fields, records=[record]))
    assert {row.pop("start_time").timestamp(), row.pop("end_time").timestamp()} == {SENT}
    assert row == FLOW


@pytest.mark.parametrize(
    ("fields", "record"),
    [
        (((FRAME_TYPE, 2), (FRAME_SECTION, VARIABLE)), b"\x00\x02" + variable(SYN)),  # 802.11
        (((OFFSET, 2), (FRAME_SECTION, VARIABLE)), b"\x00\x0e" + variable(SYN[14:])),
        (((OCTETS, 2), (FRAME_SECTION, len(SYN))), struct.pack(">H", 20) + SYN),
        (((FRAME_SECTION, VARIABLE),), variable(b"")),
    ],
)
def test_what_cannot_be_read_is_a_problem(fields: tuple[tuple[int, int], ...], record: bytes) -> None:
    reading = read(*fields, records=[record])
    assert reading.flows == 0
    assert [p.count for p in reading.problems] == [1]


def test_frames_that_are_not_ip_are_counted() -> None:
    arp = frames.ethernet(0x0806, struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + bytes(20))
    lldp = frames.ethernet(0x88CC, bytes(40))
    reading = read((FRAME_SECTION, VARIABLE), records=[variable(arp), variable(lldp), variable(SYN)])
    assert (reading.flows, reading.problems) == (1, ())
    assert [(n.id, n.count) for n in reading.notes] == [("netflow-frame-not-ip", 2)]


def test_times_and_interfaces_of_the_record_are_kept() -> None:
    record = struct.pack(">IQ", 5, 1_700_000_123_456) + variable(SYN)
    (row,) = rows(read((IN_IF, 4), (323, 8), (FRAME_SECTION, VARIABLE), records=[record]))
    assert (row["in_if"], row["start_time"].timestamp()) == ("5", 1_700_000_123.456)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=120),
    st.integers(0, 65_535),
    st.integers(0, 300),
    st.sampled_from([FRAME_SECTION, IP_SECTION]),
)
def test_any_section_is_survived(content: bytes, real: int, offset: int, section: int) -> None:
    record = struct.pack(">HH", real, offset) + variable(content)
    reading = read((OCTETS, 2), (OFFSET, 2), (section, VARIABLE), records=[record])
    assert reading.flows + sum(p.count for p in reading.problems) + sum(n.count for n in reading.notes) == 1
