"""Coverage of the scan: which subnets were probed, how much of each, local or remote, in which order; as map data.

IPv4 only: no scan covers a noticeable share of an IPv6 subnet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.addresses import Network

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LENGTHS = (8, 16, 24)
"""Prefix lengths of the tables and of the local shares: those that worms choose by."""

MAP_ORDER = 8
"""Order of the Hilbert map: 4^8 cells of a /16 each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """A scan's coverage in numbers.

    ``subnets``: (prefix length, subnets with a target); ``local``: (longest prefix of ``LENGTHS`` shared with the
    source, share of the contacts), 0 for none; ``directions``: contacts by (source inside, target inside), empty where
    no inside prefixes are known; ``inside_share``: share of the inside addresses that were probed.
    """

    targets: int
    contacts: int
    subnets: tuple[tuple[int, int], ...]
    local: tuple[tuple[int, float], ...]
    directions: tuple[tuple[tuple[bool, bool], int], ...]
    inside_share: float | None


def coverage(source: Ints, target: Ints, *, inside: Sequence[Network] = ()) -> Coverage | None:
    """The coverage of IPv4 contacts from ``source[i]`` to ``target[i]``; ``None`` without any.

    Addresses are integers; rows with a negative one (IPv6) take no part.
    """
    known = (source >= 0) & (target >= 0)
    source, target = source[known], target[known]
    if not len(target):
        return None
    distinct = _distinct(target)
    shared = _shared(source, target)
    networks = [n for n in inside if n.version == 4]
    at_home, hit_home = within(source, networks), within(target, networks)
    directions = [
        ((a, b), int(((at_home == a) & (hit_home == b)).sum())) for a in (True, False) for b in (True, False)
    ]
    room = sum(_last(n) - _first(n) + 1 for n in _disjoint(networks))
    return Coverage(
        targets=len(distinct),
        contacts=len(target),
        subnets=tuple(
            (length, 1 + int(np.count_nonzero(np.diff(distinct >> 32 - length)))) for length in LENGTHS
        ),
        local=tuple((length, float((shared == length).mean())) for length in (0, *LENGTHS)),
        directions=tuple(directions) if networks else (),
        inside_share=int(within(distinct, networks).sum()) / room if networks else None,
    )


def subnets(target: Ints, first: Ints, *, length: int, inside: Sequence[Network] = ()) -> pa.Table:
    """One row per probed subnet of ``length``, in the order of its first contact (without times: of its address).

    ``target``: IPv4 addresses, ``first``: ns since 1970 or negative; one of each per contact. Columns: ``prefix``
    (its first address), ``length``, ``targets`` (distinct), ``share`` of the subnet's addresses, ``contacts``,
    ``first_time``, ``order`` from 1 on (both null without times), ``inside`` (null where not known).
    """
    known = target >= 0
    order = np.argsort(target[known], kind="stable")
    value, when = target[known][order], first[known][order]
    prefix = value >> 32 - length
    start = np.flatnonzero(np.diff(prefix, prepend=-1))
    new = np.diff(value, prepend=-1) != 0
    count = np.add.reduceat(new.astype(np.int64), start) if len(start) else start
    never = np.iinfo(np.int64).max
    earliest = np.minimum.reduceat(np.where(when < 0, never, when), start) if len(start) else start
    timed = earliest < never
    base = prefix[start] << 32 - length
    rank = np.lexsort((base, earliest))
    place = np.empty(len(rank), np.int64)
    place[rank] = np.arange(1, len(rank) + 1)
    networks = [n for n in inside if n.version == 4]
    table = pa.table(
        {
            "prefix": pa.array(base, pa.uint32()),
            "length": pa.array(np.full(len(base), length), pa.uint8()),
            "targets": pa.array(count, pa.uint32()),
            "share": pa.array(count / 2.0 ** (32 - length), pa.float64()),
            "contacts": pa.array(np.diff(np.append(start, len(value))), pa.uint32()),
            "first_time": pa.array(np.where(timed, earliest, 0), pa.int64(), mask=~timed).cast(
                pa.timestamp("ns", tz="UTC")
            ),
            "order": pa.array(place, pa.uint32(), mask=~timed),
            "inside": pa.array(within(base, networks), pa.bool_(), mask=np.full(len(base), not networks)),
        }
    )
    return table.take(pa.array(rank))


def hilbert_counts(target: Ints, *, order: int = MAP_ORDER) -> Ints:
    """Distinct targets in each cell of a Hilbert map of IPv4: 4^``order`` numbers, by the cell's place on the curve.

    A cell holds the addresses with the same first 2 · ``order`` bits, so that every prefix is a connected area.
    """
    cells = _distinct(target[target >= 0]) >> 32 - 2 * order
    return np.bincount(cells, minlength=4**order)


def hilbert_cells(*, order: int = MAP_ORDER) -> tuple[Ints, Ints]:
    """Column and row of each cell by its place on the curve, which begins at (0, 0) and ends at (2^order − 1, 0).

    Hilbert, Über die stetige Abbildung einer Linie auf ein Flächenstück, Math. Annalen 38, 1891; the arrangement
    that maps of IPv4 use.
    """
    place = np.arange(4**order)
    x, y = np.zeros_like(place), np.zeros_like(place)
    for bit in range(order):
        right, up = place >> 1 & 1, (place ^ place >> 1) & 1
        # A quadrant is turned as the curve enters it; then it is moved to its place.
        flip = (up == 0) & (right == 1)
        size = 1 << bit
        x, y = np.where(flip, size - 1 - x, x), np.where(flip, size - 1 - y, y)
        x, y = np.where(up == 0, y, x), np.where(up == 0, x, y)
        x, y = x + size * right, y + size * up
        place = place >> 2
    return x, y


def within(values: Ints, networks: Iterable[Network]) -> Bools:
    """Which IPv4 addresses lie in one of the IPv4 networks."""
    found = np.zeros(len(values), np.bool_)
    for network in networks:
        found |= (values >= _first(network)) & (values <= _last(network))
    return found


def _distinct(values: Ints) -> Ints:
    """The distinct IPv4 addresses, sorted: by sorting, which is several times faster here than hashing."""
    ordered = np.sort(values.astype(np.uint32)).astype(np.int64)
    return ordered[np.flatnonzero(np.diff(ordered, prepend=-1))]


def _shared(source: Ints, target: Ints) -> Ints:
    """The longest prefix length of ``LENGTHS`` that source and target share, else 0."""
    shared = np.zeros(len(source), np.int64)
    for length in LENGTHS:
        shared[(source ^ target) >> 32 - length == 0] = length
    return shared


def _first(network: Network) -> int:
    return int(network.network_address)


def _last(network: Network) -> int:
    return int(network.broadcast_address)


def _disjoint(networks: Sequence[Network]) -> list[Network]:
    import ipaddress

    return list(ipaddress.collapse_addresses(networks))  # type: ignore[type-var]
