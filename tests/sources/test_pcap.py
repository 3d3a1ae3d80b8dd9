"""pcap and pcapng: every header there is, lengths that lie, damage at every place; both ways to run the walk."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import SHARED

from slowworm.sources.pcap import classic, pcapng
from slowworm.sources.pcap.capture import NO_TIME, Capture, is_capture, read_capture
from slowworm.sources.pcap.times import nanoseconds

DATA = SHARED / "data"
needs_captures = pytest.mark.skipif(not DATA.is_dir(), reason="captures are not at hand")

SECOND = 1_000_000_000


@pytest.fixture(params=["python", "compiled"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to run the kernels."""
    if request.param == "compiled":
        monkeypatch.setattr(classic, "COMPILE_FROM_BYTES", 0)
        monkeypatch.setattr(pcapng, "COMPILE_FROM_BYTES", 0)
    return str(request.param)


def pcap(
    packets: list[bytes],
    *,
    order: str = "<",
    magic: int = 0xA1B2C3D4,
    minor: int = 4,
    network: int = 1,
    snap: int = 65535,
    extra: bytes = b"",
    originals: list[int] | None = None,
) -> bytes:
    """A pcap file with one packet a second."""
    parts = [struct.pack(order + "IHHiIII", magic, 2, minor, 0, 0, snap, network)]
    for i, packet in enumerate(packets):
        original = len(packet) if originals is None else originals[i]
        lengths = (original, len(packet)) if minor < 3 else (len(packet), original)
        parts += [struct.pack(order + "IIII", 1_000_000_000 + i, 500 + i, *lengths), extra, packet]
    return b"".join(parts)


def block(kind: int, body: bytes, order: str = "<", *, end: int | None = None) -> bytes:
    """A pcapng block."""
    body += bytes(-len(body) % 4)
    length = 12 + len(body)
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", end or length)


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(link: int = 1, options: bytes = b"", order: str = "<", *, snap: int = 0) -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, snap) + options, order)


def enhanced(
    packet: bytes, ticks: int = 0, number: int = 0, order: str = "<", *, claims: int | None = None
) -> bytes:
    captured = len(packet) if claims is None else claims
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, captured, captured)
    return block(6, head + packet, order)


def packets_of(data: bytes, capture: Capture) -> list[bytes]:
    spans = zip(capture.offsets.tolist(), capture.captured.tolist(), strict=True)
    return [data[a : a + n] for a, n in spans]


def well_formed(data: bytes, capture: Capture) -> bool:
    """What holds whatever the input: places within it, columns of one length."""
    columns = (capture.captured, capture.original, capture.times, capture.link_type, capture.interface)
    ends = capture.offsets + capture.captured
    return bool(
        all(len(c) == capture.count for c in columns)
        and (capture.captured >= 0).all()
        and (ends <= len(data)).all()
        and (capture.original >= capture.captured).all()
    )


PACKETS = [bytes([i]) * (20 + i) for i in range(1, 30)]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "unit"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_pcap_in_both_byte_orders_and_resolutions(order: str, magic: int, unit: int, way: str) -> None:
    data = pcap(PACKETS, order=order, magic=magic)
    capture = read_capture("a.pcap", data)
    assert is_capture(data[:24])
    assert packets_of(data, capture) == PACKETS
    assert capture.times.tolist() == [(10**9 + i) * SECOND + (500 + i) * unit for i in range(len(PACKETS))]
    assert set(capture.link_type.tolist()) == {1}
    assert not capture.problems


def test_the_modified_header_has_eight_octets_more(way: str) -> None:
    data = pcap(PACKETS, magic=0xA1B2CD34, extra=bytes(8))
    assert packets_of(data, read_capture("a.pcap", data)) == PACKETS


@pytest.mark.parametrize("minor", [2, 3])
def test_old_versions_swap_the_lengths(minor: int) -> None:
    originals = [1500] * len(PACKETS)
    data = pcap(PACKETS, minor=minor, originals=originals)
    if minor == 3:  # either order is met
        data = data[:24] + b"".join(
            struct.pack("<IIII", 10**9 + i, 0, 1500, len(p)) + p for i, p in enumerate(PACKETS)
        )
    capture = read_capture("a.pcap", data)
    assert packets_of(data, capture) == PACKETS
    assert capture.original.tolist() == originals


def test_the_snap_length_and_the_bits_above_the_link_type_are_not_believed() -> None:
    data = pcap(PACKETS, snap=1, network=0x24000071)
    capture = read_capture("a.pcap", data)
    assert packets_of(data, capture) == PACKETS
    assert set(capture.link_type.tolist()) == {113}


def test_a_last_packet_that_is_cut_short_is_kept_as_far_as_it_goes(way: str) -> None:
    data = pcap(PACKETS)[:-5]
    capture = read_capture("a.pcap", data)
    assert packets_of(data, capture) == [*PACKETS[:-1], PACKETS[-1][:-5]]
    assert capture.original[-1] == len(PACKETS[-1])
    last = len(data) - len(PACKETS[-1]) + 5
    assert [(p.where, p.count) for p in capture.problems] == [(f"a.pcap@{last}", 1)]


@pytest.mark.parametrize("lie", [0xFFFFFFFF, 0x7FFFFFFF, 500_000, 200_000, 0])
def test_a_length_that_lies_costs_one_packet(lie: int, way: str) -> None:
    data = bytearray(pcap(PACKETS))
    at = 24 + sum(16 + len(p) for p in PACKETS[:10])
    data[at + 8 : at + 16] = struct.pack("<II", lie, lie)
    capture = read_capture("a.pcap", bytes(data))
    assert packets_of(bytes(data), capture) == PACKETS[:10] + PACKETS[11:]
    assert [(p.where, p.count) for p in capture.problems] == [(f"a.pcap@{at}", 1)]


@pytest.mark.parametrize("original", [0, 1])
def test_original_lengths_below_the_captured_ones_are_counted(original: int, way: str) -> None:
    data = pcap(PACKETS, originals=[original] * len(PACKETS))
    capture = read_capture("a.pcap", data)
    assert packets_of(data, capture) == PACKETS
    assert (capture.original == capture.captured).all()
    assert [p.count for p in capture.problems] == [len(PACKETS)]


def test_a_first_length_that_lies_costs_one_packet(way: str) -> None:
    data = bytearray(pcap(PACKETS))
    data[32:36] = b"\xff\xff\xff\xff"
    assert packets_of(bytes(data), read_capture("a.pcap", bytes(data))) == PACKETS[1:]


def test_a_packet_larger_than_believed_is_believed_where_another_follows(way: str) -> None:
    packets = [PACKETS[0], bytes(300_000), PACKETS[1]]
    data = pcap(packets)
    capture = read_capture("a.pcap", data)
    assert packets_of(data, capture) == packets
    assert not capture.problems


def test_times_that_jump_are_believed_too(way: str) -> None:
    rng = np.random.default_rng(3)
    packets = [rng.bytes(60 + i) for i in range(200)]
    data = pcap([])[:24]
    for i, packet in enumerate(packets):
        when, fraction = int(rng.integers(0, 2**32)), int(rng.integers(0, 10**6))
        data += struct.pack("<IIII", when if i % 7 else 0, fraction, len(packet), 1514) + packet
    capture = read_capture("a.pcap", data)
    assert packets_of(data, capture) == packets
    assert not capture.problems


def test_zeros_at_the_end_are_no_packets(way: str) -> None:
    data = pcap(PACKETS) + bytes(4096)
    capture = read_capture("a.pcap", data)
    assert packets_of(data, capture) == PACKETS
    assert len(capture.problems) == 1


@pytest.mark.parametrize("data", [b"", b"\xd4\xc3\xb2\xa1", b"\xd4\xc3\xb2\xa1" + bytes(19), b"nonsense" * 9])
def test_no_capture_is_a_problem_not_an_error(data: bytes) -> None:
    capture = read_capture("x", data)
    assert capture.count == 0
    assert len(capture.problems) == 1


def test_an_empty_capture_has_no_packets_and_no_problem() -> None:
    for data in (pcap([]), section(), section() + interface()):
        capture = read_capture("x", data)
        assert (capture.count, capture.problems) == (0, ())


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_interfaces_have_link_types_and_clocks_of_their_own(order: str, way: str) -> None:
    clock = option(9, b"\x09", order) + option(14, struct.pack(order + "q", -7), order)
    data = (
        section(order)
        + interface(1, order=order)
        + interface(113, option(2, b"gi0/1", order) + clock + option(0, b"", order), order)
        + interface(101, option(9, b"\x8a", order), order)
        + enhanced(b"one", 5_000_001, 0, order)
        + enhanced(b"two!", 9 * SECOND + 3, 1, order)
        + enhanced(b"three", 1024 + 512, 2, order)
    )
    capture = read_capture("a.pcapng", data)
    assert packets_of(data, capture) == [b"one", b"two!", b"three"]
    assert capture.link_type.tolist() == [1, 113, 101]
    assert capture.times.tolist() == [5 * SECOND + 1000, 2 * SECOND + 3, SECOND * 3 // 2]
    assert [i.name for i in capture.interfaces] == [None, "gi0/1", None]
    assert not capture.problems


def test_sections_of_either_order_begin_their_interfaces_anew(way: str) -> None:
    data = (
        section("<") + interface(1) + enhanced(b"a", 1)
        + section(">") + interface(101, order=">") + interface(113, order=">") + enhanced(b"b", 2, 1, ">")
        + section("<") + interface(12) + enhanced(b"c", 3)
    )  # fmt: skip
    capture = read_capture("a.pcapng", data)
    assert packets_of(data, capture) == [b"a", b"b", b"c"]
    assert capture.link_type.tolist() == [1, 113, 12]
    assert capture.times.tolist() == [1000, 2000, 3000]


def test_simple_and_obsolete_packet_blocks(way: str) -> None:
    obsolete = block(2, struct.pack("<HHIIII", 0, 9, 0, 77, 3, 60) + b"old")
    simple = block(3, struct.pack("<I", 5) + b"plain")
    snapped = block(3, struct.pack("<I", 1500) + bytes(8))
    data = section() + interface(snap=8) + obsolete + simple + snapped
    capture = read_capture("a.pcapng", data)
    assert packets_of(data, capture) == [b"old", b"plain", bytes(8)]
    assert capture.original.tolist() == [60, 5, 1500]
    assert capture.times.tolist() == [77_000, NO_TIME, NO_TIME]
    assert not capture.problems


def test_unknown_blocks_are_skipped_and_counted(way: str) -> None:
    unknown = block(0xBAD, b"custom") + block(4, b"\x00\x00\x00\x00") + block(0x80000001, bytes(400))
    data = section() + unknown + interface() + enhanced(b"a") + unknown + enhanced(b"b")
    capture = read_capture("a.pcapng", data)
    assert packets_of(data, capture) == [b"a", b"b"]
    assert capture.skipped_blocks == 6
    assert not capture.problems


def test_packets_without_an_interface_are_counted() -> None:
    data = section() + interface() + enhanced(b"a") + enhanced(b"b", number=1) + section() + enhanced(b"c")
    capture = read_capture("a.pcapng", data)
    assert packets_of(data, capture) == [b"a"]
    assert [p.count for p in capture.problems] == [2]


def test_packets_longer_than_their_block_end_with_it(way: str) -> None:
    data = section() + interface() + enhanced(b"abcd", claims=0xFFFFFFFF) + enhanced(b"b")
    capture = read_capture("a.pcapng", data)
    assert packets_of(data, capture) == [b"abcd", b"b"]
    assert len(capture.problems) == 1


@pytest.mark.parametrize("lie", [0, 13, 16, 0x7FFFFFF0, 0xFFFFFFFF])
def test_a_block_length_that_lies_costs_one_block(lie: int, way: str) -> None:
    bad = enhanced(b"bad!", 2)
    bad = bad[:4] + struct.pack("<I", lie) + bad[8:]
    before = section() + interface() + enhanced(b"a", 1)
    data = before + bad + enhanced(b"b", 3) + enhanced(b"c", 4)
    capture = read_capture("a.pcapng", data)
    assert packets_of(data, capture) == [b"a", b"b", b"c"]
    assert [(p.where, p.count) for p in capture.problems] == [(f"a.pcapng@{len(before)}", 1)]


def test_a_second_length_that_lies_costs_nothing(way: str) -> None:
    data = (
        section()
        + interface()
        + block(6, struct.pack("<IIIII", 0, 0, 1, 1, 1) + b"a", end=99)
        + enhanced(b"b")
    )
    capture = read_capture("a.pcapng", data)
    assert packets_of(data, capture) == [b"a", b"b"]
    assert len(capture.problems) == 1


def test_a_pcapng_file_may_end_within_its_last_packet(way: str) -> None:
    data = (section() + interface() + enhanced(b"a") + enhanced(b"0123456789ab"))[:-8]
    capture = read_capture("a.pcapng", data)
    assert packets_of(data, capture) == [b"a", b"01234567"]
    assert len(capture.problems) == 1


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1), st.integers(0, 255), st.integers(-(2**63), 2**63 - 1))
def test_any_clock_is_read_exactly_or_not_at_all(ticks: int, resolution: int, offset: int) -> None:
    result = nanoseconds(
        np.array([ticks], np.uint64), np.array([resolution], np.int64), np.array([offset], np.int64)
    )
    exponent = resolution & 127
    unit = 2**exponent if resolution & 128 else 10**exponent
    exact = ticks * SECOND // unit + offset * SECOND
    if result[0] == NO_TIME:
        assert (
            not -(2**63) + 2 * SECOND < exact < 2**63 - 2 * SECOND
            or abs(offset) > 9_000_000_000
            or (ticks * SECOND // unit > 2**63 - 2 * SECOND)
        )
    else:
        assert abs(int(result[0]) - exact) <= 1


def mutated(draw: Callable[..., int], data: bytes) -> bytes:
    kind = draw(st.integers(0, 3))
    at = draw(st.integers(0, len(data) - 1))
    size = draw(st.integers(1, 40))
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes([data[at] ^ 1 << size % 8]) + data[at + 1 :]
    if kind == 2:
        return data[:at] + data[at + size :]
    return data[:at] + data[at : at + size] + data[at:]


SMALL = [
    pcap(PACKETS),
    pcap(PACKETS, order=">", magic=0xA1B23C4D),
    section() + interface() + b"".join(enhanced(p, i) for i, p in enumerate(PACKETS)),
    section(">") + interface(order=">") + b"".join(enhanced(p, i, 0, ">") for i, p in enumerate(PACKETS)),
]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_costs_little(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(SMALL))
    broken = mutated(data.draw, whole)
    capture = read_capture("x", broken)
    assert well_formed(broken, capture)
    if len(broken) >= len(whole) - 40 and broken[:200] == whole[:200]:
        kept = set(packets_of(broken, capture))
        # The search for the next record may step over some that could begin elsewhere as well.
        assert sum(p not in kept for p in PACKETS) <= 6


@pytest.mark.parametrize("whole", SMALL)
def test_truncation_at_every_place(whole: bytes) -> None:
    counts = []
    for n in range(len(whole)):
        capture = read_capture("x", whole[:n])
        assert well_formed(whole[:n], capture)
        counts.append(capture.count)
    assert counts == sorted(counts)
    assert counts[-1] == len(PACKETS)


@needs_captures
def test_both_ways_to_walk_agree_on_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    for name in (
        "bro-simple-scan/testing/pcaps/port_scan.pcap",
        "chrissanders-packets/activeosfingerprinting.pcapng",
    ):
        whole = np.frombuffer((DATA / "detection" / name).read_bytes(), np.uint8)
        for _ in range(30):
            broken = whole.copy()
            broken[rng.integers(0, len(whole), 12)] = rng.integers(0, 256, 12)
            data = broken.tobytes()
            results = []
            for threshold in (2_000_000, 0):
                monkeypatch.setattr(classic, "COMPILE_FROM_BYTES", threshold)
                monkeypatch.setattr(pcapng, "COMPILE_FROM_BYTES", threshold)
                capture = read_capture("x", data)
                assert well_formed(data, capture)
                results.append((packets_of(data, capture), capture.times.tolist(), capture.problems))
            assert results[0] == results[1]


@needs_captures
@pytest.mark.parametrize(
    ("name", "form", "link", "count", "first", "last"),
    [  # tshark -T fields -e frame.time_epoch
        ("netflow/scapy/test/pcaps/netflowv9.pcap", "pcap", 1, 5, 1508409869575718995, 1508410217526737815),
        ("derived/synscan/softflowd_v5.pcap", "pcap", 101, 69, 1795349379103986000, 1795349379107795000),
        ("derived/hns/pmacctd_sflow5.pcap", "pcap", 101, 274, 1795349299252670000, 1795349299320293000),
        (
            "detection/StratosphereLinuxIPS/dataset/test7-malicious.pcap",
            "pcap",
            1,
            2000,
            1520628556520001000,
            1520629198703667000,
        ),
        (
            "detection/chrissanders-packets/synscan.pcapng",
            "pcapng",
            1,
            2011,
            1278275056274870000,
            1278275079360213000,
        ),
        (
            "detection/chrissanders-packets/activeosfingerprinting.pcapng",
            "pcapng",
            1,
            48,
            1278798210035265000,
            1278798212112446000,
        ),
        (
            "detection/nDPI/tests/cfgs/default/pcap/malware.pcap",
            "pcapng",
            1,
            100,
            1569571466977364000,
            1698873192090406000,
        ),
        (
            "detection/nDPI/tests/cfgs/default/pcap/tcp_scan.pcapng",
            "pcap",
            1,
            30,
            1674583448287506000,
            1674583501983146000,
        ),
        ("detection/nDPI-controls/gnutella.pcap", "pcap", 1, 3905, 22000, 600247226000),
    ],
)
def test_captures_hold_the_packets_that_tshark_finds(
    name: str, form: str, link: int, count: int, first: int, last: int
) -> None:
    path = DATA / name
    data = path.read_bytes()
    capture = read_capture(str(path), data)
    assert (capture.format, capture.count) == (form, count)
    assert set(capture.link_type.tolist()) == {link}
    assert (int(capture.times[0]), int(capture.times[-1])) == (first, last)
    assert not capture.problems


@needs_captures
def test_every_capture_at_hand_is_recognised() -> None:
    paths = [p for p in DATA.rglob("*.pcap*") if p.is_file()]
    assert paths
    for path in paths:
        with Path(path).open("rb") as file:
            assert is_capture(file.read(64)), path
