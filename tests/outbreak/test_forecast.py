"""Forecasts: the future lies in the interval where the data tell it, and is left open where they do not."""

import math

import numpy as np
import pytest
from tests.outbreak.epidemics import births

from slowworm.outbreak.forecast import Forecast, forecast
from slowworm.outbreak.growth import HOUR, fit, watch


def forecasts(
    onsets: np.ndarray, sources: int, hours: float, *, limit: float = 2**32, gap: float = 0.0
) -> tuple[Forecast, ...]:
    times = np.concatenate([np.zeros(sources), onsets[onsets <= hours]]) * HOUR
    growth = fit(watch(times, begin=0.0, end=hours * HOUR, gap=gap), limit=limit)
    assert growth is not None
    return forecast(growth)


@pytest.mark.parametrize(
    ("hours", "reach", "ahead"), [(1.5, math.inf, 0), (4.0, 1000, 0), (4.0, 1000, 1), (5.0, 1000, 2)]
)
def test_what_comes_lies_in_the_interval(hours: float, reach: float, ahead: int) -> None:
    rng = np.random.default_rng(int(hours * 10 + ahead))
    until = hours + (1, 6, 24)[ahead]
    hits = []
    for _ in range(40):
        onsets = births(rng, 1.8, 10, until, reach=reach)
        told = forecasts(onsets, 10, hours)[ahead]
        truth = 10 + len(onsets)
        hits.append(told.low <= truth <= (math.inf if told.high is None else told.high))
    assert np.mean(hits) >= 0.77  # nine in ten; 40 runs below this have a chance of 1 %


def test_before_it_slows_down_nobody_knows_how_far_it_will_go() -> None:
    rng = np.random.default_rng(1)
    onsets = births(rng, 1.8, 10, 2.0)
    hour, shift, day = forecasts(onsets, 10, 2.0)
    assert (hour.hours, shift.hours, day.hours) == (1.0, 6.0, 24.0)
    assert shift.median is None
    assert shift.high is None
    assert day.high is None
    # What holds in any case is still said, and never less later.
    assert 10 + len(onsets) < hour.low <= shift.low
    assert hour.low <= day.low


def test_once_it_has_slowed_down_the_end_is_known() -> None:
    rng = np.random.default_rng(2)
    day = forecasts(births(rng, 1.8, 10, 6.0, reach=2000), 10, 6.0)[2]
    assert day.high is not None
    assert 1950 <= day.low <= 2000 <= day.high <= 2050


def test_no_more_are_forecast_than_there_are_addresses() -> None:
    rng = np.random.default_rng(3)
    for told in forecasts(births(rng, 4.0, 10, 1.0), 10, 1.0, limit=1000):
        assert told.low <= 1000
        assert told.high is None or told.high <= 1000


def test_sources_seen_too_late_to_be_judged_count_as_infected() -> None:
    times = np.concatenate([np.linspace(300, 3000, 40), np.linspace(3500, 3590, 30)])
    growth = fit(watch(times, begin=0.0, end=3600.0, gap=20.0))
    assert growth is not None
    assert growth.watch.late == 30
    assert forecast(growth, hours=(0.001,))[0].low >= 70


def test_the_same_onsets_give_the_same_forecast() -> None:
    onsets = births(np.random.default_rng(4), 1.8, 10, 2.0)
    assert forecasts(onsets, 10, 2.0) == forecasts(onsets[::-1], 10, 2.0)
