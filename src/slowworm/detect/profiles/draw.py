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


def draw_each(
    profile: Profile, sources: npt.NDArray[np.uint32], rng: np.random.Generator
) -> npt.NDArray[np.uint32]:
    """One target for each of ``sources`` (which may repeat), drawn by the mixture; targets may repeat too.

    The order of a sequential profile plays no part: these are the starts of its walks. Raises ``ValueError`` where
    the profile leaves a source no targets.
    """
    targets = np.zeros(len(sources), np.uint32)
    pending = np.arange(len(sources))
    for _ in range(MAX_ROUNDS):
        drawn, fine = _round(profile, sources[pending], rng)
        targets[pending[fine]] = drawn[fine]
        pending = pending[~fine]
        if not len(pending):
            return targets
    raise ValueError(f"profile {profile.name} leaves source {sources[pending[0]]} no targets")


def _draw(profile: Profile, source: int, n: int, rng: np.random.Generator) -> npt.NDArray[np.uint32]:
    """At least one allowed target, from ``n`` draws a round."""
    for _ in range(MAX_ROUNDS):
        targets, fine = _round(profile, np.full(n, source, np.uint32), rng)
        if fine.any():
            found: npt.NDArray[np.uint32] = targets[fine]
            return found
    raise ValueError(f"profile {profile.name} leaves source {source} no targets")


def _round(
    profile: Profile, sources: npt.NDArray[np.uint32], rng: np.random.Generator
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.bool_]]:
    """One draw for each source, and which of them the profile allows."""
    weights = np.array([c.weight for c in profile.mixture])
    hosts = np.array([0xFFFFFFFF >> c.prefix for c in profile.mixture], np.uint32)
    host = hosts[rng.choice(len(weights), size=len(sources), p=weights / weights.sum())]
    random = rng.integers(0, 2**32, len(sources), dtype=np.uint32)
    targets: npt.NDArray[np.uint32] = (sources & ~host) | (random & host)
    return targets, profile.allowed(targets) & (targets != sources)
