"""The detector: the passes over one partition of flows, in order, to verdicts and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect import notes, weights
from slowworm.detect.activities import SCREEN, Activities, Weighed, activities, weigh
from slowworm.detect.around import second_look
from slowworm.detect.backscatter import victims
from slowworm.detect.contacts import contacts as contacts_of
from slowworm.detect.evidence import columns, contact_weights, failed_ports
from slowworm.detect.judge import Judge
from slowworm.detect.links import link
from slowworm.detect.population import population
from slowworm.detect.profiles import Profiles
from slowworm.detect.roles import lookup, role
from slowworm.detect.surroundings import surroundings
from slowworm.detect.suspicion import Suspicion
from slowworm.detect.verdicts import Verdict
from slowworm.flows.addresses import Address, Network
from slowworm.sources.base import Note

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """Verdicts (worst first) and notes of a set of flows.

    ``hosts``: sources judged; ``contacts``: the contact batch they were judged by, ``None`` without flows;
    ``inside``: prefixes of one's own network, learnt where none were given.
    """

    verdicts: tuple[Verdict, ...]
    notes: tuple[Note, ...]
    hosts: int
    contacts: pa.RecordBatch | None = None
    inside: tuple[Network, ...] = ()


def detect(
    flows: pa.RecordBatch,
    *,
    profiles: Profiles,
    inside: Sequence[Network] = (),
    dark: Sequence[Network] = (),
    everyone: bool = False,
) -> Detection:
    """Judge every source of a flow batch of one IP version.

    ``inside``: prefixes of one's own network; stray probes from elsewhere are reported together. ``dark``:
    prefixes known to be empty. ``everyone`` adds verdicts on clean hosts. The result does not depend on the order
    of rows.
    """
    batch = contacts_of(flows, random_port_sources=profiles.random_port_sources())
    if not batch.num_rows:
        return Detection(verdicts=(), notes=(), hosts=0)
    seen = population(batch, inside=inside, dark=dark)
    table = columns(batch)
    weighed = contact_weights(table, seen)
    judge = Judge(batch=batch, contacts=table, weighed=weighed, population=seen, profiles=profiles)
    verdicts, taken = _scanners(judge)
    grouped = activities(table, weighed, but=taken)
    found, strays, weight = _horizontal(judge, grouped, tuple(inside) or seen.site.networks)
    verdicts = link(verdicts + found, table, judge)
    flooded = victims(batch, table)
    said = [*notes.strays(judge, strays), *notes.silence(judge, grouped)]
    if everyone:
        verdicts += flooded
        verdicts += _clean(judge, grouped, weight, {v.address for v in verdicts})
    else:
        said += notes.backscatter(flooded)
    verdicts = _with_roles(verdicts, judge)
    return Detection(
        verdicts=tuple(sorted(verdicts, key=lambda v: v.sort_key)),
        notes=tuple(said),
        hosts=len(np.unique(table.client)),
        contacts=batch,
        inside=tuple(inside) or seen.site.networks,
    )


def _with_roles(verdicts: list[Verdict], judge: Judge) -> list[Verdict]:
    """Verdicts with what the hosts are by their behaviour."""
    index = lookup(judge.contacts, judge.population.site)
    named = []
    for verdict in verdicts:
        found = role(index.behaviour(judge.code(verdict.address)))
        named.append(replace(verdict, role=found.name, role_text=found.text) if found else verdict)
    return named


def _scanners(judge: Judge) -> tuple[list[Verdict], Bools]:
    """Vertical and block scans, and which contacts they account for."""
    taken = np.zeros(len(judge.contacts.client), np.bool_)
    rows, weight = failed_ports(judge.contacts, judge.weighed)
    verdicts = []
    for client in np.unique(judge.contacts.client[rows]):
        own = judge.contacts.client[rows] == client
        mine = rows[own]
        several = len(np.unique(judge.contacts.server[mine])) > 1
        activity = "block" if several else "vertical"
        verdicts.append(judge.scanner(mine, activity=activity, weight=int(weight[own].max())))
        taken[mine] = True
    return verdicts, taken


def _horizontal(
    judge: Judge, grouped: Activities, inside: Sequence[Network]
) -> tuple[list[Verdict], list[notes.Stray], Ints]:
    """Horizontal scans by host; the sources too weak for a verdict that probe from outside or into nowhere; and the
    tenths of each activity."""
    if not len(grouped.start):
        return [], [], np.zeros(0, np.int64)
    total = judge.weighed.total[grouped.order]
    dropped = judge.contacts.to_null[grouped.order]
    scanning = np.add.reduceat((total > 0).astype(np.int64), grouped.start)
    through = np.add.reduceat(((total > 0) & ~dropped).astype(np.int64), grouped.start)
    outside = _outside(judge, grouped.order[grouped.start], inside)
    allowance = np.array([weights.services_allowance(n) for n in range(grouped.services.max() + 1)])
    close = np.flatnonzero((grouped.screen >= SCREEN) & (scanning >= weights.MIN_TARGETS))
    suspicions = second_look(judge, dict(zip(close.tolist(), _weighed(judge, grouped, close), strict=True)))
    weight = grouped.screen.copy()
    weight += allowance[grouped.services]
    weight[close] = [judge.weight(s) for s in suspicions.values()]
    stray = (
        (weight < weights.BOUND_INFECTED) & (grouped.screen > 0) & (scanning > 0) & ((through == 0) | outside)
    )
    strays = [
        notes.Stray(row=int(grouped.order[grouped.start[i]]), nowhere=bool(through[i] == 0))
        for i in np.flatnonzero(stray)
    ]
    by_client: dict[int, list[Suspicion]] = {}
    for i, suspicion in suspicions.items():
        if weight[i] >= weights.BOUND_SUSPECT and not stray[i]:
            by_client.setdefault(int(judge.contacts.client[suspicion.rows[0]]), []).append(suspicion)
    verdicts = [verdict for found in by_client.values() for verdict in _of_one_host(judge, found)]
    return verdicts, strays, weight


def _weighed(judge: Judge, grouped: Activities, close: Ints) -> list[Suspicion]:
    """The activities ``close``, weighed as kinds of hosts; those with times also by their runs."""
    found: dict[int, Suspicion] = {}
    for timed in (False, True):
        members = close[grouped.timed[close] == timed]
        if not len(members):
            continue
        length = grouped.end[members] - grouped.start[members]
        start = np.concatenate([[0], np.cumsum(length)[:-1]])
        at = np.repeat(grouped.start[members] - start, length) + np.arange(int(length.sum()))
        shift = start - grouped.start[members]
        run = (grouped.run_start[members] + shift, grouped.run_end[members] + shift)
        rows = grouped.order[at]
        weighed = weigh(judge.weighed, judge.contacts, rows, start, run if timed else None)
        beside = surroundings(judge.contacts, judge.weighed, judge.population, rows, start)
        for k, i in enumerate(members.tolist()):
            found[i] = Suspicion(
                rows=rows[start[k] : start[k] + length[k]],
                timed=timed,
                begin=int(run[0][k] - start[k]),
                end=int(run[1][k] - start[k]),
                services=int(grouped.services[i]),
                weighed=Weighed(
                    weight=weighed.weight[k : k + 1],
                    by_run=weighed.by_run[k : k + 1],
                    choice=weighed.choice[k : k + 1],
                ),
                surroundings=tuple(beside[k].tolist()),
            )
    return [found[i] for i in close.tolist()]


def _of_one_host(judge: Judge, found: list[Suspicion]) -> list[Verdict]:
    """One entry per activity: a bot's services together, a tool's many services as one."""
    groups: list[list[Suspicion]] = []
    for suspicion in found:
        home = next((g for g in groups if _one_worm(judge, g[0].rows, suspicion.rows)), None)
        if home is None:
            groups.append([suspicion])
        else:
            home.append(suspicion)
    if len(groups) >= weights.VERTICAL_SERVICES:
        groups = [[s for g in groups for s in g]]
    merged = [group[0] if len(group) == 1 else judge.together(group) for group in groups]
    if len(found) >= weights.VERTICAL_SERVICES and len(merged) == 1 and not judge.one_profile(merged[0].rows):
        weight = judge.weight(merged[0])
        if weight >= weights.BOUND_INFECTED:
            return [judge.scanner(merged[0].rows, activity="block", weight=weight)]
    return [judge.horizontal(suspicion) for suspicion in merged]


def _one_worm(judge: Judge, first: Ints, second: Ints) -> bool:
    """Whether some profile attacks the services of both."""
    return judge.one_profile(np.array([first[0], second[0]]))


def _outside(judge: Judge, rows: Ints, inside: Sequence[Network]) -> Bools:
    """Which contacts have a client outside one's own prefixes; none where no prefixes are known."""
    wanted = [n for n in inside if n.version == (4 if judge.contacts.ipv4 else 6)]
    outside = np.full(len(rows), bool(wanted))
    if judge.contacts.ipv4:
        client = judge.contacts.client[rows]
        for network in wanted:
            shift = 32 - network.prefixlen
            outside &= client >> shift != int(network.network_address) >> shift
    elif wanted:
        outside[:] = [not any(judge.address(int(row)) in n for n in wanted) for row in rows]
    return outside


def _clean(judge: Judge, grouped: Activities, weight: Ints, flagged: set[Address]) -> list[Verdict]:
    """One verdict per host that nothing else was said of, from its heaviest activity."""
    verdicts = []
    activities_of: dict[int, list[int]] = {}
    for i, begin in enumerate(grouped.start):
        activities_of.setdefault(int(judge.contacts.client[grouped.order[begin]]), []).append(i)
    for members in activities_of.values():
        if judge.address(int(grouped.order[grouped.start[members[0]]])) in flagged:
            continue
        rows = np.concatenate([grouped.order[grouped.start[i] : grouped.end[i]] for i in members])
        verdicts.append(judge.ordinary(rows, weight=int(weight[members].max())))
    return verdicts
