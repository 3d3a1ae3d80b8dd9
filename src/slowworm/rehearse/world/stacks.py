"""How families of TCP/IP stacks open connections: size of a SYN, repetitions, source ports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """``syn``: IP octets of a bare SYN. ``offsets``: seconds after the first at which it is sent again.

    ``after_reset``: SYNs sent where each is answered by a reset. ``ports``: range of source ports.
    """

    name: str
    syn: int
    offsets: tuple[float, ...]
    after_reset: int
    ports: tuple[int, int]


# Timers: RFC 6298 (1 s, doubling) for today's systems, 3 s and doubling before; Windows repeats a SYN that was reset
# twice, half a second apart. Sizes: 40 no options, 44 MSS, 48 MSS and SACK, 52 window scale too,
# 60 and 64 timestamps.
STACKS: tuple[Stack, ...] = (
    Stack(name="windows", syn=52, offsets=(1, 3, 7, 15), after_reset=3, ports=(49152, 65535)),
    Stack(name="linux", syn=60, offsets=(1, 3, 7, 15, 31, 63), after_reset=1, ports=(32768, 60999)),
    Stack(name="apple", syn=64, offsets=(1, 2, 3, 4, 5, 7), after_reset=1, ports=(49152, 65535)),
    Stack(name="windows-xp", syn=48, offsets=(3, 9), after_reset=3, ports=(1025, 5000)),
    Stack(name="embedded", syn=44, offsets=(3, 9, 21), after_reset=1, ports=(1024, 65535)),
    Stack(name="raw", syn=40, offsets=(3, 9, 21), after_reset=1, ports=(1024, 65535)),
    Stack(name="pinger", syn=0, offsets=(1, 2, 3, 4, 5, 6), after_reset=0, ports=(0, 0)),
)
WINDOWS, LINUX, APPLE, WINDOWS_XP, EMBEDDED, RAW_SOCKET, PINGER = range(len(STACKS))

MAX_SYNS = 1 + max(len(s.offsets) for s in STACKS)
SYN_SIZE = np.array([s.syn for s in STACKS])
SYNS = np.array([1 + len(s.offsets) for s in STACKS])
AFTER_RESET = np.array([s.after_reset for s in STACKS])
PORT_LOW = np.array([s.ports[0] for s in STACKS])
PORT_HIGH = np.array([s.ports[1] for s in STACKS])
OFFSETS = np.array([(0, *s.offsets, *(0,) * (MAX_SYNS - 1 - len(s.offsets))) for s in STACKS], float)
"""Seconds of each packet of an unanswered call, by stack; ``SYNS`` says how many of a row count."""
