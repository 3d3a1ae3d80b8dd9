"""Blanking what was understood: many spans of a section in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from slowworm.sources.session import Section

Span = tuple[int, int]
"""Begin and end of a piece of text, as offsets into a section."""

_NOT_NEWLINE = re.compile(r"[^\n]")


def blank(section: Section, spans: Iterable[Span]) -> Section:
    """The section with ``spans`` (in any order, overlapping or not) as white space; lines stay lines."""
    text, parts, done = section.text, [], 0
    for begin, end in sorted(spans):
        begin = max(begin, done)
        if end <= begin:
            continue
        piece = text[begin:end]
        parts += [text[done:begin], _NOT_NEWLINE.sub(" ", piece) if "\n" in piece else " " * len(piece)]
        done = end
    if not done:
        return section
    parts.append(text[done:])
    return replace(section, text="".join(parts))
