"""VPC flow logs (and firewall rule logs) of Google Cloud: log entries, one a line or in an array."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.cloud.jsontext import Found, documents
from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.draft import Draft, batches
from slowworm.sources.tables.lines import as_utf8
from slowworm.sources.tables.slices import MISSING, Slices, recoded
from slowworm.sources.tables.times import iso

SAMPLING = 30
"""Google captures about one packet in thirty and fills in the others by estimate (*VPC Flow Logs*, log sampling).
The rate of a single record is not told; that it is sampled keeps a lone SYN from being read as a failure."""

COUNTERS = ("protocol", "src_port", "dst_port", "packets", "bytes")

_ENTRY = re.compile(
    r'\{\s*"(?:insertId|jsonPayload|logName|timestamp|resource|receiveTimestamp|labels|severity)"\s*:'
)
_HEAD = re.compile(rb'"(?:src_ip|dest_ip)"\s*:\s*"[0-9A-Fa-f:.]{2,45}"')


class GcpVpcFlow:
    """Entries of each side's sample of a flow; both sides report where both are in the cloud."""

    info = FormatInfo(
        name="gcp-vpc-flow",
        title="VPC flow log of Google Cloud",
        commands=(),
        carries="addresses, ports, protocol, packets and bytes (estimated from a sample), start and end, the "
        "machine that saw it; firewall rule logs: allowed or denied",
        lacks="TCP flags, ICMP types, packets that were not sampled",
    )

    def recognises(self, head: bytes) -> bool:
        """By a connection in a payload."""
        return b'"connection"' in head and b"jsonPayload" in head and bool(_HEAD.search(head))

    def read(self, path: str, data: bytes) -> Reading:
        """One flow per entry with a connection."""
        damage = Damage(path)
        found: list[Found] = []
        rest = 0
        for entry in documents(as_utf8(data), damage, begin=_ENTRY, inside="entries"):
            payload = entry.value.get("jsonPayload")
            if isinstance(payload, dict) and "connection" in payload:
                found.append(entry)
            else:
                rest += 1
        damage.note("other-messages", "log entries of other kinds stand between the flows", rest)
        made = []
        if found:
            made = batches(_draft(found, damage), path)
        rows = sum(batch.num_rows for batch in made)
        return Reading(
            path=path,
            formats=((self.info.name, rows),),
            batches=tuple(made),
            problems=damage.problems,
            notes=damage.notes,
        )


def _draft(found: list[Found], damage: Damage) -> Draft:
    rows = [_fields(entry.value) for entry in found]
    columns = [Slices.texts([row[i] for row in rows]) for i in range(len(rows[0]))]
    src, dst, protocol, src_port, dst_port, packets, octets, start, end, exporter, action = columns
    sampled = np.array([row[-1] == "" for row in rows])
    start_time, end_time = iso(start)[0], iso(end)[0]
    line = np.array([entry.line for entry in found], np.int64)
    denied = action.equals(b"DENIED")
    draft = Draft(
        line=line,
        src=src.addresses(),
        dst=dst.addresses(),
        numbers={
            "protocol": protocol.integers(),
            "src_port": src_port.integers(),
            "dst_port": dst_port.integers(),
            "packets": packets.integers(),
            "bytes": octets.integers(),
            "sampling_rate": np.where(sampled, SAMPLING, MISSING),
        },
        times={"start_time": start_time, "end_time": end_time},
        texts={
            "exporter": exporter.names(),
            "action": recoded(
                np.where(denied, 1, np.where(action.equals(b"ALLOWED"), 0, 2)), ["allow", "deny", None]
            ),
        },
    )
    bad = draft.damaged() | (draft.src.version < 0) | (draft.dst.version < 0)
    bad |= draft.number("protocol") == MISSING
    for place in np.flatnonzero(bad).tolist():
        damage.at(found[place].line, "damaged flow record", " ".join(rows[place]).encode("utf-8", "replace"))
    good = int((sampled & ~bad).sum())
    damage.note("sampled", "Google samples about 1 packet in 30: packets and bytes are its estimates", good)
    return draft.take(~bad)


def _fields(entry: dict[str, Any]) -> tuple[str, ...]:
    """The columns of an entry as texts: what is no number and no text becomes damage where it is parsed."""
    payload = entry["jsonPayload"]
    connection = payload["connection"]
    if not isinstance(connection, dict):
        connection = {}
    disposition = _text(payload.get("disposition"))
    moment = _text(entry.get("timestamp")) if disposition else ""
    return (
        _text(connection.get("src_ip")),
        _text(connection.get("dest_ip")),
        _text(connection.get("protocol")),
        _text(connection.get("src_port")),
        _text(connection.get("dest_port")),
        _text(payload.get("packets_sent")),
        _text(payload.get("bytes_sent")),
        _text(payload.get("start_time")) or moment,
        _text(payload.get("end_time")) or moment,
        _observer(entry, payload),
        disposition,
    )


def _observer(entry: dict[str, Any], payload: dict[str, Any]) -> str:
    """The machine or gateway that saw the flow, else its subnetwork."""
    side = "dest" if str(payload.get("reporter", "")).startswith("DEST") else "src"
    places = [payload.get("instance"), payload.get(f"{side}_instance"), payload.get(f"{side}_gateway")]
    resource = entry.get("resource")
    places.append(resource.get("labels") if isinstance(resource, dict) else None)
    for place in places:
        if isinstance(place, dict):
            for key in ("vm_name", "name", "subnetwork_name"):
                if isinstance(place.get(key), str):
                    return str(place[key])
    return ""


def _text(value: Any) -> str:
    """A text or a whole number as text; ``?`` for anything that is neither, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return "?"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else "?"
    if isinstance(value, int):
        return str(value) if abs(value) < 2**63 else "?"
    return value
