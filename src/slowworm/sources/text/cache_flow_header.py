"""The header of `show ip cache flow` where a copy damaged some of its words."""

from __future__ import annotations

import re
from itertools import takewhile

from slowworm.sources.session import Section
from slowworm.sources.text.spans import Span, blank

ENOUGH_WORDS = 3
"""Words of the header that tell it: fewer may stand in prose, more are not left in the public copies."""

WORDS_BEFORE, WORDS_BEHIND = 12, 4
"""Words without a digit that are taken for damaged parts of the header, in front of its words and behind them. Data
have digits; the prose that a header may be glued to is cut short."""

_WORD = re.compile(r"SrcIPaddress|DstIPaddress|SrcIf|DstIf|SrcP|DstP|Pkts|NextHop|B/Pk")
_BETWEEN = re.compile(r"[^\d\n]{0,60}")
_AROUND = 300


def without_damaged_headers(section: Section) -> Section:
    """The section with headers blanked of which ENOUGH_WORDS are left in a row, however damaged the others are."""
    text = section.text
    spans: list[Span] = []
    words = begin = end = 0
    for match in _WORD.finditer(text):
        if words and _BETWEEN.fullmatch(text, end, match.start()):
            words += 1
        else:
            if words >= ENOUGH_WORDS:
                spans.append((_back(text, begin), _ahead(text, end)))
            words, begin = 1, match.start()
        end = match.end()
    if words >= ENOUGH_WORDS:
        spans.append((_back(text, begin), _ahead(text, end)))
    return blank(section, spans)


def _back(text: str, at: int) -> int:
    """Where the words without a digit begin that stand on the line in front of ``at``."""
    return at - _reach(text[max(0, at - _AROUND) : at].rpartition("\n")[2][::-1], WORDS_BEFORE)


def _ahead(text: str, at: int) -> int:
    return at + _reach(text[at : at + _AROUND].partition("\n")[0], WORDS_BEHIND)


def _reach(line: str, words: int) -> int:
    """Length of the start of ``line`` that holds at most so many words, none of them with a digit."""
    reach = 0
    tokens = re.finditer(r"\S+", line)
    for _, match in zip(range(words), takewhile(lambda m: not re.search(r"\d", m[0]), tokens), strict=False):
        reach = match.end()
    return reach
