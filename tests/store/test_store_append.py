"""Putting flows into a store and getting them back: all of them, by time, after a crash."""

import datetime
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.store.made_flows import HOUR, at, files_of, numbered, numbers
from tests.support import ROOT

from slowworm.errors import StoreError
from slowworm.flows.schema import NAMES, schema
from slowworm.flows.table import flow_batch
from slowworm.store import snapshot as snapshot_module
from slowworm.store import spool, writer
from slowworm.store.files import Stored
from slowworm.store.store import Store


def test_flows_come_back_as_they_were_put_in(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    four, six = numbered(0, 300), numbered(1000, 200, ip_version=6)
    done = store.append([four, six], received=HOUR)
    assert (done.files, done.rows) == (2, 500)
    back = list(store.batches())
    assert [b.schema for b in back] == [schema(4), schema(6)]
    assert [pa.Table.from_batches([b]).to_pylist() for b in back] == [
        pa.Table.from_batches([b]).to_pylist() for b in (four, six)
    ]
    assert {path.parent.parent.name for path in files_of(store)} == {"ip=4", "ip=6"}


def test_empty_batches_leave_nothing_behind(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    assert store.append([numbered(0, 0)]).files == 0
    assert files_of(store) == []
    assert list(store.batches()) == []
    assert list((store.root / ".slowworm" / "spool").iterdir()) == []


def test_a_writer_fills_files_and_keeps_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "ROWS_PER_FILE", 1000)
    store = Store.create(tmp_path / "store")
    with store.writer(received=HOUR) as filling:
        for first in range(0, 3500, 100):
            filling.add(numbered(first, 100))
    assert filling.done.files == len(files_of(store)) == 4
    assert numbers(store.batches()) == list(range(3500))


def test_what_a_failed_block_has_not_finished_is_discarded(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")

    def failing() -> Iterator[pa.RecordBatch]:
        yield numbered(0, 10)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.append(failing())
    assert list(store.batches()) == []
    assert list((store.root / ".slowworm" / "spool").iterdir()) == []


def test_other_columns_than_those_of_flows_are_refused(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    with pytest.raises(ValueError, match="schema"):
        store.append(numbered(0, 1).drop_columns(["label"]))


def test_columns_that_an_older_file_lacks_are_null(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    store.append(numbered(0, 5), received=HOUR)
    (path,) = files_of(store)
    whole = pq.ParquetFile(path)
    metadata = whole.metadata.metadata
    table = whole.read().drop_columns(["label", "resolved"])
    pq.write_table(
        table.replace_schema_metadata({k: v for k, v in metadata.items() if k != b"ARROW:schema"}), path
    )
    (batch,) = store.batches()
    assert batch.schema == schema(4)
    assert batch.column("label").null_count == 5
    assert numbers([batch]) == [0, 1, 2, 3, 4]


def span(store: Store, start: float | None, end: float | None) -> list[int]:
    return numbers(store.batches(None if start is None else at(start), None if end is None else at(end)))


def test_a_span_of_time_has_the_flows_that_overlap_it(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    store.append(numbered(0, 60), received=HOUR)  # flow n lasts from second n to second n + 10
    assert span(store, None, None) == list(range(60))
    assert span(store, 0.5, None) == list(range(20, 60)), "what ends in the span is in it"
    assert span(store, None, 0.5) == list(range(30)), "its end is no part of the span"
    assert span(store, 0.5, 0.5 + 1 / 60) == list(range(20, 31))
    assert span(store, 10, 20) == []


def test_a_time_needs_its_zone(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    with pytest.raises(ValueError, match="zone"):
        list(store.batches(datetime.datetime(2026, 1, 1)))


def test_flows_without_times_are_in_no_span_and_counted(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    undated = flow_batch({"src_addr": np.ones(3, np.uint32), "bytes": np.arange(3, dtype=np.uint64)}, rows=3)
    store.append(undated, received=HOUR)
    store.append([undated, numbered(100, 5)], received=HOUR)
    assert len(numbers(store.batches())) == 11
    with store.snapshot() as snapshot:
        needed = snapshot.needed("flows", HOUR, None)
        assert len(needed) == 1, "a file without any time is not needed for a span"
        assert numbers(snapshot.read(needed[0], schema(4), HOUR, None)) == [100, 101, 102, 103, 104]
        assert snapshot.undated == 3


def test_footers_tell_which_files_a_span_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.create(tmp_path / "store")
    for minute in range(0, 60, 5):
        store.append(numbered(minute * 1000, 60, minute=minute), received=at(minute))
    read: list[Path] = []

    class Watched(Stored):
        def __init__(self, path: Path) -> None:
            self._path = path
            super().__init__(path)

        def batches(self, target: pa.Schema) -> Any:
            read.append(self._path)
            return super().batches(target)

    monkeypatch.setattr(snapshot_module, "Stored", Watched)
    assert numbers(store.batches(at(20), at(21))) == list(range(20_000, 20_060))
    assert len(read) == 1, "rows of one file of twelve are read"
    with store.snapshot() as snapshot:
        assert len(snapshot.needed("flows", at(20), at(30))) == 2
        assert snapshot.passed == 10


def test_late_flows_are_found_by_their_own_time(tmp_path: Path) -> None:
    # A flow of 30 minutes is received in the hour after that in which it began.
    store = Store.create(tmp_path / "store")
    store.append(numbered(7, 1, minute=50), received=at(70))
    assert files_of(store)[0].parent.name == "hour=2026-11-22T19"
    hundredth = 1 / 6000
    assert span(store, 50, 51) == span(store, None, 50 + hundredth) == span(store, 50 + 1 / 6, None) == [7]
    assert span(store, None, 50) == span(store, 50 + 1 / 6 + hundredth, None) == []


def test_a_file_is_on_the_disk_before_it_is_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.create(tmp_path / "store")
    store.append(numbered(0, 1), received=HOUR)
    happened: list[str] = []
    sync, rename = os.fsync, Path.rename

    def synced(number: int) -> None:
        happened.append(f"sync {Path(f'/proc/self/fd/{number}').readlink().name.partition(',')[0]}")
        sync(number)

    def renamed(path: Path, target: Path) -> Path:
        happened.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    store.append(numbered(1, 10), received=HOUR)
    assert happened == ["sync append", "rename", "sync hour=2026-11-22T18"]


def test_a_disk_that_is_full_says_so_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.create(tmp_path / "store")
    store.append(numbered(0, 10), received=HOUR)

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="25 flows not stored: No space left on device"):
            store.append([numbered(100, 10), numbered(200, 15, ip_version=6)])
    assert numbers(store.batches()) == list(range(10))
    assert list((store.root / ".slowworm" / "spool").iterdir()) == []
    store.append(numbered(10, 10), received=HOUR)
    assert numbers(store.batches()) == list(range(20))


def test_a_damaged_file_is_told_and_the_others_are_used(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    for minute in (0, 1, 2):
        store.append(numbered(minute * 10, 10, minute=minute), received=at(minute))
    first, second, _ = files_of(store)
    first.write_bytes(first.read_bytes()[:-20])
    content = bytearray(second.read_bytes())
    content[20:60] = b"\xff" * 40
    second.write_bytes(content)
    readings = list(store.readings())
    assert numbers(b for r in readings for b in r.batches) == list(range(20, 30))
    said = [p for r in readings for p in r.problems]
    assert [p.where for p in said] == [str(first), str(second)]
    assert all("damaged file of the store" in p.text for p in said)


@pytest.mark.parametrize(
    "footer",
    ["", "{}", "[]", '{"rows": 10, "spans": []}', '{"rows": 10, "spans": {"start_time": [1]}}',
     '{"rows": 10, "spans": {"start_time": ["a", "b"]}}', '{"rows": 11, "spans": {}}', '{"rows": "10", "spans": {}}'],
)  # fmt: skip
def test_a_footer_that_lies_is_damage(tmp_path: Path, footer: str) -> None:
    store = Store.create(tmp_path / "store")
    store.append(numbered(0, 10), received=HOUR)
    (path,) = files_of(store)
    table = pq.read_table(path)
    metadata = {**table.schema.metadata, b"slowworm.statistics": footer.encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    readings = list(store.readings(HOUR))
    assert numbers(b for r in readings for b in r.batches) == []
    assert [p.where for r in readings for p in r.problems] == [str(path)]


def test_files_that_are_not_of_the_store_are_told_and_left_out(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    store.append(numbered(0, 1), received=HOUR)
    (path,) = files_of(store)
    (path.parent / "copy of flows.parquet").write_bytes(path.read_bytes())
    (store.root / "flows" / "ip=4" / "notes.txt").write_text("x")
    *_, last = store.readings()
    assert sorted(Path(p.where).name for p in last.problems) == ["copy of flows.parquet", "notes.txt"]
    assert numbers(store.batches()) == [0]


WRITER = """
import sys
from tests.store.made_flows import HOUR, numbered
from slowworm.store import spool
from slowworm.store.store import Store
store = Store.open(sys.argv[1])

def pause(what):
    print(what, flush=True)
    sys.stdin.read()  # until the test kills this process
"""

IN_THE_MIDDLE = (
    WRITER
    + """
for first in range(0, 30, 10):
    store.append(numbered(first, 10), received=HOUR)
with store.writer(received=HOUR) as filling:
    filling.add(numbered(1000, 200_000))
    pause("a row group is in the spool")
"""
)

BEFORE_THE_MOVE = (
    WRITER
    + """
store.append(numbered(0, 30), received=HOUR)
spool.make_folder = lambda folder, below: pause("on the disk, not in its place")
store.append(numbered(30, 10), received=HOUR)
"""
)


def killed(program: str, store: Store) -> str:
    """Run a program until it says something, and kill it then."""
    running = subprocess.Popen(
        [sys.executable, "-c", program, str(store.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert running.stdout is not None
    said = running.stdout.readline()
    running.kill()
    running.communicate()
    return said


def test_a_writer_killed_in_the_middle_loses_nothing_that_was_appended(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    assert "row group" in killed(IN_THE_MIDDLE, store)
    leftovers = list((store.root / ".slowworm" / "spool").iterdir())
    assert len(leftovers) == 1
    assert leftovers[0].stat().st_size > 0
    assert numbers(store.batches()) == list(range(30)), "readers do not see the part"
    found = store.recover()
    assert (found.files, found.discarded) == (0, 1)
    assert numbers(store.batches()) == list(range(30))
    store.append(numbered(30, 5), received=HOUR)
    assert numbers(store.batches()) == list(range(35))


def test_what_a_killed_writer_had_finished_is_put_into_its_place(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    assert "on the disk" in killed(BEFORE_THE_MOVE, store)
    assert numbers(store.batches()) == list(range(30))
    with store.writer(received=HOUR) as filling:  # the next writer recovers
        filling.add(numbered(40, 1))
    assert numbers(store.batches()) == list(range(41))
    assert store.recover() == spool.Recovered()


def test_files_in_work_are_no_leftovers(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    with store.writer(received=HOUR) as filling:
        filling.add(numbered(0, 10))
        assert Store.open(store.root).recover() == spool.Recovered()
    assert numbers(store.batches()) == list(range(10))


@pytest.mark.parametrize(
    "name",
    ["x.part", "append,..+..+evil,20261122T180000.000000Z-0123456789abcdef.parquet.part",
     "append,flows+ip=4+hour=2026-11-22T18,..+x.parquet.part",
     "append,flows+ip=4+hour=2026-11-22T18,20261122T180000.000000Z-0123456789abcdef-e7.parquet.part"],
)  # fmt: skip
def test_leftovers_of_other_names_go_nowhere(tmp_path: Path, name: str) -> None:
    store = Store.create(tmp_path / "store")
    store.append(numbered(0, 3), received=HOUR)
    (store.root / ".slowworm" / "spool" / name).write_bytes(files_of(store)[0].read_bytes())
    before = sorted(tmp_path.rglob("*.parquet"))
    assert store.recover().discarded == 1
    assert sorted(tmp_path.rglob("*.parquet")) == before


def test_every_column_of_the_flow_table_is_kept() -> None:
    assert set(schema(4).names) == set(NAMES)
