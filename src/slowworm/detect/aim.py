"""How the targets of a scan were chosen, from its contacts: what the classes and profiles need to be compared."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect.evidence import Contacts
from slowworm.detect.profiles.model import Profile
from slowworm.detect.profiles.view import View
from slowworm.detect.site import Site
from slowworm.detect.targeting import UNKNOWN, Targeting, targeting

Ints = npt.NDArray[np.int64]

MAX_CLASSIFIED = 20_000
"""Targets of one source that the targeting classes are compared on, the first in time, or in order of address where
time is not known: more settle nothing."""


def aim(
    batch: pa.RecordBatch, contacts: Contacts, rows: Ints, *, place: Site, profiles: Iterable[Profile]
) -> Targeting:
    """The targeting behind the contacts ``rows`` of one source; UNKNOWN for IPv6 and for no contacts."""
    if not contacts.ipv4 or not len(rows):
        return UNKNOWN
    targets, first = np.unique(contacts.server[rows], return_index=True)
    ordered = batch.column("first_time").null_count == 0
    sizes = _packet_bytes(contacts, rows[first])
    if ordered:
        by_time = np.lexsort((targets, contacts.first_time[rows[first]]))
        targets = targets[by_time]
        sizes = sizes if sizes is None else sizes[by_time]
    source = int(contacts.client[rows[0]])
    return targeting(
        source,
        targets[:MAX_CLASSIFIED].astype(np.uint32),
        ordered=ordered,
        profiles=profiles,
        packet_bytes=None if sizes is None else sizes[:MAX_CLASSIFIED],
        packets=_packets(contacts, rows),
        view=_view(place, source),
    )


def _view(place: Site, source: int) -> View | None:
    """What is seen here of the targets of ``source``; ``None`` where one's own network is not known."""
    if not place.prefixes:
        return None
    if place.inside(np.array([source]))[0]:
        return View(hidden=place.hidden, unseen=place.unseen)
    return View(only=place.prefixes)


def _packets(contacts: Contacts, rows: Ints) -> Ints | None:
    """Packets of each contact's largest flow, in no order."""
    largest = contacts.largest[rows[:MAX_CLASSIFIED]]
    return None if (largest < 0).any() else largest


def _packet_bytes(contacts: Contacts, rows: Ints) -> Ints | None:
    octets, packets = contacts.octets[rows], contacts.packets[rows]
    if (octets < 0).any() or (packets <= 0).any():
        return None
    return octets // packets
