"""`show ip interface`: what IP does on each interface: switching path, access lists, proxy ARP, unreachables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed
from slowworm.diagnose.show.interfaces import STATE

_ADDRESS = rx(r"Internet address is (?P<value>(?:\d{1,3}\.){3}\d{1,3}/\d{1,2})")
_SWITCHES = {
    "fast_switching": rx(r"IP fast switching is (?P<value>enabled|disabled)"),
    "flow_switching": rx(r"IP Flow switching is (?P<value>enabled|disabled)"),
    "cef_switching": rx(r"IP CEF switching is (?P<value>enabled|disabled)"),
    "proxy_arp": rx(r"(?<!Local[ ])Proxy ARP is (?P<value>enabled|disabled)".replace("[ ]", r"\s")),
    "directed_broadcast": rx(r"Directed broadcast forwarding is (?P<value>enabled|disabled)"),
    "output_accounting": rx(r"IP output packet accounting is (?P<value>enabled|disabled)"),
    "policy_routing": rx(r"Policy routing is (?P<value>enabled|disabled)"),
}
_UNREACHABLES = rx(r"ICMP unreachables are (?P<value>always|never) sent")
_NAT = rx(
    r"Network address translation is (?P<value>enabled|disabled)(?:, interface in domain (?P<side>inside|outside))?"
)
_LIST_IN = re.compile(r"Inbound\s+access\s+list\s+is\s+(?P<value>not\s+set|\S+)")
_LIST_OUT = re.compile(r"Outgoing\s+access\s+list\s+is\s+(?P<value>not\s+set|\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class IpInterface(Fact):
    """``None``: not printed, by this release or in this state. Access lists by name, ``None`` also where not set."""

    name: str
    address: str | None = None
    fast_switching: bool | None = None
    flow_switching: bool | None = None
    cef_switching: bool | None = None
    proxy_arp: bool | None = None
    directed_broadcast: bool | None = None
    output_accounting: bool | None = None
    policy_routing: bool | None = None
    unreachables: bool | None = None
    nat: str | None = None
    list_in: str | None = None
    list_out: str | None = None


def _read(scan: Scan) -> Sequence[Fact]:
    heads = list(scan.each(STATE))
    facts: list[Fact] = []
    for number, head in enumerate(heads):
        begin, end = head.end(), heads[number + 1].start() if number + 1 < len(heads) else len(scan.text)

        def find(pattern: re.Pattern[str], begin: int = begin, end: int = end) -> re.Match[str] | None:
            return pattern.search(scan.text, begin, end)

        switches = {
            name: None if (match := find(pattern)) is None else match["value"] == "enabled"
            for name, pattern in _SWITCHES.items()
        }
        address, unreachables, nat = find(_ADDRESS), find(_UNREACHABLES), find(_NAT)
        scan.understood(begin, end)
        facts.append(
            IpInterface(
                at=scan.place(head),
                name=head["name"],
                address=address["value"] if address else None,
                unreachables=None if unreachables is None else unreachables["value"] == "always",
                nat=nat["side"] if nat else None,
                list_in=_list(find(_LIST_IN)),
                list_out=_list(find(_LIST_OUT)),
                **switches,
            )
        )
    return facts


def _list(match: re.Match[str] | None) -> str | None:
    return None if match is None or match["value"].startswith("not") else match["value"]


COMMAND = ShowCommand(
    name="show ip interface",
    typed=(typed("sh(ow) ip int(erface)"),),
    words=("line", "protocol", "Internet"),
    claims=rx(rf"{STATE.pattern} Internet (?:address|protocol processing)"),
    carries="switching path, access lists, proxy ARP, directed broadcast, unreachables, NAT "
    "side; the rest is passed over",
    read=_read,
)
