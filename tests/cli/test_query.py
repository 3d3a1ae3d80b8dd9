"""`slowworm query` as people and scripts use it: formats, limits, messages, exit status."""

import contextlib
import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pyarrow.parquet as pq
import pytest
from tests.store.made_flows import HOUR, numbered
from tests.support import EXAMPLES, ROOT, Ran
from tests.support import slowworm as in_a_process

from slowworm.cli import main
from slowworm.cli.query import query
from slowworm.store.sql.functions import FUNCTIONS
from slowworm.store.sql.relations import RELATIONS
from slowworm.store.store import Store

pytest.importorskip("duckdb")

NETFLOW = str(EXAMPLES / "codered-netflow.txt")
SOURCES = "SELECT src_addr, count(DISTINCT dst_addr) AS targets FROM flows GROUP BY 1 ORDER BY 2 DESC, 1 DESC"


def slowworm(*arguments: str, stdin: bytes = b"") -> Ran:
    """Run the command line in this process: to start one takes longer than most questions."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
    given = mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
    printed = (contextlib.redirect_stdout(out), contextlib.redirect_stderr(err))
    with given, printed[0], printed[1], pytest.raises(SystemExit) as end:
        main(arguments)
    out.flush()
    assert isinstance(out.buffer, io.BytesIO)
    assert isinstance(end.value.code, int)
    return Ran(end.value.code, out.buffer.getvalue().decode(), err.getvalue())


def on_a_terminal(*arguments: str, columns: int = 80) -> tuple[str, str]:
    """stdout of a terminal so many columns wide, and stderr."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": str(columns), "TERM": "dumb"}
    process = subprocess.Popen(
        [sys.executable, "-m", "slowworm", *arguments], stdout=theirs, stderr=subprocess.PIPE, env=environment
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65_536)
        except OSError:  # all read, and the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    _, err = process.communicate(timeout=60)
    return shown.decode().replace("\r\n", "\n"), err.decode()


def test_a_table_has_addresses_in_words_and_numbers_at_the_right() -> None:
    ran = slowworm("query", SOURCES, NETFLOW)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.split("\n")[:3] == [
        "src_addr         targets",
        "193.23.45.35           6",
        "211.101.189.208        1",
    ]
    assert len(ran.out.split("\n")) == 7


def test_every_format_says_the_same(tmp_path: Path) -> None:
    expected = [
        {"src_addr": line.split()[0], "targets": int(line.split()[1])}
        for line in slowworm("query", SOURCES, NETFLOW).out.split("\n")[1:-1]
    ]
    assert expected[0] == {"src_addr": "193.23.45.35", "targets": 6}
    assert len(expected) == 5
    rows = list(csv.DictReader(io.StringIO(slowworm("query", SOURCES, NETFLOW, "--csv").out)))
    assert [{**row, "targets": int(row["targets"])} for row in rows] == expected
    document = json.loads(slowworm("query", SOURCES, NETFLOW, "--json").out)
    assert document["schema"] == "slowworm.query/1"
    assert document["columns"] == [
        {"name": "src_addr", "type": "ADDRESS"},
        {"name": "targets", "type": "BIGINT"},
    ]
    assert document["rows"] == expected
    lines = slowworm("query", SOURCES, NETFLOW, "--format", "jsonl").out
    assert [json.loads(line) for line in lines.split("\n")[:-1]] == expected
    for name in ("rows.csv", "rows.json", "rows.jsonl", "rows.parquet", "rows.txt"):
        assert slowworm("query", SOURCES, NETFLOW, "-o", str(tmp_path / name)).out == ""
    assert pq.read_table(tmp_path / "rows.parquet").to_pylist() == expected
    assert json.loads((tmp_path / "rows.json").read_text()) == document
    assert (tmp_path / "rows.jsonl").read_text() == lines
    assert (tmp_path / "rows.txt").read_text().startswith("src_addr ")
    assert len((tmp_path / "rows.csv").read_text().split("\n")) == 7


def test_an_answer_without_rows_is_one_too(tmp_path: Path) -> None:
    asked = "SELECT src_addr, start_time FROM flows WHERE false"
    assert slowworm("query", asked, NETFLOW).out == "src_addr  start_time\n"
    assert slowworm("query", asked, NETFLOW, "--csv").out == "src_addr,start_time\n"
    assert json.loads(slowworm("query", asked, NETFLOW, "--json").out)["rows"] == []
    assert slowworm("query", asked, NETFLOW, "--format", "jsonl").out == ""
    slowworm("query", asked, NETFLOW, "-o", str(tmp_path / "none.parquet"))
    assert pq.read_table(tmp_path / "none.parquet").column_names == ["src_addr", "start_time"]


def test_values_of_all_kinds_can_be_written() -> None:
    asked = (
        "SELECT TIMESTAMPTZ '2026-11-22 18:00:00.25+00' AS t, DATE '2026-11-22' AS d, INTERVAL 90 SECOND AS i, "
        "1.5 AS n, 'x'::BLOB AS b, 'nan'::DOUBLE AS nan, 1e300::DOUBLE AS big, NULL AS nothing, true AS yes, "
        "1 AS twice, 2 AS twice, [ip('10.0.0.1')] AS l, {'a': ip('::1'), 'b': [1.5::DOUBLE]} AS s, "
        "sum(packets) * 10000000000 AS wide FROM flows"
    )
    (row,) = json.loads(slowworm("query", asked, NETFLOW, "--json").out)["rows"]
    assert row == {
        "t": "2026-11-22T18:00:00.25Z", "d": "2026-11-22", "i": "00:01:30", "n": 1.5, "b": "x", "nan": None,
        "big": 1e300, "nothing": None, "yes": True, "twice": 1, "twice_2": 2, "l": ["10.0.0.1"],
        "s": {"a": "::1", "b": [1.5]}, "wide": row["wide"],
    }  # fmt: skip
    assert row["wide"] % 10**10 == 0
    (row,) = csv.DictReader(io.StringIO(slowworm("query", asked, NETFLOW, "--csv").out))
    assert (row["t"], row["i"], row["l"], row["nothing"]) == (
        "2026-11-22T18:00:00.25Z",
        "00:01:30",
        "[10.0.0.1]",
        "",
    )
    shown = slowworm("query", asked, NETFLOW).out
    assert "2026-11-22 18:00:00.25 " in shown
    assert "[1.5]}" in shown


def test_a_terminal_gets_a_hundred_rows_and_is_told(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    store.append(numbered(0, 250), received=HOUR)
    asked = ("query", "SELECT bytes FROM flows ORDER BY bytes", str(store.root))
    shown, err = on_a_terminal(*asked)
    assert shown.split("\n")[1:-1] == [f"{n:5}" for n in range(100)]
    assert "the first 100 rows; --limit 0 shows all" in err
    shown, err = on_a_terminal(*asked, "--limit", "0")
    assert (len(shown.split("\n")), err) == (252, "")
    ran = slowworm(*asked)
    assert (len(ran.out.split("\n")), ran.err) == (252, ""), "a pipe gets all"
    ran = slowworm(*asked, "--limit", "3", "--csv")
    assert ran.out == "bytes\n0\n1\n2\n"
    assert "the first 3 rows" in ran.err
    assert slowworm(*asked, "--limit", "250", "--csv").err == ""


def test_rows_too_wide_for_a_terminal_are_blocks() -> None:
    shown, _ = on_a_terminal("query", "SELECT * FROM flows LIMIT 2", NETFLOW)
    lines = shown.split("\n")
    assert lines[0] == "row 1"
    assert lines[1].split() == ["src_addr", "193.23.45.35"]
    assert not any("label" in line for line in lines), "null is left out of blocks"
    assert all(len(line) <= 80 for line in lines)
    assert shown.count("row ") == 2


def test_hostile_text_is_shown_and_does_nothing(tmp_path: Path) -> None:
    label = "=cmd|'/c calc'!A1\x1b]0;owned\x07\u202e\x00\nsecond,line\""
    table = tmp_path / "flows.jsonl"
    from slowworm.flows.table import flow_batch

    store = Store.create(tmp_path / "store")
    store.append(flow_batch({"src_addr": [1], "dst_addr": [2], "label": label}, rows=1))
    asked = ("query", 'SELECT label, label AS "=1+1\x1b" FROM flows', str(store.root))
    shown = slowworm(*asked)
    assert shown.code == 0, shown.err
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", shown.out)
    assert "\\u001b]0;owned\\u0007\\u202e\\u0000\\u000asecond" in shown.out
    rows = list(csv.reader(io.StringIO(slowworm(*asked, "--csv").out)))
    assert [cell[:2] for row in rows for cell in row] == ["la", "'=", "'=", "'="]
    assert "\x1b" not in "".join(cell for row in rows for cell in row)
    for form in ("json", "jsonl"):
        out = slowworm(*asked, "--format", form).out
        assert not re.search(r"[^\n\x20-\x7e]", out)
        last = json.loads(out)["rows"][0] if form == "json" else json.loads(out)
        assert last["label"] == label
    assert not table.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["SELECT src_adr FROM flows", NETFLOW], 'query: Referenced column "src_adr" not found'),
        (["COPY flows TO 'x'", NETFLOW], "query: this is COPY, and only SELECT is run"),
        (["SELECT 1", "--memory", "lots", NETFLOW], "a size such as 2GB"),
        (["FROM flows", "no such file"], "no such file: no such file or directory"),
        (["SELECT 1"], "SQL and something to ask are needed"),
        ([], "SQL and something to ask are needed"),
        (["FROM flows", NETFLOW, "-o", NETFLOW], "is an input too"),
        (["FROM flows", NETFLOW, "-o", "/no/such/folder/x.csv"], "cannot be written"),
    ],
)
def test_mistakes_end_with_2_and_one_message(arguments: list[str], said: str) -> None:
    before = Path(NETFLOW).read_bytes()
    ran = slowworm("query", *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""
    assert Path(NETFLOW).read_bytes() == before


def test_a_mistake_is_all_that_a_process_says() -> None:
    ran = in_a_process("query", "SELECT nosuch", NETFLOW)
    assert ran.code == 2
    assert ran.err.startswith("slowworm: query: Referenced column")
    assert len(ran.err.split("\n")) < 8, "no complaints of the library at its end"


def test_the_place_of_a_mistake_is_marked() -> None:
    ran = slowworm("query", "SELECT src_addr,\n  nosuch\nFROM flows", NETFLOW)
    line, caret = ran.err.split("\n")[-3:-1]
    assert line.startswith("  LINE 2: ")
    assert line.index("nosuch") == caret.index("^")


def test_an_error_in_the_middle_leaves_no_file(tmp_path: Path) -> None:
    asked = "SELECT CASE WHEN i = 190000 THEN error('late') ELSE i END AS n FROM range(200000) AS r(i)"
    ran = slowworm("query", asked, NETFLOW, "-o", str(tmp_path / "out.csv"))
    assert ran.code == 2
    assert "late" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_partly_understood_inputs_end_with_3(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("nothing that anybody could read\n")
    ran = slowworm("query", "SELECT count(*) AS n FROM flows", str(tmp_path / "broken"), NETFLOW, "--csv")
    assert (ran.code, ran.out) == (3, "n\n10\n")
    assert "not understood: " in ran.err
    assert "broken" in ran.err


def test_standard_input_is_read_once_for_flows_and_verdicts() -> None:
    asked = "SELECT count(*) AS n FROM flows JOIN verdicts ON src_addr = address"
    ran = slowworm("query", asked, "-", "--csv", stdin=Path(NETFLOW).read_bytes())
    assert (ran.out, ran.code) == ("n\n6\n", 0)


def test_a_pipe_is_an_input_like_others() -> None:
    command = f"{sys.executable} -m slowworm query 'SELECT count(*) AS n FROM flows' <(cat {NETFLOW}) --csv"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout, ran.stderr) == ("n\n10\n", "")


def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    command = f"{sys.executable} -m slowworm query 'SELECT i FROM range(3000000) AS r(i)' {NETFLOW} --csv | head -n 2"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout, ran.stderr) == ("i\n0\n", "")


def test_an_interrupt_stops_it_at_once() -> None:
    asked = "SELECT sum(a.range + b.range) FROM range(1000000000) AS a, range(1000) AS b"
    program = (
        "import signal, sys, threading\nimport slowworm.store.sql.session as s\n"
        "attended = s.Session._attended\n"
        "def interrupted(self, work):\n"
        "    main_thread = threading.main_thread().ident\n"
        "    threading.Timer(0.2, lambda: signal.pthread_kill(main_thread, signal.SIGINT)).start()\n"
        "    return attended(self, work)\n"
        "s.Session._attended = interrupted\n"
        "from slowworm.cli import main\nmain(sys.argv[1:])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "query", asked, NETFLOW],
        capture_output=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert ran.returncode == 130
    assert ran.stdout == b""


def test_the_schema_lists_everything_and_needs_no_input() -> None:
    out = slowworm("query", "--schema").out
    for relation in RELATIONS:
        assert re.search(rf"^{relation.name} ", out, re.MULTILINE)
        for column in relation.columns:
            assert re.search(rf"^  {column.name} +{column.type} ", out, re.MULTILINE)
    for function in FUNCTIONS:
        assert f"  {function.signature} " in out


def test_without_duckdb_the_line_that_installs_it_is_said(tmp_path: Path) -> None:
    program = "import sys\nsys.modules['duckdb'] = None\nfrom slowworm.cli import main\nmain(sys.argv[1:])"
    ran = subprocess.run(
        [sys.executable, "-c", program, "query", "FROM flows", str(tmp_path / "nothing is read")],
        capture_output=True, text=True, timeout=60, cwd=ROOT, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr == "slowworm: query needs an optional part: pip install 'slowworm[query]'\n"


def test_the_examples_in_the_help_run(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    store.append(numbered(0, 20), received=HOUR)
    examples = re.findall(r'^slowworm query "([^"]*)"', query.epilog or "", re.MULTILINE)
    assert len(examples) == 4
    for example in examples:
        ran = slowworm("query", example, str(store.root))
        assert ran.code == 0, ran.err


def test_asking_a_small_file_imports_only_what_it_needs() -> None:
    program = (
        "import sys\nfrom slowworm.cli import main\n"
        "try:\n main(sys.argv[1:])\nfinally:\n print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "query", "SELECT count(*) FROM flows", NETFLOW],
        capture_output=True, text=True, timeout=60, cwd=ROOT, check=True,
    )  # fmt: skip
    loaded = set(ran.stderr.split())
    assert "duckdb" in loaded
    for heavy in ("numba", "pandas", "pyarrow.parquet", "pyarrow.dataset", "slowworm.detect.detector"):
        assert heavy not in loaded
