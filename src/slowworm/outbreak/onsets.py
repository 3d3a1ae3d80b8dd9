"""When each host began to scan: where its calls on the worm's services become frequent, not the first of them.

A host that fails to reach a web server at nine and is infected at ten has called the worm's service at nine.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from slowworm.outbreak.scans import Scans

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FASTER = 10.0
"""How many times more frequent the calls must become: no ordinary use of a service does in a minute, every scan does.
A worm that quickens by less keeps its first probe as its onset."""

BEYOND_DOUBT = 8.0
"""Log likelihood ratio from which the change counts: with a thousand hosts and as many places each, e^−8 is enough to
be wrong about one of them."""

EARLIER_SHARE = 0.1
"""Share of the calls that may come before the onset: with more, the first part is no accident."""

MICROSECOND = 1000


def onsets(calls: Scans, first: Ints) -> tuple[Ints, Floats]:
    """Onset in ns (-1 where not known) and mean gap in seconds between calls since then, by host.

    ``first``: ns of each host's first suspicious call, -1 where not known; earlier ones are not looked at. The gap is
    NaN for hosts with fewer than two calls.
    """
    hosts = len(first)
    rows = np.flatnonzero((calls.client < hosts) & (calls.first >= 0))
    rows = rows[calls.first[rows] >= first[calls.client[rows]]]
    gap = np.full(hosts, np.nan)
    if not len(rows):
        return first, gap
    begin = int(calls.first[rows].min())
    # Host and time in one number, as sorting those is several times faster than by two keys.
    bits = max(((int(calls.first[rows].max()) - begin) // MICROSECOND).bit_length(), 1)
    key = np.sort(calls.client[rows] << bits | (calls.first[rows] - begin) // MICROSECOND)
    start = np.searchsorted(key >> bits, np.arange(hosts + 1))
    time = (key & (1 << bits) - 1) / 1e6
    found = first.copy()
    for host in np.flatnonzero((np.diff(start) >= 2) & (first >= 0)).tolist():
        own = time[start[host] : start[host + 1]]
        at = _change(own)
        if at:
            found[host] = begin + round(own[at] * 1e6) * MICROSECOND
        gap[host] = (own[-1] - own[at]) / (len(own) - 1 - at)
    return found, gap


def _change(times: Floats) -> int:
    """The call at which two rates of calls, the second FASTER, fit best; 0 where one rate will do."""
    n, length = len(times), float(times[-1] - times[0])
    last = int(EARLIER_SHARE * n)
    if last < 1 or length <= 0:
        return 0
    before = np.arange(1, last + 1)
    early = np.maximum(times[1 : last + 1] - times[0], 1e-6)
    late = np.maximum(length - early, 1e-6)
    after = n - 1 - before
    gain = (
        before * np.log(before / early) + after * np.log(after / late) - (n - 1) * math.log((n - 1) / length)
    )
    gain[after / late < FASTER * before / early] = 0.0
    best = int(gain.argmax())
    return best + 1 if gain[best] >= BEYOND_DOUBT else 0
