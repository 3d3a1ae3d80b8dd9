"""Records of one template as columns: a byte matrix where all are of one size, a walk where they are not."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from slowworm.sources.datagrams import Ints, matrix, unsigned
from slowworm.sources.netflow.sets import DataSet
from slowworm.sources.netflow.templates import VARIABLE, Element, Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Records of one template. ``offsets``: (n, fields) of each field's first byte, ``None`` for fixed sizes.

    ``set_of``: index into ``sets``; ``left``: bytes that fit no record, by set.
    """

    data: bytes
    template: Template
    sets: Sequence[DataSet]
    set_of: Ints
    rows: npt.NDArray[np.uint8] | None
    offsets: Ints | None
    lengths: Ints | None
    malformed: int

    def __len__(self) -> int:
        return len(self.set_of)

    def take(self, rows: Ints) -> Records:
        """Some of the records."""
        return replace(
            self,
            set_of=self.set_of[rows],
            rows=None if self.rows is None else self.rows[rows],
            offsets=None if self.offsets is None else self.offsets[rows],
            lengths=None if self.lengths is None else self.lengths[rows],
        )

    def number(self, element: Element) -> Ints:
        """An unsigned field as int64 (the low 63 bits of an 8-byte one)."""
        if self.rows is not None:
            if element.length == 0:
                return np.full(len(self), -1, np.int64)
            value = unsigned(self.rows, element.offset, element.length)
        else:
            value = self._walked(element)
        return (value & np.uint64(0x7FFFFFFFFFFFFFFF)).astype(np.int64)

    def big(self, element: Element) -> npt.NDArray[np.uint64]:
        """An unsigned field of up to 8 bytes, whole."""
        return (
            unsigned(self.rows, element.offset, element.length)
            if self.rows is not None
            else self._walked(element)
        )

    def octets(self, element: Element, width: int) -> npt.NDArray[np.uint8]:
        """A field of exactly ``width`` bytes: shape (n, width)."""
        if self.rows is not None:
            return self.rows[:, element.offset : element.offset + width]
        assert self.offsets is not None
        return matrix(self.data, self.offsets[:, self.template.elements.index(element)], width)

    def places(self, element: Element) -> tuple[Any, Ints, Ints]:
        """Where a field of octets stands: a buffer, and offset and size of each record's in it."""
        if self.rows is not None:
            count, width = self.rows.shape
            begins = np.arange(count, dtype=np.int64) * width + element.offset
            return (
                np.ascontiguousarray(self.rows).reshape(-1),
                begins,
                np.full(count, element.length, np.int64),
            )
        assert self.offsets is not None
        assert self.lengths is not None
        column = self.template.elements.index(element)
        return self.data, self.offsets[:, column], self.lengths[:, column]

    def _walked(self, element: Element) -> npt.NDArray[np.uint64]:
        assert self.offsets is not None
        assert self.lengths is not None
        column = self.template.elements.index(element)
        value = np.zeros(len(self), np.uint64)
        lengths = self.lengths[:, column]
        for length in np.unique(lengths).tolist():
            if length:
                mine = lengths == length
                value[mine] = unsigned(matrix(self.data, self.offsets[mine, column], length), 0, length)
        return value


def records(data: bytes, template: Template, sets: Sequence[DataSet]) -> Records:
    """All records of data sets that share a template."""
    if template.variable:
        return _variable(data, template, sets)
    size = template.size
    counts = np.array([(s.end - s.begin) // size for s in sets], np.int64)
    begins = np.array([s.begin for s in sets], np.int64)
    set_of = np.repeat(np.arange(len(sets)), counts)
    within = np.arange(len(set_of)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = matrix(data, begins[set_of] + within * size, size)
    return Records(data=data, template=template, sets=sets, set_of=set_of, rows=rows, offsets=None, lengths=None,
                   malformed=0)  # fmt: skip


def _variable(data: bytes, template: Template, sets: Sequence[DataSet]) -> Records:
    """Records with variable-length fields (RFC 7011, 7), walked one by one."""
    offsets, lengths = array("q"), array("q")
    set_of: list[int] = []
    malformed = 0
    for index, data_set in enumerate(sets):
        at, end = data_set.begin, data_set.end
        while end - at >= template.size:
            starts, sizes = [], []
            for element in template.elements:
                length = element.length
                if length == VARIABLE:
                    if at >= end:
                        break
                    length = data[at]
                    at += 1
                    if length == 255:
                        if at + 2 > end:
                            break
                        length = data[at] << 8 | data[at + 1]
                        at += 2
                if at + length > end:
                    break
                starts.append(at)
                sizes.append(length)
                at += length
            if len(starts) < len(template.elements):
                malformed += 1
                break
            offsets.extend(starts)
            lengths.extend(sizes)
            set_of.append(index)
    shape = (len(set_of), len(template.elements))
    return Records(
        data=data,
        template=template,
        sets=sets,
        set_of=np.array(set_of, np.int64),
        rows=None,
        offsets=np.array(offsets, np.int64).reshape(shape),
        lengths=np.array(lengths, np.int64).reshape(shape),
        malformed=malformed,
    )
