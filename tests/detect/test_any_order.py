"""The same flows in any order, and in any batches, give the same verdicts and weights: IPv4 and IPv6, with times."""

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.detect.calls import PROFILES

import slowworm
from slowworm.rehearse.world import Outage, Vantage, WorldSpec, WormSpec, build

HEAD = bytes.fromhex("20010db8") + bytes(8)

VANTAGES = {
    "border": Vantage(kind="border", exporters=2),
    "sampled core": Vantage(kind="core", sampling=3),
}


@cache
def flows(name: str) -> tuple[pa.Table, pa.Table]:
    """A small world with two worms and an outage, and the same over IPv6, as tables."""
    world = build(
        WorldSpec(
            seed=5,
            hosts=60,
            span_seconds=240,
            scale=0.5,
            inside=("141.76.0.0/20",),
            radiation=0.05,
            actors=("web-client", "mail-relay", "resolver", "p2p", "radiation", "measurement-probe"),
            vantage=VANTAGES[name],
            events=(Outage(start=100, seconds=20),),
            worms=(
                WormSpec(profile="codered-ii", rate=0.4, patient_zeros=2, vulnerable=0.3),
                WormSpec(profile="slammer", rate=0.3),
            ),
        )
    )
    four = pa.Table.from_batches(world.flows)

    def over_ipv6(column: str) -> pa.Array:
        found = four[column].to_numpy().astype(">u4").view("S4").astype(object)
        return pa.array([HEAD + bytes(v).ljust(4, b"\0") for v in found], pa.binary(16))

    six = four
    for column in ("src_addr", "dst_addr"):
        six = six.set_column(six.schema.get_field_index(column), column, over_ipv6(column))
    return four, six


def told(result: slowworm.HuntResult) -> dict[str, Any]:
    """Everything a result says of its flows, but not how they came."""
    document = result.to_dict()
    return {key: document[key] for key in ("verdicts", "outbreaks", "notes") if key in document}


@cache
def plain(name: str, version: int) -> dict[str, Any]:
    return told(slowworm.hunt(flows(name)[version == 6], profiles=PROFILES, everyone=True))


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("name", VANTAGES)
def test_there_is_something_to_tell(name: str, version: int) -> None:
    found = plain(name, version)["verdicts"]
    verdicts = [v["verdict"] for v in found]
    assert "infected" in verdicts
    assert verdicts.count("clean") >= 20
    assert len({v["weight"] for v in found}) > 15


@settings(max_examples=3, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.lists(st.floats(0, 1), max_size=6))
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("name", VANTAGES)
def test_any_order_and_any_batches_tell_the_same(
    name: str, version: int, seed: int, cuts: list[float]
) -> None:
    table = flows(name)[version == 6]
    mixed = table.take(np.random.default_rng(seed).permutation(table.num_rows))
    edges = [0, *sorted(int(cut * table.num_rows) for cut in cuts), table.num_rows]
    parts = [mixed.slice(a, b - a) for a, b in pairwise(edges) if b > a]
    assert told(slowworm.hunt(*parts, profiles=PROFILES, everyone=True)) == plain(name, version)


def test_both_versions_at_once_tell_what_each_tells() -> None:
    four, six = flows("border")
    order = np.random.default_rng(1).permutation(four.num_rows)
    found = told(slowworm.hunt(six.take(order), four.take(order[::-1]), profiles=PROFILES, everyone=True))

    def weights(document: dict[str, Any]) -> list[tuple[Any, ...]]:
        return sorted((v["address"], v["activity"], v["verdict"], v["weight"]) for v in document["verdicts"])

    assert weights(found) == sorted(weights(plain("border", 4)) + weights(plain("border", 6)))
