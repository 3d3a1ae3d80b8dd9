"""The record format of `show flow monitor NAME cache`: a field a line, ``IPV4 SOURCE ADDRESS:  10.1.1.1``."""

from __future__ import annotations

import bisect
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from slowworm.sources.text import flow_monitor_fields as fields
from slowworm.sources.text.flow_monitor_tables import Add
from slowworm.sources.text.spans import Span

_KEY_REACH = 80
"""Characters before a colon in which the name of its field stands."""

_COLON = re.compile(r"(?<=[A-Za-z0-9)])[ \t\r\n]{0,4}:")
_TOKEN = re.compile(r"\S+")
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")
_UNKNOWN = re.compile(
    r"[ \t\r]*+\n[ \t]*+[A-Za-z][A-Za-z0-9/().\-]{0,39}(?:[ \t]{1,9}[A-Za-z0-9/().\-]{1,40}){0,7}"
    r"[ \t]*+:[ \t]++[^%\s][^\n]*+"
)
"""A line of a field that is not in the list of known ones."""


@dataclass(slots=True, kw_only=True)
class _Key:
    """A field name with its colon; ``name`` is empty where the words before it make it another field."""

    begin: int
    value: int
    name: str
    upper: bool
    lower: bool


@dataclass(slots=True, kw_only=True)
class _Entry:
    """An entry while it is put together."""

    begin: int
    names: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)


def read_records(text: str, breaks: Sequence[int], add: Add) -> list[Span]:
    """Entries of named values; returns what was understood.

    ``breaks``: ascending offsets that no entry reaches over (the counters printed above each cache). An entry
    that has only the first or the last fields of another one is cut off and left alone; so is one without
    counters if nothing else shows that it is whole.
    """
    entries = _entries(text, _keys(text), breaks)
    wholes: dict[tuple[str, str], list[str]] = {}  # the longest entry with this first, or this last, name
    alike = Counter(tuple(entry.names) for entry in entries)
    for names in (entry.names for entry in entries):
        for end in (("first", names[0]), ("last", names[-1])):
            wholes[end] = max(wholes.get(end, []), names, key=len)
    spans: list[Span] = []
    for entry in entries:
        alone = alike[tuple(entry.names)] == 1
        if not _is_cut(entry.names, wholes, alone=alone, last=entry.spans[-1][1] == len(text)) and add(
            entry.values, entry.begin
        ):
            spans += entry.spans
    return spans


def _is_cut(
    names: list[str], wholes: Mapping[tuple[str, str], list[str]], *, alone: bool, last: bool
) -> bool:
    """Whether an entry lost its end or beginning; ``last``: its last value is the end of the text."""
    size, by_first, by_last = len(names), wholes["first", names[0]], wholes["last", names[-1]]
    if (size < len(by_first) and by_first[:size] == names) or (
        size < len(by_last) and by_last[-size:] == names
    ):
        return True
    kept = {fields.FIELDS.get(name, name) for name in names}
    if kept & {"packets", "bytes"}:
        return False  # counters come last
    paired = kept.intersection(fields.SOURCES) and kept.intersection(fields.DESTINATIONS)
    return not paired or (alone and (last or "protocol" not in kept))


def _keys(text: str) -> list[_Key]:
    """Every known field name before a colon, also where lines are collapsed or wrapped."""
    keys: list[_Key] = []
    low = 0
    for colon in _COLON.finditer(text):
        begin = max(low, colon.start() - _KEY_REACH)
        if text[max(begin, colon.start() - 24) : colon.start()].split()[-1].lower() not in fields.LAST_WORDS:
            continue
        words = [(match.start(), match[0]) for match in _TOKEN.finditer(text, begin, colon.start())]
        words = words[-fields.MOST_WORDS :]
        size, start = _glued(words) if keys and len(words) > 1 and words[0][0] == low else (0, 0)
        if not size:
            size = fields.known_suffix([word for _, word in words])
            start = words[-size][0]
        if size:
            begin = _foreign(text, keys[-1], start) if keys else start
            written = text[start : colon.start()]
            keys.append(
                _Key(
                    begin=begin,
                    value=colon.end(),
                    upper=written.isupper(),
                    lower=written.islower(),
                    name="" if begin < start else fields.canonical(written.split()),
                )
            )
            low = colon.end()
    return keys


def _glued(words: Sequence[tuple[int, str]]) -> tuple[int, int]:
    """Words and begin of a name that sticks to the value before it: ``10.1.1.2IPV4 SOURCE ADDRESS``."""
    first, others = words[0][1], [word for _, word in words[1:]]
    for at in range(1, len(first)):
        name = [first[at:], *others]
        if name[0].lower() in fields.FIRST_WORDS and fields.known_suffix(name) == len(name):
            return len(name), words[0][0] + at
    return 0, 0


def _foreign(text: str, previous: _Key, start: int) -> int:
    """Where a name begins: before ``start`` if other words stand between it and the previous value.

    Then it is but the end of another name: ``overlay ipv4 source address``.
    """
    if previous.name in fields.LOOSE:
        return start
    low = max(previous.value, start - 2 * _KEY_REACH)
    value, newline, beside = text[low:start].rpartition("\n")
    words = [match.start() for match in _TOKEN.finditer(text, start - len(beside), start)]
    others = words if newline and value.strip() else words[1:]
    return others[0] if others else start


def _entries(text: str, keys: Sequence[_Key], breaks: Sequence[int]) -> list[_Entry]:
    """Keys grouped into entries.

    A new one begins where a name comes again, behind a break, behind a blank line, and where an upper-case
    name (a key field) follows a lower-case one: the first entry may have lost its beginning.
    """
    gaps = [text[max(a.value, b.begin - 2 * _KEY_REACH) : b.begin] for a, b in pairwise(keys)]
    blanks = [bool(_BLANK_LINE.search(gap)) for gap in gaps]
    if sum(blanks) * 2 > len(blanks):  # every line is followed by a blank one
        blanks = [False] * len(blanks)
    entries: list[_Entry] = []
    for number, key in enumerate(keys):
        following = keys[number + 1].begin if number + 1 < len(keys) else len(text)
        end, value = _value(text, key, following)
        if not value:
            continue
        if (
            not entries
            or key.name in entries[-1].values
            or blanks[number - 1]
            or (key.upper and keys[number - 1].lower)
            or bisect.bisect(breaks, key.begin) != bisect.bisect(breaks, entries[-1].begin)
        ):
            entries.append(_Entry(begin=key.begin))
        entry = entries[-1]
        entry.spans.append((key.begin, end))
        if key.name:
            entry.names.append(key.name)
            entry.values[key.name] = value
        while (unknown := _UNKNOWN.match(text, end)) and unknown.end() <= following:
            end = unknown.end()
            entry.spans.append((unknown.start(), end))
    return [entry for entry in entries if entry.names]


def _value(text: str, key: _Key, following: int) -> tuple[int, str]:
    """End and text of a value: the first word, or the rest of the line where words belong together."""
    first = _TOKEN.search(text, key.value, following)
    if first is None:
        return key.value, ""
    stop = text.find("\n", first.end(), following)
    line = text[first.start() : stop if stop >= 0 else following].rstrip()
    loose = key.name in fields.LOOSE or not key.name or line[len(first[0]) :].lstrip()[:1] == "("
    return (first.start() + len(line), line) if loose else (first.end(), first[0])
