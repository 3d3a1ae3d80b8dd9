"""Packed inputs: gzip, bzip2, xz and Zstandard are unpacked on the way; archives of several files are not."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import Any

from slowworm.errors import InputError
from slowworm.sources.base import Problem

MAX_UNPACKED = 4 << 30
"""Bytes that one input may become: a guard against bombs, far above what is read into memory on purpose."""

CHUNK = 1 << 20

PACKED: dict[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"(\xb5/\xfd": "zstd",
}
"""First bytes of what is unpacked."""

ARCHIVES: dict[bytes, str] = {b"PK\x03\x04": "zip", b"7z\xbc\xaf": "7-Zip", b"Rar!": "RAR"}
"""First bytes of archives, which the user has to unpack."""


def packing(head: bytes) -> str | None:
    """The name of the packing of an input that begins so."""
    return next((name for magic, name in PACKED.items() if head.startswith(magic)), None)


def unpacked(path: str, data: bytes) -> tuple[bytes, tuple[Problem, ...]]:
    """The bytes inside a packed input; what is cut off or damaged ends them and is a problem.

    Raises :class:`InputError` for an archive, and for more than MAX_UNPACKED bytes.
    """
    for magic, name in ARCHIVES.items():
        if data.startswith(magic):
            raise InputError(f"{name} archive: unpack it first")
    kind = packing(data)
    if kind is None:
        return data, ()
    parts: list[bytes] = []
    size, rest = 0, data
    try:
        while rest:
            stream = _decompressor(kind)
            while not stream.eof:
                piece = stream.decompress(rest, CHUNK)
                rest = stream.unconsumed_tail if kind == "gzip" else b""
                parts.append(piece)
                size += len(piece)
                if size > MAX_UNPACKED:
                    raise InputError(
                        f"{kind} data that unpack to more than {MAX_UNPACKED >> 30} GiB: unpack it first"
                    )
                if not piece and not stream.eof and not rest:
                    raise EOFError("the end is missing")
            rest = stream.unused_data
            if rest and packing(rest) != kind:
                break  # padding, or something else behind the packed data
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        text = f"{kind} data are cut off or damaged after {size:,} bytes: {error}"
        if not size:
            raise InputError(text) from error
        return b"".join(parts), (Problem(where=path, text=text),)
    return b"".join(parts), ()


def _decompressor(kind: str) -> Any:
    """An object with ``decompress(data, most)``, ``eof`` and ``unused_data``."""
    if kind == "gzip":
        return zlib.decompressobj(wbits=31)
    if kind == "bzip2":
        return bz2.BZ2Decompressor()
    if kind == "xz":
        return lzma.LZMADecompressor()
    return _Zstandard()


class _Zstandard:
    """pyarrow's stream in the shape of the others."""

    def __init__(self) -> None:
        self.eof = False
        self.unused_data = b""
        self._stream: Any = None

    def decompress(self, data: bytes, most: int) -> bytes:
        """The next piece."""
        import pyarrow as pa

        if self._stream is None:
            self._stream = pa.CompressedInputStream(pa.BufferReader(data), "zstd")
        piece = bytes(self._stream.read(most))
        self.eof = not piece
        return piece
