"""The rows of `show ip cache flow` as columns: the byte kernel, its buffers, and what lies between rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.services import ICMP
from slowworm.flows.table import Column
from slowworm.kernels import cache_flow as kernels
from slowworm.sources.session import MARK, Section

COMPILE_FROM_BYTES = 2_000_000
"""Texts from this size on run the compiled kernel. Measured: uncompiled 0.15 s a megabyte, importing numba and
loading the cached kernel 0.28 s."""

MAX_GAPS = 10_000
"""Pieces of not understood text kept between rows; text beyond them is only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRows:
    """Rows found in a text; ``gap_*``: offsets and 0-based lines of the text that is no row, rows before it."""

    data: bytes
    rows: int
    src: npt.NDArray[np.uint32]
    dst: npt.NDArray[np.uint32]
    protocol: npt.NDArray[np.uint8]
    src_port: npt.NDArray[np.uint16]
    dst_port: npt.NDArray[np.uint16]
    packets: npt.NDArray[np.uint64]
    in_if: npt.NDArray[np.int32]
    out_if: npt.NDArray[np.int32]
    line: npt.NDArray[np.uint32]
    names: list[str]
    gap_begin: npt.NDArray[np.int64]
    gap_end: npt.NDArray[np.int64]
    gap_line: npt.NDArray[np.int64]
    gap_row: npt.NDArray[np.int64]

    def columns(self, first_line: int) -> dict[str, Column]:
        """Columns of the flow table; ``first_line`` is the line in the file where the text begins."""
        if not self.rows:
            return {}
        columns: dict[str, Column] = {
            "src_addr": pa.array(self.src),
            "dst_addr": pa.array(self.dst),
            "protocol": pa.array(self.protocol),
            "packets": pa.array(self.packets),
            "line": pa.array(self.line + np.uint32(first_line)),
            "in_if": _names(self.in_if, self.names),
            "out_if": _names(self.out_if, self.names),
        }
        icmp = self.protocol == ICMP
        if not icmp.any():
            columns["src_port"], columns["dst_port"] = pa.array(self.src_port), pa.array(self.dst_port)
            return columns
        columns["src_port"] = pa.array(self.src_port, mask=icmp)
        columns["dst_port"] = pa.array(self.dst_port, mask=icmp)
        columns["icmp_type"] = pa.array((self.dst_port >> 8).astype(np.uint8), mask=~icmp)
        columns["icmp_code"] = pa.array((self.dst_port & 255).astype(np.uint8), mask=~icmp)
        return columns

    def gaps(self, section: Section) -> list[Section]:
        """The text between rows as pieces of ``section``, from whose text the rows were read."""
        kept = zip(
            self.gap_begin[:MAX_GAPS].tolist(),
            self.gap_end[:MAX_GAPS].tolist(),
            self.gap_line[:MAX_GAPS].tolist(),
            strict=True,
        )
        pieces: list[Section] = []
        for a, b, line in kept:
            text = self.data[a:b].decode("latin-1")
            piece = replace(section, text=text, line=section.line + line)
            pieces += _parted(piece) if MARK in text else [piece]
        more = len(self.gap_begin) - MAX_GAPS
        if more > 0:
            size = int((self.gap_end[MAX_GAPS:] - self.gap_begin[MAX_GAPS:]).sum())
            pieces.append(
                replace(
                    section,
                    text=f"({more} more pieces of text between rows, {size} bytes)",
                    line=section.line + int(self.gap_line[MAX_GAPS]),
                )
            )
        return pieces


def _parted(piece: Section) -> list[Section]:
    """The parts of a piece between marks."""
    parts, line = [], piece.line
    for text in piece.text.split(MARK):
        parts.append(replace(piece, text=text, line=line))
        line += text.count("\n")
    return parts


def scan(data: bytes) -> CacheRows:
    """All rows of ``data``, compiled where it is large. Memory: at most 3 times the size of ``data``."""
    size = len(data)
    room = size // kernels.MIN_ROW_BYTES + 1
    src, dst = np.empty(room, np.uint32), np.empty(room, np.uint32)
    protocol, src_port, dst_port = (
        np.empty(room, np.uint8),
        np.empty(room, np.uint16),
        np.empty(room, np.uint16),
    )
    packets, in_if, out_if = np.empty(room, np.uint64), np.empty(room, np.int32), np.empty(room, np.int32)
    line = np.empty(room, np.uint32)
    gap_begin, gap_end, gap_line, gap_row = (np.empty(room + 1, np.int64) for _ in range(4))
    names_room = min(kernels.MAX_NAMES, 2 * room)
    name_at, name_size = np.empty(names_room, np.int64), np.empty(names_room, np.int64)
    slots = np.full(1 << (kernels.SLOTS_PER_NAME * names_room - 1).bit_length(), -1, np.int32)
    large = size >= COMPILE_FROM_BYTES
    run = kernels.rows_of.compiled if large else kernels.rows_of.python
    rows, gaps, names = run(
        np.frombuffer(data, np.uint8) if large else data,
        size,
        src,
        dst,
        protocol,
        src_port,
        dst_port,
        packets,
        in_if,
        out_if,
        line,
        gap_begin,
        gap_end,
        gap_line,
        gap_row,
        name_at,
        name_size,
        slots,
    )
    named = zip(name_at[:names].tolist(), name_size[:names].tolist(), strict=True)
    return CacheRows(
        data=data,
        rows=rows,
        src=src[:rows],
        dst=dst[:rows],
        protocol=protocol[:rows],
        src_port=src_port[:rows],
        dst_port=dst_port[:rows],
        packets=packets[:rows],
        in_if=in_if[:rows],
        out_if=out_if[:rows],
        line=line[:rows],
        names=[data[a : a + n].decode("latin-1") for a, n in named],
        gap_begin=gap_begin[:gaps],
        gap_end=gap_end[:gaps],
        gap_line=gap_line[:gaps],
        gap_row=gap_row[:gaps],
    )


def _names(codes: npt.NDArray[np.int32], names: list[str]) -> pa.Array:
    missing = codes < 0
    indices = pa.array(codes, mask=missing) if missing.any() else pa.array(codes)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string()))
