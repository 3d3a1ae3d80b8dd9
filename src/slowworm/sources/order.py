"""The order of captures: by their first message, so that templates are known in the order in which they were sent."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

from slowworm.errors import InputError
from slowworm.sources.packing import packing, unpacked

HEAD = 4096
"""Octets that are enough to find the first packet or message of a capture."""

V9, IPFIX = 9, 10
_SENT_AT = {V9: 8, IPFIX: 4}


def in_time_order(paths: Sequence[str]) -> list[str]:
    """The paths with their captures in order of time; everything else keeps its place.

    The names of rotated captures need not sort: ``cap10`` stands before ``cap2``.
    """
    begun = {place: when for place, path in enumerate(paths) if (when := first_time(path)) is not None}
    if len(begun) < 2:
        return list(paths)
    ordered = list(paths)
    for place, source in zip(
        sorted(begun), sorted(begun, key=lambda place: (begun[place], place)), strict=True
    ):
        ordered[place] = paths[source]
    return ordered


def first_time(path: str) -> int | None:
    """When a capture or a file of messages with templates begins, ns since 1970; ``None`` for everything else."""
    if path == "-":
        return None
    try:
        if not Path(path).is_file():  # what is read from a pipe is gone
            return None
        with Path(path).open("rb") as file:
            head = file.read(HEAD)
    except (OSError, ValueError):
        return None
    if packing(head) is not None:
        try:
            head = unpacked(path, head)[0][:HEAD]
        except InputError:
            return None
    return _of_capture(head) or _of_messages(head)


def _of_capture(head: bytes) -> int | None:
    from slowworm.sources.pcap.capture import is_capture, read_capture

    if not is_capture(head):
        return None
    times = read_capture("", head).times
    return int(times[0]) if len(times) and times[0] > 0 else None


def _of_messages(head: bytes) -> int | None:
    if len(head) < 16:
        return None
    (version,) = struct.unpack_from(">H", head)
    if version not in _SENT_AT:
        return None
    return int.from_bytes(head[_SENT_AT[version] : _SENT_AT[version] + 4], "big") * 10**9
