"""Events of firewalls and NAT (NSEL and the like): the records of one connection become one flow each way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.schema import ip_version
from slowworm.flows.table import combine
from slowworm.sources.datagrams import Ints
from slowworm.sources.netflow import elements as ie
from slowworm.sources.netflow.flows import Made, Origin, has_addresses
from slowworm.sources.netflow.records import Records
from slowworm.sources.netflow.templates import Template

_RANK = np.zeros(256, np.int64)
_RANK[[ie.EVENT_CREATED, ie.EVENT_UPDATED, ie.EVENT_DELETED, ie.EVENT_DENIED]] = [1, 2, 3, 4]
"""Which event of a connection says most of it."""

ALONE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Flows of one event template: ``made``, and of each of its records its ``code`` and ``connection``.

    ``connection``: flowId, ALONE where the record names none. ``totals``: octets are totals, not since the last
    event.
    """

    origin: Origin
    made: Sequence[Made]
    code: Ints
    connection: Ints
    totals: bool


def is_event(template: Template) -> bool:
    """Records about a firewall's or NAT's decisions."""
    return any(template.find(n) for n in (ie.FIREWALL_EVENT, ie.NAT_EVENT, ie.CISCO_FW_EVENT))


def codes(found: Records) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """The firewall event of each record (0: none), and which records tell of a connection at all.

    An end of a translation, a pool that is exhausted or a binding without a destination is none.
    """
    template = found.template
    firewall = template.first((ie.FIREWALL_EVENT, ie.CISCO_FW_EVENT))
    nat = template.find(ie.NAT_EVENT)
    code = np.zeros(len(found), np.int64) if firewall is None else found.number(firewall)
    code = np.where((code < 0) | (code > 255), 0, code)
    told = np.full(len(found), has_addresses(template))
    if firewall is None and nat is not None:
        told &= np.isin(found.number(nat), ie.NAT_CREATED)
        told &= template.find(ie.DST4) is not None or template.find(ie.DST6) is not None
    return code, told


def events(found: Records, origin: Origin, made: Sequence[Made], code: Ints) -> Events:
    """The flows of an event template, with what tells which connection they are of."""
    flow_id = found.template.find(ie.FLOW_ID)
    connection = np.full(len(found), ALONE, np.int64) if flow_id is None else found.number(flow_id)
    octets = found.template.first(ie.UNSIGNED["bytes"])
    totals = octets is not None and octets.number in ie.TOTALS
    return Events(
        origin=origin,
        made=made,
        code=code,
        connection=np.where((connection == 0) | (_RANK[code] == 0), ALONE, connection),
        totals=totals,
    )


def joined(found: Sequence[Events]) -> tuple[list[tuple[int, pa.RecordBatch]], int]:
    """One flow for each connection and direction, as (version, batch), and how many records were joined to others.

    The last word has the denial, then the end, then updates; octets and packets since the last event are summed up.
    """
    batches: list[tuple[int, pa.RecordBatch]] = []
    dropped = 0
    for version in dict.fromkeys(e.origin.version for e in found):
        for family in (4, 6):
            parts = [
                (e, m)
                for e in found
                if e.origin.version == version
                for m in e.made
                if ip_version(m.batch) == family
            ]
            if parts:
                batch, gone = _one_a_connection(parts)
                batches.append((version, batch))
                dropped += gone
    return batches, dropped


def _one_a_connection(parts: Sequence[tuple[Events, Made]]) -> tuple[pa.RecordBatch, int]:
    whole = combine([m.batch for _, m in parts])
    sizes = [len(m.row) for _, m in parts]
    connection = np.concatenate([e.connection[m.row] for e, m in parts])
    code = np.concatenate([e.code[m.row] for e, m in parts])
    back = np.repeat([m.back for _, m in parts], sizes)
    totals = np.repeat([e.totals for e, _ in parts], sizes)
    exporter = np.repeat([e.origin.exporter for e, _ in parts], sizes)
    domain = np.repeat([e.origin.domain for e, _ in parts], sizes)
    alone = connection == ALONE
    connection = np.where(alone, np.arange(len(connection)), connection)
    order = np.lexsort((_RANK[code], back, connection, alone, domain, exporter))
    keys = np.stack([exporter, domain, alone, connection, back])[:, order]
    first = np.flatnonzero(np.append(True, (keys[:, 1:] != keys[:, :-1]).any(axis=0)))
    lead = order[np.append(first[1:], len(order)) - 1]
    sums = _Sums(whole=whole, order=order, first=first)
    changed = {name: sums.counter(name, totals, event=code[lead] > 0) for name in ("packets", "bytes")}
    changed["start_time"] = sums.time("start_time", np.minimum, np.iinfo(np.int64).max)
    changed["end_time"] = sums.time("end_time", np.maximum, np.iinfo(np.int64).min)
    changed["tcp_flags"] = sums.flags()
    joined = whole.take(pa.array(lead))
    for name, column in changed.items():
        at = joined.schema.get_field_index(name)
        joined = joined.set_column(at, joined.schema.field(at), column)
    # In the order in which the records that count came; an answer is not a record of its own.
    return joined.take(pa.array(np.argsort(lead))), int((~back).sum() - (~back[lead]).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """Rows in the ``order`` of their connections, which begin at ``first``."""

    whole: pa.RecordBatch
    order: Ints
    first: Ints

    def _values(self, name: str, missing: int) -> Ints:
        column = self.whole.column(name)
        column = column.cast(pa.int64()).fill_null(missing)
        values: Ints = column.to_numpy(zero_copy_only=False)[self.order]
        return values

    def counter(self, name: str, totals: npt.NDArray[np.bool_], event: npt.NDArray[np.bool_]) -> pa.Array:
        """What was counted since the last event, summed up; the largest of totals. Events send 0 for unknown."""
        values, total = self._values(name, -1), totals[self.order]
        counted = np.where(total, 0, np.maximum(values, 0))
        since = np.add.reduceat(counted, self.first)
        most = np.maximum.reduceat(np.where(total, values, -1), self.first)
        unknown = np.maximum.reduceat(values, self.first) < 0
        # Sums that leave the column, as only damaged counters have them.
        unknown |= np.add.reduceat(counted.astype(np.float64), self.first) >= 2.0**63
        value = np.maximum(since, most)
        return pa.array(np.where(unknown, 0, value), pa.uint64(), mask=unknown | (event & (value == 0)))

    def time(self, name: str, pick: np.ufunc, missing: int) -> pa.Array:
        """The earliest or latest time."""
        best = pick.reduceat(self._values(name, missing), self.first)
        return pa.array(best, pa.int64(), mask=best == missing).cast(self.whole.column(name).type)

    def flags(self) -> pa.Array:
        """TCP flags together."""
        values = self._values("tcp_flags", -1)
        unknown = np.maximum.reduceat(values, self.first) < 0
        together = np.bitwise_or.reduceat(np.maximum(values, 0), self.first)
        return pa.array(np.where(unknown, 0, together), pa.uint16(), mask=unknown)
