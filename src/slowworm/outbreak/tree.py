"""The infection tree of an incident: for each infected host its likely parents, and the patient zero."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.flows.addresses import Address
from slowworm.outbreak.exposures import Exposures, exposures
from slowworm.outbreak.growth import SETTLING_GAPS
from slowworm.outbreak.links import Links, links
from slowworm.outbreak.moments import moment
from slowworm.outbreak.scans import Scans
from slowworm.outbreak.zero import patient_zero

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NAMED_FROM = 0.5
"""Probability from which a parent is named: more likely than all other causes together."""

LISTED_FROM = 0.05
"""Parents, and patients zero, that are less likely are left out."""

INFECTING_PACKETS = {6: 10, 17: 1, 1: 1}
"""Packets of an infecting call by protocol, for how often sampling sees it: over TCP a handshake and a few kilobytes
both ways (Code Red's request has 4 KB), else one. Larger exploits are seen more often than is said here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A host that may have infected another, by a call at ``at`` (UTC); ``flagged``: infected or suspect itself."""

    address: Address
    at: datetime.datetime
    probability: float
    flagged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Infection:
    """How one host was infected, as far as it can be told.

    ``parents``: likely ones, the likeliest first; ``unseen``: probability that it was none of the calls that were seen.
    ``at_start``: it scanned already when observation began; ``judged``: its infection could have been seen here.
    """

    address: Address
    onset: datetime.datetime
    parents: tuple[Parent, ...]
    unseen: float
    at_start: bool
    judged: bool

    @property
    def parent(self) -> Parent | None:
        """The parent, where one is likelier than everything else together."""
        return self.parents[0] if self.parents and self.parents[0].probability >= NAMED_FROM else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientZero:
    """A host that may be the first of the incident; ``before``: it scanned before observation began."""

    address: Address
    onset: datetime.datetime
    probability: float
    before: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Infections in the order of their onsets.

    ``delay``: median seconds from infecting call to onset, as learnt; ``left_out``: calls at hosts with so many that
    not all were weighed.
    """

    infections: tuple[Infection, ...]
    patient_zero: tuple[PatientZero, ...]
    delay: float
    left_out: int

    def children(self, address: Address) -> tuple[Infection, ...]:
        """The hosts whose named parent this is."""
        return tuple(i for i in self.infections if i.parent is not None and i.parent.address == address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """The hosts of an incident by number: infected ones, and suspects who may be parents.

    ``onset``: ns since 1970, -1 where not known; ``gap``: seconds between their seen probes; ``infected``;
    ``inside``: all true where the inside is not known; ``at_start``: scanning when observation began.
    """

    address: Sequence[Address]
    onset: Ints
    gap: Floats
    infected: Bools
    inside: Bools
    at_start: Bools

    @property
    def judged(self) -> Bools:
        """Hosts whose infecting call would have come by here, after observation began."""
        result: Bools = self.infected & self.inside & ~self.at_start & (self.onset >= 0)
        return result


def seen_share(sampling: float, protocol: int | None) -> float:
    """Share of infecting calls of which at least one packet is seen, with 1 in ``sampling`` packets sampled."""
    packets = INFECTING_PACKETS.get(6 if protocol is None else protocol, 1)
    return 1.0 - (1.0 - 1.0 / max(sampling, 1.0)) ** packets


def tree(hosts: Hosts, calls: Scans, *, begin: int, share: float = 1.0) -> Tree:
    """The infection tree from ``calls`` on the worm's services, host numbers as in ``hosts``.

    ``begin``: ns since 1970, when observation began. ``share``: see :func:`seen_share`.
    """
    # A source has scanned for up to a few gaps before its first seen probe; who is not judged may have for long.
    settling = (SETTLING_GAPS * hosts.gap * 1e9).astype(np.int64)
    since = np.where(hosts.judged, hosts.onset - settling, 0)
    found = exposures(calls, onset=hosts.onset, since=since, judged=hosts.judged)
    linked = links(found, onset=hosts.onset, judged=hosts.judged, begin=begin, seen_share=share)
    parents = _parents(hosts, calls, found, linked)
    known = np.flatnonzero(hosts.infected & (hosts.onset >= 0))
    ordered = known[np.lexsort((known, hosts.onset[known]))]
    judged = hosts.judged
    return Tree(
        infections=tuple(
            Infection(
                address=hosts.address[i],
                onset=moment(int(hosts.onset[i])),
                parents=parents.get(i, ()),
                unseen=float(linked.unseen[i]),
                at_start=bool(hosts.at_start[i]),
                judged=bool(judged[i]),
            )
            for i in ordered.tolist()
        ),
        patient_zero=_zeros(hosts, found, linked),
        delay=linked.delay,
        left_out=found.left_out,
    )


def _parents(hosts: Hosts, calls: Scans, found: Exposures, linked: Links) -> dict[int, tuple[Parent, ...]]:
    """By target, the likely parents: all calls of one source together, at the time of the likeliest."""
    order = np.lexsort((found.first, -linked.probability, found.source, found.target))
    if not len(order):
        return {}
    source, target = found.source[order], found.target[order]
    start = np.flatnonzero(np.append(True, (np.diff(source) != 0) | (np.diff(target) != 0)))
    total = np.minimum(np.add.reduceat(linked.probability[order], start), 1.0)
    kept = np.flatnonzero(total >= LISTED_FROM)
    parents: dict[int, tuple[Parent, ...]] = {}
    for i in kept[np.lexsort((source[start[kept]], -total[kept], target[start[kept]]))].tolist():
        number = int(source[start[i]])
        flagged = number < len(hosts.address)
        one = Parent(
            address=hosts.address[number] if flagged else calls.stranger(number),
            at=moment(int(found.first[order[start[i]]])),
            probability=round(float(total[i]), 3),
            flagged=flagged,
        )
        parents[int(target[start[i]])] = (*parents.get(int(target[start[i]]), ()), one)
    return parents


def _zeros(hosts: Hosts, found: Exposures, linked: Links) -> tuple[PatientZero, ...]:
    """Hosts that may be the first, inside ones where there are any."""
    eligible = hosts.infected & (hosts.onset >= 0)
    if (eligible & hosts.inside).any():
        eligible &= hosts.inside
    share = patient_zero(
        onset=hosts.onset,
        gap=hosts.gap,
        eligible=eligible,
        source=found.source,
        target=found.target,
        probability=linked.probability,
    )
    listed = np.flatnonzero(share >= LISTED_FROM)
    return tuple(
        PatientZero(
            address=hosts.address[i],
            onset=moment(int(hosts.onset[i])),
            probability=round(float(share[i]), 3),
            before=bool(hosts.at_start[i]),
        )
        for i in listed[np.lexsort((listed, -share[listed]))].tolist()
    )
