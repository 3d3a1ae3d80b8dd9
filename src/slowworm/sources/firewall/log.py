"""What the readers of firewall logs share: chunks of lines to drafts, drafts to a reading."""

from __future__ import annotations

from collections.abc import Callable, Container

import pyarrow as pa
import pyarrow.compute as pc

from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.draft import Draft, batches, concat
from slowworm.sources.tables.lines import Chunk, as_utf8, chunks
from slowworm.sources.tables.slices import Slices, recoded

Parse = Callable[[Chunk, Damage], Draft | None]
"""The records of some lines, sound ones only; what is wrong with the others is said to the damage."""

Finish = Callable[[Draft, Damage], Draft]
"""The last look at all records of an input together."""


def read_log(info: FormatInfo, path: str, data: bytes, parse: Parse, finish: Finish | None = None) -> Reading:
    """Read all of a log."""
    damage = Damage(path)
    drafts = []
    for chunk in chunks(as_utf8(data)):
        draft = parse(chunk, damage)
        if draft is not None and len(draft):
            drafts.append(draft)
    made = []
    if drafts and finish:
        drafts = [finish(concat(drafts), damage)]
    for draft in drafts:
        made += batches(draft, path)
    rows = sum(batch.num_rows for batch in made)
    return Reading(
        path=path,
        formats=((info.name, rows),),
        batches=tuple(made),
        problems=damage.problems,
        notes=damage.notes,
    )


def others(damage: Damage, count: int) -> None:
    """Messages that are no traffic: their number is told, they are no problems."""
    damage.note("other-messages", "messages of other kinds stand between the flows", count)


def decided(texts: Slices, words: Container[bytes], inside: str, outside: str) -> pa.Array:
    """``inside`` where the text in lower case is one of ``words``, ``outside`` where not, null without text."""
    codes = texts.binary().dictionary_encode()
    shown = [(inside if w.lower() in words else outside) if w else None for w in codes.dictionary.to_pylist()]
    return recoded(codes.indices.to_numpy(zero_copy_only=False), shown)


def first_of(*columns: pa.Array) -> pa.Array:
    """Of several columns of names the first that has one."""
    return pc.coalesce(*(column.dictionary_decode() for column in columns)).dictionary_encode()
