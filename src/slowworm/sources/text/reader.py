"""Reads a terminal session or saved listing: every flow listing in it, and an account of the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa

from slowworm.flows.table import flow_batch
from slowworm.sources.base import Context, Note, Reading
from slowworm.sources.session import Section, clean, split
from slowworm.sources.text.base import Found, TextFormat
from slowworm.sources.text.bulk import take_out
from slowworm.sources.text.cache_flow import CacheFlow
from slowworm.sources.text.leftover import Leftover

_BLANKS = re.compile(r"\s*")


def read_text(path: str, data: bytes, formats: Sequence[TextFormat]) -> Reading:
    """All flows of a text, in order of appearance; several commands, routers and formats at once.

    ``formats`` is tried in order on every section; each takes what is its own and leaves the rest to the
    next. Never raises for any bytes.
    """
    counts: dict[str, int] = {}
    batches: list[pa.RecordBatch] = []
    notes: list[Note] = []
    context: list[Context] = []
    leftover = Leftover(path)
    bulk = take_out(data) if any(form.info.name == CacheFlow.info.name for form in formats) else None
    sections = split(path, clean(bulk.rest if bulk else data))
    if bulk:
        batches += bulk.batches(path, sections)
        counts[CacheFlow.info.name] = bulk.found.rows
    for section in sections:
        pieces: list[Section] = [section]
        flows, known = 0, bulk is not None
        for form in formats:
            by_command = section.prompted and _command(section, form) is not None
            remaining: list[Section] = []
            for piece in pieces:
                if not (by_command or form.claims(piece)):
                    remaining.append(piece)
                    continue
                known = True
                found = form.read(piece)
                flows += found.rows + found.rows6
                counts[form.info.name] = counts.get(form.info.name, 0) + found.rows + found.rows6
                batches += _batches(path, section, found)
                notes += found.notes
                context += found.context
                remaining += found.rest
            pieces = _without_command(remaining, form) if by_command else remaining
        leftover.add(section, pieces, flows=flows, known=known)
    return Reading(
        path=path,
        formats=tuple(counts.items()),
        batches=tuple(batches),
        problems=leftover.problems(),
        notes=(*_distinct(notes), *leftover.notes()),
        context=tuple(context),
    )


def _batches(path: str, section: Section, found: Found) -> list[pa.RecordBatch]:
    common = {"input": path}
    if section.hostname:
        common["exporter"] = section.hostname
    made = []
    if found.rows:
        made.append(flow_batch({**common, **found.columns}, rows=found.rows))
    if found.rows6:
        made.append(flow_batch({**common, **found.columns6}, rows=found.rows6, ip_version=6))
    return made


def _command(section: Section, form: TextFormat) -> re.Match[str] | None:
    """The format's command where the section begins with it."""
    blank = _BLANKS.match(section.text)
    return form.command.match(section.text, blank.end() if blank else 0)


def _without_command(pieces: list[Section], form: TextFormat) -> list[Section]:
    """Blank the command itself, which is understood, where a piece still begins with it."""
    cleaned = []
    for piece in pieces:
        match = _command(piece, form)
        cleaned.append(piece.blanked(match.start(), match.end()) if match else piece)
    return cleaned


def _distinct(notes: list[Note]) -> list[Note]:
    merged: dict[tuple[str, str], int] = {}
    for note in notes:
        merged[note.id, note.text] = merged.get((note.id, note.text), 0) + note.count
    return [Note(id=i, text=t, count=n) for (i, t), n in merged.items()]
