"""Data sets grouped by template to flows: options first, then flows, sampled packets and events, each its own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from slowworm.sources.base import Note
from slowworm.sources.datagrams import Ints
from slowworm.sources.netflow.account import Account
from slowworm.sources.netflow.events import Events, codes, events, is_event, joined
from slowworm.sources.netflow.flows import Origin, flow_batches, has_addresses, is_flow
from slowworm.sources.netflow.frames import frames, is_frame
from slowworm.sources.netflow.records import Records, records
from slowworm.sources.netflow.sets import DataSet
from slowworm.sources.netflow.state import State
from slowworm.sources.netflow.templates import Template

Groups = dict[tuple[int, int, int, Template], list[DataSet]]
"""(exporter, version, domain, template) → data sets."""


def of_groups(
    data: bytes,
    groups: Mapping[tuple[int, int, int, Template], Sequence[DataSet]],
    messages: int,
    state: State,
    account: Account,
) -> tuple[list[tuple[int, pa.RecordBatch]], Ints]:
    """Flow batches with their version, and how many records each of the ``messages`` has."""
    # Options first: what they say of sampling and of the system's start holds for the flows around them.
    ranked = sorted(groups.items(), key=lambda item: not item[0][3].scopes)
    batches: list[tuple[int, pa.RecordBatch]] = []
    told: list[Events] = []
    counts = np.zeros(messages, np.int64)
    for (exporter, version, domain, template), sets in ranked:
        found = records(data, template, sets)
        place = {"exporter": exporter, "version": version, "domain": domain, "offset": sets[0].begin}
        account.add("malformed-record", **place, n=found.malformed)
        np.add.at(counts, np.array([s.message for s in sets])[found.set_of], 1)
        if template.scopes:
            account.add("options-record", **place, n=len(found))
            state.options.learn(exporter, domain, found)
            continue
        event, frame = is_event(template), is_frame(template) and not is_flow(template)
        if not (frame or is_flow(template) or (event and has_addresses(template))):
            account.add("event-record" if event else "other-record", **place, n=len(found))
            continue
        rates = state.options.rates(exporter, domain, found)
        account.add("sampling-unknown", exporter=exporter, version=version, n=rates.unknown)
        account.add("sampling-differs", exporter=exporter, version=version, n=rates.differing)
        origin = Origin(exporter=exporter, name=state.exporters[exporter], version=version, domain=domain)
        if frame:
            sampled = frames(found, origin, state.options, rates.column)
            batches += [(version, b) for b in sampled.batches]
            account.add("frame-not-ip", **place, n=sampled.not_ip)
            account.add("unread-frame", **place, n=sampled.unread)
        elif event:
            found, rate, code, silent = _telling(found, rates.column)
            account.add("event-record", **place, n=silent)
            told.append(events(found, origin, flow_batches(found, origin, state.options, rate), code))
        else:
            made = flow_batches(found, origin, state.options, rates.column)
            batches += [(version, m.batch) for m in made]
    if told:
        of_events, dropped = joined(told)
        batches += of_events
        account.add(
            "event-record", exporter=told[0].origin.exporter, version=told[0].origin.version, n=dropped
        )
    return batches, counts


def _telling(found: Records, rate: pa.Array | None) -> tuple[Records, pa.Array | None, Ints, int]:
    """The event records that tell of a connection, their rates and codes, and how many others there were."""
    code, telling = codes(found)
    if telling.all():
        return found, rate, code, 0
    rows = np.flatnonzero(telling)
    return (
        found.take(rows),
        None if rate is None else rate.take(pa.array(rows)),
        code[rows],
        len(found) - len(rows),
    )


def notes_of(account: Account) -> tuple[Note, ...]:
    """What the account says that is no problem."""
    texts = {
        "event-record": "event records of a firewall or NAT that are no flows: their connection has another record, "
        "or they name none",
        "other-record": "data records without addresses or counters, which are no flows",
        "options-record": "options records (sampling, interfaces and the like)",
        "masked": "NetFlow v8 records of a scheme without host addresses: no verdict can come from them",
        "frame-not-ip": "sampled packets that are not IP",
        "template-elsewhere": "data sets read by a template that another input brought",
    }
    found = [
        Note(id=f"netflow-{what}", text=text, count=n)
        for what, text in texts.items()
        if (n := account.total(what))
    ]
    for exporter, n in account.by_exporter("sampling-unknown").items():
        name, option = account.name(exporter), f"{account.name(exporter)}=N".lstrip("=")
        text = f"flows of {name or 'an exporter without a name'} are sampled at a rate that was not exported"
        text = f"{text}; --sampling {option} says it"
        found.append(Note(id="sampling-unknown", text=text, count=n, about=name))
    for exporter, n in account.by_exporter("sampling-differs").items():
        name = account.name(exporter)
        text = (
            f"flows of {name or 'an exporter without a name'} say another sampling rate than its options do"
        )
        found.append(Note(id="sampling-differs", text=f"{text}; theirs is kept", count=n, about=name))
    return tuple(found)
