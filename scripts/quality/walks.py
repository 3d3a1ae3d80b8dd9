"""Peers that walk: the threshold random walk of Jung et al., and Snort's count of attempts, rejects and changes."""

from __future__ import annotations

import math

import numpy as np

from scripts.quality.attempts import REJECTED, Attempts, Bools, Ints
from scripts.quality.counting import Site, rising
from scripts.quality.scores import Rising, codes, running_sum, windows_from_first
from slowworm.flows.services import ICMP, TCP, UDP

THETA_BENIGN, THETA_SCAN = 0.8, 0.2
"""Chance that a first contact of a benign source, or of a scanner, succeeds."""

ALPHA, BETA = 0.01, 0.99
"""False alarms and detections that the walk is set for."""

STEP = math.log((1 - THETA_SCAN) / (1 - THETA_BENIGN))
"""What a failure adds to the logarithm of the likelihood ratio; with these figures a success takes off as much."""

TRW_ALARM = math.ceil(math.log(BETA / ALPHA) / STEP)
"""Failures more than successes for an alarm: 4."""

TRW_BENIGN = -math.ceil(math.log((1 - ALPHA) / (1 - BETA)) / STEP)

SNORT_WINDOW = 90.0
SNORT_SWEEP = {TCP: (30, 7, 7, 10), UDP: (30, 7, 7, 10), ICMP: (20, 5, 5, 5)}
"""Medium sensitivity: scans, rejects, nets, ports."""


def threshold_random_walk(a: Attempts, _site: Site) -> Rising:
    """Failures more than successes of first contacts, since the walk last found the source benign."""
    rows = np.flatnonzero(a.first)
    rows = rows[np.argsort(a.source[rows], kind="stable")]
    highs: list[int] = []
    marks: list[int] = []
    last, height, top = -1, 0, 0
    for row, source, failed in zip(
        rows.tolist(), a.source[rows].tolist(), a.failed[rows].tolist(), strict=True
    ):
        if source != last:
            last, height, top = source, 0, 0
        height += 1 if failed else -1
        if height <= TRW_BENIGN:
            height = 0
        if height > top:
            top = height
            highs.append(height)
            marks.append(row)
    return rising(a, np.array(marks, np.int64), np.array(highs, np.int64))


def snort_sweep(a: Attempts, _site: Site) -> Rising:
    """The portsweep test over a source's attempts of one protocol in a window; 1 is an alarm."""
    rows = np.flatnonzero(np.isin(a.protocol, list(SNORT_SWEEP)))
    source, protocol = a.source[rows], a.protocol[rows]
    window = windows_from_first(codes(source, protocol), a.time[rows], SNORT_WINDOW)
    # An answer takes back what the attempt had added; to ICMP there is none that would.
    open_still = a.failed[rows] | (protocol == ICMP)
    scans = running_sum(window, open_still)
    rejects = running_sum(window, a.outcome[rows] == REJECTED)
    nets = running_sum(window, _changes(window, a.destination[rows]))
    ports = running_sum(window, _changes(window, a.port[rows]) & (protocol != ICMP))
    limits = np.array([SNORT_SWEEP[p] for p in (TCP, UDP, ICMP)])
    limit = limits[np.where(protocol == TCP, 0, np.where(protocol == UDP, 1, 2))]
    score = np.minimum(nets / limit[:, 2], np.maximum(scans / limit[:, 0], rejects / limit[:, 1]))
    return rising(a, rows, np.where(ports <= limit[:, 3], score, 0.0))


def _changes(window: Ints, value: Ints) -> Bools:
    """Which rows differ from the row before in their window, the first one included."""
    order = np.argsort(window, kind="stable")
    same = (np.diff(window[order]) == 0) & (np.diff(value[order]) == 0)
    changed = np.empty(len(window), np.bool_)
    changed[order] = np.r_[True, ~same][: len(window)]
    return changed
