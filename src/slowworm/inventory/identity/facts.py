"""What is known of who is behind a verdict: one fact at a time, with the place that says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ROUTER, SERVER, CUSTOMER, EXPORTER = "router", "server", "customer", "exporter"
INSIDE, OUTSIDE, SHARED = "inside-address", "outside-address", "shared-address"
MAC, HOSTNAME, PORT = "mac", "hostname", "port"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """``value`` is the ``kind`` of ``of`` (an address, or a MAC address); ``where`` says so (``file:line``, or a file).

    ``conflict``: other facts of the kind say something else of the same; all of them are there, none is preferred.
    """

    kind: str
    value: str
    of: str
    text: str
    where: str
    conflict: bool = False


SHORT = (ROUTER, SERVER, INSIDE, HOSTNAME, PORT, CUSTOMER)
"""What a table has room for, in this order; the MAC address only where neither name nor port is known."""


def short(facts: Iterable[Fact]) -> str:
    """The facts in few words: ``pc-17, sw1 Gi1/0/7, Example Ltd``; ``a or b?`` where they are in conflict."""
    known = list(facts)
    kinds = [kind for kind in SHORT if any(f.kind == kind for f in known)]
    if HOSTNAME not in kinds and PORT not in kinds:
        kinds.append(MAC)
    parts = []
    for kind in kinds:
        found = [f for f in known if f.kind == kind]
        values = list(dict.fromkeys(f.value for f in found))
        if any(f.conflict for f in found):
            parts.append(" or ".join(values[:2]) + ("" if len(values) <= 2 else " or others") + "?")
        elif values:
            parts.append(values[0])
    return ", ".join(parts)
