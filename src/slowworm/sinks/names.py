"""Text columns as what other formats have in their place: interface indexes and exporter addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]

MISSING, NAMED = -1, -2
"""What stands for null, and for a text that is no number."""

MAX_INDEX = 2**32 - 1

NULL_INTERFACE = "Null"
"""The output interface of what the router dropped."""

DROPPED = 128
"""The forwarding status that says so, without a reason (RFC 7270, 4.12)."""


def coded(column: pa.Array, value: Callable[[str], int]) -> Ints:
    """A dictionary column as numbers, ``value`` asked once for each distinct text; MISSING for null."""
    table = np.array([MISSING if w is None else value(w) for w in column.dictionary.to_pylist()] + [MISSING])
    index = column.indices.fill_null(len(table) - 1).to_numpy(zero_copy_only=False)
    values: Ints = table.astype(np.int64)[index]
    return values


def codes(column: pa.Array) -> tuple[Ints, list[str]]:
    """A dictionary column as codes into its distinct texts, MISSING for null."""
    texts = column.dictionary.to_pylist()
    known = {text: code for code, text in enumerate(dict.fromkeys(t for t in texts if t is not None))}
    return coded(column, known.__getitem__), list(known)


def index(text: str) -> int:
    """``17`` → 17; NAMED for what is no SNMP index as it is written."""
    if text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") and len(text) <= 10:
        return int(text) if int(text) <= MAX_INDEX else NAMED
    return NAMED


def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An exporter's text as an address; ``None`` where it is a name."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    # One with a zone is no address outside its host, and one written otherwise would come back otherwise.
    return found if str(found) == text and "%" not in text else None
