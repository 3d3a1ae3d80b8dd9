"""What is left of a session when the formats are done: furniture is passed over, the rest is reported."""

from __future__ import annotations

import re
from collections.abc import Iterable

from slowworm.sources.base import Note, Problem
from slowworm.sources.session import MAX_COMMAND, Section, readable
from slowworm.sources.text.base import INTERFACE, IPV4

MAX_PROBLEMS = 50
"""Distinct problems shown for one input; the rest is one line with a count."""

MAX_TEXT = 160
"""Characters of a line that are quoted."""

MAX_LINE = 1000
"""Characters of a line that are looked at: no furniture is longer, and patterns stay fast on hostile text."""

_CUT_ROW = re.compile(rf"{INTERFACE}\s+{IPV4}(?:\s|$)|{IPV4}\s+(?:\d{{1,3}}\.)+")
_FURNITURE = re.compile(
    r"""(?:
      [\W_]*                                              # rules, boxes, blank lines
    | --\s?More\s?--
    | Load\ for\ five\ secs:.* | Time\ source\ is\ .*     # terminal exec prompt timestamp
    | (?:User\ Access\ Verification|Username:.*|[Pp]assword:.*|login:.*|Last\ login.*)
    | (?:Trying\ .*|Connected\ to\ .*|Escape\ character\ is.*|Connection\ to\ .*\ closed.*|Building\ configuration.*)
    | (?:Enter\ configuration\ commands.*|End\ with\ CNTL.*|%\ Configured\ .*)
    | (?:[*.]?[A-Z][a-z]{2}\s+\d+\s+[\d:.]+.*|\d+[wdyh][\d:wdyhms]*:\s?|[\d:]+:\s?)?
      %[A-Z0-9_]+-(?:\w+-)?\d-[A-Z0-9_]+:.*               # syslog messages in between
    | \#.*                                                # a comment somebody put into a saved file
    | (?:[*!].*(?:[Aa]uthori[sz]ed|[Ww]arning|[Pp]rohibited|WARNING|NOTICE).*)
    | (?:.*\b(?:[Uu]nauthori[sz]ed|[Aa]uthori[sz]ed)\ (?:access|users?|use|personnel)\b.*)
    | ([*#=\-+!])(?:.*)\1                                 # boxed banner lines
    )$""",
    re.VERBOSE,
)
_REFUSED = re.compile(
    r"(?:Invalid\s+input\s+detected|(?:Incomplete|Ambiguous|Unknown)\s+command|Authorization\s+failed)"
)
_MARKER = re.compile(r"^\s*\^\s*$")
_OTHER_SHOW = re.compile(r"\s*(?:do\s+)?sh(?:o|ow)?\s+(?P<what>\S.*)", re.IGNORECASE)


class Leftover:
    """Collects what no format understood, by section."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._problems: dict[str, list[int]] = {}  # text -> [first line, count]
        self._more = 0
        self._other: dict[str, int] = {}

    def add(self, section: Section, pieces: Iterable[Section], *, flows: int, known: bool) -> None:
        """Account for ``pieces`` of ``section`` after the formats read ``flows`` flows from it.

        ``known``: a format recognised the section, so that a stray line in it is a problem rather than
        another command's output.
        """
        other = None if known or flows else _OTHER_SHOW.match(section.command or "")
        first = True
        for piece in pieces:
            lines = piece.text.split("\n")
            for number, line in enumerate(lines):
                if first and section.prompted and not (number or flows) and len(line) <= MAX_COMMAND:
                    first = False
                    continue  # the command itself
                first = False
                stripped = line.strip()[:MAX_LINE]
                if not stripped or _MARKER.match(line):
                    continue
                if _REFUSED.search(stripped):
                    self._add(piece.line + number, f"the router refused the command: {readable(stripped)}")
                elif _FURNITURE.match(stripped):
                    continue
                elif other:
                    what = readable(" ".join(other["what"].split())[:60])
                    self._other[what] = self._other.get(what, 0) + 1
                elif flows and _CUT_ROW.match(stripped):
                    self._add(piece.line + number, f"cut off or damaged row: {readable(stripped)}")
                else:
                    self._add(piece.line + number, readable(stripped))

    def _add(self, line: int, text: str) -> None:
        text = text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
        seen = self._problems.get(text)
        if seen:
            seen[1] += 1
        elif len(self._problems) < MAX_PROBLEMS:
            self._problems[text] = [line, 1]
        else:
            self._more += 1

    def problems(self) -> tuple[Problem, ...]:
        """Not understood lines, first come first; equal ones once with their count."""
        found = [
            Problem(where=f"{self._path}:{line}", text=text, count=n)
            for text, (line, n) in self._problems.items()
        ]
        if self._more:
            found.append(
                Problem(where=self._path, text="more lines like these were not understood", count=self._more)
            )
        return tuple(found)

    def notes(self) -> tuple[Note, ...]:
        """Other commands' output that lists no flows."""
        if not self._other:
            return ()
        names = ", ".join(f"show {what}" for what in list(self._other)[:5])
        return (
            Note(
                id="other-commands",
                count=sum(self._other.values()),
                text=(f"{self._path}: passed over the output of {names}, which lists no flows"),
            ),
        )
