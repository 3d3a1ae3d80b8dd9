"""Truth against the flows of the same world, and worlds against each other."""

import numpy as np
import pytest
from tests.rehearse.world.worlds import SYN, built, columns, hosts, z_score

from slowworm.errors import UsageError
from slowworm.rehearse.world import Outage, Vantage, WorldSpec, WormSpec, build, summary, summary_table

WORMS = (
    WormSpec(profile="codered-ii", rate=2.0, vulnerable=0.04, outside_sources=300, growth=1.0),
    WormSpec(profile="mirai", rate=0.5, patient_zeros=2),
)
SMALL = {"hosts": 600, "radiation": 0.05, "actors": ("mail-program", "resolver")}


def small(**more: object) -> WorldSpec:
    return WorldSpec(**{"seed": 2, "worms": WORMS, **SMALL, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "vantage", [Vantage(), Vantage(kind="core"), Vantage(sampling=10), Vantage(one_way="out")]
)
def test_probes_seen_counts_the_destinations_in_the_flows(vantage: Vantage) -> None:
    spec = small(vantage=vantage)
    flows, table = columns(spec), hosts(spec)
    infected = [h for h in table.values() if h["infected"]]
    assert len([h for h in infected if h["inside"]]) >= 3
    for host in infected:
        # Nobody else here calls ports 80, 23 and 2323, so that the flows alone show the probes.
        mine = (flows.src_addr == host["address"]) & np.isin(flows.dst_port, (80, 23, 2323))
        assert host["probes_seen"] == len(np.unique(flows.dst_addr[mine]))
        first = flows.start_time[mine]
        assert host["first_probe_seen"] == (first.min() if mine.any() else None)
        assert not mine.any() or host["onset"] <= first.min() + 1_000_000
    innocent = {a for a, h in table.items() if not h["infected"]}
    sources = set(flows.src_addr[np.isin(flows.dst_port, (80, 23, 2323)) & flows.inside].tolist())
    assert not sources & innocent
    # Routers are no hosts: the ICMP errors that they send are nobody's.
    assert sum(h["flows"] for h in table.values() if h["inside"]) == int(
        (flows.inside & (flows.protocol != 1)).sum()
    )


@pytest.mark.parametrize("n", [10, 100])
def test_sampling_keeps_probes_as_often_as_their_packets_allow(n: int) -> None:
    worm = (WormSpec(profile="codered-v2", rate=8.0, patient_zeros=2),)
    whole = columns(small(worms=worm))
    rows = np.flatnonzero((whole.dst_port == 80) & whole.forward)
    pair = whole.src_addr[rows] << 32 | whole.dst_addr[rows]
    _, which = np.unique(pair, return_inverse=True)
    packets = np.bincount(which, weights=whole.packets[rows])
    kept = 1 - (1 - 1 / n) ** packets
    seen = sum(h["probes_seen"] for h in hosts(small(worms=worm, vantage=Vantage(sampling=n))).values())
    assert z_score(seen, kept.sum(), (kept * (1 - kept)).sum()) < 4
    # Three SYNs survive 1-in-10 sampling with 27 %, 1-in-100 with 3 %: the project's fact sheet.
    assert kept[packets == 3] == pytest.approx({10: 0.27, 100: 0.03}[n], abs=0.002)


@pytest.mark.parametrize("n", [10, 100])
def test_sampling_takes_every_packet_with_the_same_chance(n: int) -> None:
    total = columns(small()).packets.sum()
    sampled = columns(small(vantage=Vantage(sampling=n)))
    assert z_score(sampled.packets.sum(), total / n, total / n) < 4
    assert (sampled.packets >= 1).all()
    assert (sampled.bytes >= 28 * sampled.packets).all()
    syns = columns(small())
    opened = ((syns.protocol == 6) & (syns.tcp_flags & SYN != 0)).sum()
    still = ((sampled.protocol == 6) & (sampled.tcp_flags & SYN != 0)).sum()
    assert still < 3.2 * opened / n, "a SYN is one packet of many: most sampled flows lack it"


def test_the_same_specification_gives_the_same_bytes() -> None:
    again = build(small())
    first = built(small())
    assert len(again.flows) == len(first.flows)
    assert all(a.equals(b) for a, b in zip(again.flows, first.flows, strict=True))
    assert again.truth.hosts.equals(first.truth.hosts)
    assert again.truth.growth.equals(first.truth.growth)
    assert not build(small(seed=3)).flows[0].equals(first.flows[0])


def of_label(spec: WorldSpec, prefix: str) -> np.ndarray:
    flows = columns(spec)
    mine = np.isin(flows.label, [i for i, name in enumerate(flows.names) if name.startswith(prefix)])
    kept = [
        getattr(flows, c)[mine]
        for c in ("start_time", "end_time", "src_addr", "dst_addr", "src_port", "bytes")
    ]
    return np.stack(kept)


def test_an_actor_or_worm_more_leaves_the_others_as_they_were() -> None:
    lone = small(worms=(), actors=("resolver",))
    more = small(worms=WORMS, actors=("resolver", "mail-relay", "p2p"))
    assert np.array_equal(of_label(lone, "resolver/"), of_label(more, "resolver/"))
    fewer = small(worms=WORMS[:1], actors=("mail-program",))
    assert np.array_equal(of_label(fewer, "worm/codered-ii"), of_label(small(), "worm/codered-ii"))


def test_worms_of_one_world_share_no_host() -> None:
    worm = WormSpec(profile="codered-ii", rate=1.0, vulnerable=0.5, name="first", lasting=600.0)
    other = WormSpec(profile="sasser", rate=0.2, vulnerable=0.9, patient_zeros=30, name="second")
    world = build(small(worms=(worm, other)))
    named = world.truth.hosts.filter(world.truth.hosts["infected"])["worm"].to_pylist()
    growth = {(r["worm"], r["side"]): r["infected"] for r in world.truth.growth.to_pylist()}
    assert named.count("second") == growth["second", "inside"] >= 30
    assert named.count("first") == growth["first", "inside"]


def test_an_outage_stops_infection_from_outside() -> None:
    worm = WormSpec(
        profile="codered-v2",
        rate=200.0,
        vulnerable=0.9,
        patient_zeros=0,
        outside_sources=3000,
        incubation=1.0,
    )
    spec = small(worms=(worm,), hosts=900, span_seconds=300.0, events=(Outage(start=100.0, seconds=100.0),))
    table = hosts(spec)
    victims = [h for h in table.values() if h["parent"] is not None and not table[h["parent"]]["inside"]]
    at = (np.array([h["onset"] for h in victims]) - spec.start.timestamp() * 1e9) / 1e9 - 1.0
    assert (at < 100).sum() > 5
    assert (at > 200).sum() > 5
    assert not ((at > 100) & (at < 200)).any()


def test_the_summary_reads_the_flows() -> None:
    table = {row["name"]: row for row in summary_table(built(small())).to_pylist()}
    flows = columns(small())
    code = flows.names.index("worm/mirai")
    assert table["worm/mirai"]["flows"] == int((flows.label == code).sum())
    assert table["worm/mirai"]["hosts"] == 2
    assert table["worm/mirai"]["tcp_failed"] > 0.98
    assert sum(r["flows"] for r in table.values()) == len(flows.label)
    text = summary(built(small()))
    assert "resolver/recursive" in text
    assert len(text.split("\n")) == len(table) + 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"actors": "nobody"}, "no actor 'nobody'"),
        ({"hosts": 60_000}, "do not fit"),
        ({"inside": ("141.76.0.0/7",)}, "no IPv4 prefix"),
        ({"worms": (WormSpec(profile="code-red", rate=1.0),)}, "no profile 'code-red'"),
        (
            {"worms": (WormSpec(profile="slammer", rate=20_000.0, patient_zeros=3),)},
            "more than 40,000,000 probes",
        ),
        ({"worms": WORMS[:1] * 2}, "a name of its own"),
    ],
)
def test_what_cannot_be_built_is_said(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build(small(**wrong))
