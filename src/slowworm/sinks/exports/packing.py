"""Records into datagrams: sorted by what they must share, so many to each, all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """Which record goes where. ``packet`` and ``slot``: of every record; ``first``, ``last``: records of every packet.

    ``number``: counts the packets of one stream from 0.
    """

    packet: Ints
    slot: Ints
    first: Ints
    last: Ints
    number: Ints

    @property
    def count(self) -> Ints:
        """Records of every packet."""
        return self.last - self.first + 1

    def body(self, records: npt.NDArray[np.generic], most: int) -> npt.NDArray[np.uint8]:
        """Records (a structured array) as octets of shape (packets, most × size), zero where there are none."""
        size = records.dtype.itemsize
        octets = np.zeros((len(self.first) * most, size), np.uint8)
        octets[self.packet * most + self.slot] = records.view(np.uint8).reshape(-1, size)
        return octets.reshape(len(self.first), most * size)


def pack(stream: Ints, window: Ints, most: int) -> Packing:
    """Records sorted by stream and window into packets of at most ``most``, one stream and window each."""
    rows = np.arange(len(stream))
    new_stream = np.append(True, stream[1:] != stream[:-1])
    new = new_stream | np.append(True, window[1:] != window[:-1])
    slot = (rows - np.maximum.accumulate(np.where(new, rows, 0))) % most
    packet = np.cumsum(slot == 0) - 1
    first = np.flatnonzero(slot == 0)
    start = np.maximum.accumulate(np.where(new_stream[first], np.arange(len(first)), 0))
    return Packing(
        packet=packet,
        slot=slot,
        first=first,
        last=np.append(first[1:], len(rows)) - 1,
        number=np.arange(len(first)) - start,
    )
