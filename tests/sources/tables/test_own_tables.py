"""Our own Parquet and CSV: what was written is read, whatever wrote it, and damage stays damage."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from tests.sources.tables.flow_rows import damaged, notes, plain

from slowworm.flows.addresses import to_objects
from slowworm.flows.schema import NAMES, schema
from slowworm.flows.table import flow_batch
from slowworm.sources.tables import SlowwormCsv, SlowwormParquet

CSV, PARQUET = SlowwormCsv(), SlowwormParquet()


def flows(version: int, n: int = 1000) -> pa.RecordBatch:
    """Flows with every column, and nulls in most."""
    some = np.arange(n) % 3 == 0
    v4 = pa.array(np.arange(n, dtype=np.uint32) + np.uint32(0x0A000001))
    v6 = pa.array([bytes([0x20, 1, *[0] * 12]) + i.to_bytes(2, "big") for i in range(n)], pa.binary(16))
    time = pa.array(np.arange(n) * 7 + 1_700_000_000_123_456_789, pa.int64(), mask=some).cast(
        pa.timestamp("ns", "UTC")
    )
    address = v4 if version == 4 else v6
    return flow_batch(
        {
            "start_time": time,
            "end_time": time,
            "src_addr": address,
            "dst_addr": address.take(pa.array(np.arange(n)[::-1])),
            "protocol": pa.array(np.full(n, 6), mask=some),
            "src_port": pa.array(np.arange(n) % 65_536),
            "dst_port": pa.array(np.full(n, 445), mask=some),
            "tcp_flags": pa.array(np.full(n, 2)),
            "packets": pa.array(np.arange(n), mask=some),
            "bytes": pa.array(np.arange(n) * 40),
            "in_if": [None if s else 'Gi0/1, "x"' for s in some],
            "exporter": "fw-1",
            "action": ["deny" if s else "allow" for s in some],
            "label": "Botnet",
            "sampling_rate": [1] * n,
            "input": "first.pcap",
            "line": list(range(1, n + 1)),
        },
        rows=n,
        ip_version=version,
    )


def parquet(*batches: pa.RecordBatch, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_batches(batches), sink, **options)
    return sink.getvalue()


def as_text(batch: pa.RecordBatch) -> pa.Table:
    """The batch with its addresses as text, as it goes into CSV."""
    columns: dict[str, Any] = {}
    for name in batch.schema.names:
        column = batch.column(name)
        if name.endswith("_addr"):
            columns[name] = pa.array([None if a is None else str(a) for a in to_objects(column)])
        else:
            columns[name] = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    return pa.table(columns)


def csv(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pyarrow.csv.write_csv(table, sink)
    return sink.getvalue()


@pytest.mark.parametrize("version", [4, 6])
def test_parquet_comes_back_as_it_was(version: int) -> None:
    batch = flows(version)
    data = parquet(batch, row_group_size=300)
    assert PARQUET.recognises(data[:65_536])
    reading = PARQUET.read("x.parquet", data)
    assert (reading.problems, reading.notes, reading.flows) == ((), (), 1000)
    assert all(b.schema.equals(schema(version)) for b in reading.batches)
    together = pa.Table.from_batches(reading.batches)
    for name in NAMES:
        assert plain_column(together, name) == plain_column(pa.Table.from_batches([batch]), name), name


def plain_column(table: pa.Table, name: str) -> list[Any]:
    column = table.column(name)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    values: list[Any] = column.to_pylist()
    return values


@pytest.mark.parametrize("version", [4, 6])
def test_csv_comes_back_as_it_was(version: int) -> None:
    batch = flows(version)
    data = csv(as_text(batch))
    assert CSV.recognises(data[:65_536])
    reading = CSV.read("x.csv", data)
    assert (reading.problems, reading.notes) == ((), ())
    together = pa.Table.from_batches(reading.batches)
    for name in NAMES:
        assert plain_column(together, name) == plain_column(pa.Table.from_batches([batch]), name), name


def test_csv_of_both_versions_makes_a_batch_of_each() -> None:
    text = b"src_addr,dst_addr,protocol\n1.2.3.4,1.2.3.5,tcp\n2001:db8::1,2001:db8::2,58\n,1.2.3.5,\n"
    reading = CSV.read("x.csv", text)
    assert [b.num_rows for b in reading.batches] == [2, 1]
    assert [f.get("protocol") for f in plain(reading)] == [6, 58, None]


def test_csv_rows_that_are_damaged_are_problems_with_their_place() -> None:
    text = (
        b"\xef\xbb\xbfsrc_addr,dst_addr,dst_port,start_time,mine\r\n1.2.3.4,1.2.3.5,80,2024-01-01T00:00:00Z,1\r\n"
        b"1.2.3.4,2001:db8::1,80,,\r\n1.2.3.4,1.2.3.5,99999,,\r\n1.2.3.4\r\n,,1,,\r\n1.2.3.4,1.2.3.5,80,noon,\r\n"
    )
    reading = CSV.read("x.csv", text)
    assert reading.flows == 1
    assert sorted(p.where for p in reading.problems) == [f"x.csv:{i}" for i in range(3, 8)]
    assert notes(reading) == {"other-columns": 1}


def test_parquet_with_addresses_as_text_is_read_too() -> None:
    for version in (4, 6):
        sink = io.BytesIO()
        pq.write_table(as_text(flows(version)), sink)
        reading = PARQUET.read("x.parquet", sink.getvalue())
        assert (reading.flows, reading.problems) == (1000, ())
        assert (
            pa.Table.from_batches(reading.batches)
            .column("src_addr")
            .equals(pa.Table.from_batches([flows(version)]).column("src_addr"))
        )


def test_parquet_of_others_is_told_to_need_a_mapping() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"sip": ["1.2.3.4"]}), sink)
    reading = PARQUET.read("x.parquet", sink.getvalue())
    assert (reading.flows, len(reading.problems)) == (0, 1)
    assert "sip" in reading.problems[0].text
    assert "mapping" in reading.problems[0].text


def test_parquet_that_claims_more_rows_than_it_can_have_is_not_unfolded() -> None:
    n = 2_000_000
    sink = io.BytesIO()
    same = pa.array(np.zeros(n, np.uint32))
    pq.write_table(pa.table({"src_addr": same, "dst_addr": same}), sink)
    assert len(sink.getvalue()) < 100_000
    reading = PARQUET.read("bomb.parquet", sink.getvalue())
    assert reading.flows == 0
    assert "claims" in reading.problems[0].text


def test_a_damaged_row_group_does_not_take_the_others_with_it() -> None:
    data = bytearray(parquet(flows(4), row_group_size=250, use_dictionary=False, compression="gzip"))
    meta = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata.row_group(1).column(3)
    at = meta.data_page_offset
    data[at : at + 60] = bytes(60)
    reading = PARQUET.read("x.parquet", bytes(data))
    assert reading.flows == 750
    assert damaged(reading) == 1
    assert "row group 1" in reading.problems[0].text
