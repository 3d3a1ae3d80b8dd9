"""The second look: what else a suspect scans, who else scans its service, and whether one called it before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.detect.calls import Calls, Ints, Seen, address, calls, network, scattered, seen

from slowworm.detect import weights
from slowworm.detect.activities import activities, weigh
from slowworm.detect.around import second_look
from slowworm.detect.suspicion import Suspicion

HOSTS = network("20.1.0.0/16", 60, seed=3)


def suspicions(s: Seen) -> dict[int, Suspicion]:
    """Every activity that is not all answered as a suspicion with nothing around it."""
    found = activities(s.contacts, s.weighed, but=np.zeros(len(s.contacts.client), np.bool_))
    made = {}
    for i, (a, b) in enumerate(zip(found.start, found.end, strict=True)):
        rows = found.order[a:b]
        if not s.weighed.failed[rows].any():
            continue
        run = (found.run_start[[i]] - a, found.run_end[[i]] - a)
        timed = bool(found.timed[i])
        made[i] = Suspicion(
            rows=rows,
            timed=timed,
            begin=int(run[0][0]),
            end=int(run[1][0]),
            services=1,
            weighed=weigh(s.weighed, s.contacts, rows, np.zeros(1, np.int64), run if timed else None),
            surroundings=(0, 0, 0),
        )
    return made


def around(s: Seen) -> dict[tuple[int, int], int]:
    """Tenths that the second look adds, by client and port."""
    before = suspicions(s)
    after = second_look(s.judge, before)
    assert list(after) == list(before)
    first = {i: int(x.rows[0]) for i, x in before.items()}
    return {
        (int(s.contacts.client[first[i]]), int(s.contacts.port[first[i]])): s.judge.weight(after[i])
        - s.judge.weight(before[i])
        for i in before
    }


def everyday(hosts: Ints = HOSTS, n: int = 8) -> list[Calls]:
    return [
        calls(host, scattered(n, seed=i), 443, np.arange(float(n)) * 60)
        for i, host in enumerate(hosts.tolist())
    ]


def probing(host: int, n: int, *, port: int = 445, at: float = 100.0, seed: int = 0) -> Calls:
    to = scattered(n, seed=int(host) % 1000 + seed, first=(100, 220))
    return calls(host, to, port, at + np.arange(float(n)), answered=False)


def test_a_bots_other_services_are_looked_at_again() -> None:
    bot, other = (int(h) for h in HOSTS[:2])
    s = seen(*everyday(), probing(bot, 30), probing(bot, 2, port=8081), probing(other, 2, port=8081))
    added = around(s)
    assert added[bot, 8081] == weights.AROUND_CAP
    # It itself is beyond the bound already, and the other host is no bot.
    assert added[bot, 445] == added[other, 8081] == 0
    assert sum(added.values()) == weights.AROUND_CAP


@pytest.mark.parametrize(("scanners", "raised"), [(2, False), (3, True), (20, True)])
def test_where_a_worm_is_loose_another_prior_holds(scanners: int, raised: bool) -> None:
    suspect = int(HOSTS[-1])
    loose = [probing(int(h), 30) for h in HOSTS[:scanners]]
    added = around(seen(*everyday(), *loose, probing(suspect, 2, at=900)))
    assert added[suspect, 445] == (weights.AROUND_CAP if raised else 0)
    # Only on the service of the worm.
    beside = around(seen(*everyday(), *loose, probing(suspect, 2, port=8081, at=900)))
    assert beside[suspect, 8081] == 0


def test_a_few_infected_among_very_many_say_less() -> None:
    many = network("20.1.0.0/16", 2000, seed=4)
    calm = calls(np.repeat(many, 3), scattered(6000, seed=1), 443, np.arange(6000.0) % 1000)
    loose = [probing(int(h), 30) for h in many[:4]]
    suspect = int(many[-1])
    added = around(seen(calm, *loose, probing(suspect, 2, at=900)))
    # 4 in 2,000 hosts: twice the usual 1 in 1,000, or 3 dB.
    assert added[suspect, 445] == weights.tenths(2.0)


@pytest.mark.parametrize(("onset", "raised"), [(900.0, True), (101.0, False)])
def test_who_was_called_by_a_scanner_before_it_began_is_the_next_victim(onset: float, raised: bool) -> None:
    many = network("20.1.0.0/16", 2000, seed=4)
    calm = calls(np.repeat(many, 3), scattered(6000, seed=1), 443, np.arange(6000.0) % 1000)
    loose = [probing(int(h), 30) for h in many[:4]]
    suspect = int(many[-1])
    calling = calls(int(many[0]), suspect, 445, 130.5)
    added = around(seen(calm, *loose, calling, probing(suspect, 2, at=onset)))
    assert added[suspect, 445] == (weights.AROUND_CAP if raised else weights.tenths(2.0))


def test_without_times_nobody_came_before() -> None:
    many = network("20.1.0.0/16", 2000, seed=4)
    calm = calls(np.repeat(many, 3), scattered(6000, seed=1), 443)
    loose = [probing(int(h), 30) for h in many[:4]]
    suspect = int(many[-1])
    calling = calls(int(many[0]), suspect, 445)
    added = around(seen(calm, *loose, calling, probing(suspect, 2), timed=False))
    assert added[suspect, 445] == weights.tenths(2.0)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 11), st.sampled_from([445, 23, 80]), st.integers(1, 9), st.integers(0, 900)),
        min_size=1,
        max_size=14,
        unique_by=lambda p: p[:2],
    ),
    st.booleans(),
)
def test_the_second_look_never_lowers_and_raises_no_one_beyond_the_bound(
    scans: list[tuple[int, int, int, int]], timed: bool
) -> None:
    parts = [probing(int(HOSTS[i]), 3 * n, port=port, at=float(at)) for i, port, n, at in scans]
    s = seen(*everyday(HOSTS[:12], 5), *parts, timed=timed)
    before = suspicions(s)
    after = second_look(s.judge, before)
    for i, suspicion in before.items():
        added = s.judge.weight(after[i]) - s.judge.weight(suspicion)
        assert 0 <= added <= weights.AROUND_CAP
        if s.judge.weight(suspicion) >= weights.BOUND_INFECTED:
            assert added == 0
        assert np.array_equal(after[i].rows, suspicion.rows)
        # A second time changes nothing: what was raised does not raise others.
        assert s.judge.weight(second_look(s.judge, {**before})[i]) == s.judge.weight(after[i])


def test_nobody_is_looked_at_twice_where_nobody_is_suspected() -> None:
    s = seen(*everyday())
    assert second_look(s.judge, {}) == {}
    assert address("20.1.0.0") < HOSTS.min()
