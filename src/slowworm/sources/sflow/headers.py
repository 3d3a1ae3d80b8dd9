"""Datagram headers of sFlow v5: agent, sub-agent, sequence number, number of samples."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from slowworm.sources.packets.octets import Bool, Int, Octet, Octets

VERSION = 5

MAX_DATAGRAM = 65_535
"""No UDP payload is longer: bounds the samples of a datagram, whatever it claims."""

NO_AGENT, AGENT_IPV4, AGENT_IPV6 = 0, 1, 2

_AGENT_SIZE = {NO_AGENT: 0, AGENT_IPV4: 4, AGENT_IPV6: 16}

MAX_LIKELY_SAMPLES = 1024
"""Samples in a datagram that is taken for sFlow; the smallest possible fill one with 8192, real ones below 100."""

MIN_HEADER = 24
"""Octets of the header without the agent's address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """Good datagram headers, one row each; ``*_rows``: the datagrams that were set aside."""

    row: Int
    """Index of the datagram as given."""
    agent: Octet
    """Shape (n, 17): kind of address, and the address filled up with zeros."""
    sub_agent: Int
    sequence: Int
    samples: Int
    """Number of samples claimed."""
    at: Int
    """Where they begin."""
    end: Int
    other_version: Int
    short: Int


def read_headers(octets: Octets, begin: Int, size: Int) -> Headers:
    """Headers of the datagrams at ``begin``; ``size`` may claim more than there is."""
    at = np.clip(np.asarray(begin, np.int64), 0, octets.size)
    end = np.minimum(at + np.clip(np.asarray(size, np.int64), 0, MAX_DATAGRAM), octets.size)
    rows = np.arange(len(at), dtype=np.int64)
    there = at + MIN_HEADER <= end
    short = rows[~there]
    rows, at, end = rows[there], at[there], end[there]
    kind = octets.u32(at + 4)
    good = (octets.u32(at) == VERSION) & (kind <= AGENT_IPV6)
    other = rows[~good]
    rows, at, end, kind = rows[good], at[good], end[good], kind[good]
    length = np.array(list(_AGENT_SIZE.values()), np.int64)[kind]
    there = at + MIN_HEADER + length <= end
    short = np.sort(np.concatenate([short, rows[~there]]))
    rows, at, end, kind, length = rows[there], at[there], end[there], kind[there], length[there]
    address = octets.block(at + 8, 16)
    address[np.arange(16) >= length[:, np.newaxis]] = 0
    behind = at + 8 + length
    return Headers(
        row=rows,
        agent=np.concatenate([kind.astype(np.uint8)[:, np.newaxis], address], axis=1),
        sub_agent=octets.u32(behind),
        sequence=octets.u32(behind + 4),
        samples=octets.u32(behind + 12),
        at=behind + 16,
        end=end,
        other_version=other,
        short=short,
    )


def likely_sflow(data: Any, offsets: Int, sizes: Int) -> Bool:
    """Which UDP payloads are sFlow v5 by their content, on whatever port they travelled."""
    octets = Octets(data)
    headers = read_headers(octets, offsets, sizes)
    first, length = octets.u32(headers.at), octets.u32(headers.at + 4)
    good = (headers.agent[:, 0] != NO_AGENT) & (headers.samples >= 1)
    good &= headers.samples <= MAX_LIKELY_SAMPLES
    # The first sample has a standard format, is made of words and lies within the datagram.
    good &= (headers.at + 8 <= headers.end) & (first >= 1) & (first <= 5) & (length % 4 == 0)
    good &= (length >= 8) & (headers.at + 8 + length <= headers.end)
    likely = np.zeros(len(offsets), np.bool_)
    likely[headers.row[good]] = True
    return likely


def agent_names(headers: Headers, exporters: Sequence[str]) -> tuple[Int, list[str | None]]:
    """Code and text of each datagram's exporter: its agent, or who sent it where the agent has no address."""
    unique, code = np.unique(_keys(headers.agent), return_inverse=True)
    names: list[str | None] = [_name(bytes(key)) for key in unique.tolist()]
    codes = code.reshape(-1).astype(np.int64)
    if None not in names:
        return codes, names
    nameless = names.index(None)
    known: dict[str, int] = {}
    for row in np.flatnonzero(codes == nameless).tolist():
        place = int(headers.row[row])
        text = exporters[place] if place < len(exporters) else ""
        if text:
            codes[row] = known.setdefault(text, len(names) + len(known))
    return codes, names + list(known)


def _keys(rows: Octet) -> Any:
    return np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1]))).reshape(-1)


def _name(key: bytes) -> str | None:
    if key[0] == NO_AGENT:
        return None
    if key[0] == AGENT_IPV4:
        return socket.inet_ntop(socket.AF_INET, key[1:5])
    return socket.inet_ntop(socket.AF_INET6, key[1:17])
