"""Text for terminals: escaped, aligned, plain when piped."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 4096
"""Width where nobody looks: one line per row, whatever its length."""

STYLES = {
    "infected": "bold red",
    "scanner": "magenta",
    "suspect": "yellow",
    "victim": "cyan",
    "clean": "green",
}
"""Colour repeats what the word says, never replaces it."""


def console(file: TextIO | None = None) -> Console:
    """A console that honours ``NO_COLOR`` and does not fold lines when piped."""
    stream = file or sys.stdout
    piped = not stream.isatty() and "COLUMNS" not in os.environ
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
        width=PIPED_WIDTH if piped else None,
    )


def safe(text: str) -> str:
    """Text from an input as it may be shown: control and bidirectional characters escaped."""
    return "".join(c if c.isprintable() and not _reorders(c) else f"\\u{ord(c):04x}" for c in text)


def _reorders(character: str) -> bool:
    return "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"


def table(headers: Sequence[tuple[str, str]], rows: Sequence[Sequence[str | Text]]) -> Table:
    """A borderless table; ``headers``: (title, ``left`` or ``right``)."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title, side in headers:
        made.add_column(
            title,
            justify="right" if side == "right" else "left",
            no_wrap=side != "fold",
            overflow="fold",
            min_width=len(title),
        )
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(safe(cell)) for cell in row))
    return made


def put(out: Console, *things: object) -> None:
    """Print without the trailing blanks that tables pad with."""
    if out.is_terminal:
        for thing in things:
            out.print(thing)
        return
    with out.capture() as captured:
        for thing in things:
            out.print(thing)
    out.file.write("\n".join(line.rstrip() for line in captured.get().split("\n")))


def bar(weight: float, scale: float, width: int = 20) -> str:
    """A bar for a weight: ``scale`` dB fill ``width`` cells; minus signs for weights against."""
    cells = min(width, round(abs(weight) / scale * width)) if scale else 0
    return ("█" if weight >= 0 else "-") * cells
