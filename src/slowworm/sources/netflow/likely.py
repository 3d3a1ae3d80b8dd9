"""Whether a UDP payload is NetFlow or IPFIX: a header that agrees with itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slowworm.sources.netflow.fixed import LAYOUTS, SCHEME_AT, SCHEMES

Ints = npt.NDArray[np.int64]

SMALLEST = 16
MAX_V9_COUNT = 512


def likely_netflow(data: bytes, offsets: Ints, sizes: Ints) -> npt.NDArray[np.bool_]:
    """Which payloads are export datagrams: by version, and length or count; ports do not matter."""
    view = np.frombuffer(data, np.uint8)
    found = np.zeros(len(offsets), np.bool_)
    rows = np.flatnonzero((sizes >= SMALLEST) & (offsets >= 0) & (offsets + SMALLEST <= len(view)))
    if not len(rows):
        return found
    at, size = offsets[rows], sizes[rows]
    version = view[at].astype(np.int64) << 8 | view[at + 1]
    second = view[at + 2].astype(np.int64) << 8 | view[at + 3]
    fine = np.zeros(len(rows), np.bool_)
    for number, form in LAYOUTS.items():
        said = form.header + second * form.record
        # A snap length may have cut the datagram, padding may have lengthened it.
        fine |= (
            (version == number) & (second >= 1) & (second <= 64) & (size >= form.header) & (size <= said + 4)
        )
    whole = size > SCHEME_AT
    scheme = np.where(whole, view[np.where(whole, at + SCHEME_AT, 0)], 0)
    fine |= (version == 8) & np.isin(scheme, list(SCHEMES)) & (second >= 1) & (second <= 64)
    for number, header, templates in ((9, 20, (0, 1)), (10, 16, (2, 3))):
        mine = (version == number) & (size >= header + 4) & (at + header + 4 <= len(view))
        place = np.where(mine, at + header, 0)
        set_id = view[place].astype(np.int64) << 8 | view[np.minimum(place + 1, len(view) - 1)]
        sensible = np.isin(set_id, templates) | (set_id >= 256)
        claim = second >= size if number == 10 else (second >= 1) & (second <= MAX_V9_COUNT)
        claim |= (second == size) if number == 10 else claim
        fine |= mine & sensible & claim
    # An IPFIX message may be only a header: a keep-alive.
    fine |= (version == 10) & (second == 16) & (size == 16)
    found[rows] = fine
    return found
