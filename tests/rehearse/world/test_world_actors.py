"""Benign actors: each fails, fans out and answers as its parameters say, read off the flows of each alone."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from tests.rehearse.world.worlds import ACK, SYN, answered, columns, hosts, z_score
from tests.support import ROOT

from slowworm.rehearse.world import Vantage, WorldSpec
from slowworm.rehearse.world.actors import ACTORS

CORE = {"vantage": Vantage(kind="core")}


@cache
def alone(name: str, *, core: bool = False, hosts: int = 400) -> tuple[WorldSpec, SimpleNamespace]:
    vantage = Vantage(kind="core" if core else "border", active_timeout=1e6, inactive_timeout=1e6)
    spec = WorldSpec(
        seed=12, hosts=hosts, actors=(name,), radiation=0.3 if "radiation" in name else 0.0, vantage=vantage
    )
    return spec, columns(spec)


def actor(name: str) -> object:
    return next(a for a in ACTORS if a.name == name)


def unanswered(flows: SimpleNamespace, rows: np.ndarray) -> np.ndarray:
    """Failed, by flags for TCP and by the lack of an answer for the others."""
    tcp = flows.protocol[rows] == 6
    return np.where(tcp, flows.tcp_flags[rows] & ACK == 0, ~answered(flows, rows))


# (actor, protocol, port of the called side or None, which share its parameters state, whether it is inside only)
FAILING = [
    ("web-client/office", 6, None, lambda a: a.dead, False),
    ("resolver/recursive", 17, 53, lambda a: a.lame, False),
    ("resolver/validating", 17, 53, lambda a: a.lame, False),
    ("p2p/bittorrent", 6, None, lambda a: a.stale, False),
    ("p2p/bittorrent", 17, None, lambda a: a.stale_lookups, False),
    ("p2p/edonkey", 6, None, lambda a: a.stale, False),
    ("web-proxy/caching", 6, None, lambda a: a.habits.dead, False),
    ("ntp-server/rate-limited", 17, 123, lambda a: a.limited, False),
    ("load-balancer/local", 6, 80, lambda a: a.down, True),
    ("load-balancer/origins", 6, 443, lambda a: a.down, False),
    ("monitor/old-list", None, None, lambda a: a.dead, False),
    ("poller/snmp", 17, 161, lambda a: a.stale, True),
    ("poller/ping", 1, None, lambda a: a.stale, True),
    ("games/server-browser", 17, 27015, lambda a: a.dead, False),
    ("patch-server/push", 6, 445, lambda a: a.off, True),
    ("office/workgroups", 17, 137, lambda a: a.stale, True),
    ("printing/old-queues", 6, None, lambda a: a.retired, True),
    ("ssh-admin/automation", 6, 22, lambda a: a.dead, False),
]  # fmt: skip


LARGE = {"ssh-admin/automation": 6000, "load-balancer/local": 6000, "printing/old-queues": 2000}
"""Sites large enough for kinds of which there are few."""


@pytest.mark.parametrize(
    ("name", "protocol", "port", "share", "core"), FAILING, ids=lambda v: str(v) if isinstance(v, str) else ""
)
def test_an_actor_fails_as_often_as_its_parameters_say(name, protocol, port, share, core) -> None:  # type: ignore[no-untyped-def]
    _, flows = alone(name, core=core, hosts=LARGE.get(name, 400))
    inside_caller = flows.forward & (flows.inside | (port == 123))
    if port == 123:  # the server's own questions to its masters are answered
        inside_caller = flows.forward & ~flows.inside
    rows = inside_caller if protocol is None else inside_caller & (flows.protocol == protocol)
    rows = rows if port is None else rows & (flows.dst_port == port)
    rows &= (flows.protocol != 6) | (flows.tcp_flags & SYN != 0)
    found = np.flatnonzero(rows)
    stated = share(actor(name))
    failed = unanswered(flows, found)
    # Failures gather on a few dead addresses, so that the share scatters more than independent draws would.
    scatter = 0.25 * stated + 4 * (stated * (1 - stated) / len(found)) ** 0.5
    assert len(found) > 100
    assert failed.mean() == pytest.approx(stated, abs=scatter)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("crawler/breadth-first", 2000), ("crawler/link-checker", 3000), ("mail-relay/newsletter", 900),
        ("resolver/recursive", 3000), ("web-proxy/filtering", 3000), ("tor/relay", 500), ("p2p/bittorrent", 3000),
        ("measurement-probe/survey", 500), ("webhook-sender/stale-list", 400),
    ],
)  # fmt: skip
def test_look_alikes_fan_out_like_scanners(name: str, least: int) -> None:
    _, flows = alone(name)
    assert len(np.unique(flows.dst_addr[flows.forward & flows.inside])) >= least


def test_dead_sites_of_a_crawler_are_its_share_of_sites() -> None:
    for name in ("crawler/breadth-first", "crawler/link-checker"):
        _, flows = alone(name)
        calls = flows.forward & (flows.tcp_flags & SYN != 0)
        sites = np.unique(flows.dst_addr[calls])
        alive = np.unique(flows.dst_addr[calls & (flows.tcp_flags & ACK != 0)])
        dead = actor(name).dead  # type: ignore[attr-defined]
        assert z_score(len(sites) - len(alive), len(sites) * dead, len(sites) * dead * (1 - dead)) < 4


def test_mail_comes_again_to_exchangers_that_did_not_answer() -> None:
    _, flows = alone("mail-relay/postfix")
    calls = flows.forward & flows.inside & (flows.dst_port == 25)
    failed = calls & (flows.tcp_flags & ACK == 0)
    _, times = np.unique(flows.src_addr[failed] << 32 | flows.dst_addr[failed], return_counts=True)
    assert (times >= 2).mean() > 0.5
    tried = len(np.unique(flows.dst_addr[failed])) / len(np.unique(flows.dst_addr[calls]))
    assert 0.05 < tried < 0.35


def test_a_servers_answers_go_to_thousands_who_asked() -> None:
    for name, port in (("web-server/institute", 443), ("ntp-server/pool", 123), ("name-server/primary", 53)):
        _, flows = alone(name)
        answers = ~flows.forward & (flows.src_port == port) & flows.inside
        assert len(np.unique(flows.dst_addr[answers])) > 1000
        assert answered(flows, np.flatnonzero(answers)).mean() > 0.999


@pytest.mark.parametrize(
    ("name", "flag"), [("flood-victim/syn", SYN | ACK), ("flood-victim/refusing", 4 | ACK)]
)
def test_a_flooded_server_answers_people_who_do_not_exist(name: str, flag: int) -> None:
    spec, flows = alone(name)
    (victim,) = (a for a, h in hosts(spec).items() if h["expected"] == "victim")
    mine = flows.src_addr == victim
    assert (flows.tcp_flags[mine] == flag).all()
    assert len(np.unique(flows.dst_addr[mine])) > 20_000
    first = flows.dst_addr[mine] >> 24
    assert len(np.unique(first)) > 200, "forged sources come from everywhere"


def test_scanners_by_permission_try_many_ports_of_many_hosts() -> None:
    for name, core in (("vulnerability-scanner/nightly", True), ("vulnerability-scanner/own-cloud", False)):
        spec, flows = alone(name, core=core)
        (scanner,) = (a for a, h in hosts(spec).items() if h["expected"] == "scanner")
        mine = (flows.src_addr == scanner) & flows.forward
        assert len(np.unique(flows.dst_port[mine])) >= 24
        assert len(np.unique(flows.dst_addr[mine])) > 300
        assert hosts(spec)[scanner]["inside"]


def test_radiation_reaches_used_and_dark_space_alike() -> None:
    spec, flows = alone("radiation/ordinary")
    coming = ~flows.inside & flows.forward
    packets = len(np.flatnonzero(coming))
    assert packets == pytest.approx(0.3 * 65536, rel=0.05)
    per_subnet = np.bincount(flows.dst_addr[coming] >> 8 & 255, minlength=256)
    assert per_subnet.min() > 0.4 * per_subnet.mean()
    backscatter = coming & (flows.protocol == 6) & (flows.tcp_flags & SYN == 0)
    assert 0.02 < backscatter.sum() / packets < 0.2
    assert {h["expected"] for h in hosts(spec).values() if not h["inside"]} == {"scanner", "victim"}


def test_orphaned_things_call_the_same_few_addresses_again_and_again() -> None:
    _, flows = alone("iot/sensors")
    failed = flows.forward & flows.inside & (flows.tcp_flags == SYN)
    pairs, visits = np.unique(flows.src_addr[failed] << 32 | flows.dst_addr[failed], return_counts=True)
    assert np.median(visits) > 20
    assert len(np.unique(pairs & 0xFFFFFFFF)) <= 6


def test_office_chatter_holds_multicast_and_stale_names() -> None:
    _, flows = alone("office/domain", core=True)
    group = flows.dst_addr == 0xEFFFFFFA
    assert group.sum() > 500
    assert (flows.out_if[group] == "Null").all()
    assert not answered(flows, np.flatnonzero(group)).any()


def test_every_kind_has_a_calibration_and_a_judgement_variant() -> None:
    families: dict[str, set[str]] = {}
    for a in ACTORS:
        families.setdefault(a.kind, set()).add(a.family)
    assert all(found == {"calibration", "judgement"} for found in families.values()), families
    assert len({a.name for a in ACTORS}) == len(ACTORS)
    assert len(families) >= 25


def test_families_share_no_parameters() -> None:
    for a in ACTORS:
        for b in ACTORS:
            if a.kind == b.kind and a.family != b.family:
                mine, other = ({s: getattr(x, s) for s in x.__dataclass_fields__} for x in (a, b))
                shared = set(mine) & set(other) - {"variant", "family"}
                assert any(mine[s] != other[s] for s in shared), (a.name, b.name)


def test_endpoints_of_two_variants_are_different_people() -> None:
    spec = WorldSpec(seed=12, hosts=400, actors=("web-client",), radiation=0.0, scale=0.3)
    flows = columns(spec)
    office, campus = (
        set(flows.src_addr[flows.forward & (flows.label == flows.names.index(f"web-client/{v}"))].tolist())
        for v in ("office", "campus")
    )
    assert len(office) > 80 < len(campus)
    assert not office & campus


def test_every_actor_is_documented_with_its_parameters() -> None:
    page = (ROOT / "docs" / "concepts" / "world.md").read_text()
    for a in ACTORS:
        assert f"`{a.kind}`" in page, a.kind
        assert f"`{a.variant}`" in page, a.name
