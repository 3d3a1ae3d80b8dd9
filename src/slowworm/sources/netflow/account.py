"""What was counted on the way: per exporter, for the problem list and the notes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from slowworm.sources.base import Problem

MAX_KEPT = 10_000
"""Combinations of exporter, domain and template that are told apart: a large network has fewer, and a hostile file
could name one with every four bytes. Further ones are counted together."""

MANY = -1
"""Stands for the exporter of those."""


@dataclass(slots=True)
class Account:
    """Counters per (exporter, version, domain), and the first place of each kind of problem."""

    path: str
    exporters: list[str]
    counts: Counter[tuple[str, int, int, int, int]] = field(default_factory=Counter)
    first: dict[tuple[str, int, int, int, int], int] = field(default_factory=dict)

    def add(
        self,
        what: str,
        *,
        exporter: int,
        version: int,
        domain: int = 0,
        detail: int = 0,
        offset: int = 0,
        n: int = 1,
    ) -> None:
        """Count ``n`` of ``what``, met at byte ``offset`` of the input."""
        if n:
            key = (what, exporter, version, domain, detail)
            if key not in self.first and len(self.first) >= MAX_KEPT:
                key = (what, MANY, version, 0, 0)
            self.counts[key] += n
            self.first.setdefault(key, offset)

    def name(self, exporter: int) -> str:
        """The exporter's address, empty where it is not known."""
        return self.exporters[exporter] if 0 <= exporter < len(self.exporters) else ""

    def by_exporter(self, what: str) -> dict[int, int]:
        """How many of a kind, by exporter."""
        found: dict[int, int] = {}
        for key, n in self.counts.items():
            if key[0] == what:
                found[key[1]] = found.get(key[1], 0) + n
        return found

    def total(self, what: str) -> int:
        """How many of a kind in all."""
        return sum(n for key, n in self.counts.items() if key[0] == what)

    def problems(self) -> tuple[Problem, ...]:
        """Everything that was not used, by exporter, version and domain."""
        wording = {
            "truncated": "datagrams cut short; what they hold in full is used",
            "malformed-set": "sets with an impossible length; the rest of their datagrams is not used",
            "malformed-template": "templates that do not fit their set",
            "malformed-record": "records that do not fit their set",
            "unknown-version": "datagrams of a version that is no NetFlow or IPFIX",
            "unknown-scheme": "NetFlow v8 datagrams of an unknown aggregation scheme",
            "no-template": "data sets whose template ({detail}) was never sent",
            "lost": "{unit} lost on the way, by gaps in the sequence numbers",
            "template-refused": "templates beyond the most that are kept",
            "unread-frame": "sampled packets of which no flow could be read (cut off, damaged, of an unknown link)",
        }
        found = []
        for key, n in sorted(self.counts.items(), key=lambda item: self.first[item[0]]):
            what, exporter, version, domain, detail = key
            if what not in wording:
                continue
            unit = {9: "datagrams", 10: "records"}.get(version, "flows")
            text = wording[what].format(detail=detail or "of any number", unit=unit)
            name = self.name(exporter)
            origin = f"exporter {name}, " if name else ""
            place = "further ones" if exporter == MANY else f"domain {domain}"
            protocol = {10: "IPFIX"}.get(version, f"NetFlow v{version}")
            found.append(
                Problem(
                    where=f"{self.path}@{self.first[key]}",
                    text=f"{origin}{protocol}, {place}: {text}",
                    count=n,
                )
            )
        return tuple(found)
