"""Every public fixture agrees with an independent reader, value by value, or it is explained why not."""

from __future__ import annotations

import pytest
from tests.sources.agreement import ours
from tests.sources.agreement.fixtures import FIXTURES, HNS, SYNSCAN, Fixture
from tests.sources.agreement.goldens import Column, Golden, compared, load
from tests.sources.agreement.page import PAGE, hunted, page, said
from tests.sources.agreement.records import Record, columns, differing, digest
from tests.support import SHARED

DATA = SHARED / "data"
GOLDENS = load()
MORE_THAN_PEERS = ("data+templates.pcap", "ethernet-over-mpls-with-control-word-(template + data).pcap")
"""Fixtures of which the peer reads fewer records."""

needs_data = pytest.mark.skipif(not DATA.exists(), reason="shared data are not here")


@needs_data
@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda f: f.name)
def test_what_is_read_is_what_the_peer_reads(fixture: Fixture) -> None:
    golden = GOLDENS[fixture.name]
    records = ours.records(fixture)
    assert (len(records), ours.others(fixture)) == golden.ours
    assert golden.ours == golden.peer or fixture.name.endswith(MORE_THAN_PEERS)
    mine = columns(records, [name for name in golden.columns if name != "rows"])
    for name, column in golden.columns.items():
        assert digest(mine[name]) == (column.ours if column.differ else column.peer), name
        assert not column.differ or fixture.why, f"{name}: {column.differ} values differ, and nobody says why"


@needs_data
def test_no_public_fixture_is_missing() -> None:
    read = {name for fixture in FIXTURES for name in fixture.files}
    there = {
        str(path.relative_to(DATA))
        for folder in ("netflow", "nfdump", "derived", "detection")
        for path in (DATA / folder).rglob("*")
        if path.is_file()
    }
    assert there == read
    assert set(GOLDENS) == {fixture.name for fixture in FIXTURES}


@needs_data
@pytest.mark.parametrize("capture", [HNS, SYNSCAN], ids=["hide-and-seek", "port scan"])
def test_one_capture_gives_the_same_verdicts_through_every_format(capture: tuple[Fixture, ...]) -> None:
    verdicts = {fixture.name: said(hunted(fixture)) for fixture in capture}
    assert set(verdicts.values()) == {verdicts[capture[0].name]}, verdicts


@needs_data
def test_the_page_says_what_is_so(request: pytest.FixtureRequest) -> None:
    text = page()
    if request.config.getoption("--write-docs", default=False):
        PAGE.write_text(text)
    assert PAGE.read_text() == text, "stale: python -m pytest tests/sources/agreement --write-docs"


def test_a_value_that_differs_is_counted() -> None:
    one: list[Record] = [{"src_addr": "192.0.2.1", "packets": "3"}, {"src_addr": "192.0.2.2", "packets": "4"}]
    other = [{**one[1], "packets": "5"}, one[0]]
    assert compared(one, 0, other, 1) == Golden(
        peer=(2, 0),
        ours=(2, 1),
        columns={
            "src_addr": Column(2, digest(["192.0.2.2", "192.0.2.1"])),
            "packets": Column(2, digest(["4", "3"]), 1, digest(["3", "5"])),
            "rows": Column(
                2, digest(["192.0.2.2|4", "192.0.2.1|3"]), 1, digest(["192.0.2.1|3", "192.0.2.2|5"])
            ),
        },
    )
    assert differing(["a"], ["a", "a", "b"]) == 2
