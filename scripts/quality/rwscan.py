"""SiLK's rwscan: the threshold random walk over a source's flows, then the published logistic regression.

Coefficients and cut-offs: rwscan.h of SiLK 3 (Carnegie Mellon University), after Gates, McNutt, Kadane, Kellner,
Scan Detection on Very Large Networks Using Logistic Regression Modeling, ISCC 2006.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from scripts.quality.attempts import ACK, FIN, RST, SYN, Attempts, Bools, Ints
from scripts.quality.counting import LOW_PORTS, Site
from scripts.quality.scores import Alarms, Floats, codes, sessions
from scripts.quality.walks import ALPHA, BETA, STEP
from slowworm.flows.services import ICMP, TCP, UDP

EVENT_GAP = 300.0
MIN_FLOWS = 32
"""Flows that the regression needs."""

SMALL_PACKETS, PAYLOAD_OCTETS = 3, 60
LOG_UPPER, LOG_LOWER = math.log(BETA / ALPHA), math.log((1 - BETA) / (1 - ALPHA))
MIN_MISSES = 4
"""Below so many misses the walk cannot reach its upper bound."""


@dataclass(frozen=True, kw_only=True)
class Rwscan:
    """Events of sources; the score is the margin by which an event passes either test, in log odds.

    Above 0 the walk exceeds its bound of 99 to 1, or the regression gives more than one half.
    """

    attempts: Attempts
    live: Ints
    """Addresses that answered somebody, sorted: a SYN to one of them is a hit whatever came back."""
    only: Ints | None = None
    """Sources to look at; all of them by default."""
    _begun: dict[tuple[int, int], float] = field(default_factory=dict, init=False, repr=False)
    """Scores of beginnings of events, by number and length: other thresholds ask for the same ones."""

    @property
    def source(self) -> Ints:
        """Sources with an event that could be judged, each once."""
        return np.unique(self._judged[0])

    @property
    def best(self) -> Floats:
        """The highest score of each."""
        sources, group = np.unique(self._judged[0], return_inverse=True)
        best = np.full(len(sources), -np.inf)
        np.maximum.at(best, group, self._judged[1])
        return best

    def alarms(self, threshold: float) -> Alarms:
        """Who exceeds ``threshold``, and the earliest flow up to which the event already did."""
        found: dict[int, int] = {}
        for number, (source, score, rows) in enumerate(zip(*self._judged, strict=True)):
            if score > threshold:
                when = int(self.attempts.time[rows[self._earliest(number, threshold) - 1]])
                found[int(source)] = min(when, found.get(int(source), when))
        sources = np.array(sorted(found), np.int64)
        times = np.array([found[int(s)] for s in sources], np.int64)
        return Alarms(source=sources, time=times, contacts=self.attempts.contacts_until(sources, times))

    def of(self, sources: Ints) -> Rwscan:
        """The scores of these sources only."""
        return replace(self, only=sources)

    @cached_property
    def _judged(self) -> tuple[Ints, Floats, list[Ints]]:
        a = self.attempts
        event = sessions(codes(a.source, a.protocol), a.time, EVENT_GAP)
        order = np.argsort(event, kind="stable")
        begin = np.flatnonzero(np.r_[True, np.diff(event[order]) != 0][: len(a)])
        groups = np.split(order, begin[1:]) if len(a) else []
        misses = np.bincount(event, weights=_lone(a.flags) & (a.protocol == TCP), minlength=len(groups))
        flows = np.bincount(event, minlength=len(groups))
        events = [groups[i] for i in np.flatnonzero((misses >= MIN_MISSES) | (flows >= MIN_FLOWS))]
        if self.only is not None:
            events = [rows for rows in events if a.source[rows[0]] in self.only]
        scores = [self.score(rows) for rows in events]
        sources = a.source[[rows[0] for rows in events]] if events else np.zeros(0, np.int64)
        return sources, np.array(scores), events

    def _earliest(self, number: int, threshold: float) -> int:
        """Length of the shortest beginning of an event that already exceeds the threshold, by halving."""
        rows = self._judged[2][number]
        low, high = 0, len(rows)
        while high - low > 1:
            middle = (low + high) // 2
            if (number, middle) not in self._begun:
                self._begun[number, middle] = self.score(rows[:middle])
            if self._begun[number, middle] > threshold:
                high = middle
            else:
                low = middle
        return high

    def score(self, rows: Ints) -> float:
        """The score of one event, given as rows in the order of time."""
        a = self.attempts
        protocol = int(a.protocol[rows[0]])
        score = self._walk(rows) if protocol == TCP else -math.inf
        if len(rows) < MIN_FLOWS:
            return score
        judge = {TCP: _tcp, UDP: _udp, ICMP: _icmp}.get(protocol)
        return max(score, judge(a, rows)) if judge else score

    def _walk(self, rows: Ints) -> float:
        """Highest logarithm of the likelihood ratio over its bound, destinations in the order of address.

        rwscan decides only while all flows so far are lone SYNs.
        """
        a = self.attempts
        rows = rows[np.argsort(a.destination[rows], kind="stable")]
        others = np.flatnonzero(~_lone(a.flags[rows]))
        rows = rows[: others[0]] if len(others) else rows
        if not len(rows):
            return -math.inf
        targets = np.unique(a.destination[rows])
        at = np.minimum(np.searchsorted(self.live, targets), max(len(self.live) - 1, 0))
        hit = self.live[at] == targets if len(self.live) else np.zeros(len(targets), np.bool_)
        walk = np.cumsum(np.where(hit, -STEP, STEP))
        benign = np.flatnonzero(walk < LOG_LOWER)
        walk = walk[: benign[0]] if len(benign) else walk
        return float(walk.max()) - LOG_UPPER if len(walk) else -math.inf


def rwscan(a: Attempts, _site: Site) -> Rwscan:
    """rwscan's hybrid model over all events."""
    return Rwscan(attempts=a, live=np.unique(a.destination[~a.failed]))


def _lone(flags: Ints) -> Bools:
    """Of FIN, SYN, RST and ACK only the SYN."""
    lone: Bools = (flags >= 0) & (flags & (FIN | SYN | RST | ACK) == SYN)
    return lone


def _tcp(a: Attempts, rows: Ints) -> float:
    targets = len(np.unique(a.destination[rows]))
    return float(
        -2.838353611
        + 3.309023427 * np.mean((a.flags[rows] >= 0) & (a.flags[rows] & ACK == 0))
        - 0.157047027 * _small(a, rows)
        - 0.002319304 * _ports_per_target(a, rows)
        - 1.047413699 * _payload(a, rows)
        + 3.163018548 * targets / len(rows)
    )


def _udp(a: Attempts, rows: Ints) -> float:
    low = rows[(a.port[rows] >= 0) & (a.port[rows] < LOW_PORTS)]
    pairs = np.unique(a.destination[low] << 16 | a.port[low])
    hits = int(np.unique(pairs >> 16, return_counts=True)[1].max(initial=0))
    return float(
        -1.887907966
        + 0.543683505 * _small(a, rows)
        + 0.025150994 * _longest_run(np.unique(a.destination[rows]), 8)
        + 0.529094801 * hits
        - 1.244182168 * _longest_run(pairs, 16)
        - 0.001841634 * _ports_per_target(a, rows)
        - 0.224548546 * _payload(a, rows)
        - 0.697943155 * len(np.unique(a.src_port[rows])) / len(rows)
    )


def _icmp(a: Attempts, rows: Ints) -> float:
    targets = np.unique(a.destination[rows])
    nets, counts = np.unique(targets >> 8, return_counts=True)
    return float(
        -4.307079
        - 0.08245704 * _longest_run(nets, 24)
        - 0.02800612 * _longest_run(targets, 8)
        + 0.04877852 * counts.max()
        - 0.000006398878 * len(targets)
        + 4.016751  # the share of echo requests: answers open nothing and are not here
    )


def _small(a: Attempts, rows: Ints) -> float:
    return float(np.mean(a.packets[rows] < SMALL_PACKETS))


def _payload(a: Attempts, rows: Ints) -> float:
    return float(np.mean(a.octets[rows] // np.maximum(a.packets[rows], 1) > PAYLOAD_OCTETS))


def _ports_per_target(a: Attempts, rows: Ints) -> float:
    return len(np.unique(a.src_port[rows])) / len(np.unique(a.destination[rows]))


def _longest_run(values: Ints, bits: int) -> int:
    """Longest run of consecutive sorted values that share all but their lowest ``bits``; 0 of none."""
    if not len(values):
        return 0
    ends = np.flatnonzero((np.diff(values) != 1) | (values[1:] >> bits != values[:-1] >> bits))
    return int(np.diff(np.r_[-1, ends, len(values) - 1]).max())
