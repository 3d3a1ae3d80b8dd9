"""One row per flow: against flow caches that are run packet by packet, in any order and any batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import slowworm
from slowworm.flows.joining import Joined, keys, one_row_per_flow
from slowworm.flows.joining.build import PLACE
from slowworm.flows.schema import NAMES, schema
from slowworm.flows.table import flow_batch

MS = 10**6
EPOCH = 1_700_000_000_000
"""ms since 1970 of second 0 in these tests."""

SYN, ACK = 0x02, 0x10
TIMES = ("start_time", "end_time")
Row = dict[str, Any]


def at(seconds: float | None) -> int | None:
    """Nanoseconds since 1970 of a second of the test."""
    return None if seconds is None else (EPOCH + round(seconds * 1000)) * MS


def row(start: float | None = 0.0, end: float | None = None, **others: Any) -> Row:
    """A TCP row from ``start`` to ``end`` (seconds); one packet of 40 bytes at router A unless told otherwise."""
    found = {
        "start_time": at(start), "end_time": at(start if end is None else end), "src_addr": 0x0A000001,
        "dst_addr": 0xC6336401, "protocol": 6, "src_port": 40_000, "dst_port": 80, "packets": 1, "bytes": 40,
        "tcp_flags": ACK, "exporter": "A",
    }  # fmt: skip
    return {**found, **others}


def batch(rows: Sequence[Row], version: int = 4) -> pa.RecordBatch:
    target = schema(version)
    columns = {}
    for name in NAMES:
        kind = pa.string() if pa.types.is_dictionary(target.field(name).type) else target.field(name).type
        columns[name] = pa.array([r.get(name) for r in rows], kind).cast(target.field(name).type)
    return flow_batch(columns, rows=len(rows), ip_version=version)


def listed(batches: Iterable[pa.RecordBatch]) -> list[Row]:
    """Rows without nulls, times in ns, in an order of their own."""
    found = []
    for part in batches:
        part.validate(full=True)
        columns = {
            n: part.column(n).cast(pa.int64()).to_pylist() if n in TIMES else part.column(n).to_pylist()
            for n in NAMES
        }
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        found += [{k: v for k, v in r.items() if v is not None} for r in rows]
    return sorted(found, key=lambda r: sorted((k, str(v)) for k, v in r.items()))


def joined(*rows: Row, version: int = 4) -> tuple[list[Row], int, int]:
    """Rows after joining, sightings, parts."""
    result = one_row_per_flow([batch(rows, version)])
    found = listed(result.batches)
    assert len(found) + result.sightings + result.parts == len(rows)
    return found, result.sightings, result.parts


def counted(*rows: Row, version: int = 4) -> list[tuple[int | None, int | None]]:
    """(packets, bytes) of the rows after joining."""
    return sorted((r.get("packets"), r.get("bytes")) for r in joined(*rows, version=version)[0])


# -- against flow caches ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Packet:
    ms: int
    key: tuple[int, int, int]
    octets: int
    flags: int


@dataclass(frozen=True)
class Router:
    """A flow cache: ``actives`` are the active timeouts (ms) of its monitors, one for each interface pair."""

    name: str
    skew: int
    actives: tuple[int, ...]

    def rows(self, packets: Sequence[Packet]) -> list[Row]:
        return [r for k, active in enumerate(self.actives) for r in self._exported(packets, active, str(k))]

    def _exported(self, packets: Sequence[Packet], active: int, interface: str) -> list[Row]:
        entries: dict[tuple[int, int, int], list[Packet]] = {}
        rows = []
        for packet in sorted(packets, key=lambda p: p.ms):
            entry = entries.get(packet.key)
            if entry and (packet.ms - entry[-1].ms > 15_000 or packet.ms - entry[0].ms >= active):
                rows.append(self._row(entries.pop(packet.key), interface))
            entries.setdefault(packet.key, []).append(packet)
        return rows + [self._row(entry, interface) for entry in entries.values()]

    def _row(self, entry: list[Packet], interface: str) -> Row:
        source, port, protocol = entry[0].key
        flags = 0
        for packet in entry:
            flags |= packet.flags
        return row(
            (entry[0].ms + self.skew) / 1000, (entry[-1].ms + self.skew) / 1000, src_addr=source, src_port=port,
            protocol=protocol, packets=len(entry), bytes=sum(p.octets for p in entry), exporter=self.name,
            tcp_flags=flags if protocol == 6 else None, in_if=interface, input=f"{self.name}.nfcapd",
        )  # fmt: skip


@st.composite
def traffic(draw: st.DrawFn) -> list[list[Packet]]:
    """Flows as lists of packets: pauses of at most 10 s within, of at least 40 s between those of one key."""
    found = []
    for key in draw(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 2), st.sampled_from([6, 17])),
                             min_size=1, max_size=4, unique=True)):  # fmt: skip
        now = draw(st.integers(0, 60_000))
        for _ in range(draw(st.integers(1, 3))):
            flow = []
            for place in range(draw(st.integers(1, 12))):
                flags = 0 if key[2] == 17 else ACK if place else SYN
                flow.append(Packet(ms=now, key=key, octets=draw(st.integers(40, 1500)), flags=flags))
                now += draw(st.integers(1, 10_000))
            found.append(flow)
            now += 40_000
    return found


routers = st.lists(
    st.builds(
        Router,
        name=st.sampled_from(["A", "B", "C", "D"]),
        skew=st.integers(-2000, 2000),
        actives=st.lists(st.sampled_from([10_000, 30_000, 60_000, 1_800_000]), min_size=1, max_size=2).map(
            tuple
        ),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda r: r.name,
)


@settings(max_examples=150, deadline=None)
@given(traffic(), routers)
def test_what_caches_cut_and_saw_twice_becomes_the_flows_there_were(
    flows: list[list[Packet]], seen_by: list[Router]
) -> None:
    packets = [p for flow in flows for p in flow]
    rows = [r for router in seen_by for r in router.rows(packets)]
    first = min(seen_by, key=lambda r: (r.skew, r.name))
    expected = [
        {
            "key": flow[0].key,
            "packets": len(flow),
            "bytes": sum(p.octets for p in flow),
            "start_time": at((flow[0].ms + first.skew) / 1000),
            "end_time": at((flow[-1].ms + max(r.skew for r in seen_by)) / 1000),
            "exporter": first.name,
        }
        for flow in flows
    ]
    found = [
        {
            "key": (r["src_addr"], r["src_port"], r["protocol"]),
            **{k: r[k] for k in ("packets", "bytes", "start_time", "end_time", "exporter")},
        }
        for r in joined(*rows)[0]
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)


moments = st.sampled_from([0.0, 0.05, 0.2, 1.0, 3.0, 10.0, 14.0, 17.0, 31.0])
any_rows = st.lists(
    st.builds(
        lambda start, lasts, **others: row(start, None if start is None else start + lasts, **others),
        start=st.one_of(st.none(), moments),
        lasts=st.sampled_from([0.0, 0.3, 9.0]),
        dst_addr=st.sampled_from([1, 2]),
        protocol=st.sampled_from([6, 17]),
        packets=st.sampled_from([None, 1, 5]),
        bytes=st.sampled_from([None, 40, 200]),
        tcp_flags=st.sampled_from([None, SYN, ACK]),
        tcp_sequence_number=st.sampled_from([None, 7, 9]),
        resolved=st.sampled_from([None, False, True]),
        exporter=st.sampled_from([None, "A", "B"]),
        in_if=st.sampled_from([None, "1"]),
        out_if=st.sampled_from([None, "2", "Null"]),
        action=st.sampled_from([None, "deny"]),
        sampling_rate=st.sampled_from([None, 1, 100, 1000]),
        input=st.sampled_from(["x", "y"]),
        line=st.sampled_from([None, 1, 2]),
    ),
    min_size=2,
    max_size=14,
)


@settings(max_examples=300, deadline=None)
@given(any_rows, st.data())
def test_neither_order_nor_batches_matter(rows: list[Row], data: st.DataObject) -> None:
    whole = one_row_per_flow([batch(rows)])
    shuffled = data.draw(st.permutations(rows))
    batches: dict[object, list[Row]] = defaultdict(list)
    for number, item in enumerate(shuffled):
        batches[item["exporter"] if data.draw(st.booleans()) else number % 3].append(item)
    parts = one_row_per_flow([batch(part) for part in batches.values()])
    assert listed(parts.batches) == listed(whole.batches)
    assert (parts.sightings, parts.parts) == (whole.sightings, whole.parts)


@settings(max_examples=200, deadline=None)
@given(any_rows)
def test_nothing_appears_from_nowhere(rows: list[Row]) -> None:
    found, _, _ = joined(*rows)
    for name in ("packets", "bytes"):
        assert sum(r.get(name, 0) for r in found) <= sum(r[name] or 0 for r in rows)
    for r in found:
        sent = [x for x in rows if (x["dst_addr"], x["protocol"]) == (r["dst_addr"], r["protocol"])]
        assert r.get("action") in {x["action"] for x in sent}
        assert (r.get("out_if") == "Null") <= any(x["out_if"] == "Null" for x in sent)
        assert r.get("packets", 0) >= (0 if "packets" not in r else min(x["packets"] or 0 for x in sent))
    flags = {x["tcp_flags"] or 0 for x in rows}
    assert all(r.get("tcp_flags", 0) in flags | {SYN | ACK} for r in found)


def test_keys_whose_sums_collide_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        row(start, dst_addr=target, exporter=exporter)
        for target in (1, 2, 3)
        for start in (0, 8, 60)
        for exporter in "AB"
    ]
    expected = joined(*rows)
    monkeypatch.setattr(keys, "ODD", (np.uint64(0), np.uint64(0)))
    assert joined(*rows) == expected
    assert len(expected[0]) == 6


# -- parts --------------------------------------------------------------------------------------------------------


def test_a_flow_cut_by_the_active_timeout_is_joined() -> None:
    pieces = [
        row(60 * k, 60 * k + 59, packets=10, bytes=1000, tcp_flags=ACK | (SYN if not k else 0))
        for k in range(30)
    ]
    found, sightings, parts = joined(*pieces)
    assert (len(found), sightings, parts) == (1, 0, 29)
    assert (found[0]["packets"], found[0]["bytes"], found[0]["tcp_flags"]) == (300, 30_000, SYN | ACK)
    assert (found[0]["start_time"], found[0]["end_time"]) == (at(0), at(29 * 60 + 59))


@pytest.mark.parametrize(("pause", "rows"), [(0, 1), (15, 1), (15.001, 2), (60, 2)])
def test_a_pause_longer_than_the_inactive_timeout_ends_a_flow(pause: float, rows: int) -> None:
    assert len(counted(row(0, 100), row(100 + pause, 150))) == rows


@pytest.mark.parametrize("seconds", [1, 3, 7, 15])
def test_a_repeated_syn_from_the_same_port_is_a_retry_and_no_part(seconds: float) -> None:
    assert counted(row(0, tcp_flags=SYN), row(seconds, tcp_flags=SYN)) == [(1, 40), (1, 40)]


def test_a_port_used_again_for_another_connection_is_another_flow() -> None:
    first, trail = row(0, 2, packets=9, bytes=900, tcp_flags=0x1B), row(2.3, packets=1, tcp_flags=ACK)
    again = row(4, 6, packets=7, bytes=700, tcp_flags=0x1B)
    assert counted(first, trail, again) == [(7, 700), (10, 940)]


def test_pings_every_twenty_seconds_stay_single() -> None:
    ping = {
        "protocol": 1,
        "src_port": None,
        "dst_port": None,
        "icmp_type": 8,
        "icmp_code": 0,
        "tcp_flags": None,
    }
    pings = [row(20 * k, **ping, exporter=e) for k in range(5) for e in "AB"]
    found, sightings, parts = joined(*pings)
    assert (len(found), sightings, parts) == (5, 5, 0)


def test_packets_exported_one_by_one_are_a_flow() -> None:
    samples = [row(k / 1000, bytes=1500, sampling_rate=512, input="s.pcap") for k in range(40)]
    assert counted(*samples) == [(40, 60_000)]


def test_types_of_service_of_one_connection_are_added() -> None:
    assert counted(
        row(0, 50, packets=3, bytes=180, tcp_flags=SYN | ACK), row(1, 60, packets=90, bytes=9000)
    ) == [(93, 9180)]


def test_a_flow_that_goes_on_in_the_next_file_or_at_another_interface_is_joined() -> None:
    assert counted(row(0, 299.9, packets=5, input="a"), row(300.1, 400, packets=6, input="b")) == [(11, 80)]
    assert counted(row(0, 20, packets=5, out_if="1"), row(20.4, 30, packets=6, out_if="2")) == [(11, 80)]


def test_an_exporter_whose_clock_is_anchored_to_whole_seconds_joins_too() -> None:
    assert counted(row(0, 60, packets=5), row(59.2, 119, packets=6), row(119.9, 180, packets=7)) == [
        (18, 120)
    ]


# -- sightings ----------------------------------------------------------------------------------------------------


def test_two_routers_on_a_path_count_once_by_whoever_counted_most() -> None:
    one = row(10.2, 40, packets=99, bytes=9000, exporter="B", in_if="9", input="b", line=4)
    other = row(
        10.0, 40.3, packets=100, bytes=9100, exporter="Z", in_if="1", tcp_flags=SYN, input="z", line=7
    )
    found, sightings, parts = joined(one, other)
    assert (sightings, parts) == (1, 0)
    assert found == [
        {**other, "end_time": at(40.3), "tcp_flags": SYN | ACK},
    ]


def test_of_equal_packets_the_bytes_without_headers_of_the_link_count() -> None:
    assert counted(row(bytes=58), row(bytes=40, exporter="B"), row(bytes=None, exporter="C")) == [(1, 40)]


@pytest.mark.parametrize(("apart", "rows"), [(4.9, 1), (5.1, 2)])
def test_clocks_may_differ_by_a_few_seconds(apart: float, rows: int) -> None:
    assert len(counted(row(0), row(apart, exporter="B"))) == rows


def test_attempts_of_one_port_are_matched_one_to_one() -> None:
    seen = [
        row(t + skew, tcp_flags=SYN, exporter=e) for t in (0, 1, 3, 7) for e, skew in (("A", 0), ("B", 0.9))
    ]
    found, sightings, parts = joined(*seen)
    assert (len(found), sightings, parts) == (4, 4, 0)
    assert [r["start_time"] for r in sorted(found, key=lambda r: r["start_time"])] == [
        at(t) for t in (0, 1, 3, 7)
    ]
    assert len(joined(*seen[:-1])[0]) == 4  # one was lost on the way


def test_ingress_and_egress_of_one_router_count_once() -> None:
    assert counted(row(0, 9, packets=8, in_if="1"), row(0.004, 9, packets=8, in_if="1", out_if="2")) == [
        (8, 40)
    ]
    assert counted(row(0, 9, packets=8), row(0.004, 9.004, packets=8)) == [(8, 40)]
    assert counted(row(0, tcp_flags=SYN), row(0.002, tcp_flags=SYN)) == [(1, 40)]


def test_a_file_given_twice_counts_once() -> None:
    flow = [row(0, 60, packets=5), row(60.5, 90, packets=6)]
    assert counted(*({**r, "input": name} for r in flow for name in ("a", "copy of a"))) == [(11, 80)]


def test_taps_without_a_name_count_once() -> None:
    flow = [row(0, 60, packets=5, exporter=None, input=name) for name in ("tap-1.pcap", "tap-2.pcap")]
    assert counted(*flow) == [(5, 40)]


# -- what stays apart ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        {"action": "deny"},
        {"label": "flow=Botnet"},
        {"out_if": "Null"},
        {"src_addr": 0xC0000201},  # translated
        {"src_port": 40_001},
        {"dst_port": 81},
        {"protocol": 17},
        {"protocol": None},
        {"sampling_rate": 100},
        {"ethertype": 2054},
        {"src_addr": None},
    ],
    ids=str,
)
def test_what_differs_in_its_key_is_never_merged(other: Row) -> None:
    found, _, _ = joined(row(), row(**other, exporter="B"), row(1, **other))
    assert len(found) == (3 if other == {"src_addr": None} else 2)
    assert row() in found


def test_of_sampled_exporters_the_one_that_samples_least_counts() -> None:
    rough, fine = (
        row(0, 9, packets=3, sampling_rate=1000),
        row(1, 8, packets=2, sampling_rate=10, exporter="B"),
    )
    assert [(r["packets"], r["sampling_rate"]) for r in joined(rough, fine)[0]] == [(2, 10)]


def test_rows_without_times_are_merged_over_named_routers_only() -> None:
    listing = [row(None, packets=p, exporter=e, line=n) for n, (p, e) in enumerate(
        [(3, "A"), (5, "A"), (6, "B"), (2, None), (2, None)], 1)]  # fmt: skip
    found, sightings, parts = joined(*listing)
    assert (sightings, parts) == (1, 0)
    assert sorted((r["packets"], r.get("exporter", "")) for r in found) == [
        (2, ""),
        (2, ""),
        (3, "A"),
        (6, "A"),
    ]


def test_rows_with_and_without_times_are_not_compared() -> None:
    assert len(counted(row(0), row(None, exporter="B"))) == 2


def test_one_long_listing_without_times_is_not_even_looked_at() -> None:
    whole = batch([row(None, line=n) for n in range(50)])
    result = one_row_per_flow([whole])
    assert result == Joined(batches=(whole,), sightings=0, parts=0)
    assert result.batches[0] is whole


def test_flows_that_are_all_different_come_back_as_they_are() -> None:
    whole = batch([row(0, src_port=n) for n in range(50)])
    assert one_row_per_flow([whole]).batches[0] is whole
    assert one_row_per_flow([]) == Joined(batches=(), sightings=0, parts=0)


# -- odd values ---------------------------------------------------------------------------------------------------


def test_ipv6_flows_are_joined_too() -> None:
    address = {"src_addr": b"\x20\x01" + bytes(13) + b"\1", "dst_addr": bytes(15) + b"\2"}
    other = {**address, "dst_addr": bytes(15) + b"\3"}
    assert counted(row(0, 9, **address), row(10, 19, **address), row(10, 19, **other), version=6) == [
        (1, 40),
        (2, 80),
    ]


def test_unknown_counters_stay_unknown_and_unknown_ends_do_no_harm() -> None:
    found, _, _ = joined(row(0, 5, bytes=None), {**row(6), "end_time": None})
    assert [(r["packets"], r.get("bytes"), r["end_time"]) for r in found] == [(2, None, at(5))]
    assert "end_time" not in joined({**row(0), "end_time": None}, {**row(1), "end_time": None})[0][0]


@pytest.mark.parametrize("value", [2**63, 2**64 - 1])
def test_counters_that_cannot_be_added_stop_at_the_largest_number(value: int) -> None:
    assert counted(row(0, 5, packets=value), row(6, 9, packets=value)) == [(2**63 - 1, 80)]


@pytest.mark.parametrize("when", [-(2**62), 0, 2**63 - 1])
def test_times_of_no_year_do_no_harm(when: int) -> None:
    flow = {**row(), "start_time": when, "end_time": when}
    assert len(joined(flow, {**flow, "exporter": "B"}, row(5))[0]) == 2


def test_every_column_is_part_of_the_key_or_decided() -> None:
    key = {"src_addr", "dst_addr", "ethertype", "action", "label", *(name for name, _ in keys.NUMBERS)}
    decided = {*TIMES, "tcp_flags", "tcp_sequence_number", "resolved", "packets", "bytes", "sampling_rate"}
    assert key | decided | set(PLACE) | {"line"} == set(NAMES)


# -- in a hunt ----------------------------------------------------------------------------------------------------


def sweep(exporter: str, skew: float) -> list[Row]:
    """A host that pings a hundred addresses once each, and a healthy conversation with both directions."""
    ping = {
        "protocol": 1,
        "src_port": None,
        "dst_port": None,
        "icmp_type": 8,
        "icmp_code": 0,
        "tcp_flags": None,
    }
    rows = [
        row(k + skew, dst_addr=0xCB007100 + 7 * k, bytes=92, exporter=exporter, **ping) for k in range(100)
    ]
    for k in range(10):
        call = row(
            k + skew,
            k + 5 + skew,
            src_addr=0x0A000100 + k,
            src_port=40_000 + k,
            packets=20,
            bytes=2000,
            exporter=exporter,
            tcp_flags=0x1B,
        )
        reply = {
            "src_addr": call["dst_addr"],
            "dst_addr": call["src_addr"],
            "src_port": 80,
            "dst_port": 40_000 + k,
        }
        rows += [call, {**call, **reply}]
        answered = row(k + skew, src_addr=0x0A000100 + k, exporter=exporter, bytes=84, **ping)
        rows += [answered, {**answered, "src_addr": answered["dst_addr"], "dst_addr": answered["src_addr"],
                            "icmp_type": 0}]  # fmt: skip
    return rows


def test_a_sweep_seen_by_two_routers_is_judged_as_if_by_one() -> None:
    # Two sightings of a ping look like two visits: somebody who comes back, and scans do not.
    alone = slowworm.hunt(batch(sweep("A", 0)))
    both = slowworm.hunt(batch(sweep("A", 0)), batch(sweep("B", 0.8)))
    assert [(str(v.address), v.verdict, v.weight) for v in alone.verdicts] == [
        (str(v.address), v.verdict, v.weight) for v in both.verdicts
    ]
    assert [str(v.address) for v in alone.verdicts] == ["10.0.0.1"]
    assert both.flow_count == alone.flow_count == 140
    assert [(n.id, n.count) for n in both.notes if n.id in ("duplicates", "split-flows")] == [
        ("duplicates", 140)
    ]
