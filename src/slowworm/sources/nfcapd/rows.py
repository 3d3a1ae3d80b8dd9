"""Flow records of one IP version as NumPy columns, before they become flows; and how bytes become such columns."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ABSENT = 0
"""Position of an extension that a record does not have: no extension is at the beginning of the buffer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One row a record. Addresses: ``uint32``, or (n, 16) bytes in network order; 0 is not present."""

    src: Array
    dst: Array
    first: Array
    """ms since 1970 UTC, as ``last`` and ``event_time``."""
    last: Array
    event_time: Array
    packets: Array
    bytes: Array
    answer_packets: Array
    answer_bytes: Array
    src_port: Array
    dst_port: Array
    protocol: Array
    tcp_flags: Array
    answer_flags: Array
    status: Array
    """Forwarding status (RFC 7270)."""
    in_if: Array
    out_if: Array
    exporter: Array
    """Number in the file."""
    router: Array
    """Index of the exporter's name, where the record itself has its address, else -1."""
    sampled: Bools
    event: Array
    """NSEL: what the firewall did, 0 if nothing."""
    nat_event: Array
    connection: Array
    pf_action: Array
    """pf: what the packet filter did, -1 if nothing."""

    def __len__(self) -> int:
        return len(self.first)

    def take(self, which: Ints | Bools) -> Rows:
        """The rows that ``which`` selects, in its order."""
        return replace(self, **{f.name: getattr(self, f.name)[which] for f in fields(self)})


def gather(data: npt.NDArray[np.uint8], at: Ints, kind: np.dtype[Any]) -> Array:
    """Structures at the positions ``at``; all of them must lie within ``data``."""
    if not len(at):
        return np.zeros(0, kind)
    rows = np.lib.stride_tricks.sliding_window_view(data, kind.itemsize)[at]
    return np.ascontiguousarray(rows).view(kind.base).reshape(len(at), *kind.shape)


def optional(data: npt.NDArray[np.uint8], at: Ints, kind: np.dtype[Any]) -> Array:
    """As :func:`gather`, all zeros where ``at`` is ABSENT."""
    present = np.flatnonzero(at != ABSENT)
    found = np.zeros((len(at), *kind.shape), kind.base)
    if len(present):
        found[present] = gather(data, at[present], kind)
    return found


def network_order(address: Array) -> Array:
    """IPv6 addresses, kept as two little-endian halves, in network order."""
    return np.ascontiguousarray(address.reshape(-1, 2, 8)[:, :, ::-1]).reshape(-1, 16)
