"""LZO1X decompression: the stream format that nfcapd's ``-z`` has used since nfdump 1.5.

Written from the public description of the format (Linux kernel, Documentation/staging/lzo.rst, version 0).
"""

from __future__ import annotations


class LzoError(ValueError):
    """The stream is damaged, ends early, or holds more than was allowed."""


TOO_MUCH = "the LZO stream holds more than a block may"

LONGEST_SHORT_START = 17
"""A first byte above it says how many literals begin the stream."""

AFTER_LITERALS = 4
"""State after a run of four or more literals; 0 to 3 is the number of literals after a copy."""


def decompress(data: bytes, limit: int, *, cut: bool = False) -> bytes:
    """``data`` expanded, at most ``limit`` bytes; raises :class:`LzoError`.

    ``cut``: the stream is known to lack its end, what can be had of it is wanted. Time and memory are linear in
    what comes out and in ``len(data)``.
    """
    out = bytearray()
    try:
        _decompress(data, limit, out)
    except IndexError:
        if not cut:
            raise LzoError("the LZO stream ends early") from None
    return bytes(out)


def _decompress(data: bytes, limit: int, out: bytearray) -> None:
    size, at, state = len(data), 0, 0
    first = data[0]
    if first > LONGEST_SHORT_START:
        at = first - LONGEST_SHORT_START + 1
        out += data[1:at]
        state = min(at - 1, AFTER_LITERALS)
    while True:
        code = data[at]
        at += 1
        if code >= 64:  # 3 to 8 bytes from at most 2 kB back
            length = (code >> 5) + 1
            back = (data[at] << 3) + (code >> 2 & 7) + 1
            at += 1
            literals = code & 3
        elif code >= 16:  # a length of any size, from at most 16 kB or at most 48 kB back
            mask = 31 if code >= 32 else 7
            length = code & mask
            if not length:
                length, at = _long(data, at, mask)
            length += 2
            pair = data[at] | data[at + 1] << 8
            at += 2
            literals = pair & 3
            if code >= 32:
                back = (pair >> 2) + 1
            else:
                back = 16384 + ((code & 8) << 11) + (pair >> 2)
                if back == 16384:  # the end of the stream, as nothing else can say it
                    return
        elif state == 0:  # a run of literals
            length = code
            if not length:
                length, at = _long(data, at, 15)
            length += 3
            if len(out) + length > limit:
                raise LzoError(TOO_MUCH)
            out += data[at : at + length]
            if at + length > size:
                raise IndexError
            at += length
            state = AFTER_LITERALS
            continue
        else:  # 2 bytes from at most 1 kB back; after a run of literals 3 bytes from 2 to 3 kB back
            near = state != AFTER_LITERALS
            length = 2 if near else 3
            back = (data[at] << 2) + (code >> 2) + (1 if near else 2049)
            at += 1
            literals = code & 3
        begin = len(out) - back
        if begin < 0:
            raise LzoError("an LZO copy from before the beginning")
        if len(out) + length + literals > limit:
            raise LzoError(TOO_MUCH)
        if length <= back:
            out += out[begin : begin + length]
        else:  # the copy overlaps what it writes: the last ``back`` bytes again and again
            out += (out[begin:] * (length // back + 1))[:length]
        if literals:
            out += data[at : at + literals]
            if at + literals > size:
                raise IndexError
            at += literals
        state = literals


def _long(data: bytes, at: int, most: int) -> tuple[int, int]:
    """A length that did not fit its bits: every zero byte adds 255, the first other byte ends it."""
    begin = at
    while not data[at]:
        at += 1
    return most + 255 * (at - begin) + data[at], at + 1
