"""Parquet files of the flow table as a dataset that DuckDB reads bit by bit, columns and filters pushed down."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pyarrow.fs as fs

from slowworm.flows.schema import schema
from slowworm.store.files import rows_of

READ_AHEAD = {"batch_size": 32_768, "batch_readahead": 8, "fragment_readahead": 2}
"""Arrow's own settings decode two million rows before the first is seen: a LIMIT 5 then takes fifteen times as long, a
look at all rows no less."""


class ParquetScan(ds.FileSystemDataset):  # type: ignore[misc]
    """Files of one IP version, opened when they are reached; columns that a file does not have are null."""

    def __init__(self, paths: Sequence[str], ip_version: int) -> None:
        form, files = ds.ParquetFileFormat(), fs.LocalFileSystem()
        self._paths = tuple(paths)
        super().__init__([form.make_fragment(path, files) for path in paths], schema(ip_version), form, files)

    def scanner(self, **options: Any) -> Any:
        """What DuckDB asks for: ``columns`` and ``filter``."""
        return super().scanner(**{**READ_AHEAD, **options})

    def damaged(self) -> list[str]:
        """Files that cannot be read to their end; all of them are read to find out."""
        return [path for path in self._paths if rows_of(Path(path)) is None]
