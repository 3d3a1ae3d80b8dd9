"""What was not understood: counted by reason, the first few of each quoted with their place."""

from __future__ import annotations

import numpy as np

from slowworm.sources.base import Note, Problem
from slowworm.sources.session import readable
from slowworm.sources.tables.slices import Bools, Ints, Slices

MAX_SHOWN = 10
"""Problems of one reason that are quoted; the others are one problem with their count."""

MAX_QUOTED = 120
"""Characters of a damaged line that are quoted."""


class Damage:
    """Collects problems and counts for notes while an input is read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._shown: list[Problem] = []
        self._count: dict[str, int] = {}
        self._quoted: dict[str, int] = {}
        self._notes: dict[str, tuple[str, int]] = {}

    def lines(self, reason: str, bad: Bools, lines: Slices, number: Ints) -> None:
        """Every line of ``lines`` where ``bad`` is set is a problem at ``path:number``."""
        rows = np.flatnonzero(bad)
        if not len(rows):
            return
        for row in rows[: max(0, MAX_SHOWN - self._quoted.get(reason, 0))].tolist():
            begin = int(lines.start[row])
            raw = lines.buffer[begin : min(int(lines.end[row]), begin + MAX_QUOTED)].tobytes()
            self._show(f"{self.path}:{int(number[row])}", reason, raw)
        self._count[reason] = self._count.get(reason, 0) + len(rows)

    def at(self, line: int, reason: str, raw: bytes = b"") -> None:
        """A problem at ``path:line``."""
        if self._quoted.get(reason, 0) < MAX_SHOWN:
            self._show(f"{self.path}:{line}", reason, raw[:MAX_QUOTED])
        self._count[reason] = self._count.get(reason, 0) + 1

    def whole(self, text: str) -> None:
        """A problem of the input as a whole."""
        self._shown.append(Problem(where=self.path, text=_printable(text)))

    def note(self, name: str, text: str, count: int) -> None:
        """Add ``count`` to the note ``name``; nothing where ``count`` is 0."""
        if count:
            self._notes[name] = (_printable(text), self._notes.get(name, (text, 0))[1] + count)

    def _show(self, where: str, reason: str, raw: bytes) -> None:
        quoted = f": {readable(raw.decode('latin-1'))}" if raw else ""
        self._shown.append(Problem(where=where, text=f"{reason}{quoted}"))
        self._quoted[reason] = self._quoted.get(reason, 0) + 1

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Quoted problems, then one for what is beyond MAX_SHOWN of each reason."""
        more = []
        for reason, count in self._count.items():
            hidden = count - self._quoted.get(reason, 0)
            if hidden:
                more.append(Problem(where=self.path, text=f"more of: {reason}", count=hidden))
        return (*self._shown, *more)

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes with their counts."""
        return tuple(Note(id=i, text=text, count=count) for i, (text, count) in self._notes.items())


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
