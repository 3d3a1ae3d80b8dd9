"""Verdicts as CSV: one row each, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from typing import TextIO

from slowworm.report.case import HuntResult
from slowworm.report.json import document
from slowworm.report.text import safe

COLUMNS = (
    "address",
    "verdict",
    "activity",
    "protocol",
    "port",
    "targets",
    "weight",
    "bound",
    "more_targets_needed",
    "targeting",
    "worm",
    "worm_candidates",
    "in_if",
    "exporter",
    "first_seen",
    "last_seen",
    "reason",
)


def write(result: HuntResult, file: TextIO) -> None:
    """Write a header and one row per verdict."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for verdict in document(result)["verdicts"]:
        verdict["targeting"] = verdict["profile"]["name"]
        verdict["worm_candidates"] = " ".join(c["name"] for c in verdict["worm_candidates"])
        writer.writerow([_cell(verdict[name]) for name in COLUMNS])


def _cell(value: object) -> object:
    """Empty for null; text that a spreadsheet would run as a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    shown = safe(value)
    return "'" + shown if shown.lstrip()[:1] in ("=", "+", "-", "@") else shown
