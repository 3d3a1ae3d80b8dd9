"""One row per flow: parts that a timeout cut are joined, what several routers saw counts once.

    keys → timed, untimed → build

A *part* is a row that continues an earlier row of its flow, as an active timeout leaves it; its counters are
added. A *sighting* is a row of packets that another router, or another interface of the same one, counted as
well; its counters are never added. Where it cannot be told which of the two a row is, it is a sighting: too few
packets are better than packets that never were. Address translation changes the addresses, so that sightings on
its two sides are two flows here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from slowworm.flows.joining.build import rebuilt
from slowworm.flows.joining.keys import candidates
from slowworm.flows.joining.timed import timed
from slowworm.flows.joining.untimed import untimed
from slowworm.flows.schema import ip_version
from slowworm.flows.table import combine

__all__ = ["Joined", "one_row_per_flow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Flow batches with one row per flow, at most one batch per IP version; rows keep their order.

    ``sightings``: rows left out because another router or interface saw the same packets. ``parts``: rows
    left out because they are now in the row whose flow they continue.
    """

    batches: tuple[pa.RecordBatch, ...]
    sightings: int
    parts: int


def one_row_per_flow(batches: Sequence[pa.RecordBatch]) -> Joined:
    """Join the parts of each flow and recognise the sightings of one flow by several exporters.

    The result as a set of rows depends neither on the order of rows nor on how they are spread over batches.
    A joined row has the earliest start, the latest end, all TCP flags, the counters of the exporter that
    counted most, and everything else from the sighting that began first (then the first in the alphabet).
    """
    by_version: dict[int, list[pa.RecordBatch]] = {4: [], 6: []}
    for batch in batches:
        if batch.num_rows:
            by_version[ip_version(batch)].append(batch)
    kept, sightings, parts = [], 0, 0
    for found in by_version.values():
        if not found:
            continue
        whole = combine(found)
        flows = [
            made
            for rows in candidates(whole)
            if (made := (timed if rows.timed else untimed)(whole, rows)) is not None
        ]
        kept.append(rebuilt(whole, flows))
        sightings += sum(f.sightings for f in flows)
        parts += sum(f.parts for f in flows)
    return Joined(batches=tuple(kept), sightings=sightings, parts=parts)
