"""Kinds of hosts: how likely a host's contacts on a service, taken together, are for a scanner and for others.

Contacts of one host depend on each other: a mail relay with many dead domains fails again and again, and each
failure beyond the first few says only what was known. So a host is compared as a whole, under three kinds:

* ordinary: fails like everybody does here and now (``P_FAIL_BENIGN`` or the contemporary rate);
* failing: lives with failures, at a rate of its own: relays, crawlers, pollers with stale lists, peers of P2P;
* scanning: fails nearly always, in bare SYNs, each target once; perhaps beside the host's ordinary use.

The kinds' parameters have distributions (``data/kinds.toml``) and are integrated out, so that likelihoods depend on
counts of contacts only: not on their order, not on how flows were partitioned.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import product

import numpy as np
import numpy.typing as npt

from slowworm.detect import weights

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LOUDNESS_STEPS = 20
"""Steps of loudness that are told apart: 5 % each, at most 0.7 dB of a contact's 13."""

FAILS_ELSEWHERE = 0.2
"""Share of failures on other services from which a host surely fails there too; half of it counts a quarter. The
same share of successes is needed: who fails at everything is no failing host but one that scans several services."""

MEETS_SERVERS = 0.05
"""Scans that walk through populated networks, for which known servers among the targets say nothing. Assumption."""

BURSTS = 0.3
"""Failing hosts that fail in bursts, for each that fails throughout. Assumption."""

OTHERS_ENOUGH = 50
"""Contacts on other services from which that share is known."""

OTHER_OFFSET = 4096
"""Makes ``other`` positive in a category."""

YES, NO, UNKNOWN = 1, 0, 2
NOTHING, FAILED, ANSWERED, DROPPED = 0, 1, 2, 3

DECIBELS_PER_NAT = 10 / np.log(10)


FAILED_POINTS, LONE_POINTS, ONCE_POINTS = 16, 4, 4
"""Grid points of each parameter, evenly spaced in its log odds, where a share of a host's contacts is a scan's. Finer
finds scans beside much ordinary use a little sooner, and takes longer; what all is scanning or failing is exact."""

MOST_LOG_ODDS = {"failed": 5.5, "lone": 4.0, "once": 4.0}
"""The grid ends here on either side: 0.4 % to 99.6 % fail, 2 % to 98 % look like bare SYNs, are tried once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Betas:
    """A distribution of a parameter between 0 and 1: a mixture of Beta distributions (a, b, weight)."""

    parts: tuple[tuple[float, float, float], ...]

    def grid(self, points: int, most: float) -> tuple[Floats, Floats]:
        """Points evenly spaced in log odds, and their natural log probabilities."""
        value = 1 / (1 + np.exp(-np.linspace(-most, most, points)))
        total = np.zeros(points)
        for a, b, weight in self.parts:
            # The density in log odds is x^a (1-x)^b: the Jacobian x(1-x) is in it.
            log = a * np.log(value) + b * np.log1p(-value)
            total = total + weight * np.exp(log - _log_total(log))
        return value, np.log(total / total.sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Kinds:
    """Parameters of scanning and of failing hosts (``failed``, ``lone``, ``once``), and how common the latter are."""

    scanning: dict[str, Betas]
    failing: dict[str, Betas]
    share: float
    contacts: float
    contacts_udp: float
    exponent: float
    most_failed: float
    tail: float

    def failing_share(
        self, contacts: Ints, *, failed: Ints, udp: Bools, others: Ints, others_failed: Ints
    ) -> Floats:
        """Prior of a host being of the failing kind.

        ``contacts``, ``failed``: on the service. Hosts that live with failures call many: among those with a handful
        of contacts they are rare, less so by ``udp``; and with ever more failed targets they become rare again, as
        nobody has use for them. ``others``, ``others_failed``: contacts on other services, and how many failed; who
        fails elsewhere too is likelier to be one, however few its contacts here.
        """
        enough = np.where(udp, self.contacts_udp, self.contacts)
        by_number: Floats = np.minimum(1.0, contacts / enough) ** self.exponent
        rate = np.clip(others_failed / np.maximum(others, 1), 0.0, 1.0)
        failing = (
            np.minimum(1.0, rate / FAILS_ELSEWHERE) ** 2 * np.minimum(1.0, (1 - rate) / FAILS_ELSEWHERE) ** 2
        )
        elsewhere = failing * np.minimum(1.0, np.maximum(others, 0) / OTHERS_ENOUGH)
        crowd = np.minimum(1.0, self.most_failed / np.maximum(failed, 1)) ** self.tail
        result: Floats = self.share * np.maximum(by_number, elsewhere) * crowd
        return result

    @cached_property
    def scanning_grid(self) -> tuple[Floats, Floats]:
        """Parameters (failed, lone, once), shape (k, 3), and their natural log probabilities."""
        return _grid(self.scanning)


def _grid(kind: dict[str, Betas]) -> tuple[Floats, Floats]:
    sizes = {"failed": FAILED_POINTS, "lone": LONE_POINTS, "once": ONCE_POINTS}
    axes = [kind[name].grid(points, MOST_LOG_ODDS[name]) for name, points in sizes.items()]
    points = np.array(list(product(*(values for values, _ in axes))))
    logs = np.array([sum(p) for p in product(*(log for _, log in axes))])
    return points, logs


def _log_total(logs: Floats) -> float:
    top = float(logs.max())
    return top + float(np.log(np.exp(logs - top).sum()))


def _betas(parts: list[list[float]]) -> Betas:
    return Betas(parts=tuple((float(a), float(b), float(weight)) for a, b, weight in parts))


@cache
def standard_kinds() -> Kinds:
    """The kinds of ``data/kinds.toml``."""
    text = files("slowworm.detect").joinpath("data/kinds.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    hosts = data["failing-hosts"]
    return Kinds(
        scanning={name: _betas(parts) for name, parts in data["scanning"].items()},
        failing={name: _betas(parts) for name, parts in data["failing"].items()},
        share=float(hosts["share"]),
        contacts=float(hosts["contacts"]),
        contacts_udp=float(hosts["contacts-udp"]),
        exponent=float(hosts["exponent"]),
        most_failed=float(hosts["most-failed"]),
        tail=float(hosts["tail"]),
    )


def category(
    *,
    failed: Bools,
    dropped: Bools,
    answered: Bools,
    popular: Bools,
    lone: Ints,
    once: Ints,
    loudness: Floats,
    other: Ints,
) -> Ints:
    """What the kinds see of each contact, as one number; contacts with the same number weigh the same.

    ``dropped``: failed, but would have for anybody; ``popular``: the target answers others;
    ``lone``, ``once``: YES, NO or UNKNOWN; ``loudness``: 0 to 1,
    how much a failure says; ``other``: tenths of further evidence, the same under every scanning kind.
    """
    what = np.where(failed, np.where(dropped, DROPPED, FAILED), np.where(answered, ANSWERED, NOTHING))
    came_to_nothing = (what == FAILED) | (what == DROPPED)
    loud = np.where(came_to_nothing, np.rint(loudness * LOUDNESS_STEPS), 0).astype(np.int64)
    lone = np.where(what == FAILED, lone, UNKNOWN)
    once = np.where(came_to_nothing, once, UNKNOWN)
    key: Ints = (((other + OTHER_OFFSET) * 2 + popular) * 64 + loud) * 64 + what * 16 + lone * 4 + once
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What each category adds to the likelihoods of the kinds.

    ``sums``: what the closed forms need of a contact, one row per category: failed, answered; bare SYN or not; once or
    again (each as loud as it counts), further evidence and known servers in nats. ``mixed``: log likelihood ratio
    against an ordinary host, in nats, one column per scanning kind and share below 1; ``mixed_prior``: log probability
    of the columns.
    """

    categories: Ints
    sums: Floats
    mixed: Floats
    mixed_prior: Floats
    kinds: Kinds


def table(categories: Iterable[int], kinds: Kinds) -> Table:
    """The table for the categories that occur."""
    keys = np.array(sorted(set(categories)), np.int64)
    once, lone, what = keys % 4, keys // 4 % 4, keys // 16 % 4
    rest = keys // 64
    loud = rest % 64 / LOUDNESS_STEPS
    other = (rest // 128 - OTHER_OFFSET) / (10 * DECIBELS_PER_NAT)
    popular = (rest // 64 % 2) * weights.POPULAR_TARGET / (10 * DECIBELS_PER_NAT)
    sums = np.stack(
        [
            loud * (what == FAILED),
            1.0 * (what == ANSWERED),
            loud * (lone == YES),
            loud * (lone == NO),
            loud * (once == YES),
            loud * (once == NO),
            other,
            popular,
        ],
        axis=1,
    )
    points, prior = kinds.scanning_grid
    alone = other[:, None] + sums[:, :6] @ _logs(points).T
    # A scan of random addresses meets no known servers; one that walks through populated networks meets them all.
    alone = np.concatenate([alone + popular[:, None], alone], axis=1)
    prior = np.concatenate([prior + np.log(1 - MEETS_SERVERS), prior + np.log(MEETS_SERVERS)])
    shares = np.array([share for share in weights.SHARES if share < 1])
    of_prior = np.array([weights.SHARES[share] for share in shares.tolist()])
    mixed = np.log(1 - shares + shares * np.exp(alone[:, :, None]))
    return Table(
        categories=keys,
        sums=sums,
        mixed=mixed.reshape(len(keys), -1),
        mixed_prior=(prior[:, None] + np.log(of_prior)).reshape(-1),
        kinds=kinds,
    )


PARAMETERS = (
    ("failed", weights.P_FAIL_BENIGN),
    ("lone", weights.P_LONE_BENIGN),
    ("once", weights.P_ONCE_BENIGN),
)
"""The parameters of a kind, with those of an ordinary host."""


def _logs(points: Floats) -> Floats:
    """For each grid point what one failure, answer, bare SYN, … is worth against an ordinary host, in nats."""
    columns = []
    for column, (_, benign) in enumerate(PARAMETERS):
        columns += [np.log(points[:, column] / benign), np.log((1 - points[:, column]) / (1 - benign))]
    return np.stack(columns, axis=1)


def _closed(sums: Floats, kind: dict[str, Betas]) -> Floats:
    """Nats by which contacts with these ``sums`` are likelier for a kind than for an ordinary host: the integral over
    the kind's parameters, ∫ p^x (1-p)^y dBeta(a, b) = B(a+x, b+y) / B(a, b) for each."""
    total = np.zeros(len(sums))
    for column, (name, benign) in enumerate(PARAMETERS):
        yes, no = sums[:, 2 * column], sums[:, 2 * column + 1]
        parts = [
            np.log(weight) + _log_beta(a + yes, b + no) - _log_beta(np.array([a]), np.array([b]))
            for a, b, weight in kind[name].parts
        ]
        total = total + np.logaddexp.reduce(parts) - yes * np.log(benign) - no * np.log(1 - benign)
    return total


_LOG_GAMMA = np.frompyfunc(math.lgamma, 1, 1)


def _log_beta(a: Floats, b: Floats) -> Floats:
    together = _LOG_GAMMA(a) + _LOG_GAMMA(b) - _LOG_GAMMA(a + b)
    result: Floats = np.asarray(together, np.float64)
    return result


def log_scanning(counts: Ints, of: Table) -> Floats:
    """Nats by which ``counts`` (scopes by categories) speak for scanning against ordinary use.

    Exact where all is scanning; where a share is, over the grid, which never flatters the scan.
    """
    sums = counts @ of.sums
    alone = _closed(sums, of.kinds.scanning) + sums[:, 6] + np.log(weights.SHARES[1.0])
    meets = np.logaddexp(sums[:, 7] + np.log(1 - MEETS_SERVERS), np.log(MEETS_SERVERS))
    result: Floats = np.logaddexp(alone + meets, _log_sum(counts @ of.mixed + of.mixed_prior))
    return result


def log_failing(whole: Ints, part: Ints, share: Floats, of: Table) -> Floats:
    """Nats by which the possibility of a failing host makes activities likelier than ordinary use alone.

    A failing host fails throughout (counts ``whole``), or in a burst (``part``, the run that looks most like a scan):
    a lobby of players who left, a domain with many dead sites. ``share``: prior of each activity's host being one.
    """
    share = np.clip(share, 1e-300, 0.5)
    throughout = _closed(whole @ of.sums, of.kinds.failing) + np.log(share)
    burst = _closed(part @ of.sums, of.kinds.failing) + np.log(share * BURSTS)
    ordinary = np.log1p(-share * (1 + BURSTS))
    result: Floats = np.logaddexp(ordinary, np.logaddexp(throughout, burst))
    return result


def _log_sum(values: Floats) -> Floats:
    top = values.max(axis=1, keepdims=True)
    result: Floats = (top + np.log(np.exp(values - top).sum(axis=1, keepdims=True)))[:, 0]
    return result
