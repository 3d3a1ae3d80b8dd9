"""Pass 3, sources: contacts of one client on one service → weighed evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect import weights
from slowworm.detect.kinds import NO, UNKNOWN, YES, category
from slowworm.detect.outcome import ANSWERED, FAILED, MAX_SYNS, NOT_KNOWN
from slowworm.detect.population import MAX_BENIGN_FAILURE, MIN_OTHER_CLIENTS, Population
from slowworm.flows.services import ICMP, ICMP6, TCP, UDP
from slowworm.flows.table import integers

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PIECES = (
    "failed-first-contacts",
    "lone-syn-shape",
    "single-visits",
    "popular-targets",
    "dropped-targets",
    "impossible-targets",
    "dark-targets",
    "silent-alike",
)
"""Names of the pieces of evidence that contacts carry, in the order they are shown."""

CAPS: dict[int, int] = {5: weights.IMPOSSIBLE_CAP, 6: weights.DARK_CAP, 7: weights.SILENT_CAP}
"""The most that a piece of all contacts of an activity may weigh together, where they depend on each other."""

TRACEROUTE_PORTS = (33434, 33534)
"""UDP ports that traceroute counts through, one a probe, from 33434 on: 30 hops of three probes and some more."""

_IMPOSSIBLE = ((0x00000000, 8), (0x7F000000, 8), (0xE0000000, 4), (0xF0000000, 4))
"""0/8, 127/8, multicast, 240/4 (RFC 6890): no host answers a unicast service there."""

_MULTICAST_USERS = (2, 46, 88, 89, 103, 112)
"""IGMP, RSVP, EIGRP, OSPF, PIM, VRRP: multicast destinations are their daily business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """The columns of a contact batch that evidence needs, as NumPy arrays of one length."""

    client: Ints
    server: Ints
    protocol: Ints
    port: Ints
    outcome: Ints
    visits: Ints
    answers: Ints
    lone_syn: Ints
    to_null: Bools
    packets: Ints
    largest: Ints
    octets: Ints
    first_time: Ints
    sampled: Bools
    symmetric: Bools
    ipv4: bool


def columns(batch: pa.RecordBatch) -> Contacts:
    """Contact columns, -1 where a value (or the size behind ``lone_syn``) is not known; IPv6 addresses as codes."""
    ipv4 = batch.column("client").type == pa.uint32()
    if ipv4:
        client, server = (batch.column(c).to_numpy().astype(np.int64) for c in ("client", "server"))
    else:
        client, server = _codes(batch.column("client"), batch.column("server"))
    return Contacts(
        client=client,
        server=server,
        protocol=integers(batch, "protocol"),
        port=integers(batch, "port"),
        outcome=integers(batch, "outcome"),
        visits=integers(batch, "visits"),
        answers=integers(batch, "answers"),
        lone_syn=batch.column("lone_syn")
        .cast(pa.int8())
        .cast(pa.int64())
        .fill_null(-1)
        .to_numpy(zero_copy_only=False),
        to_null=batch.column("to_null").to_numpy(zero_copy_only=False),
        packets=integers(batch, "packets"),
        largest=integers(batch, "largest"),
        octets=integers(batch, "bytes"),
        first_time=integers(batch, "first_time"),
        sampled=batch.column("sampled").to_numpy(zero_copy_only=False),
        symmetric=batch.column("symmetric").to_numpy(zero_copy_only=False),
        ipv4=ipv4,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactWeights:
    """Weights in tenths per contact (``pieces``: one row per PIECES) and their sum ``total``.

    ``failed``: the contacts that count as failures under the visibility of replies here; ``unseen``: calls
    of which an answer could not be seen here, so that its absence says nothing; ``category``: what the
    kinds of hosts see of a contact (:func:`slowworm.detect.kinds.category`); ``host_judged``, ``host_failed``:
    contacts of the same client that failed or were answered, and that failed, on all its services.
    """

    pieces: Ints
    total: Ints
    failed: Bools
    unseen: Bools
    category: Ints
    host_judged: Ints
    host_failed: Ints


def contact_weights(contacts: Contacts, population: Population) -> ContactWeights:
    """Weigh every contact by itself against the population."""
    n = len(contacts.client)
    # TCP tells by its packets that nothing came of it; UDP and ICMP only by an answer that is not seen.
    silent = np.isin(contacts.protocol, tuple(population.visibility))
    silent &= (contacts.outcome == NOT_KNOWN) & (contacts.visits > 0) & (contacts.answers == 0)
    silent &= ~contacts.sampled  # of an answer that was sent the sampler may have seen nothing
    silent &= (contacts.protocol != TCP) | (contacts.largest <= MAX_SYNS)
    failed = ((contacts.outcome == FAILED) | silent) & ~_traceroute(contacts)
    visibility = np.where(silent, population.visibility.get(TCP, 0.0), 1.0)
    failure = np.where(failed, _failure_weight(contacts, population, visibility), 0)
    small = failed & (contacts.protocol == TCP) & (contacts.answers > 0)
    failure = np.where(small, np.rint(weights.SMALL_ANSWER * failure), failure).astype(np.int64)
    _, answered = weights.failure_weights(benign_failure=population.benign_failure, visibility=1.0)
    # What rests on a failure speaks as loudly as the failure itself, against the most it could weigh.
    most, _ = weights.failure_weights(benign_failure=weights.P_FAIL_BENIGN, visibility=1.0)
    loudness = failure / most
    # What the router dropped fails for everybody: that it failed, as a bare SYN, says nothing of the host.
    dropped = failed & contacts.to_null
    failure = np.where(dropped, 0, failure)
    pieces = np.zeros((len(PIECES), n), np.int64)
    pieces[0] = failure + np.where(contacts.outcome == ANSWERED, answered, 0)
    lone = (contacts.outcome == FAILED) & (contacts.lone_syn == 1) & ~dropped
    pieces[1] = np.where(lone, np.rint(weights.LONE_SYN * loudness), 0)
    once = np.where(contacts.visits <= 1, np.rint(weights.SINGLE_VISIT * loudness), weights.REPEAT_VISIT)
    # A sampler sees one flow of many: being seen once says nothing.
    pieces[2] = np.where(failed & ~contacts.sampled, once, 0)
    pieces[3] = np.where(population.answered_others >= MIN_OTHER_CLIENTS, weights.POPULAR_TARGET, 0)
    pieces[4] = np.where(dropped, np.rint(weights.TO_NULL * loudness), 0)
    if contacts.ipv4:
        pieces[5] = np.where(_impossible(contacts), weights.IMPOSSIBLE_TARGET, 0)
        dark = failed & ~dropped & population.site.dark(contacts.server)
        pieces[6] = np.where(dark, np.rint(weights.DARK_TARGET * loudness), 0)
    unseen = _unseen(contacts, population)
    pieces[7] = np.where(unseen & _alike(contacts, unseen), weights.SILENT_ALIKE, 0)
    known_shape = (
        failed & (contacts.outcome == FAILED) & (contacts.lone_syn >= 0) & ~contacts.sampled & ~dropped
    )
    _, whose = np.unique(contacts.client, return_inverse=True)
    return ContactWeights(
        host_judged=np.bincount(whose, weights=failed | (contacts.outcome == ANSWERED)).astype(np.int64)[
            whose
        ],
        host_failed=np.bincount(whose, weights=failed).astype(np.int64)[whose],
        pieces=pieces,
        total=pieces.sum(axis=0),
        failed=failed,
        unseen=unseen,
        category=category(
            failed=failed,
            dropped=dropped,
            answered=contacts.outcome == ANSWERED,
            popular=pieces[3] < 0,
            lone=np.where(known_shape, np.where(contacts.lone_syn == 1, YES, NO), UNKNOWN),
            once=np.where(contacts.sampled, UNKNOWN, np.where(contacts.visits <= 1, YES, NO)),
            loudness=loudness,
            other=pieces[4:].sum(axis=0),
        ),
    )


def _failure_weight(contacts: Contacts, population: Population, visibility: npt.NDArray[np.float64]) -> Ints:
    """Weight of each contact's failure: against the failure rate of all, of its minute, of its target's others."""
    usual = population.benign_failure
    rate = np.maximum(usual, np.minimum(population.contemporary, MAX_BENIGN_FAILURE))
    failed, others = population.failed_others, population.failed_others + population.answered_others
    own = (failed + weights.P_FAIL_BENIGN * weights.PSEUDO_CLIENTS) / (others + weights.PSEUDO_CLIENTS)
    rows = np.flatnonzero(own > rate)
    # A host's first targets in order of address are as good as any: they must not depend on the rows' order.
    rows = rows[np.lexsort((contacts.port[rows], contacts.server[rows], contacts.client[rows]))]
    client = contacts.client[rows]
    rows = rows[
        np.arange(len(rows)) - np.searchsorted(client, client, side="left") < weights.FORGIVEN_TARGETS
    ]
    rate[rows] = np.minimum(own[rows], MAX_BENIGN_FAILURE)
    # In steps of a hundredth, so that a table serves all.
    key = np.rint(rate * 100).astype(np.int64) * 1000 + np.rint(visibility * 100).astype(np.int64)
    both, index = np.unique(key, return_inverse=True)
    table = [
        weights.failure_weights(
            benign_failure=usual if k // 1000 == round(usual * 100) else k // 1000 / 100,
            visibility=k % 1000 / 100,
        )[0]
        for k in both.tolist()
    ]
    weight: Ints = np.array(table, np.int64)[index.reshape(-1)]
    return weight


def _traceroute(contacts: Contacts) -> Bools:
    """Probes of traceroute, which are meant to find nobody at home."""
    low, high = TRACEROUTE_PORTS
    probes: Bools = (contacts.protocol == UDP) & (contacts.port >= low) & (contacts.port <= high)
    return probes


def _unseen(contacts: Contacts, population: Population) -> Bools:
    """Calls by a protocol whose answers do not come this way, as far as is known."""
    blind = [p for p in (UDP, ICMP, ICMP6) if p not in population.visibility]
    silent = np.isin(contacts.protocol, blind) | contacts.sampled & np.isin(
        contacts.protocol, (UDP, ICMP, ICMP6)
    )
    silent &= contacts.outcome == NOT_KNOWN
    unseen: Bools = silent & (contacts.visits > 0) & (contacts.answers == 0) & ~contacts.symmetric
    return unseen


def _alike(contacts: Contacts, unseen: Bools) -> Bools:
    """Which of the unseen calls were made once, in the one shape that most of their client's on the service have."""
    alike = np.zeros(len(unseen), np.bool_)
    rows = np.flatnonzero(unseen & (contacts.octets >= 0))
    if len(rows) < weights.SILENT_FROM:
        return alike
    service = contacts.port + 1 | (contacts.protocol + 1) << 17
    keys = np.stack([contacts.client, service, contacts.packets, contacts.octets])[:, rows]
    _, group, size = np.unique(keys[:2], axis=1, return_inverse=True, return_counts=True)
    _, shape, count = np.unique(keys, axis=1, return_inverse=True, return_counts=True)
    group, shape = group.reshape(-1), shape.reshape(-1)
    enough = (size[group] >= weights.SILENT_FROM) & (count[shape] >= weights.SILENT_UNIFORM * size[group])
    alike[rows[enough & (contacts.visits[rows] <= 1)]] = True
    return alike


def _impossible(contacts: Contacts) -> Bools:
    inside = np.zeros(len(contacts.server), np.bool_)
    for network, length in _IMPOSSIBLE:
        inside |= contacts.server >> (32 - length) == network >> (32 - length)
    # Multicast applications (mDNS, SSDP, routing) send there for a living; TCP never does.
    multicast = contacts.server >> 28 == 0xE
    limited_broadcast = contacts.server == 0xFFFFFFFF
    wanted = multicast & ((contacts.protocol == UDP) | np.isin(contacts.protocol, _MULTICAST_USERS))
    wanted |= multicast & (contacts.protocol != TCP) & (contacts.protocol >= 0)
    impossible: Bools = inside & ~wanted & ~limited_broadcast
    return impossible


def _codes(client: pa.Array, server: pa.Array) -> tuple[Ints, Ints]:
    """Addresses as codes, in their order, the same for clients and servers."""
    values = np.array(client.to_pylist() + server.to_pylist(), dtype=object)
    _, codes = np.unique(values, return_inverse=True)
    both: Ints = codes.astype(np.int64)
    return both[: len(client)], both[len(client) :]


def failed_ports(contacts: Contacts, weighed: ContactWeights) -> tuple[Ints, Ints]:
    """Rows of contacts that belong to a vertical scan, and per such row the weight of its (client, server).

    A pair counts from the number of failed ports whose weight reaches the bound for ``infected``.
    """
    rows = np.flatnonzero(weighed.failed & (contacts.outcome == FAILED) & (contacts.port >= 0))
    if not len(rows):
        return rows, rows
    order = rows[np.lexsort((contacts.server[rows], contacts.client[rows]))]
    client, server = contacts.client[order], contacts.server[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (client[1:] != client[:-1]) | (server[1:] != server[:-1])
    start = np.flatnonzero(new)
    counts = np.diff(np.append(start, len(order)))
    weight = np.repeat(counts * weights.VERTICAL_PORT, counts)
    vertical = weight >= weights.BOUND_INFECTED
    return order[vertical], weight[vertical]
