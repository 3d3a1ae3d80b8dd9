"""Export datagrams as arrays over one buffer: where each begins, how long it is, when and from whom it came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

UNKNOWN_TIME = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Datagrams:
    """``data[offset[i]:offset[i]+size[i]]`` is the UDP payload of datagram i.

    ``time``: when it was received, ns since 1970 UTC, UNKNOWN_TIME where the input does not say.
    ``exporter``: index into ``exporters`` (address texts; ``""`` where unknown). Offsets and sizes lie within
    ``data``: whoever builds this checks it.
    """

    data: bytes
    offset: Ints
    size: Ints
    time: Ints
    exporter: Ints
    exporters: Sequence[str]

    def __len__(self) -> int:
        return len(self.offset)

    def chosen(self, which: npt.NDArray[np.bool_]) -> Datagrams:
        """The datagrams that ``which`` selects."""
        return Datagrams(
            data=self.data,
            offset=self.offset[which],
            size=self.size[which],
            time=self.time[which],
            exporter=self.exporter[which],
            exporters=self.exporters,
        )


def bare(data: bytes, spans: Iterable[tuple[int, int]]) -> Datagrams:
    """Datagrams of a file that holds nothing else: (offset, size) each, no times, no exporter."""
    pairs = np.array(list(spans), np.int64).reshape(-1, 2)
    return Datagrams(
        data=data,
        offset=pairs[:, 0].copy(),
        size=pairs[:, 1].copy(),
        time=np.full(len(pairs), UNKNOWN_TIME, np.int64),
        exporter=np.zeros(len(pairs), np.int64),
        exporters=("",),
    )


def matrix(data: bytes, offsets: Ints, width: int) -> npt.NDArray[np.uint8]:
    """Rows of ``width`` bytes at ``offsets``: shape (n, width). Every row must lie within ``data``."""
    view = np.frombuffer(data, np.uint8)
    if not len(offsets):
        return np.zeros((0, width), np.uint8)
    # Rows that follow each other closely come from one sliding view; the copy is what NumPy does fastest.
    windows = np.lib.stride_tricks.sliding_window_view(view, width)
    rows: npt.NDArray[np.uint8] = windows[offsets]
    return rows


def unsigned(rows: npt.NDArray[np.uint8], at: int, length: int) -> npt.NDArray[np.uint64]:
    """A big-endian unsigned field of 1 to 8 bytes at ``at`` of every row; of longer ones the last 8 bytes."""
    if length > 8:
        at, length = at + length - 8, 8
    if length in (1, 2, 4, 8):
        native = np.ascontiguousarray(rows[:, at : at + length]).view(f">u{length}")[:, 0]
        return native.astype(np.uint64)
    value = np.zeros(len(rows), np.uint64)
    for k in range(length):
        value = value << np.uint64(8) | rows[:, at + k].astype(np.uint64)
    return value
