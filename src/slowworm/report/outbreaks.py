"""Outbreaks as the ``slowworm.hunt/1`` document has them: incidents, and who infected a host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slowworm.outbreak.coverage import Coverage
from slowworm.outbreak.incident import Incident
from slowworm.outbreak.moments import iso

if TYPE_CHECKING:
    from slowworm.outbreak.tree import Infection, Parent

SHOWN_PARENTS = 5


def outbreak(incident: Incident) -> dict[str, Any]:
    """One entry of ``outbreaks``."""
    growth = incident.growth
    judged = [i for i in incident.tree.infections if i.judged] if incident.tree else []
    return {
        "protocol": incident.protocol,
        "port": incident.port,
        "sources": incident.sources,
        "growth_per_hour": _rounded(growth.per_hour) if growth else None,
        "doubling_seconds": _rounded(growth.doubling_seconds) if growth else None,
        "forecast": [
            {"hours": f.hours, "low": f.low, "median": f.median, "high": f.high} for f in incident.forecast
        ]
        or None,
        "services": [{"protocol": protocol, "port": port} for protocol, port in incident.services],
        "worm": incident.worm,
        "worm_candidates": [{"name": c.name, "probability": c.probability} for c in incident.worm_candidates],
        "sources_inside": incident.inside,
        "sources_outside": incident.outside,
        "first_seen": iso(incident.first_seen),
        "last_seen": iso(incident.last_seen),
        "observed_from": iso(incident.observed[0]) if incident.observed else None,
        "observed_to": iso(incident.observed[1]) if incident.observed else None,
        "growth_interval": _interval(growth.per_hour_interval) if growth else None,
        "doubling_interval": _interval(growth.doubling_interval) if growth else None,
        "saturation": _interval(growth.saturation) if growth else None,
        "trend": growth.trend if growth else None,
        "growth_of": incident.growth_of if growth else None,
        "at_start": incident.at_start,
        "patient_zero": [
            {"address": str(p.address), "at": iso(p.onset), "probability": p.probability, "before": p.before}
            for p in incident.patient_zero
        ],
        "infections": {
            "judged": len(judged),
            "traced": sum(i.parent is not None for i in judged),
            "delay_seconds": _figures(incident.tree.delay) if judged and incident.tree else None,
        },
        "coverage": _coverage(incident.coverage),
        "not_visible": list(incident.not_visible),
    }


def infected_by(infection: Infection | None) -> dict[str, Any]:
    """The keys of a verdict that say who infected the host."""
    judged = infection is not None and infection.judged
    return {
        "infected_by": _parent(infection.parent) if infection and infection.parent else None,
        "infected_by_candidates": [_parent(p) for p in infection.parents[:SHOWN_PARENTS]]
        if infection
        else [],
        "infected_by_unseen": round(infection.unseen, 3) if infection and judged else None,
    }


def _parent(parent: Parent) -> dict[str, Any]:
    return {
        "address": str(parent.address),
        "at": iso(parent.at),
        "probability": parent.probability,
        "flagged": parent.flagged,
    }


def _coverage(covered: Coverage | None) -> dict[str, Any] | None:
    if covered is None:
        return None
    side = {True: "inside", False: "outside"}
    return {
        "targets": covered.targets,
        "contacts": covered.contacts,
        "subnets": {str(length): count for length, count in covered.subnets},
        "local": {str(length): round(share, 3) for length, share in covered.local},
        "directions": {f"{side[a]}-{side[b]}": count for (a, b), count in covered.directions},
        "inside_share": None if covered.inside_share is None else round(covered.inside_share, 6),
    }


def _interval(ends: tuple[float, float] | None) -> list[float] | None:
    return None if ends is None else [_figures(end) for end in ends]


def _rounded(value: float | None) -> float | None:
    return None if value is None else _figures(value)


def _figures(value: float) -> float:
    """Four significant figures: more than an estimate has."""
    return float(f"{value:.4g}")
