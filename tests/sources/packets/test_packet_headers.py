"""The dissector: every link type, wrapper, and header, against frames by hand and captures read by tshark."""

from __future__ import annotations

import struct
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.packets.frames import (
    ETHERNET,
    arp,
    ethernet,
    ipv4,
    ipv6,
    label,
    packed,
    tcp,
    udp,
)
from tests.support import SHARED

from slowworm.flows.addresses import format_ipv4
from slowworm.sources.packets.columns import Fragment, PacketProblem, Packets
from slowworm.sources.packets.dissect import dissect
from slowworm.sources.packets.links import LINKS
from slowworm.sources.packets.places import packet_problems
from slowworm.sources.pcap.capture import read_capture

DETECTION = SHARED / "data" / "detection"
needs_captures = pytest.mark.skipif(not DETECTION.is_dir(), reason="captures are not at hand")

SYN = ipv4(tcp(), 6)
SYN6 = ipv6(tcp(), 6)


def dissected(*frames: bytes, link: int | list[int] = 1, original: list[int] | None = None) -> Packets:
    data = b"".join(frames)
    sizes = np.array([len(f) for f in frames], np.int64)
    offsets = np.cumsum(sizes) - sizes
    links = np.array(link, np.int64) if isinstance(link, list) else link
    wire = None if original is None else np.array(original, np.int64)
    return dissect(data, offsets, sizes, links, original=wire)


def is_syn(packets: Packets) -> bool:
    """Whether every packet is the SYN to port 80 that ``SYN`` and ``SYN6`` are."""
    return bool(
        (packets.ip_version > 0).all()
        and (packets.problem == PacketProblem.NONE).all()
        and (packets.src_port == 1234).all()
        and (packets.dst_port == 80).all()
        and (packets.tcp_flags == 2).all()
        and (packets.tcp_seq == 7).all()
        and (packets.protocol == 6).all()
    )


LINK_FRAMES: dict[str, tuple[int, bytes]] = {
    "ethernet": (1, ethernet(0x0800, SYN)),
    "ethernet, padded": (1, ethernet(0x0800, SYN) + bytes(6)),
    "ethernet, IPv6": (1, ethernet(0x86DD, SYN6)),
    "802.3 with SNAP": (1, ETHERNET + b"\x00\x30" + bytes.fromhex("aaaa03000000") + b"\x08\x00" + SYN),
    "raw": (101, SYN),
    "raw, IPv6": (101, SYN6),
    "raw as the BSDs write it": (12, SYN),
    "raw as OpenBSD writes it": (14, SYN),
    "IPv4 only": (228, SYN),
    "IPv6 only": (229, SYN6),
    "Linux cooked": (113, struct.pack(">HHH8sH", 0, 1, 6, bytes(8), 0x0800) + SYN),
    "Linux cooked 2": (276, struct.pack(">HHIHBB8s", 0x86DD, 0, 2, 1, 0, 6, bytes(8)) + SYN6),
    "null, little-endian": (0, struct.pack("<I", 2) + SYN),
    "null, big-endian": (0, struct.pack(">I", 2) + SYN),
    "null, IPv6 of Darwin": (0, struct.pack("<I", 30) + SYN6),
    "loop, IPv6 of OpenBSD": (108, struct.pack(">I", 24) + SYN6),
    "PPP with address and control": (9, b"\xff\x03\x00\x21" + SYN),
    "PPP without": (9, b"\x00\x57" + SYN6),
    "PPP, compressed protocol": (9, b"\x21" + SYN),
    "PPP in HDLC": (50, b"\xff\x03\x00\x21" + SYN),
    "Cisco HDLC where PPP may stand": (50, b"\x0f\x00\x08\x00" + SYN),
    "PPP with direction": (204, b"\x01\xff\x03\x00\x21" + SYN),
    "PPPoE": (51, b"\x11\x00\x00\x01\x00\x2a\x00\x21" + SYN),
    "Cisco HDLC": (104, b"\x0f\x00\x08\x00" + SYN),
    "frame relay, RFC 2427": (107, b"\x18\x41\x03\xcc" + SYN),
    "frame relay, Cisco": (107, b"\x18\x41\x08\x00" + SYN),
    "frame relay, address of three octets": (107, b"\x18\x40\x41\x08\x00" + SYN),
    "MPLS": (219, label(16, last=True) + SYN),
}


@pytest.mark.parametrize("name", LINK_FRAMES)
def test_every_link_type_leads_to_ip(name: str) -> None:
    link, frame = LINK_FRAMES[name]
    packets = dissected(frame, link=link)
    assert is_syn(packets)
    packet = SYN6 if packets.ip_version[0] == 6 else SYN
    assert packets.network_offset.tolist() == [frame.index(packet)]
    assert packets.ip_length.tolist() == [len(packet)]


def test_there_is_a_frame_for_every_link_type() -> None:
    assert {link for link, _ in LINK_FRAMES.values()} == set(LINKS)


def test_packets_of_several_link_types_in_one_call() -> None:
    links, frames = zip(*LINK_FRAMES.values(), strict=True)
    packets = dissected(*frames, link=list(links))
    assert is_syn(packets)
    assert len(packets.src6) == len(packets.dst6) == (packets.ip_version == 6).sum() == 7


VLAN = b"\x00\x0a"
WRAPPED: dict[str, bytes] = {
    "VLAN": ethernet(0x8100, VLAN + b"\x08\x00" + SYN),
    "QinQ": ethernet(0x88A8, VLAN + b"\x81\x00" + VLAN + b"\x08\x00" + SYN),
    "QinQ before 802.1ad": ethernet(0x9100, VLAN + b"\x81\x00" + VLAN + b"\x86\xdd" + SYN6),
    "one label": ethernet(0x8847, label(17, last=True) + SYN),
    "three labels": ethernet(
        0x8847, label(17, last=False) + label(18, last=False) + label(2, last=True) + SYN6
    ),
    "VLAN and label": ethernet(0x8100, VLAN + b"\x88\x47" + label(17, last=True) + SYN),
    "pseudowire with control word": ethernet(0x8847, label(17, last=True) + bytes(4) + ethernet(0x0800, SYN)),
    "pseudowire without": ethernet(
        0x8847, label(17, last=True) + b"\x02" + ethernet(0x8100, VLAN + b"\x08\x00" + SYN)[1:]
    ),
    "PPPoE": ethernet(0x8864, b"\x11\x00\x00\x01\x00\x2a\x00\x21" + SYN),
    "PPPoE in a VLAN, IPv6": ethernet(
        0x8100, VLAN + b"\x88\x64" + b"\x11\x00\x00\x01\x00\x3e\x00\x57" + SYN6
    ),
    "Cisco metadata": ethernet(0x8909, b"\x01\x01\x00\x01\x00\x64\x08\x00" + SYN),
    "VN-Tag": ethernet(0x8926, bytes(4) + b"\x08\x00" + SYN),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_every_wrapper_is_taken_off(name: str) -> None:
    assert is_syn(dissected(WRAPPED[name]))


def test_wrappers_end() -> None:
    labels = b"".join(label(17, last=False) for _ in range(40))
    packets = dissected(ethernet(0x8847, labels + SYN), ethernet(0x0800, SYN))
    assert packets.problem.tolist() == [PacketProblem.TOO_DEEP, PacketProblem.NONE]


def test_ipv4_options_are_stepped_over() -> None:
    assert is_syn(dissected(ethernet(0x0800, ipv4(tcp(), 6, options=bytes([1] * 40)))))


def test_addresses_and_ttl() -> None:
    packets = dissected(ethernet(0x0800, SYN), ethernet(0x86DD, SYN6))
    assert (format_ipv4(int(packets.src[0])), format_ipv4(int(packets.dst[0]))) == ("10.0.0.1", "192.0.2.9")
    assert packets.src6.tobytes() == packed("2001:db8::1")
    assert packets.dst6.tobytes() == packed("2001:db8::2")
    assert packets.ttl.tolist() == [61, 60]
    assert packets.network_offset.tolist() == [14, 14]
    assert packets.rows(6).tolist() == [1]


def test_only_the_first_fragment_has_ports() -> None:
    first = ipv4(udp(bytes(8)), 17, fragment=0x2000)
    later = ipv4(b"\x00\x50\x00\x50" + bytes(12), 17, fragment=0x2001)
    last = ipv4(b"\x00\x50\x00\x50" + bytes(12), 17, fragment=0x0003)
    packets = dissected(*(ethernet(0x0800, p) for p in (first, later, last)))
    assert packets.fragment.tolist() == [Fragment.FIRST, Fragment.LATER, Fragment.LATER]
    assert packets.src_port.tolist() == [53, -1, -1]
    assert packets.dst_port.tolist() == [4000, -1, -1]
    assert packets.protocol.tolist() == [17, 17, 17]
    assert not packets.problem.any()


def test_ipv6_extension_headers_are_walked() -> None:
    hop, routing, options = b"\x2b\x00" + bytes(6), b"\x3c\x01" + bytes(14), b"\x33\x00" + bytes(6)
    authentication = b"\x06\x04" + bytes(22)
    packets = dissected(ethernet(0x86DD, ipv6(hop + routing + options + authentication + tcp(), 0)))
    assert is_syn(packets)


def test_ipv6_fragments() -> None:
    first = ipv6(b"\x06\x00\x00\x01\x00\x00\x00\x09" + tcp(), 44)
    later = ipv6(b"\x06\x00\x00\x08\x00\x00\x00\x09" + tcp(), 44)
    packets = dissected(ethernet(0x86DD, first), ethernet(0x86DD, later))
    assert packets.fragment.tolist() == [Fragment.FIRST, Fragment.LATER]
    assert packets.dst_port.tolist() == [80, -1]
    assert packets.protocol.tolist() == [6, 6]


def test_extension_headers_end() -> None:
    chain = b"\x3c\x00" + bytes(6)
    packets = dissected(ethernet(0x86DD, ipv6(chain * 40 + tcp(), 60)))
    assert packets.problem.tolist() == [PacketProblem.MALFORMED_TRANSPORT]
    assert packets.ip_version.tolist() == [6]
    assert packets.protocol.tolist() == [-1]


def test_icmp_has_type_and_code_and_no_ports() -> None:
    packets = dissected(
        ethernet(0x0800, ipv4(b"\x03\x0d" + bytes(6), 1)), ethernet(0x86DD, ipv6(b"\x80\x00" + bytes(6), 58))
    )
    assert packets.icmp_type.tolist() == [3, 128]
    assert packets.icmp_code.tolist() == [13, 0]
    assert packets.src_port.tolist() == packets.dst_port.tolist() == [-1, -1]


def test_sctp_has_ports_and_tunnels_stay_closed() -> None:
    packets = dissected(
        ethernet(0x0800, ipv4(struct.pack(">HHII", 2905, 2906, 1, 0), 132)),
        ethernet(0x0800, ipv4(SYN, 4)),
        ethernet(0x0800, ipv4(b"\x00\x00\x08\x00" + SYN, 47)),
    )
    assert packets.src_port.tolist() == [2905, -1, -1]
    assert packets.protocol.tolist() == [132, 4, 47]
    assert not packets.problem.any()


def test_arp_tells_who_asked_for_whom() -> None:
    packets = dissected(ethernet(0x0806, arp()), ethernet(0x0806, arp(2)[:-1]), ethernet(0x0800, SYN))
    assert packets.arp_operation.tolist() == [1, -1, -1]
    assert format_ipv4(int(packets.arp_sender[0])) == "10.0.0.1"
    assert format_ipv4(int(packets.arp_target[0])) == "10.0.0.2"
    assert packets.ip_version.tolist() == [0, 0, 4]
    assert packets.problem.tolist() == [0, PacketProblem.TRUNCATED_NETWORK, 0]


def test_a_length_of_zero_is_that_of_the_packet() -> None:
    offloaded = ethernet(0x0800, ipv4(tcp(), 6, length=0))
    jumbo = ethernet(0x86DD, ipv6(tcp(), 6, length=0))
    packets = dissected(offloaded, jumbo, original=[9014, 90014])
    assert is_syn(packets)
    assert packets.ip_length.tolist() == [9000, 90000]


def test_the_payload_of_udp_ends_with_its_own_length() -> None:
    frame = ethernet(0x0800, ipv4(udp(b"abc") + b"junk", 17)) + b"padding"
    packets = dissected(frame)
    at, size = int(packets.payload_at[0]), int(packets.payload_size[0])
    assert frame[at : at + size] == b"abc"


@pytest.mark.parametrize(
    ("packet", "problem"),
    [
        (b"", PacketProblem.TRUNCATED_LINK),
        (ethernet(0x0800, SYN)[:13], PacketProblem.TRUNCATED_LINK),
        (ethernet(0x8100, b"\x00"), PacketProblem.TRUNCATED_LINK),
        (ethernet(0x0800, SYN)[:33], PacketProblem.TRUNCATED_NETWORK),
        (ethernet(0x0800, b"\x65" + SYN[1:]), PacketProblem.MALFORMED_NETWORK),
        (ethernet(0x0800, b"\x44" + SYN[1:]), PacketProblem.MALFORMED_NETWORK),
        (ethernet(0x0800, ipv4(tcp(), 6, length=19)), PacketProblem.MALFORMED_NETWORK),
        (ethernet(0x0800, SYN)[:37], PacketProblem.TRUNCATED_TRANSPORT),
        (ethernet(0x0800, ipv4(tcp()[:10], 6)), PacketProblem.MALFORMED_TRANSPORT),
        (ethernet(0x86DD, SYN6)[:50], PacketProblem.TRUNCATED_NETWORK),
        (ethernet(0x86DD, ipv6(b"\x06\x09" + tcp(), 60)), PacketProblem.MALFORMED_TRANSPORT),
        (ethernet(0x0026, bytes(60)), PacketProblem.NOT_IP),
        (ethernet(0x88CC, bytes(60)), PacketProblem.NOT_IP),
    ],
)
def test_what_is_wrong_is_named(packet: bytes, problem: PacketProblem) -> None:
    # Another packet follows: none of its octets may be taken for those that are not there.
    packets = dissected(packet, ethernet(0x0800, SYN))
    assert packets.problem.tolist() == [problem, PacketProblem.NONE]
    assert packets.src_port[1] == 1234


def test_truncated_headers_keep_what_is_there() -> None:
    packets = dissected(ethernet(0x0800, SYN)[: 14 + 20 + 8])
    assert packets.dst_port.tolist() == [80]
    assert packets.tcp_seq.tolist() == [7]
    assert packets.tcp_flags.tolist() == [-1]


def test_unknown_link_types_are_counted_with_their_place() -> None:
    packets = dissected(ethernet(0x0800, SYN), ethernet(0x0800, SYN), link=[1, 147])
    problems = packet_problems("a.pcap", packets, np.array([40, 110], np.int64))
    assert [(p.where, p.count) for p in problems] == [("a.pcap@110", 1)]


def test_places_outside_the_data_are_truncated_packets() -> None:
    offsets = np.array([-5, 0, 10, 2**62, 3], np.int64)
    captured = np.array([100, 2**62, -1, 5, 0], np.int64)
    packets = dissect(ethernet(0x0800, SYN), offsets, captured, 1)
    assert (packets.problem[2:] == PacketProblem.TRUNCATED_LINK).all()
    assert dissect(b"", np.zeros(1, np.int64), np.ones(1, np.int64), 1).problem[0]
    assert dissect(b"", np.zeros(0, np.int64), np.zeros(0, np.int64), 1).count == 0


@pytest.mark.parametrize("frame", [*WRAPPED.values(), ethernet(0x0806, arp()), ethernet(0x0800, SYN)])
def test_truncation_at_every_place(frame: bytes) -> None:
    packets = dissected(*(frame[:n] for n in range(len(frame) + 1)))
    whole = packets.count - 1
    for column in ("src", "dst_port", "tcp_flags", "arp_target"):
        values = getattr(packets, column)
        assert set(values.tolist()) <= {-1, 0, values[whole]}, "never the octets of the next packet"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([*LINKS, 147]))
def test_any_octets_are_dissected(data: bytes, link: int) -> None:
    packets = dissected(data, data[: len(data) // 2], link=link)
    ends = packets.payload_at + packets.payload_size
    assert (ends <= 2 * len(data)).all()
    assert len(packets.src6) == (packets.ip_version == 6).sum()


def capture(name: str) -> Packets:
    data = (DETECTION / name).read_bytes()
    read = read_capture(name, data)
    return dissect(data, read.offsets, read.captured, read.link_type, original=read.original)


TSHARK: dict[str, dict[tuple[int, int], int]] = {
    # ip.version or ipv6.version, ip.proto or last ipv6.nxt → packets; (0, 1) and (0, 2) ARP, (0, 0) neither
    "StratosphereLinuxIPS/dataset/test7-malicious.pcap": {
        (0, 1): 21,
        (0, 2): 10,
        (4, 1): 10,
        (4, 2): 6,
        (4, 6): 1407,
        (4, 17): 485,
        (6, 17): 43,
        (6, 58): 18,
    },
    "nDPI-controls/teams.pcap": {(0, 0): 39, (0, 1): 3, (4, 1): 2, (4, 6): 1317, (4, 17): 179},
    "nDPI-controls/gnutella.pcap": {
        (0, 0): 1,
        (0, 1): 13,
        (0, 2): 9,
        (4, 1): 8,
        (4, 2): 12,
        (4, 6): 2149,
        (4, 17): 1645,
        (6, 17): 47,
        (6, 58): 21,
    },
    "zeek/nmap-vsn.pcap": {(0, 1): 503, (4, 6): 32, (4, 17): 12},
    "nDPI/tests/cfgs/default/pcap/malware.pcap": {(4, 1): 1, (4, 6): 97, (4, 17): 2},
    "zeek/ntp2.pcap": {(4, 17): 35},
}


@needs_captures
@pytest.mark.parametrize("name", TSHARK)
def test_captures_hold_what_tshark_finds(name: str) -> None:
    packets = capture(name)
    kind = np.where(packets.ip_version > 0, packets.protocol, np.maximum(packets.arp_operation, 0))
    assert Counter(zip(packets.ip_version.tolist(), kind.tolist(), strict=True)) == TSHARK[name]


@needs_captures
def test_a_bot_scans_as_the_index_says() -> None:
    packets = capture("StratosphereLinuxIPS/dataset/test7-malicious.pcap")
    bot = (packets.src == 0xC0A80210) & (packets.tcp_flags == 2)
    targets = {
        port: len(np.unique(packets.dst[bot & (packets.dst_port == port)])) for port in (23, 8080, 2323, 9527)
    }
    assert targets == {23: 54, 8080: 40, 2323: 27, 9527: 10}


@needs_captures
def test_an_arp_sweep_as_the_index_says() -> None:
    packets = capture("zeek/nmap-vsn.pcap")
    asked = (packets.arp_operation == 1) & (packets.arp_sender == 0xC0A80147)
    assert len(np.unique(packets.arp_target[asked])) == 245


@needs_captures
def test_a_vertical_scan_as_the_index_says() -> None:
    for name in ("chrissanders-packets/synscan.pcapng", "nDPI/tests/cfgs/default/pcap/synscan.pcap"):
        packets = capture(name)
        probes = (packets.src == 0xAC100008) & (packets.tcp_flags == 2)
        assert len(np.unique(packets.dst_port[probes])) == 1000
        assert Counter(packets.ip_version.tolist()) == {4: 2011}


@needs_captures
@pytest.mark.parametrize("name", TSHARK)
def test_damage_to_real_captures_stays_where_it_is(name: str) -> None:
    data = (DETECTION / name).read_bytes()
    read = read_capture(name, data)
    whole = dissect(data, read.offsets, read.captured, read.link_type)
    rng = np.random.default_rng(len(data))
    octets = np.frombuffer(data, np.uint8).copy()
    hit = rng.choice(read.count, min(200, read.count // 3), replace=False)
    places = read.offsets[hit] + rng.integers(0, np.minimum(read.captured[hit], 60))
    octets[places] = rng.integers(0, 256, len(places))
    broken = dissect(octets, read.offsets, read.captured, read.link_type)
    same = np.ones(read.count, np.bool_)
    same[hit] = False
    for column in (
        "ip_version",
        "src",
        "dst",
        "dst_port",
        "tcp_flags",
        "ip_length",
        "problem",
        "payload_size",
    ):
        assert (getattr(broken, column) == getattr(whole, column))[same].all()
    cut = dissect(
        data, read.offsets, np.minimum(read.captured, rng.integers(0, 80, read.count)), read.link_type
    )
    assert ((cut.dst_port == whole.dst_port) | (cut.dst_port == -1)).all()
    assert ((cut.ip_version == whole.ip_version) | (cut.ip_version == 0)).all()
