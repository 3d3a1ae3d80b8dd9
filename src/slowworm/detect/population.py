"""Pass 2, population: small tables over all contacts, against which each host is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect import weights
from slowworm.detect.outcome import ANSWERED, FAILED, MAX_SYNS, NOT_KNOWN
from slowworm.detect.site import NOWHERE, Site, site
from slowworm.detect.whereabouts import Whereabouts, whereabouts
from slowworm.flows.addresses import Network
from slowworm.flows.services import ICMP, ICMP6, TCP, UDP
from slowworm.flows.table import integers

MIN_OTHER_CLIENTS = 2
"""Hosts that a server must have answered before failing to reach it counts in a client's favour."""

MAX_BENIGN_FAILURE = 0.95

MINUTE = 60 * 10**9

VOTER_CONTACTS = 5
"""Contacts that a host must have to say what fails at a time."""

SERVICE_VOTERS = 10
"""Hosts that must call a service for its own failure rate to count."""

SERVICE_IN_USE = 0.7
"""Failure rate from which a service is not in use rather than unreliable. Half of a file-sharing network's peers
are gone; of a worm's targets hardly any answers."""

HABIT = 0.2
"""Share of all clients that must call a UDP service for its failures to be a habit rather than a worm."""

VOTER_FAILURE = 0.5
"""Share of failures, over all it did, from which a host has no say. Higher lets scanners excuse each other, lower
takes the vote from everybody where an outage is long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What is usual here.

    ``visibility``: by protocol, share of conversations whose answers are seen; protocols of which too little is
    known are not in it. ``benign_failure``: failure rate of first contacts to servers that answer others;
    ``contacts_judged``: how many contacts that rate comes from. ``answered_others``, ``failed_others``: per
    contact, how many other clients its server answered, or failed, on that service. ``contemporary``: per
    contact, the failure rate in its minute or on its service of hosts that mostly succeed, 0 where not known.
    ``site``: one's own network; ``whereabouts``: where benign traffic goes.
    """

    visibility: Mapping[int, float]
    benign_failure: float
    contacts_judged: int
    answered_others: npt.NDArray[np.int64]
    failed_others: npt.NDArray[np.int64]
    contemporary: npt.NDArray[np.float64]
    site: Site
    whereabouts: Whereabouts


def population(
    contacts: pa.RecordBatch, *, inside: Sequence[Network] = (), dark: Sequence[Network] = ()
) -> Population:
    """Population tables of a contact batch; the columns per contact are in its row order."""
    protocol = integers(contacts, "protocol")
    outcome = integers(contacts, "outcome")
    service = _service(contacts)
    answered_others = _clients(service, outcome == ANSWERED) - (outcome == ANSWERED)
    failed_others = _clients(service, outcome == FAILED) - (outcome == FAILED)
    established = (
        (protocol == TCP) & (integers(contacts, "largest") > MAX_SYNS) & (integers(contacts, "visits") > 0)
    )
    seen = int(established.sum())
    replied = int((established & (integers(contacts, "answers") > 0)).sum())
    # Who was answered by nobody may be forged (a flood), or a scanner: it says nothing of what is usual.
    alive = (answered_others >= MIN_OTHER_CLIENTS) & _answered_at_all(contacts, outcome)
    failed = int((alive & (outcome == FAILED)).sum())
    judged = failed + int((alive & (outcome == ANSWERED)).sum())
    place, where = _places(contacts, outcome, inside, dark)
    rate = (failed + weights.P_FAIL_BENIGN * weights.PSEUDO_CONTACTS) / (judged + weights.PSEUDO_CONTACTS)
    visibility = _visibility(protocol, outcome, replied / seen) if seen >= weights.REPLIES_MIN_PAIRS else {}
    return Population(
        visibility=visibility,
        benign_failure=min(MAX_BENIGN_FAILURE, max(weights.P_FAIL_BENIGN, rate)),
        contacts_judged=judged,
        answered_others=answered_others,
        failed_others=failed_others,
        contemporary=contemporary(
            client=contacts.column("client").dictionary_encode().indices.to_numpy(),
            first_time=integers(contacts, "first_time"),
            service=integers(contacts, "port") + 1 | (protocol + 1) << 17,
            datagram=protocol == UDP,
            outcome=_told(contacts, protocol, outcome, tuple(visibility)),
        ),
        site=place,
        whereabouts=where,
    )


def _told(
    contacts: pa.RecordBatch,
    protocol: npt.NDArray[np.int64],
    outcome: npt.NDArray[np.int64],
    visible: tuple[int, ...],
) -> npt.NDArray[np.int64]:
    """Outcomes of calls, with the silence of datagrams as failures where answers would be seen."""
    called = integers(contacts, "visits") > 0
    silent = np.isin(protocol, [p for p in visible if p != TCP]) & (outcome == NOT_KNOWN)
    silent &= (integers(contacts, "answers") == 0) & ~contacts.column("sampled").to_numpy(
        zero_copy_only=False
    )
    told: npt.NDArray[np.int64] = np.where(called, np.where(silent, FAILED, outcome), 0)
    return told


def _places(
    contacts: pa.RecordBatch,
    outcome: npt.NDArray[np.int64],
    inside: Sequence[Network],
    dark: Sequence[Network],
) -> tuple[Site, Whereabouts]:
    """The site and where its traffic goes; IPv6 has neither."""
    none = np.zeros(0, np.int64)
    if contacts.column("client").type != pa.uint32():
        return NOWHERE, whereabouts(none, none, none.astype(np.bool_))
    client, server = integers(contacts, "client"), integers(contacts, "server")
    answered = outcome == ANSWERED
    called = integers(contacts, "visits") > 0
    spoke = integers(contacts, "answers") > 0
    place = site(client, server, called=called, spoke=spoke, inside=inside, dark=dark)
    return place, whereabouts(client, server, answered)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Votes:
    """Contacts with a known outcome of hosts that mostly succeed: rows, their clients and whether they failed."""

    rows: npt.NDArray[np.int64]
    client: npt.NDArray[np.int64]
    failed: npt.NDArray[np.bool_]


def _votes(client: npt.NDArray[np.int32], outcome: npt.NDArray[np.int64]) -> _Votes:
    """Hosts that fail mostly have no vote, so that a large outbreak is no outage."""
    known = outcome != 0
    calls = np.bincount(client[known], minlength=int(client.max()) + 1)
    failures = np.bincount(client[known], weights=outcome[known] == FAILED, minlength=len(calls))
    voter = (calls >= VOTER_CONTACTS) & (failures < VOTER_FAILURE * calls)
    rows = np.flatnonzero(known & voter[client])
    return _Votes(rows=rows, client=client[rows].astype(np.int64), failed=outcome[rows] == FAILED)


def _rates(votes: _Votes, key: npt.NDArray[np.int64], least: int) -> npt.NDArray[np.float64]:
    """Per contact the failure rate among votes with its ``key`` (-1: none); one host, one vote; 0 below ``least``."""
    rate = np.zeros(len(key))
    mine = key[votes.rows]
    wanted = mine >= 0
    if not wanted.any():
        return rate
    values, slot = np.unique(mine[wanted], return_inverse=True)
    pair, index = np.unique(slot.astype(np.int64) << 32 | votes.client[wanted], return_inverse=True)
    vote = np.bincount(index, weights=votes.failed[wanted]) / np.bincount(index)
    whose = pair >> 32
    count = np.bincount(whose)
    summed = np.bincount(whose, weights=vote) + weights.P_FAIL_BENIGN * weights.PSEUDO_CONTACTS
    by_value = np.where(count >= least, summed / (count + weights.PSEUDO_CONTACTS), 0.0)
    at = np.minimum(np.searchsorted(values, key), len(values) - 1)
    return np.where(values[at] == key, by_value[at], 0.0)


def contemporary(
    *,
    client: npt.NDArray[np.int32],
    first_time: npt.NDArray[np.int64],
    service: npt.NDArray[np.int64],
    datagram: npt.NDArray[np.bool_],
    outcome: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Per contact the failure rate in its minute or on its service, whichever is higher, as its peers vote.

    In an uplink outage everybody fails for some minutes, and on the ports of a file-sharing network half of the
    peers are gone at any time: nobody is a scanner for that. ``service``: any code; ``datagram``: by UDP;
    ``first_time`` -1 and ``outcome`` 0 are unknown. 0 where nothing is known.
    """
    if not len(client):
        return np.zeros(0)
    votes = _votes(client, outcome)
    begun = first_time // MINUTE
    by_minute = _rates(votes, np.where(first_time >= 0, begun, -1), 1)
    by_service = _rates(votes, service, SERVICE_VOTERS)
    # A service on which nearly everything fails is not in use: that is what a slow worm in many hosts looks like.
    # What a large part of all hosts does over UDP is a habit of their systems, such as looking for neighbours.
    habit = datagram & (_callers(votes, service, len(client)) >= HABIT * len(np.unique(client)))
    return np.maximum(by_minute, np.where((by_service <= SERVICE_IN_USE) | habit, by_service, 0.0))


def _callers(votes: _Votes, key: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int64]:
    """Per contact, how many voters call its service."""
    pairs = np.unique(np.stack([key[votes.rows], votes.client]), axis=1)
    values, counts = np.unique(pairs[0], return_counts=True)
    if not len(values):
        return np.zeros(n, np.int64)
    at = np.minimum(np.searchsorted(values, key), len(values) - 1)
    result: npt.NDArray[np.int64] = np.where(values[at] == key, counts[at], 0)
    return result


def _visibility(
    protocol: npt.NDArray[np.int64], outcome: npt.NDArray[np.int64], of_tcp: float
) -> dict[int, float]:
    """The share that TCP shows, for TCP and for each protocol of which answers are seen at all.

    TCP tells by its packet counts how many answers there were; of the others it is only known whether their
    answers come this way.
    """
    seen = {TCP: of_tcp}
    for number in (UDP, ICMP, ICMP6):
        if int(((protocol == number) & (outcome == ANSWERED)).sum()) >= weights.REPLIES_MIN_PAIRS:
            seen[number] = of_tcp
    return seen


def _answered_at_all(contacts: pa.RecordBatch, outcome: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Per contact, whether its client was answered by anybody."""
    client = contacts.column("client").dictionary_encode().indices.to_numpy()
    answered = np.bincount(client, weights=outcome == ANSWERED) > 0
    result: npt.NDArray[np.bool_] = answered[client]
    return result


def _service(contacts: pa.RecordBatch) -> npt.NDArray[np.uint64]:
    """Server, protocol and port of each contact as one key (contacts are one per client)."""
    server = contacts.column("server")
    if server.type == pa.uint32():
        code = server.to_numpy().astype(np.uint64)
    else:
        code = server.dictionary_encode().indices.to_numpy().astype(np.uint64)
    service = integers(contacts, "port") + 1 | (integers(contacts, "protocol") + 1) << 17
    key: npt.NDArray[np.uint64] = code << np.uint64(27) | service.astype(np.uint64)
    return key


def _clients(key: npt.NDArray[np.uint64], which: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Per contact, how many of the contacts ``which`` have its server and service."""
    keys, counts = np.unique(key[which], return_counts=True)
    if not len(keys):
        return np.zeros(len(key), np.int64)
    at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    result: npt.NDArray[np.int64] = np.where(keys[at] == key, counts[at], 0)
    return result
