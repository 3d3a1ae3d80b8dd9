"""What is left of a session when the formats are done: furniture is passed over, the rest is reported."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from operator import itemgetter

from slowworm.sources.base import Note, Problem
from slowworm.sources.session import MARK, MAX_COMMAND, Section, readable
from slowworm.sources.text.base import IPV4

MAX_PROBLEMS = 50
"""Distinct problems shown for one input; the rest is one line with a count."""

MAX_TEXT = 160
"""Characters of a line that are quoted."""

MAX_QUOTED = 60
"""Characters that are quoted of a command and of the router's refusal of it."""

ANOTHER_FORM = "(slowworm formats lists other forms)"

MAX_LINE = 1000
"""Longest line that may be furniture: none is longer, and patterns stay fast on hostile text."""

MAX_REMEMBERED = 10_000
"""Distinct lines whose kind is remembered: listings repeat themselves, hostile text may not fill the memory."""

MAX_OTHER = 1000
"""Distinct other commands that are told apart; a note names five of them."""

_CUT_ROW = re.compile(
    rf"(?:[A-Za-z][\w./:\-]{{0,30}}\d[\w./:\-]{{0,30}}\*?|Null|Local)\s+(?:{IPV4}(?:\s|$)|(?:\d{{1,3}}\.?){{1,4}}$)"
    rf"|{IPV4}\s+(?:\d{{1,3}}\.)+"
)
_FURNITURE = re.compile(
    r"""(?:
      [\W_]*                                              # rules, boxes, blank lines
    | --\s?More\s?--
    | Load\ for\ five\ secs:.* | Time\ source\ is\ .*     # terminal exec prompt timestamp
    | (?:User\ Access\ Verification|Username:.*|[Pp]assword:.*|login:.*|Last\ login.*)
    | (?:Trying\ .*|Connected\ to\ .*|Escape\ character\ is.*|Connection\ to\ .*\ closed.*|Building\ configuration.*)
    | (?:Enter\ configuration\ commands.*|End\ with\ CNTL.*|%\ Configured\ .*)
    | (?:[*.]?[A-Z][a-z]{2}\s++\d++\s++[\d:.]++[^%]*+|\d++(?:[wdyh]|:\d)[\dwdyhms:]*:\s?)?
      %[A-Z0-9_]++-(?:\w++-)?\d-[A-Z0-9_]++:.*            # syslog messages in between
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
_WORD = re.compile(r"[^\W_]")
_OTHER_SHOW = re.compile(r"\s{0,20}(?:do\s{1,20})?sh(?:o|ow)?\s{1,20}(?P<what>\S.*)", re.IGNORECASE)
_FEW_WORDS = re.compile(r"\S+(?:[ \t]+\S+){0,3}")

REFUSED, FURNITURE, CUT, TEXT = range(4)
"""Kinds of lines."""


class Leftover:
    """Collects what no format understood, by section."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._problems: dict[str, list[int]] = {}  # text -> [first line, count]
        self._kinds: dict[str, int] = {}
        self._more = 0
        self._other: dict[str, int] = {}

    def add(
        self, section: Section, pieces: Iterable[Section], *, flows: int, known: bool, commanded: bool = False
    ) -> None:
        """Account for ``pieces`` of ``section`` after the formats read ``flows`` flows from it.

        ``known``: a format recognised the section, so that a stray line in it is a problem rather than
        another command's output. ``commanded``: it recognised the command too, which ``pieces`` lack.
        """
        command = section.command
        beside_rows = section.taken and MARK in section.text.partition("\n")[0]
        typed = None if commanded or beside_rows else command
        other = None if known or flows else _other_command(section)
        for piece in pieces:
            lines = piece.text.split("\n")
            counts = Counter(lines)
            for line, index in _first_met(lines):
                stripped, number, times = line.strip(), piece.line + index, counts[line]
                if not stripped:
                    continue
                kind = self._kind(stripped)
                if kind == FURNITURE:
                    continue
                if typed is not None and number == section.line and stripped == typed and kind != CUT:
                    if other and "\n" not in section.text:
                        self._count_other(other, 1)  # a paste that lost its ends of lines: output and all
                    times -= 1
                    if not times:
                        continue
                    number = piece.line + lines.index(line, index + 1)
                if kind == REFUSED:
                    said = f" ({readable(command)})" if command and len(command) <= MAX_QUOTED else ""
                    quoted = readable(stripped[:MAX_QUOTED])
                    self._add(number, f"the router refused the command{said}: {quoted} {ANOTHER_FORM}", times)
                elif other:
                    self._count_other(other, times)
                elif kind == CUT and (flows or known):
                    self._add(number, f"cut off or damaged row: {readable(stripped[:MAX_TEXT])}", times)
                else:
                    self._add_line(number, stripped, times)

    def _kind(self, stripped: str) -> int:
        known = self._kinds.get(stripped)
        if known is not None:
            return known
        if len(stripped) > MAX_LINE:
            return TEXT if _WORD.search(stripped) else FURNITURE
        if _REFUSED.search(stripped):
            kind = REFUSED
        elif _FURNITURE.match(stripped):
            kind = FURNITURE
        else:
            kind = CUT if _CUT_ROW.match(stripped) else TEXT
        if len(self._kinds) < MAX_REMEMBERED:
            self._kinds[stripped] = kind
        return kind

    def _count_other(self, what: str, times: int) -> None:
        if what not in self._other and len(self._other) >= MAX_OTHER:
            what = "and others"
        self._other[what] = self._other.get(what, 0) + times

    def _add_line(self, line: int, stripped: str, times: int) -> None:
        plain = len(stripped) <= MAX_TEXT and stripped.isascii() and stripped.isprintable()
        if plain and self._full and stripped not in self._problems:
            self._more += times  # quick: there may be millions
        else:
            self._add(line, readable(stripped[:MAX_TEXT]) + ("…" if len(stripped) > MAX_TEXT else ""), times)

    @property
    def _full(self) -> bool:
        return len(self._problems) >= MAX_PROBLEMS

    def _add(self, line: int, text: str, times: int) -> None:
        text = text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
        seen = self._problems.get(text)
        if seen:
            seen[1] += times
        elif not self._full:
            self._problems[text] = [line, times]
        else:
            self._more += times

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
        more = f" and {len(self._other) - 5} more" if len(self._other) > 5 else ""
        return (
            Note(
                id="other-commands",
                count=sum(self._other.values()),
                text=(f"{self._path}: passed over the output of {names}{more}, which lists no flows"),
            ),
        )


def _first_met(lines: list[str]) -> list[tuple[str, int]]:
    """Distinct lines with the index of their first, in order: text may be millions of the same."""
    first = dict(zip(reversed(lines), range(len(lines) - 1, -1, -1), strict=True))
    return sorted(first.items(), key=itemgetter(1))


def _other_command(section: Section) -> str | None:
    """What is shown by the other ``show`` command that the section begins with, if it does with one."""
    if not section.prompted:
        return None
    match = _OTHER_SHOW.match(section.text[: MAX_COMMAND + 1])
    if match is None:
        return None
    what = match["what"]
    if "\n" not in section.text[: MAX_COMMAND + 2]:  # the ends of lines were lost: the first words name it
        few = _FEW_WORDS.match(what)
        what = few[0] if few else what
    return readable(" ".join(what.split())[:MAX_QUOTED])
