"""Truth of a world as plain rows: whom a detector must find, whom it must leave alone, and what is right of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from scripts.quality.attempts import Bools, Ints
from slowworm.detect.profiles import load_profiles
from slowworm.detect.verdicts import INFECTED, SCANNER

ENOUGH_PROBES = 20
"""Probes seen from which an infected inside host must be found (issue 4)."""

ENOUGH_TARGETS = 50
"""Targets from which its way of choosing targets must be named rightly."""

FAST = 1.0
"""Targets a second from which detection must come within ten first contacts."""

UNIFORM = frozenset({"uniform", "routable"})
"""Names of scanning without preference: which of them fits depends on what the worm leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sick:
    """An infected inside host. ``onset`` in ns; ``parent``: an address, ``None`` where there is none to be seen."""

    address: int
    worm: str
    profile: str
    onset: int
    rate: float
    probes: int
    parent: int | None


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Who is who; ``benign``: hosts that sent a flow and neither scan nor are infected."""

    sick: tuple[Sick, ...]
    benign: Ints
    benign_inside: Bools
    roles: dict[int, str]
    expected: dict[int, str]
    insiders: frozenset[int]
    growth: dict[str, float]
    """Worm → true K per hour of its chain inside, where that is known and at least eight hosts show it."""

    def is_benign(self, addresses: Ints) -> Bools:
        """Which addresses are benign hosts inside."""
        found: Bools = np.isin(addresses, self.benign[self.benign_inside])
        return found


def read_truth(hosts: pa.Table, growth: pa.Table) -> Truth:
    """Truth from the tables of a world."""
    rows = hosts.select(
        ["address", "inside", "role", "family", "expected", "infected", "worm", "profile", "rate", "probes_seen",
         "parent", "parent_visible", "flows"]
    ).to_pylist()  # fmt: skip
    onsets = hosts.column("onset").cast(pa.int64()).to_pylist()
    sick = tuple(
        Sick(
            address=row["address"],
            worm=row["worm"],
            profile=row["profile"],
            onset=onset,
            rate=row["rate"],
            probes=row["probes_seen"],
            parent=row["parent"] if row["parent_visible"] else None,
        )
        for row, onset in zip(rows, onsets, strict=True)
        if row["infected"] and row["inside"]
    )
    benign = [r for r in rows if r["expected"] not in (INFECTED, SCANNER) and r["flows"]]
    return Truth(
        sick=sick,
        benign=np.array([r["address"] for r in benign], np.int64),
        benign_inside=np.array([r["inside"] for r in benign], np.bool_),
        roles={r["address"]: f"{r['family']}: {r['role']}" for r in rows},
        expected={r["address"]: r["expected"] for r in rows},
        insiders=frozenset(r["address"] for r in rows if r["inside"]),
        growth=_growth(growth, sick),
    )


MIN_ONSETS = 20
"""Onsets of a chain from which its growth is measured: the s.d. of an estimate from fewer is above 20 %."""


def _growth(growth: pa.Table, sick: tuple[Sick, ...]) -> dict[str, float]:
    seen: dict[str, int] = {}
    for host in sick:
        seen[host.worm] = seen.get(host.worm, 0) + (host.probes >= ENOUGH_PROBES)
    return {
        row["worm"]: row["growth_per_hour"]
        for row in growth.to_pylist()
        if row["side"] == "inside" and row["growth_per_hour"] and seen.get(row["worm"], 0) >= MIN_ONSETS
    }


def right_classes(profile: str, *, hidden: int) -> frozenset[str]:
    """Names of the way of choosing targets that are right for a worm where targets within the source's own
    /``hidden`` are not seen."""
    known = load_profiles().get(profile)
    if known.order == "sequential":
        return frozenset({"sequential"})
    if known.shared_list:
        return UNIFORM | {"shared-list"}
    near = any(0 < c.prefix < hidden and c.weight > 0 for c in known.mixture)
    return frozenset({"local"}) if near else UNIFORM
