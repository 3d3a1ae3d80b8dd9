"""``show ip dhcp binding`` of IOS: addresses, client identifiers, and the expiry in the router's own time."""

from __future__ import annotations

import re
from dataclasses import replace

from slowworm.inventory.identity.records import Lease, Line, Nameless, address_of, mac_of

ETHERNET = "01"
"""Hardware type in front of the MAC address in a client identifier (RFC 2132, 9.14)."""

_EXPIRY = r"(?:Infinite|[A-Z][a-z]{2} \d{1,2} \d{4} \d{1,2}:\d{2}(?: [AP]M)?)"
_BINDING = re.compile(
    rf"(?P<ip>\d{{1,3}}(?:\.\d{{1,3}}){{3}})\s+(?P<id>[0-9a-f]{{2,4}}(?:\.[0-9a-f]{{1,4}})*\.?)\s+"
    rf"(?P<expiry>{_EXPIRY})\s+(?:Automatic|Manual|Dynamic|On-demand|Selecting)(?:\s+.*)?"
)
_CONTINUED = re.compile(r"\s{6,}(?P<id>[0-9a-f.]{1,24})\s*")
_IN_TEXT = re.compile(r"cisco-(?P<mac>[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})-")
"""What IOS as a client sends for itself: ``cisco-aabb.cc00.6500-Vl1``."""


def rejoined(lines: list[Line]) -> list[Line]:
    """The lines with client identifiers in one piece that were too long for their column."""
    whole: list[Line] = []
    for line in lines:
        more = _CONTINUED.fullmatch(line.text)
        binding = _BINDING.fullmatch(whole[-1].text.strip()) if more and whole else None
        if more and binding:
            text = binding[0]
            at = binding.end("id") - binding.start()
            whole[-1] = replace(whole[-1], text=text[:at] + more["id"] + text[at:])
        else:
            whole.append(line)
    return whole


def binding(line: Line) -> Lease | Nameless | None:
    """The lease of a line, without times; :class:`Nameless` where the identifier is no MAC address.

    The expiry is in the router's own time zone, which the listing does not say, and the beginning is not printed: so
    it is a lease of the moment.
    """
    match = _BINDING.fullmatch(line.text.strip())
    address = address_of(match["ip"]) if match else None
    if match is None or address is None:
        return None
    mac = _mac(match["id"].replace(".", ""))
    return Lease(address=address, where=line.where, mac=mac) if mac else Nameless()


def _mac(digits: str) -> str | None:
    if len(digits) == 14 and digits.startswith(ETHERNET):
        digits = digits[2:]
    if len(digits) == 12:
        return mac_of(digits)
    try:
        said = _IN_TEXT.search(bytes.fromhex(digits).decode("latin-1"))
    except ValueError:
        return None
    return mac_of(said["mac"]) if said else None
