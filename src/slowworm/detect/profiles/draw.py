"""Targets as a worm of a given profile draws them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slowworm.detect.profiles.model import Profile

MAX_ROUNDS = 1000
"""Rounds of drawing before a source counts as unable to draw: its own octets may be excluded."""


def draw_targets(profile: Profile, source: int, n: int, rng: np.random.Generator) -> npt.NDArray[np.uint32]:
    """``n`` distinct targets in the order drawn, for an infected host ``source``.

    Excluded draws are repeated, component and all, as the worms do. A sequential profile walks upward from its
    drawn start. Raises ``ValueError`` where the profile leaves the source no targets.
    """
    if profile.order == "sequential":
        start = int(_draw(profile, source, 1, rng)[0])
        return ((start + np.arange(n, dtype=np.uint64)) % np.uint64(2**32)).astype(np.uint32)
    found = np.zeros(0, np.uint32)
    for _ in range(MAX_ROUNDS):
        found = np.concatenate([found, _draw(profile, source, max(n - len(found), 8), rng)])
        _, first = np.unique(found, return_index=True)
        found = found[np.sort(first)]
        if len(found) >= n:
            return found[:n]
    raise ValueError(f"profile {profile.name} leaves source {source} fewer than {n} targets")


def _draw(profile: Profile, source: int, n: int, rng: np.random.Generator) -> npt.NDArray[np.uint32]:
    """At least one allowed target, from ``n`` draws a round."""
    weights = np.array([c.weight for c in profile.mixture])
    prefixes = np.array([c.prefix for c in profile.mixture])
    for _ in range(MAX_ROUNDS):
        kept = prefixes[rng.choice(len(weights), size=n, p=weights / weights.sum())]
        host = np.array([0xFFFFFFFF >> int(k) for k in kept], np.uint32)
        random = rng.integers(0, 2**32, n, dtype=np.uint32)
        targets: npt.NDArray[np.uint32] = (np.uint32(source) & ~host) | (random & host)
        fine: npt.NDArray[np.uint32] = targets[profile.allowed(targets) & (targets != np.uint32(source))]
        if len(fine):
            return fine
    raise ValueError(f"profile {profile.name} leaves source {source} no targets")
