"""The detector: the passes over one partition of flows, in order, to verdicts and notes."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect import weights
from slowworm.detect.contacts import contacts as contacts_of
from slowworm.detect.evidence import Activities, Contacts, activities, columns, contact_weights
from slowworm.detect.judge import Judge, failed_ports, runs
from slowworm.detect.links import link
from slowworm.detect.population import population
from slowworm.detect.profiles import Profiles
from slowworm.detect.verdicts import Verdict
from slowworm.detect.wording import plural
from slowworm.flows.addresses import Network
from slowworm.flows.services import service_name
from slowworm.sources.base import Note

Ints = npt.NDArray[np.int64]

EXAMPLES = 3
"""Addresses named in a note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """Verdicts (worst first) and notes of a set of flows."""

    verdicts: tuple[Verdict, ...]
    notes: tuple[Note, ...]
    hosts: int
    """Sources judged."""


def detect(
    flows: pa.RecordBatch, *, profiles: Profiles, inside: Sequence[Network] = (), everyone: bool = False
) -> Detection:
    """Judge every source of a flow batch of one IP version.

    ``inside``: prefixes of one's own network; stray probes from elsewhere are reported together. ``everyone``
    adds verdicts on clean hosts. The result does not depend on the order of rows.
    """
    batch = contacts_of(flows)
    if not batch.num_rows:
        return Detection(verdicts=(), notes=(), hosts=0)
    seen = population(batch)
    table = columns(batch)
    weighed = contact_weights(table, seen)
    judge = Judge(batch=batch, contacts=table, weighed=weighed, population=seen, profiles=profiles)
    verdicts, taken = _scanners(judge)
    grouped = activities(table, weighed)
    found, strays = _horizontal(judge, grouped, taken, inside)
    verdicts += found
    notes = _stray_note(judge, strays)
    victims = judge.victims()
    if everyone:
        verdicts += victims
        verdicts += _clean(judge, grouped, {v.address for v in verdicts})
    elif victims:
        names = ", ".join(str(v.address) for v in victims[:EXAMPLES])
        notes.append(
            Note(
                id="backscatter",
                count=len(victims),
                text=(
                    f"{len(victims)} flooded under forged sources, seen by the answers: {names} (--all shows them)"
                ),
            )
        )
    linked = link(verdicts, table, judge)
    return Detection(
        verdicts=tuple(sorted(linked, key=lambda v: v.sort_key)),
        notes=tuple(notes),
        hosts=len(np.unique(table.client)),
    )


def _scanners(judge: Judge) -> tuple[list[Verdict], npt.NDArray[np.bool_]]:
    """Vertical and block scans, and which contacts they account for."""
    taken = np.zeros(len(judge.contacts.client), np.bool_)
    rows, weight = failed_ports(judge.contacts, judge.weighed)
    verdicts = []
    for client in np.unique(judge.contacts.client[rows]):
        own = judge.contacts.client[rows] == client
        mine = rows[own]
        several = len(np.unique(judge.contacts.server[mine])) > 1
        verdicts.append(
            judge.scanner(mine, activity="block" if several else "vertical", weight=int(weight[own].max()))
        )
        taken[mine] = True
    return verdicts, taken


def _horizontal(
    judge: Judge, grouped: Activities, taken: npt.NDArray[np.bool_], inside: Sequence[Network]
) -> tuple[list[Verdict], list[Ints]]:
    """Horizontal scans by host; and the contacts of sources that only probed what leads nowhere."""
    total = judge.weighed.total
    scanning = np.add.reduceat((total > 0)[grouped.order].astype(np.int64), grouped.start)
    through = np.add.reduceat(
        ((total > 0) & ~judge.contacts.to_null)[grouped.order].astype(np.int64), grouped.start
    )
    stray = (scanning > 0) & ((through == 0) | _outside(judge, grouped.order[grouped.start], inside))
    # Cheap first cut, on whole columns: what it drops can neither be flagged nor be a stray probe.
    flaggable = (grouped.weight >= weights.BOUND_SUSPECT) & (scanning >= weights.MIN_TARGETS)
    candidate = (grouped.weight > 0) & (flaggable | stray)
    verdicts: list[Verdict] = []
    strays: list[Ints] = []
    by_client: dict[int, list[tuple[Ints, int, float]]] = {}
    for i in np.flatnonzero(candidate):
        rows = grouped.order[grouped.start[i] : grouped.end[i]]
        if taken[rows].any():
            rows = rows[~taken[rows]]
            if not len(rows):
                continue
            weight, share = judge.merged_weight(rows)
        else:
            weight, share = int(grouped.weight[i]), float(grouped.share[i])
        if weight < weights.BOUND_INFECTED and stray[i]:
            strays.append(rows)
            continue
        if weight >= weights.BOUND_SUSPECT and int((total[rows] > 0).sum()) >= weights.MIN_TARGETS:
            by_client.setdefault(int(judge.contacts.client[rows[0]]), []).append((rows, weight, share))
    for found in by_client.values():
        verdicts += _of_one_host(judge, found)
    return verdicts, strays


def _of_one_host(judge: Judge, found: list[tuple[Ints, int, float]]) -> list[Verdict]:
    """One entry per activity: a bot's services together, a tool's many services as one."""
    if len(found) == 1:
        rows, weight, share = found[0]
        return [judge.horizontal(rows, weight=weight, share=share)]
    groups: list[list[Ints]] = []
    for rows, _, _ in found:
        home = next((g for g in groups if _one_worm(judge, g[0], rows)), None)
        if home is None:
            groups.append([rows])
        else:
            home.append(rows)
    merged = [np.concatenate(g) for g in groups]
    if len(merged) >= weights.VERTICAL_SERVICES:
        everything = np.concatenate(merged)
        weight, _ = judge.merged_weight(everything)
        return [judge.scanner(everything, activity="block", weight=weight)]
    return [
        judge.horizontal(rows, weight=w, share=s) for rows in merged for w, s in [judge.merged_weight(rows)]
    ]


def _one_worm(judge: Judge, first: Ints, second: Ints) -> bool:
    """Whether some profile attacks both services."""
    keys = [
        (int(judge.contacts.protocol[rows[0]]), int(judge.contacts.port[rows[0]])) for rows in (first, second)
    ]
    return any(
        all(
            any((s.protocol, -1 if s.port is None else s.port) == key for s in profile.services)
            for key in keys
        )
        for profile in judge.profiles.items
    )


def _outside(judge: Judge, rows: Ints, inside: Sequence[Network]) -> npt.NDArray[np.bool_]:
    """Which contacts have a client outside one's own prefixes; none where no prefixes are known."""
    outside = np.full(len(rows), bool(inside))
    if not inside:
        return outside
    if judge.contacts.ipv4:
        client = judge.contacts.client[rows]
        for network in inside:
            if network.version == 4:
                shift = 32 - network.prefixlen
                outside &= client >> shift != int(network.network_address) >> shift
        return outside
    wanted = [n for n in inside if n.version == 6]
    return np.array([not any(judge.address(int(row)) in n for n in wanted) for row in rows], np.bool_)


def _stray_note(judge: Judge, strays: list[Ints]) -> list[Note]:
    """Stray probes together, by service and interface."""
    by_service: dict[tuple[str, str | None], list[int]] = {}
    for rows in strays:
        c = judge.contacts
        protocol, port = int(c.protocol[rows[0]]), int(c.port[rows[0]])
        name = service_name(None if protocol < 0 else protocol, None if port < 0 else port)
        interface = judge.batch.column("in_if")[int(rows[0])].as_py()
        by_service.setdefault((name, interface), []).append(int(rows[0]))
    notes = []
    for (name, interface), first_rows in sorted(
        by_service.items(), key=lambda item: (-len(item[1]), item[0][0])
    ):
        examples = ", ".join(str(judge.address(row)) for row in first_rows[:EXAMPLES])
        more = "" if len(first_rows) <= EXAMPLES else ", …"
        where = f" behind {interface}" if interface else ""
        notes.append(
            Note(
                id="outside-probes",
                count=len(first_rows),
                text=(
                    f"{plural(len(first_rows), 'source')}{where} probed {name} at addresses that "
                    f"lead nowhere ({examples}{more}): too little for a verdict on each; together they say that the "
                    "scan also comes from outside"
                ),
            )
        )
    return notes


def _clean(
    judge: Judge, grouped: Activities, flagged: set[ipaddress.IPv4Address | ipaddress.IPv6Address]
) -> list[Verdict]:
    """One verdict per host that nothing else was said of, from its heaviest activity."""
    contacts: Contacts = judge.contacts
    verdicts = []
    starts: dict[int, list[int]] = {}
    for i, begin in enumerate(grouped.start):
        starts.setdefault(int(contacts.client[grouped.order[begin]]), []).append(i)
    for members in starts.values():
        address = judge.address(int(grouped.order[grouped.start[members[0]]]))
        if address in flagged:
            continue
        rows = np.concatenate(runs(grouped, np.array(members)))
        verdicts.append(judge.ordinary(rows, weight=max(int(grouped.weight[i]) for i in members)))
    return verdicts
