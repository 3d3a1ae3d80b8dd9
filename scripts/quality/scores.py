"""Scores of sources over time, and the counts over windows that scan rules are made of.

A rule does not answer with alarms but with a score that rises as evidence comes in. The alarm is where the score
first reaches the rule's threshold, so that one run serves every threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from scripts.quality.attempts import Attempts, Ints, first_of

Floats = npt.NDArray[np.float64]

SECOND = 1_000_000_000
"""Times are in ns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """The first alarm of each source; ``contacts``: destinations that it had tried by then."""

    source: Ints
    time: Ints
    contacts: Ints


class Scores(Protocol):
    """What a rule makes of the attempts."""

    @property
    def source(self) -> Ints:
        """Sources with a score, each once."""
        ...

    @property
    def best(self) -> Floats:
        """The highest score of each."""
        ...

    def alarms(self, threshold: float) -> Alarms:
        """Who reached ``threshold``, and when first."""
        ...

    def of(self, sources: Ints) -> Scores:
        """The scores of these sources only."""
        ...


@dataclass(frozen=True, kw_only=True)
class Rising:
    """Scores at moments, as a rule that looks at every attempt gives them; rows in any order."""

    attempts: Attempts
    sources: Ints
    time: Ints
    score: Floats

    @property
    def source(self) -> Ints:
        """Sources with a score, each once."""
        return np.unique(self.sources)

    @property
    def best(self) -> Floats:
        """The highest score of each."""
        sources, group = np.unique(self.sources, return_inverse=True)
        best = np.full(len(sources), -np.inf)
        np.maximum.at(best, group, self.score)
        return best

    def alarms(self, threshold: float) -> Alarms:
        """Who reached ``threshold``, and when first."""
        reached = self.score >= threshold
        sources, group = np.unique(self.sources[reached], return_inverse=True)
        when = np.full(len(sources), np.iinfo(np.int64).max)
        np.minimum.at(when, group, self.time[reached])
        return Alarms(source=sources, time=when, contacts=self.attempts.contacts_until(sources, when))

    def of(self, sources: Ints) -> Rising:
        """The scores of these sources only, and only where they rise: no other row can be a first alarm."""
        rows = np.flatnonzero(np.isin(self.sources, sources))
        rows = rows[np.lexsort((-self.score[rows], self.time[rows], self.sources[rows]))]
        new = np.r_[True, np.diff(self.sources[rows]) != 0][: len(rows)]
        _, rank = np.unique(self.score[rows], return_inverse=True)
        # Each source's ranks lie above those of the source before, so that one running maximum serves all.
        height = np.maximum.accumulate((np.cumsum(new) - 1) * (len(rows) + 1) + rank)
        rows = rows[np.r_[True, np.diff(height) > 0][: len(rows)]]
        return Rising(
            attempts=self.attempts, sources=self.sources[rows], time=self.time[rows], score=self.score[rows]
        )


def codes(*columns: Ints) -> Ints:
    """One small code per distinct combination of the columns, which have equal length."""
    code = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        _, part = np.unique(column, return_inverse=True)
        code = code * (int(part.max(initial=0)) + 1) + part
        _, code = np.unique(code, return_inverse=True)
    return code


def running_sum(group: Ints, step: npt.NDArray[np.generic]) -> Ints:
    """Per row, the sum of ``step`` over the rows of its group up to and with it; rows are in the order of time."""
    order = np.argsort(group, kind="stable")
    steps = step[order].astype(np.int64)
    total = np.cumsum(steps)
    new = np.r_[True, np.diff(group[order]) != 0][: len(group)]
    begin = np.flatnonzero(new)
    before = total[begin] - steps[begin]
    result = np.empty(len(group), np.int64)
    result[order] = total - before[np.cumsum(new) - 1]
    return result


def running_distinct(group: Ints, item: Ints) -> Ints:
    """Per row, how many distinct items its group has had up to and with it; rows are in the order of time."""
    return running_sum(group, first_of(codes(group, item)))


def epochs(time: Ints, length: float) -> Ints:
    """Number of the fixed window of ``length`` seconds, counted from the first row of all."""
    if not len(time):
        return time
    result: Ints = (time - time.min()) // int(length * SECOND)
    return result


def sessions(group: Ints, time: Ints, gap: float) -> Ints:
    """A code per stretch of a group's rows without a pause of more than ``gap`` seconds."""
    order = np.lexsort((time, group))
    fresh = np.ones(len(group), np.bool_)
    fresh[1:] = (group[order][1:] != group[order][:-1]) | (np.diff(time[order]) > gap * SECOND)
    result = np.empty(len(group), np.int64)
    result[order] = np.cumsum(fresh) - 1
    return result


def windows_from_first(group: Ints, time: Ints, length: float) -> Ints:
    """A code per window: a group's first row opens it, it lasts ``length`` seconds, the row after opens the next."""
    order = np.lexsort((time, group))
    new = np.r_[True, np.diff(group[order]) != 0][: len(group)]
    number = np.cumsum(new) - 1
    room = int(length * SECOND) // 1000
    since = (time[order] - (time.min() if len(time) else 0)) // 1000
    # Groups one behind the other on one axis, in microseconds, so that one search serves all of them.
    axis = number * (int(since.max(initial=0)) + room + 2) + since
    begin = np.flatnonzero(new)
    end = np.r_[begin[1:], len(group)]
    opens = np.zeros(len(group), np.bool_)
    while len(begin):
        opens[begin] = True
        begin = np.searchsorted(axis, axis[begin] + room, side="right")
        begin, end = begin[begin < end], end[begin < end]
    result = np.empty(len(group), np.int64)
    result[order] = np.cumsum(opens) - 1
    return result


def sliding_distinct(group: Ints, item: Ints, clock: Ints, keep: int) -> Ints:
    """Per row, how many distinct items of its group were seen within the last ``keep`` ticks of ``clock``.

    Rows are in the order of ``clock``. An item that is seen again stays for another ``keep``.
    """
    pairs = codes(group, item)
    order = np.lexsort((clock, pairs))
    pair = pairs[order]
    stays = (pair[1:] == pair[:-1]) & (np.diff(clock[order]) <= keep)
    enters = np.empty(len(group), np.bool_)
    enters[order] = np.r_[True, ~stays][: len(group)]
    leaves = order[np.r_[~stays, True][: len(group)]]
    _, dense = np.unique(group, return_inverse=True)
    stride = int(clock.max(initial=0)) + keep + 2
    gone = np.sort(dense[leaves] * stride + clock[leaves] + keep)
    left = np.searchsorted(gone, dense * stride + clock) - np.searchsorted(gone, dense * stride)
    result: Ints = running_sum(group, enters) - left
    return result
