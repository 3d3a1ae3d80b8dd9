"""Arrow tables from elsewhere: odd types are read or refused with a message, no address is lost in silence."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from slowworm.errors import InputError
from slowworm.sources.arrow import read_arrow


def table(**columns: Any) -> pa.Table:
    return pa.table({"src_addr": ["10.0.0.1"], "dst_addr": ["192.0.2.1"], **columns})


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_text_of_any_kind_is_text(kind: pa.DataType) -> None:
    columns = {"src_addr": ["10.0.0.1", None], "dst_addr": ["192.0.2.1", "192.0.2.2"], "in_if": ["Vl1", None]}
    reading = read_arrow(pa.table({name: pa.array(values).cast(kind) for name, values in columns.items()}))
    (batch,) = reading.batches
    assert batch.column("src_addr").to_pylist() == [0x0A000001, None]
    assert batch.column("in_if").to_pylist() == ["Vl1", None]
    assert reading.problems == ()


@pytest.mark.parametrize("kind", [pa.binary(16), pa.binary(), pa.large_binary(), pa.binary_view()], ids=str)
def test_bytes_of_any_kind_are_ipv6(kind: pa.DataType) -> None:
    values = pa.array([bytes(15) + b"\x01"], pa.binary()).cast(kind)
    (batch,) = read_arrow(pa.table({"src_addr": values, "dst_addr": values})).batches
    assert batch.column("dst_addr").to_pylist() == [bytes(15) + b"\x01"]


@pytest.mark.parametrize("bad", ["host-1", "1.2.3", "1.2.3.4/24", "-"])
@pytest.mark.parametrize("column", ["src_addr", "dst_addr"])
def test_what_is_no_address_is_counted(bad: str, column: str) -> None:
    reading = read_arrow(table(**{column: [bad]}))
    assert reading.flows == 0
    assert [p.count for p in reading.problems] == [1]


def test_an_empty_source_is_a_missing_one() -> None:
    (batch,) = read_arrow(table(src_addr=[""])).batches
    assert batch.column("src_addr").to_pylist() == [None]


@pytest.mark.parametrize(
    "columns",
    [
        {"packets": [-1]},
        {"packets": ["many"]},
        {"in_if": [[1]]},
        {"start_time": ["yesterday"]},
        {"src_addr": [[1]]},
        {"dst_port": [70_000]},
    ],
)
def test_values_that_do_not_fit_are_an_input_error_that_names_the_column(columns: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"column|addresses as"):
        read_arrow(table(**columns))


def test_a_column_that_is_there_twice_is_an_input_error() -> None:
    twice = pa.table([["10.0.0.1"], ["192.0.2.1"], ["192.0.2.2"]], names=["src_addr", "dst_addr", "dst_addr"])
    with pytest.raises(InputError, match="column dst_addr is there 2 times"):
        read_arrow(twice)


def test_booleans_are_no_addresses() -> None:
    assert [p.count for p in read_arrow(table(src_addr=[True])).problems] == [1]
