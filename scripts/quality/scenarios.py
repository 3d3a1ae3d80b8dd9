"""The worlds that are measured in: one site, every worm, seen in several ways."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from slowworm.detect.profiles import load_profiles
from slowworm.rehearse.world import Outage, Vantage, WorldSpec, WormSpec

FIRST_SEED = 4001
"""Seeds of the measurement; calibration must not use these."""

ACTORS = "judgement"
"""Benign families that the weights were not calibrated on."""

WORMS = (
    "blaster", "codered-ii", "codered-v1", "codered-v2", "conficker", "mirai",
    "nimda", "sasser", "slammer", "wannacry", "welchia", "witty",
)  # fmt: skip
"""The built-in profiles, and none that a user may have of their own."""

RATES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Targets a second of each instance: from one in ten seconds on. Each worm takes its turn at each rate."""

BURST, BURST_SECONDS = 300.0, 60.0
"""One worm in each world is fast and soon cut off, as a cap on its link or an operator would have it."""

INSTANCES = 2
"""Infected inside hosts of each worm from the beginning."""

LATEST_START = 0.6
"""Worms begin up to this share of the time, so that hosts have a past and time enough to be found."""

CHAIN_HOSTS = 0.2
"""Share of hosts that each spreading worm of the ``outbreak`` scenario can infect: enough onsets to tell K by."""

E_FOLDS = (("codered-ii", "spreading-ii", 4.5), ("sasser", "spreading-sasser", 5.0))
"""The spreading worms, and how often each grows by a factor of e in the time there is, from five hosts on."""


BESIDE_SPREADING = ("blaster", "mirai", "slammer")
"""Worms beside the spreading ones in that scenario: none that attacks the same services."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A way of seeing the site. ``share``: how many of the seeds it is run with."""

    name: str
    title: str
    vantage: Vantage = field(default_factory=Vantage)
    outage: bool = False
    spreading: bool = False
    share: float = 0.25

    @property
    def hidden(self) -> int:
        """Length of the prefix around an inside source within which its targets are not seen."""
        return 16 if self.vantage.kind == "border" else 24


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(name="plain", title="border, both directions", share=1.0),
    Scenario(name="outage", title="ten minutes without uplink", outage=True),
    Scenario(name="asymmetric", title="half of the answers come in elsewhere", vantage=Vantage(asymmetric_share=0.5)),
    Scenario(name="one-way-out", title="only what leaves is exported", vantage=Vantage(one_way="out")),
    Scenario(name="one-way-in", title="only what comes in is exported", vantage=Vantage(one_way="in")),
    Scenario(name="sampled-10", title="1 in 10 packets", vantage=Vantage(sampling=10)),
    Scenario(name="sampled-100", title="1 in 100 packets", vantage=Vantage(sampling=100)),
    Scenario(name="exporters", title="four exporters, every flow twice", vantage=Vantage(exporters=3, duplicates=True)),
    Scenario(name="null-routes", title="full tables: what has no route leaves by Null", vantage=Vantage(routes="full")),
    Scenario(name="core", title="core router", vantage=Vantage(kind="core")),
    Scenario(name="outbreak", title="core router, a worm that spreads", vantage=Vantage(kind="core"), spreading=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One world to build and measure."""

    scenario: Scenario
    spec: WorldSpec


def jobs(
    seeds: int, *, span: float = 3600.0, hosts: int = 6000, scenarios: tuple[str, ...] = ()
) -> list[Job]:
    """The worlds of a measurement with ``seeds`` seeds, ``span`` seconds and ``hosts`` endpoints each."""
    return [
        Job(scenario=scenario, spec=world(scenario, FIRST_SEED + number, span, hosts))
        for scenario in SCENARIOS
        if not scenarios or scenario.name in scenarios
        for number in range(max(1, round(seeds * scenario.share)))
    ]


def world(scenario: Scenario, seed: int, span: float, hosts: int) -> WorldSpec:
    """The specification of one world."""
    spec = WorldSpec(
        seed=seed,
        span_seconds=span,
        hosts=hosts,
        actors=ACTORS,
        vantage=scenario.vantage,
        worms=worms(seed, span),
    )
    if scenario.outage:
        spec = replace(spec, events=(Outage(start=span * 0.4, seconds=min(600.0, span / 4)),))
    if scenario.spreading:
        others = tuple(w for w in spec.worms if w.profile in BESIDE_SPREADING)
        spec = replace(spec, worms=(*others, *spreading(span, hosts)))
    return spec


def worms(seed: int, span: float) -> tuple[WormSpec, ...]:
    """Every worm that has a profile, each at another rate with another seed; one of them in a burst."""
    draw = np.random.default_rng(seed)
    found = []
    for number, name in enumerate(WORMS):
        burst = number == seed % len(WORMS)
        found.append(
            WormSpec(
                profile=name,
                rate=BURST if burst else RATES[(number + seed) % len(RATES)],
                lasting=BURST_SECONDS if burst else None,
                patient_zeros=INSTANCES,
                start=float(draw.uniform(0.05, LATEST_START) * span),
            )
        )
    return tuple(found)


def spreading(span: float, hosts: int) -> tuple[WormSpec, ...]:
    """Two worms that infect their neighbours, slow and fast enough to fill their room in about the time there is."""
    room = CHAIN_HOSTS * hosts
    found = []
    for profile, name, e_folds in E_FOLDS:
        near = sum(c.weight for c in load_profiles().get(profile).mixture if c.prefix == 16)
        found.append(
            WormSpec(
                profile=profile,
                name=name,
                rate=e_folds / span * 65536 / (near * room),
                vulnerable=CHAIN_HOSTS,
                patient_zeros=5,
                incubation=1.0,
            )
        )
    return tuple(found)
