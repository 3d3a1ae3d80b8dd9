"""Files built by code, to be mutated: captures of every link type, pcapng, nfdump's files in every compression."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import struct
from collections.abc import Callable

import pyarrow as pa

from tests.sources.packets import frames

SECONDS = 1_700_000_000


def inner_packets() -> list[tuple[int, bytes]]:
    """(EtherType, packet): transports, options, extension headers, fragments."""
    fragment = b"\x06\x00\x00\x01" + bytes(4)
    chain = struct.pack(">BB6x", 60, 0) + struct.pack(">BB14x", 44, 1) + fragment
    routing = struct.pack(">BB14x", 17, 1)
    return [
        (0x0800, frames.ipv4(frames.tcp(), 6)),
        (0x0800, frames.ipv4(frames.udp(b"payload"), 17)),
        (0x0800, frames.ipv4(b"\x08\x00" + bytes(6), 1, options=b"\x01\x01\x01\x00")),
        (0x0800, frames.ipv4(frames.tcp(), 6, fragment=0x2000)),
        (0x0800, frames.ipv4(bytes(16), 17, fragment=0x0005)),
        (0x0800, frames.ipv4(frames.tcp(), 6, length=0)),
        (0x0800, frames.ipv4(bytes(12), 132)),
        (0x86DD, frames.ipv6(frames.tcp(), 6)),
        (0x86DD, frames.ipv6(b"\x80\x00" + bytes(6), 58)),
        (0x86DD, frames.ipv6(chain + frames.tcp(), 0)),
        (0x86DD, frames.ipv6(routing + frames.udp(b"x"), 43)),
        (0x86DD, frames.ipv6(b"\x06\x02" + bytes(14) + frames.tcp(), 51)),
        (0x0806, frames.arp()),
    ]


LINKS: dict[int, Callable[[int, bytes], bytes]] = {
    1: frames.ethernet,
    0: lambda kind, p: struct.pack("<I", 2 if kind == 0x0800 else 30) + p,
    9: lambda kind, p: b"\xff\x03" + struct.pack(">H", 0x21 if kind == 0x0800 else 0x57) + p,
    12: lambda _, p: p,
    14: lambda _, p: p,
    50: lambda kind, p: struct.pack(">HH", 0x0F00, kind) + p,
    51: lambda kind, p: b"\x11\0" + struct.pack(">HHH", 7, len(p) + 2, 0x21 if kind == 0x0800 else 0x57) + p,
    101: lambda _, p: p,
    104: lambda kind, p: struct.pack(">HH", 0x0F00, kind) + p,
    107: lambda kind, p: b"\x18\x41\x03" + (b"\xcc" if kind == 0x0800 else b"\x8e") + p,
    108: lambda kind, p: struct.pack(">I", 2 if kind == 0x0800 else 24) + p,
    113: lambda kind, p: struct.pack(">HHH8xH", 0, 1, 6, kind) + p,
    204: lambda kind, p: b"\x01\xff\x03" + struct.pack(">H", 0x21 if kind == 0x0800 else 0x57) + p,
    219: lambda _, p: frames.label(16, last=False) + frames.label(17, last=True) + p,
    228: lambda _, p: p,
    229: lambda _, p: p,
    276: lambda kind, p: struct.pack(">HHIHBB8x", kind, 0, 3, 1, 0, 6) + p,
}
"""Link type → a packet in its frame."""


def wrapped(packet: bytes) -> list[bytes]:
    """An IPv4 packet in Ethernet behind tags, labels, sessions and pseudowires."""
    tag = struct.pack(">HH", 5, 0x0800)
    return [
        frames.ethernet(0x8100, tag + packet),
        frames.ethernet(0x88A8, struct.pack(">HH", 5, 0x8100) + tag + packet),
        frames.ethernet(0x8847, frames.label(16, last=True) + packet),
        frames.ethernet(0x8847, frames.label(16, last=True) + bytes(4) + frames.ethernet(0x0800, packet)),
        frames.ethernet(0x8864, b"\x11\0" + struct.pack(">HHH", 7, len(packet) + 2, 0x21) + packet),
        frames.ethernet(0x8926, bytes(4) + struct.pack(">H", 0x0800) + packet),
        frames.ethernet(0x8909, bytes(6) + struct.pack(">H", 0x0800) + packet),
        frames.ethernet(len(packet) + 8, b"\xaa\xaa\x03\0\0\0" + struct.pack(">H", 0x0800) + packet),
        frames.ethernet(0x6558, frames.ethernet(0x0800, packet)),
    ]


def framed() -> list[tuple[int, bytes]]:
    """(link type, frame): every inner packet in every link layer, and Ethernet's wrappers."""
    made = [(link, frame(kind, p)) for link, frame in LINKS.items() for kind, p in inner_packets()]
    return made + [(1, frame) for frame in wrapped(frames.ipv4(frames.tcp(), 6))]


def dns_messages() -> list[bytes]:
    """A query, and answers with addresses of both versions, a compressed name, an alias, no answer."""
    name = b"\x03www\x07example\x03net\x00"
    question = name + struct.pack(">HH", 1, 1)

    def answer(kind: int, address: bytes, owner: bytes = b"\xc0\x0c") -> bytes:
        return owner + struct.pack(">HHIH", kind, 1, 300, len(address)) + address

    four, six, alias = answer(1, bytes(4)), answer(28, bytes(16), name), answer(5, name)
    made = [struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + question]
    for body, count in (
        (four, 1),
        (six, 1),
        (alias + four * 3, 4),
        (answer(1, bytes(4), b"\x00") * 9, 9),
        (b"", 0),
    ):
        made.append(struct.pack(">HHHHHH", 7, 0x8180, 1, count, 0, 0) + question + body)
    return made


def dns_frames() -> list[bytes]:
    """DNS over UDP over both versions of IP."""
    made = []
    for k, message in enumerate(dns_messages()):
        udp = frames.udp(message, sp=53 if k else 4000, dp=4000 if k else 53)
        made.append(frames.ethernet(0x0800, frames.ipv4(udp, 17)))
        made.append(frames.ethernet(0x86DD, frames.ipv6(udp, 17)))
    return made


def pcap(
    packets: list[bytes], *, link: int = 1, order: str = "<", magic: int = 0xA1B2C3D4, minor: int = 4
) -> bytes:
    """A pcap file."""
    parts = [struct.pack(order + "IHHiIII", magic, 2, minor, 0, 0, 65535, link)]
    extra = bytes(8) if magic == 0xA1B2CD34 else b""
    for i, packet in enumerate(packets):
        parts += [struct.pack(order + "IIII", SECONDS + i, 500 + i, len(packet), len(packet)), extra, packet]
    return b"".join(parts)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A pcapng block."""
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, 12 + len(body)) + body + struct.pack(order + "I", 12 + len(body))


def pcapng(packets: list[bytes], *, link: int = 1, order: str = "<") -> bytes:
    """A pcapng file: two interfaces with clocks of their own, all three kinds of packet blocks, and statistics."""
    options = struct.pack(order + "HH", 2, 4) + b"eth0" + struct.pack(order + "HHB3xI", 9, 1, 9, 0)
    made = [
        block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order),
        block(1, struct.pack(order + "HHI", link, 0, 65535) + options, order),
        block(
            1, struct.pack(order + "HHI", link, 0, 0) + struct.pack(order + "HHB3xI", 9, 1, 0x94, 0), order
        ),
    ]
    for i, packet in enumerate(packets):
        ticks = (SECONDS + i) * 10**9
        size = len(packet)
        if i % 3 == 0:
            head = struct.pack(order + "IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, size, size)
            made.append(block(6, head + packet, order))
        elif i % 3 == 1:
            made.append(block(3, struct.pack(order + "I", size) + packet, order))
        else:
            head = struct.pack(order + "HHIIII", i // 3 % 2, 0, ticks >> 32, ticks & 0xFFFFFFFF, size, size)
            made.append(block(2, head + packet, order))
    made.append(block(5, bytes(12), order))
    return b"".join(made)


def lzo_literals(data: bytes) -> bytes:
    """An LZO1X stream of literals and short copies: what a compressor could have written."""
    out, first = bytearray(), True
    for at in range(0, len(data), 200):
        part = data[at : at + 200]
        if first and len(part) <= 238:
            out += bytes([17 + len(part)]) + part
        elif len(part) > 18:
            out += b"\0" + bytes([len(part) - 18]) + part
        elif len(part) >= 4:
            out += bytes([len(part) - 3]) + part
        else:
            break
        first = False
        if at + 200 < len(data):
            out += b"\x20\x01\x00\x00"  # three bytes from one back: no traffic, but a copy
    return bytes(out) + b"\x11\x00\x00"


def lz4_literals(data: bytes) -> bytes:
    """An LZ4 block of literals."""
    size = len(data)
    if size < 15:
        return bytes([size << 4]) + data
    more = size - 15
    return b"\xf0" + b"\xff" * (more // 255) + bytes([more % 255]) + data


PACKERS: tuple[Callable[[bytes], bytes], ...] = (
    bytes,
    lzo_literals,
    bz2.compress,
    lz4_literals,
    lambda data: pa.compress(data, "zstd", asbytes=True),
)
"""By nfdump's number of the compression."""


def nf_block(records: list[bytes], method: int, *, flags: int = 0) -> bytes:
    """A block of records."""
    body = PACKERS[method](b"".join(records))
    return struct.pack("<IIHH", len(records), len(body), 3, flags) + body


def nfcapd2(blocks: list[bytes], method: int) -> bytes:
    """A file of nfdump 1.7."""
    return struct.pack("<HHIqBBHIqII", 0xA50C, 2, 0, SECONDS, method, 0, 0, 1, 0, 0, len(blocks)) + b"".join(
        blocks
    )


def nfcapd1(blocks: list[bytes], method: int) -> bytes:
    """A file of nfdump 1.6."""
    flags = (0, 1, 8, 16)[method]
    head = struct.pack("<HHII128s", 0xA50C, 1, flags, len(blocks), b"router")
    return head + struct.pack("<15QIIHHI", 3, *[0] * 14, 0, 0, 0, 0, 0) + b"".join(blocks)


def records3(rng: random.Random) -> list[bytes]:
    """Records of 1.7 with every extension that is read, an exporter and a sampler."""

    def record(*extensions: tuple[int, bytes], flags: int = 0) -> bytes:
        body = b"".join(struct.pack("<HH", number, 4 + len(e)) + e for number, e in extensions)
        return struct.pack("<HHHBBHBB", 11, 12 + len(body), len(extensions), 0, 0, 1, flags, 9) + body

    def generic(protocol: int) -> tuple[int, bytes]:
        ms = SECONDS * 1000
        return 1, struct.pack("<QQQQQHHBBBB", ms, ms + 5, ms, 3, 180, 1024, 445, protocol, 2, 64, 0)

    ipv4, ipv6 = (2, rng.randbytes(8)), (3, rng.randbytes(32))
    misc, counters = (4, rng.randbytes(16)), (5, struct.pack("<QQQ", 1, 2, 90))
    exporter = struct.pack("<HHI16sHHI", 7, 32, 9, rng.randbytes(16), 2, 1, 0)
    sampler = struct.pack("<HHHHqII", 15, 24, 1, 0, -1, 1, 99)
    return [
        exporter,
        sampler,
        record(generic(6), ipv4, misc, counters),
        record(generic(17), ipv6, misc),
        record(generic(1), ipv4, (12, rng.randbytes(4)), flags=2),
        record(generic(6), ipv4, (13, rng.randbytes(16)), (37, bytes(4))),
        record(generic(6), ipv4, (19, struct.pack("<QIHBB", SECONDS * 1000, 7, 0, 2, 0))),
        record(generic(6), ipv4, (25, struct.pack("<QIBBH", SECONDS * 1000, 0, 1, 0, 0))),
        record(ipv4, (40, rng.randbytes(9))),
    ]


def records1(rng: random.Random) -> list[bytes]:
    """Records of 1.6: a map, both address sizes, both counter sizes, an old record, an exporter and a sampler."""
    numbers = [4, 14, 16, 23, 37, 46]
    sizes = [4, 4, 4, 4, 20, 12]
    content = struct.pack("<7H", *numbers, 0)
    made = [struct.pack("<HHHH", 2, 8 + len(content) + 2, 1, sum(sizes)) + content + bytes(2)]
    made.append(struct.pack("<HHI16sHHI", 7, 32, 9, rng.randbytes(16), 2, 1, 0))
    made.append(struct.pack("<HHiIHH", 9, 16, 0, 100, 0, 1))
    for kind, flags in ((10, 0), (10, 1), (10, 6), (10, 135), (1, 0)):
        head = struct.pack("<BBHHHIIBBBBHH", flags, 0, 1, 5, 9, SECONDS, SECONDS + 1, 0, 2, 6, 0, 1024, 445)
        extra = b"" if kind == 1 else struct.pack("<HBB", 1, 0, 0)
        body = extra + rng.randbytes(32 if flags & 1 else 8)
        body += (5).to_bytes(8 if flags & 2 else 4, "little") + (300).to_bytes(
            8 if flags & 4 else 4, "little"
        )
        body += rng.randbytes(sum(sizes))
        made.append(struct.pack("<HH", kind, 4 + len(head) + len(body)) + head + body)
    return made


def nfcapd_files(rng: random.Random) -> list[bytes]:
    """Both layouts in every compression."""
    new, old = records3(rng), records1(rng)
    made = [nfcapd2([nf_block(new, method), nf_block(new[2:], method)], method) for method in range(5)]
    return made + [nfcapd1([nf_block(old, method), nf_block(old, method)], method) for method in range(4)]


def packed(data: bytes) -> list[bytes]:
    """The four packings, and members one after the other."""
    made = [
        gzip.compress(data),
        bz2.compress(data),
        lzma.compress(data),
        pa.compress(data, "zstd", asbytes=True),
    ]
    return [*made, *(one + one for one in made)]
