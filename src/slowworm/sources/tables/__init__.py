"""Flows in tables of their own columns, and of anybody's by a mapping; parsing of columns of text."""

from __future__ import annotations

from slowworm.sources.byteformat import ByteFormat
from slowworm.sources.tables.mapped import MappedTable
from slowworm.sources.tables.mapping import Mapping
from slowworm.sources.tables.own import SlowwormCsv, SlowwormParquet
from slowworm.sources.tables.own_json import SlowwormJson

FORMATS: tuple[ByteFormat, ...] = (SlowwormParquet(), SlowwormCsv(), SlowwormJson())
"""The formats of this package that need no mapping."""

__all__ = ["FORMATS", "MappedTable", "Mapping", "SlowwormCsv", "SlowwormJson", "SlowwormParquet"]
