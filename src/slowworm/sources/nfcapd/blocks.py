"""The file as a chain of blocks: header, statistics, records expanded block by block, damage stepped over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from slowworm.sources.nfcapd import layout
from slowworm.sources.nfcapd.account import Account
from slowworm.sources.nfcapd.compression import ExpandError, expand

EXPANSION = 100
"""How many times larger than the file its records may be: real traffic compresses 3 to 20 times, and memory must
follow the input, not a number in it."""
EXPANSION_FREE = 64 << 20
"""What may come out of any file, however small."""

_TYPE_AND_FLAGS = re.compile(rb"(?=[\x02\x03]\x00[\x00-\x07]\x00)")


@dataclass(slots=True, kw_only=True)
class Block:
    """The records of one block, or what is left of it. ``plain``: they lie in the file as they are at ``offset``."""

    data: bytes | memoryview
    offset: int
    plain: bool
    whole: bool
    announced: int | None
    """Records that it should hold; ``None`` for what is left behind damage."""
    kind: int
    """Type of the flow records to look for behind damage."""
    damaged_at: int | None = None
    """Set by the reader, where it could not go on; it then gets what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the file header says that matters here."""

    version: int
    compression: int
    encrypted: bool
    limit: int
    begin: int
    count: int
    """Blocks that the file should have, 0 while it is being written."""


def header(data: bytes, account: Account) -> Header | None:
    """The file header; ``None`` where there is none that can be read (the account says why)."""
    if len(data) < 4:
        account.problem("the file ends within its header", 0)
        return None
    version = int.from_bytes(data[2:4], "little")
    if data[:2] == layout.MAGIC.to_bytes(2, "big"):
        account.problem("written on a big-endian machine, which nfdump itself does not read elsewhere", 0)
        return None
    if version == layout.LAYOUT_1:
        return _header_1(data, account)
    if version == layout.LAYOUT_2:
        return _header_2(data, account)
    account.problem(
        f"file layout {version} is not known (1: nfdump 1.6, 2: nfdump 1.7); "
        "export it with: nfdump -r FILE -o csv",
        0,
    )
    return None


def _header_1(data: bytes, account: Account) -> Header | None:
    begin = layout.HEADER_1.size + layout.STAT_1.size
    if len(data) < begin:
        account.problem("the file ends within its header", 0)
        return None
    _, version, flags, count, ident = layout.HEADER_1.unpack_from(data)
    statistics = layout.STAT_1.unpack_from(data, layout.HEADER_1.size)
    account.announced, account.lost_exports = statistics[0], statistics[-1]
    account.ident = _text(ident)
    methods = [method for bit, method in layout.FLAGS_1 if flags & bit]
    return Header(
        version=version,
        compression=methods[0] if methods else layout.PLAIN,
        encrypted=False,
        limit=layout.MAX_BLOCK,
        begin=begin,
        count=count,
    )


def _header_2(data: bytes, account: Account) -> Header | None:
    if len(data) < layout.HEADER_2.size:
        account.problem("the file ends within its header", 0)
        return None
    fields = layout.HEADER_2.unpack_from(data)
    _, version, _, _, compression, encryption, appendix, _, _, size, count = fields
    if compression > layout.ZSTD:
        account.problem(f"compression {compression} is not known", 0)
        return None
    # 1.7 leaves the block size 0. Where one is given it may lower the bound, not below what every block may hold.
    limit = min(max(size, layout.MIN_BLOCK_LIMIT), layout.MAX_BLOCK) if size else layout.MAX_BLOCK
    return Header(
        version=version,
        compression=compression,
        encrypted=bool(encryption),
        limit=limit,
        begin=layout.HEADER_2.size,
        count=count + appendix if count else 0,
    )


def _text(raw: bytes) -> str | None:
    text = raw.split(b"\0")[0].decode("latin-1").strip()
    return text if text and text != "none" and text.isprintable() else None


def appendix_record(kind: int, record: bytes, account: Account) -> None:
    """Identifier or statistics, which layout 2 keeps behind the flows."""
    if kind == layout.IDENT:
        account.ident = _text(record[4:])
    elif kind == layout.STAT and len(record) >= 4 + layout.STAT_2_BYTES:
        account.announced = int.from_bytes(record[4:12], "little")
        account.lost_exports = int.from_bytes(record[4 + 17 * 8 : 4 + 18 * 8], "little")


def blocks(data: bytes, head: Header, account: Account) -> Iterator[Block]:
    """All blocks up to the end of the file, whatever the header says of their number (it is 0 in a file that is
    still being written). Damage is counted; the search then goes on for the next block that makes sense."""
    at, met, budget = head.begin, 0, max(EXPANSION_FREE, EXPANSION * len(data))
    view = memoryview(data)
    while at < len(data):
        if account.hopeless:
            account.problem("too much damage: what follows is not read", at)
            return
        if not _plausible(data, at, allow_cut=True):
            account.damage("not a block of records", at)
            following = _search(data, at + 1)
            if head.compression == layout.PLAIN and not head.encrypted:
                yield _left(view[at:following], at, plain=True, kind=_FLOWS_OF[head.version])
            at = following
            continue
        met += 1
        count, size, kind, flags = layout.BLOCK.unpack_from(data, at)
        begin, end = at + layout.BLOCK.size, at + layout.BLOCK.size + size
        whole = end <= len(data)
        body: bytes | memoryview = view[begin:end]
        if not whole:
            account.problem(f"the file ends within a block: {end - len(data)} bytes are missing", at)
        plain = head.compression == layout.PLAIN or bool(flags & layout.UNCOMPRESSED_BLOCK)
        if kind not in (layout.BLOCK_RECORDS_1, layout.BLOCK_RECORDS_2):
            account.problem(f"a block of type {kind} ({_KINDS.get(kind, 'not known')})", at)
        elif head.encrypted and not flags & layout.UNENCRYPTED_BLOCK:
            account.problem("a block is encrypted", at)
        else:
            if not plain:
                if budget <= 0:
                    account.problem("the file expands without measure: what follows is not read", at)
                    return
                try:
                    body = expand(bytes(body), head.compression, head.limit, cut=not whole)
                except ExpandError as error:
                    account.damage(str(error), at)
                    budget -= head.limit  # what it may have cost
                    at = end if _plausible(data, end) else _search(data, begin)
                    continue
                budget -= len(body)
            block = Block(
                data=body,
                offset=begin if plain else at,
                plain=plain,
                whole=whole,
                announced=count,
                kind=_FLOWS_OF[head.version],
            )
            yield block
            if block.damaged_at is not None:
                # The size of the block may be what is damaged: another may begin within it, or long after its end.
                following = _search(data, begin + block.damaged_at) if plain else end
                place = block.offset + (block.damaged_at if plain else 0)
                left = view[place:following] if plain else body[block.damaged_at :]
                yield _left(left, place, plain=plain, kind=block.kind)
                at = following
                continue
        at = end
    if met < head.count and not account.problems:
        account.problem(f"the file ends early: it should have {head.count} blocks and has {met}", len(data))


def _left(data: bytes | memoryview, offset: int, *, plain: bool, kind: int) -> Block:
    return Block(data=data, offset=offset, plain=plain, whole=True, announced=None, kind=kind)


_FLOWS_OF = {layout.LAYOUT_1: layout.RECORD_V1, layout.LAYOUT_2: layout.RECORD_V3}
_KINDS = {
    layout.BLOCK_OF_1_5: "nfdump 1.5, which nfdump 1.6 converts",
    layout.BLOCK_ARRAY: "a table for look-ups",
}


def _plausible(data: bytes, at: int, *, allow_cut: bool = False) -> bool:
    """Whether a block may begin at ``at``, or the file end there."""
    if at == len(data):
        return True
    if at + layout.BLOCK.size > len(data):
        return False
    count, size, kind, flags = layout.BLOCK.unpack_from(data, at)
    if not (1 <= kind <= layout.BLOCK_ARRAY and flags <= 7 and 0 < size <= layout.MAX_BLOCK and count > 0):
        return False
    return allow_cut or at + layout.BLOCK.size + size <= len(data)


def _search(data: bytes, at: int) -> int:
    """Where, from ``at`` on, the next block of records begins that another block or the end follows."""
    for match in _TYPE_AND_FLAGS.finditer(data, at + 8):
        begin = match.start() - 8
        if _plausible(data, begin):
            end = begin + layout.BLOCK.size + int.from_bytes(data[begin + 4 : begin + 8], "little")
            if _plausible(data, end):
                return begin
    return len(data)
