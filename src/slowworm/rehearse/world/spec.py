"""What a world is made of: the site, who lives in it, which worms, what is seen of it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from slowworm.detect.profiles import Profile
from slowworm.errors import UsageError

MAX_PROBES = 40_000_000
"""Probes of one worm beyond which a world is refused: about 4 GB of work for what no test needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vantage:
    """Where flows are exported, and how.

    ``kind``: ``border`` sees what crosses between inside and outside; ``core`` also what passes between two inside
    /24s, multicast and broadcast. ``one_way``: only packets from inside hosts (``out``) or only those coming in from
    outside (``in``) are exported. ``asymmetric_share``: share of outside /16s whose packets come in elsewhere.
    ``sampling``: 1 in n packets, at random. ``active_timeout``, ``inactive_timeout``: seconds of the flow cache.
    ``duplicates``: a second exporter on the path reports every flow again. ``routes``: with ``full`` tables packets
    to unrouted space, and to dark inside subnets, leave by ``Null``; with ``default`` they leave by an interface.
    """

    kind: str = "border"
    exporters: int = 1
    one_way: str | bool = False
    asymmetric_share: float = 0.0
    sampling: int = 1
    active_timeout: float = 60.0
    inactive_timeout: float = 15.0
    duplicates: bool = False
    routes: str = "default"

    def __post_init__(self) -> None:
        _one_of("Vantage.kind", self.kind, ("border", "core"))
        _one_of("Vantage.one_way", self.one_way, (False, "out", "in"))
        _one_of("Vantage.routes", self.routes, ("default", "full"))
        if not 0 <= self.asymmetric_share <= 1 or self.sampling < 1 or self.exporters < 1:
            raise UsageError("Vantage: asymmetric_share lies in 0..1, sampling and exporters are at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The uplink is down from ``start`` for ``seconds`` (both from the world's start): nothing crosses the border."""

    start: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WormSpec:
    """A worm in the world.

    ``profile``: name or :class:`Profile`; targets, exclusions and shape come from it. ``name``: what truth calls
    it, the profile's name by default. ``rate``: targets a second of each instance; with ``rate_shape`` k each
    instance has its own, Gamma distributed with that mean and shape. ``patient_zeros``: inside hosts infected at
    ``start`` (seconds). ``vulnerable``: share of inside hosts that it can infect, at most ``max_infected`` of them.
    ``incubation``: seconds from infection to the first probe. ``syn_retries``: repetitions of an unanswered SYN; by
    default the profile's largest number of packets less one. ``lasting``: seconds after which an instance is taken
    off the network. ``outside_sources``: infected Internet hosts at ``start``, growing by ``growth`` (K per hour)
    towards ``outside_population``. ``services``: (protocol, port, share) instead of the profile's own.
    """

    profile: str | Profile
    rate: float
    name: str | None = None
    rate_shape: float | None = None
    patient_zeros: int = 1
    start: float = 0.0
    vulnerable: float = 0.0
    max_infected: int | None = None
    incubation: float = 10.0
    syn_retries: int | None = None
    lasting: float | None = None
    outside_sources: int = 0
    growth: float = 0.0
    outside_population: int = 350_000
    services: tuple[tuple[int, int | None, float], ...] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 100_000:
            raise UsageError(f"WormSpec.rate {self.rate}: targets a second, above 0 and at most 100,000")
        if not 0 <= self.vulnerable <= 1:
            raise UsageError(f"WormSpec.vulnerable {self.vulnerable}: a share between 0 and 1")
        if min(self.patient_zeros, self.outside_sources) < 0 or self.incubation < 0:
            raise UsageError("WormSpec: numbers of hosts and the incubation cannot be negative")
        if self.outside_sources > self.outside_population:
            raise UsageError("WormSpec: more outside_sources than outside_population")

    @property
    def title(self) -> str:
        """What truth calls this worm."""
        return self.name or (self.profile if isinstance(self.profile, str) else self.profile.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSpec:
    """One stretch of time of one site, with everything in it.

    ``inside``: prefixes of the site; private ones among them hold hosts too, which only a ``core`` vantage sees
    under their own addresses. ``hosts``: endpoints (workstations, things, phones, printers); servers come on top.
    ``scale``: traffic of each host against the ordinary. ``actors``: ``calibration``, ``judgement``, ``all``, or
    the kinds and variants to have (``resolver``, ``web-client/office``). ``radiation``: stray packets from the
    Internet for each inside address and hour. ``ipv6_share``: share of endpoints with IPv6 as well.
    """

    seed: int
    span_seconds: float = 3600.0
    start: datetime = field(default=datetime(2026, 3, 3, 9, 0, tzinfo=UTC))
    inside: tuple[str, ...] = ("141.76.0.0/16",)
    hosts: int = 6000
    scale: float = 1.0
    actors: str | tuple[str, ...] = "calibration"
    vantage: Vantage = field(default_factory=Vantage)
    worms: tuple[WormSpec, ...] = ()
    events: tuple[Outage, ...] = ()
    radiation: float = 1.0
    ipv6_share: float = 0.0

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise UsageError(
                "WorldSpec.start: a time with its zone, such as datetime(2026, 3, 3, tzinfo=UTC)"
            )
        if self.span_seconds <= 0 or self.hosts < 1 or self.scale <= 0 or self.radiation < 0:
            raise UsageError("WorldSpec: span_seconds, hosts and scale are positive, radiation not negative")
        if not 0 <= self.ipv6_share <= 1:
            raise UsageError("WorldSpec.ipv6_share: a share between 0 and 1")
        for text in self.inside:
            try:
                length = ipaddress.IPv4Network(text).prefixlen
            except ValueError as error:
                raise UsageError(
                    f"WorldSpec.inside {text!r}: no IPv4 prefix such as 141.76.0.0/16"
                ) from error
            if not 8 <= length <= 24:
                raise UsageError(f"WorldSpec.inside {text!r}: prefixes from /8 to /24")
        titles = [worm.title for worm in self.worms]
        if len(set(titles)) < len(titles):
            raise UsageError(f"WorldSpec.worms: give each worm a name of its own, not {titles}")


def _one_of(what: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"{what} {value!r}: one of {', '.join(map(repr, allowed))}")
