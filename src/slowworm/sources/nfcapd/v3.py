"""Records of nfdump 1.7: a header and a list of extensions, each with its number and length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slowworm.sources.nfcapd import layout
from slowworm.sources.nfcapd.account import Account
from slowworm.sources.nfcapd.layout import V3_EXTENSIONS, V3_HEADER
from slowworm.sources.nfcapd.routers import routers
from slowworm.sources.nfcapd.rows import ABSENT, Bools, Ints, Rows, gather, network_order, optional

Positions = npt.NDArray[np.int32]


def sound_size(data: npt.NDArray[np.uint8], at: Ints) -> Bools:
    """Which records are long enough for their header."""
    return gather(data, at, V3_HEADER)["size"] >= V3_HEADER.itemsize


def locate(data: npt.NDArray[np.uint8], at: Ints) -> tuple[Positions, Bools]:
    """Where the extensions of the records at ``at`` are: row ``ROW[k]`` for extension k, a column a record.

    And which records are sound: all their extensions end where the next begins, the last with the record.
    All records are walked together, one extension a step.
    """
    head = gather(data, at, V3_HEADER)
    found = np.full((len(V3_EXTENSIONS) + 1, len(at)), ABSENT, np.int32)
    left = head["elements"].astype(np.int64)
    end = at + head["size"]
    position = at + V3_HEADER.itemsize
    sound = (left <= layout.MAX_ELEMENTS) & (position <= end)
    rows = np.flatnonzero(sound & (left > 0))
    while len(rows):
        here = position[rows]
        element = gather(data, here, _ELEMENT)
        number, length = element["number"], element["length"].astype(np.int64)
        good = (length >= _LEAST[number]) & (here + length <= end[rows])
        sound[rows[~good]] = False
        rows, here, number, length = rows[good], here[good], number[good], length[good]
        found[ROW[number], rows] = here + 4
        position[rows] += length
        left[rows] -= 1
        rows = rows[left[rows] > 0]
    # The sizes of nfdump's own records add up; up to 3 bytes more would be an alignment.
    return found, sound & (end - position < 4)


ROW = np.zeros(1 << 16, np.int8)
"""Extension → its row in what :func:`locate` finds; those that are not read share row 0."""
_LEAST = np.full(1 << 16, 4, np.int64)
for _row, (_number, _kind) in enumerate(V3_EXTENSIONS.items(), 1):
    ROW[_number], _LEAST[_number] = _row, 4 + _kind.itemsize

_ELEMENT = np.dtype([("number", "<u2"), ("length", "<u2")])


def decode(
    data: npt.NDArray[np.uint8], at: Ints, found: Positions, account: Account
) -> tuple[dict[int, Rows], Ints]:
    """Rows by IP version, and the positions of records that have no addresses or no counters.

    ``at``, ``found``: of sound records, see :func:`locate`.
    """
    with_flow = found[ROW[layout.GENERIC]] != ABSENT
    ipv4 = with_flow & (found[ROW[layout.IPV4]] != ABSENT)
    ipv6 = with_flow & ~ipv4 & (found[ROW[layout.IPV6]] != ABSENT)
    rows = {
        version: _rows(data, at[which], found[:, which].astype(np.int64), version, account)
        for version, which in ((4, ipv4), (6, ipv6))
        if which.any()
    }
    return rows, at[~ipv4 & ~ipv6]


def _rows(data: npt.NDArray[np.uint8], at: Ints, found: Ints, version: int, account: Account) -> Rows:
    head = gather(data, at, V3_HEADER)
    flow = gather(data, found[ROW[layout.GENERIC]], V3_EXTENSIONS[layout.GENERIC])
    which = layout.IPV4 if version == 4 else layout.IPV6
    address = gather(data, found[ROW[which]], V3_EXTENSIONS[which])
    misc, counters, nsel, nat, pf = (
        optional(data, found[ROW[number]], V3_EXTENSIONS[number])
        for number in (layout.MISC, layout.COUNTERS, layout.NSEL, layout.NAT, layout.PF)
    )
    return Rows(
        src=address["src"] if version == 4 else network_order(address["src"]),
        dst=address["dst"] if version == 4 else network_order(address["dst"]),
        first=flow["first"],
        last=flow["last"],
        event_time=np.where(nsel["time"] > 0, nsel["time"], nat["time"]),
        packets=flow["packets"],
        bytes=flow["bytes"],
        answer_packets=counters["packets"],
        answer_bytes=counters["bytes"],
        src_port=flow["src_port"],
        dst_port=flow["dst_port"],
        protocol=flow["protocol"],
        tcp_flags=flow["tcp_flags"],
        answer_flags=misc["reverse_flags"],
        status=flow["status"],
        in_if=misc["input"],
        out_if=misc["output"],
        exporter=head["exporter"],
        router=routers(data, found[ROW[layout.RECEIVED_V4]], found[ROW[layout.RECEIVED_V6]], account),
        sampled=(head["flags"] & layout.V3_SAMPLED) > 0,
        event=nsel["event"],
        nat_event=_nat_event(data, found[ROW[layout.NAT]], nat["event"]),
        connection=nsel["connection"],
        pf_action=np.where(found[ROW[layout.PF]] != ABSENT, pf["action"].astype(np.int64), -1),
    )


def _nat_event(data: npt.NDArray[np.uint8], at: Ints, event: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    present = np.flatnonzero(at != ABSENT)
    if not len(present):
        return event
    length = gather(data, at[present] - 4, _ELEMENT)["length"]
    old = present[length >= layout.NAT_WITH_VRF_BYTES]
    event[old] = data[at[old] + layout.NAT_EVENT_AFTER_VRF]
    return event
