"""Exposures: who called an infected host before it began to scan, cut down to what can matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.detect.outcome import FAILED
from slowworm.outbreak.scans import Scans

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CALL_FAILED, CALL, CALL_ANSWERED, STRANGER, STRANGER_ANSWERED = range(5)
"""Kinds of exposures: a call of an infectious source that failed, whose outcome is not known, that was answered; a
stranger's, who is not flagged, likewise."""

KEPT = 128
"""Exposures of one host that are weighed, the earliest and the latest half of them; strangers' calls and failed calls
only where there is room. Who infects does so with one of the first calls, or shortly before the onset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposures:
    """Calls at hosts that were infected later, sorted by target and time. One row each.

    ``source``: host or stranger, ``target``: host; ``first``, ``last``: ns, the span in which the call can have
    infected; ``kind``: as above. ``left_out``: rows beyond ``KEPT`` a host.
    """

    source: Ints
    target: Ints
    first: Ints
    last: Ints
    kind: Ints
    left_out: int = 0


def exposures(calls: Scans, *, onset: Ints, since: Ints, judged: Bools) -> Exposures:
    """What of the calls can have infected a judged host.

    By host number: ``onset``, ns, negative where not known; ``since``: ns from which a host may be infectious. Nobody
    judged infects a host whose onset is not later than its own, so that links never form a circle.
    """
    rows = np.flatnonzero((calls.host >= 0) & (calls.first >= 0))
    source, target = calls.client[rows], calls.host[rows]
    stranger = source >= len(onset)
    of = np.where(stranger, 0, source)
    from_when = np.where(stranger, 0, since[of])
    earliest = np.maximum(calls.first[rows], from_when)
    latest = np.minimum(np.maximum(calls.first[rows], calls.last[rows]), onset[target])
    fits = (source != target) & judged[target] & (earliest <= latest) & (stranger | (onset[of] >= 0))
    fits &= stranger | ~judged[of] | (onset[of] < onset[target])
    kind = np.where(stranger, STRANGER - 1, CALL_FAILED) + calls.outcome[rows] - FAILED
    fits &= ~stranger | (kind >= STRANGER)
    kept = np.flatnonzero(fits)
    kept = kept[np.lexsort((source[kept], kind[kept], earliest[kept], target[kept]))]
    near = _nearest(target[kept], kind[kept])
    at = kept[near]
    return Exposures(
        source=source[at],
        target=target[at],
        first=earliest[at],
        last=latest[at],
        kind=kind[at],
        left_out=len(kept) - len(at),
    )


def _nearest(target: Ints, kind: Ints) -> Ints:
    """At most ``KEPT`` rows a target: of each class of kinds the first and last ones, while there is room."""
    if not len(target) or np.bincount(target).max() <= KEPT:
        return np.arange(len(target))
    order = np.where(kind == CALL_FAILED, 2, np.where(kind >= STRANGER, 1, 0))
    by_class = np.lexsort((np.arange(len(target)), order, target))
    group = (target * 3 + order)[by_class]
    sizes = np.bincount(group, minlength=3 * (int(target.max()) + 1)).reshape(-1, 3)
    room = KEPT - np.concatenate(
        [np.zeros((len(sizes), 1), np.int64), np.cumsum(sizes, axis=1)[:, :2]], axis=1
    )
    rank = np.arange(len(group)) - np.searchsorted(group, group, side="left")
    of, free = sizes.reshape(-1)[group], np.maximum(room, 0).reshape(-1)[group]
    kept: Ints = np.sort(by_class[np.where(of <= free, True, np.minimum(rank, of - 1 - rank) < free // 2)])
    return kept
