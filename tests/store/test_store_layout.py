"""A store on disk: names, marker, what it is not."""

import datetime
import json
from pathlib import Path

import pytest

from slowworm.errors import StoreError
from slowworm.store.layout import FLOWS, MARKER, VERDICTS, FileName, Partition, is_store, root_of
from slowworm.store.store import Store

MOMENT = datetime.datetime(2026, 11, 22, 18, 59, 59, 999999, tzinfo=datetime.UTC)


def test_partitions_and_names_are_read_back() -> None:
    for partition in (
        Partition.at(FLOWS, MOMENT, ip=4),
        Partition.at(FLOWS, MOMENT, ip=6),
        Partition.at(VERDICTS, MOMENT),
    ):
        assert Partition.parse(partition.folder) == partition
    assert Partition.at(FLOWS, MOMENT, ip=6).folder == "flows/ip=6/hour=2026-11-22T18"
    for name in (FileName(received=MOMENT), FileName(received=MOMENT, epoch=12)):
        assert FileName.parse(str(name)) == name
    assert str(FileName(received=MOMENT)) != str(FileName(received=MOMENT)), (
        "two writers never take the same name"
    )


def test_the_hour_is_that_of_receipt_in_utc() -> None:
    east = datetime.timezone(datetime.timedelta(hours=5, minutes=45))
    assert Partition.at(FLOWS, MOMENT.astimezone(east), ip=4).folder == "flows/ip=4/hour=2026-11-22T18"


@pytest.mark.parametrize(
    "name",
    ["flows/ip=5/hour=2026-11-22T18", "flows/hour=2026-11-22T18", "verdicts/ip=4/hour=2026-11-22T18",
     "flows/ip=4/hour=2026-11-22T24", "flows/ip=4/hour=2026-13-22T18", "flows/ip=4/hour=2026-11-22T18/..", "../x"],
)  # fmt: skip
def test_other_folders_are_no_partitions(name: str) -> None:
    assert Partition.parse(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "x.parquet",
        "../20261122T180000.000000Z-0123456789abcdef.parquet",
        "20261322T180000.000000Z-0123456789abcdef.parquet",
    ],
)
def test_other_names_are_no_files_of_a_store(name: str) -> None:
    assert FileName.parse(name) is None


def test_a_store_is_made_once_and_opened_afterwards(tmp_path: Path) -> None:
    root = tmp_path / "a" / "store"
    assert Store.create(root).root == root
    assert Store.open(root) == Store(root)
    assert Store.ensure(root) == Store(root)
    with pytest.raises(StoreError, match="is a store already"):
        Store.create(root)


def test_what_is_no_store_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "photo.jpg").write_text("x")
    for name, said in (
        ("nothing", "no such directory"),
        ("file", "a file"),
        ("full", "a directory, but no store"),
    ):
        with pytest.raises(StoreError, match=said):
            Store.open(tmp_path / name)
    with pytest.raises(StoreError, match="holds something else"):
        Store.create(tmp_path / "full")
    with pytest.raises(StoreError, match="no store can be made there"):
        Store.create(tmp_path / "file" / "below")


@pytest.mark.parametrize(
    ("content", "said"),
    [('{"slowworm.store": 2}', "made by a newer Slowworm"), ("{}", "damaged"), ("[]", "damaged"), ("no", "damaged"),
     ('{"slowworm.store": "1"}', "version '1'"), ('{"slowworm.store": true}', "version True"),
     ('{"slowworm.store": 0}', "version 0")],
)  # fmt: skip
def test_a_newer_or_damaged_store_is_refused(tmp_path: Path, content: str, said: str) -> None:
    root = Store.create(tmp_path / "store").root
    (root / MARKER).write_text(content)
    assert is_store(root), "it is not taken for an ordinary directory"
    for opening in (Store.open, Store.ensure, Store.holding):
        with pytest.raises(StoreError, match=said):
            opening(root)


def test_the_marker_says_the_version(tmp_path: Path) -> None:
    root = Store.create(tmp_path / "store").root
    assert json.loads((root / MARKER).read_text()) == {"slowworm.store": 1}


def test_a_part_of_a_store_is_known_as_such(tmp_path: Path) -> None:
    root = Store.create(tmp_path / "store").root
    hour = root / "flows" / "ip=4" / "hour=2026-11-22T18"
    hour.mkdir(parents=True)
    assert root_of(hour) == root
    found = Store.holding(hour)
    assert found is not None
    assert found.below == "flows/ip=4/hour=2026-11-22T18"
    assert Store.holding(tmp_path) is None
    assert Store.holding(tmp_path / ("x" * 5000)) is None
    assert Store.holding("a\0b") is None
