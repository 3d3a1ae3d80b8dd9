"""JSON as clouds write it, read as far as it goes: one document, an array, or an object a line; cut or damaged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from slowworm.sources.tables.damage import Damage

MAX_RESTARTS = 50
"""How often reading starts again behind a damaged record: each look may go to the end of the input."""

_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An object and the 1-based line where it begins."""

    value: dict[str, Any]
    line: int


def documents(
    data: bytes, damage: Damage, *, begin: re.Pattern[str], inside: str = "records"
) -> Iterator[Found]:
    """Every record object: of lines, of an array, or of arrays called ``inside`` in a document.

    ``begin`` matches the first brace and key of a record; from there reading goes on behind damage.
    """
    text = data.decode("utf-8", "replace")
    lines = _Lines(text)
    opening = re.compile(rf'(?:[\s,\[\]}}]|\{{\s*"{inside}"\s*:\s*\[)*')
    at, restarts = 0, 0
    while (at := _end(opening, text, at)) < len(text):
        line = lines.at(at)
        value, end = _decode(text, at)
        if end:
            if isinstance(value, dict):
                yield Found(value=value, line=line)
            else:
                damage.at(line, "no record", text[at : at + 200].encode("utf-8", "replace"))
            at = end
            continue
        damage.at(line, "cut off or damaged record", text[at : at + 200].encode("utf-8", "replace"))
        step = begin.search(text, at + 1)
        restarts += 1
        if not step:
            return
        at = step.start()
        if restarts >= MAX_RESTARTS:
            damage.at(lines.at(at), "too damaged: the rest was not read")
            return


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where a match of ``pattern`` at ``at`` ends, ``at`` itself if there is none."""
    match = pattern.match(text, at)
    return match.end() if match else at


def _decode(text: str, at: int) -> tuple[Any, int]:
    """The value that begins at ``at`` and where it ends, 0 where it is damaged."""
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None, 0


class _Lines:
    """Lines of ascending offsets."""

    def __init__(self, text: str) -> None:
        self._text, self._line, self._at = text, 1, 0

    def at(self, offset: int) -> int:
        self._line += self._text.count("\n", self._at, offset)
        self._at = offset
        return self._line
