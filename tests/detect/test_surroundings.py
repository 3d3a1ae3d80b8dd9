"""Evidence on an activity as a whole: where its failed targets lie, and whether the host serves there itself."""

import numpy as np
import pytest
from tests.detect.calls import UDP, Calls, Ints, Seen, address, calls, network, scattered, seen

from slowworm.detect import weights
from slowworm.detect.surroundings import NAMES, destinations, served_clients, surroundings
from slowworm.detect.whereabouts import ENOUGH_PAIRS, LEVELS, SCAN_LEVELS, scan_log_density, whereabouts

HOST = address("20.1.77.9")
USERS = network("20.1.0.0/16", 40, seed=1)
POPULAR = (23, 52, 104, 142, 151)
"""First octets in which everybody's servers are."""


def everyday() -> list[Calls]:
    """Users with answered calls into a few popular networks."""
    rng = np.random.default_rng(1)
    parts = []
    for host in USERS.tolist():
        to = np.array(rng.choice(POPULAR, 15), np.int64) << 24 | 64 << 16 | rng.integers(0, 1 << 16, 15)
        parts.append(calls(host, np.unique(to), 443, np.arange(len(np.unique(to))) * 7.0))
    return parts


def where(*targets: int, reset: bool = False, source: int = HOST) -> int:
    """Tenths by where failed targets of one host lie."""
    s = seen(*everyday(), calls(source, np.array(targets), 445, answered=False, reset=reset))
    rows = s.of(source, 445)
    return int(destinations(s.contacts, s.weighed, s.population, rows, np.zeros(1, np.int64))[0])


def apart(*octets: int) -> list[int]:
    """One address in a /16 of its own for each first octet."""
    return [octet << 24 | 77 << 16 | 9 << 8 | 1 for octet in octets]


def test_failed_targets_in_dead_space_speak_for_a_scan_and_near_servers_against() -> None:
    dead = where(*apart(7, 55, 71, 90, 111, 130, 160, 170, 181, 200))
    assert dead > 100
    near = where(*[octet << 24 | 64 << 16 | i << 8 | 5 for i, octet in enumerate(POPULAR * 2)])
    assert near < -60
    # The /8 of popular servers is near enough.
    assert where(*[octet << 24 | 100 << 16 | 5 for octet in POPULAR]) == near < 0


def test_it_grows_with_targets_up_to_its_cap() -> None:
    octets = [o for o in range(60, 130) if o not in POPULAR]
    by_number = [where(*apart(*octets[:n])) for n in (1, 2, 4, 8, 60)]
    assert by_number == sorted(by_number)
    assert by_number[0] <= weights.DESTINATION_CAP // weights.DESTINATIONS_SHARED_BY
    assert by_number[-1] == weights.DESTINATIONS_CAP


def test_a_swept_16_counts_once() -> None:
    swept = [171 << 24 | 9 << 16 | n for n in range(1, 400)]
    assert where(*swept) == pytest.approx(where(swept[0]), abs=1)
    several = [*swept, *(n + (1 << 16) for n in swept)]
    assert where(*several) == pytest.approx(2 * where(swept[0]), abs=2)


def test_what_refused_lies_where_hosts_are() -> None:
    dead = apart(7, 55, 71, 90)
    assert where(*dead, reset=True) == 0 < where(*dead)


def test_little_benign_traffic_says_nothing_of_where_it_goes() -> None:
    few = seen(*everyday()[:10], calls(HOST, np.array(apart(7, 55, 71)), 445, answered=False))
    assert not few.population.whereabouts.known
    assert few.population.whereabouts.pairs < ENOUGH_PAIRS
    rows = few.of(HOST, 445)
    assert destinations(few.contacts, few.weighed, few.population, rows, np.zeros(1, np.int64)).tolist() == [
        0
    ]


def test_the_measures_are_distributions() -> None:
    assert sum(share for _, share in SCAN_LEVELS) == pytest.approx(1.0)
    client = np.repeat(np.arange(300), 2)
    server = np.concatenate([scattered(300, seed=1), scattered(300, seed=2)])
    measure = whereabouts(client, server, np.ones(600, np.bool_))
    assert measure.known
    # Summed over all addresses: by stratified draws within the popular prefixes of each level, and beside them.
    rng = np.random.default_rng(3)
    blocks = np.unique(server >> 8)
    inside = (rng.choice(blocks, 20_000) << 8) | rng.integers(0, 256, 20_000)
    total = float(np.exp(measure.log_density(inside)).mean()) * len(blocks) * 256
    for upper, lower in ((16, 24), (8, 16), (0, 8)):
        wide = np.unique(server >> (32 - upper)) if upper else np.zeros(1, np.int64)
        drawn = rng.choice(wide, 40_000) << (32 - upper) | rng.integers(0, 2 ** (32 - upper), 40_000)
        outside = ~np.isin(drawn >> (32 - lower), server >> (32 - lower))
        total += float((np.exp(measure.log_density(drawn)) * outside).mean()) * len(wide) * 2 ** (32 - upper)
    assert total == pytest.approx(1.0, abs=0.03)
    assert sum(share for _, share in LEVELS) < 1


def test_a_scan_prefers_its_own_neighbourhood() -> None:
    source = np.full(4, HOST)
    targets = np.array([HOST ^ 1, HOST ^ 0x100, HOST ^ 0x10000, HOST ^ 0x1000000])
    density = scan_log_density(source, targets)
    assert (np.diff(density) < 0).all()


def serving(port: int, clients: Ints, *, succeed: bool = True, protocol: int = 6) -> list[Calls]:
    """Callers that HOST answers; ``succeed``: what they do else is answered too."""
    parts = [calls(clients, HOST, port, protocol=protocol)]
    for i, client in enumerate(clients.tolist()):
        parts.append(calls(client, scattered(6, seed=i), 443, answered=succeed))
    return parts


@pytest.mark.parametrize(("callers", "weight"), [(4, 0), (5, weights.SERVES), (30, weights.SERVES)])
def test_who_serves_the_service_it_calls_is_likelier_a_relay(callers: int, weight: int) -> None:
    probes = calls(HOST, np.array(apart(*range(60, 70))), 25, answered=False)
    s = seen(*serving(25, scattered(callers, seed=9, first=(150, 160))), probes)
    rows, none = s.of(HOST, 25), np.zeros(1, np.int64)
    assert served_clients(s.contacts, rows[:1]).tolist() == [callers]
    found = surroundings(s.contacts, s.weighed, s.population, rows, none)
    assert found.shape == (1, len(NAMES))
    assert found[0, NAMES.index("serves-the-service")] == weight
    assert found[0, NAMES.index("outbreak-around")] == 0


def test_scanners_that_it_answers_and_other_services_make_it_no_server() -> None:
    callers = scattered(12, seed=9, first=(150, 160))
    probes = calls(HOST, np.array(apart(*range(60, 70))), 445, answered=False)

    def served(s: Seen) -> int:
        return int(served_clients(s.contacts, s.of(HOST, 445)[:1])[0])

    assert served(seen(*serving(445, callers), probes)) == 12
    assert served(seen(*serving(445, callers, succeed=False), probes)) == 0
    assert served(seen(*serving(25, callers), probes)) == 0
    assert served(seen(*serving(445, callers, protocol=UDP), probes)) == 0
    s, nothing = seen(probes), np.zeros(0, np.int64)
    assert not surroundings(s.contacts, s.weighed, s.population, nothing, nothing).size
