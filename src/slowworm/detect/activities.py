"""Activities: a host's contacts on one service, and the part of them that is the scan if there is one.

A scan may be all of a host's use of a service, a share of it, or a run of it in time: newest contacts count as
much as old ones, so that a clean past hides nothing (the reverse sequential test of Schechter, Jung and Berger
2004, for any beginning and end).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.detect import kinds, weights
from slowworm.detect.evidence import CAPS, Contacts, ContactWeights
from slowworm.flows.services import UDP

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SCREEN = weights.BOUND_SUSPECT - 100
"""Tenths from which an activity is looked at closely: 10 dB below the bound, as the kinds may add that much."""

RUN_SHARE = 0.5
"""The share of scanning under which the run is sought: a scan may be interleaved with ordinary use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activities:
    """One client on one service each: contacts ``order[start:end]``, in the order of time where it is known.

    ``timed``: whether it is; ``run_start``, ``run_end``: the part of ``order`` that looks most like a scan;
    ``screen``: tenths by which the activity may be one, kinds of hosts not considered. ``services``: how many
    services the client calls.
    """

    order: Ints
    start: Ints
    end: Ints
    timed: Bools
    run_start: Ints
    run_end: Ints
    screen: Ints
    services: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What scopes weigh: for each, tenths against a benign host, and whether the run tells it better.

    ``weight``: the sum; ``choice``: the part of it (negative) that choosing the run costs.
    """

    weight: Ints
    by_run: Bools
    choice: Ints


def activities(contacts: Contacts, weighed: ContactWeights, *, but: Bools) -> Activities:
    """Group contacts, ``but`` some, by (client, protocol, port), and find the part that looks most like a scan."""
    service = contacts.port + 1 | (contacts.protocol + 1) << 17
    order = np.lexsort((contacts.server, contacts.first_time, service, contacts.client))
    order = order[~but[order]]
    none = np.zeros(0, np.int64)
    if not len(order):
        return Activities(
            order=none,
            start=none,
            end=none,
            timed=np.zeros(0, np.bool_),
            run_start=none,
            run_end=none,
            screen=none,
            services=none,
        )
    client, service = contacts.client[order], service[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (client[1:] != client[:-1]) | (service[1:] != service[:-1])
    start = np.flatnonzero(new)
    end = np.append(start[1:], len(order))
    timed = np.minimum.reduceat(contacts.first_time[order], start) >= 0
    total = weighed.total[order]
    run_start, run_end, run = runs(total, start, end)
    run_start, run_end = np.where(timed, run_start, start), np.where(timed, run_end, end)
    chosen = np.where(timed, run - _choice(end - start), np.iinfo(np.int64).min)
    called = np.add.reduceat((contacts.visits[order] > 0).astype(np.int64), start) > 0
    _, whose = np.unique(client[start], return_inverse=True)
    return Activities(
        order=order,
        start=start,
        end=end,
        timed=timed,
        run_start=run_start,
        run_end=run_end,
        screen=np.maximum(_whole(total, start), chosen),
        services=np.bincount(whose, weights=called).astype(np.int64)[whose],
    )


def _choice(contacts: Ints) -> Ints:
    """What choosing where a run begins costs, in tenths: any of the contacts could have been the first.

    Where it ends costs nothing: a likelihood ratio that is honest at each length is so at the best one up to the
    bound it is compared with (Ville's inequality), which the bound allows for.
    """
    cost: Ints = np.rint(100 * np.log10(np.maximum(contacts, 1))).astype(np.int64)
    return cost


def _whole(total: Ints, start: Ints) -> Ints:
    """Tenths of each activity as a mixture, under its best share."""
    values, inverse = np.unique(total, return_inverse=True)
    best = np.full(len(start), np.iinfo(np.int64).min)
    for column, phi in zip(weights.mixture_table(values.tolist()), weights.SHARES, strict=True):
        summed = np.add.reduceat(np.array(column, np.int64)[inverse], start) + weights.share_allowance(phi)
        best = np.maximum(best, summed)
    return best


def runs(total: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """The heaviest contiguous part of each activity: begin, end, and tenths by contacts alone.

    The running sum less its lowest value before (CUSUM, Page 1954), for all activities in one sweep.
    """
    values, inverse = np.unique(total, return_inverse=True)
    at = list(weights.SHARES).index(RUN_SHARE)
    gain = np.array(weights.mixture_table(values.tolist())[at], np.int64)[inverse]
    before = np.concatenate([[0], np.cumsum(gain)])
    group = np.repeat(np.arange(len(start)), end - start)
    # Each activity is lowered beneath the one before it, so that the running minimum starts afresh.
    step = int(before.max() - before.min()) + 1
    floor = np.minimum.accumulate(before[:-1] - group * step)
    excess = before[1:] - group * step - floor
    best = np.maximum.reduceat(excess, start)
    last = np.flatnonzero(excess == best[group])
    run_end = last[np.searchsorted(last, start)] + 1
    # The run begins where the running minimum was last set before its end.
    lowest = np.flatnonzero(before[:-1] - group * step == floor)
    run_start = lowest[np.searchsorted(lowest, run_end, side="left") - 1]
    return run_start, run_end, best


def weigh(
    weighed: ContactWeights, contacts: Contacts, rows: Ints, start: Ints, run: tuple[Ints, Ints] | None
) -> Weighed:
    """Weigh scopes, contacts ``rows[start[i]:start[i+1]]``, as kinds of hosts.

    ``run``: begin and end, in ``rows``, of the part of each that may be the scan alone; ``None`` where time is
    not known. What a scan does not explain is ordinary use; a failing host explains everything or nothing.
    """
    end = np.append(start[1:], len(rows))
    scope = np.repeat(np.arange(len(start)), end - start)
    found, inverse = np.unique(weighed.category[rows], return_inverse=True)
    of = kinds.table(found.tolist(), kinds.standard_kinds())
    shape = (len(start), len(found))

    def count(mask: Bools | slice) -> Ints:
        flat = np.bincount((scope * len(found) + inverse)[mask], minlength=shape[0] * shape[1])
        return flat.astype(np.int64).reshape(shape)

    whole = count(slice(None))
    part = whole
    if run is not None:
        position = np.arange(len(rows))
        part = count((position >= run[0][scope]) & (position < run[1][scope]))
    judged = weighed.failed | (contacts.outcome > 0)
    n = np.add.reduceat(judged[rows].astype(np.int64), start)
    ordinary = kinds.log_failing(whole, part, _failing_share(weighed, contacts, rows, start, n), of)
    scan = _tenths(kinds.log_scanning(whole, of))
    by_run = np.zeros(len(start), np.bool_)
    choice = np.zeros(len(start), np.int64)
    excess = np.zeros(len(start), np.int64)
    for piece, cap in CAPS.items():
        excess += np.maximum(np.add.reduceat(weighed.pieces[piece][rows], start) - cap, 0)
    if run is not None:
        cost = _choice(end - start)
        alone = _tenths(kinds.log_scanning(part, of)) - cost
        by_run = (alone > scan) & (run[1] - run[0] < end - start)
        scan, choice = np.where(by_run, alone, scan), np.where(by_run, -cost, 0)
    return Weighed(weight=scan - _tenths(ordinary) - excess, by_run=by_run, choice=choice)


def _failing_share(weighed: ContactWeights, contacts: Contacts, rows: Ints, start: Ints, n: Ints) -> Floats:
    """Prior of each scope's host being of the failing kind."""
    own_failed = np.add.reduceat(weighed.failed[rows].astype(np.int64), start)
    first = rows[start]
    return kinds.standard_kinds().failing_share(
        n,
        failed=own_failed,
        udp=contacts.protocol[first] == UDP,
        others=weighed.host_judged[first] - n,
        others_failed=weighed.host_failed[first] - own_failed,
    )


def detection(
    weighed: ContactWeights, contacts: Contacts, rows: Ints, begin: int, end: int, bound: int
) -> int | None:
    """After how many contacts of the run ``rows[begin:end]`` the weight first reached ``bound``; None: not by these.

    ``rows``: the whole activity in the order of time; what came after each contact is not used.
    """
    found, inverse = np.unique(weighed.category[rows[:end]], return_inverse=True)
    of = kinds.table(found.tolist(), kinds.standard_kinds())
    step = np.zeros((end - begin, len(found)), np.int64)
    step[np.arange(end - begin), inverse[begin:end]] = 1
    run = np.cumsum(step, axis=0)
    past = np.bincount(inverse[:begin], minlength=len(found))
    judged = weighed.failed | (contacts.outcome > 0)
    n = np.cumsum(judged[rows[:end]].astype(np.int64))[begin:end]
    others = weighed.host_judged[rows[:1]] - int(judged[rows].sum())
    others_failed = weighed.host_failed[rows[:1]] - int(weighed.failed[rows].sum())
    whole = run + past
    share = kinds.standard_kinds().failing_share(
        n,
        failed=np.cumsum(weighed.failed[rows[:end]].astype(np.int64))[begin:end],
        udp=contacts.protocol[rows[:1]] == UDP,
        others=others,
        others_failed=others_failed,
    )
    ordinary = kinds.log_failing(whole, run, share, of)
    cost = _choice(np.arange(begin + 1, end + 1)) if begin else 0
    weight = _tenths(kinds.log_scanning(run, of)) - cost - _tenths(ordinary)
    reached = np.flatnonzero(weight >= bound)
    return int(reached[0]) + 1 if len(reached) else None


def _tenths(nats: Floats) -> Ints:
    result: Ints = np.rint(nats * kinds.DECIBELS_PER_NAT * weights.TENTHS).astype(np.int64)
    return result
