"""MAC address tables of switches: IOS old and new, Catalyst 4500 and 6500, NX-OS, small business."""

from __future__ import annotations

import re

from slowworm.inventory.identity.records import MAC, Line, Nameless, PortEntry, mac_of

_TYPE = r"(?i:dynamic|static|system|secure\w*|self|other|management|permanent|sticky)"
_PORT = r"(?P<port>[A-Za-z][\w./:()-]*)"
_FORMS = tuple(
    re.compile(form)
    for form in (
        # Vlan, Mac Address, Type, Ports: IOS 12.1 and later; a protocol column on the Catalyst 4500
        rf"(?P<vlan>All|\d+)\s+(?P<mac>{MAC})\s+{_TYPE}\s+(?:(?:[a-z]+,)+[a-z]+\s+)?{_PORT}",
        # learn and age in front of the ports: Catalyst 6500
        rf"(?:[*RSD#]\s*){{0,3}}(?P<vlan>\d+|---)\s+(?P<mac>{MAC})\s+{_TYPE}\s+(?:Yes|No)\s+(?:-|\d+|n/a)\s+{_PORT}",
        # age, Secure, NTFY in front of the ports: NX-OS
        rf"(?:[*+GOC#]\s*){{0,3}}(?P<vlan>\d+|-)\s+(?P<mac>{MAC})\s+{_TYPE}\s+(?:-|~~~|\d+|NA)\s+[TF~]+\s+[TF~]+\s+"
        rf"{_PORT}",
        # Destination Address, Address Type, VLAN, Destination Port: IOS 11 and 12.0, show mac-address-table
        rf"(?P<mac>{MAC})\s+{_TYPE}\s+(?P<vlan>\d+)\s+{_PORT}",
        # Vlan, Mac Address, Port, Type: small business switches
        rf"(?P<vlan>\d+)\s+(?P<mac>{MAC})\s+(?P<port>[A-Za-z]*\d[\w/]*)\s+{_TYPE}",
    )
)
_GROUP = re.compile(rf"(?:[*RSD#+GOC]\s*){{0,3}}(?:All|\d+|---|-)\s+(?:{MAC})\s+{_TYPE}(?:\s.*)?")
"""A row of any form whose ports are none or many."""


def port_entry(line: Line) -> PortEntry | Nameless | None:
    """The entry of a line; :class:`Nameless` for group addresses and several ports, ``None`` for any other line."""
    text = line.text.strip()
    match = next((m for form in _FORMS if (m := form.fullmatch(text))), None)
    if match is None:
        return Nameless() if _GROUP.fullmatch(text) else None
    mac, vlan = mac_of(match["mac"]), match["vlan"]
    if mac is None or int(mac[:2], 16) & 1:
        return Nameless()
    return PortEntry(
        mac=mac,
        vlan=vlan if vlan.isdigit() else None,
        port=match["port"],
        where=line.where,
        device=line.device,
    )
