"""From contacts to verdicts: horizontal, vertical and block scans of each host, backscatter, stray probes."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect import weights, wording
from slowworm.detect.evidence import Contacts, ContactWeights, mixture
from slowworm.detect.outcome import NOT_KNOWN
from slowworm.detect.population import Population
from slowworm.detect.profiles import Profiles
from slowworm.detect.targeting import UNKNOWN, Targeting, targeting
from slowworm.detect.verdicts import (
    CLEAN,
    INFECTED,
    SCANNER,
    SUSPECT,
    VICTIM,
    Evidence,
    ServiceCount,
    Verdict,
)
from slowworm.flows.addresses import Address, to_objects
from slowworm.flows.services import TCP
from slowworm.flows.table import integers

Ints = npt.NDArray[np.int64]

MAX_CLASSIFIED = 20_000
"""Targets of one source that the targeting classes are compared on, in order of address: more settle nothing."""

BACKSCATTER_CLIENTS = 20
"""Hosts that a flooded server must have answered out of nowhere: fewer happen to any server seen one way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """One client's contacts ``rows`` on a service, as a scan that is ``share`` of them; it calls ``services``."""

    rows: Ints
    share: float
    services: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Everything a verdict is made from, for one IP version."""

    batch: pa.RecordBatch
    contacts: Contacts
    weighed: ContactWeights
    population: Population
    profiles: Profiles

    def weight(self, suspicion: Suspicion) -> int:
        """Weight in tenths of a suspicion, the allowance for looking at several services taken off."""
        weight, _ = mixture(self.weighed, suspicion.rows, np.zeros(1, np.int64))
        return int(weight[0]) + weights.services_allowance(suspicion.services)

    def together(self, rows: Ints, services: int) -> Suspicion:
        """Contacts of several services as one suspicion."""
        _, share = mixture(self.weighed, rows, np.zeros(1, np.int64))
        return Suspicion(rows=rows, share=float(share[0]), services=services)

    def one_profile(self, rows: Ints) -> bool:
        """Whether some profile attacks all the services of these contacts."""
        keys = set(zip(self.contacts.protocol[rows].tolist(), self.contacts.port[rows].tolist(), strict=True))
        return any(
            keys <= {(s.protocol, -1 if s.port is None else s.port) for s in profile.services}
            for profile in self.profiles.items
        )

    def horizontal(self, suspicion: Suspicion) -> Verdict:
        """The verdict on one client's contacts on one service or one bot's set of services."""
        c, w, rows = self.contacts, self.weighed, suspicion.rows
        weight = self.weight(suspicion)
        scanning = rows[w.total[rows] > 0]
        protocol, port = self._main_service(scanning if len(scanning) else rows)
        how = self._targeting(scanning, protocol, port)
        verdict = INFECTED if weight >= weights.BOUND_INFECTED else SUSPECT
        return self._verdict(
            rows,
            activity="horizontal",
            verdict=verdict,
            protocol=protocol,
            port=port,
            weight=weight,
            more=self._more(suspicion, scanning, weight),
            how=how,
            evidence=self._evidence(suspicion, scanning, weight),
            targets=len(np.unique(c.server[scanning])),
            main=scanning,
            reason=wording.horizontal_reason(
                verdict,
                contacts=len(rows),
                failed=int(w.failed[scanning].sum()),
                protocol=protocol,
                port=port,
                how=how,
            ),
        )

    def _more(self, suspicion: Suspicion, scanning: Ints, weight: int) -> int | None:
        """Further targets like the typical one so far that would reach the bound; 0 if reached."""
        if weight >= weights.BOUND_INFECTED:
            return 0
        if not len(scanning):
            return None
        rows = self.weighed.total[suspicion.rows].tolist()
        typical = int(np.sort(self.weighed.total[scanning])[len(scanning) // 2])
        allowance = weights.services_allowance(suspicion.services)
        return min(
            -(-(weights.BOUND_INFECTED - allowance - weights.share_allowance(share) - sum(so_far)) // each)
            for share, (each, *so_far) in zip(
                weights.SHARES, weights.mixture_table([typical, *rows]), strict=True
            )
            if each > 0
        )

    def scanner(self, rows: Ints, *, activity: str, weight: int) -> Verdict:
        """The verdict on contacts that are the work of a scanning tool: many services of one or many hosts."""
        c = self.contacts
        services = len(np.unique(c.port[rows] + 1 | (c.protocol[rows] + 1) << 17))
        hosts = len(np.unique(c.server[rows]))
        failed = int(self.weighed.failed[rows].sum())
        protocol = int(c.protocol[rows][0])
        reason = f"{wording.plural(services, 'service')} of {wording.plural(hosts, 'host')}, {failed} failed"
        evidence = (
            Evidence(
                name="many-services",
                weight=wording.decibels(weight),
                observed=reason,
                expected="a few services per host, most of them answering",
                text="each further service that failed counts as a failed first contact",
            ),
        )
        return self._verdict(
            rows,
            activity=activity,
            verdict=SCANNER,
            protocol=None if protocol < 0 else protocol,
            port=None,
            weight=weight,
            more=0,
            how=UNKNOWN,
            evidence=evidence,
            targets=hosts,
            main=rows,
            reason=reason,
        )

    def ordinary(self, rows: Ints, *, weight: int) -> Verdict:
        """A clean host, with what speaks for it."""
        c = self.contacts
        answered = int((c.outcome[rows] > 0).sum())
        served = int((c.visits[rows] == 0).sum())
        protocol, port = self._main_service(rows)
        calls = len(rows) - served
        unknown = int(((c.outcome[rows] == NOT_KNOWN) & (c.visits[rows] > 0)).sum())
        reason = (
            f"{answered} of {wording.plural(calls, 'contact')} answered" if calls else "only answers seen"
        )
        if unknown:
            reason += f", {unknown} not known"
        if weight > 0:
            reason += "; too little for a suspicion"
        return self._verdict(
            rows,
            activity="ordinary",
            verdict=CLEAN,
            protocol=protocol,
            port=port,
            weight=weight,
            more=None,
            how=UNKNOWN,
            evidence=(),
            targets=len(np.unique(c.server[rows])),
            main=rows,
            reason=reason,
        )

    def victims(self) -> list[Verdict]:
        """Servers that answer many hosts out of nowhere with nothing but bare packets: flooded with forgeries."""
        c, batch = self.contacts, self.batch
        answers = integers(batch, "answers")
        bare = (
            (c.visits == 0) & (answers > 0) & (c.protocol == TCP) & (integers(batch, "largest_answer") <= 2)
        )
        if bare.sum() < BACKSCATTER_CLIENTS:
            return []
        found = []
        servers, counts = np.unique(c.server[bare], return_counts=True)
        for server in servers[counts >= BACKSCATTER_CLIENTS]:
            rows = np.flatnonzero((c.server == server) & (c.protocol == TCP))
            share = float(bare[rows].mean())
            if share < 0.9:
                continue
            address = to_objects(batch.column("server").slice(int(rows[0]), 1))[0]
            assert address is not None
            clients = len(np.unique(c.client[rows]))
            found.append(
                Verdict(
                    address=address,
                    activity="backscatter",
                    verdict=VICTIM,
                    protocol=TCP,
                    port=_none(int(c.port[rows][0])),
                    services=(),
                    targets=clients,
                    weight=0.0,
                    bound=wording.decibels(weights.BOUND_INFECTED),
                    more_targets_needed=None,
                    reason=f"answers {clients} hosts that were not seen to call it, in one or two packets each: "
                    "somebody floods it under forged sources",
                )
            )
        return found

    def address(self, row: int) -> Address:
        """The client of a contact."""
        found = to_objects(self.batch.column("client").slice(row, 1))[0]
        assert found is not None
        return found

    def _main_service(self, rows: Ints) -> tuple[int | None, int | None]:
        key = (self.contacts.protocol[rows] + 1) << 17 | self.contacts.port[rows] + 1
        values, counts = np.unique(key, return_counts=True)
        top = int(values[counts.argmax()])
        return _none((top >> 17) - 1), _none((top & 0x1FFFF) - 1)

    def _targeting(self, rows: Ints, protocol: int | None, port: int | None) -> Targeting:
        if not self.contacts.ipv4 or not len(rows):
            return UNKNOWN
        targets, first = np.unique(self.contacts.server[rows], return_index=True)
        times = self.batch.column("first_time")
        ordered = times.null_count == 0
        sizes = self._packet_bytes(rows[first])
        if ordered:
            when = self.contacts.first_time[rows[first]]
            by_time = np.lexsort((targets, when))
            targets = targets[by_time]
            sizes = sizes if sizes is None else sizes[by_time]
        return targeting(
            int(self.contacts.client[rows[0]]),
            targets[:MAX_CLASSIFIED].astype(np.uint32),
            ordered=ordered,
            profiles=self.profiles.serving(protocol, port),
            packet_bytes=None if sizes is None else sizes[:MAX_CLASSIFIED],
            packets=self._packets(rows),
        )

    def _packets(self, rows: Ints) -> Ints | None:
        """Packets of each contact's largest flow, in no order."""
        largest = self.contacts.largest[rows[:MAX_CLASSIFIED]]
        return None if (largest < 0).any() else largest

    def _packet_bytes(self, rows: Ints) -> Ints | None:
        octets, packets = self.contacts.octets[rows], self.contacts.packets[rows]
        if (octets < 0).any() or (packets <= 0).any():
            return None
        return octets // packets

    def _evidence(self, suspicion: Suspicion, scanning: Ints, weight: int) -> tuple[Evidence, ...]:
        c, w, rows = self.contacts, self.weighed, suspicion.rows
        sums = [int(w.pieces[i][scanning].sum()) for i in range(len(w.pieces))]
        sums[5] = min(sums[5], weights.IMPOSSIBLE_CAP)
        failed = w.failed[scanning]
        evidence = wording.contact_evidence(
            sums,
            failed=int(failed.sum()),
            contacts=len(rows),
            scanning=len(scanning),
            lone=int((c.lone_syn[scanning] == 1).sum()),
            single=int((failed & (c.visits[scanning] <= 1)).sum()),
            popular=int((w.pieces[3][scanning] != 0).sum()),
            dropped=int((w.pieces[4][scanning] > 0).sum()),
            impossible=int((w.pieces[5][scanning] > 0).sum()),
            benign_failure=self.population.benign_failure,
            judged=self.population.contacts_judged,
            has_protocol=bool((c.protocol[scanning] >= 0).all()),
        )
        allowance = weights.services_allowance(suspicion.services)
        rest = weight - sum(sums) - allowance
        if rest:
            others = len(rows) - len(scanning)
            evidence.append(wording.ordinary_evidence(rest, contacts=others, share=suspicion.share))
        if allowance:
            evidence.append(wording.services_evidence(allowance, services=suspicion.services))
        return tuple(evidence)

    def _verdict(
        self,
        rows: Ints,
        *,
        activity: str,
        verdict: str,
        protocol: int | None,
        port: int | None,
        weight: int,
        more: int | None,
        how: Targeting,
        evidence: tuple[Evidence, ...],
        targets: int,
        main: Ints,
        reason: str,
    ) -> Verdict:
        shown = main if len(main) else rows
        return Verdict(
            address=self.address(int(rows[0])),
            activity=activity,
            verdict=verdict,
            protocol=protocol,
            port=port,
            services=self._services(shown),
            targets=targets,
            weight=wording.decibels(weight),
            bound=wording.decibels(weights.BOUND_INFECTED),
            more_targets_needed=more,
            targeting=how,
            in_if=self._most(shown, "in_if"),
            exporter=self._most(shown, "exporter"),
            first_seen=self._time(shown, "first_time", first=True),
            last_seen=self._time(shown, "last_time", first=False),
            evidence=evidence,
            not_visible=self._not_visible(shown),
            reason=reason,
            would_change=wording.changes(verdict, more=more, protocol=protocol, port=port),
        )

    def _services(self, rows: Ints) -> tuple[ServiceCount, ...]:
        key = (self.contacts.protocol[rows] + 1) << 17 | self.contacts.port[rows] + 1
        values, counts = np.unique(key, return_counts=True)
        order = np.lexsort((values, -counts))
        return tuple(
            ServiceCount(
                protocol=_none(int(values[i] >> 17) - 1),
                port=_none(int(values[i] & 0x1FFFF) - 1),
                targets=int(counts[i]),
            )
            for i in order
        )

    def _most(self, rows: Ints, column: str) -> str | None:
        """The most frequent text of a dictionary column, the first in the alphabet on ties."""
        values = self.batch.column(column)
        codes = values.indices.take(pa.array(rows)).fill_null(-1).to_numpy(zero_copy_only=False)
        codes = codes[codes >= 0]
        if not len(codes):
            return None
        names = values.dictionary.to_pylist()
        found, counts = np.unique(codes, return_counts=True)
        return min((-int(n), str(names[int(code)])) for code, n in zip(found, counts, strict=True))[1]

    def _time(self, rows: Ints, column: str, *, first: bool) -> datetime.datetime | None:
        values = self.batch.column(column)
        if values.null_count == len(values):
            return None
        picked = values.take(pa.array(rows)).drop_null().cast(pa.int64()).to_numpy()
        if not len(picked):
            return None
        nanoseconds = int(picked.min() if first else picked.max())
        return datetime.datetime.fromtimestamp(nanoseconds // 10**9, datetime.UTC).replace(
            microsecond=nanoseconds // 1000 % 10**6
        )

    def _not_visible(self, rows: Ints) -> tuple[str, ...]:
        c = self.contacts
        hidden = []
        if (c.protocol[rows] < 0).any():
            hidden.append("protocol and ports")
        elif (c.lone_syn[rows] < 0).all():
            hidden.append("packet sizes: the shape of a bare SYN cannot be confirmed")
        seen = self.population.visibility.get(int(c.protocol[rows[0]])) if len(rows) else None
        if seen is None:
            hidden.append("answers: too few conversations here show both directions")
        elif seen < 0.5:
            hidden.append(f"most answers: only {seen:.0%} of conversations show both directions")
        if self.batch.column("first_time").null_count == self.batch.num_rows:
            hidden.append("times: neither order nor rate of the contacts")
        hidden.append("targets in its own subnet, which do not cross the router")
        return tuple(hidden)


def _none(value: int) -> int | None:
    return None if value < 0 else value
