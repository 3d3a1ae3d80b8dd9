"""One world measured: Slowworm's verdicts and each peer's alarms against the truth, as plain data."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import slowworm
from scripts.quality.attempts import Attempts, Ints, attempts
from scripts.quality.counting import Site
from scripts.quality.peers import RULES, Rule
from scripts.quality.scenarios import Job
from scripts.quality.truth import Sick, Truth, read_truth, right_classes
from slowworm.detect.profiles import load_profiles
from slowworm.detect.verdicts import INFECTED, SCANNER
from slowworm.rehearse.world import World, build

Data: TypeAlias = dict[str, Any]
"""What goes from a worker to the summary: strings, numbers, lists and dictionaries only."""

REPLAYS = 2
"""Infected hosts of each world whose time of detection is checked by hunts over the flows up to then."""

LATEST_REPLAY = 7
"""A replay gives up after 2 to this less one further contacts."""

BEFORE_ONSET = -1
"""Contacts until an alarm that came before the host was infected: it is no detection of the worm."""


def measure(job: Job, *, replays: int = REPLAYS) -> Data:
    """Build the world of ``job`` and measure everybody in it."""
    world = build(job.spec)
    truth = read_truth(world.truth.hosts, world.truth.growth)
    tried = attempts(world.flows)
    table = pa.Table.from_batches(world.flows)
    result = slowworm.hunt(table, inside=job.spec.inside)
    hours = job.spec.span_seconds / 3600
    said = ours(result, truth, tried, hidden=job.scenario.hidden)
    return {
        "scenario": job.scenario.name,
        "seed": job.spec.seed,
        "flows": table.num_rows,
        "hosts": job.spec.hosts,
        "host_hours": int(truth.benign_inside.sum()) * hours,
        "sick": [_sick(host) for host in truth.sick],
        "slowworm": said,
        "replays": _replayed(table, said["sick"], truth, tried, job, replays),
        "growth": growth(result, truth),
        "peers": {rule.name: peer(rule, tried, truth, site_of(world)) for rule in RULES},
    }


def _sick(host: Sick) -> Data:
    return {"worm": host.worm, "profile": host.profile, "rate": host.rate, "probes": host.probes}


def ours(result: slowworm.HuntResult, truth: Truth, tried: Attempts, *, hidden: int) -> Data:
    """Verdicts on infected hosts in the order of ``truth.sick``, and the false ones."""
    verdicts: dict[int, list[slowworm.Verdict]] = {}
    for verdict in result.verdicts:
        if verdict.address.version == 4:
            verdicts.setdefault(int(verdict.address), []).append(verdict)
    parents = _parents(result)
    false = [
        {
            "address": str(ipaddress.IPv4Address(address)),
            "inside": address in truth.insiders,
            "who": truth.roles.get(address, "not in the truth"),
            "verdict": v.verdict,
            "protocol": v.protocol,
            "port": v.port,
            "targets": v.targets,
            "weight": v.weight,
        }
        for address, found in sorted(verdicts.items())
        for v in found
        if _wrong(v.verdict, truth.expected.get(address), inside=address in truth.insiders)
    ]
    return {
        "sick": [
            _verdict_on(host, verdicts.get(host.address, []), tried, parents, hidden) for host in truth.sick
        ],
        "false": false,
    }


def _wrong(verdict: str, expected: str | None, *, inside: bool) -> bool:
    """Whether a verdict accuses somebody wrongly. An authorised scanner inside is a scanner and not infected; of a
    stranger that scans nobody can tell why."""
    if verdict == INFECTED and expected == SCANNER:
        return inside
    return verdict in (INFECTED, SCANNER) and expected not in (INFECTED, SCANNER)


def _verdict_on(
    host: Sick, verdicts: list[slowworm.Verdict], tried: Attempts, parents: dict[int, int], hidden: int
) -> Data:
    """What was said of an infected host: its heaviest verdict of the worst kind."""
    if not verdicts:
        return {"verdict": None}
    v = verdicts[0]
    said: Data = {"verdict": v.verdict, "targets": v.targets, "worm": None}
    if v.detected_at is not None:
        when = int(pa.scalar(v.detected_at, pa.timestamp("ns", tz="UTC")).cast(pa.int64()).as_py())
        said["contacts"] = contacts_from_onset(tried, host, when)
        said["seconds"] = (when - host.onset) / 1e9
    said["class"] = v.targeting.name
    said["class_right"] = v.targeting.name in right_classes(host.profile, hidden=hidden)
    named = v.targeting.worm
    listed = {c.name for c in v.targeting.worm_candidates}
    said["worm"] = (
        "right"
        if named == host.profile
        else "wrong"
        if named
        else "listed"
        if host.profile in listed
        else "open"
    )
    if host.parent is not None:
        said["parent_right"] = parents.get(host.address) == host.parent
    return said


def contacts_from_onset(tried: Attempts, host: Sick, when: int) -> int:
    """First contacts of a host since it began to probe, up to ``when``; ``BEFORE_ONSET`` where that is earlier."""
    if when < host.onset:
        return BEFORE_ONSET
    times = tried.contact_times(host.address)
    return int(np.searchsorted(times, when, side="right") - np.searchsorted(times, host.onset))


def _parents(result: slowworm.HuntResult) -> dict[int, int]:
    """Infected host → who infected it, as far as the result says."""
    found = {}
    for verdict in result.to_dict()["verdicts"]:
        parent = verdict.get("infected_by")
        if parent and ":" not in verdict["address"]:
            found[int(ipaddress.IPv4Address(verdict["address"]))] = int(
                ipaddress.IPv4Address(parent["address"])
            )
    return found


def growth(result: slowworm.HuntResult, truth: Truth) -> list[Data]:
    """True K per hour of each spreading worm, and the K of the outbreak that fits it best: by name, then by size."""
    outbreaks = result.to_dict()["outbreaks"]
    rows = []
    for worm, rate in sorted(truth.growth.items()):
        profile = next(h.profile for h in truth.sick if h.worm == worm)
        services = {(s.protocol, s.port) for s in load_profiles().get(profile).services}
        fitting = [o for o in outbreaks if (o["protocol"], o["port"]) in services]
        best = max(fitting, key=lambda o: (o.get("worm") == profile, o["sources"]), default=None)
        rows.append({"worm": worm, "true": rate, "said": best["growth_per_hour"] if best else None})
    return rows


def _replayed(
    table: pa.Table, found: list[Data], truth: Truth, tried: Attempts, job: Job, replays: int
) -> list[Data]:
    """For some infected hosts, the contacts from onset that a hunt over nothing but the flows begun by then needs.

    A host's own ``detected_at`` looks back from the end with all that was learnt of everybody since. Here the flows
    end after as many contacts as that says, and one, two, four, … more, until the hunt names the host.
    """
    named = [
        i for i, v in enumerate(found) if v["verdict"] == INFECTED and v.get("contacts", BEFORE_ONSET) > 0
    ]
    chosen = named[job.spec.seed % 3 :: max(1, len(named) // max(replays, 1))][:replays]
    rows = []
    for i in chosen:
        host, said = truth.sick[i], found[i]["contacts"]
        times = tried.contact_times(host.address)
        times = times[np.searchsorted(times, host.onset) :]
        needed = next(
            (n for n in _more(said, len(times)) if _names(table, host.address, int(times[n - 1]), job)), None
        )
        rows.append({"rate": host.rate, "said": said, "needed": needed})
    return rows


def _more(first: int, most: int) -> list[int]:
    steps = [0, *(2**k for k in range(LATEST_REPLAY))]
    return sorted({min(first + step, most) for step in steps})


def _names(table: pa.Table, address: int, until: int, job: Job) -> bool:
    """Whether a hunt over the flows begun by ``until`` (ns) calls a host infected."""
    started = table["start_time"].cast(pa.int64())
    result = slowworm.hunt(table.filter(pc.less_equal(started, until)), inside=job.spec.inside)
    return any(v.address.version == 4 and int(v.address) == address for v in result.infected)


def peer(rule: Rule, tried: Attempts, truth: Truth, site: Site) -> Data:
    """A peer at every level: benign inside hosts flagged, and contacts until each infected host is.

    ``contacts`` has a list for each level, in the order of ``truth.sick``: ``None`` where the host is not flagged.
    """
    scores = rule.scores(tried, site)
    benign = np.sort(scores.best[truth.is_benign(scores.source)])
    # rwscan's score has to exceed its threshold, the others' to reach theirs.
    below = np.searchsorted(benign, np.array(rule.levels), side="right" if rule.additive else "left")
    false = (len(benign) - below).tolist()
    addresses = np.array([h.address for h in truth.sick], np.int64)
    mine = scores.of(addresses)
    return {
        "false": false,
        "contacts": [_contacts(mine.alarms(level), truth.sick, tried) for level in rule.levels],
    }


def _contacts(alarms: Any, sick: Iterable[Sick], tried: Attempts) -> list[int | None]:
    when = dict(zip(alarms.source.tolist(), alarms.time.tolist(), strict=True))
    return [contacts_from_onset(tried, h, when[h.address]) if h.address in when else None for h in sick]


def site_of(world: World) -> Site:
    """What a peer is told of the site: its prefixes, and its /24s without hosts."""
    inside = tuple(ipaddress.IPv4Network(text) for text in world.spec.inside)
    return Site(inside=inside, dark=tuple(ipaddress.collapse_addresses(_dark(world, inside))))


def _dark(world: World, inside: Iterable[ipaddress.IPv4Network]) -> list[ipaddress.IPv4Network]:
    nets = [subnet for network in inside for subnet in network.subnets(new_prefix=24)]
    numbers: Ints = np.array([int(n.network_address) for n in nets], np.int64)
    dark = world.site.dark(numbers.astype(np.uint32))
    return [net for net, empty in zip(nets, dark, strict=True) if empty]
