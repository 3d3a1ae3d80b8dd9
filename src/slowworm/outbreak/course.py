"""The course of an incident in time: onsets, growth, forecast, tree, and what of them cannot be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from slowworm.detect.wording import plural
from slowworm.flows.addresses import Address
from slowworm.outbreak.forecast import forecast
from slowworm.outbreak.growth import ALL_OF_IPV4, MIN_ONSETS, SETTLING_GAPS, Watch, fit, watch
from slowworm.outbreak.incident import Incident, Observation, covered_by, is_inside
from slowworm.outbreak.onsets import onsets
from slowworm.outbreak.scans import Scans
from slowworm.outbreak.tree import NAMED_FROM, Hosts, Tree, seen_share, tree

Bools = npt.NDArray[np.bool_]

USUAL_GAP = 0.75
"""Quantile of the sources' gaps between seen probes that stands for all: most have settled by then, and a few slow
ones do not use up the whole observation."""

SECOND = 1e9


def with_course(
    found: Incident, first: Mapping[Address, int], infected: Bools, calls: Scans, seen: Observation
) -> Incident:
    """The incident with its coverage and course.

    ``first``: by host, in the order in which ``calls`` number them, ns of the first suspicious call, -1 where not
    known; ``infected``: by host, the others are suspects. At least one infected host has a time.
    """
    assert seen.observed is not None
    begin, end = seen.observed
    hosts = _hosts(first, infected, calls, seen, begin, end)
    counted = hosts.infected & (hosts.onset >= 0)
    home = counted & hosts.inside
    of_inside = bool(seen.inside) and int(home.sum()) >= MIN_ONSETS
    rows = np.flatnonzero(home if of_inside else counted)
    gap = float(np.quantile(hosts.gap[rows], USUAL_GAP))
    watched = watch((hosts.onset[rows] - begin) / SECOND, begin=0.0, end=(end - begin) / SECOND, gap=gap)
    room = sum(n.num_addresses for n in seen.inside if n.version == 4) if of_inside else 0
    growth = fit(watched, limit=float(room or ALL_OF_IPV4))
    share = seen_share(seen.sampling, found.protocol)
    grown = tree(hosts, calls, begin=begin, share=share)
    return replace(
        found,
        coverage=covered_by(hosts.address, infected, hosts.onset, calls, seen.inside),
        growth_of="inside" if of_inside else "all",
        at_start=watched.at_start,
        growth=growth,
        forecast=forecast(growth) if growth else (),
        tree=grown,
        not_visible=tuple(_not_visible(hosts, watched, grown, seen.sampling, share)),
    )


def _hosts(
    first: Mapping[Address, int], infected: Bools, calls: Scans, seen: Observation, begin: int, end: int
) -> Hosts:
    """The hosts of an incident, with their onsets."""
    onset, gap = onsets(calls, np.array(list(first.values()), np.int64))
    # Of a host with a single call only that is known: it may scan ever so slowly.
    gap = np.where(np.isnan(gap), (end - begin) / SECOND, gap)
    return Hosts(
        address=list(first),
        onset=onset,
        gap=gap,
        infected=infected,
        inside=np.array([is_inside(a, seen.inside) for a in first], np.bool_),
        at_start=(onset >= 0) & ((onset - begin) / SECOND <= SETTLING_GAPS * gap),
    )


def _not_visible(hosts: Hosts, watched: Watch, grown: Tree, sampling: float, share: float) -> list[str]:
    """Why links are missing, or growth, in sentences."""
    said = []
    if sampling > 1:
        said.append(
            f"1 in {sampling:,.0f} packets is sampled: about {share:.0%} of the calls that infect are seen"
        )
    before = int((hosts.at_start & hosts.infected).sum())
    if before:
        said.append(
            f"{plural(before, 'source')} scanned when observation began: who infected them is not seen"
        )
    outside = int((hosts.infected & ~hosts.inside).sum())
    if outside:
        said.append(f"{plural(outside, 'source')} outside: who infected them is not seen from here")
    judged = [i for i in grown.infections if i.judged]
    open_ends = sum(i.unseen >= NAMED_FROM for i in judged)
    if open_ends:
        said.append(
            f"{open_ends} of {plural(len(judged), 'infection')} without a call here that explains it: another path, "
            "an address translated on the way, a medium carried in"
        )
    if grown.left_out:
        said.append(
            f"{grown.left_out:,} calls at hosts that were called very often were not weighed as causes"
        )
    if len(watched.onsets) < MIN_ONSETS:
        said.append(f"growth: {plural(len(watched.onsets), 'onset')} seen, {MIN_ONSETS} are needed")
    return said
