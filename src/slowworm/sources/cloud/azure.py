"""Flow logs of Microsoft Azure: of network security groups (versions 1 and 2) and of virtual networks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.cloud.jsontext import Found, documents
from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.draft import Draft, batches
from slowworm.sources.tables.lines import Chunk, as_utf8
from slowworm.sources.tables.pairs import before, group
from slowworm.sources.tables.slices import DAMAGED, MISSING, Bools, Ints, Slices, recoded
from slowworm.sources.tables.times import NO_TIME, epoch_by_size

COMMA = 44

PROTOCOLS = {b"t": 6, b"u": 17}
"""Letters of security group tuples; virtual networks have protocol numbers."""

_RECORD = re.compile(
    r'\{\s*"(?:time|systemId|category|macAddress|flowLogVersion|resourceId|operationName)"\s*:'
)
_HEAD = re.compile(rb'"(?:NetworkSecurityGroupFlowEvents?|FlowLogFlowEvent)"|"flowTuples"\s*:')


class AzureNsgFlow:
    """Tuples: one when a flow begins, one every few minutes, one at its end, each with what came since."""

    info = FormatInfo(
        name="azure-nsg-flow",
        title="flow log of Microsoft Azure (network security groups, virtual networks)",
        commands=(),
        carries="addresses, ports, protocol, allowed or denied; version 2 and virtual networks: packets and "
        "bytes of both directions",
        lacks="TCP flags, ICMP types, packets of denied flows; version 1: packets and bytes",
    )

    def recognises(self, head: bytes) -> bool:
        """By the category of its records or their tuples."""
        return bool(_HEAD.search(as_utf8(head)))

    def read(self, path: str, data: bytes) -> Reading:
        """One flow per direction of a tuple that has packets."""
        damage = Damage(path)
        tuples: list[str] = []
        codes: list[int] = []
        lines: list[int] = []
        places: dict[tuple[str | None, str | None], int] = {}
        for found in documents(as_utf8(data), damage, begin=_RECORD):
            name = _resource(found.value)
            for some, mac in _tuples(found, damage):
                place = places.setdefault((name, mac), len(places))
                tuples += some
                codes += [place] * len(some)
                lines += [found.line] * len(some)
        made = []
        if tuples:
            draft = _draft(tuples, np.array(codes, np.int64), np.array(lines, np.int64), list(places), damage)
            made = batches(draft, path)
        rows = sum(batch.num_rows for batch in made)
        return Reading(
            path=path,
            formats=((self.info.name, rows),),
            batches=tuple(made),
            problems=damage.problems,
            notes=damage.notes,
        )


def _resource(record: dict[str, Any]) -> str | None:
    """Which resource logged a record: the last part of its name."""
    names = [record.get(k) for k in ("targetResourceID", "resourceId", "flowLogResourceID")]
    name = next((n for n in names if isinstance(n, str) and n), None)
    return name.rstrip("/").rsplit("/", 1)[-1][:200] if name else None


def _tuples(found: Found, damage: Damage) -> Iterator[tuple[list[str], str | None]]:
    """The tuples of a record, wherever in it they are, and the network interface they are of."""
    record = found.value
    some = False
    mac = record.get("macAddress")
    pending: list[tuple[Any, Any]] = [(record.get("properties"), mac), (record.get("flowRecords"), mac)]
    while pending:
        item, mac = pending.pop()
        if isinstance(item, dict):
            mac = item.get("mac", mac)
            tuples = item.get("flowTuples")
            if isinstance(tuples, list):
                # A tuple is one line of text: what has a line end in it, or is no text, is damaged.
                texts = [t.replace("\n", "?") if isinstance(t, str) and t else "?" for t in tuples]
                yield texts, mac if isinstance(mac, str) else None
            some |= isinstance(tuples, list) or "flows" in item or "flowGroups" in item
            pending += [(item.get("flowGroups"), mac), (item.get("flows"), mac)]
        elif isinstance(item, list):
            pending += [(one, mac) for one in reversed(item)]
    if not some:
        damage.at(found.line, "record without flow tuples")


def _draft(
    tuples: list[str], codes: Ints, line: Ints, places: list[tuple[str | None, str | None]], damage: Damage
) -> Draft:
    text = "\n".join(tuples).encode("utf-8", "replace")
    chunk = Chunk.of(text, 1)
    tokens = chunk.tokens(COMMA)
    network = tokens.count >= 9
    network &= tokens.field(7).length == 1
    # Virtual networks: …,protocol,direction,state,encryption,counters; groups: …,letter,direction,decision,state.
    network &= tokens.field(5).integers() >= 0
    state = np.where(network, _letter(tokens.field(7)), _letter(tokens.field(8)))
    decision = np.where(network, np.where(state == ord("D"), ord("D"), ord("A")), _letter(tokens.field(7)))
    letters = tokens.field(5).translated(PROTOCOLS)
    counters = [tokens.field(9 + i).integers() for i in range(4)]
    counted = (state == ord("C")) | (state == ord("E"))
    packets, octets, answer_packets, answer_bytes = (
        np.where(counted | (c == DAMAGED), c, MISSING) for c in counters
    )
    inbound = _letter(tokens.field(6)) == ord("I")
    time = epoch_by_size(tokens.field(0).integers())
    names = [place[0] for place in places]
    macs = [place[1] for place in places]
    draft = Draft(
        line=line,
        src=tokens.field(1).addresses(),
        dst=tokens.field(2).addresses(),
        numbers={
            "protocol": letters,
            "src_port": tokens.field(3).integers(),
            "dst_port": tokens.field(4).integers(),
            "packets": packets,
            "bytes": octets,
            "answer_packets": answer_packets,
            "answer_bytes": answer_bytes,
            "state": state,
        },
        times={
            "start_time": time,
            "end_time": np.where((state == ord("B")) & (decision == ord("A")), NO_TIME, time),
        },
        texts={
            "exporter": recoded(codes, names),
            "in_if": recoded(np.where(inbound, codes, len(macs)), [*macs, None]),
            "out_if": recoded(np.where(inbound, len(macs), codes), [*macs, None]),
            "action": recoded(np.where(decision == ord("D"), 1, 0), ["allow", "deny"]),
        },
        answered=(answer_packets > 0) & counted,
    )
    bad = (
        draft.damaged()
        | (draft.src.version < 0)
        | (draft.dst.version < 0)
        | (tokens.count < 8)
        | chunk.too_long
    )
    bad |= (
        ~np.isin(decision, (ord("A"), ord("D"))) | (draft.number("protocol") == MISSING) | (time == NO_TIME)
    )
    has_state = tokens.count > 8
    bad |= has_state & ~np.isin(state, [ord(letter) for letter in "BCE"]) & ~(network & (state == ord("D")))
    damage.lines("damaged flow tuple", bad, chunk.lines, line)
    return _continued(draft.take(~bad), damage)


def _letter(texts: Slices) -> Ints:
    """The letter of texts of one letter, else 0."""
    one = texts.length == 1
    found = texts.buffer[np.where(one, texts.start, 0)].astype(np.int64)
    return np.where(one, found, 0)


def _continued(draft: Draft, damage: Damage) -> Draft:
    """Tuples with counters begin where the tuple of the same flow before them ended; a bare begin is merged."""
    state, time = draft.number("state"), draft.time("start_time").copy()
    action: pa.Array = draft.texts["action"]
    key = group(
        draft.number("protocol"),
        draft.src.key(),
        draft.number("src_port"),
        draft.dst.key(),
        draft.number("dst_port"),
        draft.texts["exporter"],
        draft.texts["in_if"],
        draft.texts["out_if"],
        action,
    )
    previous = before(key, np.argsort(np.argsort(time, kind="stable"), kind="stable"))
    counted = (state == ord("C")) | (state == ord("E"))
    goes_on: Bools = counted & (previous >= 0)
    goes_on &= state[np.maximum(previous, 0)] != ord("E")
    start = time.copy()
    start[goes_on] = time[previous[goes_on]]
    draft.times["start_time"] = start
    merged = np.zeros(len(draft), np.bool_)
    begun = previous[goes_on]
    merged[begun[state[begun] == ord("B")]] = True
    damage.note(
        "begins-merged", "tuples that only begin a flow were merged with those that go on", int(merged.sum())
    )
    return draft.take(~merged)
