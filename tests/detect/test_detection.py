"""The detector as a whole: who is named, in any order, by which weights."""

import ipaddress
import random
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import (
    Row,
    accounting,
    conversation,
    dotted,
    healthy_network,
    listing,
    public_address,
    scan,
)

import slowworm
from slowworm.detect import weights
from slowworm.detect.detector import detect
from slowworm.detect.profiles import load_profiles
from slowworm.detect.profiles.draw import draw_targets

PROFILES = load_profiles()
SOURCE = int(ipaddress.IPv4Address("20.1.77.9"))


def hunt(text: str, **options: object) -> slowworm.HuntResult:
    return slowworm.hunt(text.encode(), profiles=PROFILES, **options)  # type: ignore[arg-type]


def named(result: slowworm.HuntResult) -> dict[str, str]:
    return {str(v.address): v.verdict for v in result.verdicts}


@pytest.mark.parametrize(
    ("targets", "verdict"), [(1, None), (2, "suspect"), (3, "suspect"), (4, "infected"), (9, "infected")]
)
def test_four_lone_syns_to_scattered_targets_are_enough_and_three_are_not(
    targets: int, verdict: str | None
) -> None:
    rng = np.random.default_rng(targets)
    for _ in range(20):
        pairs = [("20.1.77.9", public_address(rng), p, 48 * p) for p in rng.integers(1, 3, targets).tolist()]
        assert named(hunt(accounting(pairs))) == ({"20.1.77.9": verdict} if verdict else {})


def test_the_weight_of_a_lone_syn_is_what_the_documents_say() -> None:
    assert (weights.BOUND_INFECTED, weights.BOUND_SUSPECT) == (500, 205)
    pairs = [("20.1.77.9", f"{i}.4.5.6", 1, 48) for i in (31, 77, 120, 201)]
    verdict = hunt(accounting(pairs)).verdicts[0]
    evidence = {e.name: e.weight for e in verdict.evidence}
    assert sum(evidence.values()) == pytest.approx(verdict.weight)
    # Taken together four say about what each says alone; what more they say is small beside it.
    assert abs(evidence.pop("taken-together")) < 2.5
    assert evidence == {"failed-first-contacts": 24.0, "lone-syn-shape": 12.0, "single-visits": 16.0}


@pytest.mark.parametrize("size", [71, 300, 1500])
def test_packets_of_another_size_are_no_syns(size: int) -> None:
    pairs = [("20.1.77.9", f"{i}.4.5.6", 1, size) for i in range(20, 40)]
    assert named(hunt(accounting(pairs))) == {}


def test_a_clean_host_has_the_weight_that_it_was_judged_by() -> None:
    # One in five fails, as with a crawler: what the failures say one by one would be far beyond the bound.
    rng = np.random.default_rng(3)
    rows = scan("20.1.77.9", [20 * 2**24 + 7919 * i for i in range(60)], port=8085)
    for i in range(240):
        rows += conversation(rng, "20.1.77.9", f"60.{i}.4.5", 8085)
    (verdict,) = [v for v in hunt(listing(rows), everyone=True).verdicts if str(v.address) == "20.1.77.9"]
    assert verdict.verdict == "clean"
    assert verdict.weight < weights.BOUND_SUSPECT / weights.TENTHS


def test_pairs_seen_both_ways_are_answered() -> None:
    pairs = [("20.1.77.9", f"{i}.4.5.6", 2, 96) for i in range(20, 40)]
    assert named(hunt(accounting(pairs))) == {"20.1.77.9": "infected"}
    answered = pairs + [(b, a, 2, 96) for a, b, _, _ in pairs]
    assert named(hunt(accounting(answered))) == {}


@pytest.mark.parametrize(
    "profile", ["codered-v2", "codered-ii", "nimda", "sasser", "conficker", "blaster", "mirai"]
)
@pytest.mark.parametrize("seed", range(5))
def test_every_worm_is_found_in_a_healthy_network(profile: str, seed: int) -> None:
    port = PROFILES.get(profile).services[0].port or 0
    targets = draw_targets(PROFILES.get(profile), SOURCE, 30, np.random.default_rng(seed))
    rows = healthy_network(seed) + scan("20.1.77.9", targets, port=port, seed=seed)
    assert named(hunt(listing(rows))) == {"20.1.77.9": "infected"}


def test_healthy_networks_flag_nobody() -> None:
    # 100 captures of about 30 hosts; the bound promises at most one benign host in 100,000.
    hosts = 0
    for seed in range(100):
        result = hunt(listing(healthy_network(1000 + seed, failing=0.08)))
        hosts += result.hosts
        assert "infected" not in named(result).values(), seed
    assert hosts > 3000


def timed(rows: list[Row], seconds: Sequence[float]) -> pa.Table:
    """Rows as an export with times: what a listing does not have."""
    when = pa.array([int(s * 1e9) for s in seconds]).cast(pa.timestamp("ns", tz="UTC"))
    return pa.table(
        {
            "start_time": when,
            "end_time": when,
            "src_addr": [r.src for r in rows],
            "dst_addr": [r.dst for r in rows],
            "protocol": [r.protocol for r in rows],
            "src_port": [r.sp for r in rows],
            "dst_port": [r.dp for r in rows],
            "packets": [r.packets for r in rows],
        }
    )


def test_a_clean_past_does_not_hide_a_scan_and_without_times_a_crawler_is_not_accused() -> None:
    rng = np.random.default_rng(3)
    ordinary = [r for _ in range(200) for r in conversation(rng, "20.1.77.9", public_address(rng), 80)]
    probes = scan("20.1.77.9", draw_targets(PROFILES.get("codered-v2"), SOURCE, 40, rng))
    past = np.repeat(rng.uniform(0, 3000, 200), 2)
    verdict = slowworm.hunt(timed(ordinary + probes, [*past, *np.arange(3001, 3041)])).verdicts[0]
    assert verdict.verdict == "infected"
    assert "run-chosen" in {e.name for e in verdict.evidence}
    # Its onset is the first probe, and it was known after a dozen.
    assert verdict.first_seen
    assert verdict.detected_at
    assert abs(verdict.first_seen.timestamp() - 3001) <= 60
    assert verdict.detected_at.timestamp() <= 3001 + 20
    # The same contacts in a listing, in any order, are what a crawler shows: 40 of 240 sites are dead.
    assert "infected" not in named(hunt(listing(ordinary + probes))).values()
    # So they are where they are scattered over the whole time.
    scattered = slowworm.hunt(timed(ordinary + probes, [*past, *rng.uniform(0, 3000, 40)]))
    assert "infected" not in named(scattered).values()


def test_a_servers_answers_are_not_its_scan() -> None:
    rng = np.random.default_rng(5)
    callers = [(public_address(rng), int(rng.integers(1025, 65000))) for _ in range(60)]
    one_way = [Row("10.1.1.80", caller, 80, port, 2, out_if="Gi0/0") for caller, port in callers]
    assert named(hunt(listing(one_way))) == {}
    ports = [Row("10.1.1.53", caller, 53, port, 1, 17) for caller, port in callers]
    assert named(hunt(listing(ports))) == {}


def test_a_flooded_server_is_a_victim() -> None:
    rng = np.random.default_rng(6)
    answers = [
        Row("10.1.1.80", public_address(rng), 80, int(rng.integers(1025, 65000)), 1) for _ in range(60)
    ]
    result = hunt(listing(answers))
    assert result.verdicts == ()
    assert [n.id for n in result.notes] == ["backscatter"]
    assert named(hunt(listing(answers), everyone=True))["10.1.1.80"] == "victim"


@pytest.mark.parametrize("fixed", [True, False])
def test_a_vertical_scan_is_a_scanners_work(fixed: bool) -> None:
    rng = np.random.default_rng(8)
    ports = rng.permutation(np.arange(1, 400))
    rows = [
        Row("10.1.1.9", "10.2.2.2", 36050 if fixed else 40000 + i, int(p), 1) for i, p in enumerate(ports)
    ]
    result = hunt(listing(rows))
    assert named(result) == {"10.1.1.9": "scanner"}
    assert [v.activity for v in result.verdicts] == ["vertical"]
    several = rows + [Row(r.src, "10.2.2.3", r.sp, r.dp, 1) for r in rows]
    assert [v.activity for v in hunt(listing(several)).verdicts] == ["block"]


def test_two_different_scans_of_one_host_are_two_entries_and_a_bots_ports_are_one() -> None:
    rng = np.random.default_rng(1)
    telnet = draw_targets(PROFILES.get("mirai"), SOURCE, 30, rng)
    rows = scan("20.1.77.9", telnet[:25], port=23, seed=1) + scan("20.1.77.9", telnet[25:], port=2323, seed=2)
    result = hunt(listing(rows))
    assert [{s.port: s.targets for s in v.services} for v in result.verdicts] == [{23: 25, 2323: 5}]
    other = draw_targets(PROFILES.get("sasser"), SOURCE, 30, rng)
    result = hunt(listing(rows + scan("20.1.77.9", other, port=445, seed=3)))
    assert sorted(v.port or 0 for v in result.verdicts) == [23, 445]


def test_many_unrelated_services_are_a_tools_work() -> None:
    rng = np.random.default_rng(2)
    rows = []
    for n, port in enumerate((21, 22, 25, 110, 143, 3306)):
        targets = [int(v) for v in rng.integers(1 << 24, 223 << 24, 8)]
        rows += scan("20.1.77.9", targets, port=port, seed=n)
    result = hunt(listing(rows))
    assert named(result) == {"20.1.77.9": "scanner"}
    assert len(result.verdicts[0].services) == 6


def test_ping_sweeps_need_answers_to_be_visible() -> None:
    rng = np.random.default_rng(4)
    pings = [Row("20.1.77.9", public_address(rng), 0, 0x0800, 1, 1) for _ in range(60)]
    assert named(hunt(listing(pings))) == {}, "nothing says that answers could be seen here"
    assert named(hunt(listing(healthy_network(3) + pings))) == {"20.1.77.9": "infected"}


def test_silence_where_answers_cannot_be_seen_condemns_no_resolver() -> None:
    rng = np.random.default_rng(4)
    rows = [Row("10.1.1.53", public_address(rng), 2000 + i, 53, 1, 17) for i in range(300)]
    assert named(hunt(listing(rows))) == {}


def test_an_outage_of_known_servers_condemns_nobody() -> None:
    rng = np.random.default_rng(11)
    servers = [public_address(rng) for _ in range(30)]
    rows = []
    for i in range(60):
        client = f"10.1.{i}.9"
        for server in rng.choice(servers, 12, replace=False):
            if rng.random() < 0.75:  # most calls fail now; each server still answered some
                rows.append(
                    Row(client, str(server), int(rng.integers(1025, 65000)), 443, int(rng.integers(1, 4)))
                )
            else:
                rows += conversation(rng, client, str(server), 443)
    assert named(hunt(listing(rows))) == {}


def test_an_outage_before_anybody_was_answered_condemns_nobody() -> None:
    rng = np.random.default_rng(12)
    servers = [public_address(rng) for _ in range(8)]
    rows = [
        Row(f"10.1.{i}.9", str(server), int(rng.integers(1025, 65000)), 443, int(rng.integers(1, 4)))
        for i in range(30)
        for server in rng.choice(servers, 5, replace=False)
    ]
    assert named(hunt(listing(rows))) == {}
    worm = [int(v) for v in rng.integers(1 << 24, 223 << 24, 9)]
    assert named(hunt(listing(rows + scan("10.1.3.9", worm, port=445)))) == {"10.1.3.9": "infected"}


def test_the_same_table_twice_is_the_same_evidence() -> None:
    pairs = [("20.1.77.9", f"{i}.4.5.6", 2, 96) for i in (31, 77, 120, 201, 99)]
    once, twice = hunt(accounting(pairs)), hunt(accounting(pairs) + accounting(pairs))
    assert [(v.weight, v.verdict) for v in once.verdicts] == [(v.weight, v.verdict) for v in twice.verdicts]


@pytest.mark.parametrize(("port", "protocol"), [(1434, 17), (0x0800, 1)])
def test_silence_that_cannot_be_judged_is_at_least_told(port: int, protocol: int) -> None:
    rng = np.random.default_rng(13)
    rows = [Row("10.1.1.1", public_address(rng), 1045, port, 1, protocol) for _ in range(50)]
    result = hunt(listing(rows))
    assert result.verdicts == ()
    assert [(n.id, n.count) for n in result.notes] == [("silence-not-judged", 1)]
    assert "10.1.1.1" in result.notes[0].text


def test_udp_answers_that_take_another_way_condemn_no_resolver() -> None:
    rng = np.random.default_rng(14)
    tcp = [r for _ in range(40) for r in conversation(rng, "10.1.1.7", public_address(rng), 443)]
    one_way = [Row("10.1.1.53", public_address(rng), 2000 + i, 53, 1, 17) for i in range(300)]
    assert named(hunt(listing(tcp + one_way))) == {}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(2, 14), st.integers(0, 6))
def test_as_many_more_targets_as_are_said_to_be_needed_do_suffice(
    talks: int, failures: int, others: int
) -> None:
    rng = np.random.default_rng(talks * 100 + failures)
    rows = [r for _ in range(talks) for r in conversation(rng, "10.1.1.7", public_address(rng), 80)]
    for port in range(others):
        rows += conversation(rng, "10.1.1.7", public_address(rng), 5000 + port)
    targets = [int(v) for v in rng.integers(128 << 24, 223 << 24, failures + 90)]
    result = hunt(listing(rows + scan("10.1.1.7", targets[:failures])))
    for verdict in result.verdicts:
        if verdict.verdict == "suspect":
            more = verdict.more_targets_needed
            if more is None:  # taken together they would never do, or only after very many
                continue
            # What others fail at, and what the host does elsewhere, change a little with each further target.
            enough = hunt(listing(rows + scan("10.1.1.7", targets[: failures + more + 2 + more // 5])))
            assert named(enough)["10.1.1.7"] == "infected"


@pytest.mark.parametrize("hosts", [3, 12, 50])
def test_a_large_outbreak_with_a_shared_list_does_not_hide_itself(hosts: int) -> None:
    targets = draw_targets(PROFILES.get("codered-v1"), SOURCE, 40, np.random.default_rng(2))
    rows = [r for i in range(hosts) for r in scan(f"20.1.{i}.9", targets, seed=i)]
    assert list(named(hunt(listing(rows))).values()) == ["infected"] * hosts


def test_a_flood_of_forged_sources_does_not_hide_a_worm() -> None:
    rng = np.random.default_rng(16)
    rows = healthy_network(4)
    popular = max((r for r in rows if r.dp == 443), key=lambda r: sum(o.dst == r.dst for o in rows)).dst
    rows += [Row(public_address(rng), popular, int(rng.integers(1025, 65000)), 443, 1) for _ in range(600)]
    worm = scan("10.20.3.77", [int(v) for v in rng.integers(1 << 24, 223 << 24, 20)], port=445)
    assert named(hunt(listing(rows + worm)))["10.20.3.77"] == "infected"


def test_what_ones_own_access_list_drops_is_weak_evidence() -> None:
    rows = [Row("10.1.1.1", f"{i}.2.3.4", 2000 + i, 25, 1, out_if="Null") for i in (20, 77, 99, 140)]
    assert hunt(listing(rows)).verdicts == ()
    many = [Row("10.1.1.1", f"{20 + i}.2.3.4", 2000 + i, 25, 1, out_if="Null") for i in range(9)]
    assert named(hunt(listing(many))) == {"10.1.1.1": "infected"}


def test_idle_connections_kept_alive_condemn_nobody() -> None:
    rng = np.random.default_rng(17)
    rows = healthy_network(5)
    for _ in range(8):
        server, sp = public_address(rng), int(rng.integers(1025, 65000))
        rows += [Row("10.20.1.5", server, sp, 443, 1), Row(server, "10.20.1.5", 443, sp, 1)]
    assert "infected" not in named(hunt(listing(rows))).values()


def test_syns_repeated_as_often_as_linux_does_are_failures() -> None:
    pairs = [("20.1.77.9", f"{i}.4.5.6", 6, 6 * 48) for i in (31, 77, 120, 201)]
    assert named(hunt(accounting(pairs))) == {"20.1.77.9": "infected"}
    rng = np.random.default_rng(18)
    probes = [Row("10.20.3.77", public_address(rng), 1030 + i, 445, 5) for i in range(15)]
    assert named(hunt(listing(healthy_network(6) + probes))) == {"10.20.3.77": "infected"}


def test_a_busy_gateway_in_the_accounting_table_is_not_condemned_for_four_dead_targets() -> None:
    rng = np.random.default_rng(19)
    talks = [("20.1.77.9", public_address(rng), 40, 40 * 600) for _ in range(200)]
    dead = [("20.1.77.9", f"{i}.4.5.6", 2, 96) for i in (31, 77, 120, 201)]
    assert named(hunt(accounting(talks + dead))) == {}


def test_services_share_one_hosts_chance() -> None:
    rng = np.random.default_rng(15)
    targets = [int(v) for v in rng.integers(1 << 24, 223 << 24, 5)]
    alone = hunt(listing(scan("10.1.1.7", targets))).verdicts[0]
    busy = [r for port in range(9) for r in conversation(rng, "10.1.1.7", public_address(rng), 100 + port)]
    among_ten = hunt(listing(scan("10.1.1.7", targets) + busy)).verdicts[0]
    assert alone.weight - among_ten.weight == pytest.approx(10.0)
    assert {e.name: e.weight for e in among_ten.evidence}["services-looked-at"] == -10.0


def test_outsiders_and_the_dropped_are_told_apart_in_notes() -> None:
    rows = [Row("203.0.113.9", f"10.9.{i}.7", 3000 + i, 445, 1) for i in range(3)]
    rows += [Row("198.51.100.4", "10.9.9.9", 3000, 445, 1, out_if="Null")]
    texts = sorted(n.text for n in hunt(listing(rows), inside=["10.0.0.0/8"]).notes)
    assert "lead nowhere" in texts[0]
    assert "198.51.100.4" in texts[0]
    assert "did not answer" in texts[1]
    assert "203.0.113.9" in texts[1]


def test_codered_v1_shares_its_list_and_is_named_by_it() -> None:
    targets = draw_targets(PROFILES.get("codered-v1"), SOURCE, 40, np.random.default_rng(2))
    rows = []
    for i, source in enumerate(("20.1.1.1", "31.2.2.2", "45.3.3.3")):
        rows += scan(source, targets[i * 5 : i * 5 + 25], seed=i)
    result = hunt(listing(rows))
    assert {(v.targeting.name, v.targeting.worm) for v in result.verdicts} == {("shared-list", "codered-v1")}


def test_independent_lists_name_codered_v2() -> None:
    rows = []
    for i, source in enumerate(("20.1.1.1", "31.2.2.2", "45.3.3.3")):
        targets = draw_targets(PROFILES.get("codered-v2"), 1, 40, np.random.default_rng(i))
        rows += scan(source, targets, seed=i)
    worms = {(v.targeting.worm_candidates[0].name) for v in hunt(listing(rows)).verdicts}
    assert worms == {"codered-v2"}


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 50))
def test_the_order_of_rows_changes_nothing(order: random.Random, seed: int) -> None:
    rows = healthy_network(seed, clients=8, failing=0.3)
    rows += scan("20.1.77.9", draw_targets(PROFILES.get("nimda"), SOURCE, 12, np.random.default_rng(seed)))
    plain = hunt(listing(rows), everyone=True).to_dict()["verdicts"]
    shuffled = list(rows)
    order.shuffle(shuffled)
    assert hunt(listing(shuffled), everyone=True).to_dict()["verdicts"] == plain


def test_splitting_the_input_into_batches_changes_nothing() -> None:
    rows = healthy_network(2) + scan("20.1.77.9", range(1 << 28, (1 << 28) + 4_000_000, 400_000))
    whole = hunt(listing(rows))
    parts = [listing(rows[i : i + 37]).encode() for i in range(0, len(rows), 37)]
    split = slowworm.hunt(*parts, profiles=PROFILES)
    assert [(v.address, v.weight, v.evidence) for v in split.verdicts] == [
        (v.address, v.weight, v.evidence) for v in whole.verdicts
    ]


def test_ipv6_is_judged_as_ipv4_is() -> None:
    rows = healthy_network(7) + scan("20.1.77.9", range(1 << 28, (1 << 28) + 4_000_000, 400_000))

    def table(prefix: str) -> pa.Table:
        return pa.table(
            {
                "src_addr": [prefix + r.src for r in rows],
                "dst_addr": [prefix + r.dst for r in rows],
                "protocol": [r.protocol for r in rows],
                "src_port": [None if r.protocol == 1 else r.sp for r in rows],
                "dst_port": [None if r.protocol == 1 else r.dp for r in rows],
                "icmp_type": [r.dp >> 8 if r.protocol == 1 else None for r in rows],
                "packets": [r.packets for r in rows],
            }
        )

    four = slowworm.hunt(table(""), profiles=PROFILES)
    six = slowworm.hunt(table("2001:db8::"), profiles=PROFILES)
    # Where targets lie is weighed for IPv4 only.
    where = {v.address: sum(e.weight for e in v.evidence if e.name == "destinations") for v in four.verdicts}
    assert [
        (f"2001:db8::{v.address}", round(v.weight - where[v.address], 1), v.targets) for v in four.verdicts
    ] == [(f"2001:db8::{dotted(int(v.address) & 0xFFFFFFFF)}", v.weight, v.targets) for v in six.verdicts]
    assert len(six.verdicts) == 1


def sampled(rng: np.random.Generator, n: int, **columns: object) -> pa.Table:
    """One packet each of ``n`` contacts, by a sampler of 1 in 100."""
    return pa.table(
        {
            "src_addr": ["10.1.1.1"] * n,
            "dst_addr": [public_address(rng) for _ in range(n)],
            "protocol": [6] * n,
            "src_port": rng.integers(1025, 65000, n),
            "dst_port": [443] * n,
            "packets": [1] * n,
            "bytes": [60] * n,
            "sampling_rate": [100] * n,
            **columns,
        }
    )


def test_sampled_flows_say_nothing_by_their_packet_counts() -> None:
    assert slowworm.hunt(sampled(np.random.default_rng(1), 40)).verdicts == ()


def test_sampled_syns_say_something_where_most_packets_are_no_syns() -> None:
    rng = np.random.default_rng(1)
    # 40 sampled packets of 40 connections, all of them SYNs: of an ordinary host one in twenty is.
    assert named(slowworm.hunt(sampled(rng, 40, tcp_flags=[2] * 40))) == {"10.1.1.1": "infected"}
    ordinary = rng.choice([2, 16, 24], 40, p=[0.15, 0.6, 0.25])
    assert slowworm.hunt(sampled(rng, 40, tcp_flags=ordinary)).verdicts == ()


def test_an_empty_batch_is_no_detection() -> None:
    from slowworm.flows.table import flow_batch

    assert detect(flow_batch({}, rows=0), profiles=PROFILES).hosts == 0
    assert detect(flow_batch({}, rows=0, ip_version=6), profiles=PROFILES).hosts == 0
