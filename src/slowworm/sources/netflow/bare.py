"""Files that hold nothing but NetFlow or IPFIX messages, one after the other."""

from __future__ import annotations

import struct

from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.datagrams import bare
from slowworm.sources.netflow.decode import VERSIONS
from slowworm.sources.netflow.exports import Exports
from slowworm.sources.netflow.fixed import LAYOUTS, SCHEME_AT, SCHEMES
from slowworm.sources.reading import reading

MAX_COUNT = 1000
"""Records that a header of NetFlow v9 may claim: a datagram has room for fewer than this."""

MAX_FIXED = 64
"""The same for v1 to v8, whose datagrams hold 24 to 51 records at most (Cisco NetFlow export formats)."""


class NetflowFile:
    """The payloads of export datagrams as a file: what a test fixture, or `nc -lu` into a file, holds."""

    info = FormatInfo(
        name="netflow-datagrams",
        title="NetFlow v1, v5, v7, v8, v9 and IPFIX messages in a file",
        commands=(),
        carries="everything the exporter sends: addresses, ports, counters, flags, interfaces, times, sampling",
        lacks="the exporter's address; NetFlow v9 and IPFIX need their templates, here or in another input",
    )

    def __init__(self, netflow: Exports | None = None) -> None:
        """``netflow``: what decodes, shared with other inputs."""
        self._netflow = netflow or Exports()

    def recognises(self, head: bytes) -> bool:
        """By a first header that makes sense throughout."""
        if len(head) < 16 or head[0] != 0 or head[1] not in VERSIONS:
            return False
        version, count = struct.unpack_from(">HH", head)
        if version == 10:
            return count >= 16 and _plausible_set(head, 16, (2, 3))
        if version == 9:
            return 1 <= count <= MAX_COUNT and _plausible_set(head, 20, (0, 1))
        form = LAYOUTS.get(version) or (SCHEMES.get(head[SCHEME_AT]) if len(head) > SCHEME_AT else None)
        return form is not None and 1 <= count <= MAX_FIXED

    def read(self, path: str, data: bytes) -> Reading:
        """All messages."""
        return reading(path, self._netflow.decode(bare(data, _spans(data)), path))


def _plausible_set(head: bytes, at: int, templates: tuple[int, int]) -> bool:
    if len(head) < at + 4:
        return False
    number, length = struct.unpack_from(">HH", head, at)
    return length >= 4 and (number in templates or number >= 256)


def _spans(data: bytes) -> list[tuple[int, int]]:
    """Messages of versions that tell their length are cut here; NetFlow v9 is left to the walk of its sets."""
    spans, at = [], 0
    while at + 4 <= len(data):
        version, count = struct.unpack_from(">HH", data, at)
        form = LAYOUTS.get(version)
        if version == 8 and at + SCHEME_AT < len(data):
            form = SCHEMES.get(data[at + SCHEME_AT])
        if form is None:  # v9, IPFIX (which may hold several), or what cannot be cut further
            spans.append((at, len(data) - at))
            break
        size = min(form.header + form.record * count, len(data) - at)
        spans.append((at, size))
        at += size
    return spans
