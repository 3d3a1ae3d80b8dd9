"""Flow batches that wait: in memory as long as they are few, in temporary files beyond that."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pyarrow as pa

from slowworm.flows.schema import ip_version, schema

MAX_ROWS = 4_000_000
"""Flows that wait in memory, some 500 MB; those that come later wait on disk."""


class Spill:
    """Batches of both IP versions; to be used in a ``with``, which removes the files."""

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self._max_rows = max_rows
        self._batches: deque[pa.RecordBatch] = deque()
        self._rows = 0
        self._files: dict[int, tuple[Any, Any]] = {}
        self._open = ExitStack()

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Keep a batch."""
        self._rows += batch.num_rows
        if self._rows <= self._max_rows:
            self._batches.append(batch)
            return
        version = ip_version(batch)
        if version not in self._files:
            file = self._open.enter_context(tempfile.TemporaryFile(prefix="slowworm-"))  # noqa: SIM115 - closed at the end
            self._files[version] = (file, pa.ipc.new_stream(file, schema(version)))
        self._files[version][1].write_batch(batch)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """All batches, once; none can be added any more."""
        while self._batches:
            yield self._batches.popleft()
        for file, writer in self._files.values():
            writer.close()
            file.seek(0)
            yield from pa.ipc.open_stream(file)
