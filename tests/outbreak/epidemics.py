"""Epidemics to test against, simulated event by event: nothing in here knows how they will be judged."""

from __future__ import annotations

import heapq
import ipaddress
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from slowworm.detect.contacts import schema
from slowworm.detect.targeting import UNKNOWN, Candidate, Targeting
from slowworm.detect.verdicts import ServiceCount, Verdict
from slowworm.flows.addresses import Address
from slowworm.outbreak.moments import moment

BASE = int(ipaddress.IPv4Address("10.7.0.0"))
BEGIN = 1_790_000_000 * 10**9
"""2026-09-21 14:13:20 UTC."""


def births(
    rng: np.random.Generator,
    k: float,
    sources: int,
    hours: float,
    *,
    reach: float = math.inf,
    unseen: float = 0.0,
) -> np.ndarray:
    """Onsets in hours of a pure birth process with the rate k (I + unseen) (1 − I/reach)."""
    now, infected, found = 0.0, sources, []
    while infected < reach:
        now += rng.exponential(1 / (k * (infected + unseen) * (1 - infected / reach)))
        if now > hours:
            break
        found.append(now)
        infected += 1
    return np.array(found)


@dataclass(frozen=True, kw_only=True)
class Epidemic:
    """Calls between vulnerable hosts, in seconds: (source, target, time, answered); onset, parent (-1: outside)."""

    calls: np.ndarray
    onset: np.ndarray
    parent: np.ndarray
    seconds: float


def epidemic(
    rng: np.random.Generator,
    *,
    hosts: int = 150,
    growth: float = 4.0,
    seeds: int = 2,
    seconds: float = 7200.0,
    delay: Callable[[], float],
    works: float = 1.0,
    fails: float = 0.1,
    elsewhere: float = 0.0,
) -> Epidemic:
    """Every infected host calls every other at the same rate; ``elsewhere``: infections from outside per second.

    ``works``: chance that an answered call infects; ``growth``: K per hour while few are infected.
    """
    each = growth / 3600 / works / (1 - fails)
    onset, parent = np.full(hosts, math.inf), np.full(hosts, -2)
    events: list[tuple[float, int, int]] = []
    for host in range(seeds):
        heapq.heappush(events, (rng.uniform(60, 120), 0, host))
        parent[host] = -1
    coming = rng.exponential(1 / elsewhere) if elsewhere else math.inf
    if coming < math.inf:
        heapq.heappush(events, (coming, 2, 0))
    calls = []
    while events:
        now, what, host = heapq.heappop(events)
        if now > seconds:
            break
        if what == 2:
            victim = int(rng.integers(hosts))
            if parent[victim] == -2:
                parent[victim] = -1
                heapq.heappush(events, (now + delay(), 0, victim))
            heapq.heappush(events, (now + rng.exponential(1 / elsewhere), 2, 0))
            continue
        if what == 0:
            onset[host] = now
        else:
            target = int(rng.integers(hosts))
            if target != host:
                answered = rng.random() >= fails
                calls.append((host, target, now, answered))
                if answered and parent[target] == -2 and rng.random() < works:
                    parent[target] = host
                    heapq.heappush(events, (now + delay(), 0, target))
        heapq.heappush(events, (now + rng.exponential(1 / each), 1, host))
    return Epidemic(calls=np.array(calls), onset=onset, parent=parent, seconds=seconds)


def address(number: int) -> Address:
    """The address of a host of an epidemic."""
    return ipaddress.IPv4Address(BASE + 256 * (int(number) // 200) + int(number) % 200 + 1)


def contacts(rows: list[dict[str, Any]], *, version: int = 4) -> pa.RecordBatch:
    """A contact batch of these rows; what they do not have is null."""
    wanted = schema(version)
    return pa.RecordBatch.from_pylist(
        [{name: row.get(name) for name in wanted.names} for row in rows], schema=wanted
    )


def contact(
    client: object, server: object, ns: int, outcome: int, *, port: int = 445, seconds: float = 0.5
) -> dict[str, Any]:
    """One contact; addresses as columns have them, ``ns`` after ``BEGIN``."""
    return {
        "client": client, "server": server, "protocol": 6, "port": port, "visits": 1, "answers": int(outcome > 0),
        "outcome": outcome, "first_time": BEGIN + ns, "last_time": BEGIN + ns + int(seconds * 1e9),
    }  # fmt: skip


def verdict(
    host: object,
    *,
    first: float | None = None,
    last: float | None = None,
    services: tuple[tuple[int, int], ...] = ((445, 100),),
    how: Targeting = UNKNOWN,
    call: str = "infected",
) -> Verdict:
    """A verdict on a host that scanned from ``first`` to ``last``, in seconds; ``services``: (port, targets)."""
    return Verdict(
        address=ipaddress.ip_address(str(host)),
        activity="horizontal",
        verdict=call,
        protocol=6,
        port=services[0][0],
        services=tuple(ServiceCount(protocol=6, port=p, targets=n) for p, n in services),
        targets=sum(n for _, n in services),
        weight=80.0,
        bound=50.0,
        more_targets_needed=0,
        targeting=how,
        first_seen=None if first is None else moment(BEGIN + int(first * 1e9)),
        last_seen=None if last is None else moment(BEGIN + int(last * 1e9)),
    )


def choosing(
    name: str, *, worm: str | None = None, candidates: tuple[tuple[str, float], ...] = ()
) -> Targeting:
    """A targeting of which the class is sure."""
    return Targeting(
        name=name,
        candidates=(Candidate(name=name, probability=1.0),),
        worm=worm,
        worm_candidates=tuple(
            Candidate(name=n, probability=p) for n, p in candidates or ((worm, 0.97),) if n
        ),
    )
