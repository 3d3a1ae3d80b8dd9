"""How a source chooses its targets: classes of scanning compared by likelihood, then the worms by name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from slowworm.detect.outcome import SYN_SIZES
from slowworm.detect.profiles.draw import draw_targets
from slowworm.detect.profiles.model import (
    STRAY,
    Profile,
    Targets,
    independent_log_likelihood,
    sequential_log_likelihood,
    stray_log,
)
from slowworm.detect.profiles.view import EVERYTHING, SPACE, UNKNOWN_VIEWS, View
from slowworm.flows.addresses import RESERVED, format_ipv4

PRIOR: dict[str, float] = {
    "uniform": 0.40,
    "local": 0.25,
    "subnet": 0.12,
    "sequential": 0.12,
    "routable": 0.06,
    "stride": 0.05,
}
"""Prior of the classes, from how often the worms on record use them; a few targets outweigh it."""

MIN_TARGETS = 3
"""Below three targets no way of choosing is named."""

NAMED_FROM = 0.5
"""Posterior from which a class is named rather than called unknown."""

WORM_NAMED_FROM = 0.9
"""Posterior from which one worm is named rather than listed as a candidate."""

LISTED_FROM = 0.01
"""Candidates below this posterior are left out."""

ROUTABLE_ODDS = 10.0
"""``routable`` differs from ``uniform`` only by what is absent, so it is named only at odds of 10 to 1."""

WRONG_SHAPE = 0.05
"""Likelihood of flows of another size than a worm's probes have, once for the whole activity."""

SAME_SHAPE = 0.9
"""Share of the probes that must have that size."""

TELLING_SHAPE = 10.0
"""Odds that probes of a worm's very own size give it over an unknown scanner: other sizes are as likely for those. The
sizes of bare SYNs are everybody's and give none."""

UNNAMED_PRIOR = 1.0
"""Prior weight of 'none of the known worms', where each known one has 1: there are many more than we list."""

LEAST_INFORMATION = 1e-3
"""Nats a target below which two worms count as choosing alike: thousands of targets would not do."""

DRAWS = 4096
EXAMPLE_SOURCE = 0x828A4D09
"""130.138.77.9: no octet that any profile excludes."""

SUBNET_LENGTHS = range(8, 29)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A name with its posterior probability."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Targeting:
    """How the targets were chosen.

    ``prefix_weights``: share of targets by longest prefix shared with the source, as text length → share, for
    ``local``; ``prefix``: the scanned prefix for ``subnet``; ``stride`` for ``stride``. ``worm_needs``: about how
    many more targets would tell the two likeliest worms apart; ``None`` where one is named or no number would do.
    """

    name: str
    candidates: tuple[Candidate, ...]
    worm: str | None
    worm_candidates: tuple[Candidate, ...]
    prefix_weights: tuple[tuple[int, float], ...] = ()
    prefix: str | None = None
    stride: int | None = None
    worm_needs: int | None = None


UNKNOWN = Targeting(name="unknown", candidates=(), worm=None, worm_candidates=())


def targeting(
    source: int,
    targets: Targets,
    *,
    profiles: Iterable[Profile],
    ordered: bool = False,
    packet_bytes: npt.NDArray[np.int64] | None = None,
    packets: npt.NDArray[np.int64] | None = None,
    view: View | None = None,
) -> Targeting:
    """Compare classes and worms for one IPv4 source.

    ``targets``: distinct, in the order of time if ``ordered``. ``profiles``: those that attack the service in
    question. ``packet_bytes``: average bytes a packet, ``packets``: packets, per target where known. ``view``:
    what the vantage point sees; ``None`` where that is not known.
    """
    views = UNKNOWN_VIEWS if view is None else ((view, 1.0),)
    if view is not None and view.only:
        targets = targets[view.sees(source, targets)]
    if len(targets) < MIN_TARGETS:
        return UNKNOWN
    space = SPACE if view is None else view.space
    limited = view is not None and bool(view.only)
    models: dict[str, float] = {
        "uniform": independent_log_likelihood(np.full(len(targets), 1 / space), ordered=ordered, space=space),
        # Of an outside source only what it sends to the inside is seen: neither its neighbourhood nor its gaps.
        "routable": -math.inf if limited else _routable(targets, ordered, view or EVERYTHING),
        "local": -math.inf
        if limited
        else _log_mean((_local(source, targets, ordered, v), p) for v, p in views),
        "sequential": _sequential(targets, ordered, space),
    }
    models["subnet"], prefix = _subnet(targets, ordered, view)
    models["stride"], stride = _stride(targets, ordered, space)
    posterior = _posterior({name: models[name] + math.log(PRIOR[name]) for name in PRIOR})
    name = max(PRIOR, key=lambda n: posterior[n])
    if name == "routable" and posterior["routable"] < ROUTABLE_ODDS * posterior["uniform"]:
        name = "uniform"
    spread = posterior["uniform"] + posterior["routable"]
    if (spread if name in ("uniform", "routable") else posterior[name]) < NAMED_FROM:
        name = "unknown"
    profiles = tuple(profiles)
    worm, worms = _worms(source, targets, profiles, ordered, packet_bytes, packets, models, views)
    return Targeting(
        name=name,
        candidates=_listed(posterior),
        worm=worm,
        worm_candidates=worms,
        prefix_weights=_shares(source, targets) if name == "local" else (),
        prefix=prefix if name == "subnet" else None,
        stride=stride if name == "stride" else None,
        worm_needs=None if worm else _needs(worms, profiles),
    )


def _worms(
    source: int,
    targets: Targets,
    profiles: Sequence[Profile],
    ordered: bool,
    packet_bytes: npt.NDArray[np.int64] | None,
    packets: npt.NDArray[np.int64] | None,
    models: dict[str, float],
    views: Sequence[tuple[View, float]],
) -> tuple[str | None, tuple[Candidate, ...]]:
    scores: dict[str, float] = {}
    for profile in profiles:
        score = _log_mean(
            (profile.log_likelihood(source, targets, ordered=ordered, view=v), p) for v, p in views
        )
        for allowed, seen in ((profile.shape.packet_bytes, packet_bytes), (profile.shape.packets, packets)):
            if allowed and seen is not None and np.isin(seen, allowed).mean() < 0.5:
                score += math.log(WRONG_SHAPE)
        own = profile.shape.packet_bytes
        if own and packet_bytes is not None and not set(own) & set(SYN_SIZES):
            score += math.log(TELLING_SHAPE) if np.isin(packet_bytes, own).mean() >= SAME_SHAPE else 0.0
        scores[profile.name] = score
    if not scores:
        return None, ()
    unnamed = _log_sum([models[name] + math.log(PRIOR[name]) for name in PRIOR])
    posterior = _posterior({**scores, "unknown": unnamed + math.log(UNNAMED_PRIOR)})
    best = max(posterior, key=lambda n: posterior[n])
    named = best if best != "unknown" and posterior[best] >= WORM_NAMED_FROM else None
    return named, _listed(posterior)


def _needs(worms: Sequence[Candidate], profiles: Sequence[Profile]) -> int | None:
    """Targets until the odds of the likeliest worm over the next reach WORM_NAMED_FROM, if it is the one."""
    by_name = {p.name: p for p in profiles}
    known = [c for c in worms if c.name in by_name][:2]
    if len(known) < 2 or known[1].probability <= 0:
        return None
    each = information(by_name[known[0].name], by_name[known[1].name])
    missing = math.log(WORM_NAMED_FROM / (1 - WORM_NAMED_FROM)) - math.log(
        known[0].probability / known[1].probability
    )
    return max(1, math.ceil(missing / each)) if each >= LEAST_INFORMATION else None


@cache
def information(worm: Profile, other: Profile) -> float:
    """Nats by which one target of ``worm`` speaks for it against ``other``, on average (their divergence).

    Estimated from DRAWS targets of a source in the middle of nowhere, with a fixed seed: the same every time.
    """
    if worm.order != "random" or other.order != "random":
        return 0.0
    targets = draw_targets(worm, EXAMPLE_SOURCE, DRAWS, np.random.default_rng(0))
    ratio = stray_log(worm.density(EXAMPLE_SOURCE, targets)) - stray_log(
        other.density(EXAMPLE_SOURCE, targets)
    )
    return float(ratio.mean())


def _sequential(targets: Targets, ordered: bool, space: float, stride: int = 1) -> float:
    """A walk from anywhere: every start is as likely."""
    return sequential_log_likelihood(
        targets, start=lambda _first: 1 / space, ordered=ordered, stride=stride, space=space
    )


def _log_mean(values: Iterable[tuple[float, float]]) -> float:
    """log of the mean of e^value, with weights."""
    return _log_sum([value + math.log(weight) for value, weight in values])


def _routable(targets: Targets, ordered: bool, view: View) -> float:
    reserved = np.zeros(len(targets), np.bool_)
    size = view.space
    for network, length in RESERVED:
        reserved |= targets >> np.uint32(32 - length) == network >> (32 - length)
        size -= 0.0 if (network, length) in view.unseen else 2.0 ** (32 - length)
    return independent_log_likelihood(np.where(reserved, 0.0, 1 / size), ordered=ordered, space=view.space)


def _classes(source: int, targets: Targets) -> npt.NDArray[np.int64]:
    """0, 1, 2, 3 for targets that share nothing, a /8, a /16, a /24 with the source (the longest)."""
    differing = targets ^ np.uint32(source)
    return (
        (differing < 1 << 24).astype(np.int64)
        + (differing < 1 << 16).astype(np.int64)
        + (differing < 1 << 8).astype(np.int64)
    )


_ROOM = np.array([2.0**32 - 2.0**24, 2.0**24 - 2.0**16, 2.0**16 - 2.0**8, 2.0**8])


def _local(source: int, targets: Targets, ordered: bool, view: View) -> float:
    """Unknown weights on the shared prefix lengths, integrated over a flat Dirichlet prior (rule of Laplace)."""
    room = np.array(_ROOM)
    if view.hidden is not None:
        # What is hidden lies in the class of its prefix length and in all longer ones.
        cut = view.hidden // 8 if view.hidden % 8 == 0 else view.hidden // 8 + 1
        room[cut:] = 0.0
        room[cut - 1] = max(2.0 ** (40 - 8 * cut) - 2.0 ** (32 - view.hidden), 0.0)
    classes = _classes(source, targets)
    n = len(targets)
    counts = np.bincount(classes, minlength=4)
    if counts[room <= 0].any():
        return -math.inf
    kinds = int((room > 0).sum())
    mixed = math.lgamma(kinds) - math.lgamma(kinds + n) + sum(math.lgamma(1 + int(c)) for c in counts)
    placed = float(-np.log(room[classes]).sum())
    return mixed + placed + (0.0 if ordered else math.lgamma(n + 1))


def _shares(source: int, targets: Targets) -> tuple[tuple[int, float], ...]:
    counts = np.bincount(_classes(source, targets), minlength=4)
    return tuple((8 * i, round(int(c) / len(targets), 3)) for i, c in enumerate(counts) if c)


def _subnet(targets: Targets, ordered: bool, view: View | None) -> tuple[float, str]:
    """All targets in one prefix, whichever; targets are distinct, so drawn without repeats."""
    n = len(targets)
    space = SPACE if view is None else view.space
    lengths = [k for k in SUBNET_LENGTHS if 2 ** (32 - k) <= space / 2]
    scores: list[float] = []
    best, where = -math.inf, ""
    for length in lengths:
        shift = np.uint32(32 - length)
        prefixes, counts = np.unique(targets >> shift, return_counts=True)
        top = int(counts.argmax())
        inside = int(counts[top])
        size = 2 ** (32 - length)
        drawn = math.lgamma(size - inside + 1) - math.lgamma(size + 1)
        score = math.log(size / space) - math.log(len(lengths)) + drawn
        score += inside * math.log(1 - STRAY) + (n - inside) * math.log(STRAY / space)
        scores.append(score)
        if score > best:
            best, where = score, f"{format_ipv4(int(prefixes[top]) << (32 - length))}/{length}"
    if not scores:
        return -math.inf, ""
    return _log_sum(scores) + (0.0 if ordered else math.lgamma(n + 1)), where


def _stride(targets: Targets, ordered: bool, space: float) -> tuple[float, int]:
    """A walk in steps of some s ≥ 2; s has prior 1/(s·(s-1))."""
    walk = targets.astype(np.int64) if ordered else np.sort(targets).astype(np.int64)
    steps = np.abs(np.diff(walk))
    steps = steps[steps > 1]
    if len(steps) < MIN_TARGETS:
        return -math.inf, 0
    step = int(np.gcd.reduce(steps))
    if step < 2:
        values, counts = np.unique(steps, return_counts=True)
        step = int(values[counts.argmax()])
    score = _sequential(targets, ordered, space, step)
    return score - math.log(step) - math.log(step - 1), step


def _posterior(scores: dict[str, float]) -> dict[str, float]:
    total = _log_sum(list(scores.values()))
    return {name: math.exp(score - total) for name, score in scores.items()}


def _log_sum(values: list[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(v - top) for v in values)) if top > -math.inf else top


def _listed(posterior: dict[str, float]) -> tuple[Candidate, ...]:
    ranked = sorted(posterior.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Candidate(name=n, probability=round(p, 3)) for n, p in ranked if p >= LISTED_FROM)
