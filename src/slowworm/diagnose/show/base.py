"""What the parsers of ``show`` output share: how commands are typed, how text is matched, quoted and left over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from slowworm.diagnose.facts import Fact, Place
from slowworm.diagnose.secrets import redacted
from slowworm.sources.base import FormatInfo
from slowworm.sources.session import Section, readable
from slowworm.sources.text.spans import Span, blank

MAX_QUOTED = 160
"""Characters of a line that are quoted as evidence."""

MAX_LISTED = 50_000
"""Rows of one listing that are kept one by one; all are counted. A stressed router lists hundreds of thousands of
ARP entries or translations, and what they say is in the counts."""

_TOKEN = re.compile(r"(?P<open>\[)?(?P<head>[\w\-]+)(?:\((?P<tail>[\w\-]+)\))?(?P<close>\])?")


def rx(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """A compiled pattern in which a blank stands for any white space: pastes lose ends of lines and columns."""
    return re.compile(pattern.replace(" ", r"\s+"), re.ASCII | flags)


def typed(spec: str) -> re.Pattern[str]:
    """What matches a command as typed: ``"sh(ow) ip ca(che) [v(erbose)]"``, parentheses hold what may be left out."""
    made = r"\s*(?:do\s+)?"
    for number, alternatives in enumerate(spec.split()):
        words = []
        optional = alternatives.startswith("[")
        for word in alternatives.strip("[]").split("|"):
            match = _TOKEN.fullmatch(word)
            if match is None:
                raise ValueError(f"no command word: {word}")
            tail = ""
            for letter in reversed(match["tail"] or ""):
                tail = f"(?:{re.escape(letter)}{tail})?"
            words.append(re.escape(match["head"]) + tail)
        part = (r"[ \t]+" if number else "") + f"(?:{'|'.join(words)})(?![\\w\\-])"
        made += f"(?:{part})?" if optional else part
    return re.compile(made, re.IGNORECASE)


def shown_plainly(text: str) -> str:
    """:func:`readable`, quick for the usual text, of which there may be millions of lines."""
    return text if text.isascii() and text.isprintable() else readable(text)


class Scan:
    """The output of one command while it is read: patterns take from it, the rest is reported."""

    def __init__(
        self, section: Section, *, output: int = 0, time: datetime | None = None, filtered: bool = False
    ) -> None:
        self.section = section
        self.text = section.text
        self.time = time
        self.filtered = filtered
        """Whether ``| include`` or the like left out lines."""
        self._output = output
        self._spans: list[Span] = []
        self._line, self._offset = section.line, 0

    def each(
        self, pattern: re.Pattern[str], begin: int = 0, end: int | None = None
    ) -> Iterator[re.Match[str]]:
        """Every match; what it covers is understood."""
        for match in pattern.finditer(self.text, begin, len(self.text) if end is None else end):
            self._spans.append(match.span())
            yield match

    def first(self, pattern: re.Pattern[str], begin: int = 0, end: int | None = None) -> re.Match[str] | None:
        """The first match, if any; what it covers is understood."""
        match = pattern.search(self.text, begin, len(self.text) if end is None else end)
        if match:
            self._spans.append(match.span())
        return match

    def understood(self, begin: int, end: int) -> None:
        """A span that a parser read by other means."""
        self._spans.append((begin, end))

    def skip(self, *patterns: re.Pattern[str]) -> None:
        """Headers, rules and lines without a fact."""
        for pattern in patterns:
            self._spans += [match.span() for match in pattern.finditer(self.text)]

    def skip_all(self) -> None:
        """For output of which only some lines are read: all of it is understood."""
        self._spans.append((0, len(self.text)))

    def place(self, match: re.Match[str]) -> Place:
        """Where a match begins, with its line; where ends of lines were lost, with the match itself."""
        return self.place_at(match.start(), match.end())

    def place_at(self, begin: int, end: int) -> Place:
        """The same for a span."""
        while begin < end and self.text[begin].isspace():
            begin += 1
        low = self.text.rfind("\n", max(0, begin - MAX_QUOTED), begin) + 1
        high = self.text.find("\n", begin, begin + MAX_QUOTED)
        if high < 0:
            high = len(self.text)
        whole = (low > 0 or begin <= MAX_QUOTED) and high - low <= MAX_QUOTED
        shown = self.text[low:high] if whole else self.text[begin:end]
        quoted = shown_plainly(" ".join(shown.split())[: 2 * MAX_QUOTED])
        return Place(
            file=self.section.path,
            line=self.place_line(begin),
            text=redacted(quoted)[:MAX_QUOTED],
            output=self._output,
            time=self.time,
        )

    def place_line(self, offset: int) -> int:
        """The 1-based line in the file of a character."""
        if offset >= self._offset:
            self._line += self.text.count("\n", self._offset, offset)
        else:
            self._line -= self.text.count("\n", offset, self._offset)
        self._offset = offset
        return self._line

    def rest(self) -> Section:
        """The section with what was understood as white space."""
        return blank(self.section, self._spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCommand:
    """One command whose output is read.

    ``typed``: the ways to type it. ``words``: words that stand in every such output, a quick test; ``claims``: what
    tells it where the command is missing. ``carries``: what is read, for ``slowworm formats``.
    """

    name: str
    typed: Sequence[re.Pattern[str]]
    words: Sequence[str]
    claims: re.Pattern[str]
    carries: str
    read: Callable[[Scan], Sequence[Fact]]

    @property
    def info(self) -> FormatInfo:
        """What ``slowworm formats`` says of it."""
        return FormatInfo(
            name=f"diagnose: {self.name}",
            title="read by slowworm diagnose",
            commands=(self.name,),
            carries=self.carries,
            lacks="flows",
        )

    def match(self, text: str) -> re.Match[str] | None:
        """The longest way to type it that ``text`` begins with."""
        found = [match for pattern in self.typed if (match := pattern.match(text))]
        return max(found, key=lambda m: m.end(), default=None)

    def claimed(self, text: str) -> bool:
        """Whether text without a command seems to hold its output."""
        return all(word in text for word in self.words) and self.claims.search(text) is not None


def number(match: re.Match[str], name: str) -> int | None:
    """A named group as a number; ``None`` where it took no part."""
    text = match[name]
    return None if text is None else int(text)


def seconds(text: str) -> int | None:
    """Seconds of a router's duration: ``03:55:12``, ``1d02h``, ``2w3d``; ``None`` for ``never``."""
    clock = re.fullmatch(r"(\d{1,6}):(\d{2}):(\d{2})", text)
    if clock:
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3])
    parts = re.findall(r"(\d{1,6})([ywdhms])", text)
    if not parts or "".join(n + unit for n, unit in parts) != text:
        return None
    sizes = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
    return sum(int(n) * sizes[unit] for n, unit in parts)
