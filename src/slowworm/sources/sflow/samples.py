"""Samples of sFlow v5: flow samples, expanded ones and discarded packets, with their interfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from slowworm.flows.schema import TEXT
from slowworm.sources.packets.columns import MISSING
from slowworm.sources.packets.octets import Int, Octets
from slowworm.sources.sflow.walk import Items

FLOW, COUNTERS, FLOW_EXPANDED, COUNTERS_EXPANDED, DISCARDED = 1, 2, 3, 4, 5

INDEX, DISCARD, MULTIPLE = 0, 1, 2
"""Formats of an interface."""

INTERNAL = (0x3FFFFFFF, 0xFFFFFFFF)
"""Interface indices that stand for the router itself; the second is how expanded samples write the first."""

_HEADER = {FLOW: 32, FLOW_EXPANDED: 44, DISCARDED: 32}
"""Octets of a sample in front of its records."""

_NO_INTERFACE = MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Samples of packets, one row each."""

    datagram: Int
    at: Int
    """Where the body begins."""
    records_at: Int
    end: Int
    records: Int
    source: Int
    """Data source: class × 2^32 + index."""
    rate: Int
    """1 in ``rate`` packets was sampled; -1 where the sample does not say."""
    drops: Int
    """Samples that the agent lost so far; -1 where not said. It counts from an unknown begin, modulo 2^32."""
    in_if: Int
    """Format × 2^32 + value, -1 where unknown."""
    out_if: Int
    short: Int
    """Where samples begin that are too short for their own header."""


def read_samples(octets: Octets, items: Items) -> Samples:
    """The samples of packets among the samples of datagrams, in order."""
    wanted = np.isin(items.format, list(_HEADER))
    size = np.select([items.format == kind for kind in _HEADER], list(_HEADER.values()), 0)
    there = items.at + size <= items.end
    rows = np.flatnonzero(wanted & there)
    at, kind, size = items.at[rows], items.format[rows], size[rows]

    def word(flow: int, expanded: int, discarded: int) -> Int:
        places = np.select([kind == FLOW, kind == FLOW_EXPANDED], [flow, expanded], discarded)
        value = octets.u32(at + places)
        return np.where(places < 0, MISSING, value)

    no = -(2**31)
    compact = word(4, no, no)
    source = np.where(kind == FLOW, compact >> 24, word(0, 4, 4)) << 32
    source |= np.where(kind == FLOW, compact & 0xFFFFFF, word(0, 8, 8))
    in_format = np.select(
        [kind == FLOW_EXPANDED, kind == FLOW], [word(0, 24, 0), word(20, 0, 0) >> 30], INDEX
    )
    in_value = np.where(kind == FLOW, word(20, 0, 0) & 0x3FFFFFFF, word(0, 28, 16))
    out_format = np.select(
        [kind == FLOW_EXPANDED, kind == FLOW], [word(0, 32, 0), word(24, 0, 0) >> 30], DISCARD
    )
    out_value = np.where(kind == FLOW, word(24, 0, 0) & 0x3FFFFFFF, word(0, 36, 20))
    return Samples(
        datagram=items.owner[rows],
        at=at,
        records_at=at + size,
        end=items.end[rows],
        records=octets.u32(at + size - 4),
        source=source,
        rate=word(8, 12, no),
        drops=word(16, 20, no),
        in_if=_interface(in_format, in_value),
        out_if=_interface(out_format, out_value),
        short=items.at[wanted & ~there],
    )


def _interface(form: Int, value: Int) -> Int:
    unknown = ((form == INDEX) & (value == 0)) | (form > MULTIPLE)
    # One discarded packet is as dropped as another, whatever the reason; the same for several interfaces.
    value = np.where(form == INDEX, value, 0)
    return np.where(unknown, _NO_INTERFACE, form << 32 | value)


def interface_column(codes: Int) -> pa.Array:
    """Interfaces as text: an index, ``Null``, ``Local`` or ``Multiple``; unknown is null."""
    unique, index = np.unique(codes, return_inverse=True)
    texts = pa.array([_text(code) for code in unique.tolist()], pa.string())
    index = index.reshape(-1).astype(np.int32)
    if unique.size and unique[0] == _NO_INTERFACE:
        return pa.DictionaryArray.from_arrays(pa.array(index - 1, mask=index == 0), texts[1:]).cast(TEXT)
    return pa.DictionaryArray.from_arrays(pa.array(index), texts).cast(TEXT)


def _text(code: int) -> str:
    form, value = code >> 32, code & 0xFFFFFFFF
    if form == DISCARD:
        return "Null"
    if form == MULTIPLE:
        return "Multiple"
    return "Local" if value in INTERNAL else str(value)
