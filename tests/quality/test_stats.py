"""Bounds against published values, and quantiles."""

import pytest
from scripts.quality.stats import lower_bound, quantile, upper_bound


def test_nothing_in_n_is_bounded_by_the_rule_of_three() -> None:
    assert upper_bound(0, 30_000) == pytest.approx(3 / 30_000, rel=0.002)
    assert upper_bound(0, 10) == pytest.approx(1 - 0.05 ** (1 / 10))


def test_bounds_of_one_and_more_are_those_of_clopper_and_pearson() -> None:
    # Exact two-sided 90 % intervals (one-sided 95 %): 1 of 10 is 0.0051 to 0.3942, 5 of 20 is 0.1041 to 0.4556.
    assert upper_bound(1, 10) == pytest.approx(0.3942, abs=1e-4)
    assert lower_bound(1, 10) == pytest.approx(0.0051, abs=1e-4)
    assert upper_bound(5, 20) == pytest.approx(0.4556, abs=1e-4)
    assert lower_bound(5, 20) == pytest.approx(0.1041, abs=1e-4)


def test_all_and_nothing_looked_at() -> None:
    assert upper_bound(5, 5) == upper_bound(0, 0) == 1.0
    assert lower_bound(0, 0) == 0.0
    assert lower_bound(100, 100) == pytest.approx(0.05 ** (1 / 100))


def test_quantiles_are_values_that_occur() -> None:
    assert quantile([], 0.5) is None
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile([1, 2, 3, 4], 0.5) == 2
    assert quantile([1, 2, 3, 4], 0.95) == 4
