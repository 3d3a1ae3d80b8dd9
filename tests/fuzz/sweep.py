"""Sweeps: a target decodes mutated messages for a time, violations are made small, everything is counted."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.fuzz.mutate import Messages, Mutator, Pool, compact, mass, repeated
from tests.fuzz.oracles import MEMORY_FREE, MEMORY_PER_BYTE, WrongError, limited, memory
from tests.fuzz.targets import Target

TWICE = 25
"""Every so many inputs are decoded twice, and the answers compared."""

TRACED = 50
"""Every so many inputs are decoded with their memory traced, which takes three times as long."""

MOST_FINDINGS = 5
"""A target stops at so many different violations."""

REPEATED = 12
"""Every so many inputs are one piece repeated: what grows faster than its input shows there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A violation: where it was raised, and the smallest input found for it."""

    target: str
    where: str
    text: str
    data: bytes
    sizes: tuple[int, ...]
    """Of the messages in ``data``."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a sweep did."""

    target: str
    inputs: int = 0
    messages: int = 0
    """Mutated ones; those left as they were are not counted."""
    octets: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    """Processor seconds of one input, in units of what it may take."""
    findings: list[Finding] = field(default_factory=list)

    def known(self, where: str) -> bool:
        """Whether a violation was met already."""
        return any(finding.where == where for finding in self.findings)


def check(target: Target, given: Messages, *, traced: bool = False, twice: bool = False) -> None:
    """Decode once under all oracles; raises what they raise."""
    size = len(given.data)
    free = max(MEMORY_FREE, target.memory_free)
    if traced:
        with limited(size, 8.0):
            memory(lambda: target.decode(given), size, free=free, per_byte=MEMORY_PER_BYTE)
        return
    with limited(size):
        first = target.decode(given)
    if twice and target.decode(given) != first:
        raise WrongError("decoded again it gives another answer")


def place_of(error: BaseException) -> str:
    """Type and innermost place of ours in the traceback: what tells one finding from another."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "slowworm" in f.filename and "/tests/fuzz/" not in f.filename] or frames
    kind = f"{type(error).__name__}"
    if isinstance(error, WrongError):
        return f"{kind}: {str(error).split(':')[0][:60].rstrip('0123456789 ')}"
    return f"{kind} in {ours[-1].filename.rsplit('slowworm/', 1)[-1]}:{ours[-1].lineno}"


def violation(target: Target, given: Messages, **how: bool) -> tuple[str, str] | None:
    """Where and how decoding goes wrong, or ``None``."""
    try:
        check(target, given, **how)
    except Exception as error:
        return place_of(error), "".join(traceback.format_exception(error))[-3000:]
    return None


def inputs(target: Target, seed: int) -> Callable[[int], Messages]:
    """The input of each number: the same for the same seed, so that a violation can be had again."""
    seeds = target.all_seeds()

    def again(number: int) -> Messages | None:
        if number % REPEATED != REPEATED - 1:
            return None
        rng = random.Random(seed << 32 | number)
        return Messages.of([repeated(rng, rng.choice(seeds), target.find)])

    if target.count > 1:
        pool = Pool(seeds, target.find)

        def batch(number: int) -> Messages:
            if piece := again(number):
                return piece
            rng = np.random.default_rng((seed, number))
            # Few messages now and then: state of one does not hide behind another's.
            count = int(rng.choice([1, 8, target.count // 4, target.count], p=[0.05, 0.1, 0.25, 0.6]))
            made = mass(rng, pool, max(count, 1))
            if not target.file:
                return made
            whole = compact(made)
            return Messages(
                data=whole, offset=np.zeros(1, np.int64), size=np.array([len(whole)]), mutated=made.mutated
            )

        return batch

    def one(number: int) -> Messages:
        if piece := again(number):
            return piece
        rng = random.Random(seed << 32 | number)
        mutate = Mutator(rng, target.find, target.tokens)
        data = mutate(rng.choice(seeds), rng.choice(seeds))
        return Messages.of([data])

    return one


def sweep(
    target: Target,
    *,
    seed: int,
    seconds: float = 0.0,
    most: int = 0,
    small: bool = True,
    progress: Path | None = None,
) -> Tally:
    """Decode mutated messages for ``seconds`` or ``most`` inputs.

    ``small``: findings are made small. ``progress``: a file for the number of the input at hand, to be read where
    the process is ended by what it decodes.
    """
    tally = Tally(target=target.name)
    make = inputs(target, seed)
    if target.compiled:  # compiling is no part of the time that an input may take
        target.decode(make(0))
    begin = time.monotonic()
    number = 0
    while (not most or number < most) and (not seconds or time.monotonic() - begin < seconds):
        given = make(number)
        if progress:
            progress.write_text(str(number))
        traced = number % TRACED == TRACED - 1 or number % (2 * REPEATED) == 2 * REPEATED - 1
        twice = number % TWICE == TWICE - 1
        start = time.process_time()
        wrong = violation(target, given, traced=traced, twice=twice)
        if not (traced or twice):
            may = 2.0 * max(1.0, len(given.data) / 65536)
            tally.slowest = max(tally.slowest, (time.process_time() - start) / may)
        tally.inputs += 1
        tally.messages += given.mutated
        tally.octets += len(given.data)
        number += 1
        if wrong and not tally.known(wrong[0]):
            least = smallest(target, given, wrong[0], traced=traced, twice=twice) if small else given
            tally.findings.append(
                Finding(
                    target=target.name,
                    where=wrong[0],
                    text=wrong[1],
                    data=least.data,
                    sizes=tuple(least.size.tolist()),
                )
            )
            if len(tally.findings) >= MOST_FINDINGS:
                break
    tally.seconds = time.monotonic() - begin
    return tally


def smallest(target: Target, given: Messages, where: str, *, seconds: float = 60.0, **how: bool) -> Messages:
    """Fewer messages, then fewer bytes, as long as the violation stays the same."""
    stop = time.monotonic() + seconds

    def still(parts: list[bytes]) -> bool:
        found = violation(target, Messages.of(parts), **how)
        return found is not None and found[0] == where

    parts = given.parts()
    if not still(parts):  # what lies between messages mattered
        return given
    parts = _fewer(parts, still, stop)
    for k in range(len(parts)):
        pieces = [parts[k][i : i + 1] for i in range(len(parts[k]))]

        def with_part(pieces: list[bytes], k: int = k) -> bool:
            return still([*parts[:k], b"".join(pieces), *parts[k + 1 :]])

        parts[k] = b"".join(_fewer(pieces, with_part, stop))
    return Messages.of(parts)


def _fewer(items: list[bytes], still: Callable[[list[bytes]], bool], stop: float) -> list[bytes]:
    """Leave out runs of items, long ones first, while ``still`` holds."""
    step = max(1, len(items) // 2)
    while step and time.monotonic() < stop:
        at = 0
        while at < len(items) and len(items) > 1 and time.monotonic() < stop:
            shorter = items[:at] + items[at + step :]
            if shorter and still(shorter):
                items = shorter
            else:
                at += step
        step //= 2
    return items
