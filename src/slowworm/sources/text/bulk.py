"""Large captures: the rows of `show ip cache flow` are taken out before the session is cut at its prompts.

A capture of a million rows has a handful of prompts and headers. Cleaning and cutting 80 MB to find them costs
more than reading the rows, so that the byte kernel goes first and the session is made of what it leaves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from slowworm.flows.table import Column, flow_batch
from slowworm.sources.session import Section
from slowworm.sources.text.cache_flow_rows import COMPILE_FROM_BYTES, MAX_GAPS, CacheRows, scan

ROWS_PER_LINE = 2
"""With more rows than this in a line on average the text was collapsed, and lines say nothing of order."""


_TOP_TALKERS = re.compile(rb"DstP\s+Bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """Rows taken out of a capture, and the ``rest`` of it on unchanged lines."""

    found: CacheRows
    rest: bytes

    def batches(self, path: str, sections: Sequence[Section]) -> list[pa.RecordBatch]:
        """The rows as flow batches, with the hostname of the prompt above them."""
        columns: dict[str, Column] = {**self.found.columns(1), "input": path}
        names = [s.hostname for s in sections]
        if any(names):
            starts = np.array([s.line for s in sections])
            section = np.searchsorted(starts, self.found.line + np.uint32(1), side="right") - 1
            known = sorted({n for n in names if n})
            code = np.array([known.index(n) if n else -1 for n in names], np.int32)[np.maximum(section, 0)]
            columns["exporter"] = pa.DictionaryArray.from_arrays(pa.array(code, mask=code < 0), known)
        return [flow_batch(columns, rows=self.found.rows)]


def take_out(data: bytes) -> Bulk | None:
    """The rows of a large capture; ``None`` where it is not large, or not of the plain kind."""
    if len(data) < COMPILE_FROM_BYTES or b"SrcIPaddress" not in data[:COMPILE_FROM_BYTES]:
        return None
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or _TOP_TALKERS.search(data[:COMPILE_FROM_BYTES]):
        return None
    found = scan(data)
    lines = found.line[-1] - found.line[0] + 1 if found.rows else 0
    if not found.rows or found.rows > ROWS_PER_LINE * int(lines) or len(found.gap_begin) > MAX_GAPS:
        return None
    parts, line = [], 0
    for begin, end, at in zip(
        found.gap_begin.tolist(), found.gap_end.tolist(), found.gap_line.tolist(), strict=True
    ):
        gap = data[begin:end]
        parts += [b"\n" * (at - line), b" " if at == line else b"", gap]
        line = at + gap.count(b"\n")
    rest = b"".join(parts)
    # An escape sequence glued to a row hides it from the kernel: such a capture is cleaned first.
    return None if b"\x1b" in rest else Bulk(found=found, rest=rest)
