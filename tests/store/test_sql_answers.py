"""Answers of SQL: equal to a count in plain Python, addresses always as text, nothing else within reach."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.store.made_flows import HOUR, at, files_of, numbered
from tests.support import EXAMPLES, ROOT, SHARED

import slowworm
from slowworm.api.query import opened
from slowworm.api.readings import formats_with, read_all
from slowworm.errors import InputError, QueryError, UsageError
from slowworm.flows.addresses import Address, to_objects
from slowworm.flows.table import flow_batch
from slowworm.store.sql import session as session_module
from slowworm.store.sql.relations import RELATIONS, Contents
from slowworm.store.sql.session import Session
from slowworm.store.store import Store

pytest.importorskip("duckdb")

NFCAPD = SHARED / "data/nfdump/chrispassas-nfdump/devtestdata/nfcapd.sample"
ZEEK = SHARED / "data/detection/netflowlabeler/conn.json.log"
NETFLOW = EXAMPLES / "codered-netflow.txt"


def flows_of(path: Path) -> list[pa.RecordBatch]:
    """The flows of a file as every command reads them."""
    return [b for reading in read_all([path], formats_with(None)) for b in reading.batches]


def pairs_of(batches: list[pa.RecordBatch]) -> list[tuple[Address, Address, int, int | None]]:
    """(source, destination, bytes, destination port) of every flow."""
    found = []
    for batch in batches:
        columns = (to_objects(batch.column("src_addr")), to_objects(batch.column("dst_addr")),
                   batch.column("bytes").to_pylist(), batch.column("dst_port").to_pylist())  # fmt: skip
        found += [
            (s, d, b or 0, p) for s, d, b, p in zip(*columns, strict=True) if s is not None and d is not None
        ]
    return found


@pytest.mark.parametrize("path", [NFCAPD, ZEEK], ids=lambda p: p.name)
@pytest.mark.parametrize("through", ["file", "store", "parquet"])
def test_counts_equal_a_count_in_plain_python(path: Path, through: str, tmp_path: Path) -> None:
    if not path.exists():
        pytest.skip("the shared captures are not here")
    batches = flows_of(path)
    flows = pairs_of(batches)
    assert {s.version for s, _, _, _ in flows} == {4, 6}, "the fixture has both"
    given: list[Any] = [path]
    if through == "store":
        store = Store.create(tmp_path / "store")
        with store.writer(received=HOUR) as filling:
            filling.add(batches)
        given = [store.root]
    elif through == "parquet":
        slowworm.convert(path, output=tmp_path / "4.parquet", only_flows="ipv4")
        slowworm.convert(path, output=tmp_path / "6.parquet", only_flows="ipv6")
        given = [tmp_path / "4.parquet", tmp_path / "6.parquet"]

    targets: dict[str, set[Address]] = defaultdict(set)
    size: Counter[str] = Counter()
    prefixes: Counter[str] = Counter()
    for source, target, count, _ in flows:
        targets[str(source)].add(target)
        size[str(source)] += count
        bits = 24 if target.version == 4 else 64
        import ipaddress

        prefixes[str(ipaddress.ip_network((target, bits), strict=False))] += 1
    answer = slowworm.query(
        "SELECT src_addr, count(DISTINCT dst_addr) AS targets, sum(bytes) AS bytes FROM flows "
        "WHERE src_addr IS NOT NULL AND dst_addr IS NOT NULL GROUP BY ALL",
        *given,
    )
    assert {r["src_addr"]: (r["targets"], r["bytes"] or 0) for r in answer.to_pylist()} == {
        source: (len(found), size[source]) for source, found in targets.items()
    }
    answer = slowworm.query(
        "SELECT prefix(dst_addr, 24) AS p, count(*) AS n FROM flows WHERE src_addr IS NOT NULL GROUP BY ALL",
        *given,
    )
    assert {r["p"]: r["n"] for r in answer.to_pylist() if r["p"]} == dict(prefixes)
    some, _ = next(((t, p) for _, t, _, p in flows if t.version == 6), (None, None))
    assert some is not None
    inside = sum(
        t in ipaddress.ip_network((some, 32), strict=False) for _, t, _, _ in flows if t.version == 6
    )
    answer = slowworm.query(
        f"SELECT count(*) AS n FROM flows WHERE src_addr IS NOT NULL AND in_prefix(dst_addr, '{some}/32')",
        *given,
    )
    assert answer.to_pylist() == [{"n": inside}]


def test_every_kind_of_input_can_be_asked(tmp_path: Path) -> None:
    sql = "SELECT count(*) AS n, count(DISTINCT src_addr) AS sources FROM flows"
    expected = [{"n": 10, "sources": 5}]
    for given in (NETFLOW, str(NETFLOW), NETFLOW.read_text(), NETFLOW.read_bytes()):
        assert slowworm.query(sql, given).to_pylist() == expected
    flows = slowworm.hunt(NETFLOW).flows
    assert slowworm.query(sql, pa.Table.from_batches(flows)).to_pylist() == expected
    store = Store.create(tmp_path / "all" / "store")
    store.append(flows)
    assert slowworm.query(sql, store.root).to_pylist() == expected
    (tmp_path / "all" / "listing.txt").write_bytes(NETFLOW.read_bytes())
    assert slowworm.query(sql, tmp_path / "all").to_pylist() == [{"n": 20, "sources": 5}], (
        "a store beside files"
    )


def test_a_store_is_hunted_like_a_file(tmp_path: Path) -> None:
    whole = slowworm.hunt(NETFLOW)
    store = Store.create(tmp_path / "store")
    store.append(whole.flows[0].slice(0, 5))
    store.append(whole.flows[0].slice(5))
    store.append_verdicts(whole.to_dict())
    for place in (store.root, tmp_path, store.root / "flows", files_of(store)[0].parent):
        found = slowworm.hunt(place)
        assert [(str(v.address), v.verdict) for v in found.verdicts] == [("193.23.45.35", "infected")]
        assert [v.evidence for v in found.verdicts] == [v.evidence for v in whole.verdicts]
        assert found.flow_count == 10
        assert not found.partly_understood, "marker, spool and verdicts are no problems"
        assert [i.formats for i in found.inputs] == [(("slowworm-parquet", 10),)]


def test_verdicts_are_those_of_the_store_else_of_a_hunt_now(tmp_path: Path) -> None:
    sql = "SELECT address, verdict, service(protocol, port) AS service, run_time FROM verdicts"
    (row,) = slowworm.query(sql, NETFLOW).to_pylist()
    assert (row["address"], row["verdict"], row["service"]) == ("193.23.45.35", "infected", "tcp/80")
    store = Store.create(tmp_path / "store")
    store.append(slowworm.hunt(NETFLOW).flows)
    (row,) = slowworm.query(sql, store.root).to_pylist()
    assert row["address"] == "193.23.45.35", "no run is kept yet"
    store.append_verdicts(slowworm.hunt(NETFLOW).to_dict(), run_time=HOUR)
    assert [r["run_time"] for r in slowworm.query(sql, store.root).to_pylist()] == [HOUR]
    assert slowworm.query("FROM runs", store.root).to_pylist() == [
        {"run_time": HOUR, "flows": 10, "verdicts": 1}
    ]
    joined = slowworm.query(
        "SELECT count(*) AS n FROM flows JOIN verdicts ON src_addr = address WHERE infected_by IS NULL",
        store.root,
    )
    assert joined.to_pylist() == [{"n": 6}]


def test_inputs_are_read_only_when_sql_asks_for_them(tmp_path: Path) -> None:
    assert slowworm.query("SELECT 1 AS one", tmp_path / "nothing there").to_pylist() == [{"one": 1}]
    for sql in ("FROM flows", "SELECT * FROM Problems", "SELECT count(*) FROM verdicts"):
        with pytest.raises(UsageError, match="no such file"):
            slowworm.query(sql, tmp_path / "nothing there")
    with pytest.raises(UsageError, match="nothing to query"):
        slowworm.query("SELECT 1")


def test_what_was_not_understood_is_a_relation(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("nothing that anybody could read\n")
    with pytest.raises(InputError, match="broken"):
        slowworm.query("FROM flows", tmp_path / "broken")
    found = slowworm.query(
        "SELECT place, text, count FROM problems", tmp_path / "broken", NETFLOW
    ).to_pylist()
    assert [r["place"] for r in found] == [str(tmp_path / "broken")]
    assert slowworm.query("SELECT count(*) AS n FROM flows", tmp_path / "broken", NETFLOW).to_pylist() == [
        {"n": 10}
    ]
    store = Store.create(tmp_path / "store")
    store.append(numbered(0, 5))
    store.append(numbered(5, 5))
    damaged = files_of(store)[0]
    damaged.write_bytes(damaged.read_bytes()[:-10])
    assert slowworm.query("SELECT count(*) AS n FROM flows", store.root).to_pylist() == [{"n": 5}]
    assert slowworm.query("SELECT place FROM problems", store.root).to_pylist() == [{"place": str(damaged)}]


def test_a_file_that_breaks_in_the_middle_is_named(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    for first in (0, 5, 10):
        store.append(numbered(first, 5))
    damaged = files_of(store)[1]
    content = bytearray(damaged.read_bytes())
    content[20:60] = b"\xff" * 40  # its footer is whole, a page is not
    damaged.write_bytes(content)
    with pytest.raises(QueryError, match="move it away") as raised:
        slowworm.query("SELECT start_time, src_addr, dst_addr FROM flows", store.root)
    assert str(damaged) in str(raised.value)
    assert "hunt passes over it" in str(raised.value)


@pytest.fixture
def session() -> Iterator[Session]:
    flows = [
        (4, pa.Table.from_batches([numbered(0, 50)])),
        (6, pa.Table.from_batches([numbered(50, 50, ip_version=6)])),
    ]
    with Session(Contents(flows=flows)) as made:
        yield made


def rows(session: Session, sql: str, **options: Any) -> list[dict[str, Any]]:
    """The rows of an answer."""
    return [row for batch in session.run(sql, **options).batches for row in batch.to_pylist()]


def test_nobody_sees_the_numbers_behind_addresses(session: Session) -> None:
    first = rows(session, "SELECT * FROM flows ORDER BY bytes LIMIT 1")[0]
    assert (first["src_addr"], first["dst_addr"]) == ("10.0.0.0", "93.184.0.0")
    assert first["start_time"] == HOUR
    assert first["in_if"] == "Gi0/1"
    asked = (
        "SELECT src_addr AS a, max(src_addr) AS b, list(src_addr) AS c, {'x': src_addr, 'y': [dst_addr]} AS d, "
        "map {src_addr: dst_addr} AS e, coalesce(NULL, src_addr) AS f, src_addr + 1 AS g, src_addr AS a "
        "FROM flows WHERE bytes = 60 GROUP BY src_addr, dst_addr"
    )
    assert rows(session, asked) == [
        {
            "a": "2001:db8::a00:3c",
            "b": "2001:db8::a00:3c",
            "c": ["2001:db8::a00:3c"],
            "d": {"x": "2001:db8::a00:3c", "y": ["2001:db8::5db8:3c"]},
            "e": [("2001:db8::a00:3c", "2001:db8::5db8:3c")],
            "f": "2001:db8::a00:3c",
            "g": "2001:db8::a00:3d",
            "a_2": "2001:db8::a00:3c",
        }
    ]
    (said,) = rows(session, "SUMMARIZE SELECT src_addr FROM flows", printable=True)
    assert (said["column_type"], said["min"], said["max"], said["avg"]) == (
        "ADDRESS",
        "10.0.0.0",
        "2001:db8::a00:63",
        None,
    )
    assert rows(session, "DESCRIBE SELECT src_addr FROM flows")[0]["column_type"] == "ADDRESS"


def test_the_order_of_the_answer_is_that_of_the_sql(session: Session) -> None:
    asked = "SELECT src_addr FROM flows ORDER BY bytes DESC"
    assert [r["src_addr"] for r in rows(session, asked)][::10] == [
        *(f"2001:db8::a00:{n:x}" for n in range(99, 49, -10)), *(f"10.0.0.{n}" for n in range(49, 0, -10))
    ]  # fmt: skip
    assert [r["src_addr"] for r in rows(session, asked, limit=1)] == ["2001:db8::a00:63"]


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("src_addr = '10.0.0.7'", 1),
        ("'10.0.0.7' = src_addr", 1),
        ("src_addr <> '10.0.0.7'", 99),
        ("src_addr IN ('10.0.0.7', '10.0.0.8' ,\n'2001:db8::a00:3c', '203.0.113.1')", 3),
        ("src_addr BETWEEN '10.0.0.7' AND '10.0.0.9'", 3),
        ("src_addr = '10.0.0.7' OR exporter = '10.0.0.7' OR dst_addr = '10.0.0.7'", 1),
        (
            "'é世界' <> exporter AND (src_addr = '10.0.0.7' OR exporter = '10.0.0.7' OR src_addr = '10.0.0.7')",
            1,
        ),
        ("src_addr = ip('10.0.0.7') -- '10.0.0.8'", 1),
        ("true " + "AND true " * 100 + "AND src_addr = '10.0.0.7' OR src_addr = '10.0.0.7'", 1),
        ("src_addr IN (" + ", ".join(f"'10.0.0.{n}'" for n in range(256)) + ")", 50),
    ],
)
def test_text_beside_an_address_is_an_address(session: Session, condition: str, count: int) -> None:
    assert rows(session, f"SELECT count(*) AS n FROM flows WHERE {condition}") == [{"n": count}]


def test_a_list_beside_an_address_costs_one_look(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "MAX_LITERALS", 2)
    listed = ", ".join(f"'10.0.0.{n}'" for n in range(256))
    assert rows(session, f"SELECT count(*) AS n FROM flows WHERE src_addr IN ({listed})") == [{"n": 50}]
    with pytest.raises(QueryError, match="put ip"):
        session.run(
            "SELECT 1 FROM flows WHERE src_addr = '10.0.0.1' OR src_addr = '10.0.0.2' OR src_addr = '10.0.0.3'"
        )


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", "no SQL given"),
        ("-- nothing", "no SQL given"),
        ("SELECT 1; SELECT 2", "2 statements"),
        (
            "SELECT src_adr FROM flows",
            r'"src_adr" not found.*\n.*\n  LINE 1: SELECT src_adr FROM flows\n                 \^',
        ),
        ("SELECT *\nFROM flow", r"flow does not exist!(.*\n)+  LINE 2: FROM flow\n               \^"),
        ("SELEC 1", r"syntax error(.*\n)+  LINE 1: SELEC 1\n          \^"),
        ("SELECT nosuch(src_addr)\n, 1 FROM flows", r"nosuch does not exist(.*\n)+  LINE 1: SELECT nosuch"),
        ("SELECT CAST(exporter AS INTEGER) FROM flows", "Could not convert string 'r1'"),
        ("SELECT * FROM flows WHERE src_addr = '10.0.0.0/8'", r"'10.0.0.0/8' is no address.*in_prefix\(addr"),
        (
            "SELECT * FROM flows WHERE src_addr = 'router'",
            "an address is compared with text: 'router' is no address",
        ),
        ("SELECT * FROM flows WHERE src_addr LIKE '10.%'", r"hint: an address is no text: text\(addr\)"),
        ("SELECT error('a\x1b[31mb')", r"query: a\?\[31mb"),
        ("SELECT st_point(1, 2)", "no extension is loaded"),
        ("SELECT $1", "parameters"),
    ],
)
def test_errors_say_what_and_where(session: Session, sql: str, said: str) -> None:
    with pytest.raises(QueryError, match=said) as raised:
        session.run(sql)
    assert str(raised.value).startswith("query: ")
    assert "Candidate functions" not in str(raised.value)
    assert rows(session, "SELECT 1 AS one") == [{"one": 1}], "the next question is answered"


def test_an_error_far_into_the_rows_is_one_too(session: Session) -> None:
    asked = "SELECT CASE WHEN i = 190000 THEN error('late') ELSE i END AS n FROM range(200000) AS r(i)"
    with pytest.raises(QueryError, match="late"):
        list(session.run(asked).batches)


@pytest.mark.parametrize(
    "sql",
    [
        "COPY flows TO '{place}'",
        "COPY (SELECT 1) TO '{place}' (USE_TMP_FILE false)",
        "WITH x AS (COPY (SELECT 1) TO '{place}' (USE_TMP_FILE false)) FROM x",
        "FROM query('WITH x AS (COPY (SELECT 1) TO ''{place}'' (USE_TMP_FILE false)) FROM x')",
        "WITH x AS (COPY (SELECT 1) TO '{stored}' (USE_TMP_FILE false)) FROM x",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{place}'",
        "EXPORT DATABASE '{place}'",
        "ATTACH '{place}' AS other",
        "CREATE TABLE t AS SELECT 1",
        "CREATE OR REPLACE VIEW flows AS SELECT 1",
        "DROP VIEW flows",
        "INSERT INTO flows SELECT * FROM flows",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "SELECT * FROM '{stored}'",
        "SELECT * FROM read_parquet('{stored}')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM parquet_metadata('{stored}')",
        "SELECT * FROM read_csv('http://127.0.0.1:9/x')",
        "SELECT * FROM query('COPY flows TO ''{place}''')",
        "SELECT * FROM secret",
        "SELECT * FROM relation",
    ],
)
def test_sql_reaches_nothing_but_the_relations(tmp_path: Path, sql: str) -> None:
    store = Store.create(tmp_path / "store")
    store.append(numbered(0, 5))
    secret = pa.table({"a": [1]})  # a variable of a caller is no relation
    (stored,) = files_of(store)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(QueryError):
        slowworm.query(sql.format(place=tmp_path / "written", stored=stored) + " -- flows", store.root)
    assert secret.num_rows == 1
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "name", ["a'b", "[x]*?", 'q"uote', "new\nline", "--x; DROP VIEW flows", "世界 é", "{0}%s"]
)
def test_names_of_files_are_names_and_nothing_else(tmp_path: Path, name: str) -> None:
    store = Store.create(tmp_path / name / "store")
    store.append(numbered(0, 7))
    slowworm.convert(store.root, output=tmp_path / name / "own.parquet")
    sql = "SELECT count(*) AS n FROM flows"
    for path in (store.root, tmp_path / name / "own.parquet"):
        assert slowworm.query(sql, path).to_pylist() == [{"n": 7}]
    assert slowworm.query(sql, tmp_path / name).to_pylist() == [{"n": 14}]


def test_hostile_text_comes_through_as_it_is() -> None:
    label = "a\x00b\x1b[31m\u202e=1+1'\"\n"
    flows = flow_batch(
        {"src_addr": np.ones(1, np.uint32), "dst_addr": np.ones(1, np.uint32), "label": label}, rows=1
    )
    answer = slowworm.query("SELECT label FROM flows WHERE label LIKE 'a%'", pa.Table.from_batches([flows]))
    assert answer.to_pylist() == [{"label": label}], "the Arrow table is data; text formats escape it"


def test_a_span_of_time_can_be_asked_for_in_sql(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    for minute in range(0, 60, 10):
        store.append(numbered(minute, 5, minute=minute), received=at(minute))
    answer = slowworm.query(
        "SELECT date_trunc('hour', min(start_time)) AS hour, max(end_time) AS last, count(*) AS n FROM flows "
        "WHERE start_time >= '2026-11-22 18:20' AND start_time < TIMESTAMPTZ '2026-11-22 19:40:00+01:00'",
        store.root,
    )
    assert answer.to_pylist() == [{"hour": HOUR, "last": at(30) + datetime.timedelta(seconds=14), "n": 10}]


def test_the_questions_in_the_documentation_run(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reference" / "store.md").read_text()
    questions = page.partition("```sql\n")[2].partition("```")[0].split(";\n")
    store = Store.create(tmp_path / "store")
    store.append([numbered(0, 60), numbered(60, 60, ip_version=6)], received=HOUR)
    store.append_verdicts(slowworm.hunt(NETFLOW).to_dict())
    assert len(questions) > 5
    for question in filter(str.strip, questions):
        slowworm.query(question, store.root)


def test_duckdb_writes_nothing_among_the_rows(session: Session) -> None:
    assert rows(session, "SELECT current_setting('enable_progress_bar') AS bar") == [{"bar": False}]


def test_sums_are_ordinary_integers_where_they_fit() -> None:
    answer = slowworm.query(
        "SELECT sum(packets) AS few, sum(packets) * 10000000000000000000 AS many FROM flows", NETFLOW
    )
    assert answer.schema.field("few").type == pa.int64()
    assert int(answer.column("many")[0].as_py()) == answer.column("few")[0].as_py() * 10**19


def test_files_stay_while_they_are_asked(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    for first in range(0, 50, 10):
        store.append(numbered(first, 10), received=HOUR)
    sql = "SELECT bytes FROM flows"
    with opened(sql, [store.root]) as (session, _):
        assert store.compact(now=HOUR + datetime.timedelta(days=1)).swept == 0
        assert store.retain(size=0).swept == 0
        assert sorted(r["bytes"] for r in rows(session, sql)) == list(range(50))
    assert slowworm.query(sql, store.root).num_rows == 0


@pytest.mark.parametrize("size", ["much", "-1GB", "1", "2GB'; SET x", ""])
def test_a_size_of_memory_is_checked(size: str) -> None:
    with pytest.raises(UsageError, match="a size such as 2GB"):
        slowworm.query("SELECT 1", NETFLOW, memory=size)


def test_memory_is_bounded(tmp_path: Path) -> None:
    sql = "SELECT count(*) AS n FROM (SELECT i, count(*) FROM range(3000000) AS r(i) GROUP BY i)"
    assert slowworm.query(sql, NETFLOW, memory="200MB", threads=1).to_pylist() == [{"n": 3_000_000}]
    with pytest.raises(QueryError, match="--memory gives more"):
        slowworm.query("SELECT list(i) FROM range(30000000) AS r(i)", NETFLOW, memory="50MB", threads=1)


def test_every_relation_has_the_columns_that_are_documented() -> None:
    page = (ROOT / "docs" / "reference" / "store.md").read_text()
    with Session(Contents()) as session:
        for relation in RELATIONS:
            answer = session.run(f"FROM {relation.name}")
            shown = [
                (n, "TIMESTAMPTZ" if t == "TIMESTAMP WITH TIME ZONE" else t)
                for n, t in zip(answer.names, answer.types, strict=True)
            ]
            assert shown == [(c.name, c.type) for c in relation.columns]
            assert f"`{relation.name}`" in page
            if relation.name != "flows":
                assert all(f"`{column.name}`" in page for column in relation.columns)
