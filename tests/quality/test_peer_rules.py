"""Each peer's rule at its published threshold: silent one below, loud at it, with the time and the contacts."""

import ipaddress
from collections.abc import Callable, Iterable

import pytest
from scripts.quality.counting import Site
from scripts.quality.peers import RULES
from tests.quality.flow_rows import RST_ACK, START, F, talk, targets, tried

from slowworm.flows.addresses import format_ipv4

INSIDE, OUTSIDE, VICTIM = "10.0.0.5", "66.6.6.6", "31.7.7.9"
SITE = Site(inside=(ipaddress.IPv4Network("10.0.0.0/8"),), dark=(ipaddress.IPv4Network("10.99.0.0/16"),))
RULE = {rule.name: rule for rule in RULES}


def alarms(name: str, flows: Iterable[F]) -> dict[str, tuple[float, int]]:
    """Source → seconds after the start and contacts until the alarm."""
    found = RULE[name].alarms(tried(flows), SITE)
    return {
        format_ipv4(int(s)): (round(int(t) / 1e9 - START, 2), int(n))
        for s, t, n in zip(found.source, found.time, found.contacts, strict=True)
    }


def probes(count: int, *, src: str = INSIDE, port: int = 80, every: float = 1.0, **more: int) -> list[F]:
    """Lone SYNs to different hosts, from fresh source ports."""
    return [F(src, t, port, at=n * every, sp=2000 + n, **more) for n, t in enumerate(targets(count))]


@pytest.mark.parametrize(
    ("name", "flows", "needed", "contacts"),
    [
        ("zeek-simple-scan", lambda n: probes(n, every=2.0), 250, 250),
        ("zeek-simple-scan", lambda n: probes(n, src=OUTSIDE), 20, 20),  # knockknock, before the 25
        ("zeek-scan", lambda n: probes(n), 25, 25),
        ("zeek-scan", lambda n: [F(OUTSIDE, VICTIM, 20 + p, at=p) for p in range(n)], 15, 1),
        ("silk-rwscan", lambda n: probes(n), 4, 4),
        ("flow-dscan", lambda n: probes(n), 65, 65),
        ("flow-dscan", lambda n: [F(OUTSIDE, VICTIM, 1 + p, at=p) for p in range(n)], 64, 1),
        ("slips", lambda n: probes(n, every=600.0), 5, 5),
        ("slips", lambda n: probes(n, protocol=17, port=1434), 5, 5),
        ("ntopng", lambda n: probes(n), 33, 33),
        ("ntopng", lambda n: [F(INSIDE, VICTIM, 80, at=s, sp=2000 + s) for s in range(n)], 33, 1),
        ("snort-sweep", lambda n: probes(n), 30, 30),
        ("snort-sweep", lambda n: [g for f in probes(n) for g in (f, f.back(RST_ACK, 1))], 7, 7),
        ("snort-sweep", lambda n: probes(n, protocol=1, kind=8), 20, 20),
        ("nemea", lambda n: probes(n, every=290.0), 50, 50),
        ("psad", lambda n: probes(n, every=3000.0), 10, 10),
        ("et-scan", lambda n: probes(n, every=0.5), 70, 70),
        ("trw", lambda n: probes(n), 4, 4),
    ],
)
def test_the_alarm_comes_at_the_published_threshold_and_not_before(
    name: str, flows: Callable[[int], list[F]], needed: int, contacts: int
) -> None:
    shown = flows(needed)
    calls = [f for f in shown if f.src != VICTIM and f.flags != RST_ACK]
    assert alarms(name, flows(needed - 1)) == {}
    assert alarms(name, shown) == {calls[-1].src: (round(calls[-1].at, 2), contacts)}


def test_simple_scan_counts_ports_of_hosts_and_forgets_after_a_quarter_of_an_hour() -> None:
    def mixed(n: int, pause: float = 1.0) -> list[F]:
        return [F(OUTSIDE, f"31.7.{i % 5}.9", 20 + i // 5, at=i * pause, sp=2000 + i) for i in range(n)]

    assert alarms("zeek-simple-scan", mixed(24)) == {}
    assert list(alarms("zeek-simple-scan", mixed(25))) == [OUTSIDE]
    assert list(alarms("zeek-simple-scan", mixed(25, 900.0))) == [OUTSIDE]
    assert alarms("zeek-simple-scan", mixed(25, 901.0)) == {}


def test_simple_scan_needs_less_where_three_dark_hosts_were_tried() -> None:
    def dark(n: int, hosts: int) -> list[F]:
        return [F(OUTSIDE, f"10.99.0.{1 + i % hosts}", 20 + i, at=i, sp=2000 + i) for i in range(n)]

    assert alarms("zeek-simple-scan", dark(10, 2)) == {}
    assert alarms("zeek-simple-scan", dark(9, 3)) == {}
    assert alarms("zeek-simple-scan", dark(10, 3)) == {OUTSIDE: (9, 3)}
    local = [F(INSIDE, f"10.99.1.{1 + i}", 445, at=i, sp=2000 + i) for i in range(100)]
    assert alarms("zeek-simple-scan", local[:99]) == {}
    assert alarms("zeek-simple-scan", local) == {INSIDE: (99, 100)}


def test_scan_zeek_counts_within_an_epoch_of_five_minutes() -> None:
    assert alarms("zeek-scan", probes(25, every=12.0)) == {INSIDE: (288.0, 25)}
    assert alarms("zeek-scan", probes(25, every=13.0)) == {}


def test_slips_starts_again_each_hour_and_leaves_multicast_out() -> None:
    early = probes(4, every=1.0)
    assert alarms("slips", [*early, F(INSIDE, VICTIM, 80, at=3599)]) != {}
    assert alarms("slips", [*early, F(INSIDE, VICTIM, 80, at=3601)]) == {}
    assert alarms("slips", [*early, F(INSIDE, "224.0.0.251", 80, at=5)]) == {}


def test_conversations_count_for_those_that_ask_what_failed_and_only_for_them() -> None:
    busy = [f for n, t in enumerate(targets(80)) for f in talk(INSIDE, t, 80, at=n * 1.0, sp=2000 + n)]
    assert {name for name in RULE if alarms(name, busy)} == {"flow-dscan"}


def test_flow_dscan_forgets_what_was_not_seen_for_90000_flows() -> None:
    def spread(apart: int) -> list[F]:
        quiet = [F(OUTSIDE, VICTIM, 80, at=1.0 + n / 1e4, sp=n % 65_000, protocol=17) for n in range(apart)]
        return [
            F(INSIDE, "9.9.9.9", 80),
            *quiet,
            *(F(INSIDE, f"31.7.{n}.9", 80, at=100.0 + n) for n in range(64)),
        ]

    assert INSIDE in alarms("flow-dscan", spread(60_000))
    far = [
        F(OUTSIDE, f"31.8.{n >> 12}.{n >> 4 & 255}", 80, at=1.0 + n / 1e4, sp=n % 16) for n in range(89_999)
    ]
    ends = [F(INSIDE, "9.9.9.9", 80), *far, *(F(INSIDE, f"31.7.{n}.9", 80, at=100.0 + n) for n in range(64))]
    assert INSIDE not in alarms("flow-dscan", ends)


def test_nemea_wants_one_packet_with_a_syn_alone_and_no_pause_over_five_minutes() -> None:
    assert alarms("nemea", probes(50, packets=3)) == {}
    assert alarms("nemea", probes(50, every=301.0)) == {}


def test_emerging_threats_counts_repetitions_and_watches_the_home_net_only() -> None:
    assert alarms("et-scan", probes(24, packets=3)) == {INSIDE: (23.0, 24)}
    assert alarms("et-scan", probes(23, packets=3)) == {}
    assert alarms("et-scan", probes(200, src=OUTSIDE, every=0.1)) == {}
    assert alarms("et-scan", probes(70, every=1.0)) == {}


def test_snort_counts_a_window_from_its_first_packet_and_minds_the_ports() -> None:
    assert alarms("snort-sweep", probes(30, every=3.1)) == {INSIDE: (89.9, 30)}
    assert alarms("snort-sweep", probes(30, every=3.2)) == {}
    ports = [F(INSIDE, t, 80 + n % 2, at=n, sp=2000 + n) for n, t in enumerate(targets(30))]
    assert alarms("snort-sweep", ports) == {}  # 30 changes of port


def test_the_walk_takes_successes_off_and_starts_again_where_it_found_a_source_benign() -> None:
    good = [f for n in range(3) for f in talk(INSIDE, f"9.9.{n}.9", at=n, sp=900 + n)]
    after = [F(INSIDE, t, 80, at=10 + n, sp=2000 + n) for n, t in enumerate(targets(7))]
    assert alarms("trw", good + after[:6]) == {}
    assert alarms("trw", good + after) == {INSIDE: (16, 10)}
    fourth = talk(INSIDE, "9.9.3.9", at=3.5, sp=990)
    assert alarms("trw", good + fourth + after[:4]) == {INSIDE: (13, 8)}


def test_rwscan_takes_a_live_host_for_a_hit_and_decides_only_among_lone_syns() -> None:
    alive = [f for n, t in enumerate(targets(4)) for f in talk(OUTSIDE, t, at=n, sp=900 + n)]
    assert INSIDE not in alarms("silk-rwscan", [*alive, *probes(4)])
    first = talk(INSIDE, "9.9.9.9", at=0.5, sp=900)  # the lowest address: no decision after it
    assert INSIDE not in alarms("silk-rwscan", [*first, *probes(4)])
    last = talk(INSIDE, "199.9.9.9", at=0.5, sp=900)
    assert INSIDE in alarms("silk-rwscan", [*last, *probes(4)])


def test_rwscan_regression_has_the_published_coefficients() -> None:
    talked = talk(INSIDE, "9.9.9.9", at=0.0, sp=900)
    scan = probes(31, every=1.0)
    found = RULE["silk-rwscan"].scores(tried([*talked, *scan]), SITE)
    # One of 32 flows has an ACK and a payload; all targets differ; 32 source ports for 32 destinations.
    expected = (
        -2.838353611 + (3.309023427 - 0.157047027) * 31 / 32 - 0.002319304 - 1.047413699 / 32 + 3.163018548
    )
    assert found.best.tolist() == [pytest.approx(expected)]
    assert alarms("silk-rwscan", [*talked, *scan]) == {INSIDE: (30.0, 32)}
    assert alarms("silk-rwscan", [*talked, *scan[:-1]]) == {}


def test_rwscan_regression_of_sweeps_by_echo_and_by_udp() -> None:
    def echoes(n: int) -> list[F]:
        return [F(INSIDE, f"31.7.7.{2 * i + 1}", at=i, protocol=1, kind=8, flags=None) for i in range(n)]

    score = RULE["silk-rwscan"].scores(tried(echoes(32)), SITE).best[0]
    assert score == pytest.approx(
        -4.307079 - 0.08245704 - 0.02800612 + 32 * 0.04877852 - 32 * 6.398878e-6 + 4.016751
    )
    knocks = [F(INSIDE, VICTIM, 100 + 2 * i, at=i, protocol=17, sp=5000) for i in range(32)]
    score = RULE["silk-rwscan"].scores(tried(knocks), SITE).best[0]
    assert score == pytest.approx(
        -1.887907966
        + 0.543683505
        + 0.025150994
        + 32 * 0.529094801
        - 1.244182168
        - 0.001841634
        - 0.697943155 / 32
    )


def test_every_rule_says_where_it_comes_from_and_how_it_was_read() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES) == 11
    for rule in RULES:
        assert rule.source
        assert rule.constants
        assert rule.reading
