"""Recall against false alarms as an SVG picture, written by hand: no plotting library is needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 860, 480
LEFT, RIGHT, TOP, BOTTOM = 64, 620, 24, 420
LEAST = 0.01
"""False alarms per 1,000 host-hours at the left edge; none at all are drawn there too."""

MOST = 1000.0
COLOURS = ("#3b6ea5", "#c25b2e", "#4b8b3b", "#8a5aa8", "#a8873a", "#2a8c8c", "#b04a6f", "#6b6b6b", "#7a4f2a", "#4f5bd5",
           "#9aa02c")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A system: (false alarms per 1,000 host-hours, recall) at every threshold, and at the published one."""

    title: str
    points: Sequence[tuple[float, float]]
    marked: tuple[float, float]


def picture(own: tuple[float, float], lines: Sequence[Line]) -> str:
    """The whole SVG document."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        ' font-family="sans-serif" font-size="12" role="img" aria-labelledby="title">',
        "<title id='title'>Recall of infected hosts against false alarms per 1,000 benign host-hours</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *_axes(),
    ]
    for number, line in enumerate(lines):
        parts += _line(line, COLOURS[number % len(COLOURS)], number)
    x, y = _place(own)
    parts.append(f'<path d="M{x:.1f} {y - 8:.1f}l8 8l-8 8l-8 -8z" fill="#000000"/>')
    parts.append(f'<text x="{RIGHT + 34}" y="{TOP + 10}" font-weight="bold">Slowworm</text>')
    parts.append(f'<path d="M{RIGHT + 18} {TOP - 1}l7 7l-7 7l-7 -7z" fill="#000000"/>')
    return "\n".join([*parts, "</svg>", ""])


def _axes() -> list[str]:
    parts = [f'<path d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" fill="none" stroke="#444444"/>']
    for percent in range(0, 101, 20):
        y = BOTTOM - (BOTTOM - TOP) * percent / 100
        parts.append(f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{percent} %</text>')
    power = LEAST
    while power <= MOST:
        x = _place((power, 0.0))[0]
        label = "0" if power == LEAST else f"{power:g}"
        parts.append(f'<path d="M{x:.1f} {TOP}V{BOTTOM}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{x:.1f}" y="{BOTTOM + 18}" text-anchor="middle">{label}</text>')
        power *= 10
    middle = (LEFT + RIGHT) / 2
    parts.append(
        f'<text x="{middle:.0f}" y="{BOTTOM + 42}" text-anchor="middle">false alarms per 1,000 benign host-hours</text>'
    )
    return parts


def _line(line: Line, colour: str, number: int) -> list[str]:
    # The lowest threshold first: thresholds that change nothing draw the same point again.
    points = [f"{x:.1f},{y:.1f}" for x, y in map(_place, line.points)]
    thinned = [p for i, p in enumerate(points) if not i or p != points[i - 1]]
    x, y = _place(line.marked)
    row = TOP + 30 + 20 * number
    return [
        f'<polyline points="{" ".join(thinned)}" fill="none" stroke="{colour}" stroke-width="1.6"/>',
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>',
        f'<path d="M{RIGHT + 10} {row}h16" stroke="{colour}" stroke-width="1.6"/>',
        f'<circle cx="{RIGHT + 18}" cy="{row}" r="4.5" fill="{colour}"/>',
        f'<text x="{RIGHT + 34}" y="{row + 4}">{escape(line.title)}</text>',
    ]


def _place(point: tuple[float, float]) -> tuple[float, float]:
    share = math.log10(min(max(point[0], LEAST), MOST) / LEAST) / math.log10(MOST / LEAST)
    return LEFT + (RIGHT - LEFT) * share, BOTTOM - (BOTTOM - TOP) * min(max(point[1], 0.0), 1.0)
