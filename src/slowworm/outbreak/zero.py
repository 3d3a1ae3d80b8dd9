"""Patient zero: the host that brought the worm in, by when the hosts began and by who descends from whom."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

UNRELATED = 0.1
"""Prior that a host of the incident has something else: a tool of its own, another worm on the same service. Then the
next one is the first. Of every ten flagged hosts at most one should be; more makes a late host with many descendants
the first."""

UNRELATED_MOST = 3
"""Earlier hosts that may all be unrelated."""

FIRST_GAPS = 8.0
"""Gaps before its first seen probe by which a source has been active at the earliest (missed by e^−8)."""

SHORTEST_GAP = 1e-6
"""Seconds: the gap of a source of which every probe is seen."""

ALIKE = 64
"""Hosts compared: of more that begin within a few gaps none would be likely."""


def patient_zero(
    *, onset: Ints, gap: Floats, eligible: Bools, source: Ints, target: Ints, probability: Floats
) -> Floats:
    """Probability of each host to be the one that brought the worm in; 0 for all where nobody is eligible.

    By host: ``onset`` in ns, ``gap`` between seen probes in seconds, ``eligible``. ``probability[i]``: that
    ``source[i]`` infected ``target[i]``; sources that are no hosts have larger numbers. A host is likely the first if
    it began early, if none of the others infected it, and if many descend from it.
    """
    hosts = len(onset)
    rows = np.flatnonzero(eligible)
    result = np.zeros(hosts)
    if not len(rows):
        return result
    among = (source < hosts) & np.append(eligible, False)[np.minimum(source, hosts)] & eligible[target]
    source, target, probability = source[among], target[among], probability[among]
    brought_in = np.clip(1.0 - np.bincount(target, probability, hosts), 0.0, 1.0)
    rooted = brought_in * _descendants(onset, source, target, probability)
    since = (onset[rows] - onset[rows].min()) / 1e9
    near = np.lexsort((rows, since))[:ALIKE]
    rows, since, width = rows[near], since[near], np.maximum(gap[rows[near]], SHORTEST_GAP)
    early = np.zeros(len(rows))
    left = np.ones(len(rows), np.bool_)
    for number in range(min(UNRELATED_MOST + 1, len(rows))):
        first = _first(since[left], width[left])
        early[left] += UNRELATED**number * first
        left[np.flatnonzero(left)[first.argmax()]] = False
    score = early * rooted[rows]
    if score.sum() > 0:
        result[rows] = score / score.sum()
    return result


def _descendants(onset: Ints, source: Ints, target: Ints, probability: Floats) -> Floats:
    """Expected number of hosts that descend from each, itself included."""
    expected = np.ones(len(onset))
    if not len(target):
        return expected
    order = np.lexsort((source, target, -onset[target]))
    starts = np.flatnonzero(np.diff(target[order], prepend=-1))
    # From the last to the first: whoever is infected by then has all its descendants.
    for begin, end in zip(starts, np.append(starts[1:], len(order)), strict=True):
        rows = order[begin:end]
        np.add.at(expected, source[rows], probability[rows] * expected[target[rows[0]]])
    return expected


def _first(since: Floats, gap: Floats) -> Floats:
    """Probability of each to be the first: it was active for an exponential time, of a gap on average, before seen."""
    edges = np.concatenate([[0.0], np.geomspace(gap.min() / 100, FIRST_GAPS * gap.max(), 400)])
    since = since - since.min()
    began = -np.diff(np.exp(-(since[:, None] + edges) / gap[:, None]), axis=1)
    middle = (edges[1:] + edges[:-1]) / 2
    later = np.log(-np.expm1(-(since[:, None] + middle) / gap[:, None]))
    # Began in this moment, and everybody else later.
    first = (began * np.exp(later.sum(axis=0) - later)).sum(axis=1)
    result: Floats = first / first.sum()
    return result
