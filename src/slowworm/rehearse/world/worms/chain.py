"""The chain of infection inside: who infects whom, and every probe on the way, in exact order of time."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.detect.profiles import Profile
from slowworm.detect.profiles.draw import draw_each
from slowworm.errors import UsageError
from slowworm.rehearse.world.spec import MAX_PROBES, Outage, WormSpec
from slowworm.rehearse.world.streams import stream
from slowworm.rehearse.world.worms.outside import Outside, rates, shared_list
from slowworm.rehearse.world.worms.traits import Traits

Addresses = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NOBODY = -1

REGULARITY = 4.0
"""Shape of the Gamma distributed waiting time between probes: threads make it more regular than Poisson's 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Infected:
    """An infected inside host: seconds of infection and of its first possible probe, who infected it."""

    address: int
    infected: float
    onset: float
    rate: float
    parent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Infected hosts in order of onset, and all probes of theirs: source, seconds, target, and whether it
    infected."""

    hosts: tuple[Infected, ...]
    source: Addresses
    time: Floats
    target: Addresses
    infecting: npt.NDArray[np.bool_]
    from_outside: npt.NDArray[np.bool_]
    """Per row of :class:`Outside`'s probes, whether that one infected its target."""


def chain(
    worm: WormSpec,
    profile: Profile,
    traits: Traits,
    *,
    seed: int,
    span: float,
    patients: Addresses,
    vulnerable: Addresses,
    others: Outside,
    outages: tuple[Outage, ...],
) -> Chain:
    """Play the worm among ``vulnerable`` inside hosts (sorted), begun by ``patients`` and by ``others``' probes.

    Hosts are taken in order of infection; each then draws all of its probes at once. A probe can only infect later
    than it is sent, so the order is exact. Raises :class:`UsageError` where the worm would send more than
    ``MAX_PROBES``.
    """
    waiting: list[tuple[float, int, int, int, int]] = []
    for address in patients:
        heapq.heappush(waiting, (worm.start - worm.incubation, int(address), NOBODY, NOBODY, NOBODY))
    reaching = np.flatnonzero(_among(others.target, vulnerable) & ~_down(others.time, outages))
    for row in reaching.tolist():
        event = (
            float(others.time[row]),
            int(others.target[row]),
            int(others.address[others.source[row]]),
            NOBODY,
            int(row),
        )
        heapq.heappush(waiting, event)
    hosts: list[Infected] = []
    known: set[int] = set()
    sent: list[tuple[Floats, Addresses]] = []
    infecting: list[tuple[int, int]] = []
    from_outside = np.zeros(len(others.time), np.bool_)
    walk = stream(seed, "list", worm.title)
    common = shared_list(profile, int(worm.rate * span * 3), walk) if profile.shared_list else None
    total = 0.0
    while waiting:
        when, address, parent, by, row = heapq.heappop(waiting)
        onset = when + worm.incubation
        if address in known or onset >= span:
            continue
        known.add(address)
        if parent != NOBODY and by == NOBODY:
            from_outside[row] = True
        elif by != NOBODY:
            infecting.append((by, row))
        draw = stream(seed, "worm", worm.title, address)
        rate = float(rates(worm, 1, draw)[0])
        until = span if worm.lasting is None else min(span, onset + worm.lasting)
        total += max(until - onset, 0.0) * rate
        if total > MAX_PROBES:
            raise UsageError(
                f"worm {worm.title}: more than {MAX_PROBES:,} probes; "
                "lower its rate, or give it a lasting or a max_infected"
            )
        time = _moments(draw, rate, onset, until)
        target = _targets(profile, traits, address, len(time), draw, common)
        number = len(hosts)
        hosts.append(Infected(address=address, infected=when, onset=onset, rate=rate, parent=parent))
        sent.append((time, target))
        for hit in np.flatnonzero(_among(target, vulnerable)).tolist():
            event = (float(time[hit]), int(target[hit]), address, number, int(hit))
            heapq.heappush(waiting, event)
    flags = [np.zeros(len(t), np.bool_) for t, _ in sent]
    for number, row in infecting:
        flags[number][row] = True
    return Chain(
        hosts=tuple(hosts),
        source=np.repeat(np.array([h.address for h in hosts], np.uint32), [len(t) for t, _ in sent]),
        time=np.concatenate([t for t, _ in sent]) if sent else np.zeros(0),
        target=np.concatenate([a for _, a in sent]) if sent else np.zeros(0, np.uint32),
        infecting=np.concatenate(flags) if sent else np.zeros(0, np.bool_),
        from_outside=from_outside,
    )


def _moments(draw: np.random.Generator, rate: float, onset: float, until: float) -> Floats:
    """Seconds of a host's probes."""
    expected = max(until - onset, 0.0) * rate
    gaps = draw.gamma(REGULARITY, 1 / (REGULARITY * rate), int(expected + 6 * np.sqrt(expected) + 10))
    time = onset + np.cumsum(gaps)
    return time[time < until]


def _targets(
    profile: Profile, traits: Traits, source: int, n: int, draw: np.random.Generator, common: Addresses | None
) -> Addresses:
    if common is not None:
        return common[:n] if n <= len(common) else np.resize(common, n)
    if profile.order == "sequential":
        start = int(draw_each(profile, np.array([source], np.uint32), draw)[0])
        walk = (start + np.arange(n, dtype=np.uint64)) % np.uint64(2**32)
        return walk.astype(np.uint32)
    target = draw_each(profile, np.full(n, source, np.uint32), draw)
    if traits.local_walk:
        own = np.flatnonzero(target >> np.uint32(8) == source >> 8)
        first = (source & ~255) + 1
        target[own] = ((first + np.arange(len(own), dtype=np.int64)) % 2**32).astype(np.uint32)
    return target


def _among(values: Addresses, ordered: Addresses) -> npt.NDArray[np.bool_]:
    if not len(ordered):
        return np.zeros(len(values), np.bool_)
    place = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: npt.NDArray[np.bool_] = np.asarray(ordered[place] == values)
    return found


def _down(time: Floats, outages: tuple[Outage, ...]) -> npt.NDArray[np.bool_]:
    down = np.zeros(len(time), np.bool_)
    for outage in outages:
        down |= (time >= outage.start) & (time < outage.start + outage.seconds)
    return down
