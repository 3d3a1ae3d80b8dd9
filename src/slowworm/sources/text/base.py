"""The protocol of a text format, and what the parsers of router listings share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from slowworm.flows.table import Column
from slowworm.sources.base import Context, FormatInfo, Note
from slowworm.sources.session import Section

IPV4 = r"(?:\d{1,3}\.){3}\d{1,3}"
"""Regular expression of a dotted quad; values above 255 are refused when it is read."""

INTERFACE = r"[A-Za-z][\w/.:\-]{0,39}\*?"
"""Regular expression of an interface name as listings print it (``Gi0/1.100``, ``Se1/0*``, ``Null``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a format found in a section.

    ``columns``: schema column → values, ``rows`` of each (IPv4 flows); ``columns6``/``rows6`` likewise for
    IPv6. ``rest``: the section with everything understood blanked out, in one or several pieces.
    """

    rest: tuple[Section, ...]
    rows: int = 0
    columns: Mapping[str, Column] = field(default_factory=dict)
    rows6: int = 0
    columns6: Mapping[str, Column] = field(default_factory=dict)
    context: tuple[Context, ...] = ()
    notes: tuple[Note, ...] = ()


class TextFormat(Protocol):
    """One command's output. Stateless: everything it needs is in the section."""

    @property
    def info(self) -> FormatInfo:
        """Name and description."""

    @property
    def command(self) -> re.Pattern[str]:
        """Matches the command (from its first letter) whose output this is, abbreviations included."""

    def claims(self, section: Section) -> bool:
        """Whether the section seems to hold such output: by header words, or by rows without a header."""

    def read(self, section: Section) -> Found:
        """Read what is there; never raises for any text."""


def number(text: str) -> int:
    """A router's count: ``414``, ``12K``, ``3M``, ``1,234``."""
    text = text.replace(",", "")
    scale = {"K": 1_000, "M": 1_000_000, "G": 1_000_000_000}.get(text[-1:].upper(), 1)
    return int(float(text[:-1]) * scale) if scale > 1 else int(text)


def understood(section: Section, patterns: Iterable[re.Pattern[str]]) -> Section:
    """The section with every match of ``patterns`` blanked out."""
    text = section.text
    for pattern in patterns:
        text = pattern.sub(_spaces, text)
    return section if text is section.text else replace(section, text=text)


def _spaces(match: re.Match[str]) -> str:
    return _NOT_NEWLINE.sub(" ", match[0])


_NOT_NEWLINE = re.compile(r"[^\n]")


class LineCounter:
    """Lines of ascending offsets in a section's text, without counting from the start each time."""

    def __init__(self, section: Section) -> None:
        self._text = section.text
        self._line = section.line
        self._at = 0

    def at(self, offset: int) -> int:
        """1-based line in the file of ``offset``, which must not be below the one asked before."""
        self._line += self._text.count("\n", self._at, offset)
        self._at = offset
        return self._line
