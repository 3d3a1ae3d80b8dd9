"""`show ip http server` (`status`, `connection`, `history`): the router's own web server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed

_STATUS = rx(r"HTTP server status: (?P<state>Enabled|Disabled)", re.IGNORECASE)
_SECURE = rx(r"HTTP secure server status: (?P<state>Enabled|Disabled)", re.IGNORECASE)
_PORT = rx(r"HTTP server port: (?P<port>\d{1,5})")
_ACCESS = rx(r"HTTP server access class: (?P<list>[\w\-]{1,32})")
_STATISTICS = rx(
    r"(?P<what>Accepted connections total|HTTP server current connections|Server accepted "
    r"connections total): ?(?P<count>\d{1,15})".replace(" ?", r"\s*")
)
_CONNECTION = re.compile(
    r"(?<!\S)(?P<local>(?:\d{1,3}\.){3}\d{1,3}):(?P<lport>\d{1,5})\s+(?P<remote>(?:\d{1,3}\.){3}\d{1,3}):(?P<rport>\d{1,5})\s+(?P<in>\d{1,15})\s+(?P<out>\d{1,15})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpServer(Fact):
    """``clients``: addresses with connections now or in the history; ``accepted``: connections since start."""

    enabled: bool | None
    secure: bool | None = None
    port: int | None = None
    access_class: str | None = None
    accepted: int | None = None
    connections: int = 0
    clients: int = 0


def _read(scan: Scan) -> Sequence[Fact]:
    status, secure, port, access = (scan.first(p) for p in (_STATUS, _SECURE, _PORT, _ACCESS))
    counts = list(scan.each(_STATISTICS))
    connections = list(scan.each(_CONNECTION))
    first = status or (counts[0] if counts else None) or (connections[0] if connections else None)
    if first is None:
        return ()
    accepted = [int(match["count"]) for match in counts if "ccepted" in match["what"]]
    scan.skip_all()
    return (
        HttpServer(
            at=scan.place(connections[0] if connections and not status else first),
            enabled=status["state"].lower() == "enabled" if status else None,
            secure=secure["state"].lower() == "enabled" if secure else None,
            port=int(port["port"]) if port else None,
            access_class=access["list"] if access and access["list"].lower() not in ("none", "0") else None,
            accepted=accepted[0] if accepted else None,
            connections=len(connections),
            clients=len({match["remote"] for match in connections}),
        ),
    )


COMMAND = ShowCommand(
    name="show ip http server",
    typed=(typed("sh(ow) ip ht(tp) ser(ver) [a(ll)|s(tatus)|c(onnection)|h(istory)|st(atistics)]"),),
    words=("HTTP", "server"),
    claims=rx(r"HTTP server status: (?:Enabled|Disabled)", re.IGNORECASE),
    carries="state, port, access class, connections and clients; the rest is passed over",
    read=_read,
)
