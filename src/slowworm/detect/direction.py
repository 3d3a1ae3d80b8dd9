"""Who opened the conversation that a flow belongs to, where neither time nor flags say it.

A listing shows both directions as rows of their own: the server's answers must not be read as the server's
scan. Ports decide, and the fan of each endpoint where ports do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.flows.services import ICMP, ICMP6, PORT_NAMES

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FAN = 5
"""Rows from which an endpoint's fan speaks: fewer happen by chance."""

FAN_RATIO = 3
"""How much larger one fan must be than the other."""

LOW_PORTS = 0.05
"""Share of well-known destination ports above which rows from one source port are no server's answers:
answers go to ephemeral ports."""

ICMP_ANSWERS = (0, 14, 16, 18)
ICMP_ERRORS = (3, 4, 5, 11, 12)
ICMP6_ANSWERS = (129,)
ICMP6_ERRORS = (1, 2, 3, 4)

_SERVER_PORT = np.zeros(65536, np.bool_)
_SERVER_PORT[1:1024] = True
_SERVER_PORT[[port for port in PORT_NAMES if port >= 1024]] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """Per flow: ``answer`` (sent by the side that was called), ``unknown`` (either may have called),
    ``error`` (an ICMP error, part of no conversation of its own)."""

    answer: Bools
    unknown: Bools
    error: Bools
    random_port: Bools


def directions(
    *,
    source: Ints,
    protocol: Ints,
    src_port: Ints,
    dst_port: Ints,
    icmp_type: Ints,
    random_port_sources: Iterable[tuple[int, int]] = (),
) -> Direction:
    """Directions of flows; missing values are -1, ``source`` any code of the source address below 2^32.

    ``random_port_sources``: (protocol, source port) of worms that choose the destination port at random, as
    Witty does: rows from these are requests if they go where no ephemeral port is.
    """
    n = len(source)
    icmp = (protocol == ICMP) | (protocol == ICMP6)
    answer = (protocol == ICMP) & np.isin(icmp_type, ICMP_ANSWERS)
    answer |= (protocol == ICMP6) & np.isin(icmp_type, ICMP6_ANSWERS)
    error = (protocol == ICMP) & np.isin(icmp_type, ICMP_ERRORS)
    error |= (protocol == ICMP6) & np.isin(icmp_type, ICMP6_ERRORS)
    unknown = (icmp & (icmp_type < 0)) | (protocol < 0)
    random_port = np.zeros(n, np.bool_)
    has = (src_port >= 0) & (dst_port >= 0)
    if not has.any():
        return Direction(answer=answer, unknown=unknown | ~icmp, error=error, random_port=random_port)
    rows = np.flatnonzero(has)
    src, proto, sp, dp = source[rows], protocol[rows], src_port[rows], dst_port[rows]
    base = src << 26 | (proto & 0xFF) << 17
    with ThreadPoolExecutor(2) as pool:  # sorting releases the interpreter's lock
        calls, callers = pool.map(_fan, (base | dp, base | sp))
    (to_fan, _), (from_fan, from_group) = calls, callers
    low = _share(from_group, (dp < 1024) & (dp != sp))
    many = from_fan >= FAN
    fan = np.where((to_fan >= FAN) & (to_fan >= FAN_RATIO * from_fan), 1, 0)
    fan = np.where(many & (from_fan >= FAN_RATIO * to_fan) & (low <= LOW_PORTS), -1, fan)
    ports = _SERVER_PORT[dp].astype(np.int64) - _SERVER_PORT[sp]
    # One source port, well-known destinations among many: a scanner with a fixed source port, no server.
    fixed_source = many & (low > LOW_PORTS)
    # Both ports the same in row after row: a probe; a server's callers do not share an ephemeral port.
    fixed_both = (to_fan >= FAN) & many & (to_fan < FAN_RATIO * from_fan) & (from_fan < FAN_RATIO * to_fan)
    vote = np.where(ports != 0, ports, fan)
    vote = np.where((ports < 0) & ((fan > 0) | fixed_source | fixed_both), 1, vote)
    undecided = vote == 0
    guess = np.where(
        to_fan != from_fan,
        np.where((to_fan > from_fan) | fixed_source, 1, -1),
        np.where((to_fan >= 3) | (dp <= sp), 1, -1),
    )
    guess = np.where(_SERVER_PORT[dp] & _SERVER_PORT[sp], 1, guess)
    vote = np.where(undecided, guess, vote)
    same = sp == dp
    for number, port in random_port_sources:
        suspicious = (proto == number) & (sp == port)
        if suspicious.any():
            nowhere = (dp < 1024) | ((dp > 5000) & (dp < 32768))  # no system's ephemeral range by default
            scattered = suspicious & many & (_share(from_group, nowhere) >= 0.2)
            vote = np.where(scattered, 1, vote)
            random_port[rows] |= scattered
    answer[rows] = (vote < 0) & ~same
    unknown[rows] = same
    unknown[~has & ~icmp] = True
    return Direction(answer=answer, unknown=unknown, error=error, random_port=random_port)


def _fan(key: Ints) -> tuple[Ints, Ints]:
    """How many rows share each row's key, and the key's group number."""
    _, group, counts = np.unique(key, return_inverse=True, return_counts=True)
    return counts[group], group


def _share(group: Ints, flag: Bools) -> npt.NDArray[np.float64]:
    """Per row, the share of flagged rows in its group."""
    total = np.bincount(group)
    flagged = np.bincount(group, weights=flag)
    share: npt.NDArray[np.float64] = (flagged / total)[group]
    return share
