"""Building a world: actors act, worms spread, routers export, and truth is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.rehearse.world.actors import ACTORS, Actor, chosen
from slowworm.rehearse.world.actors.base import Place, Resident
from slowworm.rehearse.world.events import with_outages
from slowworm.rehearse.world.exchanges import Exchanges
from slowworm.rehearse.world.hosts import Cast, growth_table, hosts_table
from slowworm.rehearse.world.internet import Internet
from slowworm.rehearse.world.ipv6 import split
from slowworm.rehearse.world.observe import BATCH_ROWS, Flows, batches, joined, observe
from slowworm.rehearse.world.responses import Responses
from slowworm.rehearse.world.site import Site
from slowworm.rehearse.world.spec import WorldSpec
from slowworm.rehearse.world.streams import stream
from slowworm.rehearse.world.translation import translated
from slowworm.rehearse.world.truth import Truth
from slowworm.rehearse.world.worms.outbreak import Outbreak, outbreak

INFECTION = "infection"
"""What the label of an infecting call ends with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """``flows``: batches in the flow schema, sorted by end as exporters send them; ``truth``; the ``site``."""

    spec: WorldSpec
    flows: list[pa.RecordBatch]
    truth: Truth
    site: Site


def build(spec: WorldSpec) -> World:
    """The world of a specification: the same bytes for the same specification.

    Every part draws from generators of its own: adding an actor or a worm leaves the flows of the others as they
    were, but for probes that now meet a server where there was none. Raises
    :class:`slowworm.errors.UsageError` for what cannot be built: hosts that do not fit, unknown actors or profiles,
    more probes than fit into memory.
    """
    site = Site(seed=spec.seed, inside=spec.inside, hosts=spec.hosts)
    internet = Internet(seed=spec.seed, site=site)
    cast, responses = _cast(spec, site, internet)
    names = label_names(spec)
    parts: list[Flows] = []
    parts6: list[Flows] = []
    for actor, place, _ in cast:
        calls = actor.exchanges(place).replace(label=names.index(actor.name))
        if spec.ipv6_share and actor.dual_stack:
            calls, calls6 = split(calls, site, spec.ipv6_share)
            parts6.append(_exported(calls6, place, "export over IPv6"))
        parts.append(_exported(translated(calls, site, spec.vantage), place, "export"))
    outbreaks: list[Outbreak] = []
    taken = np.zeros(0, np.uint32)
    for worm in spec.worms:
        outbreaks.append(outbreak(spec, worm, responses, taken))
        taken = np.concatenate([taken, outbreaks[-1].vulnerable])
        parts.append(_of_worm(spec, outbreaks[-1], names, site, internet))
    flows, flows6 = _in_order(parts), _in_order(parts6)
    del parts, parts6
    who = Cast(actors=tuple((a, tuple(r)) for a, _, r in cast), outbreaks=tuple(outbreaks), names=names)
    both = (flows, flows6)
    truth = Truth(
        hosts=hosts_table(spec, site, who, flows),
        growth=growth_table(outbreaks),
        names=names,
        flow_label=tuple(part for f in both for part in _sliced(f.label)),
        flow_forward=tuple(part for f in both for part in _sliced(f.forward)),
        flow_failed=tuple(part for f in both for part in _sliced(f.failed)),
    )
    found = batches(flows, spec.vantage, spec.start) + batches(flows6, spec.vantage, spec.start, site)
    return World(spec=spec, flows=found, truth=truth, site=site)


def _in_order(parts: list[Flows]) -> Flows:
    """Exporters send a record when it has ended; equal times keep the order of the parts."""
    flows = joined(parts)
    return flows.take(np.argsort(flows.end, kind="stable"))


def label_names(spec: WorldSpec) -> tuple[str, ...]:
    """Names of flow labels by code: every actor there is, then two for each worm (its probes, its infections)."""
    worms = [f"worm/{worm.title}{suffix}" for worm in spec.worms for suffix in ("", f"/{INFECTION}")]
    return (*(actor.name for actor in ACTORS), *worms)


def _cast(
    spec: WorldSpec, site: Site, internet: Internet
) -> tuple[list[tuple[Actor, Place, list[Resident]]], Responses]:
    """Actors with their places and hosts; and what probes meet, which the hosts of all of them decide."""
    every = chosen(spec.actors)
    nobody = _responses(site, internet, [])
    cast: list[tuple[Actor, Place, list[Resident]]] = []
    for actor in every:
        if actor.inside_only and spec.vantage.kind == "border":
            continue
        kin = [a for a in every if a.kind == actor.kind]
        place = Place(
            spec=spec, site=site, internet=internet, responses=nobody, slot=ACTORS.index(actor),
            part=(kin.index(actor), len(kin)), name=actor.name,
        )  # fmt: skip
        cast.append((actor, place, actor.residents(place)))
    responses = _responses(site, internet, [r for _, _, found in cast for r in found])
    return [(a, replace(place, responses=responses), found) for a, place, found in cast], responses


def _responses(site: Site, internet: Internet, residents: list[Resident]) -> Responses:
    services: dict[tuple[int, int], list[npt.NDArray[np.uint32]]] = {}
    for resident in residents:
        for service in resident.services:
            services.setdefault(service, []).append(resident.addresses)
    table = {service: np.unique(np.concatenate(found)) for service, found in services.items()}
    everyone = np.unique(np.concatenate(list(table.values()))) if table else np.zeros(0, np.uint32)
    return Responses(site=site, internet=internet, services=table, servers=everyone)


def _exported(calls: Exchanges, place: Place, what: str) -> Flows:
    spec = place.spec
    if spec.events:
        calls, _ = with_outages(calls, spec.events, place.site, place.stream(what, "outages"))
    draw = place.stream(what)
    return observe(calls, place.site, place.internet, spec.vantage, span=spec.span_seconds, draw=draw)


def _of_worm(
    spec: WorldSpec, found: Outbreak, names: tuple[str, ...], site: Site, internet: Internet
) -> Flows:
    title = found.worm.title
    calls, infecting = found.probes, found.infecting
    if spec.events:
        draw = stream(spec.seed, "worm", title, "outages")
        calls, infecting = with_outages(calls, spec.events, site, draw, stubborn=False, tags=infecting)
    code = names.index(f"worm/{title}")
    calls = translated(calls.replace(label=np.where(infecting, code + 1, code)), site, spec.vantage)
    draw = stream(spec.seed, "worm", title, "export")
    return observe(calls, site, internet, spec.vantage, span=spec.span_seconds, draw=draw)


def _sliced(values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    return tuple(values[first : first + BATCH_ROWS] for first in range(0, len(values), BATCH_ROWS))
