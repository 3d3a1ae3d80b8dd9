"""Expanding one block, bounded: LZO, BZ2, LZ4, ZSTD."""

from __future__ import annotations

import bz2

import pyarrow as pa

from slowworm.sources.nfcapd import layout
from slowworm.sources.nfcapd.lzo import LzoError, decompress


class ExpandError(ValueError):
    """A block that does not expand; the message says why."""


LZ4_FRAME_START = bytes.fromhex("04224d18 60 70 73")
"""An LZ4 frame (LZ4 frame format 1.6): independent blocks of up to 4 MiB, no checksums."""
LZ4_FRAME_END = bytes(4)


STEP = 1 << 16
"""Bytes read from a stream at once: what came before its damaged or missing end is then known."""


def expand(data: bytes, method: int, limit: int, *, cut: bool = False) -> bytes:
    """The records of a block, at most ``limit`` bytes; raises :class:`ExpandError`.

    ``cut``: the input ends within the block; what can be had of it is returned.
    """
    try:
        if method == layout.LZO:
            plain = decompress(data, limit, cut=cut)
        elif method == layout.BZ2:
            plain = _bz2(data, limit, cut)
        elif method == layout.LZ4:
            plain = _lz4(data, limit, cut)
        elif method == layout.ZSTD:
            plain = _stream(data, "zstd", limit, cut)
        else:
            raise ExpandError(f"compression {method} is not known")
    except (LzoError, OSError, ValueError, EOFError, pa.ArrowException) as error:
        name = layout.COMPRESSION_NAMES[method] if method <= layout.ZSTD else str(method)
        raise ExpandError(f"a block ({name}) does not expand") from error
    if len(plain) > limit:
        raise ExpandError(f"a block expands to more than {limit} bytes")
    return plain


def _bz2(data: bytes, limit: int, cut: bool) -> bytes:
    reader = bz2.BZ2Decompressor()
    plain = reader.decompress(data, limit + 1)
    if not reader.eof and len(plain) <= limit and not cut:
        raise EOFError("the stream ends early")
    return plain


def _lz4(data: bytes, limit: int, cut: bool) -> bytes:
    # A bare LZ4 block does not say how long it gets, and pyarrow's lz4_raw codec hands out what lay in memory
    # behind it when it is shorter than announced. Within a frame the block ends where it ends.
    return _stream(
        LZ4_FRAME_START + len(data).to_bytes(4, "little") + data + LZ4_FRAME_END, "lz4", limit, cut
    )


def _stream(data: bytes, codec: str, limit: int, cut: bool) -> bytes:
    plain = bytearray()
    with pa.CompressedInputStream(pa.BufferReader(data), codec) as stream:
        while len(plain) <= limit:
            try:
                part = stream.read(min(STEP, limit + 1 - len(plain)))
            except OSError:
                if cut:
                    break
                raise
            if not part:
                break
            plain += part
    return bytes(plain)
