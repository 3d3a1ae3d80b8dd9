"""Which format is written, where it goes, and that a file is there whole or not at all."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pyarrow as pa
import pytest
from tests.sinks.random_flows import batch_of, read, rows_of, write
from tests.sinks.test_exports import flow, flows

from slowworm.errors import UsageError
from slowworm.flows.schema import NAMES, schema
from slowworm.sinks import spill as spilling
from slowworm.sinks.files import destination, packing_of
from slowworm.sinks.flow_parquet import FlowParquet
from slowworm.sinks.nfdump_csv import HEADER
from slowworm.sinks.outputs import standard_outputs
from slowworm.sinks.spill import Spill

OUTPUTS = standard_outputs()


@pytest.mark.parametrize(
    ("path", "name"),
    [("a.parquet", "parquet"), ("a.PQ", "parquet"), ("a.csv", "csv"), ("a.b.csv.gz", "csv"), ("x/a.jsonl.zst", "jsonl"),
     ("a.ndjson", "jsonl")],
)  # fmt: skip
def test_the_suffix_says_the_format(path: str, name: str) -> None:
    assert OUTPUTS.choose(None, path).info.name == name


@pytest.mark.parametrize(
    ("name", "path", "said"),
    [
        (None, "a.pcap", "netflow-v5, netflow-v9, ipfix"),
        (None, "a.pcap.gz", "netflow-v5, netflow-v9, ipfix"),
        (None, "a.json", "'.json' means no output format"),
        (None, "flows", "the name says no format"),
        (None, None, "--to parquet, csv"),
        (None, "-", "--to parquet, csv"),
        ("netflow-v7", "a.pcap", "no output format 'netflow-v7'; output formats: parquet"),
        ("csv", "a.parquet", "the name says parquet, not csv"),
        ("ipfix", "a.csv.gz", "the name says csv or nfdump-csv, not ipfix"),
        ("parquet", "a.parquet.gz", "leave .gz out"),
    ],
)
def test_what_is_not_said_or_contradicts_is_refused(name: str | None, path: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said.replace(".", r"\.")):
        OUTPUTS.choose(name, path)


def test_a_name_goes_with_any_suffix_that_means_nothing_else() -> None:
    for name, path in (("ipfix", "a.cap"), ("nfdump-csv", "a.csv"), ("jsonl", "flows"), ("csv", "a.txt.gz")):
        assert OUTPUTS.choose(name, path).info.name == name


def test_every_format_says_what_it_carries_and_lacks() -> None:
    infos = OUTPUTS.infos()
    assert len({info.name for info in infos}) == len(infos)
    for info in infos:
        assert set(info.columns) <= set(NAMES)
        assert set(info.claims) <= set(info.suffixes)
        assert info.title
        assert info.lacks


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_files_are_packed_as_their_name_says(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"flows.csv{suffix}"
    content = write("csv", [batch_of(4, flows(500))])[0]
    with destination(str(path)) as file:
        file.write(content)
    assert bool(packing_of(str(path))) == bool(suffix)
    assert (path.read_bytes() == content) == (not suffix)
    assert read(path.read_bytes()).flows == 500
    assert os.listdir(tmp_path) == [path.name]  # noqa: PTH208


def test_a_file_that_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv.gz"
    path.write_text("before")

    def fail() -> None:
        with destination(str(path)) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [p.read_text() for p in tmp_path.iterdir()] == ["before"]


def test_a_file_that_is_replaced_keeps_its_mode_and_a_link_stays_one(tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("")
    target.chmod(0o640)
    link.symlink_to(target)
    with destination(str(link)) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    "path", ["/dev/full", "no/such/directory/a.csv", "a\0b.csv", "x" * 300 + ".csv", "/"]
)
def test_what_cannot_be_written_is_told_with_its_name(path: str) -> None:
    def attempt() -> None:
        with destination(path) as file:
            file.write(b"x" * 100_000)

    with pytest.raises(UsageError, match="cannot be written"):
        attempt()


def test_parquet_of_one_version_is_the_flow_table_itself() -> None:
    import pyarrow.parquet as pq

    for version in (4, 6):
        found = pq.ParquetFile(io.BytesIO(write("parquet", [batch_of(version, flows(10))])[0]))
        assert found.schema_arrow.equals(schema(version), check_metadata=False)
        assert found.schema_arrow.metadata[b"slowworm.flows"] == b"1"
        assert found.schema_arrow.metadata[b"ip_version"] == str(version).encode()
    both = pq.ParquetFile(io.BytesIO(write("parquet", [batch_of(6, flows(3)), batch_of(4, flows(2))])[0]))
    assert both.schema_arrow.field("src_addr").type == pa.string()
    assert both.read().column("dst_addr").to_pylist()[:2] == ["10.0.0.2", "10.0.0.3"]


def test_parquet_of_many_equal_flows_is_read_back_whole() -> None:
    # The reader gives a file no more rows than bytes, and these rows are all the same.
    data, _ = write("parquet", [batch_of(4, flows(1)).take(pa.array([0] * 400_000))])
    reading = read(data)
    assert (reading.flows, reading.problems) == (400_000, ())


def test_parquet_keeps_counters_up_to_what_readers_hold() -> None:
    (row,) = rows_of(read(write("parquet", [batch_of(4, [flow(packets=2**63 - 1)])])[0]).batches)
    assert row[1]["packets"] == 2**63 - 1


@pytest.mark.parametrize("name", [info.name for info in OUTPUTS.infos()])
def test_no_flows_make_a_file_that_has_none(name: str) -> None:
    data, written = write(name, [batch_of(4, flows(1)).slice(0, 0)])
    assert (written.flows, written.losses) == (0, ())
    if name in ("csv", "parquet", "nfdump-csv"):
        assert read(data).flows == 0


def test_parquet_waits_on_disk_where_it_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    from slowworm.sinks import flow_parquet

    monkeypatch.setattr(flow_parquet, "IN_MEMORY", 100)
    monkeypatch.setattr(flow_parquet, "ROWS_PER_GROUP", 7)
    parts = [batch_of(v, flows(10)) for v in (4, 6, 4, 6)]
    file = io.BytesIO()
    FlowParquet().write(iter(parts), file)
    assert read(file.getvalue()).flows == 40


def test_batches_that_wait_come_back_from_memory_and_disk() -> None:
    parts = [batch_of(v, [flow(in_if=f"Gi0/{i}")] * (i + 1)) for i, v in enumerate((4, 6, 4, 6, 4))]
    assert spilling.MAX_ROWS > 10**6
    with Spill(max_rows=3) as waiting:
        for part in parts:
            waiting.add(part)
        back = rows_of(waiting)
    assert sorted(str(r) for r in back) == sorted(str(r) for r in rows_of(parts))


def test_nfdump_csv_has_nfdumps_columns_and_words() -> None:
    rows = [
        flow(protocol=6, tcp_flags=0x1B, out_if="Null", packets=5_000_000),
        flow(protocol=1, src_port=None, dst_port=None, icmp_type=8, icmp_code=1, tcp_flags=None),
        flow(start_time=None, protocol=None, in_if="Vl1", exporter="core"),
    ]
    data, written = write("nfdump-csv", [batch_of(4, rows)])
    header, *lines = data.decode().splitlines()
    assert header == HEADER
    table = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]
    assert len(table[0]) == 48
    assert [(t["pr"], t["flg"], t["sp"], t["dp"]) for t in table] == [
        ("TCP", "...AP.SF", "1024", "445"), ("ICMP", "........", "0", "2049"), ("", "......S.", "1024", "445")
    ]  # fmt: skip
    begin, end = "2023-11-14 22:13:20.000", "2023-11-14 22:13:20.001"
    times = [(t["ts"], t["te"], t["td"]) for t in table]
    assert times == [(begin, end, "0.001"), (begin, end, "0.001"), ("", end, "")]
    assert [(t["in"], t["out"], t["fwd"], t["ra"], t["ipkt"]) for t in table] == [
        ("1", "0", "128", "10.0.0.1", "5000000"), ("1", "2", "0", "10.0.0.1", "1"), ("0", "2", "0", "0.0.0.0", "1")
    ]  # fmt: skip
    assert {loss.id for loss in written.losses} == {"interface-names", "exporter-names"}


def test_csv_rows_stay_rows_whatever_is_in_a_name() -> None:
    (row,) = rows_of(read(write("csv", [batch_of(4, [flow(label='a,"b"\r\nc', in_if="=1")])])[0]).batches)
    assert (row[1]["label"], row[1]["in_if"]) == ('a,"b" c', "=1")


def test_json_lines_leave_out_what_is_not_known() -> None:
    import json

    data, _ = write(
        "jsonl", [batch_of(6, [flow(src_addr=1 << 120, in_if='"\n', start_time=None)]), batch_of(4, [flow()])]
    )
    first, second = map(json.loads, data.splitlines())
    assert first["src_addr"] == "100::"
    assert first["in_if"] == '"\n'
    assert "start_time" not in first
    assert second["start_time"] == "2023-11-14T22:13:20.000000000Z"
    assert second["packets"] == 1
