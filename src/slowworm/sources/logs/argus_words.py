"""What Argus says in letters: states as TCP flags and answers, ICMP in the port columns, service names as ports."""

from __future__ import annotations

import re

import numpy as np

from slowworm.flows.services import PORT_NAMES
from slowworm.sources.logs.cells import Cells, Numbers
from slowworm.sources.logs.numbers import hexadecimal, unsigned
from slowworm.sources.logs.protocols import ACK, FIN, ICMPS, RST, SYN, flag_letters

_SIDES = re.compile(r"([FSRPAUEC]*)_([FSRPAUEC]*)")
_PORTS = {name: port for port, name in PORT_NAMES.items()} | {
    "imap2": 143,
    "www": 80,
    "snmptrap": 162,
    "snmp-trap": 162,
    "router": 520,
    "isakmp": 500,
    "whois++": 63,
    "mdns": 5353,
}

_WORDS = {"REQ": (SYN, None), "ACC": (SYN, SYN | ACK), "S0": (SYN, None)}
"""Flags of source and destination that a TCP state word proves. S0 is Zeek's word, met in edited files."""

_ANSWERED = frozenset(("ACC", "CON", "EST", "FIN", "CLO", "RSP"))

_ICMP_STATES = {
    "ECO": 8,
    "ECR": 0,
    "TXD": 11,
    "TXR": 11,
    "SRC": 4,
    "RED": 5,
    "PAR": 12,
    "TST": 13,
    "TSR": 14,
    "NRS": 133,
    "NRA": 134,
    "NNS": 135,
    "NNA": 136,
    "MHR": 143,
}


def state_flags(state: Cells) -> tuple[Numbers, Numbers]:
    """TCP flags of source and destination: ``FSPA_FSPA``, ``S_``, ``REQ``."""

    def side(index: int) -> dict[str, int | None]:
        return {word: flags[index] for word, flags in _WORDS.items()}

    def flags(text: str, index: int) -> int | None:
        match = _SIDES.fullmatch(text)
        if match is None:
            return side(index).get(text)
        return flag_letters(match[index + 1]) if match[index + 1] else None

    return state.mapped(lambda text: flags(text, 0)), state.mapped(lambda text: flags(text, 1))


def answered_by_state(state: Cells) -> tuple[Numbers, Numbers]:
    """1 where the state shows packets of the source, and of the destination; 0 where it shows that none came."""

    def spoke(text: str, index: int) -> int | None:
        match = _SIDES.fullmatch(text)
        if match:
            return int(bool(match[index + 1]))
        if index == 1:
            return 1 if text in _ANSWERED else 0 if text in ("REQ", "INT", "S0") else None
        return None

    return state.mapped(lambda text: spoke(text, 0)), state.mapped(lambda text: spoke(text, 1))


def reset_flags(state: Cells, sent: Numbers, answered: Numbers) -> tuple[Numbers, Numbers]:
    """Flags for the words RST and FIN, which do not say whose it was: clear where only one side sent anything,
    and where two packets are a SYN and its refusal."""
    n = len(state)
    which = state.mapped(lambda text: {"RST": RST, "FIN": FIN}.get(text))
    ours, theirs = sent.fill(-1), answered.fill(-1)
    refused = which.known & (which.values == RST) & (ours == 1) & (theirs == 1)
    only_ours, only_theirs = which.known & (theirs == 0), which.known & (ours == 0)
    source = Numbers(values=np.where(refused, SYN, which.values), known=refused | only_ours)
    target = Numbers(values=np.where(refused, RST | ACK, which.values), known=refused | only_theirs)
    return (source, target) if n else (Numbers.none(0), Numbers.none(0))


def port(cells: Cells) -> Numbers:
    """Decimal, ``0x0303``, or a service's name (ra without -n)."""
    found = unsigned(cells).otherwise(hexadecimal(cells))
    rows = np.flatnonzero(~found.known & (cells.size > 0))
    if len(rows):
        named = cells.take(rows).mapped(lambda text: _PORTS.get(text.lower()))
        found.values[rows], found.known[rows] = named.values, named.known
    return found


def icmp(protocol: Numbers, state: Cells, sport: Cells, dport: Cells) -> tuple[Numbers, Numbers]:
    """ICMP type and code of the source's messages.

    In hexadecimal, Sport is code and type (0x0403 is type 3, code 4); in decimal, as for ICMPv6, Sport is the
    type and Dport the code. Where Sport is empty the state names the type.
    """
    is_icmp = protocol.known & np.isin(protocol.values, ICMPS)
    packed, plain, second = hexadecimal(sport), unsigned(sport), unsigned(dport)
    named = state.mapped(lambda text: _ICMP_STATES.get(text, 3 if text.startswith("UR") else None))
    low = Numbers(values=packed.values & 255, known=packed.known & (packed.values < 65536))
    high = Numbers(values=packed.values >> 8, known=low.known)
    kind = low.otherwise(plain.within(0, 255)).otherwise(named)
    code = high.otherwise(second.where(plain.known).within(0, 255))
    return kind.where(is_icmp), code.where(is_icmp)
