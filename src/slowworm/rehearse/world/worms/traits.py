"""What worms do beside choosing targets, which a targeting profile does not say."""

from __future__ import annotations

from dataclasses import dataclass

from slowworm.detect.profiles import Profile
from slowworm.flows.services import ICMP
from slowworm.rehearse.world.spec import WormSpec
from slowworm.rehearse.world.stacks import RAW_SOCKET, WINDOWS, WINDOWS_XP

SMALL = (60, 60)
"""IP octets of a datagram of which neither the profile nor anybody else knows the size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Habits of a worm.

    ``services``: (protocol, port, share) of its probes. ``requests``: calls to a target that answers.
    ``local_walk``: what falls into the own /24 is walked in order, subnet after subnet, instead. ``constant_port``:
    one source port a host. ``follow_up``: TCP port called where an echo is answered. ``octets``: range of IP octets
    of a UDP probe.
    """

    services: tuple[tuple[int, int | None, float], ...] = ()
    requests: int = 1
    local_walk: bool = False
    constant_port: bool = False
    follow_up: int | None = None
    octets: tuple[int, int] = SMALL


_KNOWN: dict[str, Traits] = {
    # Two ports, nine to one; the scanner keeps one raw socket and port (Antonakakis et al. 2017; the port recalled).
    "mirai": Traits(services=((6, 23, 0.9), (6, 2323, 0.1)), constant_port=True),
    "nimda": Traits(requests=6),  # asks for one file after the other (recalled: up to 16)
    "wannacry": Traits(local_walk=True),
    "slammer": Traits(constant_port=True, octets=(404, 404)),
    # Padding of random length (Shannon and Moore, The Spread of the Witty Worm, 2004).
    "witty": Traits(octets=(796, 1307)),
    "welchia": Traits(follow_up=135),
}


def traits(worm: WormSpec, profile: Profile) -> Traits:
    """The habits of a worm; an unknown one probes the first service of its profile."""
    known = _KNOWN.get(profile.name, Traits())
    first = profile.services[0]
    services = worm.services or known.services or ((first.protocol, first.port, 1.0),)
    sizes = profile.shape.packet_bytes
    own = (sizes[0], sizes[-1]) if sizes and known.octets == SMALL else known.octets
    return Traits(
        services=services,
        requests=known.requests,
        local_walk=known.local_walk,
        constant_port=known.constant_port,
        follow_up=known.follow_up if services[0][0] == ICMP else None,
        octets=own,
    )


def attempts(worm: WormSpec, profile: Profile) -> int:
    """SYNs of a probe that nobody answers."""
    retries = worm.syn_retries
    return max(profile.shape.packets or (1,)) if retries is None else 1 + retries


_STACK_OF = {40: RAW_SOCKET, 48: WINDOWS_XP, 52: WINDOWS}


def stacks(profile: Profile) -> tuple[int, ...]:
    """Stacks whose SYNs have the sizes that the profile gives."""
    return tuple(_STACK_OF[size] for size in profile.shape.packet_bytes if size in _STACK_OF) or (WINDOWS,)
