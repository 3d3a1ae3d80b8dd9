"""From contacts to verdicts: horizontal, vertical and block scans of each host, backscatter, stray probes."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.detect import weights, wording
from slowworm.detect.activities import detection, runs, weigh
from slowworm.detect.aim import aim
from slowworm.detect.evidence import CAPS, Contacts, ContactWeights
from slowworm.detect.outcome import NOT_KNOWN
from slowworm.detect.population import Population
from slowworm.detect.profiles import Profiles
from slowworm.detect.surroundings import destinations
from slowworm.detect.suspicion import Suspicion
from slowworm.detect.targeting import UNKNOWN, Targeting
from slowworm.detect.verdicts import (
    CLEAN,
    INFECTED,
    SCANNER,
    SUSPECT,
    Evidence,
    ServiceCount,
    Verdict,
)
from slowworm.flows.addresses import Address, to_objects

Ints = npt.NDArray[np.int64]

MOST_NEEDED = 64
"""Further targets tried out to say how many would settle it; a suspect that needs more is not told a number."""

FOLLOWED = (32, 256, 2_000)
"""Contacts of a scan looked through for when it was detected, in steps, as most need few: a scan that needs more than
the last was not detected by its rate."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judge:
    """Everything a verdict is made from, for one IP version."""

    batch: pa.RecordBatch
    contacts: Contacts
    weighed: ContactWeights
    population: Population
    profiles: Profiles

    def weight(self, suspicion: Suspicion) -> int:
        """Weight in tenths of a suspicion, the allowance for looking at several services taken off."""
        return int(suspicion.weighed.weight[0]) + self._beside(suspicion)

    def _beside(self, suspicion: Suspicion) -> int:
        """What does not come from the contacts themselves."""
        return sum(suspicion.surroundings) + weights.services_allowance(suspicion.services)

    def together(self, group: Sequence[Suspicion]) -> Suspicion:
        """One client's contacts of several services as one suspicion, with what is around any of them."""
        c = self.contacts
        rows = np.concatenate([s.rows for s in group])
        rows = rows[np.lexsort((c.server[rows], c.first_time[rows]))]
        timed = bool((c.first_time[rows] >= 0).all())
        none = np.zeros(1, np.int64)
        begin, end = none, none + len(rows)
        if timed:
            begin, end, _ = runs(self.weighed.total[rows], none, end)
        where = destinations(c, self.weighed, self.population, rows, none)
        _, serves, around = zip(*(s.surroundings for s in group), strict=True)
        return Suspicion(
            rows=rows,
            timed=timed,
            begin=int(begin[0]),
            end=int(end[0]),
            services=group[0].services,
            weighed=weigh(self.weighed, c, rows, none, (begin, end) if timed else None),
            surroundings=(int(where[0]), min(serves), max(around)),
        )

    def one_profile(self, rows: Ints) -> bool:
        """Whether some profile attacks all the services of these contacts."""
        keys = set(zip(self.contacts.protocol[rows].tolist(), self.contacts.port[rows].tolist(), strict=True))
        return any(
            keys <= {(s.protocol, -1 if s.port is None else s.port) for s in profile.services}
            for profile in self.profiles.items
        )

    def horizontal(self, suspicion: Suspicion) -> Verdict:
        """The verdict on one client's contacts on one service or one bot's set of services."""
        c, w, rows = self.contacts, self.weighed, suspicion.scope
        weight = self.weight(suspicion)
        scanning = rows[w.total[rows] > 0]
        run = suspicion.rows[suspicion.begin : suspicion.end]
        protocol, port = self._main_service(scanning if len(scanning) else rows)
        how = aim(
            self.batch,
            self.contacts,
            scanning,
            place=self.population.site,
            profiles=self.profiles.serving(protocol, port),
        )
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
            lasting=run[w.total[run] > 0],
            detected_at=self._detected(suspicion) if verdict == INFECTED else None,
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
        typical = scanning[np.argsort(self.weighed.total[scanning], kind="stable")[len(scanning) // 2]]
        rows, end = suspicion.rows, suspicion.end
        more = np.arange(1, MOST_NEEDED + 1)
        tried_rows = [np.concatenate([rows[:end], np.full(n, typical), rows[end:]]) for n in more]
        start = np.concatenate([[0], np.cumsum(len(rows) + more)[:-1]])
        run = (start + suspicion.begin, start + end + more) if suspicion.timed else None
        tried = weigh(self.weighed, self.contacts, np.concatenate(tried_rows), start, run).weight
        tried = tried + self._beside(suspicion)
        reached = np.flatnonzero(tried >= weights.BOUND_INFECTED)
        return int(reached[0]) + 1 if len(reached) else None

    def _detected(self, suspicion: Suspicion) -> datetime.datetime | None:
        """When the weight first reached the bound, knowing only what had come by then."""
        if not suspicion.timed:
            return None
        begin, end = (suspicion.begin, suspicion.end) if suspicion.by_run else (0, len(suspicion.rows))
        bound = weights.BOUND_INFECTED - self._beside(suspicion)
        after = None
        for most in FOLLOWED:
            last = min(end, begin + most)
            after = detection(self.weighed, self.contacts, suspicion.rows, begin, last, bound)
            if after is not None or last == end:
                break
        if after is None:
            return None
        return _datetime(int(self.contacts.first_time[suspicion.rows[begin + after - 1]]))

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

    def address(self, row: int) -> Address:
        """The client of a contact."""
        found = to_objects(self.batch.column("client").slice(row, 1))[0]
        assert found is not None
        return found

    def code(self, address: Address) -> int:
        """An address as it stands in ``contacts``: IPv4 itself, IPv6 by its place among all addresses here."""
        if self.contacts.ipv4:
            return int(address)
        return self._ipv6_codes[address.packed]

    @cached_property
    def _ipv6_codes(self) -> dict[bytes, int]:
        clients = zip(self.batch.column("client").to_pylist(), self.contacts.client.tolist(), strict=True)
        servers = zip(self.batch.column("server").to_pylist(), self.contacts.server.tolist(), strict=True)
        return dict([*clients, *servers])

    def _main_service(self, rows: Ints) -> tuple[int | None, int | None]:
        key = (self.contacts.protocol[rows] + 1) << 17 | self.contacts.port[rows] + 1
        values, counts = np.unique(key, return_counts=True)
        top = int(values[counts.argmax()])
        return _none((top >> 17) - 1), _none((top & 0x1FFFF) - 1)

    def _evidence(self, suspicion: Suspicion, scanning: Ints, weight: int) -> tuple[Evidence, ...]:
        c, w, rows = self.contacts, self.weighed, suspicion.scope
        sums = [int(w.pieces[i][scanning].sum()) for i in range(len(w.pieces))]
        for piece, cap in CAPS.items():
            sums[piece] = min(sums[piece], cap)
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
            dark=int((w.pieces[6][scanning] > 0).sum()),
            alike=int((w.pieces[7][scanning] > 0).sum()),
            benign_failure=self.population.benign_failure,
            judged=self.population.contacts_judged,
            has_protocol=bool((c.protocol[scanning] >= 0).all()),
        )
        allowance = weights.services_allowance(suspicion.services)
        choice = int(suspicion.weighed.choice[0])
        rest = weight - sum(sums) - self._beside(suspicion) - choice
        if rest:
            others = len(rows) - len(scanning)
            evidence.append(wording.together_evidence(rest, others=others, scanning=len(scanning)))
        if choice:
            evidence.append(wording.run_evidence(choice, run=len(rows), contacts=len(suspicion.rows)))
        evidence += wording.surroundings_evidence(suspicion.surroundings)
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
        lasting: Ints | None = None,
        detected_at: datetime.datetime | None = None,
    ) -> Verdict:
        shown = main if len(main) else rows
        # A failed contact of long ago is not the scan's: its time is that of the run.
        seen = shown if lasting is None or not len(lasting) else lasting
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
            first_seen=self._time(seen, "first_time", first=True),
            last_seen=self._time(seen, "last_time", first=False),
            detected_at=detected_at,
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
        return _datetime(int(picked.min() if first else picked.max()))

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


def _datetime(nanoseconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(nanoseconds // 10**9, datetime.UTC).replace(
        microsecond=nanoseconds // 1000 % 10**6
    )


def _none(value: int) -> int | None:
    return None if value < 0 else value
