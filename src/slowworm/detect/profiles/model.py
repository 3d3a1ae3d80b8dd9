"""A targeting profile and the likelihood of targets under it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from slowworm.detect.profiles.view import EVERYTHING, SPACE, View
from slowworm.flows.addresses import octets

Targets = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]

STRAY = 0.01
"""Share of a host's contacts on the worm's port that are not the worm's: without it, one ordinary connection
to an excluded address would refute a worm outright. Larger makes exclusions speak more softly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A protocol and port that a worm attacks; ``port`` is ``None`` for ICMP and random ports."""

    protocol: int
    port: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """With probability ``weight`` keep the source's first ``prefix`` bits and draw the rest at random."""

    prefix: int
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a probe looks like as a flow: any of these packet counts and bytes a packet; empty is unknown."""

    packets: tuple[int, ...] = ()
    packet_bytes: tuple[int, ...] = ()
    source_port: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    """How one worm (or kind of scan) chooses targets. Sizes and exclusions refer to IPv4.

    ``order``: ``random`` draws each target anew; ``sequential`` walks upward from a random start.
    ``shared_list``: every instance walks the same list, so that targets of several sources coincide.
    """

    name: str
    title: str
    services: tuple[Service, ...]
    mixture: tuple[Component, ...]
    order: str = "random"
    shared_list: bool = False
    excluded_octets: tuple[int, ...] = ()
    octet_ranges: tuple[tuple[int, int, int], ...] = ()
    """(octet 1–4, lowest, highest) that targets keep to."""
    excluded_prefixes: tuple[tuple[int, int], ...] = ()
    shape: Shape = field(default_factory=Shape)
    rate: str = ""
    seen: str = ""
    sources: tuple[str, ...] = ()
    confidence: str = ""
    notes: str = ""
    origin: str = ""
    """The file it came from."""

    @cached_property
    def _allowed(self) -> npt.NDArray[np.bool_]:
        """Which octet values targets may have: shape (4, 256)."""
        allowed = np.ones((4, 256), np.bool_)
        allowed[:, list(self.excluded_octets)] = False
        for position, low, high in self.octet_ranges:
            allowed[position - 1, :low] = False
            allowed[position - 1, high + 1 :] = False
        for network, length in self.excluded_prefixes:
            if length == 8:
                allowed[0, network >> 24] = False
            elif length < 8:
                first = network >> 24
                allowed[0, first : first + (1 << (8 - length))] = False
        return allowed

    @cached_property
    def _long_exclusions(self) -> tuple[tuple[int, int], ...]:
        return tuple((n, k) for n, k in self.excluded_prefixes if k > 8)

    def allowed(self, targets: Targets) -> npt.NDArray[np.bool_]:
        """Which targets the worm can choose at all."""
        parts = octets(targets)
        fine: npt.NDArray[np.bool_] = np.asarray(self._allowed[np.arange(4), parts].all(axis=1))
        for network, length in self._long_exclusions:
            fine[targets >> np.uint32(32 - length) == network >> (32 - length)] = False
        return fine

    def room(self, source: int, prefix: int) -> float:
        """How many addresses component ``prefix`` can reach from ``source``; at least 1."""
        size = 1.0
        for position in range(4):
            fixed = min(max(prefix - 8 * position, 0), 8)
            octet = source >> (24 - 8 * position) & 255
            low = octet >> (8 - fixed) << (8 - fixed)
            if fixed < 8:  # octets kept from the source are not drawn, so no exclusion applies to them
                size *= float(self._allowed[position, low : low + (1 << (8 - fixed))].sum())
        for network, length in self._long_exclusions:
            if length >= prefix and (prefix == 0 or network >> (32 - prefix) == source >> (32 - prefix)):
                size -= 2.0 ** (32 - length)
        return max(size, 1.0)

    def density(self, source: int, targets: Targets, view: View = EVERYTHING) -> Floats:
        """Probability of each target for a scan from ``source`` among what ``view`` shows, strays not counted."""
        total = np.zeros(len(targets))
        for component in self.mixture:
            shift = np.uint32(32 - component.prefix)
            inside = (
                targets >> shift == np.uint32(source) >> shift
                if component.prefix
                else np.ones(len(targets), np.bool_)
            )
            total += np.where(inside, component.weight / self.room(source, component.prefix), 0.0)
        fine = self.allowed(targets) & (targets != np.uint32(source))
        if view == EVERYTHING:
            return np.where(fine, total, 0.0)
        visible = self.visible(source, view)
        return np.where(fine & view.sees(source, targets), total / visible, 0.0) if visible > 0 else total * 0

    def visible(self, source: int, view: View) -> float:
        """Share of the scan of ``source`` that ``view`` shows: what a border router sees of a local scan is less."""
        shown = 0.0
        for component in self.mixture:
            room = self.room(source, component.prefix)
            seen = self._shared(source, component.prefix, view.only) if view.only else room
            if not view.only:
                seen -= self._shared(source, component.prefix, view.unseen)
            if view.hidden is not None and not view.only:
                seen -= self.room(source, max(component.prefix, view.hidden))
            shown += component.weight * max(seen, 0.0) / room
        return shown

    def _shared(self, source: int, prefix: int, only: tuple[tuple[int, int], ...]) -> float:
        """Targets of component ``prefix`` from ``source`` that lie in ``only``."""
        shared = 0.0
        for network, length in only:
            shorter = min(prefix, length)
            if shorter and network >> (32 - shorter) != source >> (32 - shorter):
                continue
            if prefix >= length:
                shared += self.room(source, prefix)
                continue
            # Octets that the prefix fixes were drawn by the worm, so that its exclusions apply to them.
            drawn = range(prefix // 8, length // 8)
            if all(self._allowed[position, network >> (24 - 8 * position) & 255] for position in drawn):
                shared += self.room(network, length)
        return shared

    def log_likelihood(
        self, source: int, targets: Targets, *, ordered: bool = False, view: View = EVERYTHING
    ) -> float:
        """Natural logarithm of the probability of ``targets`` (distinct) from ``source``, as ``view`` shows them.

        ``ordered``: they are in the order of time. Otherwise only the set is known, and models of either kind
        are compared as the probability of the set (a factor n! for independent draws).
        """
        if self.order == "sequential":
            return sequential_log_likelihood(
                targets,
                start=lambda first: float(self.density(source, first, view)[0]),
                ordered=ordered,
                space=view.space,
            )
        return independent_log_likelihood(
            self.density(source, targets, view), ordered=ordered, space=view.space
        )


def stray_log(density: Floats, space: float = SPACE) -> Floats:
    """log of each density, mixed with strays anywhere in ``space``."""
    logs: Floats = np.log((1 - STRAY) * density + STRAY / space)
    return logs


def independent_log_likelihood(density: Floats, *, ordered: bool, space: float = SPACE) -> float:
    """log of the product of densities, each mixed with strays; times n! where the order is not known."""
    total = float(stray_log(density, space).sum())
    return total if ordered else total + math.lgamma(len(density) + 1)


RESTART = 0.05
"""Share of steps of a sequential walk that begin elsewhere (threads, restarts, several walks at once)."""

MAX_STEP = 65_536
"""Largest step, in strides, that still belongs to the walk: fewer than 1 in 65,536 probes seen is no walk."""


def walk_log_probability(steps: npt.NDArray[np.int64]) -> float:
    """log probability of the steps g ≥ 1 of one walk of which an unknown share p of probes is seen.

    Each step is geometric with the same p, and p is unknown between 0 and 1: ∫ ∏ p(1-p)^(g-1) dp =
    n!·(S-n)!/(S+1)! with S = Σg. A walk seen whole costs 1/(n+1), however long.
    """
    n, total = len(steps), int(steps.sum())
    return math.lgamma(n + 1) + math.lgamma(total - n + 1) - math.lgamma(total + 2)


def sequential_log_likelihood(
    targets: Targets,
    *,
    start: Callable[[Targets], float],
    ordered: bool,
    stride: int = 1,
    space: float = SPACE,
) -> float:
    """log probability of a walk through ``targets`` in steps of ``stride``, with restarts anywhere.

    ``start``: function of a one-element array giving the first target's density. Without a known order the
    walk is taken upward through the sorted set.
    """
    walk = targets if ordered else np.sort(targets)
    places: npt.NDArray[np.int64] = walk.astype(np.int64)
    steps: npt.NDArray[np.int64] = places[1:] - places[:-1]
    if ordered and len(steps) and (steps < 0).mean() > 0.5:
        walk, steps = walk[::-1], -steps[::-1]
    strides = steps // stride
    forward = strides[(steps % stride == 0) & (strides >= 1) & (strides <= MAX_STEP)]
    restarts = len(steps) - len(forward)
    first = max(float(start(walk[:1])), STRAY / space)
    return (
        math.log(first)
        + len(forward) * math.log(1 - RESTART)
        + walk_log_probability(forward)
        + restarts * math.log(RESTART / space)
    )
