"""Goldens: what the peer says of each fixture, as counts and digests, and how far it was from ours when they were made.

python -m scripts.agreement_goldens        # needs tshark and nfdump
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from pathlib import Path

from tests.sources.agreement.records import FIELDS, ROWS, Record, columns, differing, digest

FILE = Path(__file__).parent / "goldens.json"


@dataclass(frozen=True, slots=True)
class Column:
    """Values of one field: how many, the digest of the peer's; how many differ, and the digest of ours then."""

    values: int
    peer: str
    differ: int = 0
    ours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """Flows and other records of the peer and of ours, and the compared fields (ROWS: whole records)."""

    peer: tuple[int, int]
    ours: tuple[int, int]
    columns: dict[str, Column]


def compared(peer: list[Record], peer_others: int, ours: list[Record], ours_others: int) -> Golden:
    """The golden of one fixture: fields that the peer has in any record."""
    fields = [name for name in FIELDS if any(name in record for record in peer)]
    theirs, mine = columns(peer, fields), columns(ours, fields)
    found = {}
    for name, values in theirs.items():
        differ = differing(values, mine[name])
        count = max(len(values), len(mine[name])) if name == ROWS or differ else len(values)
        found[name] = Column(
            values=count, peer=digest(values), differ=differ, ours=digest(mine[name]) if differ else ""
        )
    return Golden(peer=(len(peer), peer_others), ours=(len(ours), ours_others), columns=found)


def load() -> dict[str, Golden]:
    """Goldens by the name of the fixture."""
    stored = json.loads(FILE.read_text())
    return {
        name: Golden(
            peer=tuple(entry["peer"]),
            ours=tuple(entry["ours"]),
            columns={field: Column(*column) for field, column in entry["columns"].items()},
        )
        for name, entry in stored.items()
    }


def save(goldens: dict[str, Golden]) -> None:
    """Write them, one fixture a line."""
    lines = []
    for name, golden in goldens.items():
        kept = {f: astuple(c) if c.differ else astuple(c)[:2] for f, c in golden.columns.items()}
        entry = {"peer": golden.peer, "ours": golden.ours, "columns": kept}
        lines.append(f"{json.dumps(name)}: {json.dumps(entry)}")
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
