"""Infected hosts on the Internet: how many there are when, and which of their probes reach the site.

Almost none do: a uniform scanner meets a /16 once in 65,536 probes. So only those are drawn, with their exact
probability, instead of all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.detect.profiles import Profile
from slowworm.detect.profiles.draw import draw_each
from slowworm.rehearse.world.internet import Internet
from slowworm.rehearse.world.spec import WormSpec

Addresses = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Sources (address, onset in seconds, rate) and their probes into the site (row of the source, second,
    target)."""

    address: Addresses
    onset: Floats
    rate: Floats
    source: Ints
    time: Floats
    target: Addresses


def infected_at(worm: WormSpec, hours: Floats) -> Floats:
    """Expected number of infected outside hosts, ``hours`` after the start: logistic with rate K = ``growth``."""
    if not worm.outside_sources:
        return np.zeros(len(hours))
    rest = worm.outside_population / worm.outside_sources - 1
    return worm.outside_population / (1 + rest * np.exp(-worm.growth * hours))


def onsets(worm: WormSpec, span: float, draw: np.random.Generator) -> Floats:
    """Seconds at which outside hosts begin: the first at the start, the others where the logistic curve puts them."""
    first = np.full(worm.outside_sources, worm.start)
    hours = max(span - worm.start, 0.0) / 3600
    begin, end = infected_at(worm, np.array([0.0, hours]))
    if worm.growth <= 0 or end <= begin:
        return first
    number = begin + np.sort(draw.random(draw.poisson(end - begin))) * (end - begin)
    rest = worm.outside_population / worm.outside_sources - 1
    later = np.log(rest / (worm.outside_population / number - 1)) / worm.growth
    return np.concatenate([first, worm.start + 3600 * later])


def rates(worm: WormSpec, n: int, draw: np.random.Generator) -> Floats:
    """Targets a second of ``n`` instances."""
    if worm.rate_shape is None:
        return np.full(n, worm.rate)
    return draw.gamma(worm.rate_shape, worm.rate / worm.rate_shape, n)


def outside(
    worm: WormSpec, profile: Profile, internet: Internet, span: float, draw: np.random.Generator
) -> Outside:
    """The outside part of a worm: all sources, and their probes to public inside addresses until ``span``."""
    onset = onsets(worm, span, draw)
    n = len(onset)
    rate = rates(worm, n, draw)
    address = internet.homes(n, "infected", worm.title) if n else np.zeros(0, np.uint32)
    until = np.full(n, span) if worm.lasting is None else np.minimum(span, onset + worm.lasting)
    active = np.maximum(until - onset, 0.0)
    prefixes = [(p, k) for p, k in internet.site.prefixes if not internet.site.is_private(p)]
    if not n or not prefixes:
        source, place, target = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.uint32)
    elif profile.shared_list:
        source, place, target = _listed(profile, internet, rate * active, draw)
    elif profile.order == "sequential":
        source, place, target = _walked(profile, prefixes, address, rate * active, draw)
    else:
        source, place, target = _drawn(profile, prefixes, address, rate * active, draw)
    return Outside(
        address=address,
        onset=onset,
        rate=rate,
        source=source,
        time=onset[source] + place * active[source],
        target=target,
    )


Hits = tuple[Ints, Floats, Addresses]
"""Row of the source, place of the probe among all of its probes (0 to 1), target."""


def _drawn(
    profile: Profile,
    prefixes: list[tuple[int, int]],
    sources: Addresses,
    probes: Floats,
    draw: np.random.Generator,
) -> Hits:
    """Independent targets: the number that falls inside is Poisson, each allowed inside address is as likely."""
    rooms = [_allowed(profile, network, length) for network, length in prefixes]
    mass = np.zeros((len(sources), len(prefixes)))
    for column, ((network, length), room) in enumerate(zip(prefixes, rooms, strict=True)):
        if not len(room):
            continue
        # What a source can do here depends on it only by the components whose prefix it shares with the site.
        kept = sorted({c.prefix for c in profile.mixture if 0 < c.prefix <= length})
        shared = sum((sources >> np.uint32(32 - k) == network >> (32 - k)).astype(np.int64) for k in kept)
        shared = np.broadcast_to(np.asarray(shared), sources.shape)
        for level in np.unique(shared):
            rows = np.flatnonzero(shared == level)
            density = profile.density(int(sources[rows[0]]), room[:1])[0]
            mass[rows, column] = density * len(room)
    total = mass.sum(axis=1)
    hits = draw.poisson(probes * total)
    source = np.repeat(np.arange(len(sources)), hits)
    edges = np.cumsum(mass, axis=1) / np.maximum(total, 1e-300)[:, None]
    which = (draw.random(len(source))[:, None] > edges[source]).sum(axis=1)
    target = np.zeros(len(source), np.uint32)
    for column, room in enumerate(rooms):
        rows = np.flatnonzero(which == column)
        if len(rows):
            target[rows] = room[draw.integers(0, len(room), len(rows))]
    return source, draw.random(len(source)), target


def _walked(
    profile: Profile,
    prefixes: list[tuple[int, int]],
    sources: Addresses,
    probes: Floats,
    draw: np.random.Generator,
) -> Hits:
    """Walks upward: those that pass through the site probe every address on the way."""
    start = draw_each(profile, sources, draw).astype(np.int64)
    length = np.floor(probes).astype(np.int64)
    found: list[Hits] = []
    for network, bits in prefixes:
        low = np.maximum(start, network)
        high = np.minimum(start + length, network + (1 << (32 - bits)))
        count = np.maximum(high - low, 0)
        source = np.repeat(np.arange(len(sources)), count)
        step = np.arange(len(source)) - np.repeat(np.cumsum(count) - count, count)
        target = low[source] + step
        found.append((source, (target - start[source]) / probes[source], target.astype(np.uint32)))
    joined = [np.concatenate([f[i] for f in found]) for i in range(3)]
    return joined[0], joined[1], joined[2]


def _listed(profile: Profile, internet: Internet, probes: Floats, draw: np.random.Generator) -> Hits:
    """One list for all: whoever gets that far probes the same inside addresses."""
    targets = shared_list(profile, int(probes.max(initial=0)), draw)
    places = np.flatnonzero(internet.site.contains(targets) & ~internet.site.private(targets))
    reached = places[None, :] < probes[:, None]
    source, column = np.nonzero(reached)
    place = places[column]
    return source, place / probes[source], targets[place]


def shared_list(profile: Profile, n: int, draw: np.random.Generator) -> Addresses:
    """The first ``n`` targets of a list that every instance walks."""
    return draw_each(profile, np.zeros(n, np.uint32), draw)


def _allowed(profile: Profile, network: int, length: int) -> Addresses:
    room = np.arange(network, network + (1 << (32 - length)), dtype=np.uint32)
    allowed: Addresses = room[profile.allowed(room)]
    return allowed
