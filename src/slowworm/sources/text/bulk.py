"""Large captures: the rows of `show ip cache flow` are taken out before the session is cut at its prompts.

A capture of a million rows has a handful of prompts and headers. Cleaning and cutting 80 MB to find them costs
more than reading the rows, so that the byte kernel goes first and the session is made of what it leaves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.table import Column, flow_batch
from slowworm.sources.session import MARK, Section, rendered
from slowworm.sources.text.cache_flow_rows import COMPILE_FROM_BYTES, MAX_GAPS, CacheRows, scan

PIECE = 1 << 18
TAB, ESCAPE, ASCII = 9, 27, 127

_LINE_END = re.compile(rb"[ \t\r]{0,100}\n?")
_TOP_TALKERS = re.compile(rb"DstP\s+Bytes")
_GLUED = re.compile(r"^Pkts|[#><]")
"""In an interface name: a header or prompt that lost the end of its line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """Rows taken out of a capture, and the ``rest`` of it on unchanged lines, a MARK for each of the ``runs``."""

    found: CacheRows
    rest: bytes
    runs: npt.NDArray[np.int64]
    """Rows of each run, in order: those of a section are the runs whose marks it holds."""

    def counted(self, sections: Sequence[Section]) -> list[Section]:
        """The sections of the rest with the number of rows taken out of each."""
        ends = np.concatenate([[0], np.cumsum(self.runs)])
        marks = np.cumsum([0, *(s.text.count(MARK) for s in sections)])
        taken = np.diff(ends[marks])
        return [replace(s, taken=n) if n else s for s, n in zip(sections, taken.tolist(), strict=True)]

    def batches(self, path: str, sections: Sequence[Section]) -> list[pa.RecordBatch]:
        """The rows as flow batches, with the hostname of the prompt above them."""
        columns: dict[str, Column] = {**self.found.columns(1), "input": path}
        counted = [s for s in self.counted(sections) if s.taken]
        names = sorted({s.hostname for s in counted if s.hostname})
        if names:
            code = {name: number for number, name in enumerate(names)}
            of_section = np.array([code.get(s.hostname or "", -1) for s in counted], np.int32)
            codes = np.repeat(of_section, [s.taken for s in counted])
            columns["exporter"] = pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), names)
        return [flow_batch(columns, rows=self.found.rows)]


def _hides_rows(data: bytes) -> bool:
    """Whether there is anything but plain ASCII: escape sequences, erased characters, NULs, byte order marks.

    One pass, in pieces that fit the cache.
    """
    view = np.frombuffer(data, np.uint8)
    for begin in range(0, len(view), PIECE):
        part = view[begin : begin + PIECE]
        if part.min() < TAB or part.max() > ASCII or (part == ESCAPE).any():
            return True
    return False


def take_out(data: bytes) -> Bulk | None:
    """The rows of a large capture; ``None`` where it is not large, or not of the plain kind.

    What hides rows from the kernel (escape sequences, erased characters, UTF-16, ends of lines of old Macs) and
    what needs more than rows (top talkers) is left to the reading of sections.
    """
    if len(data) < COMPILE_FROM_BYTES or b"SrcIPaddress" not in data[:COMPILE_FROM_BYTES]:
        return None
    if _hides_rows(data) or b"\n" not in data:
        return None
    found = scan(data)
    if not found.rows or len(found.gap_begin) > MAX_GAPS:
        return None
    if any(_GLUED.search(name) for name in found.names):
        return None
    parts: list[bytes] = []
    runs: list[int] = []
    mark, line, rows = MARK.encode(), 0, 0
    gaps = zip(
        found.gap_begin.tolist(),
        found.gap_end.tolist(),
        found.gap_line.tolist(),
        found.gap_row.tolist(),
        strict=True,
    )
    for begin, end, at, before in gaps:
        if before > rows:
            runs.append(before - rows)
            parts.append(mark)
            rows = before
        gap = data[begin:end]
        blanks = _LINE_END.match(data, end)  # they tell whether a command stands alone on its line
        behind = blanks[0] if blanks else b""
        parts += [b"\n" * (at - line) or b" ", rendered(gap.replace(mark, b" ")), behind]
        line = at + gap.count(b"\n") + behind.count(b"\n")
    if found.rows > rows:
        runs.append(found.rows - rows)
        parts.append(mark)
    if data.count(b"\n") > line:
        parts.append(b"\n")
    rest = b"".join(parts)
    return None if _TOP_TALKERS.search(rest) else Bulk(found=found, rest=rest, runs=np.array(runs, np.int64))
