"""How often targets are taken for another worm's: the table in docs/concepts/targeting.md.

    python scripts/targeting_error_rates.py [--draws 2000] [--seed 20010804] [--write]

Pairs of profiles are compared as the detector compares them, on targets drawn from the one and judged under
both. "Wrong after n" takes the likelier of the two after exactly n targets. "Sequential" is the test that stops
at odds of 99 to 1: its mean number of targets and its errors.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

from slowworm.detect.profiles import Profile, load_profiles
from slowworm.detect.profiles.draw import draw_targets
from slowworm.detect.profiles.model import stray_log

PAIRS = (
    ("codered-v2", "codered-ii"),
    ("codered-v2", "nimda"),
    ("codered-v2", "sasser"),
    ("codered-ii", "nimda"),
    ("codered-ii", "sasser"),
    ("nimda", "sasser"),
)
COUNTS = (3, 5, 10, 20, 35, 50, 80)
STOP = math.log(99)
MOST = 400
PAGE = Path(__file__).parent.parent / "docs" / "concepts" / "targeting.md"
BEGIN, END = "<!-- error-rates:begin -->", "<!-- error-rates:end -->"


def source_address(rng: np.random.Generator) -> int:
    """A public source none of whose octets is 0 or 255 (Code Red II could keep no such octet)."""
    octets = [int(v) for v in rng.integers(1, 255, 4)]
    while octets[0] == 127 or octets[0] >= 224:
        octets[0] = int(rng.integers(1, 224))
    return octets[0] << 24 | octets[1] << 16 | octets[2] << 8 | octets[3]


def ratios(drawn: Profile, other: Profile, rng: np.random.Generator) -> np.ndarray:
    """Cumulative log likelihood ratio (drawn over other) after 1, 2, … targets of one source."""
    source = source_address(rng)
    targets = draw_targets(drawn, source, MOST, rng)
    steps = stray_log(drawn.density(source, targets)) - stray_log(other.density(source, targets))
    return np.cumsum(steps)


def row(drawn: Profile, other: Profile, draws: int, rng: np.random.Generator) -> list[str]:
    """One row of the table."""
    wrong = np.zeros(len(COUNTS))
    stops, mistakes = [], 0
    for _ in range(draws):
        walk = ratios(drawn, other, rng)
        wrong += [walk[n - 1] <= 0 for n in COUNTS]
        beyond = np.flatnonzero(np.abs(walk) >= STOP)
        at = int(beyond[0]) if len(beyond) else len(walk) - 1
        stops.append(at + 1)
        mistakes += walk[at] < 0
    return [
        drawn.name,
        other.name,
        *(f"{w / draws:.1%}" for w in wrong),
        f"{np.mean(stops):.1f}",
        f"{mistakes / draws:.1%}",
    ]


def table(draws: int, seed: int) -> str:
    """The table as Markdown."""
    rng = np.random.default_rng(seed)
    profiles = load_profiles()
    head = ["drawn from", "against", *(f"wrong after {n}" for n in COUNTS), "sequential: targets", "wrong"]
    lines = [head, ["---"] * 2 + ["--:"] * (len(head) - 2)]
    for a, b in PAIRS:
        lines.append(row(profiles.get(a), profiles.get(b), draws, rng))
        lines.append(row(profiles.get(b), profiles.get(a), draws, rng))
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{draws} draws a row, seed {seed}, `make error-rates`.\n\n{text}"


def main() -> None:
    """Print the table, or write it into the page."""
    parser = argparse.ArgumentParser(description="Error rates of naming a worm by its targets.")
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20010804)
    parser.add_argument(
        "--write", action="store_true", help="write the table into docs/concepts/targeting.md"
    )
    options = parser.parse_args()
    text = table(options.draws, options.seed)
    print(text)
    if options.write:
        page = PAGE.read_text()
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
