"""The kinds of hosts as labelled worlds show them, beside those that detection uses: `make calibrate`.

python -m scripts.calibrate [--seeds N] [--actors calibration|judgement]

Prints, for scanning and for failing hosts, how often their contacts on a service fail, do so as bare SYNs, and are
tried once: the Beta distributions fitted to the world's activities, and those of ``detect/data/kinds.toml``. It uses
the calibration actors only, so that the judgement actors of `make quality` stay unseen. Nothing is rewritten: a world
is made of assumptions itself, and a fit to it is a check, not the truth.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.detect.activities import activities
from slowworm.detect.contacts import contacts
from slowworm.detect.evidence import columns, contact_weights
from slowworm.detect.kinds import standard_kinds
from slowworm.detect.population import population
from slowworm.detect.profiles import load_profiles
from slowworm.detect.profiles.model import Service
from slowworm.engine.local import partitions
from slowworm.rehearse.world import WorldSpec, WormSpec, build

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LEAST_CONTACTS, LEAST_FAILED = 10, 5
"""Activities with fewer say too little of a rate."""

LIVES_WITH_FAILURES = 0.05
"""Benign activities that fail more often than this are of the failing kind."""

WORMS = (
    WormSpec(profile="codered-v2", rate=8.0, patient_zeros=4, vulnerable=0.01, max_infected=12),
    WormSpec(profile="nimda", rate=3.0, patient_zeros=3, vulnerable=0.01, max_infected=8),
    WormSpec(profile="sasser", rate=5.0, patient_zeros=3, vulnerable=0.01, max_infected=8),
    WormSpec(profile="blaster", rate=5.0, patient_zeros=3, vulnerable=0.01, max_infected=8),
    WormSpec(profile="mirai", rate=10.0, patient_zeros=3, vulnerable=0.01, max_infected=8),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Per activity: share of contacts that failed, and of the failed those in bare SYNs and those tried once."""

    failed: list[float]
    lone: list[float]
    once: list[float]


def fitted(values: list[float]) -> tuple[float, float] | None:
    """Beta parameters by the method of moments; ``None`` below three values or without spread."""
    if len(values) < 3:
        return None
    mean, spread = float(np.mean(values)), float(np.var(values))
    if not 0 < spread < mean * (1 - mean):
        return None
    size = mean * (1 - mean) / spread - 1
    return mean * size, (1 - mean) * size


def measured(seed: int, actors: str) -> dict[str, Rates]:
    """Rates of the scanning and of the failing activities of one world."""
    world = build(WorldSpec(seed=seed, actors=actors, hosts=2500, span_seconds=1800.0, worms=WORMS))
    hosts = world.truth.hosts
    sick = {
        int(a) for a, i in zip(hosts["address"].to_pylist(), hosts["infected"].to_pylist(), strict=True) if i
    }
    inside = {
        int(a) for a, i in zip(hosts["address"].to_pylist(), hosts["inside"].to_pylist(), strict=True) if i
    }
    ports = {s.port for worm in WORMS for s in _services(worm)}
    flows = partitions(world.flows)[0]
    batch = contacts(flows)
    table = columns(batch)
    weighed = contact_weights(table, population(batch))
    grouped = activities(table, weighed, but=np.zeros(len(table.client), np.bool_))
    rates = {name: Rates(failed=[], lone=[], once=[]) for name in ("scanning", "failing")}
    for begin, end in zip(grouped.start.tolist(), grouped.end.tolist(), strict=True):
        if end - begin < LEAST_CONTACTS:
            continue
        rows = grouped.order[begin:end]
        failed = rows[weighed.failed[rows]]
        judged = len(failed) + int((table.outcome[rows] > 0).sum())
        client = int(table.client[rows[0]])
        if client not in inside or len(failed) < LEAST_FAILED:
            continue
        scanning = client in sick and int(table.port[rows[0]]) in ports
        if not scanning and (client in sick or len(failed) < LIVES_WITH_FAILURES * judged):
            continue
        into = rates["scanning" if scanning else "failing"]
        into.failed.append(len(failed) / judged)
        shaped = failed[table.lone_syn[failed] >= 0]
        if len(shaped) >= LEAST_FAILED:
            into.lone.append(float((table.lone_syn[shaped] == 1).mean()))
        into.once.append(float((table.visits[failed] <= 1).mean()))
    return rates


def _services(worm: WormSpec) -> tuple[Service, ...]:
    profile = load_profiles().get(worm.profile) if isinstance(worm.profile, str) else worm.profile
    return profile.services


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m scripts.calibrate", description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--actors", default="calibration")
    options = parser.parse_args()
    found = [measured(seed, options.actors) for seed in range(1, options.seeds + 1)]
    kinds = standard_kinds()
    print(
        f"{'kind':9} {'parameter':9} {'activities':>10} {'mean':>6} {'10 %':>6} {'90 %':>6}  fitted Beta    in use"
    )
    for name, used in (("scanning", kinds.scanning), ("failing", kinds.failing)):
        for parameter in ("failed", "lone", "once"):
            values = [v for rates in found for v in getattr(rates[name], parameter)]
            fit = fitted(values)
            spread = np.quantile(values, [0.1, 0.9]) if values else (np.nan, np.nan)
            shown = f"({fit[0]:.1f}, {fit[1]:.1f})" if fit else "-"
            in_use = ", ".join(f"{w:.0%} ({a:g}, {b:g})" for a, b, w in used[parameter].parts)
            mean = np.mean(values) if values else np.nan
            print(
                f"{name:9} {parameter:9} {len(values):10} {mean:6.2f} {spread[0]:6.2f} {spread[1]:6.2f}"
                f"  {shown:13}  {in_use}"
            )


if __name__ == "__main__":
    main()
