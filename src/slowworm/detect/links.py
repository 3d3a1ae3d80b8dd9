"""Pass 4, links: a second look at the flagged hosts together: do several walk the same list of targets?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from slowworm.detect.evidence import Contacts
from slowworm.detect.judge import Judge
from slowworm.detect.targeting import WORM_NAMED_FROM, Candidate
from slowworm.detect.verdicts import INFECTED, Verdict

Ints = npt.NDArray[np.int64]

SHARED_FROM = 0.5
"""Share of a source's targets that other flagged sources probed too, from which the list is shared. Two
uniform scanners with 10,000 targets each share 0.02 of them by chance, so that half is never chance."""

MIN_SHARED = 3

UNSHARED_PENALTY = 0.1
"""How much less likely a shared-list worm becomes when several sources share nothing: not impossible, as
instances may be at different places of the list."""


def link(verdicts: list[Verdict], contacts: Contacts, judge: Judge) -> list[Verdict]:
    """Verdicts with ``shared-list`` and its worm where several sources of one service share their targets."""
    if not contacts.ipv4:
        return verdicts
    groups: dict[tuple[int | None, int | None], list[int]] = {}
    for i, verdict in enumerate(verdicts):
        if verdict.verdict == INFECTED and verdict.targeting.name in ("uniform", "routable", "hitlist"):
            groups.setdefault((verdict.protocol, verdict.port), []).append(i)
    linked = list(verdicts)
    by_client = np.argsort(contacts.client, kind="stable")
    for (protocol, port), members in groups.items():
        if len(members) < 2:
            continue
        targets = [_targets(contacts, judge, verdicts[i], by_client) for i in members]
        values, counts = np.unique(np.concatenate(targets), return_counts=True)
        common = values[counts > 1]
        sharing = {p.name for p in judge.profiles.serving(protocol, port) if p.shared_list}
        for i, own in zip(members, targets, strict=True):
            shared = int(np.isin(own, common, assume_unique=True).sum())
            is_shared = shared >= MIN_SHARED and shared / len(own) >= SHARED_FROM
            linked[i] = _renamed(verdicts[i], sharing, is_shared)
    return linked


def _targets(contacts: Contacts, judge: Judge, verdict: Verdict, by_client: Ints) -> Ints:
    begin, end = np.searchsorted(
        contacts.client, [int(verdict.address), int(verdict.address) + 1], sorter=by_client
    )
    rows = by_client[begin:end]
    wanted = contacts.protocol[rows] == (-1 if verdict.protocol is None else verdict.protocol)
    wanted &= contacts.port[rows] == (-1 if verdict.port is None else verdict.port)
    return np.unique(contacts.server[rows[wanted & (judge.weighed.total[rows] > 0)]])


def _renamed(verdict: Verdict, sharing: set[str], is_shared: bool) -> Verdict:
    how = verdict.targeting
    factor = {True: {True: 1.0, False: 1e-6}, False: {True: UNSHARED_PENALTY, False: 1.0}}[is_shared]
    scores = {c.name: c.probability * factor[c.name in sharing] for c in how.worm_candidates}
    total = sum(scores.values())
    if total > 0:
        ranked = sorted(((n, p / total) for n, p in scores.items()), key=lambda item: (-item[1], item[0]))
        worms = tuple(Candidate(name=n, probability=round(p, 3)) for n, p in ranked if p >= 0.01)
        named = ranked[0][0] if ranked[0][1] >= WORM_NAMED_FROM and ranked[0][0] != "unknown" else None
        how = replace(how, worm_candidates=worms, worm=named, worm_needs=None if named else how.worm_needs)
    if is_shared:
        how = replace(how, name="shared-list")
    return replace(verdict, targeting=how)
