"""Reads a terminal session or saved listing: every flow listing in it, and an account of the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa

from slowworm.flows.table import flow_batch
from slowworm.sources.base import Context, Note, Reading, merged
from slowworm.sources.session import MAX_COMMAND, Section, clean, split
from slowworm.sources.text.base import IPV4, Found, TextFormat
from slowworm.sources.text.bulk import take_out
from slowworm.sources.text.cache_flow import CacheFlow
from slowworm.sources.text.leftover import Leftover

SHORT = 40
"""Shorter sections without a digit or a ``show`` hold nothing that a format reads: most prompts lead to such."""

_TELLING = re.compile(r"\d|sh", re.IGNORECASE)
_BLANKS = re.compile(r"\s*")
_ADDRESS = re.compile(IPV4)


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
    sections = split(path, bulk.rest if bulk else clean(data))
    if bulk:
        batches += bulk.batches(path, sections)
        counts[CacheFlow.info.name] = bulk.found.rows
        sections = bulk.counted(sections)
    for section in sections:
        if len(section.text) < SHORT and not _TELLING.search(section.text) and not section.taken:
            leftover.add(section, [section], flows=0, known=False)
            continue
        pieces: list[Section] = [section]
        flows, known, commanded = section.taken, False, False
        for form in formats:
            command = _command(section, form) if section.prompted else None
            by_command = command is not None
            commanded |= by_command
            if command and not section.taken and not section.text[command.end() :].strip():
                known, pieces = True, []  # it listed nothing
                counts.setdefault(form.info.name, 0)
                break
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
            pieces = _without_command(section, remaining, form) if by_command else remaining
        leftover.add(section, pieces, flows=flows, known=known, commanded=commanded)
    return Reading(
        path=path,
        formats=tuple(counts.items()),
        batches=tuple(batches),
        problems=leftover.problems(),
        notes=(*merged(notes), *leftover.notes()),
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


def _without_command(section: Section, pieces: list[Section], form: TextFormat) -> list[Section]:
    """Blank the command itself, which is understood, where a piece still begins with it; its filters too."""
    cleaned = []
    for piece in pieces:
        match = _command(piece, form)
        if match:
            line = piece.text.partition("\n")[0]
            more = line[match.end() :]
            whole = "\n" in section.text[: MAX_COMMAND + 2] and line.strip() == section.command
            filters = (
                whole and ("|" in match[0] or more.lstrip().startswith("|")) and not _ADDRESS.search(more)
            )
            piece = piece.blanked(match.start(), len(line) if filters else match.end())
        cleaned.append(piece)
    return cleaned
