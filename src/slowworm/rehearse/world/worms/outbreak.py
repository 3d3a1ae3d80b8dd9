"""One worm in the world: its hosts, and its probes as exchanges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.detect.profiles import Profile, load_profiles
from slowworm.rehearse.world.exchanges import Exchanges
from slowworm.rehearse.world.legs import SECOND
from slowworm.rehearse.world.responses import Responses
from slowworm.rehearse.world.spec import WorldSpec, WormSpec
from slowworm.rehearse.world.streams import mix, salt, stream, unit
from slowworm.rehearse.world.worms.chain import Chain, chain
from slowworm.rehearse.world.worms.outside import Outside, outside
from slowworm.rehearse.world.worms.probes import Prober, Probes
from slowworm.rehearse.world.worms.traits import traits

Addresses = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbreak:
    """A worm's hosts and what they do. ``infecting``: which of the ``probes`` infected their target."""

    worm: WormSpec
    profile: Profile
    inside: Chain
    outside: Outside
    vulnerable: Addresses
    probes: Exchanges
    infecting: npt.NDArray[np.bool_]


def profile_of(worm: WormSpec) -> Profile:
    """The targeting profile of a worm."""
    return load_profiles().get(worm.profile) if isinstance(worm.profile, str) else worm.profile


def outbreak(spec: WorldSpec, worm: WormSpec, responses: Responses, taken: Addresses) -> Outbreak:
    """Play one worm. ``taken``: inside hosts that earlier worms of the list can have, which this one leaves alone."""
    site, internet, seed = responses.site, responses.internet, spec.seed
    profile = profile_of(worm)
    habits = traits(worm, profile)
    free = site.endpoints[~np.isin(site.endpoints, taken)]
    by_chance = free[np.argsort(mix(free, salt(seed, "patients", worm.title)), kind="stable")]
    patients = by_chance[: worm.patient_zeros]
    rest = by_chance[worm.patient_zeros :]
    susceptible = rest[unit(rest, salt(seed, "vulnerable", worm.title)) < worm.vulnerable]
    if worm.max_infected is not None:
        susceptible = susceptible[: max(worm.max_infected - len(patients), 0)]
    vulnerable = np.sort(np.concatenate([patients, susceptible]))
    others = outside(worm, profile, internet, spec.span_seconds, stream(seed, "outside", worm.title))
    own = chain(
        worm, profile, habits, seed=seed, span=spec.span_seconds, patients=patients, vulnerable=vulnerable,
        others=others, outages=spec.events,
    )  # fmt: skip
    source = np.concatenate([own.source, others.address[others.source]])
    time = np.concatenate([own.time, others.time])
    target = np.concatenate([own.target, others.target])
    infecting = np.concatenate([own.infecting, own.from_outside])
    if spec.vantage.kind == "border":  # what stays inside is never seen: do not carry it along
        crossing = site.crosses(source, target)
        source, time, target, infecting = (a[crossing] for a in (source, time, target, infecting))
    prober = Prober(
        worm=worm, profile=profile, habits=habits, responses=responses, vulnerable=vulnerable,
        draw=stream(seed, "probes", worm.title),
    )  # fmt: skip
    probes, infecting = prober.exchanges(
        Probes(source=source, target=target, time=(time * SECOND).astype(np.int64), infecting=infecting)
    )
    return Outbreak(
        worm=worm,
        profile=profile,
        inside=own,
        outside=others,
        vulnerable=vulnerable,
        probes=probes,
        infecting=infecting,
    )
