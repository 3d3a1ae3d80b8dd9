"""What an actor is, and the place it acts in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from slowworm.rehearse.world.exchanges import Exchanges
from slowworm.rehearse.world.internet import Internet
from slowworm.rehearse.world.legs import SECOND
from slowworm.rehearse.world.responses import Responses
from slowworm.rehearse.world.site import Site
from slowworm.rehearse.world.spec import WorldSpec
from slowworm.rehearse.world.streams import salt, stream, unit

Addresses = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]

CALIBRATION, JUDGEMENT = "calibration", "judgement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """Hosts that an actor is or lives on, for truth.

    ``lookalike``: what a detector may take it for a scanner as; ``None`` for ordinary hosts. ``expected``: the right
    verdict. ``services``: (protocol, port) at which the hosts answer anybody.
    """

    addresses: Addresses
    lookalike: str | None = None
    expected: str = "clean"
    services: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """Where one actor acts. ``slot``: its number among all actors; ``part``: (which, of how many) of its kind."""

    spec: WorldSpec
    site: Site
    internet: Internet
    responses: Responses
    slot: int
    part: tuple[int, int]
    name: str

    @property
    def seed(self) -> int:
        """The world's seed."""
        return self.spec.seed

    @property
    def scale(self) -> float:
        """Traffic of each host against the ordinary."""
        return self.spec.scale

    @cached_property
    def hours(self) -> float:
        """Length of the world in hours, times the scale: what hourly rates are multiplied with."""
        return self.spec.span_seconds / 3600 * self.spec.scale

    def stream(self, *names: object) -> np.random.Generator:
        """A generator of this actor's own."""
        return stream(self.seed, self.name, *names)

    def endpoints(self, *classes: str, share: float = 1.0, kind: str | None = None) -> Addresses:
        """This actor's endpoints of the classes: of ``share`` of them, those that fall to its variant."""
        hosts = np.concatenate([self.site.of_class(name) for name in classes])
        kind = kind or self.name.partition("/")[0]
        which, variants = self.part
        hosts = hosts[unit(hosts, salt(self.seed, "lives", kind)) < share]
        lot = np.floor(unit(hosts, salt(self.seed, "variant", kind)) * variants)
        mine: Addresses = hosts[lot == which]
        return mine

    def servers(self, n: int) -> Addresses:
        """This actor's own server addresses inside; of a small site not all ``n`` may exist."""
        return self.site.servers(self.slot, n)

    def moments(self, draw: np.random.Generator, n: int) -> Ints:
        """Times anywhere in the world, in ns."""
        return (draw.random(n) * self.spec.span_seconds * SECOND).astype(np.int64)

    def rounds(self, every: float, *, phase: float = 0.0) -> npt.NDArray[np.float64]:
        """Seconds of something done ``every`` so many seconds."""
        return np.arange(phase % every, self.spec.span_seconds, every)

    def counts(self, draw: np.random.Generator, hosts: int, mean: float, *, shape: float = 1.5) -> Ints:
        """How often each of ``hosts`` does something whose mean is ``mean``: Gamma mixed Poisson, so some do much."""
        rates = draw.gamma(shape, mean / shape, hosts) if mean > 0 else np.zeros(hosts)
        found: Ints = draw.poisson(rates)
        return found


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One kind of behaviour in one variant, of one family. Subclasses have the parameters as fields.

    ``inside_only``: nothing of it crosses the border, so that it is left out for a border vantage. ``dual_stack``:
    its hosts use IPv6 as well, where the world has it.
    """

    kind: ClassVar[str]
    inside_only: ClassVar[bool] = False
    dual_stack: ClassVar[bool] = False
    variant: str
    family: str

    @property
    def name(self) -> str:
        """``kind/variant``."""
        return f"{self.kind}/{self.variant}"

    def residents(self, place: Place) -> list[Resident]:
        """The hosts that this actor is or lives on."""
        return self._residents(place)

    def exchanges(self, place: Place) -> Exchanges:
        """Everything it does, in draws of its own."""
        return self._act(place, place.stream())

    def _residents(self, place: Place) -> list[Resident]:
        return []

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        raise NotImplementedError


def seconds(values: Any) -> Ints:
    """Seconds as ns."""
    return (np.asarray(values) * SECOND).astype(np.int64)


def pick(draw: np.random.Generator, n: int, choices: Any, shares: tuple[float, ...]) -> npt.NDArray[Any]:
    """``n`` of the choices with these shares."""
    return np.asarray(choices)[draw.choice(len(shares), size=n, p=np.array(shares) / sum(shares))]
