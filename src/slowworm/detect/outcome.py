"""What became of a contact: failed, answered or not known, from flags, packet counts and sizes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slowworm.flows.services import TCP

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FAILED, NOT_KNOWN, ANSWERED = -1, 0, 1

SYN_SIZES = (40, 44, 48, 52, 60, 64)
"""Bytes of an IP packet with a bare SYN: no options, MSS, MSS and SACK, timestamps too."""

MAX_LONE_PACKETS = 3
"""A SYN and its retransmissions: below four packets one side cannot open, ask and close a TCP connection."""

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def outcomes(
    *,
    protocol: Ints,
    visits: Ints,
    answers: Ints,
    largest: Ints,
    largest_answer: Ints,
    packets: Ints,
    octets: Ints,
    flags: Ints,
    answer_flags: Ints,
    sampled: Bools,
    unknown: Bools,
) -> tuple[npt.NDArray[np.int8], Bools]:
    """Per contact its outcome, and whether it failed as a bare SYN; missing values are -1.

    ``largest``, ``largest_answer``: packets of the largest flow each way. ``packets``, ``octets``: sums of the
    client's flows. ``unknown``: either side may have called. The better source overrules: flags, then packet
    counts; where neither protocol nor ports are known, only the size of bare SYNs says something.
    """
    size = np.where((octets >= 0) & (packets > 0), octets // np.maximum(packets, 1), -1)
    syn_size = np.isin(size, SYN_SIZES) & (octets == size * packets)
    few = (largest >= 0) & (largest <= MAX_LONE_PACKETS)
    tcp = protocol == TCP
    outcome = np.zeros(len(protocol), np.int8)
    # TCP by packets: below four packets nobody can have opened, asked and closed.
    outcome[tcp & few & (largest_answer < MAX_LONE_PACKETS) & ~sampled] = FAILED
    outcome[tcp & (largest > MAX_LONE_PACKETS) & ~sampled] = ANSWERED
    outcome[tcp & (largest > MAX_LONE_PACKETS) & syn_size & (answers == 0)] = FAILED  # SYNs, retried
    outcome[tcp & (largest_answer >= MAX_LONE_PACKETS)] = ANSWERED
    flagged = tcp & (flags >= 0)
    conversed = (flags & ACK != 0) & (flags & (PSH | FIN) != 0)
    reset = (answer_flags >= 0) & (answer_flags & RST != 0) & (answer_flags & PSH == 0)
    outcome[flagged & conversed] = ANSWERED
    # Of a sampled connection any one packet may be the only one seen: a lone SYN proves nothing then.
    outcome[flagged & ~conversed & ~sampled & (flags & SYN != 0) & (flags & ACK == 0)] = FAILED
    outcome[flagged & ~conversed & ~sampled & reset] = FAILED
    nothing = protocol < 0
    outcome[nothing & few & syn_size & (answers == 0)] = FAILED
    outcome[nothing & (answers > 0) & unknown] = ANSWERED
    # Others: an answer is an answer; its absence speaks only as far as answers can be seen (population).
    outcome[~tcp & ~nothing & (answers > 0)] = ANSWERED
    outcome[visits == 0] = NOT_KNOWN
    return outcome, few & syn_size & (outcome == FAILED)
