"""Who infected whom, as probabilities: competing exposures, a delay learnt from the data, and causes not seen.

A host is exposed by the calls of infectious sources and, at a rate of their own, by causes that are not seen. The first
exposure that succeeds infects it; after a delay it begins to scan, which is its onset. So exposure k of a host has the
weight

    w_k = a_k · Π over earlier ones (1 − a_l) · exp(−U(t_k)) · g(onset − t_k)

with a the chance that a call infects (by its outcome, and whether its source is flagged), U the unseen exposure so far
and g the density of the delay; unseen causes have ∫ u(t) · Π (1 − a_l) · exp(−U(t)) · g(onset − t) dt. Divided by their
sum these are probabilities. This is the likelihood of Wallinga and Teunis (Different epidemic curves for severe acute
respiratory syndrome, Am. J. Epidemiology 160, 2004) with the pairs that met instead of all pairs; where every flow is
seen it does what random moonwalks do by chance (Xie et al., Worm origin identification using random moonwalks, IEEE
S&P 2005).

a, g and the rate of unseen causes are learnt by expectation maximisation over all hosts of the incident. Where flows
are sampled only a share p of the exposures is seen, and each that is seen stands for (1 − p)/p like it that are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.outbreak.delays import SHORTEST, USUAL_DELAY, Delays
from slowworm.outbreak.exposures import CALL, CALL_ANSWERED, STRANGER, STRANGER_ANSWERED, Exposures

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SECOND = 1e9

INFECTS: dict[int, tuple[float, float]] = {
    CALL: (2.0, 2.0),
    CALL_ANSWERED: (8.0, 2.0),
    STRANGER: (0.5, 50.0),
    STRANGER_ANSWERED: (1.0, 20.0),
}
"""Beta prior of the chance that a call infects a host which is infected in the end: hits, misses. Worms seldom need
two answered calls; how often a call of unknown outcome infects is left to the data (a UDP worm needs no answer). A
stranger's call is mostly what it seems; but somebody brought the worm in, and he may have called but once."""

FAILED_INFECTS = 0.01
"""The same for a call that failed, not learnt: how often ``failed`` is wrong, as an exploit in three packets is."""

UNSEEN_PRIOR = 0.5
"""Infections by unseen causes taken as observed before any is: a cause elsewhere is never ruled out."""

ROUNDS = 40
SETTLED = 1e-3
"""Rounds of learning at most, and the change of any host's unseen probability below which it ends."""

SPANS = 64
"""Spans, with equally many onsets each, in which the rate of exposures is taken as constant (sampled flows only)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """``probability``: per exposure, that it is what infected its target. ``unseen``: per host, that none of them is
    (1 for hosts that are not judged). ``delay``: median delay in seconds from exposure to onset as learnt."""

    probability: Floats
    unseen: Floats
    delay: float


def links(found: Exposures, *, onset: Ints, judged: Bools, begin: int, seen_share: float = 1.0) -> Links:
    """Probabilities of the exposures, in the order :func:`slowworm.outbreak.exposures.exposures` leaves them.

    ``onset``: ns by host; ``judged``: hosts whose onset was observed; ``begin``: ns, when observation began.
    ``seen_share``: share of infecting calls that are seen, 1 where flows are not sampled.
    """
    unseen = np.ones(len(onset))
    if not len(found.target):
        return Links(probability=np.zeros(0), unseen=unseen, delay=USUAL_DELAY)
    model = _Model.of(found, onset, judged, begin)
    state = model.unlearnt(seen_share)
    for _ in range(ROUNDS):
        probability, between, unseen_by_group = model.weigh(state)
        change = np.abs(unseen[model.host] - unseen_by_group).max()
        unseen[model.host] = unseen_by_group
        if change < SETTLED:
            break
        state = model.learn(state, probability, between, unseen_by_group)
    return Links(probability=probability, unseen=unseen, delay=state.delays.median)


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What is learnt: chances by kind of exposure, delays, and exposure to unseen causes.

    ``apart``: per second, of causes that have nothing to do with the exposures; ``edges``, ``rate``: the rate of
    exposures per second and host in each span of time; ``odds``: unseen exposures for each seen one.
    """

    infects: Floats
    delays: Delays
    apart: float
    edges: Floats
    rate: Floats
    odds: float

    def unseen(self, seconds: Floats) -> Floats:
        """Rate of all unseen exposure at these times."""
        span = np.clip(np.searchsorted(self.edges, seconds, side="right") - 1, 0, len(self.rate) - 1)
        result: Floats = self.apart + self.odds * self.rate[span]
        return result

    def so_far(self, seconds: Floats) -> Floats:
        """Unseen exposure from the beginning to these times."""
        total = np.concatenate([[0.0], np.cumsum(self.rate * np.diff(self.edges))])
        result: Floats = self.apart * seconds + self.odds * np.interp(seconds, self.edges, total)
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """Exposures grouped by host: rows from ``start[i]`` are of ``host[i]``, ``group`` is i for each row.

    ``at``: seconds since the beginning; ``age``, ``until``: seconds from the exposure's first and last moment to the
    onset; ``younger``: ``age`` of the next exposure, 0 for the last. ``onset``: of the groups, ``alone``: of judged
    hosts without exposures.
    """

    host: Ints
    start: Ints
    group: Ints
    kind: Ints
    at: Floats
    age: Floats
    until: Floats
    younger: Floats
    onset: Floats
    alone: Floats

    @classmethod
    def of(cls, found: Exposures, onset: Ints, judged: Bools, begin: int) -> _Model:
        host, start, size = np.unique(found.target, return_index=True, return_counts=True)
        group = np.repeat(np.arange(len(host)), size)
        since = np.maximum((onset - begin) / SECOND, SHORTEST)
        at = np.maximum((found.first - begin) / SECOND, 0.0)
        age = np.maximum(since[found.target] - at, 0.0)
        younger = np.append(age[1:], 0.0)
        younger[start[1:] - 1] = 0.0
        return cls(
            host=host,
            start=start,
            group=group,
            kind=found.kind,
            at=at,
            age=age,
            until=np.maximum(since[found.target] - (found.last - begin) / SECOND, 0.0),
            younger=younger,
            onset=since[host],
            alone=since[np.setdiff1d(np.flatnonzero(judged), host)],
        )

    def unlearnt(self, seen_share: float) -> _State:
        """Before learning: prior chances, usual delays, hosts without exposures infected by something unseen."""
        onsets = np.concatenate([self.onset, self.alone])
        edges = np.unique(np.concatenate([[0.0], np.quantile(onsets, np.linspace(0, 1, SPANS + 1)[1:])]))
        infects = np.array([FAILED_INFECTS, *(a / (a + b) for a, b in INFECTS.values())])
        return _State(
            infects=infects,
            delays=Delays.usual(),
            apart=(UNSEEN_PRIOR + len(self.alone)) / float(onsets.sum()),
            edges=edges,
            rate=self._rate(infects, edges),
            odds=(1.0 - seen_share) / seen_share,
        )

    def weigh(self, state: _State) -> tuple[Floats, Floats, Floats]:
        """Probability of each exposure, that of an unseen cause between it and the next, and of any by group."""
        chance = state.infects[self.kind]
        missed = np.log1p(-np.minimum(chance, 1.0 - 1e-9))
        after = np.cumsum(missed)
        after -= (after - missed)[self.start][self.group]
        # A call that lasts infects at some moment of it, each as likely as the other.
        lasted = np.maximum(self.age - self.until, SHORTEST)
        density = (state.delays.within(self.age) - state.delays.within(self.age - lasted)) / lasted
        weight = chance * np.exp(after - missed - state.so_far(self.at)) * density
        middle = self.at + (self.age - self.younger) / 2
        between = state.unseen(middle) * np.exp(after - state.so_far(middle))
        between *= state.delays.within(self.age) - state.delays.within(self.younger)
        first = self.age[self.start]
        middle = (self.onset - first) / 2
        earlier = state.unseen(middle) * np.exp(-state.so_far(middle))
        earlier *= state.delays.within(self.onset) - state.delays.within(first)
        unseen = np.maximum(earlier, 0.0) + np.add.reduceat(between, self.start)
        total = unseen + np.add.reduceat(weight, self.start)
        # Delays longer than any in the histogram leave nothing to compare: then no cause is seen.
        scale = np.where(total > 0, 1.0 / np.maximum(total, np.finfo(float).tiny), 0.0)
        share = np.where(total > 0, unseen * scale, 1.0)
        return weight * scale[self.group], between * scale[self.group], share

    def learn(self, state: _State, probability: Floats, between: Floats, unseen: Floats) -> _State:
        """The state that fits these probabilities best, with the priors."""
        # At risk from an exposure is who was infected by it, or later.
        later = np.cumsum((probability + between)[::-1])[::-1]
        following = np.append(later[self.start[1:]], 0.0)
        at_risk = later - following[self.group]
        kinds = 1 + len(INFECTS)
        hits, risks = (np.bincount(self.kind, part, kinds) for part in (probability, at_risk))
        infects = np.array(
            [FAILED_INFECTS, *((a + hits[k]) / (a + b + risks[k]) for k, (a, b) in INFECTS.items())]
        )
        apart = unseen * state.apart / state.unseen(self.onset)
        alone = state.apart / state.unseen(self.alone)
        time = float(self.onset.sum() + self.alone.sum())
        return _State(
            infects=infects,
            delays=Delays.learnt((self.age + self.until) / 2, probability),
            apart=(UNSEEN_PRIOR + float(apart.sum() + alone.sum())) / time,
            edges=state.edges,
            rate=self._rate(infects, state.edges),
            odds=state.odds,
        )

    def _rate(self, infects: Floats, edges: Floats) -> Floats:
        """Seen exposures that would infect, per second and host not yet scanning, in each span."""
        span = np.clip(np.searchsorted(edges, self.at, side="right") - 1, 0, len(edges) - 2)
        exposed = np.bincount(span, infects[self.kind], len(edges) - 1)
        onsets = np.sort(np.concatenate([self.onset, self.alone]))
        before = np.searchsorted(onsets, edges)
        time = np.append(0.0, np.cumsum(onsets))[before] + edges * (len(onsets) - before)
        result: Floats = exposed / np.maximum(np.diff(time), SHORTEST)
        return result
