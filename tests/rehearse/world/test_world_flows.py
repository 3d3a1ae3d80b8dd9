"""What a vantage exports: directions, exporters, timeouts, flags, retries, outages, translation, IPv6, dark space."""

import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest
from tests.rehearse.world.worlds import ACK, FIN, RST, SYN, answered, built, columns, hosts, keys, z_score

from slowworm.flows.schema import ip_version, schema
from slowworm.rehearse.world import Outage, Vantage, WorldSpec, WormSpec
from slowworm.rehearse.world.internet import ANSWERING, REFUSING
from slowworm.rehearse.world.stacks import STACKS

EVERYDAY = ("web-client", "resolver", "p2p", "mail-relay", "web-server", "vpn", "ssh-admin", "crawler")
PAIR = ("src_addr", "dst_addr", "protocol", "src_port", "dst_port")


WHOLE: dict[str, Any] = {"active_timeout": 1e6, "inactive_timeout": 1e6}
"""Timeouts that part nothing, so that worlds differ by nothing but what is asked for."""


def day(**more: object) -> WorldSpec:
    spec = {"seed": 6, "hosts": 300, "actors": EVERYDAY, "radiation": 0.2, "scale": 0.6}
    return WorldSpec(**{**spec, **more})  # type: ignore[arg-type]


def test_batches_keep_the_flow_schema_and_come_as_exporters_send_them() -> None:
    world = built(day())
    assert all(b.schema.equals(schema(ip_version(b)), check_metadata=True) for b in world.flows)
    ends = columns(day()).end_time
    assert (np.diff(ends) >= 0).all()
    flows = columns(day())
    assert (flows.seconds >= 0).all()
    assert (flows.packets >= 1).all()
    assert flows.start.max() < 3600
    lengths = [len(a) for a in world.truth.flow_label]
    assert lengths == [b.num_rows for b in world.flows]
    assert lengths == [len(a) for a in world.truth.flow_failed] == [len(a) for a in world.truth.flow_forward]


def test_at_the_border_every_flow_crosses_and_in_the_core_none_stays_in_its_subnet() -> None:
    for kind in ("border", "core"):
        spec = day(vantage=Vantage(kind=kind), actors=(*EVERYDAY, "office", "poller"))
        flows = columns(spec)
        to_inside = built(spec).site.contains(flows.dst_addr.astype(np.uint32))
        if kind == "border":
            assert (flows.inside ^ to_inside).all()
        else:
            assert (flows.inside & to_inside).sum() > 1000
            assert (flows.src_addr >> 8 != flows.dst_addr >> 8).all()


def test_an_answered_call_shows_in_both_directions_and_a_failed_one_does_not() -> None:
    flows = columns(day(actors=("web-client", "crawler", "mail-relay"), radiation=0.0))
    tcp = np.flatnonzero((flows.protocol == 6) & flows.forward)
    talked = tcp[(flows.tcp_flags[tcp] & ACK != 0) & (flows.tcp_flags[tcp] & SYN != 0)]
    assert len(talked) > 1000
    assert answered(flows, talked).mean() > 0.999
    closed = flows.tcp_flags[talked] & (FIN | RST) != 0
    assert closed.mean() > 0.8
    lone = tcp[flows.tcp_flags[tcp] == SYN]
    reset = answered(flows, lone)
    back = (
        (flows.protocol == 6) & ~flows.forward & (flows.tcp_flags & (SYN | ACK) == ACK) & (flows.packets <= 3)
    )
    assert 0.05 < reset.mean() < 0.5
    assert (flows.tcp_flags[back & (flows.bytes == 40 * flows.packets)] == RST | ACK).all()


def test_syns_are_repeated_as_their_stacks_do() -> None:
    flows = columns(day())
    lone = np.flatnonzero((flows.tcp_flags == SYN) & flows.inside & flows.forward)
    lone = lone[~answered(flows, lone)]
    size = flows.bytes[lone] // flows.packets[lone]
    assert (size * flows.packets[lone] == flows.bytes[lone]).all()
    several = 0
    for stack in (s for s in STACKS if s.name in ("windows", "linux", "apple")):
        for count in range(2, 5):
            mine = lone[(size == stack.syn) & (flows.packets[lone] == count)]
            several += len(mine)
            assert np.allclose(flows.seconds[mine], stack.offsets[count - 2], atol=0.002)
    assert several > 300
    assert (flows.start[lone] < 3600).all()


@pytest.mark.parametrize("direction", ["out", "in"])
def test_a_one_way_export_has_no_answers(direction: str) -> None:
    both = columns(day(vantage=Vantage(**WHOLE)))
    flows = columns(day(vantage=Vantage(one_way=direction, **WHOLE)))
    assert (flows.inside == (direction == "out")).all()
    assert len(flows.start) == (both.inside == (direction == "out")).sum()
    assert not answered(flows, np.flatnonzero(flows.forward)).any()


def test_asymmetric_routing_hides_what_comes_from_some_networks() -> None:
    both = columns(day(vantage=Vantage(**WHOLE)))
    flows = columns(day(vantage=Vantage(asymmetric_share=0.4, **WHOLE)))
    outgoing = np.unique(flows.dst_addr[flows.inside] >> 16)
    incoming = np.unique(flows.src_addr[~flows.inside] >> 16)
    before = np.unique(both.src_addr[~both.inside] >> 16)
    assert np.isin(incoming, before).all()
    kept = len(incoming) / len(before)
    assert kept == pytest.approx(0.6, abs=0.03)
    hidden = np.setdiff1d(before, incoming)
    assert np.isin(hidden, outgoing).mean() > 0.5, "what goes there is still seen"
    assert flows.inside.sum() == both.inside.sum()


def test_exporters_share_the_work_and_duplicates_are_whole() -> None:
    flows = columns(day(vantage=Vantage(exporters=3, **WHOLE)))
    assert sorted(set(flows.exporter)) == ["border-1", "border-2", "border-3"]
    rows = np.flatnonzero(flows.forward & (flows.tcp_flags & (SYN | ACK) == SYN | ACK))
    there = dict(zip(keys(*(getattr(flows, c) for c in PAIR)).tolist(), flows.exporter, strict=True))
    back = keys(flows.dst_addr, flows.src_addr, flows.protocol, flows.dst_port, flows.src_port)
    pairs = [(flows.exporter[i], there.get(tuple(back[i].tolist()))) for i in rows[:500]]
    assert all(a == b for a, b in pairs if b is not None)

    twice = columns(day(vantage=Vantage(exporters=3, duplicates=True, **WHOLE)))
    second = twice.exporter == "distribution-1"
    assert second.sum() == (~second).sum() == len(flows.start)
    assert twice.packets[second].sum() == flows.packets.sum()
    assert np.median(np.sort(twice.start[second]) - np.sort(twice.start[~second])) == pytest.approx(
        0.001, abs=1e-6
    )


def test_timeouts_part_records_and_lose_nothing() -> None:
    whole = columns(day(vantage=Vantage(**WHOLE)))
    parted = columns(day(vantage=Vantage(active_timeout=60.0, inactive_timeout=15.0)))
    assert whole.seconds.max() > 1000
    assert parted.seconds.max() <= 60.01
    assert len(parted.start) > 1.05 * len(whole.start)
    # Conversations that lie in the hour whole: the same packets and octets, however they are parted.
    complete = (whole.start >= 0) & (whole.start + whole.seconds < 3600) & (whole.protocol == 6)
    kept = keys(*(getattr(whole, c)[complete] for c in PAIR))
    mine = np.isin(keys(*(getattr(parted, c) for c in PAIR)), kept)
    assert parted.packets[mine].sum() == whole.packets[complete].sum()
    assert parted.bytes[mine].sum() == pytest.approx(whole.bytes[complete].sum(), rel=1e-4)
    opening = (parted.tcp_flags & SYN != 0) & mine & parted.forward
    assert opening.sum() == ((whole.tcp_flags & SYN != 0) & complete & whole.forward).sum()


def test_an_outage_fails_everybody_for_its_time_and_is_over_then() -> None:
    spec = day(
        actors=("web-client", "web-server"), radiation=0.0, events=(Outage(start=1200.0, seconds=300.0),)
    )
    flows = columns(spec)
    calls = (flows.protocol == 6) & flows.inside & flows.forward & (flows.tcp_flags & SYN != 0)
    during = (flows.start >= 1200) & (flows.start < 1500)
    failed = flows.tcp_flags & ACK == 0
    assert failed[calls & during].all()
    assert calls[during].sum() > 200
    assert failed[calls & ~during].mean() < 0.08
    quiet = (flows.start > 1201) & (flows.start < 1500) & ~flows.inside
    assert not quiet.any(), "nothing comes in"
    assert flows.seconds[~flows.inside & (flows.start < 1200)].size
    late = ~flows.inside & (flows.start < 1200)
    assert (flows.start[late] + flows.seconds[late] <= 1200.3).all(), "conversations end with the uplink"
    plain = columns(day(actors=("web-client", "web-server"), radiation=0.0))
    before = (plain.protocol == 6) & plain.inside & plain.forward & (plain.tcp_flags & SYN != 0)
    window = (plain.start >= 1200) & (plain.start < 1500)
    assert calls[during].sum() > 1.3 * (before & window).sum(), "people try again"


SCANNED = WorldSpec(
    seed=9,
    hosts=400,
    actors=("voip",),
    radiation=0.0,
    vantage=Vantage(routes="full"),
    worms=(
        WormSpec(profile="codered-v2", rate=20.0, patient_zeros=1),
        WormSpec(profile="codered-v2", name="again", rate=5.0, patient_zeros=0, outside_sources=8000),
    ),
)


def test_the_internet_answers_a_scan_as_often_as_stated() -> None:
    flows = columns(SCANNED)
    rows = np.flatnonzero(
        flows.inside
        & (flows.dst_port == 80)
        & flows.forward
        & (flows.label == flows.names.index("worm/codered-v2"))
    )
    n = len(rows)
    assert n > 60_000
    opened = (flows.tcp_flags[rows] & ACK != 0).sum()
    assert z_score(opened, n * ANSWERING[6, 80], n * ANSWERING[6, 80]) < 6
    refused = ((flows.tcp_flags[rows] == SYN) & answered(flows, rows)).sum()
    # Hosts that answer on port 80 do not refuse it; both shares are of a space with 1 in 4 addresses unrouted.
    assert refused == pytest.approx(n * REFUSING[6], rel=0.1)
    unreachable = flows.icmp_type == 3
    assert unreachable.sum() == pytest.approx(0.02 * n, rel=0.15)


def test_what_has_no_route_leaves_by_null_and_nobody_answers_there() -> None:
    flows = columns(SCANNED)
    null = flows.out_if == "Null"
    first = flows.dst_addr >> 24
    reserved = np.isin(first, [10, 127]) | (first >= 224)
    out = flows.inside & (flows.dst_port == 80)
    assert (null[out & reserved]).all()
    assert 0.2 < null[out].mean() < 0.45
    assert not answered(flows, np.flatnonzero(null)).any()
    assert not (columns(day()).out_if == "Null").any(), "with a default route everything has a way"


def test_dark_subnets_are_silent_and_lie_still() -> None:
    flows, site = columns(SCANNED), built(SCANNED).site
    dst, src = flows.dst_addr.astype(np.uint32), flows.src_addr.astype(np.uint32)
    dark = site.dark(dst)
    assert dark.sum() > 1000
    assert not site.dark(src).any()
    assert not answered(flows, np.flatnonzero(dark)).any()
    assert (flows.out_if[dark] == "Null").all()
    alive = ~dark & ~flows.inside & (flows.dst_port == 80)
    assert 0.005 < answered(flows, np.flatnonzero(alive)).mean() < 0.4


NAT = WorldSpec(
    seed=4,
    hosts=800,
    inside=("141.76.0.0/16", "10.0.0.0/8"),
    actors=("web-client",),
    radiation=0.0,
    scale=0.2,
    worms=(WormSpec(profile="mirai", rate=0.5, patient_zeros=6),),
)


def test_private_hosts_hide_behind_a_pool_at_the_border() -> None:
    flows, table = columns(NAT), hosts(NAT)
    assert not (flows.src_addr >> 24 == 10).any()
    private = [h for h in table.values() if h["address"] >> 24 == 10]
    assert len(private) > 200
    sick = [h for h in private if h["infected"]]
    assert sick
    for host in sick:
        pool = table[host["seen_as"]]
        assert (pool["role"], pool["expected"]) == ("nat-pool", "infected")
        assert pool["probes_seen"] > 1000
        assert host["probes_seen"] == 0
    core = hosts(
        WorldSpec(**{**{f: getattr(NAT, f) for f in NAT.__slots__}, "vantage": Vantage(kind="core")})
    )
    assert all(h["seen_as"] == h["address"] for h in core.values())
    assert all(core[h["address"]]["probes_seen"] > 1000 for h in sick)


def test_a_share_of_the_traffic_may_be_ipv6() -> None:
    spec = day(actors=("web-client",), radiation=0.0, ipv6_share=0.5)
    world = built(spec)
    six = [b for b in world.flows if ip_version(b) == 6]
    rows = sum(b.num_rows for b in six)
    assert 0.1 < rows / sum(b.num_rows for b in world.flows) < 0.4
    known = set(world.truth.hosts["address6"].drop_null().to_pylist())
    assert len(known) == pytest.approx(150, abs=40)
    inside = {a for b in six for a in b["src_addr"].to_pylist() if a.startswith(b"\x20\x01\x0d\xb8")}
    assert len(inside) > 60
    assert inside <= known
    assert all(pc.all(pc.is_in(b["protocol"], value_set=pc.cast([6, 17, 58], "uint8"))).as_py() for b in six)
    assert world.truth.flow_label[-1].shape == (six[-1].num_rows,)
    lone = [b for b in six for b in [b.filter(pc.equal(b["tcp_flags"], SYN))] if b.num_rows]
    sizes = {
        o // p for b in lone for o, p in zip(b["bytes"].to_pylist(), b["packets"].to_pylist(), strict=True)
    }
    assert sizes <= {72, 80, 84}, "a SYN is 20 octets longer than over IPv4"


def test_a_whole_hour_takes_seconds_and_fits_into_little_memory() -> None:
    code = (
        "import resource, time; from slowworm.rehearse.world import *; "
        "w = build(WorldSpec(seed=1, worms=(WormSpec(profile='mirai', rate=10.0),))); "
        "u = resource.getrusage(resource.RUSAGE_SELF); "
        "print(sum(b.num_rows for b in w.flows), u.ru_utime + u.ru_stime, u.ru_maxrss, w.spec.hosts)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    flows, seconds, kilobytes, endpoints = (float(v) for v in done.stdout.split())
    assert flows >= 1_500_000
    assert endpoints >= 6000
    assert seconds <= 15
    assert kilobytes <= 2e6
