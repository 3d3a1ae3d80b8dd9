"""What Slowworm reads from a fixture, in the words of the comparison."""

from __future__ import annotations

import functools
from pathlib import Path

import pyarrow as pa
from tests.sources.agreement.fixtures import Fixture
from tests.sources.agreement.joined_files import joined_files
from tests.sources.agreement.records import Record
from tests.support import SHARED

from slowworm.errors import InputError
from slowworm.flows.addresses import to_objects
from slowworm.flows.services import TCP
from slowworm.sources.base import Reading
from slowworm.sources.formats import standard_formats
from slowworm.sources.inputs import read_bytes

NUMBERS = ("protocol", "src_port", "dst_port", "icmp_type", "icmp_code", "tcp_flags", "packets", "bytes",
           "in_if", "out_if", "sampling_rate", "ethertype", "tcp_sequence_number")  # fmt: skip
NO_FLOWS = ("netflow-options-record", "netflow-event-record", "netflow-other-record", "not-ip")
"""Notes of records that are told apart from flows."""


@functools.cache
def reading(paths: tuple[str, ...]) -> Reading | None:
    """The fixture's files read as one input, as ``slowworm hunt`` reads it; ``None`` where it is refused."""
    files = [SHARED / "data" / path for path in paths]
    try:
        return read_bytes(Path(paths[0]).name, joined_files(files), standard_formats())
    except InputError:
        return None


@functools.cache
def records(fixture: Fixture) -> list[Record]:
    """Every flow of the fixture."""
    found = reading(fixture.files)
    flows = [record for batch in found.batches for record in _of_batch(batch)] if found else []
    if fixture.scaled:
        for flow in flows:
            for name in ("packets", "bytes"):
                flow[name] = str(int(flow[name]) * int(flow["sampling_rate"]))
    return flows


def others(fixture: Fixture) -> int:
    """Records that were read and are no flows."""
    found = reading(fixture.files)
    return sum(note.count for note in found.notes if note.id in NO_FLOWS) if found else 0


def _of_batch(batch: pa.RecordBatch) -> list[Record]:
    columns: dict[str, list[object]] = {name: batch.column(name).to_pylist() for name in NUMBERS}
    for name in ("src_addr", "dst_addr"):
        columns[name] = list(to_objects(batch.column(name)))
    for name in ("start_time", "end_time"):
        times = batch.column(name).cast(pa.int64()).to_pylist()
        columns[name] = [None if t is None else t // 1_000_000 for t in times]
    # Flags of other protocols mean nothing, and are not compared.
    flags, protocol = columns["tcp_flags"], columns["protocol"]
    columns["tcp_flags"] = [f if p == TCP else None for f, p in zip(flags, protocol, strict=True)]
    rows = (zip(columns, values, strict=True) for values in zip(*columns.values(), strict=True))
    return [{name: str(value) for name, value in row if value is not None} for row in rows]
