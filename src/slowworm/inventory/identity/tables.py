"""All rows that identify hosts, by what they are looked up by."""

from __future__ import annotations

from dataclasses import dataclass, field

from slowworm.flows.addresses import Address
from slowworm.inventory.identity.records import Lease, Neighbour, PortEntry, Record, Translation
from slowworm.sources.base import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of one file."""

    path: str
    rows: int = 0
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True, kw_only=True)
class Tables:
    """All rows of all files, by what they are looked up by."""

    neighbours: dict[Address, list[Neighbour]] = field(default_factory=dict)
    leases: dict[Address, list[Lease]] = field(default_factory=dict)
    outside: dict[Address, list[Translation]] = field(default_factory=dict)
    inside: dict[Address, list[Translation]] = field(default_factory=dict)
    ports: dict[str, list[PortEntry]] = field(default_factory=dict)
    crowd: dict[tuple[str | None, str, str], set[str]] = field(default_factory=dict)
    """MAC addresses behind a port, by switch, file and port."""
    answers: dict[str, set[Address]] = field(default_factory=dict)
    """Addresses that a MAC address answers for."""
    accounts: list[Account] = field(default_factory=list)

    def add(self, row: Record, path: str) -> None:
        """File a row under what it is looked up by."""
        match row:
            case Neighbour():
                self.neighbours.setdefault(row.address, []).append(row)
                self.answers.setdefault(row.mac, set()).add(row.address)
            case Lease():
                self.leases.setdefault(row.address, []).append(row)
            case Translation():
                self.outside.setdefault(row.outside, []).append(row)
                self.inside.setdefault(row.inside, []).append(row)
            case PortEntry():
                self.ports.setdefault(row.mac, []).append(row)
                self.crowd.setdefault((row.device, path, row.port), set()).add(row.mac)
