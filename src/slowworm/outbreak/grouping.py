"""From verdicts on hosts to incidents: which infected hosts have the same worm.

Three steps, each as fine as the data allow: services that one worm attacks together (a bot's 23, 2323 and 8080); on the
same services, worms that choose their targets differently; on the same services, outbreaks that do not overlap in time.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from slowworm.detect.verdicts import INFECTED, Verdict

Service = tuple[int | None, int | None]
Key = tuple[str, str]

SERVICE_SHARE = 0.05
"""Share of a host's targets from which a service is the worm's and not a stray call."""

TOGETHER = 0.2
"""Share of the hosts on the rarer of two services that attack both, from which the two belong to one worm. A few
hosts with two worms do not make one of them."""

SURE_FAMILY = 0.95
"""Probability of a family of targeting classes from which a host counts as choosing that way."""

FAMILY_TARGETS = 20
"""Targets from which that is looked at: with fewer a local scan may not have left its prefix."""

PART_SHARE = 0.05
"""Share of the hosts on a service that a second worm must have, and two hosts of more than five. Of every hundred
hosts a few are named wrongly: those are no second worm."""

QUIET = datetime.timedelta(hours=24)
"""Quiet time after which a new outbreak begins: longer than a night."""

FAMILY = {
    "uniform": "scattered",
    "routable": "scattered",
    "permutation": "scattered",
    "hitlist": "scattered",
    "shared-list": "scattered",
    "local": "local",
    "sequential": "walk",
    "stride": "walk",
}
"""Classes of targeting that one worm's hosts may show side by side; others (``subnet``) say nothing of the worm."""


def grouped(verdicts: Iterable[Verdict], *, comparable: Callable[[Verdict], bool]) -> list[list[Verdict]]:
    """The ``infected`` verdicts as one group per incident, the largest first.

    ``comparable``: whether the targeting of a verdict may be compared with others': of an outside source only what it
    sends to the inside is seen.
    """
    infected = sorted(
        (v for v in verdicts if v.verdict == INFECTED),
        key=lambda v: (v.address.version, int(v.address), v.sort_key),
    )
    home = _linked(infected)
    by_service: dict[Service, list[Verdict]] = {}
    for verdict in infected:
        by_service.setdefault(home[_main(verdict)], []).append(verdict)
    found = [
        wave
        for group in by_service.values()
        for part in _by_worm(group, comparable)
        for wave in _by_time(part)
    ]
    return sorted(found, key=lambda g: (-len(g), str(_main(g[0])), g[0].sort_key))


def services_of(verdict: Verdict) -> tuple[Service, ...]:
    """The services a verdict is about, without stray ones."""
    total = sum(s.targets for s in verdict.services)
    own = [(s.protocol, s.port) for s in verdict.services if s.targets >= SERVICE_SHARE * total]
    return tuple(dict.fromkeys([_main(verdict), *own]))


def _main(verdict: Verdict) -> Service:
    return verdict.protocol, verdict.port


def _linked(verdicts: Sequence[Verdict]) -> dict[Service, Service]:
    """For each service, the one that stands for all that belong together."""
    hosts: Counter[Service] = Counter()
    pairs: Counter[tuple[Service, Service]] = Counter()
    for verdict in verdicts:
        own = sorted(services_of(verdict), key=str)
        hosts.update(own)
        pairs.update((a, b) for i, a in enumerate(own) for b in own[i + 1 :])
    home = {service: service for service in hosts}
    for (a, b), both in sorted(pairs.items(), key=str):
        if both >= TOGETHER * min(hosts[a], hosts[b]):
            kept, gone = sorted((home[a], home[b]), key=str)
            home = {service: kept if at == gone else at for service, at in home.items()}
    return home


def _by_worm(group: list[Verdict], comparable: Callable[[Verdict], bool]) -> list[list[Verdict]]:
    """The group by worm or way of choosing, where the data tell; otherwise as it is."""
    keys = [_key(verdict) if comparable(verdict) else None for verdict in group]
    ways: dict[str, Counter[str]] = {}
    for verdict, key in zip(group, keys, strict=True):
        if key is not None and key[0] == "worm":
            ways.setdefault(key[1], Counter()).update([_family(verdict)])
    for i, key in enumerate(keys):
        if key is not None and key[0] == "family":
            # A host that chooses as a named worm's hosts do is one of them.
            alike = [
                (_possible(group[i], worm), w.total(), worm) for worm, w in ways.items() if _way(w) == key[1]
            ]
            keys[i] = ("worm", max(alike)[2]) if alike else key
    counts = Counter(key for key in keys if key is not None)
    parts = {key for key, n in counts.items() if n >= max(PART_SHARE * len(group), min(2, len(group) / 3))}
    if len(parts) < 2:
        return [group]
    largest = min(parts, key=lambda key: (-counts[key], key))
    split: dict[Key, list[Verdict]] = {}
    for verdict, key in zip(group, keys, strict=True):
        split.setdefault(key if key is not None and key in parts else largest, []).append(verdict)
    return list(split.values())


def _key(verdict: Verdict) -> Key | None:
    """The worm of a verdict; else the family of its targeting, if that is beyond doubt."""
    if verdict.targeting.worm is not None:
        return "worm", verdict.targeting.worm
    family = _family(verdict) if verdict.targets >= FAMILY_TARGETS else ""
    return ("family", family) if family else None


def _family(verdict: Verdict) -> str:
    """The family that a verdict's targeting is sure to be of; empty where there is none."""
    shares: dict[str, float] = {}
    for candidate in verdict.targeting.candidates:
        family = FAMILY.get(candidate.name, "")
        shares[family] = shares.get(family, 0.0) + candidate.probability
    return max((name for name, share in shares.items() if share >= SURE_FAMILY), default="")


def _way(families: Counter[str]) -> str:
    """The family of most of a worm's hosts."""
    return min(families, key=lambda name: (-families[name], name))


def _possible(verdict: Verdict, worm: str) -> float:
    return next((c.probability for c in verdict.targeting.worm_candidates if c.name == worm), 0.0)


def _by_time(group: list[Verdict]) -> list[list[Verdict]]:
    """The group as waves with quiet between; as it is where times are not known."""
    timed = [(v.first_seen, v.last_seen or v.first_seen, v) for v in group if v.first_seen is not None]
    if len(timed) < len(group):
        return [group]
    timed.sort(key=lambda item: (item[0], item[2].sort_key))
    waves: list[list[Verdict]] = []
    end = timed[0][1]
    for first, last, verdict in timed:
        if not waves or first > end + QUIET:
            waves.append([])
        waves[-1].append(verdict)
        end = max(end, last)
    return waves
