"""How fast an outbreak grows: growth per hour and doubling time, with intervals, from the onset times of its sources.

Model. With I sources infected, new ones appear at the rate K (I + b) (1 − I/N): a pure birth process, the stochastic
form of the random constant spread of Staniford, Paxson and Weaver (How to 0wn the Internet, USENIX Security 2002), as
Rohloff and Başar use it for worms (Deterministic and stochastic models for the detection of random constant scanning
worms, ACM TOMACS 18, 2008). N is how many can be infected, b how many infect without being among the sources that are
seen. As b grows the rate becomes K b, whatever I is: constant arrivals, K = 0. Beyond that lies a decline, the rate
κ (B − I) of a force from elsewhere that uses up a pool of B; it is given as K = −κ.

With n onsets, times t_j, and the I_j infected just before each, the likelihood is exact,

    log L = n log K + Σ log (I_j + b) + Σ log (1 − I_j/N) − K ∫ (I + b) (1 − I/N) dt

so that K is Gamma(n + 1) given b and N. Those two are integrated on a grid, with flat priors for K, log (N − I) (from
half a host to ``limit``) and log (I₀ + b). That b = 0, the sources active at the beginning being the parents of the
rest, has a prior of its own, ``PARENTS_SEEN``; where the times contradict it, it loses its weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

HOUR = 3600.0

ALL_OF_IPV4 = 2**32

MIN_ONSETS = 8
"""Onsets below which no growth is given: the interval of K would be wider than a factor of five."""

INTERVAL = (0.05, 0.95)
"""Quantiles of the 90 % intervals."""

PARENTS_SEEN = 0.2
"""Prior that the sources active at the beginning are the parents of the rest. At 0.5 the intervals of constant
arrivals exclude 0 twice as often as they should; at 0 the error of K over one or two doublings is twice as large."""

PARENTS_SPREAD = 0.2
"""How far (in natural log) the infectious ones at the beginning may then differ from those counted."""

START_RANGE = 13.8
"""Natural log of the range (a million) that the infectious ones at the beginning have otherwise."""

NO_TREND = 0.25
"""Change of the rate of onsets, in e-folds over the observation, below which it counts as level."""

SETTLING_GAPS = 3.0
"""Gaps between two seen probes of a source after which it would have been seen had it been active: 95 % are."""

FLAGGING_GAPS = 6.0
"""Gaps a new source needs until enough of its probes are seen to flag it: onsets later than that before the end
are incomplete and left out."""

LEAST_LEFT = 8.0
"""Hosts still within reach at the least, where a limit is given that is nearly reached, or already passed."""

NEGLIGIBLE = 12.0
"""Log posterior below the maximum from which a point of the grid no longer matters (e^−12)."""

CLOSER = 5
"""Closer looks of the grid: each is a few times narrower, and with 100,000 onsets the peak is a thousandth wide."""

DRAWS = 10_000
SEED = 20010719
"""Seed of the draws from the posterior: the same flows always give the same figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The part of an observation in which onsets are seen as they happen. Times in seconds.

    ``onsets``: sorted, later than ``start``, not later than ``stop``. ``at_start``: sources that were active by
    ``start``, so that their onset is not known (left-censored). ``late``: seen after ``stop``; ``end``: of all.
    """

    onsets: Floats
    start: float
    stop: float
    end: float
    at_start: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Draws from the posterior: ``k`` per hour (negative: decline), ``unseen`` b, ``reach`` N.

    For a decline ``reach`` is the pool B and ``unseen`` is 0. ``near``: draws whose N lies in the lower half, by
    powers of ten, of what is allowed.
    """

    k: Floats
    unseen: Floats
    reach: Floats
    near: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Growth K per hour with its 90 % interval; negative where the onsets become rarer.

    ``trend``: the rate of onsets at the end is ``growing`` or ``slowing`` with 95 %, else ``unclear``.
    ``saturation``: 90 % interval of the share of those within reach that are infected by now.
    """

    per_hour: float
    per_hour_interval: tuple[float, float]
    trend: str
    saturation: tuple[float, float]
    watch: Watch = field(repr=False, compare=False)
    draws: Draws = field(repr=False, compare=False)

    @property
    def doubling_seconds(self) -> float | None:
        """ln 2 / K; ``None`` where the interval of K reaches 0."""
        return _doubling(self.per_hour) if self.per_hour_interval[0] > 0 else None

    @property
    def doubling_interval(self) -> tuple[float, float] | None:
        """90 % interval of the doubling time in seconds."""
        low, high = self.per_hour_interval
        return (_doubling(high), _doubling(low)) if low > 0 else None


def watch(onsets: Floats, *, begin: float, end: float, gap: float = 0.0) -> Watch:
    """What of an observation from ``begin`` to ``end`` can be used for growth. Times in seconds.

    ``gap``: seconds between two seen probes of one source, 0 where every probe is seen. A source that was active
    before ``begin`` shows within a few gaps; one that became active just before ``end`` is not flagged yet.
    """
    times = np.sort(np.asarray(onsets, np.float64))
    times = times[(times >= begin) & (times <= end)]
    start, stop = begin + SETTLING_GAPS * gap, end - FLAGGING_GAPS * gap
    at_start = int(np.searchsorted(times, start, side="right"))
    by_stop = max(int(np.searchsorted(times, stop, side="right")), at_start)
    return Watch(
        onsets=times[at_start:by_stop],
        start=start,
        stop=stop,
        end=end,
        at_start=at_start,
        late=len(times) - by_stop,
    )


def fit(seen: Watch, *, limit: float = ALL_OF_IPV4) -> Growth | None:
    """Growth from what was seen; ``None`` with fewer than ``MIN_ONSETS`` onsets, or with all of them at once.

    ``limit``: no more hosts than this can be infected.
    """
    if len(seen.onsets) < MIN_ONSETS or seen.onsets[-1] == seen.onsets[0]:
        return None
    if not seen.at_start:
        # Nobody is there to infect the first: what follows is judged from its onset on.
        seen = replace(seen, start=float(seen.onsets[0]), onsets=seen.onsets[1:], at_start=1)
    n = len(seen.onsets)
    posterior = _Posterior.of(seen, limit)
    draws = posterior.draws()
    low, middle, high = (float(q) for q in np.quantile(draws.k, (INTERVAL[0], 0.5, INTERVAL[1])))
    infected = seen.at_start + n
    rate = 1.0 / (infected + draws.unseen) - 1.0 / (draws.reach - infected)
    slope = np.where(draws.k > 0, rate * (infected + draws.unseen) * (1 - infected / draws.reach), 1.0)
    change = slope * draws.k * (seen.stop - seen.start) / HOUR
    share = infected / draws.reach
    return Growth(
        per_hour=middle,
        per_hour_interval=(low, high),
        trend=_trend(change),
        saturation=(float(np.quantile(share, INTERVAL[0])), float(np.quantile(share, INTERVAL[1]))),
        watch=seen,
        draws=draws,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posterior:
    """What the likelihood needs: ``n`` onsets after ``at_start``, and the integrals of 1, I and I² over the hours."""

    n: int
    at_start: int
    hours: float
    once: float
    twice: float
    room: float

    @classmethod
    def of(cls, seen: Watch, limit: float) -> _Posterior:
        n = len(seen.onsets)
        spells = np.diff(np.concatenate([[seen.start], seen.onsets, [seen.stop]])) / HOUR
        infected = seen.at_start + np.arange(n + 1, dtype=np.float64)
        return cls(
            n=n,
            at_start=seen.at_start,
            hours=float(spells.sum()),
            once=float(spells @ infected),
            twice=float(spells @ infected**2),
            room=math.log(max(limit - infected[-1], LEAST_LEFT)),
        )

    @property
    def infected(self) -> int:
        return self.at_start + self.n

    def draws(self) -> Draws:
        """Draws of K, b and N, growth and decline by their posterior weights."""
        rng = np.random.default_rng(SEED)
        start, left, growing, exposure = self._growing()
        pool, falling, hazard = self._falling()
        weight = np.concatenate([growing.ravel(), falling])
        top = weight.max()
        chosen = rng.choice(len(weight), DRAWS, p=np.exp(weight - top) / np.exp(weight - top).sum())
        rows, columns = np.unravel_index(np.minimum(chosen, growing.size - 1), growing.shape)
        up = chosen < growing.size
        down = np.maximum(chosen - growing.size, 0)
        k = rng.standard_gamma(self.n + 1, DRAWS)
        jitter = left[columns] + rng.uniform(-0.5, 0.5, DRAWS) * (left[1] - left[0])
        jitter = np.minimum(jitter, self.room)
        k = np.where(up, k / exposure[rows, columns], -k / hazard[down])
        prior = 1.0 / (1.0 + np.abs(k) * self.hours)
        keep = rng.choice(DRAWS, DRAWS, p=prior / prior.sum())
        return Draws(
            k=k[keep],
            unseen=np.where(up, np.exp(start[rows]) - self.at_start, 0.0)[keep],
            reach=(self.infected + np.exp(np.where(up, jitter, np.log(pool[down]))))[keep],
            near=(~up | (jitter < self.room / 2))[keep],
        )

    def _growing(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Grids of log (I₀ + b) and log (N − I), log posterior and exposure (hours of infectious hosts) on them."""
        start, left = np.arange(-7.0, 30.0, 0.25), np.linspace(math.log(0.5), self.room, 80)
        for number in (61,) * CLOSER + (121,):
            value, _ = self._grow(start, left)
            near = [value.max(axis=axis) > value.max() - NEGLIGIBLE for axis in (1, 0)]
            start, left = _closer(start, near[0], number), _closer(left, near[1], number)
        value, exposure = self._grow(start, left)
        cell = (start[1] - start[0]) * (left[1] - left[0])
        return start, left, value + math.log(cell / (self.room - math.log(0.5))), exposure

    def _grow(self, start: Floats, left: Floats) -> tuple[Floats, Floats]:
        unseen, reach = np.exp(start)[:, None] - self.at_start, self.infected + np.exp(left)[None, :]
        exposure = self.once + unseen * self.hours - (self.twice + unseen * self.once) / reach
        births = _log_gamma(start, self.n) - _log_gamma(start, 0)
        room = _log_gamma(np.log(np.exp(left) + 1.0), self.n) - _log_gamma(np.log(np.exp(left) + 1.0), 0)
        room -= self.n * np.log(reach[0])
        value = (
            births[:, None] + room[None, :] - (self.n + 1) * np.log(exposure) + self._prior(start)[:, None]
        )
        return value, exposure

    def _prior(self, start: Floats) -> Floats:
        """Log density of log (I₀ + b)."""
        otherwise = (1.0 - PARENTS_SEEN) / START_RANGE
        off = (start - math.log(self.at_start)) / PARENTS_SPREAD
        density = np.exp(-(off**2) / 2.0) / (math.sqrt(2.0 * math.pi) * PARENTS_SPREAD)
        result: Floats = np.log(PARENTS_SEEN * density + otherwise)
        return result

    def _falling(self) -> tuple[Floats, Floats, Floats]:
        """Grid of the pool that is left, log posterior and exposure (hours of those still to be infected) on it."""
        left = np.linspace(math.log(0.5), math.log(self.n) + 12.0, 200)
        pool = np.exp(left)
        exposure = (pool + self.infected) * self.hours - self.once
        value = _log_gamma(np.log(pool + 1.0), self.n) - _log_gamma(np.log(pool + 1.0), 0)
        value -= (self.n + 1) * np.log(exposure)
        # The prior is flat in the log of the rate at the beginning, as it is for growth.
        value += (
            left - np.log(pool + self.n) + math.log((1.0 - PARENTS_SEEN) / START_RANGE * (left[1] - left[0]))
        )
        return pool, value, exposure


def _log_gamma(log_value: Floats, more: int) -> Floats:
    """log Γ(exp(``log_value``) + ``more``)."""
    return np.array([math.lgamma(math.exp(v) + more) for v in log_value.tolist()])


def _closer(points: Floats, near: npt.NDArray[np.bool_], number: int) -> Floats:
    """A grid over the points that matter and their neighbours."""
    at = np.flatnonzero(near)
    low, high = points[max(at[0] - 1, 0)], points[min(at[-1] + 1, len(points) - 1)]
    return np.linspace(low, high, number)


def _trend(change: Floats) -> str:
    if float((change > NO_TREND).mean()) >= INTERVAL[1]:
        return "growing"
    return "slowing" if float((change < -NO_TREND).mean()) >= INTERVAL[1] else "unclear"


def _doubling(per_hour: float) -> float:
    return math.log(2.0) / per_hour * HOUR
