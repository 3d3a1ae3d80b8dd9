"""Which legs a vantage point sees, and by which router and interfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.rehearse.world.internet import Internet
from slowworm.rehearse.world.legs import Legs
from slowworm.rehearse.world.site import Site
from slowworm.rehearse.world.spec import Vantage
from slowworm.rehearse.world.streams import salt, unit

Bools = npt.NDArray[np.bool_]
Addresses = npt.NDArray[np.uint32]

INSIDE_INTERFACES = ("Vl10", "Vl20", "Vl30", "Vl40")
"""Interfaces towards the /24s of the site, each behind one of them."""

UPLINK, NULL = "Te1/1", "Null"

INTERFACES = (*INSIDE_INTERFACES, UPLINK, NULL)

MULTICAST, BROADCAST, LOOPBACK = 0xE0000000, 0xFFFFFFFF, 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A leg at a router: row of the legs, codes of exporter and interfaces, and ns later than at the first router."""

    leg: npt.NDArray[np.int64]
    exporter: npt.NDArray[np.int32]
    in_if: npt.NDArray[np.int32]
    out_if: npt.NDArray[np.int32]
    later: npt.NDArray[np.int64]


def exporters(vantage: Vantage) -> tuple[str, ...]:
    """Names of the routers that export; the last of a duplicating path is the distribution router."""
    own = tuple(f"{vantage.kind}-{number + 1}" for number in range(vantage.exporters))
    return (*own, "distribution-1") if vantage.duplicates else own


def seen(site: Site, internet: Internet, vantage: Vantage, src: Addresses, dst: Addresses) -> Bools:
    """Which packets from ``src`` to ``dst`` are exported here at all."""
    src_in, dst_in = site.contains(src), site.contains(dst)
    if vantage.kind == "border":
        passing = (src_in ^ dst_in) & ~(src_in & site.private(src)) & ~(dst_in & site.private(dst))
    else:
        passing = (src_in | dst_in) & (src >> np.uint32(8) != dst >> np.uint32(8))
    # What stays on its link is not even dropped by a router: 224.0.0/24, the limited broadcast, loopback.
    passing &= (
        (dst >> np.uint32(8) != MULTICAST >> 8) & (dst != BROADCAST) & (dst >> np.uint32(24) != LOOPBACK)
    )
    incoming = ~src_in
    if vantage.one_way == "out":
        passing &= ~incoming
    elif vantage.one_way == "in":
        passing &= incoming
    if vantage.asymmetric_share:
        passing &= ~(incoming & elsewhere(internet, vantage, src))
    return passing


def elsewhere(internet: Internet, vantage: Vantage, src: Addresses) -> Bools:
    """Which outside sources' packets come in by another way."""
    chance = unit(src >> np.uint32(16), salt(internet.seed, "asymmetric"))
    away: Bools = np.asarray(chance < vantage.asymmetric_share)
    return away


def passages(site: Site, internet: Internet, vantage: Vantage, legs: Legs) -> Passage:
    """Exporter and interfaces of every leg; legs that pass two exporters are there twice."""
    seed, n = site.seed, len(legs)
    src_in, dst_in = site.contains(legs.src), site.contains(legs.dst)
    outside = np.where(src_in, legs.dst, legs.src)
    # A pair takes the same router in both directions, as with routes by destination network.
    pair = (legs.src >> np.uint32(8)).astype(np.uint64) + (legs.dst >> np.uint32(8)).astype(np.uint64)
    path = np.where(src_in & dst_in, pair, outside >> np.uint32(16))
    exporter = np.floor(unit(path, salt(seed, "exporter")) * vantage.exporters).astype(np.int32)
    in_if = np.where(src_in, _behind(seed, legs.src), INTERFACES.index(UPLINK))
    out_if = np.where(dst_in, _behind(seed, legs.dst), INTERFACES.index(UPLINK))
    nowhere = legs.dst >= MULTICAST
    if vantage.routes == "full":
        nowhere |= np.where(dst_in, site.dark(legs.dst), ~internet.routed(legs.dst))
    out_if = np.where(nowhere, INTERFACES.index(NULL), out_if)
    rows = np.arange(n)
    later = np.zeros(n, np.int64)
    if vantage.duplicates:
        rows, later = np.tile(rows, 2), np.concatenate([later, np.full(n, 1_000_000)])
        exporter = np.concatenate([exporter, np.full(n, vantage.exporters, np.int32)])
        in_if, out_if = np.tile(in_if, 2), np.tile(out_if, 2)
    return Passage(
        leg=rows,
        exporter=exporter,
        in_if=in_if.astype(np.int32),
        out_if=out_if.astype(np.int32),
        later=later,
    )


def _behind(seed: int, addresses: Addresses) -> npt.NDArray[np.int64]:
    chance = unit(addresses >> np.uint32(8), salt(seed, "interface"))
    code: npt.NDArray[np.int64] = np.floor(chance * len(INSIDE_INTERFACES)).astype(np.int64)
    return code
