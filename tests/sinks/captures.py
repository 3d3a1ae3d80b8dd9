"""Captures of exports taken apart by hand, with nothing of ours: frames, datagrams, sets and templates."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Datagram:
    source: str
    port: int
    time: float
    packet: int
    """Octets of the IP packet."""
    payload: bytes


def ones_complement(data: bytes) -> int:
    """RFC 1071, word by word; 0 where a checksum within is right."""
    total = 0
    for word in struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)):
        total += int(word)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def datagrams(capture: bytes) -> Iterator[Datagram]:
    """The datagrams of a capture; every length and checksum on the way is checked."""
    magic, major, minor, _, _, _, link = struct.unpack_from("<IHHiIII", capture)
    assert (magic, major, minor, link) == (0xA1B2C3D4, 2, 4, 1)
    at = 24
    while at < len(capture):
        seconds, micros, captured, length = struct.unpack_from("<IIII", capture, at)
        assert captured == length
        frame = capture[at + 16 : at + 16 + captured]
        assert len(frame) == captured
        at += 16 + captured
        (kind,) = struct.unpack_from(">H", frame, 12)
        packet = frame[14:]
        if kind == 0x0800:
            assert packet[0] == 0x45
            assert struct.unpack_from(">H", packet, 2)[0] == len(packet)
            assert ones_complement(packet[:20]) == 0
            addresses, udp = packet[12:20], packet[20:]
            assert packet[9] == 17
        else:
            assert kind == 0x86DD
            assert packet[0] >> 4 == 6
            assert struct.unpack_from(">H", packet, 4)[0] == len(packet) - 40
            addresses, udp = packet[8:40], packet[40:]
            assert packet[6] == 17
        assert struct.unpack_from(">H", udp, 4)[0] == len(udp)
        assert udp[6:8] != b"\0\0"
        assert ones_complement(addresses + struct.pack(">HH", 17, len(udp)) + udp) == 0
        source = ipaddress.ip_address(addresses[: len(addresses) // 2])
        (port,) = struct.unpack_from(">H", udp, 2)
        yield Datagram(str(source), port, seconds + micros / 10**6, len(packet), udp[8:])
    assert at == len(capture)


@dataclass(frozen=True)
class Message:
    source: str
    sequence: int
    domain: int
    seconds: int
    uptime: int | None
    count: int | None
    sets: tuple[tuple[int, bytes], ...]


def messages(capture: bytes) -> Iterator[Message]:
    """The NetFlow v9 and IPFIX messages of a capture."""
    for one in datagrams(capture):
        data = one.payload
        (version,) = struct.unpack_from(">H", data)
        count: int | None
        uptime: int | None
        if version == 9:
            _, count, uptime, seconds, sequence, domain = struct.unpack_from(">HHIIII", data)
            at = 20
        else:
            assert version == 10
            _, length, seconds, sequence, domain = struct.unpack_from(">HHIII", data)
            assert length == len(data)
            uptime = count = None
            at = 16
        sets = []
        while at < len(data):
            number, length = struct.unpack_from(">HH", data, at)
            assert length >= 4
            assert length % 4 == 0
            sets.append((number, data[at + 4 : at + length]))
            at += length
        assert at == len(data)
        yield Message(one.source, sequence, domain, seconds, uptime, count, tuple(sets))


def template(body: bytes) -> tuple[int, list[tuple[int, int]]]:
    """The number and the fields of a set with one template."""
    number, count = struct.unpack_from(">HH", body)
    assert len(body) == 4 + 4 * count
    return number, [struct.unpack_from(">HH", body, 4 + 4 * i) for i in range(count)]
