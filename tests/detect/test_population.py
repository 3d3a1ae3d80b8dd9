"""What fails for everybody here and now, by votes of hosts that mostly succeed; and whom that excuses."""

import numpy as np
import pytest
from tests.detect.calls import PROFILES, START, TCP, UDP, Calls, Ints, Seen, calls, network, scattered, seen

from slowworm.detect.detector import detect
from slowworm.detect.population import MINUTE, SERVICE_IN_USE, contemporary

HOSTS = network("20.1.0.0/16", 60)
SPAN = 1800


def named(s: Seen) -> dict[str, str]:
    return {str(v.address): v.verdict for v in detect(s.batch, profiles=PROFILES).verdicts}


def rates(
    client: Ints, first_time: Ints, service: Ints, outcome: Ints, *, datagram: bool = False
) -> np.ndarray:
    """The failure rate of each contact's minute or service; times in seconds."""
    return contemporary(
        client=client.astype(np.int32),
        first_time=np.where(first_time < 0, -1, first_time * 10**9),
        service=service,
        datagram=np.full(len(client), datagram),
        outcome=outcome,
    )


def everyday(n: int = 40, *, hosts: Ints = HOSTS) -> list[Calls]:
    """Answered calls of all hosts to their own servers, at any time."""
    rng = np.random.default_rng(1)
    return [
        calls(host, scattered(n, seed=i), 443, rng.uniform(0, SPAN, n))
        for i, host in enumerate(hosts.tolist())
    ]


def test_one_host_has_one_vote_and_the_rate_starts_from_the_usual() -> None:
    # 30 hosts with five contacts each; in the second minute every one of them fails, one a hundred times.
    client = np.concatenate([np.repeat(np.arange(30), 6), np.zeros(100, np.int64)])
    failed = np.concatenate([np.tile([1, 1, 1, 1, 1, -1], 30), np.full(100, -1)])
    failed[5:180:6] = np.where(np.arange(30) < 15, -1, 1)
    at = np.concatenate([np.tile([0, 1, 2, 3, 4, 70], 30), np.full(100, 75)])
    found = rates(client, at, np.arange(len(client)), failed)
    # Host 0 fails mostly and has no vote: 14 of the other 29 fail, beside 10 contacts at 20 %.
    assert found[5] == pytest.approx((14 + 2) / (29 + 10))
    assert (found[at >= 60] == found[5]).all()
    assert found[0] == pytest.approx(2 / (29 + 10))


def test_minutes_are_apart_and_unknown_times_have_none() -> None:
    client = np.repeat(np.arange(20), 6)
    at = np.tile([0, 1, 2, 3, 65, -1], 20)
    outcome = np.tile([1, 1, 1, 1, -1, 1], 20)
    found = rates(client, at, np.arange(len(client)), outcome).reshape(20, 6)
    assert (found[:, 4] > 0.7).all()
    assert (found[:, :4] < 0.1).all()
    assert (found[:, 5] == 0).all()
    assert MINUTE == 60 * 10**9
    assert not len(rates(*(np.zeros(0, np.int64) for _ in range(4))))


def test_an_outage_minute_excuses_everybody_in_it() -> None:
    rng = np.random.default_rng(2)
    parts = everyday()
    # The uplink is down from 600 s on for a minute; programs try twelve addresses each, once.
    for i, host in enumerate(HOSTS.tolist()):
        at = rng.uniform(600, 660, 12)
        parts.append(calls(host, scattered(12, seed=500 + i, first=(100, 200)), 443, at, answered=False))
    s = seen(*parts)
    minute = (s.contacts.first_time // 10**9 - START) // 60
    assert s.population.contemporary[minute == 10].min() > 0.8
    assert s.population.contemporary[np.abs(minute - 10) > 1].max() < 0.3
    assert named(s) == {}
    # The same failures, each host's at a time of its own, condemn them: so the minute is what excuses.
    alone = everyday()
    for i, host in enumerate(HOSTS.tolist()):
        to = scattered(12, seed=500 + i, first=(100, 200))
        alone.append(calls(host, to, 443, 25.0 * i + np.arange(12), answered=False))
    assert len(named(seen(*alone))) > 30


def test_an_outage_does_not_hide_the_worm_that_goes_on_after_it() -> None:
    rng = np.random.default_rng(3)
    parts = everyday()
    for i, host in enumerate(HOSTS.tolist()):
        at = rng.uniform(600, 660, 12)
        parts.append(calls(host, scattered(12, seed=500 + i, first=(100, 200)), 443, at, answered=False))
    worm = int(HOSTS[7])
    probes = scattered(30, seed=9, first=(30, 220))
    parts.append(calls(worm, probes, 445, np.linspace(610, 1200, 30), answered=False))
    found = {v.address: v.verdict for v in detect(seen(*parts).batch, profiles=PROFILES).verdicts}
    assert {int(a): v for a, v in found.items()} == {worm: "infected"}


@pytest.mark.parametrize(("rate", "excused"), [(0.5, True), (0.6, True), (0.95, False)])
def test_a_service_on_which_half_fails_excuses_and_one_that_is_not_in_use_does_not(
    rate: float, excused: bool
) -> None:
    rng = np.random.default_rng(4)
    parts = everyday()
    for i, host in enumerate(HOSTS.tolist()):
        to, at = scattered(16, seed=700 + i, first=(100, 200)), rng.uniform(0, SPAN, 16)
        fails, bare = rng.random(16) < rate, rng.random(16) < 0.475
        # Failures as programs have them: half of them more than a SYN.
        parts.append(calls(host, to[fails & bare], 6881, at[fails & bare], answered=False))
        parts.append(calls(host, to[fails & ~bare], 6881, at[fails & ~bare], answered=False, octets=700))
        parts.append(calls(host, to[~fails], 6881, at[~fails]))
    s = seen(*parts)
    on = s.population.contemporary[s.contacts.port == 6881]
    assert (float(np.median(on)) > 0.4) is excused
    assert ("infected" in named(s).values()) is not excused
    assert SERVICE_IN_USE == 0.7


def test_a_service_of_few_hosts_has_no_rate_of_its_own() -> None:
    client = np.repeat(np.arange(9), 12)
    service = np.tile([1] * 8 + [2] * 4, 9)
    outcome = np.tile([1] * 8 + [-1, -1, 1, 1], 9)
    none = np.full(len(client), -1)
    assert (rates(client, none, service, outcome) == 0).all()
    client, service, outcome = (
        np.concatenate([a, b]) for a, b in ((client, np.full(12, 9)), (service, service[:12]), (outcome, outcome[:12]))
    )  # fmt: skip
    found = rates(client, np.full(len(client), -1), service, outcome)
    # Ten hosts vote half of theirs, beside ten contacts at 20 %.
    assert found[service == 2] == pytest.approx((10 * 0.5 + 2) / 20)


@pytest.mark.parametrize(("ordinary", "probes"), [(30, 8), (12, 8), (30, 20)])
def test_a_slow_worm_in_many_hosts_does_not_excuse_itself(ordinary: int, probes: int) -> None:
    rng = np.random.default_rng(5)
    parts = everyday(ordinary)
    for i, host in enumerate(HOSTS.tolist()):
        to = scattered(probes, seed=1000 + i, first=(100, 220))
        parts.append(calls(host, to, 445, rng.uniform(0, SPAN, probes), answered=False))
    s = seen(*parts)
    # On their service nearly all fails, so that it is none in use; only the minutes say a little.
    share = probes / (ordinary + probes)
    assert s.population.contemporary[s.contacts.port == 445].max() < share + 0.25
    assert list(named(s).values()) == ["infected"] * len(HOSTS)


def test_hosts_that_fail_mostly_have_no_vote() -> None:
    parts = everyday(hosts=HOSTS[:20])
    for i, host in enumerate(HOSTS[20:].tolist()):
        to = scattered(60, seed=i, first=(100, 220))
        parts.append(calls(host, to, 445, np.arange(60.0) * 20, answered=False))
    s = seen(*parts)
    assert s.population.contemporary.max() < 0.2
    assert list(named(s).values()) == ["infected"] * 40


def habitual(protocol: int, share: float) -> Seen:
    """Hosts that are answered by TCP and UDP; ``share`` of them look for neighbours that are not there."""
    parts = everyday(20)
    for i, host in enumerate(HOSTS.tolist()):
        parts.append(calls(host, scattered(20, seed=300 + i), 53, np.arange(20.0) * 60, protocol=UDP))
        if i < share * len(HOSTS):
            to, at = (
                scattered(10, seed=900 + i, first=(100, 120)),
                np.random.default_rng(i).uniform(0, SPAN, 10),
            )
            parts.append(calls(host, to, 3702, at, answered=False, protocol=protocol))
    return seen(*parts)


def test_what_a_few_hosts_or_tcp_do_in_vain_is_no_habit() -> None:
    for protocol, share in ((UDP, 0.1), (TCP, 0.3)):
        s = habitual(protocol, share)
        assert s.population.contemporary[s.contacts.port == 3702].max() < 0.25
        assert list(named(s).values()) == ["infected"] * round(share * len(HOSTS))


def test_what_many_hosts_do_in_vain_by_udp_is_a_habit() -> None:
    # As the rule itself sees it, with failures that are known as such.
    client = np.repeat(np.arange(60), 10)
    habit = client < 18
    service = np.where(habit & (np.arange(600) % 10 < 4), 2, 1)
    outcome = np.where(service == 2, -1, 1)
    none = np.full(600, -1)
    assert (rates(client, none, service, outcome, datagram=True)[service == 2] > SERVICE_IN_USE - 0.1).all()
    assert (rates(client, none, service, outcome, datagram=False)[service == 2] < 0.1).all()


def test_a_habit_of_silent_udp_excuses() -> None:
    s = habitual(UDP, 0.3)
    assert s.population.contemporary[s.contacts.port == 3702].min() > 0.6
    assert "infected" not in named(s).values()


def test_visibility_is_the_share_of_conversations_that_show_both_directions() -> None:
    both = everyday(10, hosts=HOSTS[:10])
    assert seen(*both).population.visibility == {TCP: 1.0}
    # A quarter of the answers takes another way: four of four calls were answered by their packets.
    one_way = [
        calls(host, scattered(10, seed=50 + i), 443, answered=False, packets=12, octets=9000)
        for i, host in enumerate(HOSTS[:10].tolist())
    ]
    assert seen(*both, *one_way).population.visibility == {TCP: pytest.approx(0.5)}
    assert seen(*one_way[:1]).population.visibility == {TCP: 0.0}
    # Too little is no answer; and UDP shows by its answers that they come this way.
    assert seen(calls(HOSTS[0], scattered(4), 443)).population.visibility == {}
    asked = calls(HOSTS[0], scattered(30), 53, protocol=UDP)
    assert set(seen(*both, asked).population.visibility) == {TCP, UDP}
