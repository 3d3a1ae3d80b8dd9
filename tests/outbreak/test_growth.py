"""Growth: the K of simulated outbreaks is found, its interval holds it nine times in ten, no growth is no growth."""

import math

import numpy as np
import pytest
from tests.outbreak.epidemics import births

from slowworm.outbreak.growth import HOUR, MIN_ONSETS, Growth, fit, watch

RUNS = 50


def fitted(
    hours: np.ndarray, sources: int, length: float, *, gap: float = 0.0, limit: float = 2**32
) -> Growth | None:
    onsets = np.concatenate([np.zeros(sources), hours]) * HOUR
    return fit(watch(onsets, begin=0.0, end=length * HOUR, gap=gap), limit=limit)


def holds(found: list[Growth], k: float) -> float:
    return float(np.mean([g.per_hour_interval[0] <= k <= g.per_hour_interval[1] for g in found]))


def error(found: list[Growth], k: float) -> float:
    return float(np.median([abs(g.per_hour / k - 1) for g in found]))


@pytest.mark.parametrize(
    ("k", "sources", "hours", "reach"),
    [
        (0.7, 20, 2.2, math.inf),  # Code Red on 1 August 2001 (Staniford)
        (1.8, 10, 1.2, math.inf),  # on 19 July
        (1.8, 3, 2.0, math.inf),
        (2.6, 1, 2.2, math.inf),  # the Warhol check
        (1.8, 10, 5.0, 100),  # until everybody is infected
        (1.8, 10, 12.0, 2000),
        (math.log(2) / 8.5 * HOUR, 4, 0.03, 2000),  # Slammer's speed
    ],
)
def test_k_is_found_with_an_interval_that_holds_it(
    k: float, sources: int, hours: float, reach: float
) -> None:
    rng = np.random.default_rng(int(k * 100))
    found: list[Growth] = []
    while len(found) < RUNS:
        onsets = births(rng, k, sources, hours, reach=reach)
        if 50 <= len(onsets) <= 20_000:
            growth = fitted(onsets, sources, hours)
            assert growth is not None
            found.append(growth)
    assert error(found, k) <= 0.15
    # 90 % intervals: of 50 runs fewer than 39 has a chance of 1 %.
    assert holds(found, k) >= 0.78


def test_the_doubling_time_is_the_logarithm_of_two_over_k() -> None:
    rng = np.random.default_rng(1)
    growth = fitted(births(rng, 293.6, 20, 0.02), 20, 0.02)
    assert growth is not None
    assert growth.trend == "growing"
    assert growth.doubling_seconds == pytest.approx(8.5, rel=0.1)
    low, high = growth.doubling_interval or (0, 0)
    assert low < 8.5 < high
    assert growth.doubling_seconds == pytest.approx(math.log(2) / growth.per_hour * HOUR)


@pytest.mark.parametrize(("sources", "arrivals"), [(0, 20), (3, 20), (20, 60), (60, 60), (100, 10)])
def test_constant_arrivals_are_no_growth(sources: int, arrivals: int) -> None:
    rng = np.random.default_rng(arrivals + sources)
    found: list[Growth] = []
    while len(found) < RUNS:
        growth = fitted(rng.uniform(0, 1, rng.poisson(arrivals)), sources, 1.0)
        if growth is not None:
            found.append(growth)
    assert holds(found, 0.0) >= 0.8
    assert np.mean([g.doubling_seconds is None for g in found]) >= 0.85
    assert np.mean([g.trend == "growing" for g in found]) <= 0.05


@pytest.mark.parametrize(("sources", "per_hour", "k"), [(1, 5, 2.0), (10, 5, 2.0), (5, 30, 1.8)])
def test_growth_from_elsewhere_is_seen_though_those_here_infect_nobody(
    sources: int, per_hour: float, k: float
) -> None:
    # Arrivals at the rate c·e^(kt), whoever is infected here: an outbreak in the world outside.
    rng = np.random.default_rng(int(per_hour))
    found: list[Growth] = []
    for _ in range(RUNS):
        number = rng.poisson(per_hour * math.expm1(2 * k) / k)
        growth = fitted(np.log1p(rng.uniform(0, 1, number) * math.expm1(2 * k)) / k, sources, 2.0)
        assert growth is not None
        found.append(growth)
    assert error(found, k) <= 0.15
    assert holds(found, k) >= 0.80


def test_a_pool_that_is_used_up_is_slowing_and_may_never_have_grown() -> None:
    # A constant force from outside on 60 hosts, most of them infected within the hour.
    rng = np.random.default_rng(3)
    onsets = rng.exponential(0.4, 60)
    growth = fitted(onsets[onsets < 1.0], 0, 1.0)
    assert growth is not None
    assert growth.trend == "slowing"
    assert growth.per_hour_interval[0] < 0
    assert growth.doubling_seconds is None


def test_saturation_shows_as_the_share_infected() -> None:
    rng = np.random.default_rng(4)
    growth = fitted(births(rng, 1.8, 10, 4.0, reach=500), 10, 4.0)
    assert growth is not None
    assert growth.trend == "slowing"
    assert growth.saturation[0] > 0.8
    early = fitted(births(rng, 1.8, 10, 1.5), 10, 1.5)
    assert early is not None
    assert early.saturation[0] < 1e-3


def test_a_host_that_scans_by_itself_hours_before_does_not_hide_the_growth() -> None:
    rng = np.random.default_rng(5)
    found: list[Growth] = []
    for _ in range(30):
        onsets = 8.0 + births(rng, 2.0, 2, 2.0)
        growth = fitted(np.concatenate([[0.5], [8.0, 8.0], onsets]), 0, 10.0)
        if growth is not None and len(onsets) >= 50:
            found.append(growth)
    assert len(found) > 10
    assert error(found, 2.0) <= 0.15


def seen_through_a_prefix(
    rng: np.random.Generator, k: float, gap: float, hours: float
) -> tuple[np.ndarray, np.ndarray]:
    """First-seen times in hours, and gaps, of sources whose probes arrive here after exponential gaps; flagged from
    the fourth on. The outbreak began an hour before."""
    onsets = np.concatenate([np.zeros(5), births(rng, k, 5, hours + 1)]) - 1
    first, gaps = [], []
    for onset in onsets:
        probes = np.sort(rng.uniform(onset, hours, rng.poisson((hours - onset) / gap)))
        probes = probes[probes >= 0]
        if len(probes) >= 4:
            first.append(probes[0])
            gaps.append((probes[-1] - probes[0]) / (len(probes) - 1))
    return np.array(first), np.array(gaps)


@pytest.mark.parametrize("gap", [0.001, 0.05, 0.17])
def test_seen_through_a_small_prefix_the_growth_is_the_same(gap: float) -> None:
    rng = np.random.default_rng(6)
    found: list[Growth] = []
    naive: list[Growth] = []
    for _ in range(20):
        first, gaps = seen_through_a_prefix(rng, 1.8, gap, 3.0)
        usual = float(np.quantile(gaps, 0.75)) * HOUR
        for wanted, kept in ((usual, found), (0.0, naive)):
            growth = fit(watch(first * HOUR, begin=0.0, end=3.0 * HOUR, gap=wanted))
            assert growth is not None
            kept.append(growth)
    assert error(found, 1.8) <= 0.10
    assert holds(found, 1.8) >= 0.70  # the gaps add noise of their own
    # What the gap is for: without it the sources that show one after another at the beginning look like growth.
    assert gap < 0.01 or error(naive, 1.8) > 0.2


def test_the_beginning_and_the_end_of_an_observation_are_left_to_settle() -> None:
    seen = watch(np.array([50.0, 10.0, 700.0, 3000.0, 3590.0, 9999.0]), begin=0.0, end=3600.0, gap=10.0)
    assert (seen.start, seen.stop) == (30.0, 3540.0)
    assert (seen.at_start, seen.late) == (1, 1)
    assert seen.onsets.tolist() == [50.0, 700.0, 3000.0]


def test_too_few_onsets_or_all_at_once_give_no_growth() -> None:
    times = np.linspace(100, 3000, MIN_ONSETS)
    assert fit(watch(times[:-1], begin=0.0, end=3600.0)) is None
    assert fit(watch(times, begin=0.0, end=3600.0)) is not None
    assert fit(watch(np.full(50, 1800.0), begin=0.0, end=3600.0)) is None
    assert fit(watch(np.zeros(0), begin=0.0, end=3600.0)) is None
    # So short an observation against the gaps that nothing is settled.
    assert fit(watch(times, begin=0.0, end=3600.0, gap=1000.0)) is None


def test_the_order_of_onsets_does_not_show() -> None:
    rng = np.random.default_rng(8)
    onsets = births(rng, 1.8, 5, 2.0) * HOUR
    one = fit(watch(onsets, begin=0.0, end=7200.0))
    other = fit(watch(rng.permutation(onsets), begin=0.0, end=7200.0))
    assert one is not None
    assert other is not None
    assert (one.per_hour, one.per_hour_interval) == (other.per_hour, other.per_hour_interval)


def test_a_hundred_thousand_onsets_are_fitted_sharply() -> None:
    rng = np.random.default_rng(9)
    u = rng.uniform(0, 1, 100_000)
    # A deterministic logistic curve, K = 1.8, 360,000 hosts, from 10 (Code Red v2): its onsets up to hour 6.
    share0 = 10 / 360_000
    z0 = math.log(share0 / (1 - share0))
    top = 1 / (1 + math.exp(-(z0 + 1.8 * 6)))
    share = share0 + u * (top - share0)
    onsets = np.sort((np.log(share / (1 - share)) - z0) / 1.8)[: int((top - share0) * 360_000)]
    growth = fitted(onsets, 10, 6.0)
    assert growth is not None
    assert growth.per_hour == pytest.approx(1.8, rel=0.05)
