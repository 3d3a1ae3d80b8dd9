"""Worms of a world against their profiles, the literature and arithmetic: targets, shapes, chains, growth."""

from typing import Any

import numpy as np
import pytest
from tests.rehearse.world.worlds import ACK, SYN, built, columns, hosts, z_score

from slowworm.detect.profiles import load_profiles
from slowworm.detect.profiles.draw import draw_each
from slowworm.rehearse.world import Vantage, WorldSpec, WormSpec, build
from slowworm.rehearse.world.worms.outside import onsets

SITE = 141 << 8 | 76
QUIET = {"actors": ("mail-program/imap",), "hosts": 400, "radiation": 0.0}
"""A site where hardly anybody else is about: mail on port 993 and 143, which no worm here attacks."""

CORE = Vantage(kind="core")


def one(profile: str, rate: float = 4.0, *, vantage: Vantage | None = None, **more: object) -> WorldSpec:
    worm = WormSpec(profile=profile, rate=rate, **more)  # type: ignore[arg-type]
    return WorldSpec(seed=3, worms=(worm,), vantage=vantage or Vantage(), **QUIET)  # type: ignore[arg-type]


def probes(spec: WorldSpec, name: str | None = None) -> tuple[Any, np.ndarray]:
    """The flows of a world, and the rows of its worm's calls."""
    flows = columns(spec)
    label = flows.names.index(f"worm/{name or spec.worms[0].title}")
    return flows, np.flatnonzero(((flows.label == label) | (flows.label == label + 1)) & flows.forward)


@pytest.mark.parametrize(
    ("profile", "same_8"), [("codered-ii", 0.80), ("nimda", 0.50), ("sasser", 0.31), ("codered-v2", 1 / 256)]
)
def test_at_the_border_the_mixture_is_renormalised(profile: str, same_8: float) -> None:
    # The shares that the project's fact sheet computes for the border of the source's own /16.
    flows, rows = probes(one(profile))
    targets = np.unique(flows.dst_addr[rows])
    assert len(targets) > 2500
    share = (targets >> 24 == 141).mean()
    assert z_score(share, same_8, same_8 * (1 - same_8) / len(targets)) < 4
    assert not (targets >> 16 == SITE).any(), "a probe into the own /16 never reaches the border"


@pytest.mark.parametrize("profile", [p.name for p in load_profiles().items])
def test_every_profile_runs_and_keeps_its_exclusions(profile: str) -> None:
    spec = one(profile, 2.0, vantage=CORE, lasting=900.0)
    flows, rows = probes(spec)
    worm = load_profiles().get(profile)
    assert len(np.unique(flows.dst_addr[rows])) > 500
    if profile != "welchia" and worm.order == "random":
        assert worm.allowed(flows.dst_addr[rows].astype(np.uint32)).all()
    infected = [h for h in hosts(spec).values() if h["infected"]]
    assert [h["profile"] for h in infected] == [profile]


def test_a_sequential_worm_walks_upward_one_by_one() -> None:
    flows, rows = probes(one("blaster", vantage=CORE))
    order = rows[np.argsort(flows.start_time[rows], kind="stable")]
    walk = flows.dst_addr[order]
    _, first = np.unique(walk, return_index=True)
    steps = np.diff(walk[np.sort(first)])
    assert (steps >= 1).mean() > 0.999
    assert np.median(steps) == 1


def test_wannacry_walks_its_own_subnets_first_in_order() -> None:
    spec = one("wannacry", vantage=CORE)
    flows, rows = probes(spec)
    (host,) = (a for a, h in hosts(spec).items() if h["infected"])
    order = rows[np.argsort(flows.start_time[rows], kind="stable")]
    near = flows.dst_addr[order][flows.dst_addr[order] >> 16 == host >> 16]
    assert len(near) > 500
    assert (np.diff(near) >= 0).mean() > 0.99
    assert (near >> 8 != host >> 8).all(), "its own /24 never reaches a router"


def test_instances_of_codered_v1_share_one_list_and_those_of_v2_do_not() -> None:
    shared = {}
    for profile in ("codered-v1", "codered-v2"):
        spec = one(profile, patient_zeros=2)
        flows, rows = probes(spec)
        a, b = (
            set(flows.dst_addr[rows][flows.src_addr[rows] == h].tolist())
            for h in np.unique(flows.src_addr[rows])
        )
        shared[profile] = len(a & b) / min(len(a), len(b))
    assert shared["codered-v1"] > 0.97
    assert shared["codered-v2"] < 0.01


def test_shapes_on_the_wire() -> None:
    flows, rows = probes(one("mirai", 20.0, lasting=600.0))
    ports = flows.dst_port[rows]
    n = len(rows)
    assert set(np.unique(ports)) == {23, 2323}
    assert z_score((ports == 23).sum(), 0.9 * n, 0.09 * n) < 4
    assert len(np.unique(flows.src_port[rows])) == 1
    silent = rows[(flows.tcp_flags[rows] == SYN) & (flows.packets[rows] == 1)]
    assert (flows.bytes[silent] == 40).all()

    flows, rows = probes(one("slammer", 2000.0, lasting=5.0))
    assert set(flows.dst_port[rows]) == {1434}
    assert (flows.bytes[rows] == 404).all()
    assert (flows.packets[rows] == 1).all()
    assert (flows.dst_addr[rows] >> 28 == 14).any(), "multicast addresses are among the targets"

    flows, rows = probes(one("witty", 2000.0, lasting=5.0))
    assert set(flows.src_port[rows]) == {4000}
    assert len(np.unique(flows.dst_port[rows])) > 5000
    assert len(np.unique(flows.bytes[rows])) > 400


def test_welchia_pings_and_calls_only_who_answers() -> None:
    flows, rows = probes(one("welchia", 40.0, lasting=1500.0, vantage=CORE))
    echo, calls = rows[flows.protocol[rows] == 1], rows[flows.protocol[rows] == 6]
    assert (flows.bytes[echo] == 92).all()
    assert set(flows.dst_port[calls]) == {135}
    replies = flows.src_addr[(flows.protocol == 1) & (flows.icmp_type == 0)]
    assert set(flows.dst_addr[calls]) == set(replies)
    assert 10 < len(set(replies)) < 0.3 * len(echo)


def test_a_bot_with_three_services_and_a_worm_of_ones_own() -> None:
    services = ((6, 23, 0.8), (6, 2323, 0.1), (6, 8080, 0.1))
    flows, rows = probes(one("mirai", 5.0, name="bot", services=services), "bot")
    share = [(flows.dst_port[rows] == port).mean() for port in (23, 2323, 8080)]
    assert share == pytest.approx([0.8, 0.1, 0.1], abs=0.02)


def test_the_number_of_syns_is_what_was_asked_for() -> None:
    flows, rows = probes(one("sasser", 5.0, syn_retries=0))
    silent = rows[flows.tcp_flags[rows] == SYN]
    # A reset is answered by trying again, so that only unanswered ones are counted.
    unanswered = silent[flows.seconds[silent] == 0]
    assert len(unanswered) > 1000
    assert (flows.packets[unanswered] == 1).all()


CHAIN = WorldSpec(
    seed=5,
    hosts=2500,
    span_seconds=800.0,
    actors=("mail-program/imap",),
    radiation=0.0,
    vantage=CORE,
    worms=(WormSpec(profile="codered-ii", rate=3.0, vulnerable=0.25, patient_zeros=2, incubation=20.0),),
)


def test_parents_come_before_children_and_the_infecting_call_is_there() -> None:
    flows, table = columns(CHAIN), hosts(CHAIN)
    children = [h for h in table.values() if h["parent"] is not None]
    assert len(children) > 30
    seen = 0
    talking = np.flatnonzero((flows.dst_port == 80) & (flows.tcp_flags & ACK != 0) & (flows.bytes > 1500))
    src, dst = flows.src_addr[talking], flows.dst_addr[talking]
    for child in children:
        parent = table[child["parent"]]
        assert parent["infected"]
        assert parent["onset"] + 20e9 <= child["onset"] + 1000
        calls = talking[(src == parent["address"]) & (dst == child["address"])]
        assert child["parent_visible"] == bool(len(calls))
        if len(calls):
            seen += 1
            assert flows.start_time[calls].min() == pytest.approx(child["onset"] - 20e9, abs=2e6)
        same_subnet = parent["address"] >> 8 == child["address"] >> 8
        assert child["parent_visible"] != same_subnet
    assert seen > 25


def test_nobody_is_infected_who_was_not_reached_and_nobody_reached_is_spared() -> None:
    table = hosts(CHAIN)
    infected = {a for a, h in table.items() if h["infected"]}
    first = [h for h in table.values() if h["infected"] and h["parent"] is None]
    assert len(first) == 2
    assert {h["parent"] for h in table.values() if h["parent"] is not None} <= infected


def test_growth_inside_is_that_of_the_targeting() -> None:
    # Maximum likelihood of a pure birth process: infections over host-seconds at risk (Keiding 1975), several seeds.
    events, exposure = 0, 0.0
    truth = []
    for seed in range(6):
        worm = WormSpec(profile="codered-ii", rate=4.0, vulnerable=0.5, patient_zeros=5, incubation=0.0)
        world = build(
            WorldSpec(
                seed=seed,
                hosts=1500,
                span_seconds=150.0,
                worms=(worm,),
                actors=("voip/trunk",),
                radiation=0.0,
            )
        )
        truth.append(world.truth.growth.to_pylist()[0]["growth_per_hour"])
        infected = world.truth.hosts.filter(world.truth.hosts["infected"])
        begin = np.sort(
            (infected["onset"].cast("int64").to_numpy() - world.spec.start.timestamp() * 1e9) / 1e9
        )
        vulnerable = 750  # half of the hosts, give or take
        events += len(begin) - 5
        for i, onset in enumerate(begin):
            end = begin[i + 1] if i + 1 < len(begin) else 150.0
            exposure += (i + 1) * (1 - (i + 1) / vulnerable) * (end - onset)
    assert events > 300
    assert events / exposure * 3600 == pytest.approx(np.mean(truth), rel=4 / events**0.5)


def test_growth_with_an_incubation_solves_the_delay_equation() -> None:
    found = {}
    for delay in (0.0, 60.0):
        worm = WormSpec(profile="codered-ii", rate=4.0, vulnerable=0.5, incubation=delay, lasting=1.0)
        world = build(
            WorldSpec(seed=1, hosts=800, span_seconds=20.0, worms=(worm,), actors=("voip",), radiation=0.0)
        )
        found[delay] = world.truth.growth.to_pylist()[0]["growth_per_hour"]
    beta, k = found[0.0], found[60.0]
    assert k == pytest.approx(beta * np.exp(-k / 60), rel=1e-6)
    assert k < beta


def test_outside_sources_grow_as_specified() -> None:
    worm = WormSpec(profile="codered-v2", rate=1.0, outside_sources=800, growth=1.8, outside_population=10**9)
    onset = onsets(worm, 3600.0, np.random.default_rng(4)) / 3600
    assert z_score(len(onset), 800 * np.exp(1.8), 800 * np.exp(1.8)) < 4
    later = onset[onset > 0]
    # Onsets of e^(Kt) have the mean of a truncated exponential; its slope gives K back within its error.
    expected = (np.exp(1.8) * 0.8 + 1) / 1.8 / (np.exp(1.8) - 1)
    assert z_score(later.mean(), expected, later.var() / len(later)) < 4


def test_outside_probes_reach_the_site_with_their_exact_probability() -> None:
    worm = WormSpec(profile="codered-v2", rate=10.0, patient_zeros=0, outside_sources=4000)
    spec = WorldSpec(seed=8, worms=(worm,), **QUIET)  # type: ignore[arg-type]
    flows, rows = probes(spec)
    calls = np.unique(flows.src_addr[rows] << 32 | flows.dst_addr[rows])
    expected = 4000 * 10.0 * 3600 / 65536  # a uniform probe meets a /16 once in 65,536
    assert z_score(len(calls), expected, expected) < 4
    octet = np.bincount((calls & 0xFFFFFFFF) >> 8 & 255, minlength=256)
    spread = ((octet - octet.mean()) ** 2 / octet.mean()).sum()
    assert z_score(spread, 255, 510) < 4, "chi-square: every /24 of the site is as likely"


def test_a_local_worms_neighbours_reach_the_site_more_often_by_the_same_arithmetic() -> None:
    worm = WormSpec(profile="codered-ii", rate=10.0, patient_zeros=0, outside_sources=4000)
    spec = WorldSpec(seed=8, worms=(worm,), **QUIET)  # type: ignore[arg-type]
    flows, rows = probes(spec)
    source = flows.src_addr[rows]
    near = np.unique(source[source >> 24 == 141])
    assert len(near) > 5
    profile = load_profiles().get("codered-ii")
    drawn = draw_each(profile, np.full(1_000_000, near[0], np.uint32), np.random.default_rng(1))
    expected = (drawn >> 16 == SITE).sum() * 36_000 / 1e6 * len(near)
    observed = len(np.unique(source[source >> 24 == 141] << 32 | flows.dst_addr[rows][source >> 24 == 141]))
    # Repeats of a target make the distinct ones a little fewer; the drawn estimate has an error of its own.
    assert observed == pytest.approx(expected, rel=0.12)


def test_rates_may_differ_from_host_to_host() -> None:
    spec = one("mirai", 2.0, rate_shape=0.8, patient_zeros=40, lasting=600.0)
    rates = [h["rate"] for h in hosts(spec).values() if h["infected"]]
    assert len(rates) == 40
    assert np.std(rates) / np.mean(rates) == pytest.approx(0.8**-0.5, rel=0.5)
    for host in (h for h in hosts(spec).values() if h["infected"]):
        assert z_score(host["probes_sent"], 600 * host["rate"], 600 * host["rate"] + 1) < 5


def test_draw_each_draws_by_the_mixture() -> None:
    profile, rng = load_profiles().get("nimda"), np.random.default_rng(3)
    sources = np.repeat(np.array([0x8D4C0505, 0x14010203], np.uint32), 20_000)
    targets = draw_each(profile, sources, rng)
    assert ((targets >> 16 == sources >> 16).mean(), (targets >> 24 == sources >> 24).mean()) == (
        pytest.approx(0.5, abs=0.02),
        pytest.approx(0.75, abs=0.02),
    )
    assert len(built(one("nimda")).flows) > 0
