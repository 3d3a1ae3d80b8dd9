"""The ``slowworm.hunt/1`` document: additions are allowed, renames are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slowworm.detect.targeting import Candidate, Targeting
from slowworm.detect.verdicts import Verdict
from slowworm.outbreak.moments import iso
from slowworm.outbreak.summary import key
from slowworm.report.case import HuntResult
from slowworm.report.news import since
from slowworm.report.outbreaks import infected_by, outbreak

if TYPE_CHECKING:
    from slowworm.outbreak.tree import Infection

SCHEMA = "slowworm.hunt/1"


def document(result: HuntResult) -> dict[str, Any]:
    """A hunt's result as plain dictionaries and lists, ready for ``json.dumps``."""
    infections = result.outbreaks.infections()
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
        "verdicts": [{**_verdict(v, infections.get(key(v))), **_who(result, v)} for v in result.verdicts],
        "notes": [{"id": n.id, "text": n.text, "count": n.count} for n in result.notes],
        "outbreaks": [outbreak(i) for i in result.outbreaks.incidents],
        **({"since": since(result.since)} if result.since else {}),
    }


def _who(result: HuntResult, v: Verdict) -> dict[str, Any]:
    return {
        "authorised": result.is_authorised(v),
        "identity": [
            {
                "kind": fact.kind,
                "value": fact.value,
                "of": fact.of,
                "text": fact.text,
                "where": fact.where,
                "conflict": fact.conflict,
            }
            for fact in result.identity(v)
        ],
    }


def _verdict(v: Verdict, infection: Infection | None) -> dict[str, Any]:
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
        "first_seen": iso(v.first_seen),
        "last_seen": iso(v.last_seen),
        "detected_at": iso(v.detected_at),
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
        **infected_by(infection),
        "reason": v.reason,
        "role": v.role,
        "role_text": v.role_text or None,
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
