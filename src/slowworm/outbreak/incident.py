"""One incident: the infected hosts of one worm, how fast they become more, who infected whom, what they cover."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from slowworm.detect.targeting import Candidate
from slowworm.detect.verdicts import Verdict
from slowworm.flows.addresses import Address, Network
from slowworm.outbreak.coverage import Coverage, coverage
from slowworm.outbreak.grouping import Service, services_of
from slowworm.outbreak.moments import moment, nanoseconds
from slowworm.outbreak.scans import Scans, service_key

if TYPE_CHECKING:
    from slowworm.outbreak.forecast import Forecast
    from slowworm.outbreak.growth import Growth
    from slowworm.outbreak.tree import PatientZero, Tree

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

WORM_SHARE = 0.5
"""Share of the hosts that must be named for one worm, and none for another, for the incident to be named for it."""

NO_TIMES = "times: neither growth nor who infected whom can be told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """The infected hosts of one worm.

    ``protocol``, ``port``: the main service; ``services``: all. ``members``: the verdicts. ``sources``: hosts;
    ``inside``, ``outside``: how many of them, ``None`` where the inside is not known. ``observed``: first and last
    moment of all contacts. ``growth_of``: ``inside`` or ``all``, the sources that growth and forecast are about; both
    are ``None`` and empty where onsets are too few or have no times. ``at_start``: sources of these that scanned when
    observation began. ``not_visible``: why something cannot be told.
    """

    protocol: int | None
    port: int | None
    services: tuple[Service, ...]
    worm: str | None
    worm_candidates: tuple[Candidate, ...]
    members: tuple[Verdict, ...]
    sources: int
    inside: int | None
    outside: int | None
    first_seen: datetime.datetime | None = None
    last_seen: datetime.datetime | None = None
    observed: tuple[datetime.datetime, datetime.datetime] | None = None
    growth_of: str = "all"
    at_start: int | None = None
    growth: Growth | None = None
    forecast: tuple[Forecast, ...] = ()
    tree: Tree | None = None
    coverage: Coverage | None = None
    not_visible: tuple[str, ...] = ()

    @property
    def patient_zero(self) -> tuple[PatientZero, ...]:
        """Hosts that may be the first, the likeliest first."""
        return self.tree.patient_zero if self.tree else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What incidents are judged by, beside the verdicts.

    ``calls``: contacts of the hosts ``numbers``; ``observed``: first and last moment in ns, ``None`` without times;
    ``inside``: prefixes, empty where not known; ``sampling``: 1 in so many packets is seen.
    """

    calls: Scans
    numbers: Mapping[Address, int]
    observed: tuple[int, int] | None
    inside: Sequence[Network]
    sampling: float


def incident(members: Sequence[Verdict], suspects: Sequence[Verdict], seen: Observation) -> Incident:
    """The incident of verdicts that belong together; ``suspects``: others that may have infected some of them."""
    services = Counter(service for v in members for service in services_of(v))
    main = Counter((v.protocol, v.port) for v in members)
    first = min(main, key=lambda s: (-main[s], str(s)))
    ranked = [first, *sorted((s for s in services if s != first), key=lambda s: (-services[s], str(s)))]
    addresses = sorted({v.address for v in members}, key=lambda a: (a.version, int(a)))
    inner = [is_inside(a, seen.inside) for a in addresses]
    known = bool(seen.inside)
    worm, candidates = _worm(members)
    found = Incident(
        protocol=first[0],
        port=first[1],
        services=tuple(ranked),
        worm=worm,
        worm_candidates=candidates,
        members=tuple(sorted(members, key=lambda v: v.sort_key)),
        sources=len(addresses),
        inside=sum(inner) if known else None,
        outside=len(inner) - sum(inner) if known else None,
        first_seen=min((v.first_seen for v in members if v.first_seen), default=None),
        last_seen=max((v.last_seen for v in members if v.last_seen), default=None),
        observed=None if seen.observed is None else (moment(seen.observed[0]), moment(seen.observed[1])),
    )
    related = [s for s in suspects if set(services_of(s)) & set(ranked)]
    began = _first_seen((*members, *related))
    calls = seen.calls.of(
        [seen.numbers[address] for address in began], [service_key(p, q) for p, q in ranked]
    )
    sources = set(addresses)
    infected = np.array([address in sources for address in began], np.bool_)
    if seen.observed is None or not found.first_seen:
        covered = covered_by(list(began), infected, np.full(len(began), -1, np.int64), calls, seen.inside)
        return replace(found, coverage=covered, not_visible=(NO_TIMES,))
    from slowworm.outbreak.course import with_course  # a pasted listing has no times and need not load it

    return with_course(found, began, infected, calls, seen)


def is_inside(address: Address, inside: Sequence[Network]) -> bool:
    """Whether an address lies in one of the prefixes; true for all of an IP version of which none are known."""
    own = [network for network in inside if network.version == address.version]
    return not own or any(address in network for network in own)


def covered_by(
    addresses: Sequence[Address], infected: Bools, onset: Ints, calls: Scans, inside: Sequence[Network]
) -> Coverage | None:
    """Coverage of the calls of infected hosts since their onset (ns, by host)."""
    own = calls.take(calls.client < len(addresses))
    scanning = own.take(infected[own.client] & ((own.first < 0) | (own.first >= onset[own.client])))
    of_ipv4 = np.array([int(a) if a.version == 4 else -1 for a in addresses], np.int64)
    return coverage(of_ipv4[scanning.client], scanning.server, inside=inside)


def _worm(members: Sequence[Verdict]) -> tuple[str | None, tuple[Candidate, ...]]:
    """The worm that most hosts and no other names stand for, and the mean of the hosts' candidates."""
    named = Counter(v.targeting.worm for v in members if v.targeting.worm)
    total: Counter[str] = Counter()
    for v in members:
        for c in v.targeting.worm_candidates:
            total[c.name] += c.probability  # type: ignore[assignment]
    shown = sorted(((n, p / len(members)) for n, p in total.items()), key=lambda item: (-item[1], item[0]))
    candidates = tuple(Candidate(name=n, probability=round(p, 3)) for n, p in shown if p >= 0.01)
    best = max(named, key=lambda n: (named[n], n), default=None)
    sure = best is not None and named[best] >= WORM_SHARE * len(members)
    return best if sure else None, candidates


def _first_seen(verdicts: Sequence[Verdict]) -> dict[Address, int]:
    """By host, in the order of addresses: ns of the first suspicious call, -1 where not known."""
    first: dict[Address, int] = {}
    for verdict in sorted(verdicts, key=lambda v: (v.address.version, int(v.address))):
        when, known = nanoseconds(verdict.first_seen), first.get(verdict.address, -1)
        first[verdict.address] = max(when, known) if min(when, known) < 0 else min(when, known)
    return first
