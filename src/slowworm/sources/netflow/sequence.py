"""Loss by sequence numbers: v5, v7 and v8 count flows, v9 datagrams, IPFIX data records."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from slowworm.sources.datagrams import Ints

WRAP = 1 << 32
MAX_GAP = 1 << 24
"""Larger gaps are an exporter's restart or another exporter behind the same address, not loss."""


def lost(
    *, exporter: Ints, domain: Ints, sequence: Ints, step: Ints, offset: Ints
) -> Iterator[tuple[int, int, int, int]]:
    """(exporter, domain, lost, offset of the first gap) of streams that have gaps, in order of arrival.

    ``step``: by how much each message advances the number of the next. Duplicates and messages that overtook
    each other are no loss.
    """
    streams = np.unique(exporter << 32 | (domain & 0xFFFFFFFF), return_inverse=True)
    for index, stream in enumerate(streams[0].tolist()):
        mine = streams[1] == index
        numbers, steps, places = sequence[mine], step[mine], offset[mine]
        # A number counts what was sent before its message; some exporters include the message itself.
        found = [_missing(numbers, steps[:-1], steps[1:]), _missing(numbers, steps[1:], steps[:-1])]
        total, missing = min(found, key=lambda item: item[0])
        if total > 0:
            yield int(stream >> 32), int(stream & 0xFFFFFFFF), total, int(places[1:][missing > 0][0])


def _missing(numbers: Ints, before: Ints, after: Ints) -> tuple[int, Ints]:
    gaps = (numbers[1:] - numbers[:-1] - before) % WRAP
    late = gaps >= WRAP - MAX_GAP  # behind the expected number: a message that came late filled a gap
    missing: Ints = np.where((gaps > 0) & (gaps <= MAX_GAP), gaps, 0)
    return int(missing.sum()) - int(np.where(late, after, 0).sum()), missing
