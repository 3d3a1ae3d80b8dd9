"""Evidence on an activity as a whole: where its failed targets lie, whether the host itself serves there.

What others around it do is added later, by a second look (:mod:`slowworm.detect.around`): 0 here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slowworm.detect import weights
from slowworm.detect.evidence import Contacts, ContactWeights
from slowworm.detect.outcome import ANSWERED
from slowworm.detect.population import Population
from slowworm.detect.whereabouts import scan_log_density

Ints = npt.NDArray[np.int64]

NAMES = ("destinations", "serves-the-service", "outbreak-around")
"""The pieces, in the order they are shown."""


def surroundings(
    contacts: Contacts, weighed: ContactWeights, population: Population, rows: Ints, start: Ints
) -> Ints:
    """Tenths of each of NAMES (columns) for the activities ``rows[start[i]:start[i+1]]``."""
    found = np.zeros((len(start), len(NAMES)), np.int64)
    if len(start):
        found[:, 0] = destinations(contacts, weighed, population, rows, start)
        found[:, 1] = np.where(
            served_clients(contacts, rows[start]) >= weights.SERVES_FROM, weights.SERVES, 0
        )
    return found


def destinations(
    contacts: Contacts, weighed: ContactWeights, population: Population, rows: Ints, start: Ints
) -> Ints:
    """Tenths by which the failed targets of each activity lie where scans rather than people go."""
    result = np.zeros(len(start), np.int64)
    if contacts.ipv4 and population.whereabouts.known:
        found_in = np.repeat(np.arange(len(start)), np.diff(np.append(start, len(rows))))
        loudness = np.where(weighed.unseen[rows], 1.0, weighed.pieces[0][rows] / weights.P_FAIL_WEIGHT)
        came_to_nothing = weighed.failed[rows] | weighed.unseen[rows]
        # Whatever answered, if only by a reset, lies where hosts are.
        counted = np.flatnonzero(came_to_nothing & (loudness > 0) & (contacts.answers[rows] == 0))
        target, client = contacts.server[rows[counted]], contacts.client[rows[counted]]
        nats = scan_log_density(client, target) - population.whereabouts.log_density(target)
        each = np.clip(nats * 100 / np.log(10), -weights.DESTINATION_CAP, weights.DESTINATION_CAP)
        # Targets of one neighbourhood were chosen together: a /16 counts once, however many of it failed.
        _, index, members = np.unique(
            found_in[counted] << 16 | target >> 16, return_inverse=True, return_counts=True
        )
        each = np.rint(each * loudness[counted] / members[index] * 1000).astype(np.int64)
        summed = np.zeros(len(start), np.int64)
        np.add.at(summed, found_in[counted], each)
        summed = summed // (1000 * weights.DESTINATIONS_SHARED_BY)
        result = np.clip(summed, -weights.DESTINATIONS_CAP, weights.DESTINATIONS_CAP)
    return result


def served_clients(contacts: Contacts, rows: Ints) -> Ints:
    """How many hosts that mostly succeed each contact's client answers itself on the contact's service."""
    answered = contacts.outcome == ANSWERED
    _, index = np.unique(contacts.client, return_inverse=True)
    succeeding = np.bincount(index, weights=answered) > np.bincount(index, weights=contacts.outcome < 0)
    wanted = answered & succeeding[index] & np.isin(contacts.server, contacts.client[rows])
    key = ((contacts.protocol + 1) << 17 | contacts.port + 1).astype(np.uint64)
    service = (key << np.uint64(36)) | contacts.server.astype(np.uint64)
    own = (key[rows] << np.uint64(36)) | contacts.client[rows].astype(np.uint64)
    keys, counts = np.unique(service[wanted], return_counts=True)
    if not len(keys):
        return np.zeros(len(rows), np.int64)
    at = np.minimum(np.searchsorted(keys, own), len(keys) - 1)
    result: Ints = np.where(keys[at] == own, counts[at], 0)
    return result
