"""Roles: each from flows made for it, and nobody in the labelled world under a name that contradicts what it is."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from tests.detect.calls import ICMP, UDP, Calls, Ints, address, calls, network, scattered, seen

from slowworm.detect.contacts import contacts
from slowworm.detect.evidence import columns
from slowworm.detect.population import population
from slowworm.detect.roles import RULES, lookup, role
from slowworm.engine.local import partitions
from slowworm.flows.joining import one_row_per_flow
from slowworm.rehearse.world import Vantage, WorldSpec, WormSpec, build

HOST = address("141.76.9.9")
USERS = network("141.76.0.0/16", 60, seed=1)
MINUTES = np.arange(60.0) * 60


def far(n: int, seed: int = 0) -> Ints:
    """Servers out there."""
    return scattered(n, seed=seed)


def name(*parts: Calls, host: int = HOST, **options: object) -> str | None:
    """The role of a host among the everyday calls of users, so that the inside is known."""
    users = calls(np.repeat(USERS, 5), far(300, 99), 443, np.arange(300.0))
    s = seen(users, *parts, **options)
    found = role(lookup(s.contacts, s.population.site).behaviour(host))
    assert found is None or found.text
    return found.name if found else None


def resolver() -> list[Calls]:
    return [calls(USERS[:3], HOST, 53, protocol=UDP), calls(HOST, far(20), 53, protocol=UDP)]


def mail_relay(alive: float = 0.7) -> list[Calls]:
    return [calls(HOST, far(40), 25, answered=np.arange(40) < 40 * alive)]


def proxy() -> list[Calls]:
    return [calls(USERS[:3], HOST, 3128), calls(HOST, far(20), 443)]


def load_balancer() -> list[Calls]:
    checked = [calls(HOST, s, 80, np.arange(20.0), sp=40_000 + np.arange(20)) for s in USERS[:3].tolist()]
    return [*checked, calls(far(20, 5), HOST, 443)]


def time_server() -> list[Calls]:
    return [calls(far(20), HOST, 123, protocol=UDP)]


def web_server() -> list[Calls]:
    return [calls(far(20), HOST, 443)]


def poller() -> list[Calls]:
    every = [calls(HOST, USERS[:10], 161, 300.0 * i, protocol=UDP, sp=40_000 + i) for i in range(3)]
    return [*every, calls(HOST, far(3), 443)]


def patch_server(alive: float = 0.8) -> list[Calls]:
    return [calls(HOST, USERS[:25], 445, answered=np.arange(25) < 25 * alive)]


def peer(n: int = 30) -> list[Calls]:
    return [calls(HOST, far(n), 20_000 + np.arange(n) * 7, answered=np.arange(n) % 2 == 0)]


def crawler(alive: float = 0.8) -> list[Calls]:
    return [calls(HOST, far(300), 443, np.arange(300.0) * 9, answered=np.arange(300) % 100 < 100 * alive)]


def gateway(minutes: float = 10.0) -> list[Calls]:
    at = np.linspace(0, 60 * minutes, 300)
    web = calls(HOST, far(300), 443, at, answered=np.arange(300) % 20 > 0)
    return [web, calls(HOST, far(20, 3), 993), calls(HOST, far(9, 4), 123, protocol=UDP), *peer(25)]


def backup() -> list[Calls]:
    return [calls(HOST, USERS[:3], 9102, octets=2 * 10**9)]


MADE = {
    "resolver": resolver, "mail relay": mail_relay, "web proxy": proxy, "load balancer": load_balancer,
    "NTP server": time_server, "web server": web_server, "poller": poller, "patch server": patch_server,
    "peer-to-peer": peer, "crawler": crawler, "NAT gateway": gateway, "backup": backup,
}  # fmt: skip


def test_every_role_is_made_here() -> None:
    assert set(MADE) == {name for name, _ in RULES}


@pytest.mark.parametrize("wanted", MADE)
def test_a_host_that_does_as_its_role_does_is_named_by_it(wanted: str) -> None:
    assert name(*MADE[wanted]()) == wanted


@pytest.mark.parametrize(
    "wanted", ["resolver", "mail relay", "web proxy", "web server", "backup", "patch server"]
)
def test_roles_need_no_times(wanted: str) -> None:
    assert name(*MADE[wanted](), timed=False) == wanted


def test_hosts_like_any_have_no_role() -> None:
    assert name(host=int(USERS[0])) is None
    assert name(calls(HOST, far(60), 443, np.arange(60.0))) is None
    assert name(host=address("9.9.9.9")) is None
    # A busy user of an hour, with mail and clocks, is not many people.
    assert name(*gateway(minutes=55)) is None


@pytest.mark.parametrize(("port", "n"), [(80, 400), (443, 400), (25, 60), (445, 60), (22, 400)])
def test_a_scan_is_no_living(port: int, n: int) -> None:
    # A worm, a scanner of mail ports, one of its own network: hardly anybody answers.
    answered = np.arange(n) % 20 == 0
    assert name(calls(HOST, far(n), port, np.arange(float(n)), answered=answered)) is None
    inside = network("141.76.0.0/16", 60, seed=7)
    assert name(calls(HOST, inside, port, np.arange(60.0), answered=inside % 10 == 0)) is None


def test_refusals_are_no_service() -> None:
    refused = calls(far(40), HOST, 80, answered=False, reset=True)
    assert name(refused, calls(HOST, far(10), 443)) is None
    # Of a server seen one way only answers are there, and they are as good.
    answers = calls(HOST, far(40), 50_000 + np.arange(40), sp=443, answered=False, octets=9000, packets=8)
    assert name(answers) == "web server"


def test_traceroutes_are_no_peers_and_few_peers_no_life() -> None:
    hops = np.arange(33434, 33434 + 90)
    assert name(calls(HOST, far(90), hops, answered=False, protocol=UDP)) is None
    assert name(*peer(), calls(HOST, far(150, 8), 443)) is None


def test_pings_that_come_back_are_polling_and_a_sweep_is_not() -> None:
    every = [calls(HOST, USERS[:15], 8, 60.0 * i, protocol=ICMP, sp=0) for i in range(3)]
    assert name(*every) == "poller"
    assert name(calls(HOST, far(100), 8, protocol=ICMP, sp=0, answered=False)) is None


FITTING: dict[str, set[str]] = {
    "backscatter": {"web server"}, "backup": {"backup"}, "cgn": {"NAT gateway"}, "crawler": {"crawler"},
    "flood-victim": {"web server"}, "games": {"peer-to-peer"}, "load-balancer": {"load balancer"},
    "mail-relay": {"mail relay"}, "measurement-probe": {"poller"}, "monitor": {"poller"},
    "nat-gateway": {"NAT gateway"}, "ntp-server": {"NTP server"}, "p2p": {"peer-to-peer"},
    "patch-server": {"patch server"}, "poller": {"poller"}, "resolver": {"resolver"},
    "web-proxy": {"web proxy", "NAT gateway"}, "web-server": {"web server"},
}  # fmt: skip
"""Names that fit a look-alike of the world; of a proxy a border sees only that many people are behind it."""


@cache
def roles_in_the_world(seed: int, actors: str, kind: str) -> tuple[tuple[str, str | None], ...]:
    """(look-alike of truth, role) of every host seen."""
    spec = WorldSpec(
        seed=seed, hosts=600, span_seconds=600, actors=actors, radiation=0.02, vantage=Vantage(kind=kind),
        worms=(WormSpec(profile="codered-ii", rate=2.0), WormSpec(profile="sasser", rate=2.0)),
    )  # fmt: skip
    world = build(spec)
    batch = contacts(partitions(one_row_per_flow(world.flows).batches)[0])
    index = lookup(columns(batch), population(batch).site)

    def found() -> Iterator[tuple[str, str | None]]:
        for row in world.truth.hosts.to_pylist():
            if row["seen_as"] is None:
                continue
            is_a = "infected" if row["infected"] else row["lookalike"] or "ordinary"
            one = role(index.behaviour(row["seen_as"]))
            yield is_a, one.name if one else None

    return tuple(found())


WORLDS = [(1, "judgement", "border"), (2, "calibration", "core")]


@pytest.mark.parametrize("world", WORLDS)
def test_nobody_in_the_world_is_given_a_contradictory_name(world: tuple[int, str, str]) -> None:
    wrong = [
        (is_a, named)
        for is_a, named in roles_in_the_world(*world)
        if named and named not in FITTING.get(is_a, set())
    ]
    assert wrong == []


@pytest.mark.parametrize("world", WORLDS)
def test_those_with_a_plain_role_are_named(world: tuple[int, str, str]) -> None:
    found = roles_in_the_world(*world)
    for is_a in ("resolver", "mail-relay", "ntp-server", "web-server", "crawler", "nat-gateway"):
        names = [named for truth, named in found if truth == is_a]
        assert names
        assert all(named in FITTING[is_a] for named in names), (is_a, names)
