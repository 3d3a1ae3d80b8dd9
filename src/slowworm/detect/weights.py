"""Every weight and bound of the detector, each with its reason and its trade-off.

Weights of evidence are in decibans, 10·log10 of a likelihood ratio (Good, *Probability and the Weighing of
Evidence*, 1950), kept as whole tenths (``TENTHS``) so that sums do not depend on order.
"""

from __future__ import annotations

import math

TENTHS = 10
"""Weights are integers in tenths of a deciban: 60 is 6.0 dB."""


def tenths(ratio: float) -> int:
    """A likelihood ratio as whole tenths of a deciban."""
    return round(10 * TENTHS * math.log10(ratio))


PRIOR_INFECTED = 1e-3
"""Prior of a host being infected on a day on which somebody has cause to look: 1 in 1,000.
An assumption, and said to be one; ten times fewer costs 10 dB, about one more target."""

POSTERIOR_INFECTED = 0.99
"""``infected`` from here on. By Wald's bound an honest weight B is reached by a benign host with a chance of
at most 10^(-B/10): 1e-5 at this prior, one false accusation in 100,000 host-days. A host has one chance, however
many services it uses: see ``services_allowance``."""

POSTERIOR_SUSPECT = 0.10
"""``suspect`` from here on: more likely than most, worth a second look, not worth a disconnection."""


def _bound(posterior: float) -> int:
    return tenths(posterior / (1 - posterior)) - tenths(PRIOR_INFECTED / (1 - PRIOR_INFECTED))


BOUND_INFECTED = _bound(POSTERIOR_INFECTED)
"""500 tenths: 30.0 dB to overcome the prior and 20.0 dB for 99 %."""

BOUND_SUSPECT = _bound(POSTERIOR_SUSPECT)
"""205 tenths."""

MIN_TARGETS = 2
"""A single contact never makes a suspect, whatever it looks like: everybody mistypes an address once."""

P_FAIL_SCAN = 0.8
P_FAIL_BENIGN = 0.2
"""Chance that a first contact fails, for a scanner and for others: θ0 and θ1 of the threshold random walk
(Jung, Paxson, Berger, Balakrishnan 2004). The benign one is the floor of what the population shows."""

P_FAIL_WEIGHT = tenths(P_FAIL_SCAN / P_FAIL_BENIGN)
"""6.0 dB: the most that one failure weighs."""

PSEUDO_CONTACTS = 10
"""Contacts at P_FAIL_BENIGN that the population estimate starts from: a handful of failures proves nothing."""

PSEUDO_CLIENTS = 2
"""The same for one target, in clients. A target that fails several others too tells little of the one that
tries it: at two others a failure weighs 1.2 dB, from six on nothing. Lower forgives outages sooner, and hosts
that share a worm's list with others later."""

FORGIVEN_TARGETS = 12
"""Targets of one host for which that others fail there too may excuse it: a dead server explains one target,
an outage the few servers of a snapshot, but not dozens. Without the limit a large outbreak whose hosts share
targets (Code Red 1, a swept subnet) would hide itself."""

SMALL_ANSWER = 0.5
"""How loudly a TCP contact speaks that was answered in one or two packets: a reset by a closed port, or the
beginning or the keep-alive of a real conversation."""

P_LONE_SCAN, P_LONE_BENIGN = 0.95, 0.475
"""Chance that a failed contact shows as bare SYNs: of benign failures about half do (the rest retry longer, or got
as far as sending data), of worms' nearly all."""

P_ONCE_SCAN, P_ONCE_BENIGN = 0.9, 0.36
"""Chance that a failed target was tried in one flow and not again: people and programs come back to what failed,
scanners move on."""

LONE_SYN = tenths(P_LONE_SCAN / P_LONE_BENIGN)
"""3.0 dB, once failed: one to three packets of a bare SYN's size."""

SINGLE_VISIT = tenths(P_ONCE_SCAN / P_ONCE_BENIGN)
"""4.0 dB, once failed: the target was tried in one flow and not again."""

REPEAT_VISIT = -SINGLE_VISIT
"""Several flows to the same failing target: less than the data say (-8 dB), as Nimda asks several times."""

POPULAR_TARGET = -60
"""The target answers at least two other hosts: a known server that this host failed to reach (-6.0 dB)."""

TO_NULL = 30
"""3.0 dB, once failed: the router dropped it (no route, Null0, an ACL, uRPF). No more than that, as an ACL
of one's own drops wanted traffic too."""

IMPOSSIBLE_TARGET = 100
"""10.0 dB: an address where nothing can be, unicast service to multicast, loopback, 0/8, 240/4 [assumption]."""

IMPOSSIBLE_CAP = 300
"""These depend on each other (one broken configuration makes many), so together they count 30.0 dB at most."""

DARK_TARGET = 30
"""3.0 dB, once failed: the target is inside, in a /24 where nobody speaks. Address plans go stale, so no more."""

DARK_CAP = 200
"""Dark targets of one host together: 20.0 dB at most, as one stale list makes many."""

DESTINATION_CAP = 60
"""What one failed target may weigh by where it lies, either way."""

DESTINATIONS_SHARED_BY = 2
"""A host's targets resemble each other: together they count half of their sum. Assumption."""

DESTINATIONS_CAP = 200
"""Where the failed targets lie counts 20.0 dB at most, either way."""

SERVES_FROM = 5
"""Hosts that it must answer on a service to count as serving it: fewer happen to anybody in a local network."""

SERVES = -100
"""-10.0 dB: the host answers SERVES_FROM or more others on the very service that it calls: a mail relay, a peer, a
resolver. A worm's victim serves there, too, so that it costs a worm one more target."""

COHORT_FROM = 3
"""Hosts beyond the bound on one service from which the worm counts as loose: one or two may be mistakes."""

AROUND_CAP = 100
"""That others here scan the same service, and reached this host before, counts 10.0 dB at most: two infected
suspects in ten are then still wrong at the bound for suspects, but none by this alone."""

SILENT_FROM = 10
"""Targets without a visible answer, where answers are not seen anyway, from which their likeness says something."""

SILENT_ALIKE = 30
"""3.0 dB for each of these that was tried once, in the shape (packets and bytes) that most of them have."""

SILENT_UNIFORM = 0.8
"""Share of one shape from which the flows are alike. A worm's are all; a resolver's queries differ in length."""

SILENT_CAP = 250
"""Likeness alone counts 25.0 dB at most: a suspect. Something else must be wrong with the targets."""

VERTICAL_PORT = 60
"""6.0 dB for each further port of one host that failed: the same odds as a failed first contact."""

SHARES: dict[float, float] = {
    1.0: 0.4,
    0.97: 0.25,
    0.9: 0.2,
    0.75: 0.15,
    0.5: 0.5,
    0.2: 0.2,
    0.1: 0.1,
    0.05: 0.05,
}
"""Shares of a host's contacts on a service that may be scanning, the rest being its ordinary use, so that ordinary use
cannot hide a scan; each with its part of the prior. A host that mostly scans has all of PRIOR_INFECTED; smaller shares
come on top, each with as much of it as the share: together about 1 host in 540."""

VERTICAL_SERVICES = 5
"""Scanned services of one host from which on the work is a tool's rather than a worm's (peers use 5: Zeek's
simple-scan tells address from port scans at 5 ports)."""

REPLIES_MIN_PAIRS = 5
"""Established connections needed before it is believed that replies can be seen here at all."""


def failure_weights(*, benign_failure: float, visibility: float) -> tuple[int, int]:
    """Weights in tenths of one contact without an answer, and of one with.

    With probability ``visibility`` a reply that exists is seen here; ``benign_failure`` is the contemporary
    failure rate of benign first contacts. P(no answer seen | scan) = 1 - (1 - 0.8)·v, likewise for benign:
    with full visibility ±6.0 dB, with none 0.
    """
    no_scan = 1 - (1 - P_FAIL_SCAN) * visibility
    no_benign = 1 - (1 - benign_failure) * visibility
    failed = max(0, tenths(no_scan / no_benign))
    answered = min(0, tenths((1 - P_FAIL_SCAN) / (1 - benign_failure))) if visibility > 0 else 0
    return failed, answered


def mixture_table(weights: list[int]) -> list[list[int]]:
    """For each share φ the contribution of a contact of each weight: 10·log10(1 - φ + φ·10^(w/10))."""
    return [
        [w if share == 1.0 else round(100 * math.log10(1 - share + share * 10 ** (w / 100))) for w in weights]
        for share in SHARES
    ]


def services_allowance(services: int) -> int:
    """What looking at several services of one host costs, in tenths (negative): -10·log10 of their number.

    Each service is a chance to look like a scan; the bound is for the host, so the chances share it.
    """
    return -tenths(services) if services > 1 else 0


def share_allowance(share: float) -> int:
    """What a share of SHARES costs, in tenths (negative)."""
    return tenths(SHARES[share])
