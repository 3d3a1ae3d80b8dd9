"""One's own network, learnt from flows: prefixes, dark space, what the vantage point cannot see."""

import ipaddress

import numpy as np
import pytest
from tests.detect.calls import Ints, address, network, scattered

from slowworm.detect.site import LEARN_FROM, LEARN_HOSTS, NOWHERE, Site, site
from slowworm.flows.addresses import RESERVED


def learnt(client: Ints, server: Ints, *, inside: tuple[str, ...] = (), spoke: bool = True) -> Site:
    every = np.ones(len(client), np.bool_)
    return site(
        client, server, called=every, spoke=every & spoke, inside=[ipaddress.ip_network(n) for n in inside]
    )


def names(found: Site) -> list[str]:
    return [str(n) for n in found.networks]


def border(prefix: str, *, hosts: int = 150, calls: int = 5, seed: int = 1) -> tuple[Ints, Ints]:
    """Inside hosts that call servers all over the Internet."""
    return np.repeat(network(prefix, hosts, seed=seed), calls), scattered(hosts * calls, seed=seed)


def test_the_one_prefix_that_every_contact_touches_is_inside() -> None:
    client, server = border("141.76.0.0/16")
    found = learnt(client, server)
    assert names(found) == ["141.76.0.0/16"]
    assert found.learnt
    # The world's calls to a server inside touch it as well.
    outside, inside = scattered(800, seed=2, first=(100, 120)), network("141.76.0.0/16", 4, seed=9)
    both = learnt(np.concatenate([client, outside]), np.concatenate([server, np.repeat(inside, 200)]))
    assert names(both) == ["141.76.0.0/16"]


def test_several_prefixes_are_learnt_and_those_given_are_not_questioned() -> None:
    parts = [border("141.76.0.0/16"), border("9.9.0.0/16", seed=3), border("203.5.0.0/16", hosts=90, seed=4)]
    client, server = (np.concatenate(side) for side in zip(*parts, strict=True))
    assert names(learnt(client, server)) == ["9.9.0.0/16", "141.76.0.0/16", "203.5.0.0/16"]
    given = learnt(client, server, inside=("9.9.0.0/17", "2001:db8::/32"))
    assert names(given) == ["9.9.0.0/17"]
    assert not given.learnt
    # A small part beyond the share that must be covered is left out: nobody's say is worth a wrong prefix.
    parts[2] = border("203.5.0.0/16", hosts=24, seed=4)
    client, server = (np.concatenate(side) for side in zip(*parts, strict=True))
    assert names(learnt(client, server)) == ["9.9.0.0/16", "141.76.0.0/16"]


@pytest.mark.parametrize(("contacts", "hosts", "known"), [
    (LEARN_FROM, LEARN_HOSTS, True), (LEARN_FROM - 1, LEARN_HOSTS, False), (LEARN_FROM, LEARN_HOSTS - 1, False),
])  # fmt: skip
def test_of_a_small_listing_no_inside_is_learnt(contacts: int, hosts: int, known: bool) -> None:
    client = np.resize(network("141.76.0.0/16", hosts), contacts)
    assert bool(learnt(client, scattered(contacts)).prefixes) is known


def test_a_popular_provider_is_not_taken_for_inside() -> None:
    # A backbone: callers from everywhere, seven in ten of their calls go to one provider.
    callers = scattered(2000, first=(60, 200))
    servers = np.where(
        np.arange(2000) % 10 < 7,
        np.resize(network("23.64.0.0/16", 300), 2000),
        scattered(2000, first=(1, 50)),
    )
    assert learnt(callers, servers) == NOWHERE
    # Nor where the provider's own hosts call out as well: what is left then is no site but the Internet.
    pushing = network("23.64.0.0/16", 200, seed=5)
    clients = np.concatenate([callers, pushing])
    assert learnt(clients, np.concatenate([servers, scattered(200, seed=8)])).prefixes == ()
    # At one site's border the provider may have as many contacts as it will.
    client, server = border("141.76.0.0/16")
    server[: len(server) * 19 // 20] = np.resize(network("23.64.0.0/16", 300), len(server) * 19 // 20)
    assert names(learnt(client, server)) == ["141.76.0.0/16"]


def test_the_order_of_contacts_changes_nothing() -> None:
    parts = [border("141.76.0.0/16"), border("9.9.0.0/16", seed=3)]
    client, server = (np.concatenate(side) for side in zip(*parts, strict=True))
    plain = learnt(client, server)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(client))
        mixed = learnt(client[order], server[order])
        assert (mixed.prefixes, mixed.hidden, mixed.unseen) == (plain.prefixes, plain.hidden, plain.unseen)
        assert np.array_equal(mixed.live, plain.live)


def test_an_inside_24_where_nobody_speaks_is_dark() -> None:
    client = np.concatenate([network(f"141.76.{n}.0/24", 30, seed=n) for n in (1, 2, 3, 4, 5, 6, 7)])
    server = scattered(len(client))
    # One that only answers is heard, one that is only called is not.
    answering, silent = address("141.76.80.9"), address("141.76.81.9")
    callers = scattered(2, seed=3, first=(60, 70))
    client = np.concatenate([client, callers])
    server = np.concatenate([server, [answering, silent]])
    called = np.ones(len(client), np.bool_)
    spoke = np.ones(len(client), np.bool_)
    spoke[-1] = False
    found = site(client, server, called=called, spoke=spoke, inside=())
    asked = ["141.76.3.250", "141.76.80.1", "141.76.81.9", "141.76.200.1", "23.64.200.1"]
    assert found.dark(np.array([address(a) for a in asked])).tolist() == [False, False, True, True, False]
    assert found.inside(np.array([address(a) for a in asked])).tolist() == [True] * 4 + [False]


def test_with_hardly_anybody_to_be_heard_nothing_is_dark() -> None:
    client, server = border("141.76.0.0/16", hosts=30, calls=5)
    found = learnt(client, server, inside=("141.76.0.0/16",))
    assert len(client) < LEARN_FROM
    assert not found.dark(network("141.76.0.0/16", 500, seed=7)).any()
    assert not NOWHERE.dark(server).any()
    assert not NOWHERE.inside(client).any()


def test_at_a_border_the_site_itself_is_hidden_and_in_the_core_the_own_subnet() -> None:
    client, server = border("141.76.0.0/16")
    assert learnt(client, server).hidden == 16
    # In the core the next /24 is called as well, the own never.
    hosts = network("141.76.0.0/16", 400, seed=6)
    neighbour = hosts ^ 0x100
    core = learnt(np.concatenate([client, hosts]), np.concatenate([server, neighbour]))
    assert core.hidden == 24
    # A switch's port mirror sees neighbours of one subnet too: nothing is hidden.
    near = learnt(np.concatenate([client, hosts]), np.concatenate([server, hosts ^ 1]))
    assert near.hidden is None
    # One mistyped address in 20,000 contacts makes no neighbourhood visible.
    many, theirs = np.resize(client, 20_000), np.resize(server, 20_000)
    one = learnt(np.append(many, hosts[0]), np.append(theirs, hosts[0] ^ 1), inside=("141.76.0.0/16",))
    assert one.hidden == 16


def test_what_is_hidden_is_not_said_of_few_hosts() -> None:
    client, server = border("141.76.0.0/16", hosts=99)
    assert learnt(client, server).prefixes
    assert learnt(client, server).hidden is None


def test_reserved_space_that_nobody_calls_is_unseen() -> None:
    client, server = border("141.76.0.0/16")
    assert learnt(client, server).unseen == RESERVED
    called = [(n, k) for n, k in RESERVED if n >> 24 in (10, 192)]
    some = learnt(
        np.concatenate([client, client[:2]]),
        np.concatenate([server, [address("10.4.5.6"), address("192.168.7.8")]]),
    )
    assert set(RESERVED) - set(some.unseen) == set(called)
    # A site in private space is not reserved to itself.
    client, server = border("10.20.0.0/16")
    own = learnt(client, server)
    assert names(own) == ["10.20.0.0/16"]
    assert set(RESERVED) - set(own.unseen) == {(10 << 24, 8)}
