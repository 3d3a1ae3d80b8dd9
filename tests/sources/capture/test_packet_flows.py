"""What flows of packets keep beside counters: first sequence numbers, ARP, the DNS of clients; truth from tshark."""

from __future__ import annotations

import struct
from collections import Counter
from typing import Any

import numpy as np
import pytest
from tests.sources.packets import frames
from tests.support import SHARED

import slowworm
from slowworm.flows.addresses import to_objects
from slowworm.sources.base import Reading
from slowworm.sources.capture.pcap import PacketCapture
from slowworm.sources.gathered import gathered

BOT = SHARED / "data/detection/StratosphereLinuxIPS/dataset/test7-malicious.pcap"
SWEEP = SHARED / "data/detection/zeek/nmap-vsn.pcap"
TEAMS = SHARED / "data/detection/nDPI-controls/teams.pcap"
needs_captures = pytest.mark.skipif(not BOT.exists(), reason="captures are not at hand")

START = 1_700_000_000


def pcap(*packets: tuple[float, bytes]) -> bytes:
    """Ethernet frames at seconds after START as a pcap file."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    return head + b"".join(
        struct.pack("<IIII", START + int(at), round(at % 1 * 1e6), len(frame), len(frame)) + frame
        for at, frame in packets
    )


def read(data: bytes) -> Reading:
    return PacketCapture().read("x.pcap", data)


def rows(reading: Reading) -> list[dict[str, Any]]:
    """Flows with addresses as text, without nulls."""
    found = []
    for batch in reading.batches:
        addresses = {n: [str(a) for a in to_objects(batch.column(n))] for n in ("src_addr", "dst_addr")}
        for i, row in enumerate(batch.to_pylist()):
            row |= {name: texts[i] for name, texts in addresses.items()}
            found.append({k: v for k, v in row.items() if v is not None})
    return found


def tcp(src: str, dst: str, *, flags: int, seq: int, sp: int = 1234, dp: int = 23) -> bytes:
    return frames.ethernet(0x0800, frames.ipv4(frames.tcp(sp, dp, flags=flags, seq=seq), 6, src=src, dst=dst))


def arp(operation: int, sender: str, target: str) -> bytes:
    body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation)
    return frames.ethernet(0x0806, body + bytes(6) + frames.packed(sender) + bytes(6) + frames.packed(target))


# Sequence numbers


def test_the_sequence_number_is_that_of_the_first_syn() -> None:
    reading = read(
        pcap(
            (0.0, tcp("10.0.0.1", "192.0.2.1", flags=0x10, seq=5)),
            (0.1, tcp("10.0.0.1", "192.0.2.1", flags=0x02, seq=77)),
            (0.2, tcp("10.0.0.1", "192.0.2.1", flags=0x02, seq=78)),
            (0.3, tcp("10.0.0.1", "192.0.2.2", flags=0x10, seq=900)),
            (0.4, tcp("10.0.0.1", "192.0.2.2", flags=0x18, seq=901)),
        )
    )
    assert {r["dst_addr"]: r["tcp_sequence_number"] for r in rows(reading)} == {
        "192.0.2.1": 77,
        "192.0.2.2": 900,  # no SYN was seen: the first packet's
    }


def test_mirais_mark_shows() -> None:
    targets = [f"192.0.2.{n}" for n in range(1, 6)]
    marked = [tcp("10.0.0.1", t, flags=2, seq=int.from_bytes(frames.packed(t))) for t in targets]
    batch = read(pcap(*enumerate(marked))).batches[0]
    assert batch.column("tcp_sequence_number").to_pylist() == batch.column("dst_addr").to_pylist()


@needs_captures
def test_sequence_numbers_agree_with_tshark() -> None:
    # tshark -r test7-malicious.pcap -Y 'tcp.flags.syn==1 && ip.src==192.168.2.16' -T fields -e tcp.seq_raw | sort -u:
    # how many, and their sum
    flows = [r for r in rows(read(BOT.read_bytes())) if r["src_addr"] == "192.168.2.16"]
    found = {r["tcp_sequence_number"] for r in flows if r.get("tcp_flags", 0) & 0x02}
    assert (len(found), sum(found)) == (138, 292_646_580_388)


# ARP


@needs_captures
def test_an_arp_sweep_is_flows_to_the_addresses_asked_for() -> None:
    # tshark -r nmap-vsn.pcap -Y 'arp.opcode==1' -T fields -e arp.dst.proto_ipv4 | sort -u | wc -l: 245, of 503 requests
    swept = [r for r in rows(read(SWEEP.read_bytes())) if r.get("ethertype") == 0x0806]
    assert {r["src_addr"] for r in swept} == {"192.168.1.71"}
    assert (len({r["dst_addr"] for r in swept}), sum(r["packets"] for r in swept)) == (245, 503)
    assert not [r for r in swept if "protocol" in r or "bytes" in r or "dst_port" in r]


@needs_captures
def test_gratuitous_arp_and_probes_are_counted_and_no_flows() -> None:
    # tshark -r test7-malicious.pcap -Y arp: 15 requests and 10 replies between two hosts, 3 gratuitous, 3 probes
    reading = read(BOT.read_bytes())
    asked = [r for r in rows(reading) if r.get("ethertype") == 0x0806]
    assert sum(r["packets"] for r in asked) == 25
    assert len({(r["src_addr"], r["dst_addr"]) for r in asked}) == 3
    notes = {n.id: n.count for n in reading.notes}
    assert (notes["arp-requests"], notes["arp-no-flows"]) == (15, 6)


def test_a_reply_is_a_flow_back_and_other_operations_are_none() -> None:
    reading = read(
        pcap(
            (0, arp(1, "10.0.0.1", "10.0.0.2")),
            (1, arp(2, "10.0.0.2", "10.0.0.1")),
            (2, arp(1, "0.0.0.0", "10.0.0.9")),
            (3, arp(2, "10.0.0.3", "10.0.0.3")),
            (4, arp(3, "10.0.0.4", "10.0.0.5")),
            (40, arp(1, "10.0.0.1", "10.0.0.2")),
        )
    )
    found = Counter((r["src_addr"], r["dst_addr"]) for r in rows(reading))
    assert found == {("10.0.0.1", "10.0.0.2"): 2, ("10.0.0.2", "10.0.0.1"): 1}  # 39 s apart: two flows
    assert {n.id: n.count for n in reading.notes} == {"arp-requests": 2, "arp-no-flows": 3}


@needs_captures
def test_arp_is_never_mistaken_for_ip() -> None:
    assert slowworm.hunt(SWEEP).verdicts == ()


# DNS


@needs_captures
@pytest.mark.parametrize(
    ("path", "four", "six"),
    # tshark -r FILE -Y 'udp.srcport==53 && dns.a' -T fields -e dns.a | tr , '\n' | wc -l, and dns.aaaa
    [(BOT, 56, 12), (TEAMS, 17, 1)],
    ids=["bot", "teams"],
)
def test_answers_of_dns_agree_with_tshark(path: Any, four: int, six: int) -> None:
    answers = [a for lookup in read(path.read_bytes()).lookups if lookup.answer is not None
               for a in to_objects(lookup.answer)]  # fmt: skip
    assert Counter(a.version for a in answers if a) == {4: four, 6: six}


def response(*answers: bytes, questions: int = 1) -> bytes:
    """A DNS answer for ``a.test`` with compressed names."""
    question = b"\x01a\x04test\x00" + struct.pack(">HH", 1, 1)
    head = struct.pack(">HHHHHH", 7, 0x8180, questions, len(answers), 0, 0)
    return head + question * questions + b"".join(answers)


def address(text: str, name: bytes = b"\xc0\x0c") -> bytes:
    packed = frames.packed(text)
    return name + struct.pack(">HHIH", 1 if len(packed) == 4 else 28, 1, 60, len(packed)) + packed


def dns(payload: bytes, client: str = "10.0.0.1") -> bytes:
    return frames.ethernet(
        0x0800, frames.ipv4(frames.udp(payload, 53, 4000), 17, src="10.0.0.53", dst=client)
    )


def test_flows_are_marked_by_the_dns_before_them() -> None:
    data = pcap(
        (0, tcp("10.0.0.1", "192.0.2.1", flags=2, seq=1, sp=1)),  # before any DNS: not known
        (5, dns(response(address("192.0.2.1"), address("192.0.2.2")))),
        (6, tcp("10.0.0.1", "192.0.2.1", flags=2, seq=1, sp=2)),
        (7, tcp("10.0.0.1", "192.0.2.9", flags=2, seq=1, sp=3)),
        (8, tcp("10.0.0.2", "192.0.2.1", flags=2, seq=1, sp=4)),  # another client, whose DNS is not here
    )
    whole = gathered([read(data)])
    marked = {r["src_port"]: r.get("resolved") for r in rows(whole.readings[0]) if r["protocol"] == 6}
    assert marked == {1: None, 2: True, 3: False, 4: None}
    assert [(n.id, n.count) for n in whole.notes] == [("dns-resolved", 1)]


def test_a_client_over_ipv6_is_known_by_its_ipv6_address() -> None:
    answer = frames.udp(response(address("2001:db8::99"), address("192.0.2.7")), 53, 4000)
    syn = frames.tcp(1, 80, flags=2)
    data = pcap(
        (0, frames.ethernet(0x86DD, frames.ipv6(answer, 17, src="2001:db8::53", dst="2001:db8::1"))),
        (1, frames.ethernet(0x86DD, frames.ipv6(syn, 6, src="2001:db8::1", dst="2001:db8::99"))),
        (2, frames.ethernet(0x86DD, frames.ipv6(syn, 6, src="2001:db8::1", dst="2001:db8::98"))),
        (3, tcp("10.0.0.1", "192.0.2.7", flags=2, seq=1)),
    )
    (reading,) = gathered([read(data)]).readings
    marked = {r["dst_addr"]: r.get("resolved") for r in rows(reading) if r["protocol"] == 6}
    assert marked == {"2001:db8::99": True, "2001:db8::98": False, "192.0.2.7": None}


@pytest.mark.parametrize(
    "answers",
    [
        [address("192.0.2.1", name=b"\xc0\x1c")],  # a pointer to itself
        [address("192.0.2.1", name=b"\x3fx")],  # a label behind the end
        [address("192.0.2.1", name=b"\x80\x00")],  # a label type that is none
        [b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 60_000) + bytes(4)],
        [b""] * 65_535,
    ],
    ids=["loop", "label", "type", "length", "count"],
)
def test_hostile_answers_end_and_are_counted(answers: list[bytes]) -> None:
    reading = read(pcap((0, dns(response(*answers)))))
    assert sum(len(lookup.answer or ()) for lookup in reading.lookups) == (
        1 if b"\xc0\x1c" in answers[0] else 0
    )
    assert [n.id for n in reading.notes] == ([] if b"\xc0\x1c" in answers[0] else ["dns-short"])


def test_times_of_lookups_are_those_of_the_packets() -> None:
    reading = read(pcap((0.25, dns(response(address("192.0.2.1"))))))
    times = [t for lookup in reading.lookups for t in lookup.time.to_pylist()]
    assert times == [START * 10**9 + 250_000_000] * 2
    assert np.all([len(lookup.client) == 1 for lookup in reading.lookups])
