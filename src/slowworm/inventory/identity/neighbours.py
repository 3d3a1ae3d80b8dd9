"""ARP and neighbour tables: Cisco IOS, NX-OS, IOS-XR and ASA, Linux, BSD, Windows."""

from __future__ import annotations

import re

from slowworm.inventory.identity.records import MAC, Line, Nameless, Neighbour, address_of, mac_of

_IP4 = r"\d{1,3}(?:\.\d{1,3}){3}"
_IP6 = r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,45}"
_AGE = r"(?:-|\d[\d:.wdhm]*)"
_FORMS = tuple(
    re.compile(form)
    for form in (
        # show ip arp, show arp of IOS; an interface is missing where the router has none
        rf"Internet\s+(?P<ip>{_IP4})\s+(?P<age>{_AGE})\s+(?P<mac>{MAC}|Incomplete)\s+[A-Z]\S*(?:\s+(?P<if>\S+))?",
        # show arp of IOS-XR
        rf"(?P<ip>{_IP4})\s+(?P<age>{_AGE})\s+(?P<mac>{MAC})\s+(?P<state>[A-Z][a-z]+)\s+ARPA\s+(?P<if>\S+)",
        # show ip arp of NX-OS, with detail and vrf all
        rf"(?P<ip>{_IP4})\s+(?P<age>{_AGE})\s+(?P<mac>{MAC}|(?i:incomplete))\s+(?P<if>\S+)"
        r"(?:\s+(?P<port>[A-Za-z-]\S*))?(?:\s+(?:[*+#D]|CP|PS|RO)+)*(?:\s+\S+)?",
        # show arp of the ASA: name of the interface in front, age in seconds behind
        rf"(?P<if>[A-Za-z][\w.-]*)\s+(?P<ip>{_IP4})\s+(?P<mac>{MAC})\s+(?P<age>-|\d+)",
        # show ipv6 neighbors of IOS, and of IOS-XR with the line card behind
        rf"(?P<ip>{_IP6}|\[Mcast adjacency\])\s+(?P<age>{_AGE})\s+(?P<mac>{MAC}|-)\s+(?P<state>[A-Z]+)\s+(?P<if>\S+)"
        r"(?:\s+\S+)?",
        # ip neigh
        rf"(?P<ip>{_IP4}|{_IP6})\s+dev\s+(?P<if>\S+)(?:\s+lladdr\s+(?P<mac>{MAC}))?(?:\s+[a-z]\S*)*(?:\s+(?P<state>[A-Z]+))?",
        # arp -a of Linux and BSD
        rf"(?P<name>\S+)\s+\((?P<ip>{_IP4})\)\s+at\s+(?P<mac>{MAC}|<?\(?incomplete\)?>?)(?:\s+\[\w+\])?"
        r"(?:\s+PERM(?:\s+PUP)?)?\s+on\s+(?P<if>\S+).*",
        # arp -n of Linux
        rf"(?P<ip>{_IP4})\s+(?:ether\s+(?P<mac>{MAC})\s+[CMP!]+|\(incomplete\))\s+(?P<if>\S+)",
        # arp -a of Windows
        rf"(?P<ip>{_IP4})\s+(?P<mac>[0-9A-Fa-f]{{2}}(?:-[0-9A-Fa-f]{{2}}){{5}})\s+(?P<state>dynamic|static)",
    )
)
_SWITCH_PORT = re.compile(r"(?i:eth|port-?channel|po)\S*\d")
_OWN_STATE = "Interface"
"""How IOS-XR marks its own addresses."""


def neighbour(line: Line) -> Neighbour | Nameless | None:
    """The entry of a line; :class:`Nameless` where nobody answered, ``None`` for any other line."""
    text = line.text.strip()
    match = next((m for form in _FORMS if (m := form.fullmatch(text))), None)
    if match is None:
        return None
    found = match.groupdict()
    address, mac = address_of(found["ip"]), mac_of(found["mac"] or "")
    if mac is None or int(mac[:2], 16) & 1:  # a group address is no device
        return Nameless()
    if address is None:
        return None
    name, port = found.get("name"), found.get("port")
    return Neighbour(
        address=address,
        mac=mac,
        where=line.where,
        interface=None if found.get("if") == "-" else found.get("if"),
        port=port if port and _SWITCH_PORT.match(port) else None,
        name=None if name == "?" else name,
        device=line.device,
        # IOS and NX-OS print no age for what they answer themselves.
        own=found.get("age") == "-" or found.get("state") == _OWN_STATE,
    )
