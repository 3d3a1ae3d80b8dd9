"""All inputs of one request put together: what one of them says about the flows of the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from slowworm.sources.base import Lookups, Note, Reading
from slowworm.sources.sampling import Sampling, sampling_notes

if TYPE_CHECKING:
    from slowworm.sources.dns.resolved import Resolutions


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """``readings``: one an input, in order of first appearance. ``notes``: about all of them together."""

    readings: tuple[Reading, ...]
    notes: tuple[Note, ...]


def gathered(readings: Iterable[Reading], sampling: Sampling | None = None) -> Gathered:
    """Readings with what they know of each other: later parts of an input, DNS, sampling rates said by the user."""
    said = sampling or Sampling()
    found: list[Reading] = []
    place: dict[str, int] = {}
    lookups: list[Lookups] = []
    for reading in readings:
        lookups += reading.lookups
        mine = replace(
            reading,
            batches=tuple(said.applied(batch) for batch in reading.batches),
            notes=tuple(n for n in reading.notes if n.id != "sampling-unknown" or said.rate(n.about) is None),
            lookups=(),
        )
        if reading.continues and reading.path in place:
            found[place[reading.path]] = _joined(found[place[reading.path]], mine)
        else:
            place[reading.path] = len(found)
            found.append(mine)
    notes: list[Note] = []
    if lookups:
        # Most inputs have no DNS, and it is slow to load.
        from slowworm.sources.dns.resolved import Resolutions

        resolutions = Resolutions()
        for one in lookups:
            resolutions.learn(one)
        found = [replace(r, batches=tuple(resolutions.marked(b) for b in r.batches)) for r in found]
        notes += _dns_notes(found, resolutions)
    notes += sampling_notes([batch for reading in found for batch in reading.batches], said)
    return Gathered(readings=tuple(found), notes=tuple(notes))


def _joined(one: Reading, more: Reading) -> Reading:
    formats = dict(one.formats)
    for name, flows in more.formats:
        formats[name] = formats.get(name, 0) + flows
    return replace(
        one,
        formats=tuple(formats.items()),
        batches=(*one.batches, *more.batches),
        problems=(*one.problems, *more.problems),
        notes=(*one.notes, *more.notes),
        context=(*one.context, *more.context),
    )


def _dns_notes(found: Iterable[Reading], resolutions: Resolutions) -> list[Note]:
    import pyarrow.compute as pc

    columns: list[pa.Array] = [b.column("resolved") for reading in found for b in reading.batches]
    yes = sum(pc.sum(column).as_py() or 0 for column in columns)
    no = sum(len(column) - column.null_count for column in columns) - yes
    clients = "1 client" if resolutions.clients == 1 else f"{resolutions.clients:,} clients"
    text = (
        f"DNS of {clients} is at hand: {yes:,} flows went to addresses that their source had got from it, "
        f"{no:,} to others"
    )
    notes = [Note(id="dns-resolved", text=text, count=yes)]
    if resolutions.full:
        text = "more DNS than is kept: no flow is said to be unresolved"
        notes.append(Note(id="dns-beyond", text=text))
    return notes
