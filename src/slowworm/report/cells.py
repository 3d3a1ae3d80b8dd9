"""Cells of a spreadsheet: what a program that opens CSV must not run."""

from __future__ import annotations

from slowworm.report.text import safe

FORMULA = ("=", "+", "-", "@")
"""What a formula begins with."""


def cell(value: object) -> object:
    """Empty for null; text that a spreadsheet would run as a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    shown = safe(value)
    return "'" + shown if shown.lstrip().startswith(FORMULA) else shown
