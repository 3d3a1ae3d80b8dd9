"""The tables of a store and their columns."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from slowworm.flows.schema import TIME
from slowworm.flows.schema import schema as flow_schema
from slowworm.store.layout import FLOWS, Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the table of verdicts; ``address``: text in files, an address in SQL."""

    name: str
    type: pa.DataType
    doc: str
    address: bool = False


VERDICT_COLUMNS: tuple[Column, ...] = (
    Column(name="run_time", type=TIME, doc="When the run judged."),
    Column(name="address", type=pa.string(), address=True, doc="The host."),
    Column(name="activity", type=pa.string(), doc="horizontal, vertical, block, backscatter or ordinary."),
    Column(name="verdict", type=pa.string(), doc="infected, suspect, scanner, victim or clean."),
    Column(name="protocol", type=pa.uint8(), doc="Protocol of the main service."),
    Column(name="port", type=pa.uint16(), doc="Port of the main service."),
    Column(name="services", type=pa.string(), doc="All services of the activity: tcp/23, tcp/2323."),
    Column(name="targets", type=pa.int64(), doc="Distinct hosts (vertical: ports) that were tried."),
    Column(name="weight", type=pa.float64(), doc="Weight of the evidence in dB."),
    Column(name="bound", type=pa.float64(), doc="Weight in dB from which the verdict is infected."),
    Column(name="more_targets_needed", type=pa.int64(), doc="Targets that would settle a suspect."),
    Column(name="profile", type=pa.string(), doc="How targets are chosen: uniform, local, sequential, …"),
    Column(name="worm", type=pa.string(), doc="The worm where one stands out."),
    Column(
        name="worm_candidates", type=pa.string(), doc="Worms that come into question, the likeliest first."
    ),
    Column(name="first_seen", type=TIME, doc="First flow of the activity."),
    Column(name="last_seen", type=TIME, doc="Last flow of the activity."),
    Column(name="in_if", type=pa.string(), doc="Interface behind which the host is."),
    Column(name="exporter", type=pa.string(), doc="Router that saw it."),
    Column(name="infected_by", type=pa.string(), address=True, doc="Host that probably infected it."),
    Column(name="infected_at", type=TIME, doc="When."),
    Column(name="infected_probability", type=pa.float64(), doc="How probable that is."),
    Column(name="reason", type=pa.string(), doc="The verdict in a sentence."),
)

VERDICT_SCHEMA = pa.schema(
    [pa.field(c.name, c.type) for c in VERDICT_COLUMNS], metadata={"slowworm.verdicts": "1"}
)


def flow_version(found: pa.Schema) -> int | None:
    """4 or 6 for the columns of flow batches of that IP version, some of which may be missing; ``None`` for others."""
    if not {"src_addr", "dst_addr"} <= set(found.names) or len(set(found.names)) < len(found.names):
        return None
    for version in (4, 6):
        target = flow_schema(version)
        if all(
            name in target.names and found.field(name).type == target.field(name).type for name in found.names
        ):
            return version
    return None


def schema_of(partition: Partition) -> pa.Schema:
    """Columns of the files of a partition."""
    return flow_schema(partition.ip) if partition.table == FLOWS and partition.ip else VERDICT_SCHEMA


def joined_extra(extras: list[object]) -> dict[str, object]:
    """What the footers of several files say beside their statistics, as one: the runs of verdicts."""
    runs = [run for extra in extras if isinstance(extra, dict) for run in extra.get("runs", [])]
    return {"runs": runs} if runs else {}
