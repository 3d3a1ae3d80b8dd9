"""All NetFlow and IPFIX of a set of datagrams: every version, in one call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from slowworm.sources.base import Note, Problem
from slowworm.sources.datagrams import Datagrams, Ints
from slowworm.sources.netflow import fixed
from slowworm.sources.netflow.account import Account
from slowworm.sources.netflow.groups import Groups, notes_of, of_groups
from slowworm.sources.netflow.sequence import lost
from slowworm.sources.netflow.sets import DataSet, Walk, walk
from slowworm.sources.netflow.state import Held, State

VERSIONS = (1, 5, 7, 8, 9, 10)


Batches = list[tuple[int, pa.RecordBatch]]
"""Flow batches with the version each came by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """What data of an earlier input were, that waited for their template."""

    path: str
    batches: tuple[tuple[int, pa.RecordBatch], ...]
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]

    @property
    def versions(self) -> list[int]:
        """Versions of the flows."""
        return sorted({version for version, _ in self.batches})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Flow batches with the version each came by, and the account."""

    batches: tuple[tuple[int, pa.RecordBatch], ...]
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]
    account: Account
    met: tuple[int, ...] = ()
    late: tuple[Late, ...] = ()

    @property
    def versions(self) -> list[int]:
        """Versions met, with flows or without (templates only, events)."""
        return sorted({*self.met, *(v for v, _ in self.batches)})


def versions(datagrams: Datagrams) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The version field of each datagram, -1 where there is none."""
    view = np.frombuffer(datagrams.data, np.uint8)
    found = np.full(len(datagrams), -1, np.int64)
    whole = datagrams.size >= 2
    at = datagrams.offset[whole]
    found[whole] = view[at].astype(np.int64) << 8 | view[at + 1]
    return found


def decode(datagrams: Datagrams, path: str, state: State | None = None) -> Decoded:
    """Decode datagrams of any mixture of versions and exporters; never raises for any bytes.

    ``state``: what earlier calls left; templates and options that it learns serve the calls to come.
    """
    state = state or State()
    datagrams = state.numbered(datagrams)
    account = Account(path=path, exporters=state.exporters)
    found = versions(datagrams)
    batches: Batches = []
    late: list[Late] = []
    for version in (1, 5, 7, 8):
        if (found == version).any():
            chosen = datagrams.chosen(found == version)
            batches += [(version, b) for b in fixed.decode(chosen, version, account)]
    other = ~np.isin(found, VERSIONS)
    for i in np.flatnonzero(other)[:1]:
        account.add("unknown-version", exporter=0, version=max(int(found[i]), 0), n=int(other.sum()),
                    offset=int(datagrams.offset[i]))  # fmt: skip
    messages = np.flatnonzero((found == 9) | (found == 10))
    if len(messages):
        walked = walk(datagrams, messages.tolist(), state.templates, account)
        made, counts = of_groups(datagrams.data, walked.groups, len(walked.messages), state, account)
        batches += made
        late = _late(state)
        _hold(walked, datagrams.data, path, state, account)
        _loss(walked, counts, account)
    return Decoded(
        batches=tuple(batches),
        problems=account.problems(),
        notes=notes_of(account),
        account=account,
        met=tuple(v for v in VERSIONS if (found == v).any()),
        late=tuple(late),
    )


def _hold(walked: Walk, data: bytes, path: str, state: State, account: Account) -> None:
    """Data without template: kept where inputs to come may bring it, else counted."""
    for domain, number, s in walked.waiting:
        held = Held(path=path, offset=s.begin, domain=domain, number=number, export=s.export, uptime=s.uptime,
                    body=data[s.begin : s.end] if state.holds else b"")  # fmt: skip
        if not state.hold(held):
            exporter, version, observed = domain
            account.add("no-template", exporter=exporter, version=version, domain=observed, detail=number,
                        offset=s.begin)  # fmt: skip


def _late(state: State) -> list[Late]:
    """The data of earlier inputs whose template has come."""
    ready = state.ready()
    late: list[Late] = []
    for path in dict.fromkeys(held.path for held in ready):
        groups: Groups = {}
        parts: list[bytes] = []
        at = 0
        for held in (h for h in ready if h.path == path):
            template = state.templates.get(held.domain, held.number)
            assert template is not None
            parts.append(held.body)
            data_set = DataSet(at, at + len(held.body), 0, held.export, held.uptime)
            groups.setdefault((*held.domain, template), []).append(data_set)
            at += len(held.body)
        account = Account(path=path, exporters=state.exporters)
        made, _ = of_groups(b"".join(parts), groups, 1, state, account)
        late.append(
            Late(path=path, batches=tuple(made), problems=account.problems(), notes=notes_of(account))
        )
    return late


def _loss(walked: Walk, records_of: Ints, account: Account) -> None:
    """Loss by sequence numbers: NetFlow v9 counts datagrams, IPFIX data records of a domain."""
    for version in (9, 10):
        mine = [i for i, m in enumerate(walked.messages) if m[1] == version]
        if not mine or (version == 10 and walked.unread):
            continue  # of unknown data it is not known how many records they are
        exporter, _, domain, sequence, offset = (
            np.array(c, np.int64) for c in zip(*(walked.messages[i] for i in mine), strict=True)
        )
        step = np.ones(len(mine), np.int64) if version == 9 else records_of[mine]
        for e, d, n, at in lost(
            exporter=exporter, domain=domain, sequence=sequence, step=step, offset=offset
        ):
            account.add("lost", exporter=e, version=version, domain=d, n=n, offset=at)
