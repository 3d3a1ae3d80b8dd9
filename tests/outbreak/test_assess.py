"""The whole: verdicts and contacts to incidents with growth, forecast, tree, coverage and what cannot be seen."""

import ipaddress
import time
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from tests.outbreak.epidemics import BEGIN, address, choosing, contact, contacts, epidemic, verdict

from slowworm.detect.contacts import schema
from slowworm.detect.outcome import ANSWERED, FAILED
from slowworm.detect.verdicts import ServiceCount, Verdict
from slowworm.flows.addresses import Address
from slowworm.outbreak.moments import moment
from slowworm.outbreak.onsets import onsets
from slowworm.outbreak.scans import scans
from slowworm.outbreak.summary import Outbreaks, assess, key, usual_sampling

INSIDE = (ipaddress.ip_network("10.7.0.0/16"),)
HIDDEN = 0x63000000
"""Addresses that never answer begin here."""


Parents = dict[Address, Address | None]


@cache
def world(seed: int) -> tuple[list[Verdict], pa.RecordBatch, Parents]:
    """Verdicts and contacts of an epidemic among 150 hosts, each of which also probes a dead address every 15 s, and
    the truth: who infected whom."""
    rng = np.random.default_rng(seed)
    outbreak = epidemic(rng, delay=lambda: rng.exponential(20.0))
    rows = []
    for source, target, at, answered in outbreak.calls:
        rows.append(
            contact(
                int(address(source)), int(address(target)), int(at * 1e9), ANSWERED if answered else FAILED
            )
        )
    found = []
    for host in np.flatnonzero(outbreak.onset <= outbreak.seconds).tolist():
        probes = np.arange(outbreak.onset[host], outbreak.seconds, 15.0)
        for n, at in enumerate(probes):
            rows.append(contact(int(address(host)), HIDDEN + 4096 * host + n, int(at * 1e9), FAILED))
        found.append(verdict(address(host), first=probes[0], last=probes[-1], services=((445, len(probes)),)))
    # What else is seen: an ordinary call at the beginning and one at the end of the observation.
    rows += [
        contact(1, 2, 0, ANSWERED, port=80),
        contact(1, 3, int(outbreak.seconds * 1e9), ANSWERED, port=80),
    ]
    parents = {address(n): address(p) if p >= 0 else None for n, p in enumerate(outbreak.parent) if p >= -1}
    return found, contacts(rows), parents


def test_an_outbreak_is_told_whole() -> None:
    verdicts, batch, parents = world(1)
    told = assess(verdicts, [batch], inside=INSIDE)
    assert len(told.incidents) == 1
    one = told.incidents[0]
    assert (one.protocol, one.port, one.services) == (6, 445, ((6, 445),))
    assert (one.sources, one.inside, one.outside) == (len(verdicts), len(verdicts), 0)
    assert one.growth is not None
    assert one.growth.per_hour_interval[0] <= 4.0 <= one.growth.per_hour_interval[1]
    assert one.growth_of == "inside"
    assert one.at_start == 0
    assert [f.hours for f in one.forecast] == [1.0, 6.0, 24.0]
    assert one.coverage is not None
    assert one.coverage.targets > 10_000
    assert {str(z.address) for z in one.patient_zero} <= {str(address(0)), str(address(1))}
    infections = told.infections()
    right = [infections[key(v)].parent for v in verdicts if parents[v.address] is not None]
    wanted = [parents[v.address] for v in verdicts if parents[v.address] is not None]
    hits = [p is not None and p.address == truth for p, truth in zip(right, wanted, strict=True)]
    assert np.mean(hits) >= 0.9
    assert told.of(verdicts[0]) is one
    assert told.among(verdicts[:1]) == told
    assert told.among([]) == Outbreaks()


def test_neither_the_order_of_verdicts_nor_of_contacts_shows() -> None:
    verdicts, batch, _ = world(1)
    rng = np.random.default_rng(0)
    mixed = batch.take(pa.array(rng.permutation(batch.num_rows)))
    half = mixed.num_rows // 2
    told = assess(verdicts, [batch], inside=INSIDE)
    again = assess(verdicts[::-1], [mixed.slice(0, half), mixed.slice(half)], inside=INSIDE)
    assert told == again
    assert told.incidents[0].forecast == again.incidents[0].forecast


def test_without_times_there_are_sources_and_coverage_and_the_reason() -> None:
    hosts = [verdict(f"10.7.0.{n}") for n in (1, 2, 3)]
    rows = [
        {**contact(int(v.address), HIDDEN + n, 0, FAILED), "first_time": None, "last_time": None}
        for v in hosts
        for n in range(5)
    ]
    one = assess(hosts, [contacts(rows)]).incidents[0]
    assert (one.sources, one.inside, one.growth, one.tree, one.forecast) == (3, None, None, None, ())
    assert one.coverage is not None
    assert one.coverage.targets == 5
    assert "times" in one.not_visible[0]
    assert assess(hosts, [contacts(rows)]).infections() == {}


def test_nobody_infected_is_no_outbreak() -> None:
    _, batch, _ = world(1)
    assert assess([verdict("10.7.0.1", call="suspect")], [batch]) == Outbreaks()
    assert assess([], []) == Outbreaks()


def test_growth_is_of_the_inside_where_enough_of_it_is_infected() -> None:
    verdicts, batch, _ = world(1)
    strangers = [verdict(f"192.0.2.{n}", first=1.0 + n, last=7000.0) for n in range(1, 40)]
    one = assess([*verdicts, *strangers], [batch], inside=INSIDE).incidents[0]
    assert (one.growth_of, one.outside) == ("inside", 39)
    without = assess(verdicts, [batch], inside=INSIDE).incidents[0]
    assert one.growth == without.growth
    assert one.growth is not None
    assert one.forecast == without.forecast
    assert any("39 sources outside" in text for text in one.not_visible)
    alone = assess(strangers, [batch], inside=INSIDE).incidents[0]
    assert alone.growth_of == "all"


def test_hosts_that_scan_when_observation_begins_are_counted_apart() -> None:
    verdicts, batch, _ = world(1)
    rows = [contact(0x0A07C800 + n, HIDDEN + i, int(i * 20e9), FAILED) for n in range(6) for i in range(300)]
    early = [verdict(f"10.7.200.{n}", first=0.0, last=6000.0) for n in range(6)]
    one = assess([*verdicts, *early], [batch, contacts(rows)], inside=INSIDE).incidents[0]
    assert one.at_start == 6
    assert any("6 sources scanned when observation began" in text for text in one.not_visible)
    assert one.tree is not None
    assert sum(i.at_start for i in one.tree.infections) == 6


def test_sampling_is_said_and_lowers_certainty() -> None:
    verdicts, batch, _ = world(1)
    whole, sampled = (assess(verdicts, [batch], inside=INSIDE, sampling=s).incidents[0] for s in (1, 100))
    assert not any("sampled" in text for text in whole.not_visible)
    assert any("1 in 100 packets is sampled: about 10%" in text for text in sampled.not_visible)
    assert whole.tree is not None
    assert sampled.tree is not None
    means = [np.mean([i.unseen for i in tree.infections]) for tree in (whole.tree, sampled.tree)]
    assert means[1] > means[0]


def test_suspects_may_have_infected_somebody_and_are_no_source() -> None:
    suspect = verdict("10.7.0.9", first=100, last=400, call="suspect")
    infected = [verdict(f"10.7.0.{n}", first=400 + n, last=900) for n in (1, 2, 3)]
    rows = [
        contact(0x0A070009, int(v.address), int((395 + n) * 1e9), ANSWERED) for n, v in enumerate(infected)
    ]
    rows += [
        contact(int(v.address), HIDDEN + i, int((405 + i) * 1e9), FAILED) for v in infected for i in range(9)
    ]
    rows += [contact(0x0A070009, HIDDEN + i, int((100 + i) * 1e9), FAILED) for i in range(3)]
    one = assess([suspect, *infected], [contacts([contact(1, 2, 0, ANSWERED), *rows])]).incidents[0]
    assert one.sources == 3
    assert one.tree is not None
    assert [i.parent and str(i.parent.address) for i in one.tree.infections] == ["10.7.0.9"] * 3


def test_two_worms_on_one_port_have_growths_of_their_own() -> None:
    first, batch, _ = world(1)
    shifted = [
        verdict(
            f"10.7.100.{n + 1}", first=600 * n, last=600 * n + 500, how=choosing("uniform", worm="conficker")
        )
        for n in range(12)
    ]
    rows = [
        contact(int(v.address), HIDDEN + i, int((600 * n + i) * 1e9), FAILED)
        for n, v in enumerate(shifted)
        for i in range(50)
    ]
    local = [verdict(v.address, first=0, last=1, how=choosing("local", worm="sasser")) for v in first]
    named = [
        Verdict(**{f: getattr(v, f) for f in Verdict.__dataclass_fields__} | {"targeting": w.targeting})
        for v, w in zip(first, local, strict=True)
    ]
    incidents = assess([*named, *shifted], [batch, contacts(rows)], inside=INSIDE).incidents
    assert [i.worm for i in incidents] == ["sasser", "conficker"]
    growing, constant = (i.growth for i in incidents)
    assert growing is not None
    assert constant is not None
    assert growing.per_hour_interval[0] > 0
    assert constant.per_hour_interval[0] <= 0


def test_a_call_hours_before_the_scan_is_not_its_onset() -> None:
    host = verdict("10.7.0.1", first=100, last=5000)
    rows = [contact(int(host.address), HIDDEN, int(100e9), FAILED)]
    rows += [
        contact(int(host.address), HIDDEN + i, int((4000 + 0.5 * i) * 1e9), FAILED) for i in range(1, 200)
    ]
    calls = scans([contacts(rows)], [host.address])
    found, gap = onsets(calls, np.array([BEGIN + 100 * 10**9]))
    assert (found[0] - BEGIN) / 1e9 == pytest.approx(4000.5)
    assert gap[0] == pytest.approx(0.5)
    # A worm that merely scans a little faster later on keeps its onset.
    steady = [contact(int(host.address), HIDDEN + i, int((100 + i) * 1e9), FAILED) for i in range(50)]
    steady += [
        contact(int(host.address), HIDDEN + 99 + i, int((150 + i / 3) * 1e9), FAILED) for i in range(150)
    ]
    found, _ = onsets(scans([contacts(steady)], [host.address]), np.array([BEGIN + 100 * 10**9]))
    assert (found[0] - BEGIN) / 1e9 == pytest.approx(100)


def test_sampling_of_flows_is_the_usual_one() -> None:
    from slowworm.flows.table import flow_batch

    assert usual_sampling([]) == 1.0
    assert usual_sampling([flow_batch({}, rows=3)]) == 1.0
    assert usual_sampling([flow_batch({"sampling_rate": [100, 100, None]}, rows=3)]) == 100.0


def test_a_large_outbreak_is_assessed_in_a_blink() -> None:
    rng = np.random.default_rng(10)
    hosts, n = 1000, 300_000
    onset = np.sort(rng.uniform(10, 3000, hosts))
    source = rng.integers(0, hosts, n)
    at = onset[source] + rng.uniform(0, 1, n) * (3600 - onset[source])
    target = np.where(rng.random(n) < 0.5, 0x0A070000 + rng.integers(0, 65536, n), rng.integers(0, 2**32, n))
    base = 0x0A070000 + np.sort(rng.choice(65536, hosts, replace=False))
    first = (BEGIN + at * 1e9).astype(np.int64)
    values = {
        "client": base[source].astype(np.uint32),
        "server": target.astype(np.uint32),
        "protocol": np.full(n, 6, np.uint8),
        "port": np.full(n, 445, np.uint16),
        "outcome": np.where(np.isin(target, base), 1, -1).astype(np.int8),
        "first_time": pa.array(first).cast(pa.timestamp("ns", "UTC")),
        "last_time": pa.array(first + 10**8).cast(pa.timestamp("ns", "UTC")),
    }
    wanted = schema(4)
    batch = pa.RecordBatch.from_arrays(
        [pa.array(values[f.name], f.type) if f.name in values else pa.nulls(n, f.type) for f in wanted],
        schema=wanted,
    )
    counts = np.bincount(source, minlength=hosts)
    verdicts = [
        Verdict(
            address=ipaddress.IPv4Address(int(base[i])), activity="horizontal", verdict="infected", protocol=6,
            port=445, services=(ServiceCount(protocol=6, port=445, targets=int(counts[i])),), targets=int(counts[i]),
            weight=80.0, bound=50.0, more_targets_needed=0, first_seen=moment(int(BEGIN + onset[i] * 1e9)),
            last_seen=moment(int(first[source == i].max())),
        )
        for i in range(hosts)
    ]  # fmt: skip
    began = time.process_time()
    told = assess(verdicts, [batch], inside=INSIDE)
    # 1.5 million contacts and 2,000 hosts take 0.7 s: see docs/concepts/outbreak.md. Here a fifth of that, with room.
    assert time.process_time() - began < 2.0
    assert told.incidents[0].sources == hosts
