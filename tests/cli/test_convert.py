"""`slowworm convert` and `--mapping` as a person uses them: broken input, pipes, terminals, full disks."""

from __future__ import annotations

import gzip
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.cli.test_others import complete
from tests.support import EXAMPLES, ROOT, Ran, slowworm

import slowworm as package
from slowworm.cli import main
from slowworm.sinks.outputs import standard_outputs
from slowworm.sources.tables import MappedTable, Mapping

CODERED = str(EXAMPLES / "codered-netflow.txt")

MAPPING = """
[columns]
src_addr = "Source IP"
dst_addr = "Destination IP"
dst_port = "Port"
protocol = "Proto"
packets = "Pkts"
start_time = "When"
[values]
time_zone = "UTC"
exporter = "core-1"
"""


Run = Callable[..., Ran]


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process: a process of its own for each of these would take half a minute."""

    def command(*arguments: str, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as end:
            main(arguments)
        out, err = capsysbinary.readouterr()
        return Ran(int(str(end.value.code or 0)), out.decode(), err.decode())

    return command


def foreign(n: int = 8) -> str:
    """A scan in somebody's own CSV."""
    rows = [f"2024-05-01 12:00:0{i},10.1.2.3,{60 + 9 * i}.7.{i}.9,445,tcp,1" for i in range(n)]
    return "\n".join(["When,Source IP,Destination IP,Port,Proto,Pkts", *rows, ""])


def test_the_help_names_every_format() -> None:
    shown = slowworm("convert", "--help").out
    assert all(info.name in shown for info in standard_outputs().infos())
    assert "netflow-v9" in complete("slowworm convert --to netflow-v")


@pytest.mark.parametrize("name", [info.name for info in standard_outputs().infos()])
def test_a_listing_goes_through_a_pipe_in_every_format(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slowworm", "convert", CODERED, "--to", name], capture_output=True, check=True
    )
    assert package.hunt(done.stdout).flow_count == 10
    assert f"10 flows written to standard output as {name}" in done.stderr.decode()


def test_the_file_is_what_its_name_says_and_hunt_reads_it(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "flows.jsonl.gz"
    ran = run("convert", CODERED, "-o", str(out))
    assert (ran.code, ran.out) == (0, "")
    assert f"10 flows written to {out} as jsonl" in ran.err
    assert len(gzip.decompress(out.read_bytes()).splitlines()) == 10
    answer = json.loads(run("hunt", str(out), "--json").out)
    assert [v["address"] for v in answer["verdicts"]] == ["193.23.45.35"]
    assert answer["verdicts"][0]["in_if"] == "Vl1"


def test_several_inputs_a_directory_and_standard_input(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_bytes(Path(CODERED).read_bytes())
    out = tmp_path / "all.parquet"
    ran = run("convert", str(tmp_path / "in"), "-", "-o", str(out), stdin=Path(CODERED).read_bytes())
    assert ran.code == 0
    assert pq.read_table(out).num_rows == 20
    assert set(pq.read_table(out).column("input").to_pylist()) == {str(tmp_path / "in" / "a.txt"), "stdin"}


def test_only_matching_flows_are_written(run: Run, tmp_path: Path) -> None:
    ran = run("convert", CODERED, "--to", "csv", "--filter", "src ip 193.23.45.35")
    assert ran.out.count("193.23.45.35") == len(ran.out.splitlines()) - 1 == 6
    assert "6 of 10 flows written" in ran.err
    nothing = run("convert", CODERED, "--to", "csv", "--filter", "dst port 9")
    assert (nothing.code, len(nothing.out.splitlines())) == (0, 1)
    wrong = run("convert", CODERED, "-o", str(tmp_path / "a.csv"), "--filter", "dst prot 9")
    assert wrong.code == 2
    assert "^" in wrong.err
    assert not list(tmp_path.iterdir())


def test_broken_input_gives_the_good_part_and_3(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(
        Path(CODERED).read_bytes() + b"Vl1  1.2.3.999  Vl3  1.2.3.4  06 0FFF 0050  1\n"
    )
    (tmp_path / "b.bin").write_bytes(bytes(range(256)) * 40)
    out = tmp_path.parent / f"{tmp_path.name}.csv"
    ran = run("convert", str(tmp_path), "-o", str(out))
    assert ran.code == 3
    assert "10 flows written" in ran.err
    assert "b.bin: binary data of no known format" in ran.err
    assert "a.txt:" in ran.err
    assert run("convert", str(tmp_path), "-o", str(out), "--strict").code == 2
    only = run("convert", str(tmp_path / "b.bin"), "-o", str(tmp_path / "none.csv"))
    assert only.code == 2
    assert not (tmp_path / "none.csv").exists()


def test_flows_that_do_not_fit_the_format_are_said_and_give_3(run: Run, tmp_path: Path) -> None:
    table = pa.table({"src_addr": ["2001:db8::1", "10.0.0.1"], "dst_addr": ["2001:db8::2", "10.0.0.2"],
                      "protocol": [6, 6], "packets": [1, 1], "label": ["x", "y"]})  # fmt: skip
    source = tmp_path / "a.parquet"
    pq.write_table(table, source)
    ran = run("convert", str(source), "--to", "netflow-v5", "-o", str(tmp_path / "a.pcap"))
    assert ran.code == 3
    assert "1 of 2 flows" not in ran.err
    assert "1 flow: IPv6 flows are left out" in ran.err
    assert "1 flow: label is left out" in ran.err
    assert run("convert", str(source), "--to", "ipfix", "-o", str(tmp_path / "b.pcap")).code == 0


def test_the_output_may_not_be_an_input(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("src_addr,dst_addr\n10.0.0.1,10.0.0.2\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    for source in ("a.csv", "link.csv", "."):
        ran = run("convert", str(tmp_path / source), "-o", str(tmp_path / "a.csv"))
        assert ran.code == 2
        assert "is an input too" in ran.err
    assert (tmp_path / "a.csv").read_text().count("\n") == 2


def test_full_disks_and_wrong_places_are_told() -> None:
    for path in ("/dev/full", "/no/such/place/a.csv"):
        ran = slowworm("convert", CODERED, "--to", "csv", "-o", path)
        assert ran.code == 2
        assert f"{path}: cannot be written" in ran.err
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run([sys.executable, "-m", "slowworm", "convert", CODERED, "--to", "csv"], stdout=full,
                              stderr=subprocess.PIPE, check=False)  # fmt: skip
    assert done.returncode == 2
    assert b"cannot be written" in done.stderr


def on_a_terminal(*arguments: str) -> Ran:
    """Run with a terminal for stdout."""
    parent, child = pty.openpty()
    done = subprocess.run([sys.executable, "-m", "slowworm", *arguments], stdin=subprocess.DEVNULL, stdout=child,
                          stderr=subprocess.PIPE, check=False, timeout=60)  # fmt: skip
    os.close(child)
    shown = b""
    try:
        while piece := os.read(parent, 65_536):
            shown += piece
    except OSError:  # the end, where there is no child any more
        pass
    os.close(parent)
    return Ran(done.returncode, shown.decode(), done.stderr.decode())


def test_a_terminal_gets_text_and_no_binary() -> None:
    refused = on_a_terminal("convert", CODERED, "--to", "parquet")
    assert (refused.code, refused.out) == (2, "")
    assert "nothing for a terminal" in refused.err
    assert on_a_terminal("convert", CODERED, "--to", "csv").out.count("\n") == 11


def test_a_reader_that_goes_away_is_no_error() -> None:
    rows = "\n".join(
        f"Vl1 10.0.{i // 250}.{i % 250 + 1} Vl3 2.34.56.12 06 0F9F 0050 2" for i in range(40_000)
    )
    text = "SrcIf SrcIPaddress DstIf DstIPaddress Pr SrcP DstP Pkts\n" + rows + "\n"
    command = f"{sys.executable} -m slowworm convert - --to csv | head -1"
    done = subprocess.run(command, shell=True, input=text.encode(), capture_output=True, check=False)
    assert done.stdout.startswith(b"start_time,")
    assert b"Traceback" not in done.stderr
    assert b"Broken" not in done.stderr


def test_foreign_tables_are_read_by_a_mapping(run: Run, tmp_path: Path) -> None:
    source, mapping = tmp_path / "fw.csv", tmp_path / "m.toml"
    source.write_text(foreign())
    mapping.write_text(MAPPING)
    assert run("hunt", str(source)).code == 2
    answer = json.loads(run("hunt", str(source), "--mapping", str(mapping), "--json").out)
    assert answer["inputs"][0]["format"] == "mapped-table"
    assert [(v["address"], v["exporter"]) for v in answer["verdicts"]] == [("10.1.2.3", "core-1")]
    out = tmp_path / "flows.parquet"
    assert run("convert", str(source), "--mapping", str(mapping), "-o", str(out)).code == 0
    assert pq.read_table(out).num_rows == 8
    assert [str(v.address) for v in package.hunt(source, mapping=mapping).verdicts] == ["10.1.2.3"]


def test_a_mapping_leaves_other_formats_alone_and_tells_what_a_table_lacks(run: Run, tmp_path: Path) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(MAPPING)
    assert [v.verdict for v in package.hunt(CODERED, mapping=mapping).verdicts] == ["infected"]
    (tmp_path / "x.csv").write_text("time,from,to\n1,2,3\n")
    ran = run("hunt", str(tmp_path / "x.csv"), "--mapping", str(mapping))
    assert ran.code == 2
    assert "no column Source IP, Destination IP, Port, Proto, Pkts, When as" in ran.err
    assert "m.toml says; it has: time, from, to" in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[columns]\nsrc_adr = 'a'\n", "columns.src_adr: no column of the flow table; did you mean src_addr"),
        ("[columns]\nsrc_addr = 'a'\n", "columns.dst_addr is missing"),
        ("columns = 1\n", "columns: must be a table"),
        ("[columns\n", "not TOML"),
        (None, "cannot be read"),
    ],
)
def test_a_wrong_mapping_names_its_file_and_key(
    run: Run, tmp_path: Path, text: str | None, said: str
) -> None:
    mapping = tmp_path / "m.toml"
    if text is not None:
        mapping.write_text(text)
    for command in (("hunt", CODERED), ("convert", CODERED, "--to", "csv")):
        ran = run(*command, "--mapping", str(mapping))
        assert (ran.code, ran.out) == (2, "")
        assert f"{mapping}: " in ran.err
        assert said in ran.err


def test_a_mapped_table_needs_its_mapping(run: Run) -> None:
    ran = run("hunt", CODERED, "--as", "mapped-table")
    assert ran.code == 2
    assert "needs --mapping FILE" in ran.err


def test_from_python_the_result_says_what_became_of_the_flows(tmp_path: Path) -> None:
    table = pa.table({"src_addr": ["10.0.0.1", "10.0.0.2"], "dst_addr": ["10.0.0.3", "10.0.0.4"], "dst_port": [80, 81],
                      "protocol": [6, 6], "packets": [1, 2], "exporter": ["r1", "r1"]})  # fmt: skip
    result = package.convert(table, output=tmp_path / "a.pcap", to="ipfix", only_flows="dst port 80")
    assert (result.to, result.read, result.selected, result.written, result.left_out) == ("ipfix", 2, 1, 1, 0)
    assert [(loss.id, loss.count) for loss in result.losses] == [("exporter-names", 1)]
    assert [i.format for i in result.inputs] == ["arrow"]
    assert not result.partly_understood
    file = io.BytesIO()
    package.convert(tmp_path / "a.pcap", output=file, to="jsonl")
    assert json.loads(file.getvalue())["exporter"] == "198.18.0.1"
    with pytest.raises(package.UsageError, match="nothing to convert"):
        package.convert(output=file, to="csv")
    with pytest.raises(package.InputError, match="empty"):
        package.convert(b"", output=tmp_path / "none.csv")
    assert not (tmp_path / "none.csv").exists()


def test_sampling_that_was_not_exported_can_be_said(run: Run) -> None:
    ran = run("convert", CODERED, "--to", "jsonl", "--sampling", "Router=100")
    assert {json.loads(line)["sampling_rate"] for line in ran.out.splitlines()} == {100}
    assert "of no use" not in ran.err
    ran = run("convert", CODERED, "--to", "jsonl", "--sampling", "other=100")
    assert not any("sampling_rate" in json.loads(line) for line in ran.out.splitlines())
    assert "no flow of an exporter other" in ran.err


def test_every_output_format_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "formats.md").read_text().partition("## Output formats")[2]
    for info in standard_outputs().infos():
        row = next(line for line in page.split("\n") if line.startswith(f"| `{info.name}`"))
        assert all(f"`{suffix}`" in row for suffix in info.suffixes)


def test_the_mapping_in_the_documentation_is_one() -> None:
    page = (ROOT / "docs" / "reference" / "formats.md").read_text()
    text = page.partition("```toml\n")[2].partition("```")[0]
    table = "Source IP,Destination IP,Source Port,Destination Port,Protocol,Timestamp,Flow Duration,Total Fwd Packets,"
    table += "Total Length of Fwd Packets,Total Backward Packets,Total Length of Bwd Packets,Label\n"
    table += "192.168.10.5,8.254.250.126,49188,80,6,03/07/2017 08:56,4,2,12,1,6,BENIGN\n"
    mapping = Mapping.parse(text, origin="formats.md")
    reading = MappedTable(mapping).read("cic.csv", table.encode())
    assert (reading.flows, reading.problems) == (2, ())
    starts = pa.concat_arrays([b.column("start_time").cast(pa.int64()) for b in reading.batches]).to_pylist()
    assert starts == [1_499_082_960 * 10**9] * 2  # 11:56 UTC


def test_a_store_is_made_and_appended_to_and_asked(tmp_path: Path, run: Run) -> None:
    store = str(tmp_path / "flows.store")
    for name in ("codered-netflow.txt", "codered-accounting.txt"):
        assert run("convert", str(EXAMPLES / name), "--to", "store", "-o", store).code == 0
    rows = run("query", "select count(*) as n from flows", store, "--format", "csv").out.split()
    assert rows == ["n", "26"]
    assert "193.23.45.35" in run("hunt", store).out
    nowhere = run("convert", CODERED, "--to", "store")
    assert nowhere.code == 2
    assert "-o" in nowhere.err
