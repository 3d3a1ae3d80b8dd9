"""The table of hosts of truth, from the cast and the flows that were exported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.flows.addresses import ipv6_rows
from slowworm.flows.schema import TIME
from slowworm.rehearse.world.actors.base import Actor, Resident
from slowworm.rehearse.world.ipv6 import addresses6, dual
from slowworm.rehearse.world.observe import Flows, nanoseconds
from slowworm.rehearse.world.site import CLASSES, Site
from slowworm.rehearse.world.spec import WorldSpec
from slowworm.rehearse.world.translation import seen_as
from slowworm.rehearse.world.truth import GROWTH, HOSTS
from slowworm.rehearse.world.worms.chain import NOBODY
from slowworm.rehearse.world.worms.growth import inside_growth
from slowworm.rehearse.world.worms.outbreak import Outbreak

Addresses = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who took part: actors with their hosts, outbreaks, and the names of flow labels."""

    actors: tuple[tuple[Actor, tuple[Resident, ...]], ...]
    outbreaks: tuple[Outbreak, ...]
    names: tuple[str, ...]


class _Columns:
    """Columns of the hosts table by address, filled step by step."""

    def __init__(self, addresses: Addresses) -> None:
        self.address = addresses
        n = len(addresses)
        self.text = {
            name: np.full(n, None, object) for name in ("role", "family", "lookalike", "worm", "profile")
        }
        self.expected = np.full(n, "clean", object)
        self.onset = np.full(n, NOBODY, np.int64)
        self.parent = np.full(n, NOBODY, np.int64)
        self.rate = np.full(n, np.nan)
        self.sent = np.full(n, NOBODY, np.int64)

    def rows(self, addresses: Addresses) -> Ints:
        return np.searchsorted(self.address, addresses).astype(np.int64)


def hosts_table(spec: WorldSpec, site: Site, cast: Cast, flows: Flows) -> pa.Table:
    """``Truth.hosts``: endpoints, servers, everybody an actor names, and infected hosts; sorted by address."""
    groups = [site.endpoints]
    groups += [r.addresses for _, residents in cast.actors for r in residents]
    for found in cast.outbreaks:
        groups += [_inside_of(found), found.outside.address[np.unique(found.outside.source)]]
    if site.has_private:
        groups.append(site.pool)
    table = _Columns(np.unique(np.concatenate(groups)))
    _endpoints(table, site)
    _actors(table, cast)
    for found in cast.outbreaks:
        _infected(table, found)
    shown = seen_as(site, spec.vantage, table.address)
    _pool(table, site, shown)
    codes = {name: i for i, name in enumerate(cast.names)}
    seen, first, visible = _probes(table, cast, codes, flows)
    base = nanoseconds(spec.start)
    place = np.minimum(table.rows(flows.src), len(table.address) - 1)
    mine = table.address[place] == flows.src
    number = np.bincount(place[mine], minlength=len(table.address))
    infected = np.array([w is not None for w in table.text["worm"]])
    has_parent = table.parent != NOBODY
    columns: dict[str, Any] = {
        "address": table.address,
        "seen_as": shown,
        "address6": _second_addresses(spec, site, table.address),
        "inside": site.contains(table.address),
        **{name: pa.array(values, pa.string()).dictionary_encode() for name, values in table.text.items()},
        "expected": pa.array(table.expected, pa.string()).dictionary_encode(),
        "infected": infected,
        "onset": _times(table.onset + base, ~infected),
        "parent": pa.array(np.where(has_parent, table.parent, 0).astype(np.uint32), mask=~has_parent),
        "parent_visible": pa.array(visible, mask=~has_parent),
        "rate": pa.array(table.rate, mask=np.isnan(table.rate)),
        "probes_sent": pa.array(table.sent, mask=table.sent == NOBODY),
        "probes_seen": seen,
        "first_probe_seen": _times(first + base, first < 0),
        "flows": number,
    }
    return pa.table([pa.array(columns[f.name]).cast(f.type) for f in HOSTS], schema=HOSTS)


def _pool(table: _Columns, site: Site, shown: Addresses) -> None:
    """Translating addresses: infected like the first infected host that hides behind each."""
    if not site.has_private:
        return
    rows = table.rows(site.pool)
    table.text["role"][rows], table.text["lookalike"][rows] = "nat-pool", "nat-gateway"
    behind = np.array([w is not None for w in table.text["worm"]]) & (shown != table.address)
    hosts = np.flatnonzero(behind)
    for row in hosts[np.argsort(-table.onset[hosts], kind="stable")]:  # the earliest comes last and stays
        pool = table.rows(shown[row : row + 1])
        for name in ("worm", "profile"):
            table.text[name][pool] = table.text[name][row]
        table.expected[pool], table.onset[pool] = "infected", table.onset[row]


def _second_addresses(spec: WorldSpec, site: Site, addresses: Addresses) -> pa.Array:
    """IPv6 addresses of the hosts that have one."""
    rows = ipv6_rows(addresses6(site, addresses))
    return pc.if_else(pa.array(dual(site, addresses, spec.ipv6_share)), rows, pa.nulls(len(rows), rows.type))


def _times(values: Ints, missing: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array(np.where(missing, 0, values), mask=missing).cast(TIME)


def _inside_of(found: Outbreak) -> Addresses:
    return np.array([h.address for h in found.inside.hosts], np.uint32)


def _endpoints(table: _Columns, site: Site) -> None:
    rows = table.rows(site.endpoints)
    table.text["role"][rows] = np.array([name for name, _ in CLASSES], object)[site.classes()]


def _actors(table: _Columns, cast: Cast) -> None:
    for actor, residents in cast.actors:
        for resident in residents:
            rows = table.rows(resident.addresses)
            # Ordinary behaviour does not hide a telling one.
            if resident.lookalike is None:
                rows = rows[[text is None for text in table.text["lookalike"][rows]]]
            table.text["role"][rows] = actor.name
            table.text["family"][rows] = actor.family
            table.text["lookalike"][rows] = resident.lookalike
            table.expected[rows] = resident.expected


def _infected(table: _Columns, found: Outbreak) -> None:
    inside, outside = found.inside, found.outside
    rows = table.rows(_inside_of(found))
    table.onset[rows] = [round(h.onset * 1e6) * 1000 for h in inside.hosts]
    table.parent[rows] = [h.parent for h in inside.hosts]
    table.rate[rows] = [h.rate for h in inside.hosts]
    table.sent[rows] = np.bincount(
        np.searchsorted(np.sort(_inside_of(found)), inside.source), minlength=len(inside.hosts)
    )[np.argsort(np.argsort(_inside_of(found)))]
    active = np.unique(outside.source)
    there = table.rows(outside.address[active])
    table.onset[there] = np.rint(outside.onset[active] * 1e6).astype(np.int64) * 1000
    table.rate[there] = outside.rate[active]
    for some in (rows, there):
        table.text["worm"][some] = found.worm.title
        table.text["profile"][some] = found.profile.name
        table.expected[some] = "infected"


def _probes(
    table: _Columns, cast: Cast, codes: dict[str, int], flows: Flows
) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Per host: distinct destinations of exported probes, ns of the first, and whether its infection was exported."""
    n = len(table.address)
    seen, first, visible = np.zeros(n, np.int64), np.full(n, -1, np.int64), np.zeros(n, np.bool_)
    for found in cast.outbreaks:
        code = codes[f"worm/{found.worm.title}"]
        rows = np.flatnonzero((flows.label == code) | (flows.label == code + 1))
        probes = rows[flows.forward[rows]]
        pairs = np.sort(flows.src[probes].astype(np.uint64) << np.uint64(32) | flows.dst[probes])
        pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])] if len(pairs) else pairs
        whose = table.rows((pairs >> np.uint64(32)).astype(np.uint32))
        seen += np.bincount(whose, minlength=n)
        order = probes[np.argsort(flows.start[probes], kind="stable")]
        source, place = np.unique(flows.src[order], return_index=True)
        first[table.rows(source)] = flows.start[order[place]]
        infecting = rows[flows.label[rows] == code + 1]
        calls = infecting[flows.forward[infecting]]
        answers = infecting[~flows.forward[infecting]]
        victims = np.concatenate([flows.dst[calls], flows.src[answers]])
        visible[table.rows(np.unique(victims))] = True
    return seen, first, visible


def growth_table(outbreaks: list[Outbreak]) -> pa.Table:
    """``Truth.growth``."""
    rows: list[dict[str, object]] = []
    for found in outbreaks:
        worm = found.worm
        inside = {
            "side": "inside",
            "growth_per_hour": inside_growth(found),
            "infected": len(found.inside.hosts),
        }
        outside = {"side": "outside", "growth_per_hour": worm.growth, "infected": len(found.outside.address)}
        rows.append({"worm": worm.title, "patient_zeros": worm.patient_zeros, **inside})
        rows.append({"worm": worm.title, "patient_zeros": worm.outside_sources, **outside})
    return pa.Table.from_pylist(rows, schema=GROWTH)
