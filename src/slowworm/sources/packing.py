"""Packed inputs: gzip, bzip2, xz and Zstandard are unpacked on the way; archives of several files are not."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from slowworm.errors import InputError
from slowworm.sources.base import Problem

MAX_UNPACKED = 4 << 30
"""Bytes that one input may become: far above what is read into memory on purpose."""

EXPANSION = 200
"""How many times larger than the file its content may be: logs and captures pack 5 to 50 times, a bomb a million
times, and memory must follow the input."""

EXPANSION_FREE = 64 << 20
"""What may come out of any file, however small."""

XZ_MEMORY = 256 << 20
"""Bytes that an xz file may demand for its dictionary: ``xz -9`` needs 65 MiB, a hostile header asks for 4 GiB."""

CHUNK = 1 << 20

WINDOW = 1 << 13
"""Packed bytes handed over at once: what a member leaves of them is copied, and a file may be all tiny members."""

PACKED: dict[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"(\xb5/\xfd": "zstd",
}
"""First bytes of what is unpacked."""

ARCHIVES: dict[bytes, str] = {b"PK\x03\x04": "zip", b"7z\xbc\xaf": "7-Zip", b"Rar!": "RAR"}
"""First bytes of archives, which the user has to unpack."""

TAR, TAR_AT = b"ustar", 257
"""What a tar archive has, and where (POSIX.1-1988)."""

LAYERS = 3
"""Packings inside each other that are undone: a rotation adds one, a download another. A file may contain itself."""


def packing(head: bytes) -> str | None:
    """The name of the packing of an input that begins so."""
    return next((name for magic, name in PACKED.items() if head.startswith(magic)), None)


def unpacked(path: str, data: bytes) -> tuple[bytes, tuple[Problem, ...]]:
    """The bytes inside a packed input; what is cut off or damaged ends them and is a problem.

    Raises :class:`InputError` for an archive, and for more bytes than a file of this size may hold.
    """
    most = min(MAX_UNPACKED, max(EXPANSION_FREE, EXPANSION * len(data)))
    problems: list[Problem] = []
    for _ in range(LAYERS):
        _refuse_archive(data)
        kind = packing(data[:8])
        if kind is None:
            break
        data = _unpacked(path, kind, data, most, problems)
    return data, tuple(problems)


def _refuse_archive(data: bytes) -> None:
    name = next((name for magic, name in ARCHIVES.items() if data.startswith(magic)), None)
    if data[TAR_AT : TAR_AT + len(TAR)] == TAR:
        name = "tar"
    if name is not None:
        raise InputError(f"{name} archive: unpack it first")


def _unpacked(path: str, kind: str, data: bytes, most: int, problems: list[Problem]) -> bytes:
    out = BytesIO()  # gives its bytes away without a second copy
    try:
        for piece in _zstandard(data) if kind == "zstd" else _pieces(kind, data):
            if out.tell() + len(piece) > most:
                raise InputError(f"{kind} data that unpack to more than {most >> 20:,} MiB: unpack it first")
            out.write(piece)
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        text = f"{kind} data are cut off or damaged after {out.tell():,} bytes: {error}"
        if not out.tell():
            raise InputError(text) from error
        problems.append(Problem(where=path, text=text))
    return out.getvalue()


def _pieces(kind: str, data: bytes) -> Iterator[bytes]:
    """What is in the members of a file; padding, or something else behind them, is left out."""
    at = 0
    while packing(data[at : at + 8]) == kind:
        stream, begin = _decompressor(kind), at
        while not stream.eof:
            given = data[at : at + WINDOW] if getattr(stream, "needs_input", True) else b""
            try:
                piece = stream.decompress(given, CHUNK)
            except zlib.error:
                yield _before_the_error(data, begin, at)
                raise
            at += len(given) - len(getattr(stream, "unconsumed_tail", b""))
            if not (piece or given or stream.eof):
                raise EOFError("the end is missing")
            yield piece
        at -= len(stream.unused_data)


def _before_the_error(data: bytes, begin: int, at: int) -> bytes:
    """What a damaged gzip member that begins at ``begin`` holds from ``at`` on: zlib keeps it back with its error."""
    stream = zlib.decompressobj(wbits=31)
    for place in range(begin, at, WINDOW):
        stream.decompress(data[place : min(place + WINDOW, at)])
    out = bytearray()
    try:
        for place in range(at, at + WINDOW):
            out += stream.decompress(data[place : place + 1])
    except zlib.error:
        pass
    return bytes(out)


def _decompressor(kind: str) -> Any:
    """An object with ``decompress(data, most)``, ``eof`` and ``unused_data``."""
    if kind == "gzip":
        return zlib.decompressobj(wbits=31)
    if kind == "bzip2":
        return bz2.BZ2Decompressor()
    return lzma.LZMADecompressor(memlimit=XZ_MEMORY)


def _zstandard(data: bytes) -> Iterator[bytes]:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        while piece := stream.read(CHUNK):
            yield bytes(piece)
