"""Pass 2, population: small tables over all contacts, against which each host is judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect import weights
from slowworm.detect.outcome import ANSWERED, FAILED
from slowworm.flows.services import TCP
from slowworm.flows.table import integers

MIN_OTHER_CLIENTS = 2
"""Hosts that a server must have answered before failing to reach it counts in a client's favour."""

MAX_BENIGN_FAILURE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What is usual here.

    ``visibility``: share of conversations whose answers are seen, ``None`` where too few conversations tell;
    ``benign_failure``: failure rate of first contacts to servers that answer others; ``contacts_judged``: how
    many contacts that rate comes from; ``answered_clients``: per contact, how many clients its server answered
    on that service.
    """

    visibility: float | None
    benign_failure: float
    contacts_judged: int
    answered_clients: npt.NDArray[np.int64]


def population(contacts: pa.RecordBatch) -> Population:
    """Population tables of a contact batch; ``answered_clients`` is in its row order."""
    n = contacts.num_rows
    protocol = integers(contacts, "protocol")
    outcome = integers(contacts, "outcome")
    answered_clients = _answered_clients(contacts, outcome) if n else np.zeros(0, np.int64)
    established = (protocol == TCP) & (integers(contacts, "largest") > 3) & (integers(contacts, "visits") > 0)
    seen = int(established.sum())
    replied = int((established & (integers(contacts, "answers") > 0)).sum())
    alive = answered_clients - (outcome == ANSWERED) >= MIN_OTHER_CLIENTS
    failed = int((alive & (outcome == FAILED)).sum())
    judged = failed + int((alive & (outcome == ANSWERED)).sum())
    rate = (failed + weights.P_FAIL_BENIGN * weights.PSEUDO_CONTACTS) / (judged + weights.PSEUDO_CONTACTS)
    return Population(
        visibility=replied / seen if seen >= weights.REPLIES_MIN_PAIRS else None,
        benign_failure=min(MAX_BENIGN_FAILURE, max(weights.P_FAIL_BENIGN, rate)),
        contacts_judged=judged,
        answered_clients=answered_clients,
    )


def _answered_clients(contacts: pa.RecordBatch, outcome: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Per contact: the clients that its server answered on its service (contacts are one per client)."""
    server = contacts.column("server")
    if server.type == pa.uint32():
        code = server.to_numpy().astype(np.int64)
    else:
        code = server.dictionary_encode().indices.to_numpy().astype(np.int64)
    service = integers(contacts, "port") + 1 | (integers(contacts, "protocol") + 1) << 17
    answered = outcome == ANSWERED
    key = code.astype(np.uint64) << np.uint64(27) | service.astype(np.uint64)
    keys, counts = np.unique(key[answered], return_counts=True)
    if not len(keys):
        return np.zeros(len(key), np.int64)
    at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    result: npt.NDArray[np.int64] = np.where(keys[at] == key, counts[at], 0)
    return result
