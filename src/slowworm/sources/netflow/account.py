"""What was counted on the way: per exporter, for the problem list and the notes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from slowworm.sources.base import Problem


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
            self.counts[key] += n
            self.first.setdefault(key, offset)

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
        }
        found = []
        for key, n in sorted(self.counts.items(), key=lambda item: self.first[item[0]]):
            what, exporter, version, domain, detail = key
            if what not in wording:
                continue
            unit = {9: "datagrams", 10: "records"}.get(version, "flows")
            text = wording[what].format(detail=detail, unit=unit)
            name = self.exporters[exporter] if exporter < len(self.exporters) else ""
            origin = f"exporter {name}, " if name else ""
            protocol = {10: "IPFIX"}.get(version, f"NetFlow v{version}")
            found.append(
                Problem(
                    where=f"{self.path}@{self.first[key]}",
                    text=f"{origin}{protocol}, domain {domain}: {text}",
                    count=n,
                )
            )
        return tuple(found)
