"""The outbreaks of a hunt: from verdicts and contacts to incidents, and who infected each host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from slowworm.detect.verdicts import INFECTED, SUSPECT, Verdict
from slowworm.flows.addresses import Address, Network
from slowworm.flows.table import integers
from slowworm.outbreak.grouping import grouped
from slowworm.outbreak.incident import Incident, Observation, incident, is_inside
from slowworm.outbreak.scans import scans, span

if TYPE_CHECKING:
    from slowworm.outbreak.tree import Infection


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbreaks:
    """Incidents, the one with the most sources first."""

    incidents: tuple[Incident, ...] = ()

    def of(self, verdict: Verdict) -> Incident | None:
        """The incident that a verdict belongs to."""
        wanted = key(verdict)
        return next((i for i in self.incidents if any(key(v) == wanted for v in i.members)), None)

    def infections(self) -> dict[VerdictKey, Infection]:
        """How the host of each verdict of an incident was infected, where times are known; by :func:`key`."""
        found: dict[VerdictKey, Infection] = {}
        for one in self.incidents:
            by_address = {i.address: i for i in one.tree.infections} if one.tree else {}
            found |= {key(v): by_address[v.address] for v in one.members if v.address in by_address}
        return found

    def among(self, verdicts: Iterable[Verdict]) -> Outbreaks:
        """The incidents that any of these verdicts belongs to, whole."""
        wanted = {key(v) for v in verdicts}
        return Outbreaks(
            incidents=tuple(i for i in self.incidents if any(key(v) in wanted for v in i.members))
        )


VerdictKey = tuple[Address, str, int | None, int | None]


def key(verdict: Verdict) -> VerdictKey:
    """What tells a verdict from others: host, activity, service."""
    return verdict.address, verdict.activity, verdict.protocol, verdict.port


def assess(
    verdicts: Iterable[Verdict],
    contacts: Iterable[pa.RecordBatch],
    *,
    inside: Sequence[Network] = (),
    sampling: float = 1.0,
) -> Outbreaks:
    """Group the infected hosts into incidents, and judge each.

    ``contacts``: all contact batches (:func:`slowworm.detect.contacts.schema`) that the verdicts come from, of both IP
    versions. ``inside``: one's own prefixes, empty where not known. ``sampling``: 1 in so many packets was seen, 1
    without sampling. Neither the order of verdicts nor that of contacts shows in the result.
    """
    judged = list(verdicts)
    groups = grouped(judged, comparable=lambda v: is_inside(v.address, inside))
    if not groups:
        return Outbreaks()
    suspects = [v for v in judged if v.verdict == SUSPECT]
    flagged = {v.address for v in judged if v.verdict in (INFECTED, SUSPECT)}
    hosts = sorted(flagged, key=lambda a: (a.version, int(a)))
    batches = list(contacts)
    seen = Observation(
        calls=scans(batches, hosts),
        numbers={address: number for number, address in enumerate(hosts)},
        observed=span(batches),
        inside=tuple(inside),
        sampling=sampling,
    )
    return Outbreaks(incidents=tuple(incident(group, suspects, seen) for group in groups))


def usual_sampling(flows: Iterable[pa.RecordBatch]) -> float:
    """1 in how many packets is seen of the usual flow: the median of the sampling rates, 1 where none is known."""
    rates = [np.maximum(integers(batch, "sampling_rate"), 1) for batch in flows]
    return float(np.median(np.concatenate(rates))) if rates else 1.0
