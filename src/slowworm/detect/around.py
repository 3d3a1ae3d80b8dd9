"""A second look at suspects: what else the host scans, who else scans the same service, and whether one called it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from slowworm.detect import weights
from slowworm.detect.evidence import Contacts
from slowworm.detect.judge import Judge
from slowworm.detect.suspicion import Suspicion

Ints = npt.NDArray[np.int64]


def second_look(judge: Judge, suspicions: Mapping[int, Suspicion]) -> dict[int, Suspicion]:
    """Suspicions, those below the bound weighed anew beside the hosts beyond it that scan the same service.

    Three reasons, of which the heaviest counts, as they go together: a host that scans another service beyond the
    bound is a bot, and bots try several; hosts of a network in which the worm is loose have another prior than 1 in
    1,000; and a host that a scanner reached before it began itself is where a worm would show next (the rule of worm
    propagation: the victim turns attacker).
    """
    looked = dict(suspicions)
    bots = {
        int(judge.contacts.client[s.rows[0]])
        for s in suspicions.values()
        if judge.weight(s) >= weights.BOUND_INFECTED
    }
    for i, suspicion in suspicions.items():
        bot = int(judge.contacts.client[suspicion.rows[0]]) in bots
        if bot and judge.weight(suspicion) < weights.BOUND_INFECTED:
            looked[i] = _raised(suspicion, weights.AROUND_CAP)
    scanners: dict[tuple[int, int], list[Suspicion]] = {}
    for suspicion in suspicions.values():
        if judge.weight(suspicion) >= weights.BOUND_INFECTED:
            scanners.setdefault(_service(judge.contacts, suspicion), []).append(suspicion)
    hosts = len(np.unique(judge.contacts.client))
    for service, found in scanners.items():
        if len(found) < weights.COHORT_FROM:
            continue
        others = [
            i
            for i, s in suspicions.items()
            if _service(judge.contacts, s) == service and judge.weight(s) < weights.BOUND_INFECTED
        ]
        if not others:
            continue
        cohort = weights.tenths(max(1.0, len(found) / hosts / weights.PRIOR_INFECTED))
        reached, when = _reached(judge.contacts, found, service)
        exposed = np.isin(np.unique(judge.contacts.client), reached).mean() if len(reached) else 1.0
        propagation = weights.tenths(1 / max(float(exposed), 1e-3))
        for i in others:
            suspicion = suspicions[i]
            first = suspicion.scope[0]
            client, onset = int(judge.contacts.client[first]), int(judge.contacts.first_time[first])
            at = np.searchsorted(reached, client)
            called = at < len(reached) and reached[at] == client and 0 <= when[at] < onset
            weight = min(weights.AROUND_CAP, max(cohort, propagation if called else 0))
            looked[i] = _raised(looked[i], weight)
    return looked


def _raised(suspicion: Suspicion, weight: int) -> Suspicion:
    """The suspicion with at least this weight for what is around it."""
    *others, around = suspicion.surroundings
    return replace(suspicion, surroundings=(*others, max(around, weight)))


def _service(contacts: Contacts, suspicion: Suspicion) -> tuple[int, int]:
    first = suspicion.rows[0]
    return int(contacts.protocol[first]), int(contacts.port[first])


def _reached(contacts: Contacts, scanners: list[Suspicion], service: tuple[int, int]) -> tuple[Ints, Ints]:
    """Hosts that scanners called on the service after they began, sorted, and when first (ns; -1 unknown)."""
    rows = np.concatenate([s.scope for s in scanners])
    rows = rows[(contacts.protocol[rows] == service[0]) & (contacts.port[rows] == service[1])]
    order = rows[np.lexsort((contacts.first_time[rows], contacts.server[rows]))]
    reached, first = np.unique(contacts.server[order], return_index=True)
    return reached, contacts.first_time[order[first]]
