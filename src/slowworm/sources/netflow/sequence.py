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
            yield int(stream >> 32), int(stream & 0xFFFFFFFF), total, int(places[missing > 0][0])


def _missing(numbers: Ints, before: Ints, after: Ints) -> tuple[int, Ints]:
    """What is missing in all, and per message whether a gap lies in front of it.

    ``before``, ``after``: the steps by the two conventions, from the first message on and from the second.
    """
    steps = np.append(before, after[-1:]) if len(before) else np.zeros(1, np.int64)
    moves = (numbers[1:] - numbers[:-1]) % WRAP
    moves = np.where(moves >= WRAP // 2, moves - WRAP, moves)
    restart = np.abs(moves) > MAX_GAP
    run = np.concatenate([[0], np.cumsum(restart)])
    place = np.concatenate([[0], np.cumsum(np.where(restart, 0, moves))])
    order = np.lexsort((place, run))  # messages that overtook each other fall into place
    total, gap = 0, np.zeros(len(numbers), np.int64)
    for number in range(int(run[-1]) + 1):
        mine = order[run[order] == number]
        ends = np.maximum.accumulate(place[mine] + steps[mine])
        holes = np.maximum(place[mine][1:] - ends[:-1], 0)
        total += int(holes.sum())
        gap[mine[1:]] += holes
    return total, gap
