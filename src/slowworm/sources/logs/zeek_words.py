"""What Zeek's conn.log says in letters: connection states and histories as TCP flags, ICMP in the port columns."""

from __future__ import annotations

import numpy as np

from slowworm.sources.logs.cells import Cells, Numbers
from slowworm.sources.logs.protocols import ACK, FIN, ICMPS, RST, SYN, counterpart

_HISTORY = {"s": SYN, "h": SYN | ACK, "a": ACK, "d": ACK, "f": FIN, "r": RST, "i": FIN | RST, "q": SYN}
"""Only what a letter proves: ``d`` is payload, which every segment after the SYN acknowledges; whether PSH was
set is not recorded. ``q`` is SYN with FIN or RST: which of the two is not recorded."""

_STATES = {
    "S0": (SYN, None),
    "S1": (SYN | ACK, SYN | ACK),
    "SF": (SYN | ACK | FIN, SYN | ACK | FIN),
    "REJ": (SYN, RST | ACK),
    "S2": (SYN | ACK | FIN, SYN | ACK),
    "S3": (SYN | ACK, SYN | ACK | FIN),
    "RSTO": (SYN | ACK | RST, SYN | ACK),
    "RSTR": (SYN | ACK, SYN | ACK | RST),
    "RSTOS0": (SYN | RST, None),
    "RSTRH": (None, SYN | ACK | RST),
    "SH": (SYN | FIN, None),
    "SHR": (None, SYN | ACK | FIN),
}
"""Flags of opener and answerer by conn_state, for logs without a history."""


def history_flags(history: Cells) -> tuple[Numbers, Numbers]:
    """TCP flags of opener (upper case) and answerer (lower case); unknown where a side has no letter."""

    def flags(letters: str) -> int | None:
        value = 0
        for letter in letters:
            value |= _HISTORY.get(letter, 0)
        return value or None

    opener = history.mapped(lambda text: flags("".join(c for c in text if c.isupper()).lower()))
    answerer = history.mapped(lambda text: flags("".join(c for c in text if c.islower())))
    return opener, answerer


def state_flags(state: Cells) -> tuple[Numbers, Numbers]:
    """TCP flags of opener and answerer that a conn_state implies."""
    opener = state.mapped(lambda text: _STATES.get(text, (None, None))[0])
    answerer = state.mapped(lambda text: _STATES.get(text, (None, None))[1])
    return opener, answerer


def answered_by_state(state: Cells) -> Numbers:
    """1 where the conn_state says that the answerer sent something, 0 where it says that it did not."""
    silent, spoke = ("S0", "RSTOS0", "SH"), ("S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTRH", "SHR")
    return state.mapped(lambda text: 0 if text in silent else 1 if text in spoke else None)


def icmp_of_ports(protocol: Numbers, src: Numbers, dst: Numbers) -> tuple[Numbers, Numbers]:
    """ICMP type and code of the opener.

    Zeek writes the type into id.orig_p. id.resp_p is the code only for messages that nothing answers; for the
    others (echo, neighbour solicitation, …) it is the type of the answer, and their code is 0 by their RFCs.
    """
    icmp = protocol.known & np.isin(protocol.values, ICMPS)
    kind = src.where(icmp).within(0, 255)
    paired = counterpart(protocol, kind)
    zero = Numbers(values=np.zeros_like(kind.values), known=paired.known & kind.known)
    code = dst.where(icmp & kind.known & ~paired.known).within(0, 255)
    return kind, zero.otherwise(code)
