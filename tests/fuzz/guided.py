"""Coverage-guided fuzzing of one target with Atheris (libFuzzer): what reaches new code is kept and mutated further.

    python -m tests.fuzz.guided TARGET CORPUS --seconds 60 --seed 1

A message target gets one message, or several behind each other with a length of two octets in front of each. What
Atheris keeps goes into the directory CORPUS; what violates an oracle ends the run and is left in CORPUS/../findings.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
from pathlib import Path

MAX_INPUT = 16_384
"""Octets of an input: enough for every structure, few enough for thousands of runs a second."""

RSS_MEBIBYTES = 1_500

NEVER = 1 << 60
"""Kernels run uncompiled: compiled code cannot be watched."""


def framed(parts: list[bytes]) -> bytes:
    """Messages with a length of two octets in front of each."""
    return b"".join(len(p).to_bytes(2, "big") + p for p in parts)


def parts_of(data: bytes) -> list[bytes]:
    """Messages of a framed input; the last one may be cut short."""
    parts, at = [], 0
    while at + 2 <= len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        parts.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    return parts


def main() -> None:
    """Run Atheris on one target."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()

    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

    with atheris.instrument_imports(include=["slowworm"]):
        for name in ("cloud", "firewall", "logs", "tables"):  # what is otherwise imported when it is needed
            importlib.import_module(f"slowworm.sources.{name}")
        from tests.fuzz.targets import targets

    from slowworm.sources.pcap import capture, classic, pcapng
    from tests.fuzz.mutate import Messages, Mutator
    from tests.fuzz.sweep import check

    for module in (capture, classic, pcapng):
        module.COMPILE_FROM_BYTES = NEVER  # type: ignore[attr-defined]
    target = targets()[given.target]
    several = target.count > 1 and not target.file
    given.corpus.mkdir(parents=True, exist_ok=True)
    findings = given.corpus.parent / "findings"
    findings.mkdir(exist_ok=True)
    seeds = target.all_seeds()
    for number, seed in enumerate(seeds):
        if len(seed) < MAX_INPUT:
            (given.corpus / f"seed-{number}").write_bytes(framed([seed]) if several else seed)

    def one(data: bytes) -> None:
        messages = Messages.of(parts_of(data) if several else [data])
        if not messages.data and several:
            return
        check(target, messages)

    def custom(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.5:
            mutated: bytes = atheris.Mutate(data, most)
            return mutated
        mutate = Mutator(rng, target.find, target.tokens)
        if not several:
            return mutate(data, rng.choice(seeds))[:most]
        parts = parts_of(data)[:40] or [rng.choice(seeds)]
        kind, place = rng.random(), rng.randrange(len(parts))
        if kind < 0.7:
            parts[place] = mutate(parts[place], rng.choice(seeds))[:65_535]
        elif kind < 0.85:
            parts.insert(place, rng.choice(seeds))
        else:
            parts.insert(rng.randrange(len(parts)), parts[place])
        return framed(parts)[:most]

    arguments = [
        sys.argv[0],
        str(given.corpus),
        f"-max_total_time={given.seconds}",
        f"-seed={given.seed}",
        f"-max_len={MAX_INPUT}",
        f"-rss_limit_mb={RSS_MEBIBYTES}",
        "-timeout=30",
        f"-artifact_prefix={findings}/{given.target}-",
        "-print_final_stats=1",
        "-verbosity=1",
    ]
    atheris.Setup(arguments, one, custom_mutator=custom)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
