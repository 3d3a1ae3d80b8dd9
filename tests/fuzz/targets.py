"""The targets: each decoder as a function of messages, with its seeds and where their fields are."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from slowworm.sources.capture.pcap import PacketCapture
from slowworm.sources.formats import standard_formats
from slowworm.sources.netflow.bare import NetflowFile
from slowworm.sources.nfcapd import NFCAPD
from slowworm.sources.sflow.bare import SflowDatagrams
from tests.fuzz import decoders, fields, files, kernels, messages, texts
from tests.sources.packets import frames
from tests.support import SHARED

SEED = 20010719


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One decoder. ``count``: messages decoded together; ``file``: they make a file, one behind the other."""

    name: str
    decode: decoders.Decode
    seeds: Callable[[], Sequence[bytes]]
    find: fields.Finder
    count: int = 1
    file: bool = False
    binary: bool = True
    tokens: Sequence[bytes] = ()
    memory_free: int = 0
    compiled: bool = False
    """Runs compiled kernels."""
    formats: Sequence[str] = ()
    """Names of the formats that it reads."""
    shared: Sequence[str] = ()
    """Patterns of public fixtures that are seeds too where they are at hand."""

    def all_seeds(self) -> list[bytes]:
        """Seeds built by code, and public fixtures up to 20 KB."""
        found = list(self.seeds())
        for pattern in self.shared:
            paths = sorted((SHARED / "data").glob(pattern))
            found += [path.read_bytes() for path in paths if path.stat().st_size <= MAX_SHARED]
        return found


MAX_SHARED = 20_000
"""Larger fixtures repeat themselves, and every mutation would cost their whole reading."""


def _rng() -> random.Random:
    return random.Random(SEED)


def _link_packets() -> list[bytes]:
    framed = [*files.framed(), *((1, frame) for frame in files.dns_frames())]
    return [link.to_bytes(2, "big") + frame for link, frame in framed]


def _exports() -> list[bytes]:
    """Captures of export datagrams, several versions in one."""
    rng = _rng()
    made = []
    for parts in (messages.fixed(rng)[:6], messages.templated(rng, 9), messages.templated(rng, 10),
                  messages.sflow_datagrams(rng)[:8]):  # fmt: skip
        udp = [frames.ethernet(0x0800, frames.ipv4(frames.udp(p), 17)) for p in parts]
        udp += [frames.ethernet(0x86DD, frames.ipv6(frames.udp(p), 17)) for p in parts[:3]]
        made += [files.pcap(udp), files.pcapng(udp)]
    return made


def _captures(make: Callable[..., bytes]) -> list[bytes]:
    every = files.framed()
    links = sorted({link for link, _ in every})
    made = [make([f for mine, f in every if mine == link][:8], link=link) for link in links]
    ethernet = [frame for link, frame in every if link == 1]
    made.append(make(ethernet, order=">"))
    return made


def _pcaps() -> list[bytes]:
    ethernet = [frame for link, frame in files.framed() if link == 1][:6]
    odd = [files.pcap(ethernet, magic=magic) for magic in (0xA1B23C4D, 0xA1B2CD34)]
    odd.append(files.pcap(files.dns_frames()))
    return _captures(files.pcap) + odd + [files.pcap(ethernet, minor=minor) for minor in (2, 3)]


def _packed_files() -> list[bytes]:
    return files.packed(messages.templated(_rng(), 9)[0] * 20) + files.packed(texts.LISTINGS[0])


def _everything() -> list[bytes]:
    """Of each format an input."""
    rng = _rng()
    streams = [
        b"".join(messages.fixed(rng)),
        b"".join(messages.templated(rng, 10)),
        b"".join(messages.templated(rng, 9)),
    ]
    binary = [
        *streams,
        b"".join(messages.sflow_datagrams(rng)),
        *_pcaps()[:3],
        *_exports()[:2],
        *files.nfcapd_files(rng),
    ]
    return [*binary, *texts.LISTINGS, *(data for _, data in texts.samples().values())]


def _compressed(method: int) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        rng = _rng()
        made = [files.nfcapd2([files.nf_block(files.records3(rng), method)] * 2, method)]
        if method < 4:
            made.append(files.nfcapd1([files.nf_block(files.records1(rng), method)] * 2, method))
        return made

    return seeds


@cache
def targets() -> dict[str, Target]:
    """All targets by name."""
    bare = [
        Target(
            name="netflow-fixed",
            decode=decoders.netflow,
            seeds=lambda: messages.fixed(_rng()),
            find=fields.netflow,
            count=4000,
        ),
        Target(
            name="netflow-v9",
            decode=decoders.netflow,
            seeds=lambda: messages.stream(_rng(), 9),
            find=fields.netflow,
            count=1000,
            shared=("netflow/logstash*/spec/codecs/netflow9*.dat",),
        ),
        Target(
            name="ipfix",
            decode=decoders.netflow,
            seeds=lambda: messages.stream(_rng(), 10),
            find=fields.netflow,
            count=1000,
            shared=("netflow/logstash*/spec/codecs/ipfix*.dat",),
        ),
        Target(
            name="netflow-held",
            decode=decoders.held,
            find=fields.netflow,
            count=400,
            seeds=lambda: [m for version in (9, 10) for m in messages.templated(_rng(), version)],
        ),
        Target(
            name="sflow",
            decode=decoders.sflow,
            seeds=lambda: messages.sflow_datagrams(_rng()),
            find=fields.sflow,
            count=3000,
        ),
        Target(name="packets", decode=decoders.packets, seeds=_link_packets, find=fields.packet, count=6000),
        Target(
            name="lzo",
            decode=decoders.lzo,
            seeds=lambda: [
                files.lzo_literals(random.Random(n).randbytes(n)) for n in (3, 20, 100, 230, 300, 700)
            ],
            find=fields.none,
            count=60,
        ),
    ]
    streams = [
        Target(
            name="netflow-stream",
            formats=("netflow-datagrams",),
            decode=decoders.of_format(NetflowFile()),
            find=fields.netflow,
            count=60,
            file=True,
            seeds=lambda: (
                [m for v in (9, 10) for m in messages.templated(_rng(), v)] + messages.fixed(_rng())
            ),
            shared=("netflow/logstash*/spec/codecs/*.dat",),
        ),
        Target(
            name="sflow-stream",
            formats=("sflow",),
            decode=decoders.of_format(SflowDatagrams()),
            find=fields.sflow,
            count=100,
            file=True,
            seeds=lambda: messages.sflow_datagrams(_rng()),
        ),
    ]
    whole = [
        Target(
            name="pcap",
            formats=("pcap", "pcap-packets"),
            decode=decoders.of_format(PacketCapture()),
            seeds=_pcaps,
            find=fields.pcap,
            shared=("netflow/akvorado/**/*.pcap", "netflow/scapy/**/*.pcap", "detection/**/*.pcap"),
        ),
        Target(
            name="pcap-exports",
            formats=("pcap-exports",),
            decode=decoders.of_format(PacketCapture(packets=False)),
            seeds=_exports,
            find=lambda data: fields.pcapng(data) if data[:1] == b"\x0a" else fields.pcap(data),
        ),
        Target(
            name="pcapng",
            decode=decoders.of_format(PacketCapture()),
            seeds=lambda: _captures(files.pcapng),
            find=fields.pcapng,
            shared=("detection/**/*.pcapng",),
        ),
        Target(
            name="nfcapd",
            formats=("nfcapd",),
            decode=decoders.of_format(NFCAPD),
            seeds=_compressed(0),
            find=fields.nfcapd,
            shared=("nfdump/**/nfcapd-*",),
        ),
        *(
            Target(
                name=f"nfcapd-{name}",
                decode=decoders.of_format(NFCAPD, rows_per_byte=50),
                seeds=_compressed(method),
                find=fields.nfcapd,
                memory_free=160 << 20,
            )
            for method, name in ((1, "lzo"), (2, "bz2"), (3, "lz4"), (4, "zstd"))
        ),
        Target(
            name="packed",
            decode=decoders.packed,
            seeds=_packed_files,
            find=fields.none,
            memory_free=200 << 20,
        ),
        Target(
            name="anything",
            decode=decoders.anything,
            find=fields.none,
            memory_free=400 << 20,
            seeds=lambda: [*_packed_files(), *texts.LISTINGS, *_pcaps()[:4], *messages.fixed(_rng())[:4]],
        ),
        Target(name="kernel-pcap", compiled=True, decode=kernels.pcap, seeds=_pcaps, find=fields.pcap),
        Target(
            name="kernel-dns",
            compiled=True,
            decode=kernels.dns,
            seeds=files.dns_messages,
            count=20,
            find=fields.packet,
        ),
        Target(
            name="kernel-pcapng",
            compiled=True,
            decode=kernels.pcapng,
            find=fields.pcapng,
            seeds=lambda: _captures(files.pcapng),
        ),
    ]
    text = [
        Target(
            name="listings",
            formats=[form.info.name for form in standard_formats().text],
            decode=decoders.of_listing,
            seeds=lambda: texts.LISTINGS,
            find=fields.none,
            binary=False,
            tokens=texts.TOKENS,
        ),
        Target(
            name="hunt",
            decode=decoders.hunt,
            seeds=_everything,
            find=fields.none,
            binary=False,
            tokens=texts.TOKENS,
            memory_free=64 << 20,
        ),
        Target(
            name="kernel-cache-flow",
            compiled=True,
            decode=kernels.cache_flow,
            seeds=lambda: texts.LISTINGS[:2],
            find=fields.none,
            binary=False,
            tokens=texts.TOKENS,
        ),
        *(
            Target(
                name=name,
                formats=(form.info.name,),
                decode=decoders.parquet(form) if "parquet" in name else decoders.of_format(form),
                seeds=_one(name, data),
                find=fields.none,
                binary="parquet" in name,
                tokens=texts.TOKENS,
            )
            for name, (form, data) in texts.samples().items()
        ),
    ]
    return {target.name: target for target in (*bare, *streams, *whole, *text)}


def _one(name: str, data: bytes) -> Callable[[], list[bytes]]:
    return lambda: [data, *(texts.parquets() if "parquet" in name else ())]
