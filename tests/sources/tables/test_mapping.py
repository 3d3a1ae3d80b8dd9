"""Mapping files: any table by its own names; errors name the file and the key."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.sources.tables.flow_rows import notes, plain

from slowworm.errors import UsageError
from slowworm.sources.tables import MappedTable, Mapping

LEAST = '[columns]\nsrc_addr = "s"\ndst_addr = "d"\n'
CICFLOWMETER = """
[columns]
src_addr = "Source IP"
dst_addr = "Destination IP"
src_port = "Source Port"
dst_port = "Destination Port"
protocol = "Protocol"
start_time = "Timestamp"
duration = "Flow Duration"
packets = "Total Fwd Packets"
answer_packets = "Total Backward Packets"
bytes = "Total Length of Fwd Packets"
answer_bytes = "Total Length of Bwd Packets"
label = "Label"

[values]
time_format = "%d/%m/%Y %H:%M:%S"
time_zone = "-03:00"
duration_unit = "us"
exporter = "testbed"
"""
CAPTURE = b"""Flow ID, Source IP, Source Port, Destination IP, Destination Port, Protocol, Timestamp, Flow Duration, \
Total Fwd Packets, Total Backward Packets,Total Length of Fwd Packets, Total Length of Bwd Packets, Label
1,192.168.10.5,54865,104.16.207.165,443,6,7/7/2017 03:30:00,109000000,2,5,12.0,100.0,"DDoS, big"
2,192.168.10.5,54866,104.16.207.165,443,17,7/7/2017 03:30:01,3,2,0,12.0,0.0,BENIGN
3,192.168.10.5,54866,104.16.207.165,443,6,77/7/2017 03:30:01,3,2,0,12.0,0.0,BENIGN
"""


def table(extra: str = "") -> MappedTable:
    return MappedTable(Mapping.parse(LEAST + extra, origin="m.toml"))


def parquet(**columns: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_a_mapping_reads_the_csv_of_other_tools() -> None:
    form = MappedTable(Mapping.parse(CICFLOWMETER, origin="cic.toml"))
    assert form.recognises(CAPTURE)
    assert not form.recognises(b"Source IP,Destination IP\n")
    reading = form.read("cic.csv", CAPTURE)
    opener, answer, lone = plain(reading)
    assert opener == {
        "src_addr": "192.168.10.5", "dst_addr": "104.16.207.165", "protocol": 6, "src_port": 54865, "dst_port": 443,
        "start_time": "2017-07-07T06:30:00", "end_time": "2017-07-07T06:31:49", "packets": 2, "bytes": 12,
        "label": "DDoS, big", "exporter": "testbed",
    }  # fmt: skip
    assert (answer["src_addr"], answer["packets"], answer["bytes"]) == ("104.16.207.165", 5, 100)
    assert lone["end_time"] == "2017-07-07T06:30:01.000003"
    assert [p.where for p in reading.problems] == ["cic.csv:4"]


def test_words_constants_and_other_delimiters() -> None:
    form = table(
        'action = "verdict"\nprotocol = "proto"\nstart_time = "t"\n[values]\ntime_unit = "ms"\nsampling_rate = 100\n'
        '[values.action]\nBlocked = "deny"\n"Let go" = "allow"\n[values.protocol]\n"TCP/IP" = 6\n'
    )
    text = (
        b"t;s;d;verdict;proto\n1700000000500;1.2.3.4;1.2.3.5;BLOCKED;tcp/ip\n;1.2.3.4;1.2.3.5;let go;17\n"
        b"1;1.2.3.4;1.2.3.5;?;\n1;1.2.3.4;1.2.3.5;Blocked;frob\n"
    )
    reading = form.read("x.csv", text)
    found = plain(reading)
    assert [f.get("action") for f in found] == ["deny", "allow", None]
    assert [f.get("protocol") for f in found] == [6, 17, None]
    assert found[0]["start_time"] == "2023-11-14T22:13:20.5"
    assert {f["sampling_rate"] for f in found} == {100}
    assert notes(reading)["unknown-words-action"] == 1
    assert [p.where for p in reading.problems] == ["x.csv:5"]


def test_common_words_for_actions_and_missing_values_need_no_mapping() -> None:
    form = table('action = "a"\ndst_port = "p"\n')
    text = b"s,d,a,p\n" + b"".join(
        b"1.2.3.4,1.2.3.5,%s,%s\n" % pair for pair in ((b"Permit", b"NaN"), (b"DROP", b"-"), (b"", b"80.0"))
    )
    assert [(f.get("action"), f.get("dst_port")) for f in plain(form.read("x", text))] == [
        ("allow", None), ("deny", None), (None, 80),
    ]  # fmt: skip


def test_parquet_columns_of_many_types() -> None:
    form = table('start_time = "t"\npackets = "n"\nexporter = "e"\n')
    cases: list[tuple[object, object]] = [
        (pa.array([0x01020304], pa.uint32()), pa.array(["1.2.3.5"]).dictionary_encode()),
        (pa.array([bytes([1, 2, 3, 4])], pa.binary(4)), pa.array([0x01020305], pa.int64())),
    ]
    times: list[tuple[object, str]] = [
        (pa.array([1_700_000_000_000], pa.timestamp("ms")), "2023-11-14T22:13:20"),
        (
            pa.array([1_700_000_000_000_001], pa.timestamp("us", "Europe/Berlin")),
            "2023-11-14T22:13:20.000001",
        ),
        (pa.array([1_700_000_000.5]), "2023-11-14T22:13:20.5"),
        (pa.array(["2023-11-14 22:13:20"]), "2023-11-14T22:13:20"),
    ]
    for src, dst in cases:
        for time, expected in times:
            count = pa.array([3.0], pa.float64())
            reading = form.read(
                "x", parquet(s=src, d=dst, t=time, n=count, e=pa.array(["r1"]).dictionary_encode())
            )
            assert plain(reading) == [
                {
                    "src_addr": "1.2.3.4", "dst_addr": "1.2.3.5", "start_time": expected, "packets": 3,
                    "exporter": "r1",
                }
            ], reading.problems  # fmt: skip


def test_parquet_rows_that_are_damaged_are_problems_with_their_row() -> None:
    reading = table().read("x", parquet(s=["1.2.3.4", "nobody", None], d=["1.2.3.5", "1.2.3.5", None]))
    assert reading.flows == 1
    assert [p.where for p in reading.problems] == ["x:2", "x:3"]


def test_a_table_without_a_mapped_column_says_which() -> None:
    for data in (b"s,x\n1,2\n", parquet(s=["1.2.3.4"], x=["1"])):
        reading = table().read("x", data)
        assert reading.flows == 0
        assert "no column d as m.toml says; it has: s, x" in reading.problems[0].text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "m.toml: columns is missing"),
        ("columns = 1", "m.toml: columns: must be a table"),
        ("x = [", "m.toml: not TOML"),
        ("[column]", "m.toml: column: a mapping has"),
        (
            '[columns]\nsrc_adr = "x"',
            "m.toml: columns.src_adr: no column of the flow table; did you mean src_addr",
        ),
        ('[columns]\nsrc_addr = "x"', "m.toml: columns.dst_addr is missing"),
        ("[columns]\nsrc_addr = 1", "m.toml: columns.src_addr: must be the name"),
        (LEAST + 'duration = "x"', "m.toml: columns.duration: of no use"),
        (LEAST + '[values]\ntime_unit = "h"', "m.toml: values.time_unit: 'h' is none of s, ms, us, ns"),
        (LEAST + "[values]\ntime_unit = 1", "m.toml: values.time_unit: must be text"),
        (LEAST + '[values]\ntime_unit = "s"\ntime_format = "%Y"', "m.toml: values.time_format: either"),
        (LEAST + '[values]\ntime_zone = "Mars"', "m.toml: values.time_zone: 'Mars' is no zone"),
        (LEAST + '[values]\ndelimiter = ",,"', "m.toml: values.delimiter: must be one character"),
        (LEAST + "[values]\nexporter = 3", "m.toml: values.exporter: must be text"),
        (
            LEAST + "[values]\nexportr = 3",
            "m.toml: values.exportr: nothing that can be set; did you mean exporter",
        ),
        (LEAST + "[values]\nprotocol = 300", "m.toml: values.protocol: must be a number from 0 to 255"),
        (LEAST + '[values]\naction = "maybe"', "m.toml: values.action: 'maybe' is neither"),
        (LEAST + '[values.action]\nx = "deny"', "m.toml: values.action: words for a column that [columns]"),
        (LEAST + 'action = "a"\n[values.action]\nx = "no"', "m.toml: values.action.x: 'no' is neither"),
        (
            LEAST + 'action = "a"\n[values]\naction = "deny"',
            "m.toml: values.action: either a column or one value",
        ),
    ],
)
def test_errors_name_the_file_and_the_key(text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        Mapping.parse(text, origin="m.toml")
    assert str(error.value).startswith(said)


def test_a_mapping_is_loaded_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(CICFLOWMETER)
    assert Mapping.load(path).columns["src_addr"] == "Source IP"
    for content, said in ((b"\xff", "not UTF-8"), (b"#" * 70_000, "larger than")):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=said):
            Mapping.load(path)
    with pytest.raises(UsageError, match="cannot be read"):
        Mapping.load(tmp_path / "none.toml")
