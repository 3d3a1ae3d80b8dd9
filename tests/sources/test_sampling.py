"""Sampling rates that the user says, and what is told of the rates that exporters say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from tests.support import SHARED
from tests.support import slowworm as run

import slowworm
from slowworm.errors import UsageError
from slowworm.flows.table import flow_batch
from slowworm.sources.base import Note, Reading
from slowworm.sources.gathered import gathered
from slowworm.sources.sampling import Sampling

RATES = SHARED / "data/netflow/akvorado/outlet/flow/decoder/netflow/testdata"


def flows(exporters: Sequence[str | None], rates: Sequence[int | None]) -> pa.RecordBatch:
    n = len(exporters)
    return flow_batch(
        {
            "src_addr": [1] * n,
            "dst_addr": [2] * n,
            "exporter": exporters,
            "sampling_rate": rates,
            "packets": [3] * n,
        },
        rows=n,
    )


def reading(*batches: pa.RecordBatch, notes: tuple[Note, ...] = ()) -> Reading:
    return Reading(path="x", formats=(("ipfix", 1),), batches=batches, notes=notes)


@pytest.mark.parametrize(
    ("said", "of", "others"),
    [
        ((), {}, None),
        (["192.0.2.1=1000"], {"192.0.2.1": 1000}, None),
        (["192.0.2.1=1000", "50"], {"192.0.2.1": 1000}, 50),
        ("2001:DB8:0::1=7", {"2001:db8::1": 7}, None),
        ({"Core-1": 10}, {"core-1": 10}, None),
        (100, {}, 100),
        (["a=1", "A=1"], {"a": 1}, None),
    ],
)
def test_what_may_be_said(said: Any, of: dict[str, int], others: int | None) -> None:
    assert Sampling.parse(said) == Sampling(of=of, others=others)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "x",
        "a=",
        "=5",
        "a=0",
        "0",
        "-1",
        "a=1.5",
        "a=4294967296",
        ["1", "2"],
        ["a=1", "a=2"],
        "a=٣",
        {"a": True},
    ],
)
def test_what_may_not(said: Any) -> None:
    with pytest.raises(UsageError, match="sampling"):
        Sampling.parse(said)


def test_named_exporters_have_their_rate_and_others_the_rest() -> None:
    batch = flows(["192.0.2.1", "192.0.2.2", None], [None, 5, None])
    whole = gathered([reading(batch)], Sampling.parse(["192.0.2.1=1000", "20"]))
    made = whole.readings[0].batches[0]
    assert made.column("sampling_rate").to_pylist() == [1000, 20, 20]
    assert made.column("packets").to_pylist() == [3, 3, 3]


def test_without_a_word_rates_stay_and_are_told() -> None:
    batch = flows(["b", "b", "a", "c", None], [10, 20, 1000, 1, 7])
    whole = gathered([reading(batch)])
    assert whole.readings[0].batches[0].column("sampling_rate").to_pylist() == [10, 20, 1000, 1, 7]
    (note,) = whole.notes
    assert (note.id, note.count) == ("sampling", 4)
    assert note.text == (
        "sampled: an exporter without a name 1 in 7; a 1 in 1,000; b 1 in 10 to 20. Packets and bytes are as "
        "exported, not multiplied"
    )


def test_a_rate_for_nobody_is_told_with_the_names_there_are() -> None:
    whole = gathered([reading(flows(["gw-1"], [None]))], Sampling.parse("gw-2=10"))
    assert [n.id for n in whole.notes] == ["sampling-unused"]
    assert "gw-1" in whole.notes[0].text


def test_what_the_user_says_settles_what_was_unknown() -> None:
    notes = tuple(
        Note(id="sampling-unknown", text=f"x {name}", about=name) for name in ("192.0.2.1", "gw-2", "")
    )
    left = gathered([reading(notes=notes)], Sampling.parse("192.0.2.1=10")).readings[0].notes
    assert [n.about for n in left] == ["gw-2", ""]
    assert gathered([reading(notes=notes)], Sampling.parse("10")).readings[0].notes == ()


@pytest.mark.skipif(not RATES.exists(), reason="fixtures are not here")
def test_the_option_and_the_argument_do_the_same() -> None:
    path = RATES / "physicalinterfaces.pcap"
    result = slowworm.hunt(path, sampling={"10.4.2.60": 50})
    assert {r for b in result.flows for r in b.column("sampling_rate").to_pylist()} == {50}
    done = run("hunt", str(path), "--sampling", "10.4.2.60=50")
    assert "10.4.2.60 1 in 50" in " ".join(done.out.split())
    assert run("hunt", str(path), "--sampling", "x").code == 2
