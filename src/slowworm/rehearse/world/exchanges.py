"""Exchanges: what two hosts do with each other, before any router looks at it.

One row is one call and what became of it. Routers see its packets in two directions;
:mod:`slowworm.rehearse.world.legs` makes those. Columns are NumPy arrays of one length, so that an actor writes a
hundred thousand of them at once.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from slowworm.flows.services import ICMP, TCP, UDP
from slowworm.rehearse.world.stacks import PINGER, PORT_HIGH, PORT_LOW

OPEN, SILENT, RESET, UNREACHABLE, HALF, RAW = range(6)
"""Outcomes: answered and used; no answer; TCP reset; ICMP unreachable; a SYN whose SYN-ACKs go unanswered; packets
that expect no answer and get none (backscatter, syslog, multicast)."""

FAILURES = (SILENT, RESET, UNREACHABLE)

NO_FLAGS, FIN, SYN, RST, PSH, ACK = 0, 1, 2, 4, 8, 16

Any1 = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanges:
    """Columns of exchanges, all of one length.

    ``time``: ns from the start of the world; ``server_port``: for ICMP type × 256 + code. ``up``, ``down``: IP
    octets of each direction, all packets together (``SILENT`` and ``UNREACHABLE``: of one packet for UDP and ICMP;
    TCP then sends SYNs of its stack's size). ``seconds``: from first to last packet. ``attempts``: packets that an
    unanswered caller sends (``HALF``: SYN-ACKs). ``stack``: index into ``STACKS``. ``flags``: TCP flags of ``RAW``
    packets; of an ``OPEN`` call those of the last packet, 0 for an orderly FIN. ``label``: code into the world's
    names.
    """

    time: npt.NDArray[np.int64]
    client: npt.NDArray[np.uint32]
    server: npt.NDArray[np.uint32]
    protocol: npt.NDArray[np.uint8]
    client_port: npt.NDArray[np.uint16]
    server_port: npt.NDArray[np.uint16]
    outcome: npt.NDArray[np.int8]
    packets_up: npt.NDArray[np.int64]
    packets_down: npt.NDArray[np.int64]
    up: npt.NDArray[np.int64]
    down: npt.NDArray[np.int64]
    seconds: npt.NDArray[np.float64]
    attempts: npt.NDArray[np.int8]
    stack: npt.NDArray[np.int8]
    flags: npt.NDArray[np.uint8]
    label: npt.NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: Any1) -> Exchanges:
        """The rows of a mask or an index."""
        return Exchanges(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def replace(self, **columns: Any) -> Exchanges:
        """The same with some columns exchanged; scalars stand for every row."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, value in columns.items():
            values[name] = np.broadcast_to(np.asarray(value, values[name].dtype), (len(self),))
        return Exchanges(**values)


_TYPES: dict[str, type[np.generic]] = {
    "time": np.int64, "client": np.uint32, "server": np.uint32, "protocol": np.uint8, "client_port": np.uint16,
    "server_port": np.uint16, "outcome": np.int8, "packets_up": np.int64, "packets_down": np.int64, "up": np.int64,
    "down": np.int64, "seconds": np.float64, "attempts": np.int8, "stack": np.int8, "flags": np.uint8,
    "label": np.int16,
}  # fmt: skip
_DEFAULTS = {"attempts": 1, "stack": 0, "flags": NO_FLAGS, "label": 0, "seconds": 0.0, "outcome": OPEN}


def exchanges(n: int, **columns: Any) -> Exchanges:
    """``n`` exchanges; scalars stand for every row, what is not given is 0 (``attempts``: 1)."""
    values = {}
    for name, kind in _TYPES.items():
        value = np.asarray(columns.pop(name, _DEFAULTS.get(name, 0)))
        if value.dtype.kind == "f" and kind is not np.float64:
            value = np.rint(value)
        values[name] = np.broadcast_to(value.astype(kind), (n,))
    if columns:
        raise TypeError(f"no such columns: {', '.join(columns)}")
    return Exchanges(**values)


def together(parts: list[Exchanges]) -> Exchanges:
    """Several tables one after the other."""
    if not parts:
        return exchanges(0)
    return Exchanges(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Exchanges)}
    )


SEGMENT = 1448
"""Octets of payload in a full TCP segment with timestamps on Ethernet."""

TCP_HEADER = 52
"""IP and TCP header with the timestamp option, which most packets of today's stacks carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A lognormal quantity: its median and the standard deviation of its natural logarithm."""

    median: float
    sigma: float = 1.0

    def draw(self, draw: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
        """``n`` values."""
        values: npt.NDArray[np.float64] = np.exp(np.log(self.median) + self.sigma * draw.standard_normal(n))
        return values


class Amounts(TypedDict):
    """What a TCP conversation moves and how long it lasts: arguments of :func:`tcp`."""

    up: Size
    down: Size
    seconds: Size


def tcp(
    draw: np.random.Generator,
    *,
    time: Any1,
    client: Any,
    server: Any,
    port: Any,
    up: Size,
    down: Size,
    seconds: Size,
    outcome: Any = OPEN,
    attempts: Any = 3,
    stack: Any = 0,
    client_port: Any = None,
    aborted: float = 0.08,
) -> Exchanges:
    """TCP calls: payload ``up`` and ``down``, life ``seconds``; packets follow from the payload.

    A share ``aborted`` ends with a reset instead of a FIN, as browsers close what they no longer need.
    """
    n = len(time)
    payload_up, payload_down = up.draw(draw, n), np.minimum(down.draw(draw, n), 4e9)
    data_up, data_down = np.ceil(payload_up / SEGMENT), np.ceil(payload_down / SEGMENT)
    # Opening and closing take three packets of the caller and two of the called; every other segment is acknowledged.
    packets_up = 3 + data_up + np.floor(data_down / 2)
    packets_down = 2 + data_down + np.floor(data_up / 2)
    return exchanges(
        n,
        time=time,
        client=client,
        server=server,
        protocol=TCP,
        client_port=ephemeral(draw, n, stack) if client_port is None else client_port,
        server_port=port,
        outcome=outcome,
        packets_up=packets_up,
        packets_down=packets_down,
        up=payload_up + packets_up * TCP_HEADER,
        down=payload_down + packets_down * TCP_HEADER,
        seconds=seconds.draw(draw, n),
        attempts=attempts,
        stack=stack,
        flags=np.where(draw.random(n) < aborted, RST, NO_FLAGS),
    )


def udp(
    draw: np.random.Generator,
    *,
    time: Any1,
    client: Any,
    server: Any,
    port: Any,
    request: Size,
    response: Size,
    packets: Any = 1,
    answers: Any = None,
    seconds: Size | None = None,
    outcome: Any = OPEN,
    attempts: Any = 1,
    client_port: Any = None,
) -> Exchanges:
    """UDP: ``packets`` requests and as many ``answers`` of these IP sizes, within ``seconds`` (default: a round
    trip)."""
    n = len(time)
    requests = np.broadcast_to(np.asarray(packets), (n,))
    responses = requests if answers is None else np.broadcast_to(np.asarray(answers), (n,))
    size = np.clip(request.draw(draw, n), 29, 1500)
    outcomes = np.broadcast_to(np.asarray(outcome), (n,))
    unanswered = np.isin(outcomes, (SILENT, UNREACHABLE))
    return exchanges(
        n,
        time=time,
        client=client,
        server=server,
        protocol=UDP,
        client_port=draw.integers(1024, 65536, n) if client_port is None else client_port,
        server_port=port,
        outcome=outcome,
        packets_up=requests,
        packets_down=responses,
        up=np.rint(size) * np.where(unanswered, 1, requests),
        down=np.rint(np.clip(response.draw(draw, n), 29, 1500)) * responses,
        seconds=(seconds or Size(median=0.03, sigma=0.8)).draw(draw, n),
        attempts=attempts,
    )


def echo(
    draw: np.random.Generator,
    *,
    time: Any1,
    client: Any,
    server: Any,
    size: int = 84,
    packets: Any = 1,
    interval: float = 1.0,
    outcome: Any = OPEN,
) -> Exchanges:
    """ICMP echo requests of ``size`` octets, ``interval`` seconds apart, and their replies."""
    n = len(time)
    count = np.broadcast_to(np.asarray(packets), (n,))
    alone = np.broadcast_to(np.asarray(outcome), (n,)) != OPEN
    return exchanges(
        n,
        time=time,
        client=client,
        server=server,
        protocol=ICMP,
        server_port=8 << 8,
        outcome=outcome,
        packets_up=count,
        packets_down=count,
        up=size * np.where(alone, 1, count),
        down=size * count,
        seconds=0.02 * draw.random(n) + interval * (count - 1),
        attempts=count,
        stack=PINGER,
    )


def ephemeral(draw: np.random.Generator, n: int, stack: Any) -> npt.NDArray[np.int64]:
    """Source ports as the stacks choose them."""
    low, high = PORT_LOW[stack], PORT_HIGH[stack]
    ports: npt.NDArray[np.int64] = np.floor(low + draw.random(n) * (high - low)).astype(np.int64)
    return ports
