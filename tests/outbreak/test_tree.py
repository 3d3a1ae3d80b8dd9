"""The infection tree: the right parents with honest probabilities, breaks where links are hidden, no circles."""

import ipaddress
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.outbreak.epidemics import BEGIN, Epidemic, address, contact, contacts, epidemic

from slowworm.detect.outcome import ANSWERED, FAILED, NOT_KNOWN
from slowworm.outbreak.exposures import KEPT, exposures
from slowworm.outbreak.scans import scans
from slowworm.outbreak.tree import Hosts, Tree, seen_share, tree

Delay = Callable[[np.random.Generator], Callable[[], float]]

DELAYS: dict[str, Delay] = {
    "exponential, 20 s": lambda rng: lambda: rng.exponential(20.0),
    "half a minute": lambda rng: lambda: 30.0 + rng.normal(0, 2),
    "at once": lambda rng: lambda: rng.exponential(0.05),
    "ten minutes": lambda rng: lambda: rng.exponential(600.0),
}


def seen(outbreak: Epidemic, rng: np.random.Generator, *, sampling: int = 1) -> tuple[Tree, np.ndarray]:
    """The tree of an epidemic, and per host whether a packet of its infecting call was seen."""
    source, target, time, answered = outbreak.calls.T
    source, target = source.astype(int), target.astype(int)
    chance = np.where(answered > 0, 1 - (1 - 1 / sampling) ** 10, 1 / sampling)
    kept = rng.random(len(time)) < chance
    scanning = outbreak.onset <= outbreak.seconds
    # A source makes ten probes a second; the first one sampled is what is seen of its onset.
    onset = outbreak.onset + (rng.exponential(sampling / 10, len(scanning)) if sampling > 1 else 0.0)
    rows: dict[tuple[int, int], dict[str, Any]] = {}
    for s, t, at, ok in zip(source[kept], target[kept], time[kept], answered[kept], strict=True):
        outcome = NOT_KNOWN if sampling > 1 else ANSWERED if ok else FAILED
        row = contact(int(address(s)), int(address(t)), int(at * 1e9), outcome)
        old = rows.setdefault((s, t), row)
        old["outcome"] = max(old["outcome"], outcome)
        old["last_time"] = max(old["last_time"], row["last_time"])
    numbers = np.flatnonzero(scanning)
    hosts = Hosts(
        address=[address(int(n)) for n in numbers],
        onset=BEGIN + (onset[numbers] * 1e9).astype(np.int64),
        gap=np.full(len(numbers), sampling / 10),
        infected=np.ones(len(numbers), np.bool_),
        inside=np.ones(len(numbers), np.bool_),
        at_start=np.zeros(len(numbers), np.bool_),
    )
    calls = scans([contacts(list(rows.values()))], hosts.address).of(range(len(numbers)), [7 << 17 | 446])
    share = seen_share(sampling, 6)
    made = {
        t for s, t, at, ok in zip(source[kept], target[kept], time[kept], answered[kept], strict=True)
        if ok and outbreak.parent[t] == s and at <= outbreak.onset[t]
    }  # fmt: skip
    return tree(hosts, calls, begin=BEGIN, share=share), np.isin(np.arange(len(scanning)), list(made))


def judged(made: Tree, outbreak: Epidemic, visible: np.ndarray) -> dict[str, np.ndarray]:
    """Per infected host: the likeliest parent's probability, whether it is right, whether its call was seen."""
    number = {address(n): n for n in range(len(outbreak.onset))}
    rows = []
    for infection in made.infections:
        host = number[infection.address]
        top = infection.parents[0] if infection.parents else None
        right = top is not None and outbreak.parent[host] == number[top.address]
        rows.append((top.probability if top else 0.0, right, visible[host], infection.unseen))
    p, right, by_sight, unseen = np.array(rows, float).T
    return {"p": p, "right": right, "visible": by_sight, "unseen": unseen}


@pytest.mark.parametrize("name", DELAYS)
@pytest.mark.parametrize("sampling", [1, 10])
def test_the_parent_is_right_in_nine_of_ten_infections_that_were_seen(name: str, sampling: int) -> None:
    rng = np.random.default_rng(len(name) + sampling)
    parts = []
    for _ in range(2):
        outbreak = epidemic(rng, delay=DELAYS[name](rng))
        made, visible = seen(outbreak, rng, sampling=sampling)
        parts.append(judged(made, outbreak, visible))
    all_of = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    shown = all_of["visible"] > 0
    assert shown.sum() >= 50
    assert all_of["right"][shown].mean() >= 0.9
    # The probabilities mean what they say: on average, and where they are high.
    assert all_of["p"].mean() == pytest.approx(all_of["right"].mean(), abs=0.06)
    sure = all_of["p"] >= 0.9
    assert all_of["right"][sure].mean() >= 0.88
    assert ((all_of["p"] - all_of["right"]) ** 2).mean() <= 0.06
    # And so does what is said of the calls that were not seen.
    assert all_of["unseen"].mean() == pytest.approx(1 - shown.mean(), abs=0.06)


def test_sampling_takes_certainty_away() -> None:
    means = []
    for sampling in (1, 10, 100):
        rng = np.random.default_rng(7)
        outbreak = epidemic(rng, delay=lambda: rng.exponential(20.0))  # noqa: B023 - called in this round only
        made, visible = seen(outbreak, rng, sampling=sampling)
        means.append(float(np.mean([i.unseen for i in made.infections])))
        assert means[-1] == pytest.approx(1 - visible[outbreak.onset <= outbreak.seconds].mean(), abs=0.08)
    assert means[0] < 0.05 < means[1] < 0.6 < means[2]


def test_an_exploit_that_fails_two_times_in_three_is_traced_too() -> None:
    rng = np.random.default_rng(11)
    outbreak = epidemic(rng, delay=lambda: rng.exponential(20.0), works=0.33)
    made, visible = seen(outbreak, rng)
    told = judged(made, outbreak, visible)
    shown = told["visible"] > 0
    assert told["right"][shown].mean() >= 0.9
    assert told["p"].mean() == pytest.approx(told["right"].mean(), abs=0.06)


def test_infections_from_elsewhere_are_left_open() -> None:
    rng = np.random.default_rng(12)
    outbreak = epidemic(rng, hosts=250, growth=2.0, delay=lambda: rng.exponential(20.0), elsewhere=1 / 60)
    made, visible = seen(outbreak, rng)
    told = judged(made, outbreak, visible)
    brought = told["visible"] == 0
    assert brought.sum() > 30
    assert np.median(told["unseen"][brought]) > 0.95
    assert told["right"][~brought].mean() >= 0.9


def few(onsets: dict[int, float], rows: list[dict[str, Any]], **changed: object) -> Tree:
    """The tree of hosts with these onsets (seconds; all with gaps of 0.1 s)."""
    numbers = sorted(onsets)
    hosts = Hosts(
        address=[address(n) for n in numbers],
        onset=np.array([BEGIN + int(onsets[n] * 1e9) for n in numbers]),
        gap=np.full(len(numbers), 0.1),
        infected=changed.get("infected", np.ones(len(numbers), np.bool_)),  # type: ignore[arg-type]
        inside=changed.get("inside", np.ones(len(numbers), np.bool_)),  # type: ignore[arg-type]
        at_start=changed.get("at_start", np.zeros(len(numbers), np.bool_)),  # type: ignore[arg-type]
    )
    calls = scans([contacts(rows)], hosts.address).of(range(len(numbers)), [7 << 17 | 446])
    return tree(hosts, calls, begin=BEGIN)


def call(
    source: int, target: int, seconds: float, outcome: int = ANSWERED, *, port: int = 445
) -> dict[str, Any]:
    return contact(int(address(source)), int(address(target)), int(seconds * 1e9), outcome, port=port)


def test_who_calls_first_and_is_answered_is_the_parent() -> None:
    made = few(
        {0: 100, 1: 150, 2: 400},
        [call(0, 1, 140), call(0, 2, 380, FAILED), call(1, 2, 390), call(0, 2, 500), call(2, 0, 410)],
    )
    parents = {i.address: i.parent for i in made.infections}
    assert parents[address(0)] is None
    assert [(p.address, p.flagged) for p in (parents[address(1)], parents[address(2)]) if p] == [
        (address(0), True),
        (address(1), True),
    ]
    assert [c.address for c in made.children(address(1))] == [address(2)]
    assert made.patient_zero[0].address == address(0)
    assert [i.address for i in made.infections] == [address(n) for n in (0, 1, 2)]
    assert parents[address(2)].at.timestamp() == pytest.approx(BEGIN / 1e9 + 390)  # type: ignore[union-attr]


def test_nobody_is_infected_by_who_began_later_or_called_later_or_on_another_service() -> None:
    made = few({0: 100, 1: 101}, [call(1, 0, 90), call(0, 1, 105), call(0, 1, 100.5, port=80)])
    assert [i.parents for i in made.infections] == [(), ()]


def test_probabilities_of_one_host_never_exceed_one_and_parents_lead_back_in_time() -> None:
    rng = np.random.default_rng(13)
    outbreak = epidemic(rng, delay=lambda: rng.exponential(60.0), works=0.5)
    made, _ = seen(outbreak, rng, sampling=10)
    onset = {i.address: i.onset for i in made.infections}
    for infection in made.infections:
        assert sum(p.probability for p in infection.parents) + infection.unseen <= 1.001
        assert all(onset[p.address] < infection.onset for p in infection.parents if p.flagged)


def test_a_stranger_who_called_shortly_before_is_named_as_such() -> None:
    stranger = {**call(90, 0, 95), "client": 0xC0000201}
    made = few({0: 100, 1: 200, 2: 300}, [stranger, call(0, 1, 190), call(0, 2, 290)])
    zero = made.infections[0]
    assert zero.parent is not None
    assert (str(zero.parent.address), zero.parent.flagged) == ("192.0.2.1", False)
    assert made.patient_zero[0].address == address(0)


def test_strangers_in_numbers_are_ordinary_callers() -> None:
    # A web server with a caller every second: none of them stands out as who infected it.
    crowd = [{**call(90, 0, 0.5 + i), "client": 0xC0000200 + i} for i in range(200)]
    made = few({0: 201, 1: 400}, [*crowd, call(0, 1, 390)])
    assert made.infections[0].parent is None
    assert all(p.probability < 0.2 for p in made.infections[0].parents)
    assert made.infections[1].parent is not None


def test_hosts_that_scanned_at_the_beginning_and_hosts_outside_are_not_judged() -> None:
    rows = [call(0, 1, 50), call(0, 2, 60), call(1, 2, 61)]
    made = few(
        {0: 1, 1: 55, 2: 70},
        rows,
        at_start=np.array([True, False, False]),
        inside=np.array([True, False, True]),
    )
    first, outside, last = made.infections
    assert (first.at_start, first.judged, first.unseen) == (True, False, 1.0)
    assert (outside.judged, outside.parents) == (False, ())
    assert last.judged
    assert {p.address for p in last.parents} == {address(0), address(1)}
    assert [z.before for z in made.patient_zero] == [True]


def test_one_unrelated_scanner_before_all_others_is_not_the_patient_zero() -> None:
    onsets = {n: 600.0 + 10 * n for n in range(1, 40)} | {0: 100.0}
    rows = [call(max(n // 2, 1), n, 600.0 + 10 * n - 5) for n in range(2, 40)]
    made = few(onsets, rows)
    assert made.patient_zero[0].address == address(1)
    # With nobody traced it is the first.
    assert few(onsets, []).patient_zero[0].address == address(0)


def test_of_two_that_begin_within_a_gap_either_may_be_the_first() -> None:
    made = few({0: 100.00, 1: 100.02, 2: 130.0}, [])
    assert {z.address for z in made.patient_zero} == {address(0), address(1)}
    assert sum(z.probability for z in made.patient_zero) == pytest.approx(1.0, abs=0.1)


def test_a_host_called_by_thousands_keeps_the_first_and_the_last() -> None:
    hosts = 300
    rng = np.random.default_rng(14)
    rows = [
        {**call(0, 299, float(t), outcome), "client": int(address(int(s)))}
        for t, s, outcome in zip(
            np.arange(10, 510, 0.5),
            rng.integers(0, hosts - 1, 1000),
            rng.choice([FAILED, ANSWERED], 1000),
            strict=True,
        )
    ]
    found = scans([contacts(rows)], [address(n) for n in range(hosts)])
    onset = np.full(hosts, BEGIN)
    onset[299] = BEGIN + int(600e9)
    mask = np.arange(hosts) == 299
    kept = exposures(found, onset=onset, since=onset, judged=mask)
    assert len(kept.target) == KEPT
    assert kept.left_out == 1000 - KEPT
    assert (kept.kind != 0).all()  # calls that failed are the first to go
    answered = sorted(r["first_time"] for r in rows if r["outcome"] == ANSWERED)
    assert kept.first.min() == answered[0]
    assert kept.first.max() == answered[-1]


def test_the_order_of_contacts_does_not_show() -> None:
    rng = np.random.default_rng(15)
    ends, times = rng.integers(0, 20, (300, 2)), rng.uniform(0, 900, 300)
    rows = [
        call(int(s), int(t), float(at), int(o))
        for (s, t), at, o in zip(ends, times, rng.integers(-1, 2, 300), strict=True)
    ]
    onsets = {n: float(v) for n, v in enumerate(rng.uniform(50, 900, 20))}
    shuffled = [rows[i] for i in rng.permutation(len(rows))]
    assert few(onsets, rows) == few(onsets, shuffled)


def test_ipv6_hosts_have_a_tree_too() -> None:
    hosts = [ipaddress.IPv6Address(f"2001:db8::{n}") for n in (1, 2)]
    row = {**call(0, 1, 940), "client": hosts[0].packed, "server": hosts[1].packed}
    stranger = {
        **call(0, 1, 795),
        "client": ipaddress.IPv6Address("2001:db8:9::9").packed,
        "server": hosts[0].packed,
    }
    batch = contacts([row, stranger], version=6)
    assert batch.schema.field("client").type == pa.binary(16)
    made = tree(
        Hosts(
            address=hosts,
            onset=BEGIN + np.array([800, 950]) * 10**9,
            gap=np.full(2, 0.1),
            infected=np.ones(2, np.bool_),
            inside=np.ones(2, np.bool_),
            at_start=np.zeros(2, np.bool_),
        ),
        scans([contacts([call(7, 8, 1)]), batch], hosts).of([0, 1], [7 << 17 | 446]),
        begin=BEGIN,
    )
    assert [i.parent.address if i.parent else None for i in made.infections] == [
        ipaddress.IPv6Address("2001:db8:9::9"),
        hosts[0],
    ]
