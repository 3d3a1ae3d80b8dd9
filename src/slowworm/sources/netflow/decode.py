"""All NetFlow and IPFIX of a set of datagrams: every version, in one call."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from slowworm.sources.base import Note, Problem
from slowworm.sources.datagrams import Datagrams, Ints
from slowworm.sources.netflow import fixed
from slowworm.sources.netflow.account import Account
from slowworm.sources.netflow.flows import Options, flow_batches, is_event, is_flow
from slowworm.sources.netflow.records import records
from slowworm.sources.netflow.sequence import lost
from slowworm.sources.netflow.sets import Walk, walk
from slowworm.sources.netflow.templates import Templates

VERSIONS = (1, 5, 7, 8, 9, 10)


@dataclass(slots=True)
class State:
    """What lasts from one call to the next: templates and what options said."""

    templates: Templates = field(default_factory=Templates)
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Flow batches with the version each came by, and the account."""

    batches: tuple[tuple[int, pa.RecordBatch], ...]
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]
    account: Account

    @property
    def versions(self) -> list[int]:
        """Versions met, with flows or without (templates only, events)."""
        return sorted({key[2] for key in self.account.counts} & set(VERSIONS) | {v for v, _ in self.batches})


def versions(datagrams: Datagrams) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The version field of each datagram, -1 where there is none."""
    view = np.frombuffer(datagrams.data, np.uint8)
    found = np.full(len(datagrams), -1, np.int64)
    whole = datagrams.size >= 2
    at = datagrams.offset[whole]
    found[whole] = view[at].astype(np.int64) << 8 | view[at + 1]
    return found


def decode(datagrams: Datagrams, path: str, state: State | None = None) -> Decoded:
    """Decode datagrams of any mixture of versions and exporters; never raises for any bytes."""
    state = state or State()
    account = Account(path=path, exporters=list(datagrams.exporters))
    found = versions(datagrams)
    batches: list[tuple[int, pa.RecordBatch]] = []
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
        batches += _templated(datagrams, messages.tolist(), state, account)
    return Decoded(
        batches=tuple(batches),
        problems=account.problems(),
        notes=tuple(_notes(path, account)),
        account=account,
    )


def _templated(
    datagrams: Datagrams, messages: list[int], state: State, account: Account
) -> list[tuple[int, pa.RecordBatch]]:
    walked = walk(datagrams, messages, state.templates, account)
    # Options first: what they say of sampling and of the system's start holds for the flows around them.
    ranked = sorted(walked.groups.items(), key=lambda item: not item[0][3].scopes)
    batches: list[tuple[int, pa.RecordBatch]] = []
    counts = np.zeros(len(walked.messages), np.int64)
    for (exporter, version, domain, template), sets in ranked:
        found = records(datagrams.data, template, sets)
        place = {"exporter": exporter, "version": version, "domain": domain, "offset": sets[0].begin}
        account.add("malformed-record", **place, n=found.malformed)
        np.add.at(counts, np.array([s.message for s in sets])[found.set_of], 1)
        if template.scopes:
            account.add("options-record", **place, n=len(found))
            state.options.learn(exporter, domain, found)
        elif is_flow(template):
            account.add("flow-record", **place, n=len(found))
            name = datagrams.exporters[exporter]
            batches += [(version, b) for b in flow_batches(found, exporter, domain, name, state.options)]
        else:
            account.add("event-record" if is_event(template) else "other-record", **place, n=len(found))
    _loss(walked, counts, account)
    return batches


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


def _notes(path: str, account: Account) -> list[Note]:
    texts = {
        "event-record": "event records of a firewall or NAT, which are no flows",
        "other-record": "data records without addresses or counters, which are no flows",
        "options-record": "options records (sampling, interfaces and the like)",
        "masked": "NetFlow v8 records of a scheme without host addresses: no verdict can come from them",
    }
    return [
        Note(id=f"netflow-{what}", text=f"{path}: {text}", count=n)
        for what, text in texts.items()
        if (n := account.total(what))
    ]
