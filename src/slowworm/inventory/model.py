"""What an inventory holds: routers, inside and dark prefixes, servers, the allow-list, customers."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field

from slowworm.flows.addresses import Address, Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """A router or other exporter: its name, and the addresses it exports or answers from."""

    name: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A host that is known to serve, and as what."""

    address: Address
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Hosts that may scan: ``why``, and the last day (UTC) on which they may; ``None`` without end."""

    prefix: Network
    why: str
    until: datetime.date | None = None

    def expired(self, on: datetime.date) -> bool:
        """Whether the entry is over on that day."""
        return self.until is not None and self.until < on

    @property
    def name(self) -> str:
        """The address, or the prefix where it is more than one."""
        one = self.prefix.prefixlen == self.prefix.max_prefixlen
        return str(self.prefix.network_address) if one else str(self.prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Whose prefixes these are, and whom to tell."""

    name: str
    prefixes: tuple[Network, ...]
    contact: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """``origin``: the file it came from."""

    origin: str = ""
    routers: tuple[Router, ...] = ()
    inside: tuple[Network, ...] = ()
    dark: tuple[Network, ...] = ()
    servers: tuple[Server, ...] = ()
    allow: tuple[Allowed, ...] = ()
    customers: tuple[Customer, ...] = ()
    # A provider has 100,000 customers, and each verdict asks: by IP version and length, then by network.
    _owners: dict[tuple[int, int], dict[int, tuple[Customer, Network]]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        for customer, prefix in self._prefixes():
            same = self._owners.setdefault((prefix.version, prefix.prefixlen), {})
            same.setdefault(int(prefix.network_address), (customer, prefix))

    def _prefixes(self) -> Iterator[tuple[Customer, Network]]:
        return ((customer, prefix) for customer in self.customers for prefix in customer.prefixes)

    def router(self, exporter: str | None) -> Router | None:
        """The router that exports under this name or address."""
        if exporter is None:
            return None
        return next(
            (r for r in self.routers if r.name == exporter or exporter in map(str, r.addresses)), None
        )

    def server(self, address: Address) -> Server | None:
        """The server of that address."""
        return next((s for s in self.servers if s.address == address), None)

    def customer(self, address: Address) -> tuple[Customer, Network] | None:
        """Whose address it is, by the longest prefix that holds it; of equal prefixes, by the first."""
        bits, value = address.max_prefixlen, int(address)
        lengths = sorted((n for version, n in self._owners if version == address.version), reverse=True)
        at = ((address.version, n, value >> (bits - n) << (bits - n)) for n in lengths)
        found = (self._owners[version, n].get(network) for version, n, network in at)
        return next((owner for owner in found if owner), None)

    def allowed(self, address: Address) -> tuple[Allowed, ...]:
        """The entries of the allow-list that name this address, the longest prefix first."""
        entries = [entry for entry in self.allow if address in entry.prefix]
        return tuple(sorted(entries, key=lambda entry: -entry.prefix.prefixlen))
