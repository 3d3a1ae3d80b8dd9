"""Flow records as both sides tell them: plain text by field, compared as sets with repetition."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

Record = dict[str, str]
"""Field → value as text. A field that is not there is not known."""

FIELDS = (
    "src_addr", "dst_addr", "protocol", "src_port", "dst_port", "icmp_type", "icmp_code", "tcp_flags", "packets",
    "bytes", "start_time", "end_time", "in_if", "out_if", "sampling_rate", "ethertype", "tcp_sequence_number",
)  # fmt: skip
"""What is compared, as far as the peer prints it. Times are whole milliseconds since 1970."""

ROWS = "rows"
"""Name of the comparison of whole records: all compared fields of a record together."""

NOTHING = "-"


def columns(records: Sequence[Record], fields: Iterable[str]) -> dict[str, list[str]]:
    """Values of each field, and whole records under ROWS."""
    names = list(fields)
    found = {name: [r.get(name, NOTHING) for r in records] for name in names}
    found[ROWS] = ["|".join(r.get(name, NOTHING) for name in names) for r in records]
    return found


def digest(values: Iterable[str]) -> str:
    """A digest of values whatever their order."""
    return hashlib.sha256("\n".join(sorted(values)).encode()).hexdigest()[:16]


def differing(one: Iterable[str], other: Iterable[str]) -> int:
    """How many values of the side that has more of them are not on the other side."""
    first, second = Counter(one), Counter(other)
    return max(sum((first - second).values()), sum((second - first).values()))
