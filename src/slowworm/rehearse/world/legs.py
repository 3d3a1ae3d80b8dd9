"""Legs: the packets of an exchange in one direction, as they pass a router that sees them all."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from slowworm.flows.services import ICMP, TCP
from slowworm.rehearse.world.exchanges import (
    ACK,
    FAILURES,
    FIN,
    HALF,
    NO_FLAGS,
    OPEN,
    RAW,
    RESET,
    RST,
    SYN,
    UNREACHABLE,
    Exchanges,
)
from slowworm.rehearse.world.stacks import AFTER_RESET, LINUX, SYN_SIZE, SYNS, WINDOWS

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SECOND = 1_000_000_000

RESET_INTERVAL = 0.5
"""Seconds after which Windows repeats a SYN that was reset."""

HOST_UNREACHABLE = 3 << 8 | 1
"""ICMP destination unreachable, host unreachable, as type × 256 + code."""

UNREACHABLE_OCTETS = 56
"""IP octets of an ICMP error that quotes 8 octets of what it refuses (RFC 792)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """Columns of legs, all of one length.

    A *train* (``attempts`` 0) is ``packets`` packets over ``seconds``: the first with the flags ``head``, the last
    with ``tail``, those between with ``ACK`` and some with ``PSH``. *Repetitions* are ``attempts`` packets with
    flags ``head`` at the stack's ``OFFSETS``, or ``RESET_INTERVAL`` apart where ``stack`` is -1. ``octets`` are of
    all packets together. ``row``: the exchange it belongs to. ``forward``: from the caller.
    """

    row: Ints
    forward: Bools
    time: Ints
    src: npt.NDArray[np.uint32]
    dst: npt.NDArray[np.uint32]
    protocol: npt.NDArray[np.uint8]
    src_port: npt.NDArray[np.uint16]
    dst_port: npt.NDArray[np.uint16]
    packets: Ints
    octets: Ints
    seconds: npt.NDArray[np.float64]
    attempts: npt.NDArray[np.int8]
    stack: npt.NDArray[np.int8]
    head: npt.NDArray[np.uint8]
    tail: npt.NDArray[np.uint8]
    label: npt.NDArray[np.int16]
    failed: Bools

    def __len__(self) -> int:
        return len(self.row)

    def take(self, rows: npt.NDArray[Any]) -> Legs:
        """The rows of a mask or an index."""
        return Legs(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def legs(calls: Exchanges, round_trip: npt.NDArray[np.float64]) -> Legs:
    """Both directions of every exchange, as far as there are packets; ``round_trip`` in seconds for each."""
    parts = [_forward(calls), _backward(calls, round_trip), _errors(calls, round_trip)]
    return Legs(**{f.name: np.concatenate([part[f.name] for part in parts]) for f in fields(Legs)})


def _base(calls: Exchanges, rows: Ints, *, forward: bool) -> dict[str, Any]:
    here, there = ("client", "server") if forward else ("server", "client")
    label, outcome = calls.label[rows], calls.outcome[rows]
    ports = {"client": calls.client_port[rows], "server": calls.server_port[rows]}
    icmp = calls.protocol[rows] == ICMP
    if not forward and icmp.any():  # a reply carries type 0, code 0 in the place of the request's
        ports = {"client": np.where(icmp, 0, ports["client"]), "server": np.where(icmp, 0, ports["server"])}
    return {
        "row": rows,
        "forward": np.full(len(rows), forward),
        "src": getattr(calls, here)[rows],
        "dst": getattr(calls, there)[rows],
        "protocol": calls.protocol[rows],
        "src_port": ports[here].astype(np.uint16),
        "dst_port": ports[there].astype(np.uint16),
        "label": label,
        "failed": np.isin(outcome, FAILURES),
    }


def _forward(calls: Exchanges) -> dict[str, Any]:
    rows = np.arange(len(calls))
    leg = _base(calls, rows, forward=True)
    outcome, tcp = calls.outcome, calls.protocol == TCP
    stray = (outcome == RAW) & tcp
    train = np.isin(outcome, (OPEN, RAW)) & ~stray
    stack = calls.stack.astype(np.int64)
    attempts = np.where(train, 0, np.minimum(calls.attempts, SYNS[stack]))
    attempts = np.where(stray, calls.packets_up, attempts)
    attempts = np.where(outcome == RESET, np.maximum(AFTER_RESET[stack], 1), attempts)
    attempts = np.where(outcome == HALF, 1, attempts)
    each = np.where(tcp & ~stray, SYN_SIZE[stack], calls.up // np.where(stray, np.maximum(attempts, 1), 1))
    closing = np.where(calls.flags, calls.flags | ACK, FIN | ACK)
    leg |= {
        "time": calls.time,
        "packets": np.where(train, calls.packets_up, attempts),
        "octets": np.where(train, calls.up, attempts * each),
        "seconds": np.where(train, calls.seconds, 0.0),
        "attempts": attempts.astype(np.int8),
        "stack": np.where(outcome == RESET, -1, calls.stack).astype(np.int8),
        "head": np.where(tcp, np.where(outcome == RAW, calls.flags, SYN), NO_FLAGS).astype(np.uint8),
        "tail": np.where(tcp, np.where(outcome == RAW, calls.flags, closing), NO_FLAGS).astype(np.uint8),
    }
    return leg


def _backward(calls: Exchanges, round_trip: npt.NDArray[np.float64]) -> dict[str, Any]:
    answered = np.isin(calls.outcome, (OPEN, RESET, HALF)) & (
        (calls.packets_down > 0) | (calls.outcome != OPEN)
    )
    rows = np.flatnonzero(answered)
    leg = _base(calls, rows, forward=False)
    outcome, tcp = calls.outcome[rows], calls.protocol[rows] == TCP
    stack = calls.stack[rows].astype(np.int64)
    train = outcome == OPEN
    attempts = np.where(outcome == RESET, np.maximum(AFTER_RESET[stack], 1), calls.attempts[rows])
    attempts = np.where(train, 0, attempts)
    octets = np.where(outcome == RESET, 40, 60) * attempts
    head = np.where(outcome == RESET, RST | ACK, SYN | ACK)
    delay = round_trip[rows]
    leg |= {
        "time": calls.time[rows] + (delay * SECOND).astype(np.int64),
        "packets": np.where(train, calls.packets_down[rows], attempts),
        "octets": np.where(train, calls.down[rows], octets),
        "seconds": np.where(train, np.maximum(calls.seconds[rows] - delay, 0.0), 0.0),
        "attempts": attempts.astype(np.int8),
        "stack": np.where(outcome == RESET, -1, np.where(outcome == HALF, LINUX, WINDOWS)).astype(np.int8),
        "head": np.where(tcp, head, NO_FLAGS).astype(np.uint8),
        "tail": np.where(tcp, FIN | ACK, NO_FLAGS).astype(np.uint8),
    }
    return leg


def _errors(calls: Exchanges, round_trip: npt.NDArray[np.float64]) -> dict[str, Any]:
    """The ICMP error that a router close to the target sends back."""
    rows = np.flatnonzero(calls.outcome == UNREACHABLE)
    leg = _base(calls, rows, forward=False)
    n = len(rows)
    leg |= {
        "src": calls.server[rows] & np.uint32(0xFFFFFF00) | np.uint32(1),
        "protocol": np.full(n, ICMP, np.uint8),
        "src_port": np.zeros(n, np.uint16),
        "dst_port": np.full(n, HOST_UNREACHABLE, np.uint16),
        "time": calls.time[rows] + (round_trip[rows] * SECOND).astype(np.int64),
        "packets": np.ones(n, np.int64),
        "octets": np.full(n, UNREACHABLE_OCTETS, np.int64),
        "seconds": np.zeros(n),
        "attempts": np.zeros(n, np.int8),
        "stack": np.full(n, WINDOWS, np.int8),
        "head": np.zeros(n, np.uint8),
        "tail": np.zeros(n, np.uint8),
    }
    return leg
