"""The ARP table: a route that makes the router ask for every destination, and what comes of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from slowworm.diagnose.facts import Place, Router
from slowworm.diagnose.findings import (
    ARITHMETIC,
    CRITICAL,
    DOCUMENT,
    EXPERIENCE,
    INFO,
    WARNING,
    Finding,
    Remedy,
)
from slowworm.diagnose.growth import Reading, amount, growth
from slowworm.diagnose.show.arp import ArpTable
from slowworm.diagnose.show.ip_interface import IpInterface
from slowworm.diagnose.show.ip_traffic import IpTraffic
from slowworm.diagnose.show.log import MallocFail
from slowworm.diagnose.show.processes_cpu import ProcessesCpu
from slowworm.diagnose.show.processes_memory import ProcessesMemory
from slowworm.diagnose.show.running_config import Configuration, StaticRoute

WIDE_ROUTE = 16
"""A static route at most this long to a broadcast interface is judged like a default route: 65,536 addresses are more
than any ARP table should hold. Longer ones are common for directly connected ranges. [assumption]"""

SHARED_MAC = 64
"""Addresses behind one MAC from which it is a router that answers for others. A server with aliases or a hypervisor has
some; proxy ARP for a scan gives hundreds within a minute. [assumption]"""

ARP_HOLDING = 8_000_000
"""Bytes held by ARP Input that no connected network explains: some 40,000 entries of about 200 bytes. [assumption]"""

NEW_A_SECOND, MANY_ENTRIES = 1.0, 1_000
"""Entries a second, and entries, from which a table grows by itself: a network of hosts is resolved once, and stops.
[assumption]"""

INCOMPLETE, INCOMPLETE_SHARE = 100, 0.5
"""Unanswered requests, and their share, from which somebody sweeps a connected subnet; they expire within a minute, so
that a hundred at once means more than one a second. [assumption]"""

ARP_INPUT_CPU = 20.0
"""Percent over a minute that ARP Input takes only where requests storm; usually it is below 1. [assumption]"""

VERIFY = ("show ip arp summary", "show processes memory | include ARP", "show ip route 0.0.0.0")


def default_route(router: Router) -> Iterator[Finding]:
    """``default-route-to-broadcast``: every new destination costs an ARP request, an entry, and memory."""
    config = router.last(Configuration)
    if config is None:
        return
    for route in config.routes:
        if not _unbounded(config, route):
            continue
        signs = _signs(router)
        hop = _next_hop(router, config, route)
        what = "default route" if route.is_default else f"route to {route.prefix}"
        network = f"{route.prefix.network_address} {route.prefix.netmask}"
        yield Finding(
            id="default-route-to-broadcast",
            severity=CRITICAL if signs else WARNING,
            title=f"The {what} points to {route.interface}, a broadcast interface, without a next hop",
            evidence=(route.at, *signs),
            cause=(
                "For every new destination the router sends an ARP request for that address; a next router with proxy "
                "ARP answers with its own MAC, and an entry is made. A scan of random "
                "addresses adds an entry for each, "
                "under the ARP Input process, until memory is gone. With CEF the same route grows the adjacency table "
                "until CEF disables itself."
            ),
            remedies=(
                Remedy(
                    text=f"Point the {what} at the address of the next router, before CEF is enabled",
                    commands=(
                        "configure terminal",
                        f"ip route {network} {hop or '<address of the next hop>'}",
                        f"no ip route {network} {route.interface}",
                        "end",
                    ),
                    caveats=(
                        *(
                            (
                                "the next hop is the one connected address whose MAC the others share; check it",
                            )
                            if hop
                            else (
                                "the next hop is not known from this output: show ip arp, and ask who runs it",
                            )
                        ),
                        "remove the old route by its interface, or both stand as equal-cost routes",
                        "not saved until write memory; a reload takes it back",
                    ),
                ),
                Remedy(
                    text="Then clear the entries that were made",
                    commands=("clear arp-cache",),
                    caveats=(
                        "only after the route: before, the entries come back at once",
                        "neighbours are resolved again, which costs CPU for a moment; newer "
                        "releases refresh rather than clear",
                    ),
                ),
            ),
            verify=VERIFY,
        )


def _unbounded(config: Configuration, route: StaticRoute) -> bool:
    if route.interface is None or route.next_hop is not None or route.prefix.prefixlen > WIDE_ROUTE:
        return False
    interface = config.interface(route.interface)
    if interface is not None:
        return interface.broadcast
    from slowworm.diagnose.show.running_config import MULTIACCESS

    return route.interface.startswith(MULTIACCESS)


def _signs(router: Router) -> tuple[Place, ...]:
    """Lines that show that the ARP table already suffers."""
    signs: list[Place] = []
    table = _listing(router)
    if table and table.macs and table.macs[0][1] >= SHARED_MAC:
        signs += table.examples
    memory = router.last(ProcessesMemory)
    process = memory.holding("ARP Input") if memory else None
    if process and process.holding >= ARP_HOLDING:
        signs.append(process.at)
    signs += [f.at for f in router.all(MallocFail) if (f.process or "").lower() == "arp input"][:3]
    return tuple(signs)


def _listing(router: Router) -> ArpTable | None:
    listed = [table for table in router.all(ArpTable) if table.listed]
    return listed[-1] if listed else None


def _next_hop(router: Router, config: Configuration, route: StaticRoute) -> str | None:
    """The one address of the interface's own network behind the MAC that answers for the others."""
    table = _listing(router)
    interface = config.interface(route.interface or "")
    address = interface.line("ip address ") if interface else None
    if table is None or not table.macs or address is None or table.macs[0][1] < SHARED_MAC:
        return None
    words = address.text.split()
    try:
        network = ipaddress.IPv4Network(f"{words[2]}/{words[3]}", strict=False)
    except (ValueError, IndexError):
        return None
    found = [
        e.address
        for e in table.entries
        if e.mac == table.macs[0][0] and ipaddress.IPv4Address(e.address) in network
    ]
    return found[0] if len(found) == 1 else None


def table_growth(router: Router) -> Iterator[Finding]:
    """``arp-table-growth``: complete entries that share a MAC, memory in ARP Input, or a table that grows."""
    table, memory = _listing(router), router.last(ProcessesMemory)
    process = memory.holding("ARP Input") if memory else None
    tables = [t for t in router.all(ArpTable) if not t.filtered]
    grown = growth([Reading(at=t.at, value=t.total) for t in tables])
    shared = table.macs[0] if table and table.macs and table.macs[0][1] >= SHARED_MAC else None
    holds = process if process and process.holding >= ARP_HOLDING else None
    rising = (
        grown if grown and grown.per_second >= NEW_A_SECOND and grown.last.value >= MANY_ENTRIES else None
    )
    if not (shared or holds or rising):
        return
    said, evidence = [], []
    if shared and table:
        said.append(f"{shared[1]:,} addresses share the MAC {shared[0]} of {table.total:,} entries")
        evidence += list(table.examples)
    if holds:
        said.append(f"ARP Input holds {amount(holds.holding)}")
        evidence.append(holds.at)
    if rising:
        said.append(
            f"the ARP table of {rising.last.value:,.0f} entries grows: {rising.arithmetic('entries')}"
        )
        evidence += [rising.first.at, rising.last.at]
    yield Finding(
        id="arp-table-growth",
        severity=CRITICAL if rising or holds else WARNING,
        title="; ".join(said)[:1].upper() + "; ".join(said)[1:],
        evidence=tuple(evidence),
        cause=(
            "The router resolves addresses that are not its neighbours: a static route "
            "points to a broadcast interface, "
            "and a router with proxy ARP answers for all of them. Incomplete entries would be "
            "something else: a sweep of "
            "a connected subnet."
        ),
        remedies=(
            Remedy(
                text="Find the static route without a next hop and give it one",
                commands=("show running-config | include ^ip route",),
                caveats=("clear arp-cache only afterwards; before, the entries come back",),
            ),
        ),
        verify=VERIFY,
        source=DOCUMENT if not rising else f"{DOCUMENT}; growth {ARITHMETIC}",
    )


def sweep(router: Router) -> Iterator[Finding]:
    """``subnet-sweep``: many addresses of a connected subnet that do not answer."""
    table = _listing(router) or router.last(ArpTable)
    if table is None or not table.incomplete or table.incomplete < INCOMPLETE:
        return
    if table.incomplete < INCOMPLETE_SHARE * table.total:
        return
    yield Finding(
        id="subnet-sweep",
        severity=WARNING,
        title=f"{table.incomplete:,} of {table.total:,} ARP entries are incomplete: somebody sweeps a connected subnet",
        evidence=(table.at,),
        cause=(
            "The router asks for addresses that nobody has. Scans of a directly connected network do that; so does a "
            "route to a broadcast interface where no neighbour runs proxy ARP."
        ),
        remedies=(
            Remedy(
                text="Find the host that scans, and stop it; the entries go by themselves",
                commands=("show ip cache flow",),
                caveats=("clear arp-cache does not help: the sweep makes them again",),
            ),
        ),
        verify=("show ip arp summary",),
        source=EXPERIENCE,
    )


def input_load(router: Router) -> Iterator[Finding]:
    """``arp-input-load``: the processor answers or asks ARP."""
    cpu = router.last(ProcessesCpu)
    process = cpu.process("ARP Input") if cpu else None
    if process is None or max(process.one_minute, process.five_seconds) < ARP_INPUT_CPU:
        return
    traffic = router.last(IpTraffic)
    yield Finding(
        id="arp-input-load",
        severity=WARNING,
        title=f"ARP Input takes {process.five_seconds:.0f} % of the processor "
        f"({process.one_minute:.0f} % over a minute)",
        evidence=(process.at, *((traffic.at,) if traffic else ())),
        cause=(
            "ARP requests storm: the router asks for every destination of a scan, or hosts "
            "that scan their own subnet ask "
            "for every address of it, and the router reads each request."
        ),
        remedies=(
            Remedy(
                text="Count who asks",
                commands=("show ip traffic | begin ARP", "show interfaces | include is up|input rate"),
            ),
        ),
        verify=("show processes cpu | include ARP",),
    )


def enabled_defaults(router: Router) -> Iterator[Finding]:
    """``proxy-arp``, ``directed-broadcast``: only where the output prints them, and where they matter."""
    interfaces = router.all(IpInterface)
    directed = [i for i in interfaces if i.directed_broadcast]
    if directed:
        yield Finding(
            id="directed-broadcast",
            severity=WARNING,
            title=f"Directed broadcasts are forwarded on {', '.join(i.name for i in directed[:3])}",
            evidence=tuple(i.at for i in directed[:3]),
            cause="One packet of a scan to a subnet's broadcast address becomes one for each host of it.",
            remedies=(
                Remedy(
                    text="Switch it off",
                    commands=tuple(
                        line
                        for i in directed[:3]
                        for line in (f"interface {i.name}", "no ip directed-broadcast")
                    ),
                    caveats=("Wake-on-LAN through this router stops",),
                ),
            ),
            verify=("show ip interface | include line protocol|Directed",),
            source=EXPERIENCE,
        )
    proxies = [i for i in interfaces if i.proxy_arp and i.address]
    if proxies and any(True for _ in table_growth(router)):
        yield Finding(
            id="proxy-arp",
            severity=INFO,
            title=f"Proxy ARP is on, the default, on {len(proxies)} interfaces of this router",
            evidence=(proxies[0].at,),
            cause="It answers for addresses that it has a route to; neighbours with a route to "
            "an interface depend on it.",
            remedies=(
                Remedy(
                    text="Where no neighbour depends on it: no ip proxy-arp",
                    caveats=("hosts and routers without a proper gateway lose their connections",),
                ),
            ),
            source=EXPERIENCE,
        )


RULES = (default_route, table_growth, sweep, input_load, enabled_defaults)
