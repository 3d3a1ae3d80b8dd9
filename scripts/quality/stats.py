"""Bounds and averages of counted things."""

from __future__ import annotations

import math
from collections.abc import Sequence

CONFIDENCE = 0.95


def upper_bound(found: int, n: int, confidence: float = CONFIDENCE) -> float:
    """One-sided upper bound of a rate of which ``found`` of ``n`` were seen (Clopper, Pearson 1934).

    Of 0 found it is 1 − 0.05^(1/n), about 3/n: the rule of three. 1 where nothing was looked at.
    """
    if found >= n:
        return 1.0
    low, high = found / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(found, n, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def lower_bound(found: int, n: int, confidence: float = CONFIDENCE) -> float:
    """One-sided lower bound of a rate of which ``found`` of ``n`` were seen; 0 where nothing was looked at."""
    return 1.0 - upper_bound(n - found, n, confidence) if n else 0.0


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value that ``share`` of the values do not exceed (the lowest such); ``None`` of no values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _at_most(found: int, n: int, rate: float) -> float:
    """Chance of at most ``found`` of ``n`` at ``rate`` (binomial)."""
    if rate <= 0:
        return 1.0
    if rate >= 1:
        return float(found >= n)
    log_rate, log_rest = math.log(rate), math.log1p(-rate)
    total = 0.0
    for k in range(found + 1):
        ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        total += math.exp(ways + k * log_rate + (n - k) * log_rest)
    return total
