"""Incidents: one a worm, not one a host or a port; two where the data tell two worms apart."""

import ipaddress

from tests.outbreak.epidemics import choosing, verdict

from slowworm.detect.verdicts import Verdict
from slowworm.outbreak.grouping import grouped

INSIDE = ipaddress.ip_network("10.7.0.0/16")


def parts(verdicts: list[Verdict]) -> list[set[str]]:
    groups = grouped(verdicts, comparable=lambda v: v.address in INSIDE)
    return [{str(v.address) for v in group} for group in groups]


def hosts(lowest: int, number: int, **what: object) -> list[Verdict]:
    return [verdict(f"10.7.0.{n}", **what) for n in range(lowest, lowest + number)]  # type: ignore[arg-type]


def test_bots_on_several_ports_are_one_incident() -> None:
    found = parts(
        [
            *hosts(1, 5, services=((23, 90), (2323, 10))),
            *hosts(6, 3, services=((23, 50),)),
            *hosts(9, 1, services=((2323, 20),)),
            *hosts(10, 2, services=((8080, 40), (23, 40))),
            *hosts(12, 1, services=((8080, 30),)),
        ]
    )
    assert [len(part) for part in found] == [12]


def test_two_worms_on_two_ports_stay_two_though_a_host_has_both() -> None:
    found = parts(
        [
            *hosts(1, 40, services=((80, 100),)),
            *hosts(41, 40, services=((23, 100),)),
            *hosts(81, 1, services=((23, 60), (80, 40))),
        ]
    )
    assert sorted(len(part) for part in found) == [40, 41]


def test_a_stray_call_on_another_port_joins_nothing() -> None:
    found = parts([*hosts(1, 1, services=((445, 100), (80, 2))), *hosts(2, 1, services=((80, 100),))])
    assert [len(part) for part in found] == [1, 1]


def test_two_worms_on_one_port_are_two_incidents_where_their_targets_tell() -> None:
    sasser = hosts(1, 6, how=choosing("local", worm="sasser"))
    conficker = hosts(7, 4, how=choosing("uniform", worm="conficker"))
    assert parts([*sasser, *conficker]) == [
        {str(v.address) for v in sasser},
        {str(v.address) for v in conficker},
    ]
    walks, scattered = hosts(1, 5, how=choosing("sequential")), hosts(6, 5, how=choosing("uniform"))
    assert [len(part) for part in parts([*walks, *scattered])] == [5, 5]


def test_hosts_that_could_have_either_worm_go_to_the_larger_part() -> None:
    sasser = hosts(1, 6, how=choosing("local", worm="sasser"))
    conficker = hosts(7, 4, how=choosing("uniform", worm="conficker"))
    unsure = hosts(11, 2, services=((445, 5),), how=choosing("subnet"))
    assert [len(part) for part in parts([*sasser, *conficker, *unsure])] == [8, 4]


def test_hosts_of_one_way_of_choosing_are_one_incident_whatever_they_are_named() -> None:
    named = hosts(1, 5, how=choosing("local", worm="codered-ii"))
    unnamed = hosts(6, 5, how=choosing("local", candidates=(("unknown", 0.99),)))
    assert [len(part) for part in parts([*named, *unnamed])] == [10]
    shared, uniform = hosts(1, 3, how=choosing("shared-list")), hosts(4, 3, how=choosing("uniform"))
    assert [len(part) for part in parts([*shared, *uniform])] == [6]


def test_a_few_wrongly_named_hosts_are_no_second_worm() -> None:
    many = hosts(1, 60, how=choosing("local", worm="codered-ii"))
    wrong = hosts(61, 2, how=choosing("local", worm="nimda"))
    assert [len(part) for part in parts([*many, *wrong])] == [62]
    assert [len(part) for part in parts([*many[:8], *wrong[:1]])] == [9]
    # Two hosts of three are no accident.
    assert [len(part) for part in parts([*many[:1], *wrong])] == [2, 1]


def test_outside_sources_show_only_what_they_send_here_and_split_nothing() -> None:
    inner = hosts(1, 5, how=choosing("local", worm=None))
    outer = [verdict(f"192.0.2.{n}", how=choosing("uniform")) for n in range(1, 6)]
    assert [len(part) for part in parts([*inner, *outer])] == [10]


def test_outbreaks_a_week_apart_are_two_and_a_night_apart_one() -> None:
    day = 86400.0
    old, new = hosts(1, 3, first=0, last=3600), hosts(4, 2, first=7 * day, last=7 * day + 60)
    assert [len(part) for part in parts([*old, *new])] == [3, 2]
    next_day = hosts(4, 2, first=0.5 * day, last=0.6 * day)
    assert [len(part) for part in parts([*old, *next_day])] == [5]
    assert [len(part) for part in parts([*old, *hosts(9, 1)])] == [4]  # one without times


def test_only_infected_hosts_make_incidents() -> None:
    assert parts([*hosts(1, 2, call="suspect"), *hosts(3, 1, call="scanner")]) == []


def test_the_order_of_verdicts_does_not_show() -> None:
    all_of = [
        *hosts(1, 6, how=choosing("local", worm="sasser")),
        *hosts(7, 4, how=choosing("uniform", worm="conficker")),
        *hosts(11, 5, services=((23, 9), (2323, 1))),
    ]
    assert grouped(all_of, comparable=lambda v: True) == grouped(all_of[::-1], comparable=lambda v: True)
