"""One's own network as the flows show it: its prefixes, its dark space, what the vantage point cannot see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network

import numpy as np
import numpy.typing as npt

from slowworm.flows.addresses import RESERVED, Network

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEARN_FROM = 200
"""Contacts from which the inside may be learnt: a listing of a few rows has no middle."""

LEARN_HOSTS = 20
"""Hosts that a /16 must show to be taken for inside."""

COVER = 0.9
"""Share of the contacts that must touch the prefixes taken for inside: at a border every contact does, at a core
nearly every one. Lower takes a popular provider for one's own."""

MOST_PREFIXES = 8
"""More /16s than this are no site but a slice of the Internet."""

DARK_LENGTH = 24
"""Prefix length of the pieces of dark space: an inside /24 where nobody speaks."""

LONGEST_HIDDEN = 30
"""A hidden prefix longer than this hides nobody."""

HIDDEN_FROM = 100
"""Inside hosts whose contacts must all leave a prefix for it to be called hidden from this vantage point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """``prefixes``: (network, length) of the inside, empty where it is not known; ``learnt``: from the flows.

    ``live``: the inside /24s (address >> 8) in which somebody speaks, sorted. ``hidden``: length of the prefix
    around an inside host within which this vantage point sees none of its contacts; ``None`` if it sees them all,
    or that cannot be told. ``unseen``: reserved prefixes to which nobody's packets come by here. ``told``: dark
    prefixes that the operator named.
    """

    prefixes: tuple[tuple[int, int], ...]
    learnt: bool
    live: Ints
    hidden: int | None
    unseen: tuple[tuple[int, int], ...] = ()
    told: tuple[tuple[int, int], ...] = ()

    @property
    def networks(self) -> tuple[Network, ...]:
        """The prefixes as networks."""
        return tuple(IPv4Network((network, length)) for network, length in self.prefixes)

    def inside(self, addresses: Ints) -> Bools:
        """Which addresses are inside; none where the inside is not known."""
        found = np.zeros(len(addresses), np.bool_)
        for network, length in self.prefixes:
            found |= addresses >> (32 - length) == network >> (32 - length)
        return found

    def dark(self, addresses: Ints) -> Bools:
        """Which addresses are known to be dark, or inside in a /24 where nobody speaks."""
        found = np.zeros(len(addresses), np.bool_)
        for network, length in self.told:
            found |= addresses >> (32 - length) == network >> (32 - length)
        if not len(self.live):
            return found
        block = addresses >> (32 - DARK_LENGTH)
        at = np.minimum(np.searchsorted(self.live, block), len(self.live) - 1)
        result: Bools = found | self.inside(addresses) & (self.live[at] != block)
        return result


NOWHERE = Site(prefixes=(), learnt=False, live=np.zeros(0, np.int64), hidden=None)


def site(
    client: Ints,
    server: Ints,
    *,
    called: Bools,
    spoke: Bools,
    inside: Sequence[Network],
    dark: Sequence[Network] = (),
) -> Site:
    """The site of IPv4 contacts.

    ``called``: the client was seen to send; ``spoke``: the server was. ``inside``: prefixes if they are known;
    ``dark``: prefixes known to be empty, beside what is learnt.
    """
    given, told = _pairs(inside), _pairs(dark)
    prefixes = given or _learnt(client, server)
    if not prefixes:
        return replace(NOWHERE, told=told)
    found = Site(prefixes=prefixes, learnt=not given, live=np.zeros(0, np.int64), hidden=None)
    speaking = np.unique(np.concatenate([client[called], server[spoke]]) >> (32 - DARK_LENGTH))
    live = speaking[found.inside(speaking << (32 - DARK_LENGTH))]
    # With hardly anybody inside to be heard nothing can be called dark.
    live = live if len(live) and len(client) >= LEARN_FROM else np.zeros(0, np.int64)
    return Site(
        prefixes=prefixes,
        learnt=not given,
        live=live,
        hidden=_hidden(found, client[called], server[called]),
        unseen=_unseen(found, server[called]),
        told=told,
    )


def _pairs(networks: Sequence[Network]) -> tuple[tuple[int, int], ...]:
    """IPv4 prefixes as (network, length)."""
    return tuple((int(n.network_address), n.prefixlen) for n in networks if n.version == 4)


def _unseen(found: Site, server: Ints) -> tuple[tuple[int, int], ...]:
    """Reserved prefixes outside the site that nobody calls: filtered before, or nobody chooses them; either way they
    cannot tell a scan that leaves them out from one that does not."""
    own = {network >> 24 for network, _ in found.prefixes}
    unseen = []
    for network, length in RESERVED:
        called = np.count_nonzero(server >> (32 - length) == network >> (32 - length))
        if not called and network >> 24 not in own:
            unseen.append((network, length))
    return tuple(unseen)


def _learnt(client: Ints, server: Ints) -> tuple[tuple[int, int], ...]:
    """The fewest /16s that nearly every contact touches: greedily the one that touches most, then of the rest."""
    if len(client) < LEARN_FROM:
        return ()
    ends = np.stack([client >> 16, server >> 16])
    missed = np.ones(len(client), np.bool_)
    chosen: list[int] = []
    while missed.mean() > 1 - COVER:
        if len(chosen) == MOST_PREFIXES:
            return ()
        values, counts = np.unique(ends[:, missed], return_counts=True)
        best = int(values[counts.argmax()])
        touched = (ends == best).any(axis=0)
        if len(np.unique(client[client >> 16 == best])) < LEARN_HOSTS:
            return ()
        chosen.append(best)
        missed &= ~touched
    return tuple((block << 16, 16) for block in sorted(chosen))


def _hidden(found: Site, client: Ints, server: Ints) -> int | None:
    """The longest prefix that an inside host shares with any of its servers here, plus one."""
    own = found.inside(client)
    if len(np.unique(client[own])) < HIDDEN_FROM:
        return None
    differing = (client[own] ^ server[own]).astype(np.uint64)
    shared = 32 - np.ceil(np.log2(differing.astype(np.float64) + 1)).astype(np.int64)
    # A stray or two with a spoofed or mistyped address do not make a neighbourhood visible.
    longest = int(np.sort(shared)[-(len(shared) // 10_000 + 1)])
    # Neighbours outside the site may never be called: what is hidden is at least the site itself.
    hidden = max(longest + 1, min(length for _, length in found.prefixes))
    return hidden if hidden <= LONGEST_HIDDEN else None
