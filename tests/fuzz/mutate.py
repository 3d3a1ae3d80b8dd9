"""Mutation: thousands of messages at once with NumPy, or one at a time; bytes, fields, pieces and ends."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tests.fuzz.fields import Finder, Places

Ints = npt.NDArray[np.int64]

VALUES = (0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 63, 64, 127, 128, 255, 256, 257, 511, 1023, 1024, 4095, 32767,
          32768, 65534, 65535, 65536, 1 << 20, (1 << 24) - 1, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 16,
          (1 << 32) - 1, (1 << 48), (1 << 63) - 1, 1 << 63, (1 << 64) - 1)  # fmt: skip
"""Where decoders go wrong: borders of field sizes, of signs, of header sizes."""

_TABLE = np.array([v & 0xFFFFFFFFFFFFFFFF for v in VALUES], np.uint64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Messages in one buffer: message i is ``data[offset[i] : offset[i] + size[i]]``; ``mutated``: how many are."""

    data: bytes
    offset: Ints
    size: Ints
    mutated: int

    def __len__(self) -> int:
        return len(self.offset)

    def parts(self) -> list[bytes]:
        """Each message."""
        spans = zip(self.offset.tolist(), self.size.tolist(), strict=True)
        return [self.data[at : at + n] for at, n in spans]

    @classmethod
    def of(cls, parts: Sequence[bytes]) -> Messages:
        """Messages one behind the other."""
        size = np.array([len(p) for p in parts], np.int64)
        return cls(data=b"".join(parts), offset=np.cumsum(size) - size, size=size, mutated=len(parts))


class Pool:
    """Seeds laid out for mass mutation: their bytes, and where each keeps its fields."""

    def __init__(self, seeds: Sequence[bytes], find: Finder) -> None:
        self.seeds = list(seeds)
        self.size = np.array([len(s) for s in seeds], np.int64)
        self.begin = np.cumsum(self.size) - self.size
        self.data = np.frombuffer(b"".join(seeds), np.uint8)
        found = [[(at, n) for at, n in find(s) if at >= 0 and at + abs(n) <= len(s)] for s in seeds]
        self.fields = np.array([len(f) for f in found], np.int64)
        self.first = np.cumsum(self.fields) - self.fields
        self.places = np.array([f for one in found for f in one] or [(0, 1)], np.int64).reshape(-1, 2)


def mass(rng: np.random.Generator, pool: Pool, count: int, *, clean: float = 0.15) -> Messages:
    """``count`` messages of a pool, all but a share ``clean`` of them mutated (and checked to be different)."""
    which = rng.integers(0, len(pool.size), count)
    size = pool.size[which]
    offset = np.cumsum(size) - size
    data = pool.data[np.repeat(pool.begin[which] - offset, size) + np.arange(int(size.sum()))]
    before = data.copy()
    chosen = np.flatnonzero((rng.random(count) >= clean) & (size > 0))
    wanted = np.zeros(count, np.bool_)
    wanted[chosen] = True
    kind = rng.random(len(chosen))
    _write_bytes(rng, data, offset, size, chosen[kind < 0.6])
    _write_fields(rng, data, pool, which, offset, chosen[kind > 0.35])
    _copy_pieces(rng, data, offset, size, chosen[(kind > 0.5) & (kind < 0.62)])
    cut = chosen[rng.random(len(chosen)) < 0.08]
    shorter = size.copy()
    shorter[cut] = rng.integers(0, size[cut])
    same = wanted & (shorter == size)
    if len(data):
        changed = np.add.reduceat(data != before, np.minimum(offset, len(data) - 1), dtype=np.int64)
        same &= (changed == 0) & (size > 0)
    rows = np.flatnonzero(same)
    place = offset[rows] + rng.integers(0, np.maximum(size[rows], 1))
    data[place] ^= (1 << rng.integers(0, 8, len(rows))).astype(np.uint8)
    return Messages(data=data.tobytes(), offset=offset, size=shorter, mutated=len(chosen))


def compact(messages: Messages) -> bytes:
    """Messages as a file that holds nothing else: what was cut off is left out."""
    return b"".join(messages.parts())


def _write_bytes(
    rng: np.random.Generator, data: npt.NDArray[np.uint8], offset: Ints, size: Ints, chosen: Ints
) -> None:
    """Random octets, or single bits turned, at one to eight places of a message."""
    rows = np.repeat(chosen, rng.choice([1, 1, 1, 2, 3, 8], len(chosen)))
    place = offset[rows] + rng.integers(0, size[rows])
    flip = rng.random(len(rows)) < 0.5
    bits = (1 << rng.integers(0, 8, len(rows))).astype(np.uint8)
    other = rng.choice(np.array([0, 1, 2, 4, 127, 128, 254, 255], np.uint8), len(rows))
    other = np.where(rng.random(len(rows)) < 0.5, other, rng.integers(0, 256, len(rows)).astype(np.uint8))
    data[place] = np.where(flip, data[place] ^ bits, other)


def _write_fields(
    rng: np.random.Generator, data: npt.NDArray[np.uint8], pool: Pool, which: Ints, offset: Ints, chosen: Ints
) -> None:
    """Another number in one to three of a message's fields: a border, a neighbour, or any."""
    rows = np.repeat(chosen, rng.choice([1, 1, 2, 3], len(chosen)))
    rows = rows[pool.fields[which[rows]] > 0]
    if not len(rows):
        return
    seed = which[rows]
    places = pool.places[pool.first[seed] + rng.integers(0, pool.fields[seed])]
    at, octets, big = offset[rows] + places[:, 0], np.abs(places[:, 1]), places[:, 1] > 0
    value = np.zeros(len(rows), np.uint64)
    for k in range(8):
        mine = octets > k
        step = np.where(big, octets - 1 - k, k)
        value[mine] |= data[(at + step)[mine]].astype(np.uint64) << np.uint64(8 * k)
    kind = rng.random(len(rows))
    step = rng.choice(np.array([1, -1, 2, -2, 4, -4, 8, -8, 16, 100], np.int64), len(rows)).astype(np.uint64)
    value = np.where(kind < 0.35, value + step, value)
    value = np.where((kind >= 0.35) & (kind < 0.8), rng.choice(_TABLE, len(rows)), value)
    value = np.where(kind >= 0.8, rng.integers(0, 1 << 63, len(rows)).astype(np.uint64), value)
    for k in range(8):
        mine = octets > k
        step = np.where(big, octets - 1 - k, k)
        data[(at + step)[mine]] = (value[mine] >> np.uint64(8 * k) & np.uint64(255)).astype(np.uint8)


def _copy_pieces(
    rng: np.random.Generator, data: npt.NDArray[np.uint8], offset: Ints, size: Ints, chosen: Ints
) -> None:
    """A piece of up to 32 octets from anywhere over another place of a message."""
    width = rng.integers(1, 33, len(chosen))
    width = np.minimum(width, size[chosen])
    to = offset[chosen] + rng.integers(0, size[chosen] - width + 1)
    source = rng.integers(0, np.maximum(len(data) - 32, 1), len(chosen))
    source = np.minimum(source, len(data) - width)
    first = np.cumsum(width) - width
    within = np.arange(int(width.sum())) - np.repeat(first, width)
    data[np.repeat(to, width) + within] = data[np.repeat(source, width) + within]


REPEATED_OCTETS = 60_000
"""Size of an input that repeats one piece: the most that a UDP datagram holds, nearly."""


def repeated(rng: random.Random, data: bytes, find: Finder) -> bytes:
    """A message in which one piece, from field to field, is repeated up to a size; lengths before it say the most.

    A number in the piece may grow from copy to copy: other templates, domains, sequence numbers.
    """
    places = sorted(set(find(data))) or [(k, 1) for k in range(len(data))]
    begin = rng.choice(places)[0] if places else 0
    ends = [at for at, _ in places if at > begin] + [len(data)]
    end = rng.choice(ends[:8]) if rng.random() < 0.6 else rng.choice(ends)
    piece = data[begin:end] or b"\0"
    count = REPEATED_OCTETS // len(piece) + 1
    inside = [(at - begin, n) for at, n in places if begin <= at and at + abs(n) <= end and abs(n) in (2, 4)]
    if inside and rng.random() < 0.6:
        at, octets = rng.choice(inside)
        order: Literal["big", "little"] = "big" if octets > 0 else "little"
        octets, step = abs(octets), rng.choice((1, 1, 4, 256))
        first = int.from_bytes(piece[at : at + octets], order)
        numbers = ((first + k * step) % (1 << 8 * octets) for k in range(count))
        body = b"".join(piece[:at] + n.to_bytes(octets, order) + piece[at + octets :] for n in numbers)
    else:
        body = piece * count
    head = bytearray(data[:begin])
    for at, octets in places:
        if at + abs(octets) <= begin and abs(octets) > 1 and rng.random() < 0.3:
            head[at : at + abs(octets)] = rng.choice((b"\xff" * 8, b"\x7f" * 8, b"\0" * 8))[: abs(octets)]
    tail = data[end:] if rng.random() < 0.5 else b""
    return bytes(head) + body[:REPEATED_OCTETS] + tail


class Mutator:
    """One input at a time, with what mass mutation cannot do: pieces put in, taken out, doubled, joined."""

    def __init__(self, rng: random.Random, find: Finder, tokens: Sequence[bytes] = ()) -> None:
        self.rng, self.find, self.tokens = rng, find, tokens

    def __call__(self, data: bytes, other: bytes = b"") -> bytes:
        """``data`` changed in one to six ways; ``other``: another input that pieces may come from."""
        out = bytearray(data)
        for _ in range(self.rng.choice((1, 1, 2, 3, 6))):
            self._once(out, other)
        return bytes(out)

    def _once(self, out: bytearray, other: bytes) -> None:
        rng, size = self.rng, len(out)
        kind = rng.random()
        at = rng.randrange(size + 1)
        places: Places = self.find(bytes(out)) if kind < 0.4 else []
        if places:
            place, octets = rng.choice(places)
            self._field(out, place, abs(octets), "big" if octets > 0 else "little")
        elif kind < 0.6 and size:
            out[at % size] = rng.choice((rng.randrange(256), out[at % size] ^ 1 << rng.randrange(8), 0, 255))
        elif kind < 0.7:
            del out[at : at + rng.choice((1, 1, 2, 4, 8, 16, 64, 1000))]
        elif kind < 0.78:
            piece = bytes(out[at : at + rng.choice((1, 4, 16, 64, 400))])
            out[at:at] = piece * rng.choice((1, 1, 2, 20))
        elif kind < 0.84 and other:
            begin = rng.randrange(len(other))
            out[at:at] = other[begin : begin + rng.choice((1, 4, 16, 64, 400))]
        elif kind < 0.92 and self.tokens:
            out[at : at + rng.choice((0, 0, 1, 4))] = rng.choice(self.tokens)
        elif kind < 0.96:
            del out[at:]
        else:
            out[at:at] = rng.randbytes(rng.choice((1, 2, 4, 16)))

    def _field(self, out: bytearray, at: int, octets: int, order: str) -> None:
        if at < 0 or at + octets > len(out):
            return
        big = order == "big"
        value = int.from_bytes(out[at : at + octets], "big" if big else "little")
        kind = self.rng.random()
        if kind < 0.35:
            value += self.rng.choice((1, -1, 2, -2, 4, -4, 8, 16))
        elif kind < 0.85:
            value = self.rng.choice((*VALUES, len(out), len(out) - at))
        else:
            value = self.rng.getrandbits(8 * octets)
        out[at : at + octets] = (value % (1 << 8 * octets)).to_bytes(octets, "big" if big else "little")
