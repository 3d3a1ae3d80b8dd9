"""How many will be infected: the fitted growth carried on, with what cannot be known left open.

Each draw from the posterior of :mod:`slowworm.outbreak.growth` is one future. Its mean follows the logistic curve in
closed form; around it the births are negative binomial (exactly so for pure birth with immigration: Kendall, Stochastic
processes and population growth, J. Royal Statistical Society B 11, 1949), drawn as a Poisson number whose mean has a
gamma distribution.

How many hosts are within reach is not in the data before the growth slows down; the prior spreads it over all powers of
ten up to the limit. A quantile that moves when the upper half of those powers is left out is the prior's and not the
data's: it is ``None``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.outbreak.growth import HOUR, SEED, Draws, Growth

Floats = npt.NDArray[np.float64]

HORIZONS = (1.0, 6.0, 24.0)
"""Hours ahead: time to react, the shift, the day."""

QUANTILES = (0.05, 0.5, 0.95)

TOLD_BY_DATA = 0.25
"""Change of a quantile, as a share of it, when the allowed numbers of hosts within reach are halved by powers of ten,
from which it is left open. Halving moves what the data tell by a few hundredths, what they do not tell by factors."""

LARGEST = 1e15
"""Mean beyond which an increment is cut off: far beyond any limit, still exact as a float."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Sources infected ``hours`` after the observation ends, 5, 50 and 95 % quantiles.

    ``None``: the data do not bound it, as how many hosts are within reach does not show yet. ``low`` is then what
    holds in either case.
    """

    hours: float
    low: int
    median: int | None
    high: int | None


def forecast(growth: Growth, *, hours: Sequence[float] = HORIZONS) -> tuple[Forecast, ...]:
    """Infected sources at each of ``hours`` after the end of the observation, those at its beginning included."""
    seen = growth.watch
    infected = seen.at_start + len(seen.onsets)
    made = []
    for ahead in hours:
        total = infected + _increments(growth.draws, infected, ahead + (seen.end - seen.stop) / HOUR)
        total = np.maximum(total, infected + seen.late)
        quantiles = np.quantile(total, QUANTILES)
        nearer = np.quantile(total[growth.draws.near], QUANTILES) if growth.draws.near.any() else quantiles
        told = np.abs(nearer - quantiles) <= TOLD_BY_DATA * quantiles
        made.append(
            Forecast(
                hours=ahead,
                low=round(float(min(quantiles[0], nearer[0]))),
                median=round(float(quantiles[1])) if told[1] else None,
                high=round(float(quantiles[2])) if told[2] else None,
            )
        )
    return tuple(made)


def _increments(draws: Draws, infected: int, hours: float) -> Floats:
    """New onsets in the coming hours, one number for each draw."""
    rng = np.random.default_rng(SEED)
    k, left = draws.k, draws.reach - infected
    # The rate K (I + b) (1 − I/N) is logistic in I + b, with the ceiling N + b.
    ceiling, speed = draws.reach + draws.unseen, k * (draws.reach + draws.unseen) / draws.reach
    sources = rng.standard_gamma(np.maximum(infected + draws.unseen, 1e-9))
    room = np.maximum(ceiling - sources, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):  # for K < 0, which takes the other branch
        decay = np.exp(-speed * hours)
        up = sources * room * -np.expm1(-speed * hours) / (sources + room * decay)
    down = left * -np.expm1(np.minimum(k, 0.0) * hours)
    mean = np.where(k > 0, up, down)
    mean = np.clip(np.nan_to_num(mean), 0.0, LARGEST)
    result: Floats = np.minimum(rng.poisson(mean), left)
    return result
