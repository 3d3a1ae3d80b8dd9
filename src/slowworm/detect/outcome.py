"""What became of a contact: failed, answered or not known, from flags, packet counts and sizes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slowworm.flows.services import TCP

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FAILED, NOT_KNOWN, ANSWERED = -1, 0, 1

SYN_SIZES = (40, 44, 48, 52, 60, 64, 72, 80)
"""Bytes of an IP packet with a bare SYN: no options, MSS, MSS and SACK, timestamps
too; 72 and 80 over IPv6."""

ETHERNET_HEADER = 14
"""Octets by which the sizes of a SYN are larger where a source counts the link header too, as Argus does."""

MAX_LONE_PACKETS = 3
"""A SYN and its retransmissions: below four packets one side cannot open, ask and close a TCP connection."""

MAX_SYNS = 7
"""Packets that a SYN and its repetitions may be: Linux repeats six times by default."""

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
    denied: Bools,
) -> tuple[npt.NDArray[np.int8], Bools]:
    """Per contact its outcome, and whether it failed as a bare SYN; missing values are -1.

    ``largest``, ``largest_answer``: packets of the largest flow each way. ``packets``, ``octets``: sums of the
    client's flows. ``unknown``: either side may have called; ``denied``: a firewall refused it. The better source
    overrules: flags, then packet
    counts; where neither protocol nor ports are known, only the size of bare SYNs says something.
    """
    size = np.where((octets >= 0) & (packets > 0), octets // np.maximum(packets, 1), -1)
    whole = octets == size * packets
    # Without a protocol, messages of other kinds have the sizes of framed SYNs: name lookups above all.
    framed = np.isin(size - ETHERNET_HEADER, SYN_SIZES) & (protocol == TCP)
    syn_size = (np.isin(size, SYN_SIZES) | framed) & whole
    few = (largest >= 1) & (largest <= MAX_LONE_PACKETS)
    retried = (largest > MAX_LONE_PACKETS) & (largest <= MAX_SYNS) & (answers == 0)
    tcp = protocol == TCP
    outcome = np.zeros(len(protocol), np.int8)
    # TCP by packets: below four packets nobody can have opened, asked and closed.
    outcome[tcp & few & (largest_answer < MAX_LONE_PACKETS) & ~sampled] = FAILED
    outcome[tcp & (largest > MAX_LONE_PACKETS) & ~sampled] = ANSWERED
    # Four to seven packets and no answer: a SYN and its repetitions, or a view of one direction only.
    outcome[tcp & retried & (octets < 0)] = NOT_KNOWN
    outcome[tcp & retried & syn_size & ~sampled] = FAILED
    outcome[tcp & (largest_answer >= MAX_LONE_PACKETS)] = ANSWERED
    # Flags are better where they are there. A call shows as SYN; with ACK as well the other side took part.
    flagged = tcp & (flags >= 0)
    call, took_part = flags & SYN != 0, flags & ACK != 0
    reset = (answer_flags >= 0) & (answer_flags & RST != 0) & (answer_flags & (SYN | PSH) == 0)
    outcome[flagged & took_part] = (
        NOT_KNOWN  # without a SYN it is the middle of something, or an answer itself
    )
    outcome[flagged & took_part & (call | (flags & (PSH | FIN) != 0))] = ANSWERED
    # Of a sampled connection any one packet may be the only one seen. Most have many more packets than SYNs, so
    # that a SYN alone is rare enough to count like any failure; its size and its being alone say nothing then.
    outcome[flagged & call & ~took_part] = FAILED
    outcome[flagged & call & reset & (flags & PSH == 0) & ~sampled] = FAILED
    # Without a protocol: bare SYNs by their size, content by more packets or larger ones than those have.
    nothing = protocol < 0
    outcome[nothing & (few | retried) & syn_size & (answers == 0)] = FAILED
    outcome[nothing & (largest > MAX_SYNS) & (size > max(SYN_SIZES))] = ANSWERED
    outcome[nothing & (answers > 0) & unknown] = ANSWERED
    # Others: an answer is an answer; its absence speaks only as far as answers can be seen (population).
    outcome[~tcp & ~nothing & (answers > 0)] = ANSWERED
    # A firewall's refusal is a failure of whatever protocol, unless it met the middle of a conversation.
    outcome[denied & ~(flagged & took_part & ~call)] = FAILED
    outcome[visits == 0] = NOT_KNOWN
    return outcome, (few | retried) & syn_size & (outcome == FAILED) & ~sampled
