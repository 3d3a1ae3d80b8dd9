"""The part of a host's contacts that is the scan: runs, prefixes, scopes weighed side by side."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.detect.calls import Calls, Ints, Seen, address, calls, scattered, seen

from slowworm.detect import weights
from slowworm.detect.activities import RUN_SHARE, Activities, Weighed, activities, detection, runs, weigh
from slowworm.detect.evidence import ContactWeights

HOST = address("20.1.77.9")
NOBODY = np.zeros(1, np.int64)


def gains(total: list[int]) -> list[int]:
    at = list(weights.SHARES).index(RUN_SHARE)
    return weights.mixture_table(total)[at]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.integers(-400, 400), min_size=1, max_size=25), min_size=1, max_size=8))
def test_the_run_is_the_heaviest_of_all_contiguous_parts(groups: list[list[int]]) -> None:
    length = np.array([len(g) for g in groups])
    end = np.cumsum(length)
    start = end - length
    begun, ended, weight = runs(np.concatenate(groups), start, end)
    for i, group in enumerate(groups):
        gain = gains(group)
        parts = {(a, b): sum(gain[a:b]) for a in range(len(gain)) for b in range(a + 1, len(gain) + 1)}
        assert weight[i] == max(parts.values())
        assert start[i] <= begun[i] < ended[i] <= end[i]
        assert parts[int(begun[i] - start[i]), int(ended[i] - start[i])] == weight[i]


def test_a_run_does_not_reach_into_the_next_activity() -> None:
    total = np.array([-60, 130, 130, 130, 130, -60])
    begun, ended, weight = runs(total, np.array([0, 3]), np.array([3, 6]))
    assert (begun.tolist(), ended.tolist()) == ([1, 3], [3, 5])
    assert weight[0] == weight[1] == sum(gains([130, 130]))


def mixed_life(seed: int, n: int = 60) -> list[Calls]:
    """Answers and failures of one host on port 80, in stretches, and a few on other ports."""
    rng = np.random.default_rng(seed)
    to, at = scattered(n, seed=seed), np.sort(rng.uniform(0, 600, n))
    failed = np.repeat(rng.random(n // 10) < 0.6, 10) & (rng.random(n) < 0.9)
    other = scattered(12, seed=seed + 100)
    return [
        calls(HOST, to, 80, at, answered=~failed),
        calls(HOST, other, 443, rng.uniform(0, 600, 12), answered=rng.random(12) < 0.5),
    ]


def scope(s: Seen, port: int) -> tuple[Ints, Ints, Ints]:
    """The rows of the host's activity on a port in the order of time, and where its run begins and ends."""
    found = activities(s.contacts, s.weighed, but=np.zeros(len(s.contacts.client), np.bool_))
    first = found.order[found.start]
    (i,) = np.flatnonzero((s.contacts.client[first] == HOST) & (s.contacts.port[first] == port))
    rows = found.order[found.start[i] : found.end[i]]
    return rows, found.run_start[[i]] - found.start[i], found.run_end[[i]] - found.start[i]


def known_by(s: Seen, rows: Ints, k: int) -> ContactWeights:
    """The weights as they were when only the first ``k`` contacts of the activity had come."""
    w, rest = s.weighed, rows[k:]
    judged = w.failed | (s.contacts.outcome > 0)
    return replace(
        w,
        host_judged=w.host_judged - int(judged[rest].sum()),
        host_failed=w.host_failed - int(w.failed[rest].sum()),
    )


@pytest.mark.parametrize("seed", range(8))
def test_detection_is_what_weighing_each_beginning_anew_would_find(seed: int) -> None:
    s = seen(*mixed_life(seed))
    rows, begin, end = scope(s, 80)
    for bound in (0, 100, 300, 500, 10_000):
        # The whole activity from its first contact on.
        first = next(
            (
                k
                for k in range(1, len(rows) + 1)
                if weigh(known_by(s, rows, k), s.contacts, rows[:k], NOBODY, None).weight[0] >= bound
            ),
            None,
        )
        assert detection(s.weighed, s.contacts, rows, 0, len(rows), bound) == first
        # The run, after a past: wherever weighing would choose it.
        found = detection(s.weighed, s.contacts, rows, int(begin[0]), int(end[0]), bound)
        for k in range(1, int(end[0] - begin[0]) + 1):
            upto = rows[: begin[0] + k]
            by = weigh(known_by(s, rows, len(upto)), s.contacts, upto, NOBODY, (begin, np.array([len(upto)])))
            if by.by_run[0] and by.weight[0] >= bound:
                assert found is not None
                assert found <= k
                break


def test_what_comes_after_does_not_change_when_a_scan_was_known() -> None:
    probes = calls(HOST, scattered(30, seed=2), 80, np.arange(30.0), answered=False)
    after = calls(HOST, scattered(200, seed=3, first=(100, 120)), 80, 100 + np.arange(200.0))
    short, long = seen(probes), seen(probes, after)
    rows, _, _ = scope(long, 80)
    alone = detection(short.weighed, short.contacts, short.of(HOST, 80), 0, 30, 500)
    later = detection(long.weighed, long.contacts, rows, 0, 30, 500)
    assert alone is not None
    assert later is not None
    # Only what is usual here may have changed: a host that mostly succeeds has a vote on what fails.
    assert alone <= later <= alone + 1 <= 5


def weighed_alone(s: Seen, port: int = 80) -> Weighed:
    rows, begin, end = scope(s, port)
    return weigh(s.weighed, s.contacts, rows, NOBODY, (begin, end))


def test_the_run_is_chosen_where_a_past_would_hide_it_and_only_there() -> None:
    past = calls(HOST, scattered(200, seed=4), 80, np.linspace(0, 3000, 200))
    probes = scattered(100, seed=5, first=(100, 120))
    burst = seen(past, calls(HOST, probes, 80, 3001 + np.arange(100.0), answered=False))
    found = weighed_alone(burst)
    assert found.by_run[0]
    # Where its targets lie is still to be added to this.
    assert found.weight[0] >= weights.BOUND_SUSPECT
    # What choosing costs: one of 300 contacts had to be its first.
    assert found.choice[0] == -weights.tenths(300)
    _, begin, end = scope(burst, 80)
    assert (begin[0], end[0]) == (200, 300)
    spread = seen(past, calls(HOST, probes, 80, np.linspace(5, 2990, 100), answered=False))
    assert not weighed_alone(spread).by_run[0]
    assert weighed_alone(spread).weight[0] < weights.BOUND_SUSPECT
    # A host that does nothing else is its own run, and choosing it is free.
    nothing_else = weighed_alone(seen(calls(HOST, probes, 80, np.arange(100.0), answered=False)))
    assert (nothing_else.by_run[0], nothing_else.choice[0]) == (False, 0)
    # A scan in the middle of a life is as much one as at its end.
    middle = seen(past, calls(HOST, probes, 80, 1500 + np.arange(100.0) / 100, answered=False))
    assert weighed_alone(middle).by_run[0]
    assert weighed_alone(middle).weight[0] == pytest.approx(found.weight[0], abs=30)


def test_scopes_weigh_the_same_alone_and_together_in_any_order() -> None:
    rng = np.random.default_rng(9)
    parts = []
    for i in range(12):
        n = int(rng.integers(3, 50))
        host = address("20.1.0.1") + 256 * i
        failed = rng.random(n) < rng.random()
        parts.append(calls(host, scattered(n, seed=i), 80, rng.uniform(0, 900, n), answered=~failed))
    s = seen(*parts)
    found = activities(s.contacts, s.weighed, but=np.zeros(len(s.contacts.client), np.bool_))
    scopes = [found.order[a:b] for a, b in zip(found.start, found.end, strict=True)]
    begun, ended = found.run_start - found.start, found.run_end - found.start

    def together(order: Ints) -> Weighed:
        rows = np.concatenate([scopes[i] for i in order])
        start = np.concatenate([[0], np.cumsum([len(scopes[i]) for i in order])[:-1]])
        return weigh(s.weighed, s.contacts, rows, start, (start + begun[order], start + ended[order]))

    alone = np.array([int(together(np.array([i])).weight[0]) for i in range(len(scopes))])
    assert len(np.unique(alone)) > 6
    for seed in range(6):
        order = np.random.default_rng(seed).permutation(len(scopes))
        assert np.array_equal(together(order).weight, alone[order])


def test_without_times_the_order_within_a_scope_changes_nothing() -> None:
    s = seen(*mixed_life(3), timed=False)
    rows = s.of(HOST, 80)
    plain = weigh(s.weighed, s.contacts, rows, NOBODY, None).weight[0]
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(rows))
        assert weigh(s.weighed, s.contacts, rows[order], NOBODY, None).weight[0] == plain


def test_activities_are_a_hosts_contacts_by_service() -> None:
    s = seen(*mixed_life(1))
    no = np.zeros(len(s.contacts.client), np.bool_)
    found = activities(s.contacts, s.weighed, but=no)
    own = s.contacts.client[found.order[found.start]] == HOST
    assert own.sum() == 2
    assert found.services[own].tolist() == [2, 2]
    assert found.timed.all()
    assert sorted(found.order.tolist()) == list(range(len(no)))
    for a, b in zip(found.start, found.end, strict=True):
        when = s.contacts.first_time[found.order[a:b]]
        assert (np.diff(when) >= 0).all()
    # What a vertical scan accounts for takes no part.
    but = s.contacts.port == 80
    rest: Activities = activities(s.contacts, s.weighed, but=but)
    assert set(s.contacts.port[rest.order].tolist()) == set(s.contacts.port[~but].tolist())
    assert not len(activities(s.contacts, s.weighed, but=~no).start)
    # Of flows without times nothing is a run.
    untimed = seen(*mixed_life(1), timed=False)
    listed = activities(untimed.contacts, untimed.weighed, but=no)
    assert not listed.timed.any()
    assert np.array_equal(listed.run_start, listed.start)
    assert np.array_equal(listed.run_end, listed.end)
