"""What decoding sFlow datagrams gives: flow batches, problems, notes and counters."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from slowworm.sources.base import Note, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Everything that was met, so that nothing is dropped in silence."""

    datagrams: int = 0
    """sFlow v5 datagrams."""
    samples: int = 0
    """Samples of packets: flow samples, expanded ones, discarded packets."""
    flows: int = 0
    """Those that became a flow."""
    not_ip: int = 0
    """Those of packets that are not IP."""
    no_packet: int = 0
    """Those without a packet header and without an IP record (Ethernet or other data only)."""
    counter_samples: int = 0
    other_samples: int = 0
    """Samples of formats that are not known, as vendors define them."""
    agents: int = 0
    """Agents, each sub-agent counted."""
    lost_datagrams: int = 0
    late_datagrams: int = 0
    duplicates: int = 0
    restarts: int = 0
    dropped_samples: int = 0
    """Samples that the agents say they lost, since the first sample seen of each data source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Decoded datagrams: at most one batch for IPv4 and one for IPv6."""

    batches: tuple[pa.RecordBatch, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    counters: Counters

    @property
    def flows(self) -> int:
        """Flows decoded."""
        return self.counters.flows


def notes_of(counters: Counters) -> tuple[Note, ...]:
    """What the counters say that a reader of the flows should know."""
    said = (
        (
            "sflow-lost",
            "sFlow datagrams lost before they were recorded (gaps in sequence numbers)",
            counters.lost_datagrams,
        ),
        ("sflow-dropped", "samples lost within the agents, by their own count", counters.dropped_samples),
        ("sflow-restarts", "restarts of sFlow agents (sequence numbers begin anew)", counters.restarts),
        (
            "sflow-duplicates",
            "sFlow datagrams with the sequence number of the one before",
            counters.duplicates,
        ),
        ("sflow-not-ip", "samples of packets that are not IP", counters.not_ip),
        ("sflow-no-packet", "samples without a packet header or IP record", counters.no_packet),
        ("sflow-counters", "counter samples: about interfaces, not flows", counters.counter_samples),
        ("sflow-other-samples", "samples of formats that are not known", counters.other_samples),
    )
    return tuple(Note(id=name, text=text, count=count) for name, text, count in said if count)
