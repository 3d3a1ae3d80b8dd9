"""From measured worlds to the figures of the page: by scenario and over all, Slowworm's and the peers'."""

from __future__ import annotations

import math
import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

import slowworm
from scripts.quality.measure import BEFORE_ONSET, Data
from scripts.quality.peers import PUBLISHED, RULES
from scripts.quality.scenarios import ACTORS, SCENARIOS
from scripts.quality.stats import lower_bound, quantile, upper_bound
from scripts.quality.truth import ENOUGH_PROBES, ENOUGH_TARGETS, FAST
from slowworm.detect.verdicts import INFECTED, SCANNER

SCHEMA = "slowworm.quality/1"
ALL = "all"
LISTED = 12
"""Misses and false alarms listed one by one; the rest is only counted."""


def summary(worlds: Sequence[Data], *, span: float, hosts: int) -> Data:
    """The figures of all worlds: what docs/quality.json holds."""
    groups: list[Data] = []
    for scenario in SCENARIOS:
        mine = [w for w in worlds if w["scenario"] == scenario.name]
        if mine:
            groups.append({"name": scenario.name, "title": scenario.title, **figures(mine)})
            for peer in groups[-1]["peers"].values():
                del peer["curve"]  # the picture is of all scenarios together
    spreading = {s.name for s in SCENARIOS if s.spreading}
    # Hundreds of hosts of one chain would outweigh all other worms: it counts by itself, for parents and growth.
    pooled = figures([w for w in worlds if w["scenario"] not in spreading] or worlds)
    pooled["slowworm"] |= {k: v for k, v in _own(worlds).items() if k in ("parents", "growth")}
    return {
        "schema": SCHEMA,
        "versions": {
            "slowworm": slowworm.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pyarrow": pa.__version__,
        },
        "actors": ACTORS,
        "span_seconds": span,
        "hosts": hosts,
        "seeds": sorted({w["seed"] for w in worlds}),
        ALL: pooled,
        "scenarios": groups,
    }


def figures(worlds: Sequence[Data]) -> Data:
    """The figures of some worlds together."""
    own = _own(worlds)
    return {
        "worlds": len(worlds),
        "flows": sum(w["flows"] for w in worlds),
        "smallest_world": min(w["flows"] for w in worlds),
        "host_hours": round(sum(w["host_hours"] for w in worlds), 1),
        "slowworm": own,
        "peers": {rule.name: _peer(rule.name, worlds, own) for rule in RULES},
    }


def _own(worlds: Sequence[Data]) -> Data:
    pairs = [(h, v) for w in worlds for h, v in zip(w["sick"], w["slowworm"]["sick"], strict=True)]
    due = [(h, v) for h, v in pairs if h["probes"] >= ENOUGH_PROBES]
    found = [(h, v) for h, v in due if v["verdict"] == INFECTED]
    settled = [(h, v) for h, v in found if v["targets"] >= ENOUGH_TARGETS]
    parents = [v["parent_right"] for _, v in pairs if v["verdict"] == INFECTED and "parent_right" in v]
    false = [f for w in worlds for f in w["slowworm"]["false"]]
    inside = sum(len({f["address"] for f in w["slowworm"]["false"] if f["inside"]}) for w in worlds)
    n = round(sum(w["host_hours"] for w in worlds))
    missed = [{**h, "verdict": v["verdict"]} for h, v in due if v["verdict"] != INFECTED]
    return {
        "due": len(due),
        "found": len(found),
        "recall_at_least": round(lower_bound(len(found), len(due)), 4),
        "called_scanner": sum(1 for _, v in due if v["verdict"] == SCANNER),
        "missed": len(missed),
        "missed_examples": missed[:LISTED],
        "false_inside": inside,
        "false_rate_at_most": float(f"{upper_bound(inside, n):.3g}"),
        "false_outside": sum(1 for f in false if not f["inside"]),
        "false_examples": _false_examples(false),
        "contacts": _contacts([v.get("contacts") for h, v in found if h["rate"] >= FAST]),
        "contacts_slow": _contacts([v.get("contacts") for h, v in found if h["rate"] < FAST]),
        "seconds": _spread(
            [v["seconds"] for _, v in found if v.get("contacts", BEFORE_ONSET) != BEFORE_ONSET]
        ),
        "replays": _replays([r for w in worlds for r in w["replays"]]),
        "class": {"n": len(settled), "right": sum(1 for _, v in settled if v["class_right"])},
        "class_wrong": _counted((h["profile"], v["class"]) for h, v in settled if not v["class_right"]),
        "worm": {"n": len(settled), **Counter(v["worm"] for _, v in settled)},
        "parents": {"n": len(parents), "right": sum(parents)},
        "growth": [row for w in worlds for row in w["growth"]],
    }


def _false_examples(false: Iterable[Data]) -> list[Data]:
    kinds = Counter((f["who"], f["inside"], f["verdict"], f["protocol"], f["port"]) for f in false)
    names = ("who", "inside", "verdict", "protocol", "port")
    ranked = sorted(kinds.items(), key=lambda item: (-item[1], str(item[0])))
    return [{**dict(zip(names, kind, strict=True)), "count": count} for kind, count in ranked[:LISTED]]


def _counted(pairs: Iterable[tuple[str, str]]) -> list[Data]:
    ranked = sorted(Counter(pairs).items(), key=lambda item: (-item[1], item[0]))
    return [{"profile": profile, "said": said, "count": count} for (profile, said), count in ranked[:LISTED]]


def _contacts(values: Iterable[int | None]) -> Data:
    """Median and 90th percentile of the contacts until detection; alarms before the onset are no detection."""
    known = [v for v in values if v is not None]
    return {**_spread([v for v in known if v != BEFORE_ONSET]), "before_onset": known.count(BEFORE_ONSET)}


def _spread(values: Sequence[float]) -> Data:
    return {"n": len(values), "median": quantile(values, 0.5), "p90": quantile(values, 0.9)}


def _replays(rows: Sequence[Data]) -> Data:
    rows = [r for r in rows if r["rate"] >= FAST]
    needed = [r["needed"] for r in rows if r["needed"] is not None]
    return {
        "n": len(rows),
        "never": len(rows) - len(needed),
        "said": quantile([r["said"] for r in rows], 0.5),
        "needed": quantile(needed, 0.5),
        "needed_p90": quantile(needed, 0.9),
    }


def _peer(name: str, worlds: Sequence[Data], own: Data) -> Data:
    """A peer at its published threshold, at the one where it accuses no more than Slowworm, and in between."""
    rule = next(r for r in RULES if r.name == name)
    false = np.sum([w["peers"][name]["false"] for w in worlds], axis=0)
    hours = sum(w["host_hours"] for w in worlds) or math.inf  # where nobody inside is seen to send
    equal = np.flatnonzero(false <= own["false_inside"])
    points = [_at(name, worlds, level, int(false[level])) for level in range(len(rule.levels))]
    return {
        "published": points[PUBLISHED],
        "equal": {**points[equal[0]], "times_threshold": _times(rule, int(equal[0]))} if len(equal) else None,
        "curve": [
            [round(p["false"] / hours * 1000, 4), round(p["found"] / max(p["due"], 1), 4)] for p in points
        ],
    }


def _times(rule: Any, level: int) -> float:
    """By how much the threshold was moved: a factor, or log odds where the score is in those."""
    moved = rule.levels[level] - rule.threshold if rule.additive else rule.levels[level] / rule.threshold
    return round(float(moved), 2)


def _at(name: str, worlds: Sequence[Data], level: int, false: int) -> Data:
    found: list[int] = []
    fast: list[int] = []
    due = 0
    for world in worlds:
        for host, contacts in zip(world["sick"], world["peers"][name]["contacts"][level], strict=True):
            if host["probes"] < ENOUGH_PROBES:
                continue
            due += 1
            if contacts is not None:
                found.append(contacts)
                if host["rate"] >= FAST:
                    fast.append(contacts)
    return {"due": due, "found": len(found), "false": false, "contacts": _contacts(fast)}
