"""The ``slowworm.hunt/1`` document: additions are allowed, renames are not."""

from __future__ import annotations

import datetime
from typing import Any

from slowworm.detect.targeting import Candidate, Targeting
from slowworm.detect.verdicts import Verdict
from slowworm.report.case import HuntResult

SCHEMA = "slowworm.hunt/1"


def document(result: HuntResult) -> dict[str, Any]:
    """A hunt's result as plain dictionaries and lists, ready for ``json.dumps``."""
    return {
        "schema": SCHEMA,
        "inputs": [
            {
                "path": i.path,
                "format": i.format,
                "flows": i.flows,
                "problems": [{"where": p.where, "text": p.text, "count": p.count} for p in i.problems],
                "formats": [{"format": name, "flows": flows} for name, flows in i.formats],
                "context": [
                    {"name": c.name, "value": c.value, "unit": c.unit, "router": c.router, "where": c.where}
                    for c in i.context
                ],
            }
            for i in result.inputs
        ],
        "verdicts": [_verdict(v) for v in result.verdicts],
        "notes": [{"id": n.id, "text": n.text, "count": n.count} for n in result.notes],
        "outbreaks": [
            {
                "protocol": o.protocol,
                "port": o.port,
                "sources": o.sources,
                "growth_per_hour": o.growth_per_hour,
                "doubling_seconds": o.doubling_seconds,
                "forecast": o.forecast,
            }
            for o in result.outbreaks
        ],
    }


def _verdict(v: Verdict) -> dict[str, Any]:
    return {
        "address": str(v.address),
        "activity": v.activity,
        "verdict": v.verdict,
        "protocol": v.protocol,
        "port": v.port,
        "services": [{"protocol": s.protocol, "port": s.port, "targets": s.targets} for s in v.services],
        "targets": v.targets,
        "weight": v.weight,
        "bound": v.bound,
        "more_targets_needed": v.more_targets_needed,
        "profile": _profile(v.targeting),
        "worm": v.targeting.worm,
        "worm_candidates": _candidates(v.targeting.worm_candidates),
        "worm_more_targets_needed": v.targeting.worm_needs,
        "in_if": v.in_if,
        "exporter": v.exporter,
        "first_seen": _time(v.first_seen),
        "last_seen": _time(v.last_seen),
        "evidence": [
            {
                "name": e.name,
                "weight": e.weight,
                "observed": e.observed,
                "expected": e.expected,
                "text": e.text,
            }
            for e in v.evidence
        ],
        "not_visible": list(v.not_visible),
        "infected_by": None,
        "reason": v.reason,
        "would_change": list(v.would_change),
    }


def _profile(how: Targeting) -> dict[str, Any]:
    return {
        "name": how.name,
        "prefix_weights": {str(length): share for length, share in how.prefix_weights},
        "candidates": _candidates(how.candidates),
        "prefix": how.prefix,
        "stride": how.stride,
    }


def _candidates(candidates: tuple[Candidate, ...]) -> list[dict[str, Any]]:
    return [{"name": c.name, "probability": c.probability} for c in candidates]


def _time(when: datetime.datetime | None) -> str | None:
    return when.isoformat().replace("+00:00", "Z") if when else None
