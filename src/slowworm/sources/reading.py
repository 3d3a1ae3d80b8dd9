"""From decoded exports to a reading: batches with the input's name, formats by version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

from slowworm.sources.base import Note, Problem, Reading


class DecodedExports(Protocol):
    """What the decoders of export protocols give."""

    @property
    def batches(self) -> Sequence[tuple[int, pa.RecordBatch]]:
        """(version, flow batch)."""

    @property
    def versions(self) -> Sequence[int]:
        """Versions met, with flows or without."""

    @property
    def problems(self) -> Sequence[Problem]:
        """What was not used."""

    @property
    def notes(self) -> Sequence[Note]:
        """What else was met."""


def protocol_name(version: int) -> str:
    """``netflow-v5``, ``ipfix``."""
    return "ipfix" if version == 10 else f"netflow-v{version}"


def with_input(batch: pa.RecordBatch, path: str) -> pa.RecordBatch:
    """The batch with its ``input`` column filled."""
    at = batch.schema.get_field_index("input")
    column = pa.DictionaryArray.from_arrays(np.zeros(batch.num_rows, np.int32), [path])
    return batch.set_column(at, batch.schema.field(at), column)


def reading(path: str, decoded: DecodedExports) -> Reading:
    """A reading of decoded exports."""
    counts = {protocol_name(version): 0 for version in decoded.versions}
    for version, batch in decoded.batches:
        name = protocol_name(version)
        counts[name] = counts.get(name, 0) + batch.num_rows
    return Reading(
        path=path,
        formats=tuple(counts.items()),
        batches=tuple(with_input(batch, path) for _, batch in decoded.batches),
        problems=tuple(decoded.problems),
        notes=tuple(decoded.notes),
    )
