"""The chain from an address and a time to a device: NAT, DHCP, ARP, switch port, and what the inventory says."""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from slowworm.detect.verdicts import Verdict
from slowworm.flows.addresses import Address
from slowworm.flows.services import service_name
from slowworm.inventory.identity import facts as f
from slowworm.inventory.identity.facts import Fact
from slowworm.inventory.identity.records import Lease, Neighbour, Translation
from slowworm.inventory.identity.tables import Tables
from slowworm.inventory.model import Inventory

MAX_HOSTS = 5
"""Hosts behind one address, or leases of one, that are followed; more are counted."""

PROXY_ARP = 8
"""Addresses from which on a MAC address that answers for them is taken for a router's (proxy ARP, a next hop), whose
port is not the device's. Servers with several addresses have fewer; a lower bound loses their port."""

_THE_SWITCH = re.compile(
    r"(?i:cpu|router|switch|drop|self|igmp\S*|sup-eth.*|vl(?:an)?\d+|null\d*|mgmt\d*|nve.*|0)\b.*"
)
"""Ports that stand for the switch itself."""

Span = tuple[datetime.datetime, datetime.datetime]


def identify(verdict: Verdict, tables: Tables, inventory: Inventory) -> tuple[Fact, ...]:
    """All that is known of who is behind a verdict, from the address to the port. Neither tables nor verdict change."""
    return tuple(_Chain(verdict=verdict, tables=tables, inventory=inventory).facts())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    verdict: Verdict
    tables: Tables
    inventory: Inventory

    def facts(self) -> list[Fact]:
        address = self.verdict.address
        found = [*self._exporter(), *self._listed(address)]
        translated = self._inside(address)
        found += translated
        hosts = [fact.value for fact in translated if fact.kind == f.INSIDE]
        for host in hosts or [str(address)]:
            found += self._host(host)
        found += self._outside(address)
        return found

    def _exporter(self) -> list[Fact]:
        router = self.inventory.router(self.verdict.exporter)
        if router is None or router.name == self.verdict.exporter:
            return []
        text = f"seen by {router.name}, which exports as {self.verdict.exporter}"
        return [self._said(f.EXPORTER, router.name, str(self.verdict.address), text)]

    def _listed(self, address: Address) -> list[Fact]:
        """What the inventory says of an address."""
        found = []
        for router in self.inventory.routers:
            if address in router.addresses:
                text = f"{address} is the router {router.name} itself"
                found.append(self._said(f.ROUTER, router.name, str(address), text))
        server = self.inventory.server(address)
        if server is not None:
            text = f"{address} is a known server: {server.role}"
            found.append(self._said(f.SERVER, server.role, str(address), text))
        customer = self.inventory.customer(address)
        if customer is not None:
            whose, prefix = customer
            contact = f", contact {whose.contact}" if whose.contact else ""
            text = f"{address} is in {prefix} of {whose.name}{contact}"
            found.append(self._said(f.CUSTOMER, whose.name, str(address), text))
        return found

    def _said(self, kind: str, value: str, of: str, text: str) -> Fact:
        return Fact(kind=kind, value=value, of=of, text=text, where=self.inventory.origin)

    def _inside(self, address: Address) -> list[Fact]:
        """The hosts that leave as this address, by the translations that go where the scan goes."""
        rows = [row for row in self.tables.outside.get(address, []) if not row.forwarded]
        if not rows:
            return []
        counted: dict[Address, list[Translation]] = {}
        for row in filter(self._fits(), rows):
            counted.setdefault(row.inside, []).append(row)
        sharing = len({row.inside for row in rows})
        hosts = sorted(counted.items(), key=lambda item: (-len(item[1]), int(item[0])))
        total = sum(len(found) for _, found in hosts)
        facts = []
        for host, found in hosts[:MAX_HOSTS]:
            if found[0].protocol is None:
                said = "a translation of all ports"
            else:
                said = f"{len(found)} of {total} translations to {self._services()}"
            text = f"{host} leaves as {address}: {said}"
            facts.append(
                Fact(kind=f.INSIDE, value=str(host), of=str(address), text=text, where=found[0].where)
            )
        if len(hosts) != 1:
            others = f"{len(hosts)} of them to {self._services()}" if hosts else f"none to {self._services()}"
            text = f"{sharing} hosts behind {address} have translations, {others}"
            where = rows[0].where
            facts.append(Fact(kind=f.SHARED, value=str(sharing), of=str(address), text=text, where=where))
        return _marked(facts, f.INSIDE)

    def _fits(self) -> Callable[[Translation], bool]:
        """Whether a translation may be of this verdict's flows, by protocol and port of the peer."""
        wanted = {(s.protocol, s.port) for s in self.verdict.services}
        unknown = not wanted or any(protocol is None for protocol, _ in wanted)
        return lambda row: unknown or row.protocol is None or (row.protocol, row.peer_port) in wanted

    def _services(self) -> str:
        names = [service_name(s.protocol, s.port) for s in self.verdict.services[:3]]
        return ", ".join(names) or "any service"

    def _outside(self, address: Address) -> list[Fact]:
        """As what the host is known on the far side of NAT, which others' complaints will name."""
        rows = [row for row in self.tables.inside.get(address, []) if not row.forwarded]
        first = {row.outside: row for row in reversed(rows)}
        return [
            Fact(
                kind=f.OUTSIDE,
                value=str(outside),
                of=str(address),
                text=f"{address} leaves as {outside}",
                where=row.where,
            )
            for outside, row in sorted(first.items(), key=lambda item: int(item[0]))[:MAX_HOSTS]
        ]

    def _host(self, host: str) -> list[Fact]:
        """Names, MAC addresses and ports of one address on its own side of NAT."""
        address = ipaddress.ip_address(host)
        facts = self._listed(address) if address != self.verdict.address else []
        span = _span(self.verdict)
        leases = [self._leased(lease) for lease in _at(self.tables.leases.get(address, []), span)]
        answers = [self._answered(row) for row in _distinct(self.tables.neighbours.get(address, []))]
        found = _marked([fact for group in (*leases, *answers) for fact in group], f.MAC)
        facts += found
        macs = dict.fromkeys(fact.value for fact in found if fact.kind == f.MAC)
        for mac in macs:
            if len(self.tables.answers.get(mac, ())) < PROXY_ARP:
                facts += self._ports(mac)
        return facts

    def _leased(self, lease: Lease) -> list[Fact]:
        facts = []
        times = _times(lease)
        if lease.mac:
            text = f"DHCP leased {lease.address} to {lease.mac}{times}"
            facts.append(
                Fact(kind=f.MAC, value=lease.mac, of=str(lease.address), text=text, where=lease.where)
            )
        if lease.name:
            text = f"it calls itself {lease.name} (DHCP{times})"
            of = lease.mac or str(lease.address)
            facts.append(Fact(kind=f.HOSTNAME, value=lease.name, of=of, text=text, where=lease.where))
        return facts

    def _answered(self, row: Neighbour) -> list[Fact]:
        of, where = str(row.address), row.where
        at = " on ".join(part for part in (row.interface, row.device) if part)
        if row.own:
            text = f"{row.address} is the device's own address{f' ({at})' if at else ''}"
            return [Fact(kind=f.ROUTER, value=row.device or row.mac, of=of, text=text, where=where)]
        text = f"{row.mac} answers ARP for {row.address}{f' at {at}' if at else ''}"
        many = len(self.tables.answers[row.mac])
        if many >= PROXY_ARP:
            text += f", and for {many - 1} other addresses: a router or proxy ARP, not the device itself"
        facts = [Fact(kind=f.MAC, value=row.mac, of=of, text=text, where=where)]
        if row.name:
            text = f"its address has the name {row.name}"
            facts.append(Fact(kind=f.HOSTNAME, value=row.name, of=of, text=text, where=where))
        if row.port and many < PROXY_ARP:
            port = " ".join(part for part in (row.device, row.port) if part)
            text = f"{row.mac} is behind port {row.port}{f' of {row.device}' if row.device else ''}"
            facts.append(Fact(kind=f.PORT, value=port, of=row.mac, text=text, where=where))
        return facts

    def _ports(self, mac: str) -> list[Fact]:
        """Ports at which switches see a MAC address, the one with the fewest others first: that is the nearest."""
        facts: dict[tuple[str | None, str, str], tuple[int, Fact]] = {}
        seen: dict[tuple[str | None, str, str | None], set[str]] = {}
        for entry in self.tables.ports.get(mac, []):
            if _THE_SWITCH.fullmatch(entry.port):
                continue
            path = entry.where.rpartition(":")[0]
            seen.setdefault((entry.device, path, entry.vlan), set()).add(entry.port)
            many = len(self.tables.crowd[entry.device, path, entry.port])
            others = "alone there" if many == 1 else f"one of {many} there: an uplink, access point or hub"
            of = f" of {entry.device}" if entry.device else ""
            vlan = f", VLAN {entry.vlan}" if entry.vlan else ""
            text = f"{mac} is behind port {entry.port}{of}{vlan}, {others}"
            value = " ".join(part for part in (entry.device, entry.port) if part)
            fact = Fact(kind=f.PORT, value=value, of=mac, text=text, where=entry.where)
            facts.setdefault((entry.device, path, entry.port), (many, fact))
        moved = {(d, p, port) for (d, p, _), ports in seen.items() if len(ports) > 1 for port in ports}
        ordered = sorted(facts.items(), key=lambda item: (item[1][0], item[1][1].value, item[1][1].where))
        return [replace(fact, conflict=place in moved) for place, (_, fact) in ordered[:MAX_HOSTS]]


def _span(verdict: Verdict) -> Span | None:
    if verdict.first_seen is None or verdict.last_seen is None:
        return None
    return verdict.first_seen, verdict.last_seen


def _at(leases: list[Lease], span: Span | None) -> list[Lease]:
    """The leases at a time, one a device, the latest first; those of all times where the flows have none.

    A lease without times is one of the moment its listing was made, and may be meant.
    """
    merged: dict[tuple[str | None, str | None], Lease] = {}
    for lease in leases:
        late = span and lease.start and lease.start > span[1]
        early = span and lease.end and lease.end < span[0]
        if late or early:
            continue
        before = merged.get((lease.mac, lease.name))
        if before and before.start and lease.start:
            lease = replace(lease, start=min(before.start, lease.start))
        merged[lease.mac, lease.name] = lease
    aware = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    return sorted(merged.values(), key=lambda lease: lease.start or aware, reverse=True)[:MAX_HOSTS]


def _distinct(rows: list[Neighbour]) -> list[Neighbour]:
    """The first entry of each MAC address and device."""
    return list({(row.mac, row.device, row.own): row for row in reversed(rows)}.values())[::-1][:MAX_HOSTS]


def _times(lease: Lease) -> str:
    if lease.start is None:
        return ""
    end = f"{lease.end:%Y-%m-%d %H:%M}" if lease.end else "without end"
    return f", {lease.start:%Y-%m-%d %H:%M} to {end} UTC"


def _marked(facts: list[Fact], kind: str) -> list[Fact]:
    """The facts with those of a kind marked where they are in conflict with each other."""
    if len({fact.value for fact in facts if fact.kind == kind}) < 2:
        return facts
    return [replace(fact, conflict=True) if fact.kind == kind else fact for fact in facts]
