"""Pass 3, sources: contacts of one client on one service → weighed evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect import weights
from slowworm.detect.outcome import ANSWERED, FAILED, MAX_SYNS, NOT_KNOWN
from slowworm.detect.population import MAX_BENIGN_FAILURE, MIN_OTHER_CLIENTS, Population
from slowworm.flows.services import TCP, UDP
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
)
"""Names of the pieces of evidence that contacts carry, in the order they are shown."""

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
    ipv4: bool


def columns(batch: pa.RecordBatch) -> Contacts:
    """Contact columns, -1 where a value (or the size behind ``lone_syn``) is not known; IPv6 addresses as codes."""
    ipv4 = batch.column("client").type == pa.uint32()
    if ipv4:
        client, server = (batch.column(c).to_numpy().astype(np.int64) for c in ("client", "server"))
    else:
        client, server = (_codes(batch.column(c)) for c in ("client", "server"))
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
        ipv4=ipv4,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactWeights:
    """Weights in tenths per contact (``pieces``: one row per PIECES) and their sum ``total``.

    ``failed``: the contacts that count as failures under the visibility of replies here.
    """

    pieces: Ints
    total: Ints
    failed: Bools


def contact_weights(contacts: Contacts, population: Population) -> ContactWeights:
    """Weigh every contact by itself against the population."""
    n = len(contacts.client)
    # TCP tells by its packets that nothing came of it; UDP and ICMP only by an answer that is not seen.
    silent = np.isin(contacts.protocol, tuple(population.visibility))
    silent &= (contacts.outcome == NOT_KNOWN) & (contacts.visits > 0) & (contacts.answers == 0)
    silent &= (contacts.protocol != TCP) | (contacts.largest <= MAX_SYNS)
    failed = (contacts.outcome == FAILED) | silent
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
    pieces[2] = np.where(failed, once, 0)
    pieces[3] = np.where(population.answered_others >= MIN_OTHER_CLIENTS, weights.POPULAR_TARGET, 0)
    pieces[4] = np.where(dropped, np.rint(weights.TO_NULL * loudness), 0)
    if contacts.ipv4:
        pieces[5] = np.where(_impossible(contacts), weights.IMPOSSIBLE_TARGET, 0)
    return ContactWeights(pieces=pieces, total=pieces.sum(axis=0), failed=failed)


def _failure_weight(contacts: Contacts, population: Population, visibility: npt.NDArray[np.float64]) -> Ints:
    """Weight of each contact's failure: against the failure rate of all, or of its target's other clients."""
    usual = population.benign_failure
    weight = np.full(len(visibility), weights.failure_weights(benign_failure=usual, visibility=1.0)[0])
    silent = visibility < 1.0
    if silent.any():  # one value for all: how much of TCP's answers is seen
        seen = float(visibility[silent.argmax()])
        weight[silent] = weights.failure_weights(benign_failure=usual, visibility=seen)[0]
    failed, others = population.failed_others, population.failed_others + population.answered_others
    own = (failed + weights.P_FAIL_BENIGN * weights.PSEUDO_CLIENTS) / (others + weights.PSEUDO_CLIENTS)
    rows = np.flatnonzero(own > usual)
    if not len(rows):
        return weight
    # A host's first targets in order of address are as good as any: they must not depend on the rows' order.
    rows = rows[np.lexsort((contacts.port[rows], contacts.server[rows], contacts.client[rows]))]
    client = contacts.client[rows]
    rows = rows[
        np.arange(len(rows)) - np.searchsorted(client, client, side="left") < weights.FORGIVEN_TARGETS
    ]
    rates = np.minimum(own[rows], MAX_BENIGN_FAILURE)
    both, index = np.unique(np.round(np.stack([rates, visibility[rows]]), 6), axis=1, return_inverse=True)
    table = [weights.failure_weights(benign_failure=r, visibility=v)[0] for r, v in both.T.tolist()]
    weight[rows] = np.array(table, np.int64)[index.reshape(-1)]
    return weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Activities:
    """One client on one service each: contacts ``order[start:end]``, weight in tenths under the best share.

    ``services``: how many services the client calls; their allowance is not yet taken off ``weight``.
    """

    order: Ints
    start: Ints
    end: Ints
    weight: Ints
    share: npt.NDArray[np.float64]
    services: Ints


def activities(contacts: Contacts, weighed: ContactWeights, *, but: Bools) -> Activities:
    """Group contacts, ``but`` some, by (client, protocol, port); weigh each as a mixture of scan and ordinary use."""
    service = contacts.port + 1 | (contacts.protocol + 1) << 17
    order = np.lexsort((contacts.server, service, contacts.client))
    order = order[~but[order]]
    if not len(order):
        none = np.zeros(0, np.int64)
        return Activities(order=none, start=none, end=none, weight=none, share=np.zeros(0), services=none)
    client, service = contacts.client[order], service[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (client[1:] != client[:-1]) | (service[1:] != service[:-1])
    start = np.flatnonzero(new)
    end = np.append(start[1:], len(order))
    weight, share = mixture(weighed, order, start)
    called = np.add.reduceat((contacts.visits[order] > 0).astype(np.int64), start) > 0
    _, whose = np.unique(client[start], return_inverse=True)
    services = np.bincount(whose, weights=called).astype(np.int64)[whose]
    return Activities(order=order, start=start, end=end, weight=weight, share=share, services=services)


def mixture(weighed: ContactWeights, order: Ints, start: Ints) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Weight in tenths and best scanning share of each run of contacts ``order[start[i]:start[i+1]]``."""
    total = weighed.total[order]
    values, inverse = np.unique(total, return_inverse=True)
    table = weights.mixture_table(values.tolist())
    best = np.full(len(start), np.iinfo(np.int64).min)
    share = np.ones(len(start))
    # Impossible targets depend on each other: what they add beyond the cap is taken back.
    excess = np.add.reduceat(weighed.pieces[5][order], start) - weights.IMPOSSIBLE_CAP
    for column, phi in zip(table, weights.SHARES, strict=True):
        contribution = np.array(column, np.int64)[inverse]
        summed = np.add.reduceat(contribution, start) + weights.share_allowance(phi) - np.maximum(excess, 0)
        better = summed > best
        best, share = np.where(better, summed, best), np.where(better, phi, share)
    return best, share


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


def _codes(column: pa.Array) -> Ints:
    values = np.array(column.to_pylist(), dtype=object)
    _, codes = np.unique(values, return_inverse=True)
    result: Ints = codes.astype(np.int64)
    return result


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
