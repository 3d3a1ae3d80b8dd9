"""`show ip traffic`: counters of the router's own IP, ARP and ICMP since start."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed

_RECEIVED = rx(r"Rcvd: (?P<received>\d{1,20}) total, (?P<local>\d{1,20}) local destination")
_SENT = rx(r"Sent: (?P<generated>\d{1,20}) generated, (?P<forwarded>\d{1,20}) forwarded")
_DROPS = rx(
    r"(?P<encapsulation>\d{1,20}) encapsulation failed, (?P<unresolved>\d{1,20}) unresolved, "
    r"(?P<adjacency>\d{1,20}) no adjacency"
)
_NO_ROUTE = rx(r"(?P<count>\d{1,20}) no route")
_OLD_DROPS = rx(r"(?P<encapsulation>\d{1,20}) encapsulation failed")
_ARP = rx(
    r"ARP statistics:(?: Rcvd:| Received:) (?P<received>\d{1,20}) requests, (?P<replies>\d{1,20}) replies,"
)
_ARP_SENT = rx(
    r"Sent: (?P<sent>\d{1,20}) requests, (?P<replies>\d{1,20}) replies(?: \((?P<proxy>\d{1,20}) proxy\))?"
)
_UNREACHABLES = rx(r"ICMP statistics:.{0,600}?Sent:.{0,120}?(?P<sent>\d{1,20}) unreachable", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class IpTraffic(Fact):
    """Counters; ``encapsulation_failed``: packets dropped for want of a resolved neighbour."""

    received: int
    local: int
    forwarded: int | None = None
    encapsulation_failed: int | None = None
    no_route: int | None = None
    arp_requests_received: int | None = None
    arp_requests_sent: int | None = None
    arp_proxy_replies: int | None = None
    unreachables_sent: int | None = None


def _read(scan: Scan) -> Sequence[Fact]:
    received = scan.first(_RECEIVED)
    if received is None:
        return ()
    sent, no_route, arp = scan.first(_SENT), scan.first(_NO_ROUTE), scan.first(_ARP)
    drops = scan.first(_DROPS) or scan.first(_OLD_DROPS)
    arp_sent = scan.first(_ARP_SENT, arp.end() if arp else received.end())
    unreachables = scan.first(_UNREACHABLES)
    scan.skip_all()
    return (
        IpTraffic(
            at=scan.place(drops or received),
            received=int(received["received"]),
            local=int(received["local"]),
            forwarded=int(sent["forwarded"]) if sent else None,
            encapsulation_failed=int(drops["encapsulation"]) if drops else None,
            no_route=int(no_route["count"]) if no_route else None,
            arp_requests_received=int(arp["received"]) if arp else None,
            arp_requests_sent=int(arp_sent["sent"]) if arp_sent else None,
            arp_proxy_replies=int(arp_sent["proxy"]) if arp_sent and arp_sent["proxy"] else None,
            unreachables_sent=int(unreachables["sent"]) if unreachables else None,
        ),
    )


COMMAND = ShowCommand(
    name="show ip traffic",
    typed=(typed("sh(ow) ip tr(affic)"),),
    words=("statistics:", "Rcvd:"),
    claims=rx(r"IP statistics: Rcvd: \d"),
    carries="packets forwarded, failed encapsulations, ARP requests and proxy replies, "
    "unreachables; the rest is passed over",
    read=_read,
)
