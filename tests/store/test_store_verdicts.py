"""Runs of the detector in a store: kept, read back, compared."""

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from tests.store.made_flows import HOUR, at

from slowworm.store.store import Store
from slowworm.store.tables import VERDICT_COLUMNS, VERDICT_SCHEMA
from slowworm.store.verdicts import Known, Run, news


def verdict(address: str, verdict: str = "infected", **other: Any) -> dict[str, Any]:
    """An entry of a slowworm.hunt/1 document."""
    return {
        "address": address,
        "activity": "horizontal",
        "verdict": verdict,
        "protocol": 6,
        "port": 445,
        "services": [
            {"protocol": 6, "port": 445, "targets": 20},
            {"protocol": 1, "port": None, "targets": 2},
        ],
        "targets": 20,
        "weight": 61.5,
        "bound": 50.0,
        "more_targets_needed": 0,
        "profile": {"name": "local", "prefix_weights": {"8": 0.5}, "candidates": []},
        "worm": None,
        "worm_candidates": [
            {"name": "sasser", "probability": 0.7},
            {"name": "conficker", "probability": 0.3},
        ],
        "in_if": "Gi0/1",
        "exporter": "r1",
        "first_seen": "2026-11-22T18:00:00.250000Z",
        "last_seen": None,
        "evidence": [],
        "infected_by": {"address": "2001:db8::7", "at": "2026-11-22T17:59:00Z", "probability": 0.9},
        "reason": "tcp/445: 20 of 20 contacts failed",
        **other,
    }


def document(*verdicts: dict[str, Any], flows: int = 1000) -> dict[str, Any]:
    """A document of one input."""
    return {"schema": "slowworm.hunt/1", "inputs": [{"flows": flows}], "verdicts": list(verdicts)}


def test_a_run_is_kept_with_every_column(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    run = store.append_verdicts(document(verdict("10.0.0.5")), run_time=HOUR)
    assert run == Run(time=HOUR, flows=1000, verdicts=1)
    table = store.verdicts()
    assert table.schema == VERDICT_SCHEMA
    (row,) = table.to_pylist()
    assert row == {
        "run_time": HOUR,
        "address": "10.0.0.5",
        "activity": "horizontal",
        "verdict": "infected",
        "protocol": 6,
        "port": 445,
        "services": "tcp/445, icmp",
        "targets": 20,
        "weight": 61.5,
        "bound": 50.0,
        "more_targets_needed": 0,
        "profile": "local",
        "worm": None,
        "worm_candidates": "sasser conficker",
        "first_seen": HOUR + datetime.timedelta(milliseconds=250),
        "last_seen": None,
        "in_if": "Gi0/1",
        "exporter": "r1",
        "infected_by": "2001:db8::7",
        "infected_at": HOUR - datetime.timedelta(minutes=1),
        "infected_probability": 0.9,
        "reason": "tcp/445: 20 of 20 contacts failed",
    }
    assert set(row) == {column.name for column in VERDICT_COLUMNS}


def test_a_run_without_verdicts_is_a_run(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    assert store.known() == Known(run=None, verdicts={})
    store.append_verdicts(document(verdict("10.0.0.5")), run_time=at(0))
    store.append_verdicts(document(flows=7), run_time=at(61))
    assert store.runs() == [Run(time=at(0), flows=1000, verdicts=1), Run(time=at(61), flows=7, verdicts=0)]
    assert store.known() == Known(run=Run(time=at(61), flows=7, verdicts=0), verdicts={})
    assert store.verdicts(at(1)).num_rows == 0


def test_the_news_are_what_the_last_run_did_not_say(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    store.append_verdicts(document(verdict("10.0.0.9")), run_time=at(0))
    store.append_verdicts(
        document(verdict("10.0.0.5"), verdict("10.0.0.6", "suspect"), verdict("10.0.0.7", "suspect")),
        run_time=at(1),
    )
    now = document(
        verdict("10.0.0.5"),
        verdict("10.0.0.6", "infected"),
        verdict("10.0.0.9"),
        verdict("10.0.0.5", port=23),  # a second, different scan by a known host
    )
    found = news(store.known(), now)
    assert [(v["address"], v["port"]) for v in found.new] == [("10.0.0.9", 445), ("10.0.0.5", 23)]
    assert [v["address"] for v in found.worse] == ["10.0.0.6"]
    assert found.gone == (("10.0.0.7", "horizontal", 6, 445),)


def test_runs_are_merged_and_stay_runs(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    for minute in range(5):
        store.append_verdicts(document(verdict(f"10.0.0.{minute}")), run_time=at(minute))
    store.append_verdicts(document(), run_time=at(6))
    before, rows = store.runs(), store.verdicts().to_pylist()
    done = store.compact(now=HOUR + datetime.timedelta(hours=2))
    assert (done.before, done.after) == (6, 1)
    assert store.runs() == before
    assert sorted(store.verdicts().to_pylist(), key=lambda row: row["run_time"]) == rows
    assert isinstance(store.verdicts(at(3)), pa.Table)
    assert store.verdicts(at(3)).column("address").to_pylist() == ["10.0.0.3", "10.0.0.4"]
