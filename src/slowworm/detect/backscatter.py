"""Victims of floods, seen by their answers: backscatter is no scan."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from slowworm.detect import weights, wording
from slowworm.detect.evidence import Contacts
from slowworm.detect.verdicts import VICTIM, Verdict
from slowworm.flows.addresses import to_objects
from slowworm.flows.services import TCP
from slowworm.flows.table import integers

CLIENTS = 20
"""Hosts that a flooded server must have answered out of nowhere: fewer happen to any server seen one way."""

BARE_PACKETS = 2
"""Packets of an answer to a forged SYN: the SYN-ACK or reset, perhaps repeated once in the same flow."""

SHARE = 0.9
"""Share of such answers among all that a victim's service does: a server that also serves is only seen one way."""


def victims(batch: pa.RecordBatch, contacts: Contacts) -> list[Verdict]:
    """Servers that answer many hosts out of nowhere with nothing but bare packets: flooded with forgeries."""
    tcp = contacts.protocol == TCP
    bare = tcp & (contacts.visits == 0) & (contacts.answers > 0)
    bare &= integers(batch, "largest_answer") <= BARE_PACKETS
    if bare.sum() < CLIENTS:
        return []
    found = []
    servers, counts = np.unique(contacts.server[bare], return_counts=True)
    for server in servers[counts >= CLIENTS]:
        rows = np.flatnonzero((contacts.server == server) & tcp)
        if float(bare[rows].mean()) < SHARE:
            continue
        address = to_objects(batch.column("server").slice(int(rows[0]), 1))[0]
        assert address is not None
        clients = len(np.unique(contacts.client[rows]))
        port = int(contacts.port[rows][0])
        found.append(
            Verdict(
                address=address,
                activity="backscatter",
                verdict=VICTIM,
                protocol=TCP,
                port=None if port < 0 else port,
                services=(),
                targets=clients,
                weight=0.0,
                bound=wording.decibels(weights.BOUND_INFECTED),
                more_targets_needed=None,
                reason=f"answers {clients} hosts that were not seen to call it, in one or two packets each: "
                "somebody floods it under forged sources",
            )
        )
    return found
