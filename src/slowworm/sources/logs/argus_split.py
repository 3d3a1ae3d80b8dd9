"""How the totals of an Argus record are shared between its two directions where only totals are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slowworm.sources.logs.cells import Numbers
from slowworm.sources.logs.lines import Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Packets and bytes of source and destination; ``estimated`` rows are not what Argus counted."""

    src_packets: Numbers
    dst_packets: Numbers
    src_bytes: Numbers
    dst_bytes: Numbers
    estimated: Bools


def shares(
    packets: tuple[Numbers, Numbers, Numbers],
    octets: tuple[Numbers, Numbers, Numbers],
    *,
    sent: Bools,
    answered: Bools,
) -> Share:
    """Each argument is (total, source's, destination's); ``sent`` and ``answered``: what the state shows.

    Exact where a total and one side are known, where only one side sent anything, and where two packets went
    both ways. Else packets are shared like the bytes; without bytes of one side, in halves.
    """
    total, src, dst = _subtracted(*packets)
    total_bytes, src_bytes, dst_bytes = _subtracted(*octets)
    both_bytes = src_bytes.known & dst_bytes.known
    open_ = total.known & ~src.known & ~dst.known
    count, weight = total.fill(0), np.maximum(src_bytes.fill(0) + dst_bytes.fill(0), 1)
    # Floats, because the product of two counters may not fit 64 bits.
    like_bytes = np.rint(count * (dst_bytes.fill(0) / weight)).astype(np.int64)
    like_bytes = np.minimum(np.maximum(like_bytes, 1), np.maximum(count - 1, 0))
    like_bytes = np.where(dst_bytes.values == 0, 0, np.where(src_bytes.values == 0, count, like_bytes))
    halves = np.where(answered, np.where(sent, count // 2, count), 0)
    part = np.where(both_bytes, like_bytes, halves)
    estimated = open_ & (part > 0) & (part < count) & (count > 2)
    dst = dst.otherwise(Numbers(values=part, known=open_))
    src = src.otherwise(Numbers(values=count - part, known=open_))
    # Bytes of neither side are known: shared like the packets, so that sums stay right.
    loose = total_bytes.known & ~src_bytes.known & ~dst_bytes.known & src.known & dst.known
    packets_sum = np.maximum(src.fill(0) + dst.fill(0), 1)
    octet_part = np.rint(total_bytes.fill(0) * (dst.fill(0) / packets_sum)).astype(np.int64)
    octet_part = np.minimum(octet_part, total_bytes.fill(0))
    estimated |= loose & (dst.fill(0) > 0) & (src.fill(0) > 0)
    return Share(
        src_packets=src,
        dst_packets=dst,
        src_bytes=src_bytes.otherwise(Numbers(values=total_bytes.fill(0) - octet_part, known=loose)),
        dst_bytes=dst_bytes.otherwise(Numbers(values=octet_part, known=loose)),
        estimated=estimated,
    )


def _subtracted(total: Numbers, one: Numbers, other: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """The side that is not given from the total and the other; a side larger than the total is not believed."""
    one = one.where(~total.known | (one.values <= total.values))
    other = other.where(~total.known | (other.values <= total.values))
    left = Numbers(values=total.values - one.values, known=total.known & one.known)
    right = Numbers(values=total.values - other.values, known=total.known & other.known)
    return total, one.otherwise(right), other.otherwise(left)
