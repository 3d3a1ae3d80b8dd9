"""Hand-made flows with times, both sides of a conversation, and what the detector's passes make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect.contacts import contacts
from slowworm.detect.evidence import Contacts, ContactWeights, columns, contact_weights
from slowworm.detect.judge import Judge
from slowworm.detect.population import Population, population
from slowworm.detect.profiles import load_profiles
from slowworm.flows.addresses import Network, parse_ipv4
from slowworm.flows.table import flow_batch

Ints = npt.NDArray[np.int64]

PROFILES = load_profiles()
START = 1_700_000_040
"""Seconds, the beginning of a minute: when ``at`` is 0."""

TCP, UDP, ICMP = 6, 17, 1
SYN, RST_ACK, WHOLE = 2, 20, 27
NAMES = ("src", "dst", "sp", "dp", "protocol", "packets", "octets", "flags", "at")


def address(text: str) -> int:
    """An address as an integer."""
    found = parse_ipv4(text)
    assert found is not None
    return found


def network(prefix: str, n: int, *, seed: int = 0) -> Ints:
    """``n`` distinct host addresses of a prefix such as ``20.1.0.0/16``, scattered."""
    where, _, length = prefix.partition("/")
    room = 2 ** (32 - int(length))
    drawn = np.random.default_rng(seed).choice(room, size=min(room, 3 * n + 16), replace=False)
    fine = drawn[(drawn & 255 != 0) & (drawn & 255 != 255)][:n]
    assert len(fine) == n, prefix
    found: Ints = address(where) + fine
    return found


def scattered(n: int, *, seed: int = 0, first: tuple[int, int] = (20, 99)) -> Ints:
    """``n`` distinct addresses of all first octets in a range."""
    rng = np.random.default_rng(seed)
    return np.unique(rng.integers(first[0] << 24, (first[1] + 1) << 24, 2 * n + 16))[
        rng.permutation(2 * n)[:n]
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Flows: one array a column."""

    columns: dict[str, Ints | npt.NDArray[np.float64]]


def calls(
    src: Any,
    dst: Any,
    port: Any = 80,
    at: Any = 0.0,
    *,
    answered: Any = True,
    protocol: int = TCP,
    sp: Any = None,
    packets: Any = None,
    octets: int | None = None,
    reset: bool = False,
) -> Calls:
    """Calls from ``src`` to ``dst``, arrays or one for all, ``at`` seconds; those ``answered`` have a second flow.

    TCP that fails is a lone SYN of 48 octets, ``reset``: refused. UDP and ICMP are one packet each way. Source ports
    are fresh.
    """
    n = np.broadcast(*(np.atleast_1d(values) for values in (src, dst, port, at))).size

    def whole(values: Any) -> Ints:
        return np.broadcast_to(np.asarray(values), (n,)).copy()

    src, dst, port, fine = whole(src), whole(dst), whole(port), whole(answered).astype(bool)
    at = whole(at).astype(np.float64)
    sp = 30_000 + np.arange(n) % 20_000 if sp is None else whole(sp)
    tcp = protocol == TCP
    sent = np.where(fine, 10, 1) if tcp and packets is None else whole(1 if packets is None else packets)
    size = whole(octets) if octets is not None else np.where(fine & tcp, 90, 48) * sent
    flags = np.where(fine, WHOLE, SYN) if tcp else whole(-1)
    proto = whole(protocol)
    forth = (src, dst, sp, port, proto, sent, size, flags, at)
    back = (
        dst,
        src,
        port,
        sp,
        proto,
        np.where(sent > 1, 8, 1),
        np.where(sent > 1, 8, 1) * 90,
        flags,
        at + 0.01,
    )
    wanted = np.concatenate([np.ones(n, bool), fine])
    if reset:
        back = (*back[:5], whole(1), whole(40), whole(RST_ACK), back[8])
        wanted[n:] = True
    both = [np.concatenate(pair)[wanted] for pair in zip(forth, back, strict=True)]
    return Calls(columns=dict(zip(NAMES, both, strict=True)))


def batch(parts: Sequence[Calls], *, ip_version: int = 4, timed: bool = True, **more: Any) -> pa.RecordBatch:
    """The flows as a batch of the flow table; over IPv6 the addresses are 2001:db8::a.b.c.d."""
    c = {name: np.concatenate([p.columns[name] for p in parts]) for name in NAMES}
    n = len(c["src"])
    icmp = c["protocol"] == ICMP

    def where(values: Ints) -> pa.Array:
        if ip_version == 4:
            return pa.array(values.astype(np.uint32))
        head = bytes.fromhex("20010db8") + bytes(8)
        return pa.array([head + int(v).to_bytes(4, "big") for v in values], pa.binary(16))

    def times(values: Any) -> pa.Array | None:
        return pa.array(((START + values) * 1e9).astype(np.int64)).cast(pa.timestamp("ns", tz="UTC"))

    found = {
        "src_addr": where(c["src"]),
        "dst_addr": where(c["dst"]),
        "protocol": pa.array(c["protocol"].astype(np.uint8)),
        "src_port": pa.array(c["sp"].astype(np.uint16), mask=icmp),
        "dst_port": pa.array(c["dp"].astype(np.uint16), mask=icmp),
        "icmp_type": pa.array(np.where(c["dp"] > 30_000, 0, 8).astype(np.uint8), mask=~icmp),
        "tcp_flags": pa.array(np.maximum(c["flags"], 0), mask=c["flags"] < 0),
        "packets": pa.array(c["packets"]),
        "bytes": pa.array(c["octets"]),
    }
    if timed:
        found |= {"start_time": times(c["at"]), "end_time": times(c["at"] + 0.005)}
    return flow_batch({**found, **more}, rows=n, ip_version=ip_version)


@dataclass(frozen=True, eq=False)
class Seen:
    """What the passes make of flows."""

    batch: pa.RecordBatch
    inside: tuple[Network, ...] = ()

    @cached_property
    def contacts(self) -> Contacts:
        """Pass 1."""
        return columns(self.rows)

    @cached_property
    def rows(self) -> pa.RecordBatch:
        """The contact batch."""
        return contacts(self.batch)

    @cached_property
    def population(self) -> Population:
        """Pass 2."""
        return population(self.rows, inside=self.inside)

    @cached_property
    def weighed(self) -> ContactWeights:
        """Weights of each contact."""
        return contact_weights(self.contacts, self.population)

    @cached_property
    def judge(self) -> Judge:
        """What verdicts are made from."""
        return Judge(
            batch=self.rows,
            contacts=self.contacts,
            weighed=self.weighed,
            population=self.population,
            profiles=PROFILES,
        )

    def of(self, client: int, port: int | None = None) -> Ints:
        """Contacts of a client (on a port), in the order of time."""
        c = self.contacts
        rows = np.flatnonzero((c.client == client) & (True if port is None else c.port == port))
        ordered: Ints = rows[np.lexsort((c.server[rows], c.first_time[rows]))]
        return ordered


def seen(*parts: Calls, **options: Any) -> Seen:
    """The passes over some calls."""
    inside = options.pop("inside", ())
    return Seen(batch(parts, **options), inside)
