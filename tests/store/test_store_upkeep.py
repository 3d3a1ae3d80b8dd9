"""Compaction and retention: readers see all of a change or nothing of it, and nothing is lost on the way."""

import datetime
import subprocess
import sys
from pathlib import Path

import pytest
from tests.store.made_flows import HOUR, at, files_of, numbered, numbers
from tests.support import ROOT

from slowworm.errors import StoreError
from slowworm.store import merge
from slowworm.store.layout import FileName
from slowworm.store.store import Store
from slowworm.store.upkeep import Compacted, Retained

LATER = HOUR + datetime.timedelta(hours=5)


def filled(root: Path, *, files: int = 5, rows: int = 10) -> Store:
    """A store with files of rows each in one past hour: flows 0, 1, 2, …"""
    store = Store.create(root)
    for number in range(files):
        store.append(numbered(number * rows, rows, minute=number), received=at(number))
    return store


def test_small_files_of_a_past_hour_become_one(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    store.append(numbered(100, 10, ip_version=6), received=HOUR)
    store.append(numbered(110, 10, ip_version=6), received=HOUR)
    done = store.compact(now=LATER)
    assert (done.before, done.after, done.rows, done.swept) == (7, 2, 70, 7)
    assert done.bytes_after < done.bytes_before
    assert len(files_of(store)) == 2
    assert numbers(store.batches()) == [*range(50), *range(100, 120)]
    assert numbers(store.batches(at(3), at(3.1))) == list(range(30, 36)), "with the statistics of all of them"
    assert store.compact(now=LATER) == Compacted(), "there is nothing more to do"


def test_files_as_large_as_they_may_be_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "ROWS_PER_FILE", 25)
    store = filled(tmp_path / "store")
    store.append(numbered(50, 40), received=at(10))
    done = store.compact(now=LATER)
    assert (done.before, done.after) == (4, 2), "2 + 2 files of 10, the fifth and the large one stay"
    assert numbers(store.batches()) == list(range(90))


def test_the_current_hour_is_merged_by_files_of_one_size(tmp_path: Path) -> None:
    store = filled(tmp_path / "store", files=15)
    assert store.compact(now=at(30)) == Compacted()
    store.append(numbered(150, 2000), received=at(20))
    assert store.compact(now=at(30)) == Compacted(), "one of another size does not count"
    store.append(numbered(2150, 10), received=at(21))
    done = store.compact(now=at(30))
    assert (done.before, done.after) == (16, 1)
    assert len(files_of(store)) == 2
    assert numbers(store.batches()) == list(range(2160))


def test_a_reader_keeps_what_it_saw_and_the_next_one_sees_the_merged_file(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    reading = store.batches()
    first = next(reading)
    done = store.compact(now=LATER)
    assert (done.after, done.swept) == (1, 0), "nothing is deleted under a reader"
    assert len(files_of(store)) == 6
    assert numbers(store.batches()) == list(range(50)), "a reader that begins now sees each flow once"
    assert numbers([first, *reading]) == list(range(50))
    assert store.compact(now=LATER).swept == 5
    assert len(files_of(store)) == 1


def test_readers_that_follow_each_other_without_a_gap_do_not_stop_the_sweep(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    old = store.snapshot()
    old.__enter__()
    store.compact(now=LATER)
    new = store.snapshot()
    assert len(new.__enter__().files) == 1
    old.__exit__(None, None, None)
    assert store.compact(now=LATER).swept == 5, "the newer reader does not look at them"
    new.__exit__(None, None, None)


def test_flows_appended_while_a_reader_holds_its_epoch_are_seen_by_the_next(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    with store.snapshot() as before:
        store.compact(now=LATER)
        store.append(numbered(50, 10), received=at(6))
        assert len(before.files) == 5
        assert numbers(store.batches()) == list(range(60))
    store.compact(now=LATER)
    assert numbers(store.batches()) == list(range(60))
    assert len(files_of(store)) == 1


CRASH = """
import datetime, sys
from slowworm.store.epochs import Epochs
from slowworm.store.store import Store

def pause(*_, **__):
    print("merged, not yet in force", flush=True)
    sys.stdin.read()

Epochs.commit = pause
Store.open(sys.argv[1]).compact(now=datetime.datetime.fromisoformat(sys.argv[2]))
"""


def crashed(store: Store) -> None:
    """A compaction killed between writing the merged file and the moment from which it counts."""
    running = subprocess.Popen(
        [sys.executable, "-c", CRASH, str(store.root), LATER.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert running.stdout is not None
    assert "merged" in running.stdout.readline()
    running.kill()
    running.communicate()
    assert len(files_of(store)) == 6


def test_a_compaction_killed_before_it_is_in_force_changes_nothing(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    crashed(store)
    assert numbers(store.batches()) == list(range(50))
    done = store.compact(now=LATER)
    assert (done.discarded, done.before, done.after) == (1, 5, 1)
    assert numbers(store.batches()) == list(range(50))


def test_retention_after_such_a_crash_brings_nothing_back(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    crashed(store)
    assert store.retain(age=datetime.timedelta(hours=1), now=LATER).files == 5
    assert numbers(store.batches()) == []
    assert files_of(store) == []


def test_a_store_whose_epochs_are_older_than_its_files_is_not_touched(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    store.compact(now=LATER)
    (path,) = files_of(store)
    name = FileName.parse(path.name)
    assert name is not None
    path.rename(path.with_name(str(FileName(received=name.received, unique=name.unique, epoch=99))))
    for upkeep in (store.compact, lambda: store.retain(size=0)):
        with pytest.raises(StoreError, match="restored from an older copy"):
            upkeep()
    assert len(files_of(store)) == 1


def test_what_a_killed_upkeep_had_not_renamed_is_cleared_by_the_next(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    scratch = store.root / ".slowworm" / "spool" / "epoch.1.tmp"
    scratch.write_text('{"removed": [')
    assert store.recover().discarded == 0, "it may be that of an upkeep at work"
    assert scratch.exists()
    store.compact(now=LATER)
    assert not scratch.exists()


def test_one_process_at_a_time_does_the_upkeep(tmp_path: Path) -> None:
    from slowworm.store.upkeep import _alone

    store = filled(tmp_path / "store")
    with _alone(store.root) as alone:
        assert alone
        assert store.compact(now=LATER) == Compacted(busy=True)
        assert store.retain(size=0) == Retained(busy=True)
    assert store.compact(now=LATER).after == 1


def test_a_damaged_file_is_never_merged_away(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    victim = files_of(store)[2]
    content = bytearray(victim.read_bytes())
    content[20:60] = b"\xff" * 40  # its footer is whole, a page is not
    victim.write_bytes(content)
    done = store.compact(now=LATER)
    assert (done.before, done.after) == (4, 1)
    assert [p.where for p in done.problems] == [str(victim)]
    assert victim.read_bytes() == content
    assert numbers(store.batches()) == [n for n in range(50) if not 20 <= n < 30]


def test_old_hours_go_when_their_time_is_over(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    for hour in range(4):
        store.append(numbered(hour * 10, 10), received=HOUR + datetime.timedelta(hours=hour))
    day = datetime.timedelta(days=1)
    assert store.retain(age=day, now=HOUR + day).files == 0
    assert store.retain(age=day, now=HOUR + day + datetime.timedelta(minutes=59, seconds=59)).files == 0
    done = store.retain(age=day, now=HOUR + day + datetime.timedelta(hours=2))
    assert (done.files, done.swept) == (2, 2)
    assert numbers(store.batches()) == list(range(20, 40))
    assert len(list((store.root / "flows" / "ip=4").iterdir())) == 2, "empty folders go too"


def test_the_oldest_files_go_until_the_size_fits(tmp_path: Path) -> None:
    store = filled(tmp_path / "store", files=6)
    size = sum(path.stat().st_size for path in files_of(store))
    assert store.retain(size=size).files == 0
    done = store.retain(size=size // 2)
    assert done.files == 3
    assert done.size > 0
    assert numbers(store.batches()) == list(range(30, 60))
    assert store.retain(size=0).files == 3
    assert list(store.batches()) == []


def test_what_retention_removes_stays_for_those_who_are_reading_it(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    reading = store.batches()
    first = next(reading)
    done = store.retain(size=0)
    assert (done.files, done.swept) == (5, 0)
    assert list(store.batches()) == []
    assert numbers([first, *reading]) == list(range(50))
    assert store.retain(size=0).swept == 5
    assert files_of(store) == []


def test_a_damaged_list_of_removed_files_is_an_error_and_deletes_nothing_else(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    precious = tmp_path / "precious"
    precious.write_text("x")
    (epoch,) = (store.root / ".slowworm" / "epochs").iterdir()
    for content in ('{"removed": ["../precious"]}', '{"removed": 1}', "{}", "no JSON"):
        epoch.write_text(content)
        for use in (lambda: list(store.batches()), lambda: store.retain(size=0), store.compact):
            with pytest.raises(StoreError, match="damaged"):
                use()
    epoch.unlink()
    with pytest.raises(StoreError, match="gone or unreadable"):
        list(store.batches())
    assert precious.exists()
    assert len(files_of(store)) == 5
