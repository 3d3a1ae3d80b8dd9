"""Sampling rates: what the user says of exporters that do not say it themselves, and what is told of them all."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from slowworm.errors import UsageError
from slowworm.flows.table import integers
from slowworm.sources.base import Note

MAX_RATE = 2**32 - 1
MAX_NAMED = 10
"""Exporters that a note names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """1 in how many packets: ``of`` exporters by name or address, ``others`` for all that are not named."""

    of: Mapping[str, int] = field(default_factory=dict)
    others: int | None = None

    @classmethod
    def parse(cls, said: Mapping[str, int] | Iterable[str | int] | str | int) -> Sampling:
        """From ``{"192.0.2.1": 1000}``, or ``EXPORTER=N`` and ``N`` as texts, one or several.

        Raises :class:`UsageError` for anything else, and for two rates of one exporter.
        """
        if isinstance(said, Mapping):
            said = [f"{name}={rate}" for name, rate in said.items()]
        elif isinstance(said, str | int):
            said = [said]
        of: dict[str, int] = {}
        others: int | None = None
        for item in said:
            name, sign, rate = str(item).rpartition("=")
            if not (rate.isascii() and rate.isdigit() and len(rate) <= 10 and 1 <= int(rate) <= MAX_RATE):
                raise UsageError(
                    f"sampling {str(item)!r}: EXPORTER=N or N is needed, with N from 1 (unsampled) to {MAX_RATE}"
                )
            if sign and not name.strip():
                raise UsageError(f"sampling {str(item)!r}: the exporter's name or address is missing")
            known = of.get(_plain(name)) if sign else others
            if known not in (None, int(rate)):
                raise UsageError(f"sampling {str(item)!r}: 1 in {known} was said as well")
            if sign:
                of[_plain(name)] = int(rate)
            else:
                others = int(rate)
        return cls(of=of, others=others)

    def rate(self, exporter: str | None) -> int | None:
        """What was said of an exporter (``None`` or empty: one without a name), ``None`` if nothing."""
        return self.of.get(_plain(exporter or ""), self.others)

    def applied(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The flows with ``sampling_rate`` as it was said; counters stay as they are."""
        if not self.of and self.others is None:
            return batch
        names, codes = _exporters(batch)
        said = np.array([self.rate(name) or 0 for name in names], np.int64)[codes]
        if not said.any():
            return batch
        at = batch.schema.get_field_index("sampling_rate")
        rates = np.where(said > 0, said, integers(batch, "sampling_rate", missing=0))
        column = pa.array(rates.astype(np.uint32), mask=rates == 0)
        return batch.set_column(at, batch.schema.field(at), column)


def sampling_notes(batches: Sequence[pa.RecordBatch], said: Sampling) -> list[Note]:
    """Which exporters sample at what rate, and what the user said of exporters that are not there."""
    rates: dict[str, dict[int, int]] = {}
    met: set[str] = set()
    for batch in batches:
        names, codes = _exporters(batch)
        met |= {_plain(name) for name in names if name}
        sampled = integers(batch, "sampling_rate", missing=0)
        rows = np.flatnonzero(sampled > 1)
        keys, counts = np.unique(codes[rows] << 32 | sampled[rows], return_counts=True)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            mine = rates.setdefault(names[key >> 32] or "", {})
            mine[key & MAX_RATE] = mine.get(key & MAX_RATE, 0) + count
    notes = []
    if rates:
        shown = [
            f"{name or 'an exporter without a name'} {_shown(mine)}" for name, mine in sorted(rates.items())
        ]
        more = f"; and {len(shown) - MAX_NAMED} more" if len(shown) > MAX_NAMED else ""
        text = f"sampled: {'; '.join(shown[:MAX_NAMED])}{more}. Packets and bytes are as exported, not multiplied"
        notes.append(Note(id="sampling", text=text, count=sum(sum(m.values()) for m in rates.values())))
    for name in said.of:
        if name not in met:
            known = ", ".join(sorted(met)[:MAX_NAMED]) or "none has a name"
            text = (
                f"no flow of an exporter {name}, so that its sampling rate was of no use; exporters: {known}"
            )
            notes.append(Note(id="sampling-unused", text=text))
    return notes


def _shown(rates: Mapping[int, int]) -> str:
    low, high = min(rates), max(rates)
    return f"1 in {low:,}" if low == high else f"1 in {low:,} to {high:,}"


def _exporters(batch: pa.RecordBatch) -> tuple[list[str | None], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Names, the last one ``None``, and the index of each row's."""
    column = batch.column("exporter")
    names = [*column.dictionary.to_pylist(), None]
    if column.null_count == len(column):
        return names, np.full(len(column), len(names) - 1, np.int64)
    codes = column.indices.fill_null(len(names) - 1) if column.null_count else column.indices
    return names, codes.to_numpy(zero_copy_only=False).astype(np.int64)


def _plain(name: str) -> str:
    """A name as it is compared: addresses in their one spelling, names in lower case."""
    try:
        return str(ipaddress.ip_address(name.strip()))
    except ValueError:
        return name.strip().lower()
