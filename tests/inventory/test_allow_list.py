"""The allow-list over verdicts: excused and said, expired and said, the evidence as it was."""

import datetime
import ipaddress
from dataclasses import replace

from slowworm.detect.verdicts import Verdict
from slowworm.inventory.allow import excused
from slowworm.inventory.model import Allowed, Inventory
from slowworm.outbreak.summary import key

TODAY = datetime.date(2026, 11, 22)


def verdict(
    address: str, verdict: str = "infected", last: str | None = None, weight: float = 60.0
) -> Verdict:
    return Verdict(
        address=ipaddress.ip_address(address),
        activity="horizontal",
        verdict=verdict,
        protocol=6,
        port=445,
        services=(),
        targets=20,
        weight=weight,
        bound=50.0,
        more_targets_needed=0,
        reason="tcp/445: 20 of 20 contacts failed",
        last_seen=datetime.datetime.fromisoformat(last) if last else None,
    )


def allowing(prefix: str, until: str | None = None) -> Inventory:
    day = datetime.date.fromisoformat(until) if until else None
    return Inventory(allow=(Allowed(prefix=ipaddress.ip_network(prefix), why="audit", until=day),))


def test_a_flagged_host_becomes_an_authorised_scanner_and_keeps_its_evidence() -> None:
    before = verdict("10.0.0.5")
    done = excused([before], allowing("10.0.0.0/24", "2026-11-22"), today=TODAY)
    (after,) = done.verdicts
    assert after.reason == (
        "authorised until 2026-11-22 (audit); without the allow-list infected: tcp/445: 20 of 20 contacts failed"
    )
    assert replace(after, verdict="infected", reason=before.reason) == before
    assert done.authorised == {key(after)}
    assert [(n.id, n.count) for n in done.notes] == [("allow-listed", 1)]


def test_the_others_stay_as_they_are_and_the_worst_is_first() -> None:
    inventory = allowing("10.0.0.5/32")
    given = [verdict("10.0.0.5", weight=90.0), verdict("10.0.0.6"), verdict("10.0.0.5", "clean")]
    done = excused(given, inventory, today=TODAY)
    assert [(str(v.address), v.verdict) for v in done.verdicts] == [
        ("10.0.0.6", "infected"),
        ("10.0.0.5", "scanner"),
        ("10.0.0.5", "clean"),
    ]
    assert "without end" in done.verdicts[1].reason
    assert excused(given[1:], inventory, today=TODAY).notes == ()


def test_an_entry_that_is_over_is_said_and_not_applied() -> None:
    done = excused([verdict("10.0.0.5")], allowing("10.0.0.5/32", "2026-11-21"), today=TODAY)
    assert done.verdicts == (verdict("10.0.0.5"),)
    assert not done.authorised
    (note,) = done.notes
    assert (note.id, note.count) == ("allow-list-expired", 1)
    assert "2026-11-21" in note.text
    assert "10.0.0.5" in note.text
    # Also where nobody scans: or the list would rot.
    assert [n.id for n in excused([], allowing("10.0.0.5/32", "2026-11-21"), today=TODAY).notes] == [
        "allow-list-expired"
    ]


def test_the_day_of_the_activity_counts_where_it_is_known() -> None:
    inventory = allowing("10.0.0.5/32", "2026-11-10")
    then, later = "2026-11-10T23:59:00+00:00", "2026-11-11T00:01:00+00:00"
    for last, expected in ((then, "scanner"), (later, "infected"), (None, "infected")):
        (after,) = excused([verdict("10.0.0.5", last=last)], inventory, today=TODAY).verdicts
        assert after.verdict == expected


def test_a_longer_prefix_that_is_over_does_not_hide_one_that_is_not() -> None:
    inventory = Inventory(
        allow=(
            *allowing("10.0.0.5/32", "2020-01-01").allow,
            *allowing("10.0.0.0/24", "2030-01-01").allow,
        )
    )
    (after,) = excused([verdict("10.0.0.5")], inventory, today=TODAY).verdicts
    assert after.verdict == "scanner"
    assert "2030-01-01" in after.reason
