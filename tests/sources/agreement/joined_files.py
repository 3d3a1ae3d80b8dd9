"""Files that belong together, as one: templates are in one file of a public fixture, their data in another."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

PCAP = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
HEADER = 24


def joined_files(files: Sequence[Path]) -> bytes:
    """The content of one file, or of several behind each other: captures of one kind, or bare datagrams."""
    contents = [file.read_bytes() for file in files]
    if contents[0][:4] not in PCAP:
        return b"".join(contents)
    assert len({content[:4] + content[20:24] for content in contents}) == 1, "captures of one kind"
    return contents[0] + b"".join(content[HEADER:] for content in contents[1:])


def messages(data: bytes) -> list[bytes]:
    """The export messages of a file that holds nothing else, as far as their headers give a length."""
    found, at = [], 0
    while len(data) - at >= 4:
        version, number = struct.unpack_from(">HH", data, at)
        size = {5: 24 + 48 * number, 10: number}.get(version, len(data))
        found.append(data[at : at + max(size, 4)])
        at += max(size, 4)
    return found


def as_capture(datagrams: Sequence[bytes], port: int) -> bytes:
    """UDP payloads as a capture of raw IP packets, as tshark needs them."""
    packets = [struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 101)]
    for payload in datagrams:
        udp = struct.pack(">HHHH", port, port, 8 + len(payload), 0) + payload
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 0x7F000001, 0x7F000001) + udp
        packets.append(struct.pack("<IIII", 0, 0, len(ip), len(ip)) + ip)
    return b"".join(packets)
