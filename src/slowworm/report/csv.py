"""Verdicts as CSV: one row each, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from typing import TextIO

from slowworm.report.case import HuntResult
from slowworm.report.cells import cell
from slowworm.report.json import document

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
    "detected_at",
    "role",
)


def write(result: HuntResult, file: TextIO) -> None:
    """Write a header and one row per verdict."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for verdict in document(result)["verdicts"]:
        verdict["targeting"] = verdict["profile"]["name"]
        verdict["worm_candidates"] = " ".join(c["name"] for c in verdict["worm_candidates"])
        writer.writerow([cell(verdict[name]) for name in COLUMNS])
