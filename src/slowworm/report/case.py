"""The result of a hunt, as one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from slowworm.detect.verdicts import INFECTED, Verdict
from slowworm.flows.filter import Filter
from slowworm.flows.schema import ip_version
from slowworm.flows.table import integers
from slowworm.outbreak.summary import Outbreaks, VerdictKey, key
from slowworm.sources.base import Context, Note, Problem

if TYPE_CHECKING:
    from slowworm.inventory.identity.facts import Fact
    from slowworm.report.news import Since


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSummary:
    """What became of one input."""

    path: str
    formats: tuple[tuple[str, int], ...]
    flows: int
    problems: tuple[Problem, ...]
    context: tuple[Context, ...]

    @property
    def format(self) -> str | None:
        """Formats met, joined; ``None`` where none was recognised."""
        return ", ".join(name for name, _ in self.formats) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class HuntResult:
    """Verdicts (worst first), notes, outbreaks, and the flows they rest on.

    ``identities``: what is known of who is behind a verdict; ``authorised``: verdicts that the allow-list excuses, both
    by :func:`slowworm.outbreak.summary.key`. ``since``: what changed since the last run that a store keeps.
    """

    inputs: tuple[InputSummary, ...]
    verdicts: tuple[Verdict, ...]
    notes: tuple[Note, ...]
    outbreaks: Outbreaks
    hosts: int
    flows: tuple[pa.RecordBatch, ...]
    identities: Mapping[VerdictKey, tuple[Fact, ...]] = field(default_factory=dict)
    authorised: frozenset[VerdictKey] = frozenset()
    since: Since | None = None

    @property
    def flow_count(self) -> int:
        """Flows looked at."""
        return sum(batch.num_rows for batch in self.flows)

    @property
    def infected(self) -> tuple[Verdict, ...]:
        """The verdicts that say ``infected``."""
        return tuple(v for v in self.verdicts if v.verdict == INFECTED)

    @property
    def partly_understood(self) -> bool:
        """Whether any input held something that was not understood."""
        return any(i.problems for i in self.inputs)

    def identity(self, verdict: Verdict) -> tuple[Fact, ...]:
        """Who is behind a verdict, as far as inventory and identity tables say."""
        return self.identities.get(key(verdict), ())

    def is_authorised(self, verdict: Verdict) -> bool:
        """Whether the allow-list says that this host may scan."""
        return key(verdict) in self.authorised

    def to_dict(self) -> dict[str, Any]:
        """The ``slowworm.hunt/1`` document."""
        from slowworm.report.json import document

        return document(self)

    def shown(self, only: Filter) -> HuntResult:
        """The result with only the hosts that sent a flow of their activity that matches ``only``."""
        selected = [batch.filter(pa.array(only.mask(batch))) for batch in self.flows]
        verdicts = tuple(v for v in self.verdicts if any(len(rows_of(b, v)) for b in selected))
        text = f"showing the hosts that sent a flow that matches: {only}"
        note = Note(id="filter", count=len(self.verdicts) - len(verdicts), text=text)
        return replace(
            self, verdicts=verdicts, outbreaks=self.outbreaks.among(verdicts), notes=(*self.notes, note)
        )

    def rows(self, verdict: Verdict) -> list[pa.RecordBatch]:
        """The flows that a verdict rests on: the host's own, on the services in question."""
        return [batch.take(pa.array(rows)) for batch in self.flows if len(rows := rows_of(batch, verdict))]


def rows_of(batch: pa.RecordBatch, verdict: Verdict) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Row numbers of a verdict's flows in a flow batch."""
    if verdict.address.version != ip_version(batch):
        return np.zeros(0, np.int64)
    value = int(verdict.address) if verdict.address.version == 4 else verdict.address.packed
    import pyarrow.compute as pc

    own = pc.equal(batch.column("src_addr"), pa.scalar(value, batch.column("src_addr").type))
    rows: np.ndarray[Any, np.dtype[np.int64]] = np.flatnonzero(
        own.fill_null(False).to_numpy(zero_copy_only=False)
    )
    if not verdict.services or not len(rows):
        return rows
    protocol, port = integers(batch, "protocol")[rows], integers(batch, "dst_port")[rows]
    wanted = np.zeros(len(rows), np.bool_)
    for service in verdict.services:
        fits = protocol == (-1 if service.protocol is None else service.protocol)
        wanted |= fits & ((port == service.port) if service.port is not None else True)
    return rows[wanted]


def counted(problems: Sequence[Problem]) -> int:
    """How many times something was not understood."""
    return sum(p.count for p in problems)
