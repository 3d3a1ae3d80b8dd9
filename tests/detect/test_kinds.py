"""Kinds of hosts against closed forms: integrals over Beta distributions, priors, and who reaches the bound."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.detect.calls import Calls, address, calls, scattered, seen

from slowworm.detect import kinds, weights
from slowworm.detect.activities import activities, detection, weigh
from slowworm.detect.kinds import DECIBELS_PER_NAT, UNKNOWN, standard_kinds

KINDS = standard_kinds()
HOST = address("20.1.77.9")
NOBODY = np.zeros(1, np.int64)


def category(*, failed: bool) -> int:
    """A contact of which nothing but its outcome is known."""
    flag = np.array([failed])
    unknown = np.array([UNKNOWN])
    key = kinds.category(
        failed=flag, dropped=flag & False, answered=~flag, popular=flag & False, lone=unknown, once=unknown,
        loudness=np.ones(1), other=NOBODY,
    )  # fmt: skip
    return int(key[0])


TABLE = kinds.table([category(failed=True), category(failed=False)], KINDS)


def counts(failed: int, answered: int) -> np.ndarray:
    found = np.zeros((1, 2), np.int64)
    found[0, np.searchsorted(TABLE.categories, category(failed=True))] = failed
    found[0, np.searchsorted(TABLE.categories, category(failed=False))] = answered
    return found


def log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def failing_closed(failed: int, answered: int) -> float:
    """log of E[(f/θ)^failed ((1-f)/(1-θ))^answered] over the Beta mixture of failing hosts."""
    total = sum(
        w * math.exp(log_beta(a + failed, b + answered) - log_beta(a, b))
        for a, b, w in KINDS.failing["failed"].parts
    )
    theta = weights.P_FAIL_BENIGN
    return math.log(total) - failed * math.log(theta) - answered * math.log(1 - theta)


def scanning_closed(n: int, *, failed: bool) -> float:
    """log of E[Σ_φ prior(φ) (1-φ+φ·x/θ)^n], the binomial multiplied out."""
    theta = weights.P_FAIL_BENIGN if failed else 1 - weights.P_FAIL_BENIGN
    total = 0.0
    for share, prior in weights.SHARES.items():
        for j in range(n + 1):
            moment = sum(
                w * math.exp(log_beta(a + j * failed, b + j * (not failed)) - log_beta(a, b))
                for a, b, w in KINDS.scanning["failed"].parts
            )
            total += prior * math.comb(n, j) * (1 - share) ** (n - j) * share**j * moment / theta**j
    return math.log(total)


COUNTS = [
    (1, 0),
    (4, 0),
    (30, 0),
    (400, 0),
    (0, 1),
    (0, 30),
    (0, 400),
    (5, 5),
    (3, 17),
    (100, 100),
    (40, 360),
]


@pytest.mark.parametrize(("failed", "answered"), COUNTS)
@pytest.mark.parametrize("share", [1e-6, 0.01, 0.4])
def test_failing_hosts_weigh_what_the_integral_says(failed: int, answered: int, share: float) -> None:
    inner = failing_closed(failed, answered)
    burst = failing_closed(failed, 0)
    closed = np.logaddexp(inner + math.log(share), burst + math.log(share * kinds.BURSTS))
    closed = np.logaddexp(math.log1p(-share * (1 + kinds.BURSTS)), closed)
    found = kinds.log_failing(counts(failed, answered), counts(failed, 0), np.array([share]), TABLE)[0]
    assert found == pytest.approx(closed, abs=1e-6)


@pytest.mark.parametrize("n", [1, 4, 10, 30])
@pytest.mark.parametrize("failed", [True, False])
def test_scanning_in_shares_weighs_what_the_binomial_says(n: int, failed: bool) -> None:
    found = kinds.log_scanning(counts(n, 0) if failed else counts(0, n), TABLE)[0] * DECIBELS_PER_NAT
    closed = scanning_closed(n, failed=failed) * DECIBELS_PER_NAT
    # Shares below one are summed over a grid: within 0.2 dB, or 1.2 % of it where many add up.
    assert found == pytest.approx(closed, abs=0.2, rel=0.012)


@pytest.mark.parametrize("name", ["failed", "lone", "once"])
def test_the_grid_is_a_distribution_with_the_mean_of_the_betas(name: str) -> None:
    points = {"failed": kinds.FAILED_POINTS, "lone": kinds.LONE_POINTS, "once": kinds.ONCE_POINTS}[name]
    for kind in (KINDS.scanning, KINDS.failing):
        value, log = kind[name].grid(points, kinds.MOST_LOG_ODDS[name])
        assert np.exp(log).sum() == pytest.approx(1.0)
        assert (np.diff(value) > 0).all()
        mean = sum(w * a / (a + b) for a, b, w in kind[name].parts)
        assert float((value * np.exp(log)).sum()) == pytest.approx(mean, abs=0.05)


@settings(max_examples=50, deadline=None)
@given(st.permutations(list(range(6))))
def test_the_order_in_which_categories_come_changes_nothing(order: list[int]) -> None:
    key = kinds.category(
        failed=np.array([1, 1, 1, 0, 0, 1], bool),
        dropped=np.array([0, 0, 0, 0, 0, 1], bool),
        answered=np.array([0, 0, 0, 1, 1, 0], bool),
        popular=np.array([0, 1, 0, 1, 0, 0], bool),
        lone=np.array([1, 0, 2, 2, 2, 1]),
        once=np.array([1, 1, 0, 1, 0, 1]),
        loudness=np.array([1.0, 0.5, 0.05, 0.0, 0.0, 1.0]),
        other=np.array([0, 30, -60, 100, 0, 30]),
    )
    assert len(np.unique(key)) == 6
    number = np.array([9, 1, 4, 30, 2, 7])
    share = np.array([0.01])

    def weights_of(order: list[int]) -> list[float]:
        table = kinds.table(key[order].tolist(), KINDS)
        found = np.zeros((1, 6), np.int64)
        found[0, np.searchsorted(table.categories, key[order])] = number[order]
        return [kinds.log_scanning(found, table)[0], kinds.log_failing(found, found, share, table)[0]]

    assert weights_of(order) == weights_of(list(range(6)))


def share(contacts: int, *, failed: int = 0, udp: bool = False, others: int = 0, gone: int = 0) -> float:
    found = KINDS.failing_share(
        np.array([contacts]), failed=np.array([failed]), udp=np.array([udp]), others=np.array([others]),
        others_failed=np.array([gone]),
    )  # fmt: skip
    return float(found[0])


def test_failing_hosts_are_the_commoner_the_more_contacts_and_fully_expected_from_enough() -> None:
    by_number = [share(n) for n in (1, 2, 5, 10, 20, 50, 99, 100, 101, 5000)]
    assert by_number == sorted(by_number)
    assert by_number[-3:] == [pytest.approx(KINDS.share)] * 3
    assert share(50) == pytest.approx(KINDS.share * 0.5**KINDS.exponent)
    assert all(share(n, udp=True) > share(n) for n in (1, 10, 24, 99))
    assert share(25, udp=True) == pytest.approx(KINDS.share)


def test_with_ever_more_failed_targets_a_failing_host_is_rare_again() -> None:
    by_failed = [share(20_000, failed=n) for n in (0, 1, 499, 500, 501, 1000, 5000, 20_000)]
    assert by_failed[:4] == [pytest.approx(KINDS.share)] * 4
    assert all(a > b for a, b in pairwise(by_failed[3:]))
    assert share(20_000, failed=1000) == pytest.approx(KINDS.share / 2**KINDS.tail)


def test_who_fails_elsewhere_too_is_likelier_to_be_a_failing_host() -> None:
    few = share(4)
    # Not who fails at nothing, and not who fails at everything: that one scans several services.
    assert share(4, others=100, gone=0) == few
    assert share(4, others=100, gone=100) == pytest.approx(few)
    rising = [round(share(4, others=100, gone=n), 9) for n in (0, 5, 10, 15, 20, 50, 80)]
    assert rising == sorted(rising)
    assert rising[-3:] == [pytest.approx(KINDS.share)] * 3
    falling = [round(share(4, others=100, gone=n), 9) for n in (80, 90, 95, 99, 100)]
    assert falling == sorted(falling, reverse=True)
    assert share(4, others=100, gone=10) == pytest.approx(KINDS.share / 4)
    # The fewer contacts elsewhere, the less that share is known.
    known = [share(4, others=2 * n, gone=n) for n in (0, 1, 5, 10, 25, 50)]
    assert known == sorted(known)
    assert share(4, others=-3, gone=-3) == few


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 10_000), st.integers(0, 10_000), st.booleans(), st.integers(0, 500), st.integers(0, 500)
)
def test_the_prior_of_failing_hosts_is_a_share(
    n: int, failed: int, udp: bool, others: int, gone: int
) -> None:
    found = share(n, failed=min(failed, n), udp=udp, others=others, gone=min(gone, others))
    assert 0 <= found <= KINDS.share


def life(n: int, rate: float, *, lone: float, once: float, seed: int) -> list[Calls]:
    """A host's ``n`` contacts, of which a share ``rate`` fails: of these a share as bare SYNs, or tried once."""
    rng = np.random.default_rng(seed)
    failed, bare, again = rng.random(n) < rate, rng.random(n) < lone, rng.random(n) > once
    to, at = scattered(n, seed=seed, first=(30, 220)), np.arange(n) * 2.0
    return [
        calls(HOST, to[failed & bare], 80, at[failed & bare], answered=False),
        calls(HOST, to[failed & ~bare], 80, at[failed & ~bare], answered=False, octets=700),
        calls(HOST, to[~failed], 80, at[~failed]),
        calls(
            HOST,
            to[failed & again],
            80,
            at[failed & again] + 1,
            answered=False,
            sp=61_000 + np.arange((failed & again).sum()),
        ),
    ]


def weight(parts: list[Calls], *, timed: bool) -> int:
    """Tenths of the host's one activity."""
    s = seen(*parts)
    found = activities(s.contacts, s.weighed, but=np.zeros(len(s.contacts.client), np.bool_))
    (i,) = np.flatnonzero(s.contacts.client[found.order[found.start]] == HOST)
    rows = found.order[found.start[i] : found.end[i]]
    run = (found.run_start[[i]] - found.start[i], found.run_end[[i]] - found.start[i])
    return int(weigh(s.weighed, s.contacts, rows, NOBODY, run if timed else None).weight[0])


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("rate", [0.2, 0.3, 0.4, 0.5, 0.6])
def test_a_host_that_lives_with_failures_never_reaches_the_bound_by_itself(rate: float, timed: bool) -> None:
    # As benign failures are assumed to look: half of them bare SYNs, 36 % tried once only.
    heaviest = max(
        weight(life(400, rate, lone=0.475, once=0.36, seed=seed), timed=timed) for seed in range(12)
    )
    assert heaviest < weights.BOUND_INFECTED


@pytest.mark.parametrize("rate", [0.95, 1.0])
def test_a_scanner_reaches_the_bound_within_few_contacts(rate: float) -> None:
    after = []
    for seed in range(20):
        s = seen(*life(60, rate, lone=1.0, once=1.0, seed=seed))
        found = detection(s.weighed, s.contacts, s.of(HOST, 80), 0, 60, weights.BOUND_INFECTED)
        assert found is not None
        after.append(found)
    assert max(after) <= 10
    assert np.median(after) <= 4


def test_answers_take_back_what_failures_said() -> None:
    # The same failures weigh the less, the more of the other contacts were answered.
    to = scattered(300, seed=3)
    by_answers = []
    for answered in (0, 10, 30, 100, 290):
        parts = [calls(HOST, to[:10], 80, answered=False)]
        parts += [calls(HOST, to[10 : 10 + answered], 80)] if answered else []
        by_answers.append(weight(parts, timed=False))
    assert by_answers == sorted(by_answers, reverse=True)
    assert by_answers[0] > weights.BOUND_INFECTED > by_answers[-1]
