"""The messages of Cisco ASA that speak of traffic: one pattern per form, and what its groups mean."""

from __future__ import annotations

from dataclasses import dataclass

BUILT, TORN, DENIED, LISTED = range(4)
"""Kinds: a connection begins, a connection ends, a packet is refused, an access list counts hits."""

# An interface's name has no colon, but the appliance's own is "NP Identity Ifc". What stands for an address
# can be a name (command "names"); ports can be names in 710003. Behind an endpoint stand its translated
# address, its user and its security group, in parentheses, all optional. No counts in
# braces: RE2 takes linear time without them, and long to prepare with them.
_IF = r"(?:NP Identity Ifc|[^\s:/()]+)"
_HOST = r"[^\s/(),]+"
_EXTRA = r"(?: ?\([^()]*(?:\([^()]*\)[^()]*)?\))*?"


def _end(n: int, *, port: str = r"\d+", must: bool = True) -> str:
    """``interface:address/port`` as groups ``if<n>``, ``host<n>``, ``port<n>``."""
    tail = f"/(?P<port{n}>{port})" if must else f"(?:/(?P<port{n}>{port}))?"
    return f"(?P<if{n}>{_IF}):(?P<host{n}>{_HOST}){tail}{_EXTRA}"


_ICMP_TAIL = r"(?: ?\(type (?P<type>\d+), code (?P<code>\d+)\))"
_CONNECTION = r"(?P<proto>TCP|UDP|SCTP) connection (?P<id>\d+) for "
_ICMP_ENDS = (
    rf"faddr (?P<host1>{_HOST})(?:/(?P<port1>\d+))?{_EXTRA} "
    rf"gaddr {_HOST}(?:/\d+)?{_EXTRA} "
    rf"laddr (?P<host2>{_HOST})(?:/(?P<port2>\d+))?{_EXTRA}"
    r"(?: type (?P<type>\d+) code (?P<code>\d+))?"
)
_FROM_TO = rf"from (?P<host1>{_HOST}) ?/(?P<port1>\d+) to (?P<host2>{_HOST}) ?/(?P<port2>\d+)"
_ON = r" ?(?:on interface (?P<if1>[^\s.]+))?"
_FLAGS = r"flags (?P<flags>[A-Z ]*)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One form of message: ``numbers`` that have it, its ``kind``, its ``pattern`` (RE2, from the first letter).

    ``protocol``: what it speaks of where it does not say it itself.
    """

    numbers: tuple[str, ...]
    kind: int
    pattern: str
    protocol: str | None = None


MESSAGES: tuple[Message, ...] = (
    Message(
        numbers=("302013", "302015", "302035"),
        kind=BUILT,
        pattern=rf"Built (?P<way>inbound |outbound )?(?:Probe )?{_CONNECTION}{_end(1)} to {_end(2)}",
    ),
    Message(
        numbers=("302014", "302016", "302036"),
        kind=TORN,
        pattern=rf"Teardown (?:Probe )?{_CONNECTION}{_end(1)} to {_end(2)} "
        r"duration (?P<h>\d+):(?P<m>\d\d):(?P<s>\d\d) bytes (?P<bytes>\d+)(?:\s(?P<why>.*))?$",
    ),
    Message(
        numbers=("302020",),
        kind=BUILT,
        protocol="icmp",
        pattern=rf"Built (?P<way>inbound |outbound )?ICMP(?:v6)? connection (?:\d+ )?for {_ICMP_ENDS}",
    ),
    Message(
        numbers=("302021",),
        kind=TORN,
        protocol="icmp",
        pattern=rf"Teardown ICMP(?:v6)? connection (?:\d+ )?for {_ICMP_ENDS}",
    ),
    Message(
        numbers=("106023",),
        kind=DENIED,
        pattern=rf"Deny (?:protocol )?(?P<proto>[\w\-]+) src {_end(1, must=False)} "
        rf"dst {_end(2, must=False)}{_ICMP_TAIL}? by access-group",
    ),
    Message(
        numbers=("106014",),
        kind=DENIED,
        protocol="icmp",
        pattern=rf"Deny inbound icmp src {_end(1, must=False)} dst {_end(2, must=False)}{_ICMP_TAIL}",
    ),
    Message(
        numbers=("106001",),
        kind=DENIED,
        protocol="tcp",
        pattern=rf"Inbound TCP connection denied {_FROM_TO} {_FLAGS}{_ON}",
    ),
    Message(
        numbers=("106006",),
        kind=DENIED,
        protocol="udp",
        pattern=rf"Deny inbound UDP {_FROM_TO}{_ON}",
    ),
    Message(
        numbers=("106007",),
        kind=DENIED,
        protocol="udp",
        pattern=rf"Deny inbound UDP {_FROM_TO} due to DNS ",
    ),
    Message(
        numbers=("106015",),
        kind=DENIED,
        protocol="tcp",
        pattern=rf"Deny TCP \(no connection\) {_FROM_TO} {_FLAGS}{_ON}",
    ),
    Message(
        numbers=("106100", "106102", "106103"),
        kind=LISTED,
        pattern=r"access-list \S+ (?P<verdict>permitted|denied|est-allowed) (?P<proto>[\w\-]+) "
        rf"(?:for user \S+ )?(?P<if1>{_IF})/(?P<host1>{_HOST}) ?\((?P<port1>\d+)\){_EXTRA} -> "
        rf"(?P<if2>{_IF})/(?P<host2>{_HOST}) ?\((?P<port2>\d+)\){_EXTRA} hit-cnt (?P<hits>\d+)",
    ),
    Message(
        numbers=("710003",),
        kind=DENIED,
        pattern=r"(?P<proto>TCP|UDP|\w+) access denied by ACL "
        rf"from (?P<host1>{_HOST})/(?P<port1>\d+) to "
        rf"(?P<if2>{_IF}):(?P<host2>{_HOST})/(?P<port2>[\w\-]+)",
    ),
    Message(
        numbers=("313001", "313008"),
        kind=DENIED,
        protocol="icmp",
        pattern=r"Denied ICMP(?:v6)? type=(?P<type>\d+), ?code=(?P<code>\d+) "
        rf"from (?P<host1>{_HOST}){_ON}",
    ),
)
"""What each message means, by Cisco's *Syslog Messages* guide; all others are messages of other kinds."""
