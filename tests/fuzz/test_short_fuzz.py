"""The short fuzz that every test run does: some thousand mutated messages of every decoder, from a fixed seed.

``SLOWWORM_FUZZ_SEED`` takes another seed. A longer run is ``make fuzz MINUTES=60``.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import numpy as np
import pytest

from slowworm.sources.formats import standard_formats
from slowworm.sources.netflow.decode import decode
from tests.fuzz import messages
from tests.fuzz.decoders import datagrams
from tests.fuzz.mutate import Messages, Pool, mass
from tests.fuzz.oracles import WrongError, check_batches, limited, memory
from tests.fuzz.sweep import TRACED, sweep, violation
from tests.fuzz.targets import SEED, Target, targets

FUZZ_SEED = int(os.environ.get("SLOWWORM_FUZZ_SEED", SEED))

INPUTS = 13
"""Inputs of each target: one repeats a piece, and memory is traced for none, which takes too long here."""


@pytest.mark.parametrize("name", [n for n, t in targets().items() if not t.compiled])
def test_mutated_messages_break_nothing(name: str, record_property: Callable[[str, object], None]) -> None:
    assert INPUTS < TRACED
    record_property("fuzz seed", FUZZ_SEED)
    tally = sweep(targets()[name], seed=FUZZ_SEED, most=INPUTS, small=False)
    assert tally.messages >= INPUTS - 1
    assert not tally.findings, f"seed {FUZZ_SEED}: {tally.findings[0].text}"


@pytest.mark.parametrize("name", [n for n, t in targets().items() if t.compiled])
def test_kernels_mean_the_same_both_ways_and_stay_within_their_columns(name: str) -> None:
    tally = sweep(targets()[name], seed=FUZZ_SEED, most=INPUTS, small=False)
    assert not tally.findings, f"seed {FUZZ_SEED}: {tally.findings[0].text}"


def test_every_format_is_fuzzed() -> None:
    fuzzed = {name for target in targets().values() for name in target.formats}
    assert {info.name for info in standard_formats().infos()} <= fuzzed, "add a target: tests/fuzz/targets.py"


def test_every_mutated_message_is_another_one() -> None:
    for name in ("netflow-fixed", "sflow", "packets"):
        target = targets()[name]
        pool = Pool(target.all_seeds(), target.find)
        made = mass(np.random.default_rng(FUZZ_SEED), pool, 500)
        known = set(pool.seeds)
        others = sum(part not in known for part in made.parts())
        assert 400 < made.mutated - 5 <= others <= made.mutated  # a few became another seed


def test_a_seed_gives_the_same_inputs_again() -> None:
    target = targets()["ipfix"]
    one, two = (sweep(target, seed=FUZZ_SEED, most=2) for _ in range(2))
    assert (one.messages, one.octets) == (two.messages, two.octets)
    assert sweep(target, seed=FUZZ_SEED + 1, most=2).octets != one.octets


def _broken(given: Messages) -> object:
    if b"\xff" in given.data:
        raise IndexError("a decoder with a fault")
    return len(given.data)


def test_the_sweep_finds_a_fault_and_makes_it_small() -> None:
    target = Target(
        name="broken", decode=_broken, seeds=lambda: [bytes(60), bytes(90)], find=lambda _: [], count=50
    )
    (finding,) = sweep(target, seed=FUZZ_SEED, most=2).findings
    assert (finding.data, finding.sizes) == (b"\xff", (1,))
    assert finding.where.startswith("IndexError in ")


def _endless() -> None:
    with limited(1, 0.05):
        while True:
            pass


def test_the_oracles_can_fail() -> None:
    with pytest.raises(WrongError, match=r"more than 0\.\d s"):
        _endless()
    with pytest.raises(WrongError, match="bytes of memory"):
        memory(lambda: bytes(20 << 20), 1)
    two = datagrams(Messages.of(messages.fixed(random.Random(1))[1:2]))
    good = [batch for _, batch in decode(two, "x").batches]
    assert check_batches(good, 100) == 2
    with pytest.raises(WrongError, match="rows"):
        check_batches(good * 100, 100)
    with pytest.raises(WrongError, match="without rows"):
        check_batches([good[0].slice(0, 0)], 100)
    target = Target(name="odd", decode=lambda _: object(), seeds=lambda: [b"x"], find=lambda _: [])
    found = violation(target, Messages.of([b"x"]), twice=True)
    assert found is not None
    assert "another answer" in found[1]
