"""Random flow batches, and what of their rows each output format carries: the table that the round trips go by."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from slowworm.flows.schema import NAMES
from slowworm.flows.table import flow_batch
from slowworm.sinks.base import Written
from slowworm.sinks.outputs import standard_outputs
from slowworm.sources.base import Reading
from slowworm.sources.formats import standard_formats
from slowworm.sources.inputs import read_bytes

Row = dict[str, Any]

SECOND, MS, DAY = 10**9, 10**6, 86_400 * 10**9
LAST = (2**32 - 1) * SECOND
"""The last time that an export's header can say."""

PORTS, ICMPS, TCP = (6, 17, 33, 132, 136), (1, 58), 6


def number(largest: int) -> st.SearchStrategy[int]:
    return st.one_of(st.sampled_from([0, 1, largest]), st.integers(0, largest))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


WORDS = ["Gi0/0/0", "Vl1", 'odd, "name"', "Überlandleitung", "x" * 190]
NUMBERS = ["1", "42", "65535", "65536", "16777216"]
EXPORTERS = ["10.0.0.1", "203.0.113.9", "2001:db8::7"]


@st.composite
def rows(draw: st.DrawFn, version: int) -> Row:
    """A flow as a router could have seen it: ports only where the protocol has some, and so on."""
    width = 2**32 if version == 4 else 2**128
    address = st.integers(1, width - 1)
    row: Row = dict.fromkeys(NAMES)
    row["src_addr"], row["dst_addr"] = draw(maybe(address)), draw(address)
    if draw(st.booleans()):
        row["src_addr"], row["dst_addr"] = row["dst_addr"], row["src_addr"]
    protocol = row["protocol"] = draw(
        maybe(st.sampled_from([0, 6, 17, 47, 132, 255, 1 if version == 4 else 58]))
    )
    if protocol in PORTS:
        row["src_port"], row["dst_port"] = draw(maybe(number(65_535))), draw(maybe(number(65_535)))
    if protocol in ICMPS and draw(st.booleans()):
        row["icmp_type"], row["icmp_code"] = draw(number(255)), draw(number(255))
    if protocol == TCP:
        row["tcp_flags"] = draw(maybe(number(255)))
        row["tcp_sequence_number"] = draw(maybe(number(2**32 - 1)))
    row["packets"], row["bytes"] = draw(maybe(number(10**18 - 1))), draw(maybe(number(10**18 - 1)))
    end = draw(maybe(st.one_of(st.sampled_from([30 * DAY, LAST]), st.integers(30 * DAY, LAST))))
    if end is not None:
        row["end_time"] = end
        length = draw(st.one_of(st.integers(0, 20 * DAY), st.integers(0, 100_000)))
        row["start_time"] = draw(maybe(st.just(end - length)))
    elif draw(st.booleans()):
        row["start_time"] = draw(st.integers(SECOND, LAST))
    row["in_if"] = draw(maybe(st.sampled_from(NUMBERS + WORDS)))
    row["out_if"] = draw(maybe(st.sampled_from([*NUMBERS, *WORDS, "Null"])))
    row["exporter"] = draw(st.sampled_from(EXPORTERS))
    row["action"] = draw(maybe(st.sampled_from(["allow", "deny"])))
    row["label"] = draw(maybe(st.sampled_from(["Botnet", "=1+1", "a\\b"])))
    row["sampling_rate"] = draw(maybe(st.sampled_from([1, 100, 16_383, 16_384, 2**32 - 1])))
    row["resolved"] = draw(maybe(st.booleans()))
    row["input"], row["line"] = "capture.pcap", draw(number(2**32 - 1))
    return row


@st.composite
def batches(draw: st.DrawFn) -> list[tuple[int, list[Row]]]:
    """Batches of both IP versions."""
    versions = draw(st.lists(st.sampled_from([4, 6]), min_size=1, max_size=3))
    return [(version, draw(st.lists(rows(version), min_size=1, max_size=5))) for version in versions]


def batch_of(version: int, found: Iterable[Row]) -> pa.RecordBatch:
    """The rows as a flow batch."""
    found = list(found)
    columns: dict[str, Any] = {}
    for name in NAMES:
        values = [row[name] for row in found]
        if name.endswith("_addr") and version == 6:
            values = [None if v is None else v.to_bytes(16, "big") for v in values]
        columns[name] = pa.array(values, pa.timestamp("ns", "UTC")) if name.endswith("_time") else values
    for name, values in columns.items():
        if isinstance(values, list) and any(isinstance(v, str) for v in values):
            columns[name] = pa.array(values, pa.string()).dictionary_encode()
    return flow_batch(columns, rows=len(found), ip_version=version)


def rows_of(found: Iterable[pa.RecordBatch]) -> list[tuple[int, Row]]:
    """Flow batches as rows, each with its IP version."""
    read = []
    for batch in found:
        version = 4 if batch.schema.field("src_addr").type == pa.uint32() else 6
        columns: dict[str, list[Any]] = {}
        for name in NAMES:
            column = batch.column(name)
            values = (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()
            if name.endswith("_addr") and version == 6:
                values = [None if v is None else int.from_bytes(v, "big") for v in values]
            columns[name] = values
        read += [(version, {name: columns[name][i] for name in NAMES}) for i in range(batch.num_rows)]
    return read


def write(name: str, found: Iterable[pa.RecordBatch]) -> tuple[bytes, Written]:
    """The bytes that a sink makes of batches."""
    file = io.BytesIO()
    written = standard_outputs().choose(name, None).write(iter(found), file)
    return file.getvalue(), written


def read(data: bytes) -> Reading:
    """What we read of them."""
    return read_bytes("written", data, standard_formats())


def _milliseconds(row: Row) -> Row:
    return row | {n: None if row[n] is None else row[n] // MS * MS for n in ("start_time", "end_time")}


def _columns(row: Row, names: Iterable[str]) -> Row:
    return {name: row[name] if name in names else None for name in NAMES if name not in ("input", "line")}


def _numbered(row: Row, largest: int) -> Row:
    """Interfaces where there are numbers only."""

    def shown(text: str | None) -> str | None:
        return text if text is not None and text.isdigit() and int(text) <= largest else None

    return row | {"in_if": shown(row["in_if"]), "out_if": shown(row["out_if"])}


def _whole(version: int, row: Row) -> Row | None:
    return row


def _nfdump_csv(version: int, row: Row) -> Row | None:
    if row["src_addr"] is None or row["dst_addr"] is None:
        return None
    found = _numbered(_milliseconds(row), 2**32 - 1)
    if row["out_if"] == "Null":
        found["out_if"] = "Null"
    names = ("start_time", "end_time", "src_addr", "dst_addr", "protocol", "src_port", "dst_port", "icmp_type",
             "icmp_code", "tcp_flags", "packets", "bytes", "in_if", "out_if", "exporter")  # fmt: skip
    return _columns(found, names)


def _netflow_v5(version: int, row: Row) -> Row | None:
    if version == 6 or row["protocol"] is None:
        return None
    found = _numbered(_milliseconds(row), 65_535)
    names = ("start_time", "end_time", "src_addr", "dst_addr", "protocol", "src_port", "dst_port", "icmp_type",
             "icmp_code", "tcp_flags", "packets", "bytes", "in_if", "out_if", "exporter", "sampling_rate")  # fmt: skip
    found = _columns(found, names)
    for name in ("packets", "bytes"):
        found[name] = min(found[name] or 0, 2**32 - 1)
    protocol = found["protocol"]
    if protocol == TCP:
        found["tcp_flags"] = found["tcp_flags"] or 0
    if protocol in PORTS:
        found["src_port"], found["dst_port"] = found["src_port"] or 0, found["dst_port"] or 0
    if protocol in ICMPS:
        found["icmp_type"], found["icmp_code"] = found["icmp_type"] or 0, found["icmp_code"] or 0
    found["start_time"] = found["end_time"] if found["start_time"] is None else found["start_time"]
    found["end_time"] = found["start_time"] if found["end_time"] is None else found["end_time"]
    if (found["sampling_rate"] or 0) > 16_383:
        found["sampling_rate"] = None
    return found


def _templated(version: int, row: Row) -> Row | None:
    names = set(NAMES) - {"label", "resolved", "ethertype"}
    if row["packets"] is None and row["bytes"] is None and row["action"] is None:
        return None
    found = _columns(row, names)
    if row["action"] is not None:  # events of a firewall send 0 for what they did not count
        found["packets"], found["bytes"] = row["packets"] or None, row["bytes"] or None
    return found


def _ipfix(version: int, row: Row) -> Row | None:
    # Time stamps finer than a millisecond end with the era of NTP, in 2036.
    far = max(row["start_time"] or 0, row["end_time"] or 0) >= (2**32 - 2_208_988_800) * SECOND
    return _templated(version, _milliseconds(row) if far else row)


CARRIED: Mapping[str, Callable[[int, Row], Row | None]] = {
    "parquet": _whole,
    "csv": _whole,
    "jsonl": _whole,
    "nfdump-csv": _nfdump_csv,
    "netflow-v5": _netflow_v5,
    "netflow-v9": lambda version, row: _templated(version, _milliseconds(row)),
    "ipfix": _ipfix,
}
"""Output format → what a row comes back as; ``None`` where it is left out."""


def sorted_rows(found: Iterable[tuple[int, Row]]) -> list[str]:
    """Rows in an order of their own: exports do not keep that of the flows."""
    return sorted(f"{version} {sorted(row.items(), key=lambda item: item[0])}" for version, row in found)
