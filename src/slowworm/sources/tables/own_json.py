"""Flows as JSON lines of our own columns: an object a flow, what is null left out."""

from __future__ import annotations

import json

import pyarrow as pa

from slowworm.flows.schema import NAMES, schema
from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.logs.jsonrows import BOOL, INT, TEXT, read_rows
from slowworm.sources.logs.lines import Account, chunks, clean, head_lines
from slowworm.sources.tables.convert import draft_of
from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.draft import batches
from slowworm.sources.tables.mapping import ADDRESSES, NUMBERS
from slowworm.sources.tables.own import identity

_WANTED = {
    name: (BOOL if pa.types.is_boolean(schema(4).field(name).type) else INT) if name in NUMBERS else TEXT
    for name in NAMES
}


class SlowwormJson:
    """JSON lines with the columns of the flow table as keys."""

    info = FormatInfo(
        name="slowworm-jsonl",
        title="flow table as JSON lines",
        commands=(),
        carries="every column of the flow table that an object has",
        lacks="columns that it does not have",
    )

    def recognises(self, head: bytes) -> bool:
        """By a first line that is an object with an address, and with nothing but our columns."""
        for line in head_lines(head, 1):
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                return False
            return isinstance(found, dict) and any(n in found for n in ADDRESSES) and set(found) <= set(NAMES)
        return False

    def read(self, path: str, data: bytes) -> Reading:
        """One flow per line; other keys are passed over."""
        account, damage = Account(path), Damage(path)
        made: list[pa.RecordBatch] = []
        for chunk in chunks(clean(data, account), account):
            for rows in read_rows(chunk, _WANTED, account):
                draft, bad = draft_of(identity(NAMES), rows.columns.__getitem__, rows.line, damage)
                account.add(
                    "no flow: an address is missing or is none, or a value is impossible",
                    rows.line[bad],
                    chunk,
                )
                made += batches(draft.take(~bad) if bad.any() else draft, path)
        return Reading(
            path=path,
            formats=((self.info.name, sum(batch.num_rows for batch in made)),),
            batches=tuple(made),
            problems=(*account.problems(), *damage.problems),
            notes=damage.notes,
        )
