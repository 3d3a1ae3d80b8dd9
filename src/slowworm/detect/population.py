"""Pass 2, population: small tables over all contacts, against which each host is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect import weights
from slowworm.detect.outcome import ANSWERED, FAILED, MAX_SYNS
from slowworm.flows.services import ICMP, ICMP6, TCP, UDP
from slowworm.flows.table import integers

MIN_OTHER_CLIENTS = 2
"""Hosts that a server must have answered before failing to reach it counts in a client's favour."""

MAX_BENIGN_FAILURE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What is usual here.

    ``visibility``: by protocol, share of conversations whose answers are seen; protocols of which too little is
    known are not in it. ``benign_failure``: failure rate of first contacts to servers that answer others;
    ``contacts_judged``: how many contacts that rate comes from. ``answered_others``, ``failed_others``: per
    contact, how many other clients its server answered, or failed, on that service.
    """

    visibility: Mapping[int, float]
    benign_failure: float
    contacts_judged: int
    answered_others: npt.NDArray[np.int64]
    failed_others: npt.NDArray[np.int64]


def population(contacts: pa.RecordBatch) -> Population:
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
    rate = (failed + weights.P_FAIL_BENIGN * weights.PSEUDO_CONTACTS) / (judged + weights.PSEUDO_CONTACTS)
    return Population(
        visibility=_visibility(protocol, outcome, replied / seen)
        if seen >= weights.REPLIES_MIN_PAIRS
        else {},
        benign_failure=min(MAX_BENIGN_FAILURE, max(weights.P_FAIL_BENIGN, rate)),
        contacts_judged=judged,
        answered_others=answered_others,
        failed_others=failed_others,
    )


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
