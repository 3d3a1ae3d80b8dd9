"""NetFlow v5, v9 and IPFIX as others see them: frames, sequence numbers, templates, clocks, who exports."""

from __future__ import annotations

import struct
from collections import Counter
from typing import Any

import pytest
from tests.sinks.captures import datagrams, messages, template
from tests.sinks.random_flows import DAY, MS, SECOND, Row, batch_of, read, rows_of, write

from slowworm.flows.schema import NAMES
from slowworm.sinks.exports.frames import MAX_PACKET
from slowworm.sinks.exports.streams import STAND_INS
from slowworm.sinks.exports.templated import TEMPLATE_EVERY

EXPORTS = {"netflow-v5": 2055, "netflow-v9": 9995, "ipfix": 4739}
NOON = 1_700_000_000 * SECOND


def flow(**changes: Any) -> Row:
    row: Row = dict.fromkeys(NAMES)
    row.update(src_addr=0x0A000001, dst_addr=0x0A000002, protocol=6, src_port=1024, dst_port=445, tcp_flags=2)
    row.update(
        packets=1, bytes=48, start_time=NOON, end_time=NOON + MS, in_if="1", out_if="2", exporter="10.0.0.1"
    )
    row.update(changes)
    return row


def flows(n: int, **changes: Any) -> list[Row]:
    return [flow(dst_addr=0x0A000002 + i, end_time=NOON + (i + 1) * MS, **changes) for i in range(n)]


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("exporter", ["192.0.2.77", "2001:db8::77"])
def test_every_datagram_is_a_sound_packet_of_its_exporter(name: str, exporter: str) -> None:
    capture, _ = write(name, [batch_of(4, flows(400, exporter=exporter))])
    found = list(datagrams(capture))
    assert {d.source for d in found} == {exporter}
    assert {d.port for d in found} == {EXPORTS[name]}
    assert max(d.packet for d in found) <= MAX_PACKET
    assert max(d.packet for d in found) > MAX_PACKET - 60, "packets are filled"
    assert [d.time for d in found] == sorted(d.time for d in found)


@pytest.mark.parametrize("name", EXPORTS)
def test_equal_flows_give_equal_bytes(name: str) -> None:
    batch = batch_of(4, flows(100))
    assert write(name, [batch]) == write(name, [batch])


def test_version_5_counts_flows_by_exporter_and_rate() -> None:
    first = [*flows(100, exporter="10.0.0.1"), *flows(40, exporter="10.0.0.2", sampling_rate=100)]
    second = [*flows(30, exporter="10.0.0.1"), *flows(5, exporter="10.0.0.1", sampling_rate=10)]
    capture, _ = write("netflow-v5", [batch_of(4, first), batch_of(4, second)])
    sent: Counter[tuple[str, int]] = Counter()
    rates = set()
    for one in datagrams(capture):
        version, count, _, _, _, sequence, engine, sampling = struct.unpack_from(">HHIIIIHH", one.payload)
        assert (version, len(one.payload)) == (5, 24 + 48 * count)
        assert count <= 30
        assert sequence == sent[one.source, engine]
        sent[one.source, engine] += count
        rates.add((one.source, engine, sampling >> 14, sampling & 0x3FFF))
    assert sent == {("10.0.0.1", 0): 130, ("10.0.0.2", 0): 40, ("10.0.0.1", 1): 5}
    assert rates == {("10.0.0.1", 0, 0, 0), ("10.0.0.2", 0, 1, 100), ("10.0.0.1", 1, 1, 10)}


@pytest.mark.parametrize("name", ["netflow-v9", "ipfix"])
def test_sequence_numbers_are_in_the_protocols_own_unit(name: str) -> None:
    icmp = flows(3, protocol=1, src_port=None, dst_port=None, icmp_type=8, icmp_code=0, tcp_flags=None)
    parts = [
        batch_of(4, [*flows(700), *icmp, *flows(60, exporter="10.0.0.2", sampling_rate=7, in_if="Gi0/1")]),
        batch_of(4, flows(90)),
    ]
    capture, _ = write(name, parts)
    sent: Counter[tuple[str, int]] = Counter()
    sizes: dict[tuple[str, int, int], int] = {}
    for message in messages(capture):
        stream = (message.source, message.domain)
        assert message.sequence == sent[stream], stream
        records = told = 0
        for number, body in message.sets:
            if number in (0, 2):
                at, fields = template(body)
                sizes[*stream, at] = sum(length for _, length in fields)
                told += 1
            elif number in (1, 3):
                told += 1
            elif (*stream, number) in sizes:
                records += len(body) // sizes[*stream, number]
            else:
                records += 1  # options: one record here
        if name == "netflow-v9":
            assert message.count == records + told
            sent[stream] += 1
        else:
            sent[stream] += records
    if name == "ipfix":  # data records, among them what options say of sampling and of one interface
        assert sent == {("10.0.0.1", 0): 793, ("10.0.0.2", 7): 62}


@pytest.mark.parametrize("name", ["netflow-v9", "ipfix"])
def test_templates_come_first_and_again(name: str) -> None:
    capture, _ = write(
        name, [batch_of(4, [*flows(2000), *flows(10, exporter="10.0.0.2")]), batch_of(6, flows(10))]
    )
    since: dict[tuple[str, int, int], int] = {}
    data = 0
    for message in messages(capture):
        for number, body in message.sets:
            if number in (0, 2):
                since[message.source, message.domain, template(body)[0]] = 0
            else:
                key = (message.source, message.domain, number)
                assert key in since, "data before their template"
                since[key] += 1
                data += 1
                assert since[key] <= TEMPLATE_EVERY
    assert data > 2 * TEMPLATE_EVERY


def elements(capture: bytes) -> list[set[int]]:
    return [{n for n, _ in template(body)[1]} for m in messages(capture) for i, body in m.sets if i in (0, 2)]


@pytest.mark.parametrize("name", ["netflow-v9", "ipfix"])
def test_what_flows_never_have_is_in_no_template(name: str) -> None:
    bare = {
        "start_time": None,
        "end_time": None,
        "src_port": None,
        "dst_port": None,
        "protocol": None,
        "bytes": None,
    }
    pasted = flow(**bare, tcp_flags=None, in_if=None, out_if=None)
    assert elements(write(name, [batch_of(4, [pasted] * 3)])[0]) == [{8, 12, 2}]
    known = elements(write(name, [batch_of(4, [flow()])])[0])[0]
    times = {22, 21} if name == "netflow-v9" else {152, 153}
    assert known == {8, 12, 4, 7, 11, 6, 2, 1, 10, 14} | times


def test_flows_of_different_fields_have_templates_of_their_own() -> None:
    udp = flow(protocol=17, tcp_flags=None)
    capture, _ = write("ipfix", [batch_of(4, [flow(), udp, flow(), udp])])
    numbers = {template(body)[0] for m in messages(capture) for i, body in m.sets if i == 2}
    assert len(numbers) == 2
    assert [r["tcp_flags"] for _, r in rows_of(read(capture).batches)] in (
        [2, 2, None, None],
        [None, None, 2, 2],
    )


def test_ipfix_has_finer_time_stamps_only_where_they_say_more() -> None:
    assert 156 not in elements(write("ipfix", [batch_of(4, [flow()])])[0])[0]
    fine = elements(write("ipfix", [batch_of(4, [flow(end_time=NOON + 1)])])[0])[0]
    assert {152, 153, 156, 157} <= fine, "milliseconds besides, for those who read nothing finer"


@pytest.mark.parametrize("name", ["netflow-v5", "netflow-v9"])
def test_the_exporters_clock_never_wraps_and_agrees_with_its_stamps(name: str) -> None:
    # Collectors add First to the time the router started: export time less uptime. Hours, days, years apart.
    ends = [NOON + k * 5 * 3600 * SECOND + 123 * MS for k in range(300)]
    found = [flow(end_time=end, start_time=end - 20 * DAY, src_port=i) for i, end in enumerate(ends)]
    capture, written = write(name, [batch_of(4, found)])
    assert written.losses == ()
    read_ends = []
    for one in datagrams(capture):
        if name == "netflow-v5":
            _, count, uptime, seconds, nanoseconds = struct.unpack_from(">HHIII", one.payload)
            stamps = [struct.unpack_from(">II", one.payload, 24 + 48 * i + 24) for i in range(count)]
            boot = seconds * 1000 + nanoseconds // MS - uptime
        else:
            _, _, uptime, seconds, _, _, number, length = struct.unpack_from(">HHIIIIHH", one.payload)
            if number == 0:
                continue
            size = 46  # src, dst, protocol, ports, flags, packets, bytes, interfaces, stamps
            body = one.payload[24 : 20 + length]
            stamps = [struct.unpack_from(">II", body, i * size + size - 8) for i in range(len(body) // size)]
            boot = seconds * 1000 - uptime
        for first, last in stamps:
            assert 0 < first <= last <= uptime
            read_ends.append((boot + last) * MS)
    assert sorted(read_ends) == ends


@pytest.mark.parametrize("name", ["netflow-v5", "netflow-v9"])
def test_what_the_clock_has_no_room_for_is_left_out_and_counted(name: str) -> None:
    old = flow(start_time=NOON - 30 * DAY)
    capture, written = write(name, [batch_of(4, [old, flow()])])
    lost = {loss.id: loss.count for loss in written.losses}
    assert lost["old-start_time"] == 1
    starts = sorted(str(r["start_time"]) for _, r in rows_of(read(capture).batches))
    # Version 5 cannot leave it out: it says the other time, and that it does.
    assert starts == sorted([str(NOON), str(NOON + MS) if name == "netflow-v5" else "None"])
    assert ("equal-start_time" in lost) == (name == "netflow-v5")


@pytest.mark.parametrize("name", EXPORTS)
def test_flows_without_times_get_none(name: str) -> None:
    pasted = flow(start_time=None, end_time=None)
    capture, _ = write(name, [batch_of(4, [pasted, flow()])])
    assert {d.time for d in datagrams(capture)} == {
        0.0,
        NOON // SECOND + (0.001 if name == "netflow-v5" else 1),
    }
    assert sorted(str(r["end_time"]) for _, r in rows_of(read(capture).batches)) == [str(NOON + MS), "None"]


@pytest.mark.parametrize("name", EXPORTS)
def test_exporters_by_name_get_addresses_of_their_own_and_it_is_said(name: str) -> None:
    batch = batch_of(4, [flow(exporter=e) for e in ("core-1", "core-2", "10.9.8.7", None, "core-1", "::")])
    capture, written = write(name, [batch])
    counts = Counter(r["exporter"] for _, r in rows_of(read(capture).batches))
    stand_ins = [a for a in counts if a != "10.9.8.7"]
    assert sorted(counts.values()) == [1, 1, 1, 1, 2]
    assert all(a.startswith("198.18.") for a in stand_ins)
    assert {loss.id: loss.count for loss in written.losses} == {"exporter-names": 4, "exporter-unknown": 1}
    assert any("core-1 is 198.18." in note for note in written.notes)
    assert str(STAND_INS) == "198.18.0.0/15"


def test_version_5_says_what_it_cannot_say() -> None:
    rows = [
        flow(),
        flow(protocol=None, src_port=None, dst_port=None, tcp_flags=None),
        flow(bytes=2**32, packets=2**40, in_if="70000", out_if="Gi0/1", sampling_rate=20_000, tcp_flags=258),
        flow(bytes=None, label="Botnet", action="deny"),
        flow(protocol=None, ethertype=2054, src_port=None, dst_port=None, tcp_flags=None),
    ]
    capture, written = write("netflow-v5", [batch_of(4, rows), batch_of(6, [flow(), flow()])])
    assert {(loss.id, loss.count) for loss in written.losses if loss.flows} == {
        ("ipv6", 2), ("no-protocol", 1), ("arp", 1)
    }  # fmt: skip
    assert {(loss.id, loss.count) for loss in written.losses if not loss.flows} == {
        ("large-bytes", 1), ("large-packets", 1), ("no-in_if", 1), ("no-out_if", 1), ("sampling-rate", 1),
        ("tcp-flags-ns", 1), ("zero-bytes", 1), ("no-label", 1), ("no-action", 1),
    }  # fmt: skip
    assert written.flows == 3
    back = sorted((r for _, r in rows_of(read(capture).batches)), key=lambda r: -r["bytes"])
    assert [r["bytes"] for r in back] == [2**32 - 1, 48, 0]
    assert back[0]["tcp_flags"] == 2


@pytest.mark.parametrize("name", ["netflow-v9", "ipfix"])
def test_a_record_needs_an_address_and_something_that_was_counted(name: str) -> None:
    nobody = flow(src_addr=None, dst_addr=None)
    uncounted = flow(packets=None, bytes=None)
    _, written = write(name, [batch_of(4, [nobody, uncounted, flow(), uncounted | {"action": "deny"}])])
    assert {(loss.id, loss.count) for loss in written.losses} == {("no-address", 1), ("no-counter", 1)}
    assert written.flows == 2


@pytest.mark.parametrize("name", ["netflow-v9", "ipfix"])
def test_counters_of_63_bits_come_back(name: str) -> None:
    capture, _ = write(name, [batch_of(4, [flow(packets=2**63 - 1, bytes=2**63 - 1)])])
    assert [(r["packets"], r["bytes"]) for _, r in rows_of(read(capture).batches)] == [(2**63 - 1, 2**63 - 1)]


@pytest.mark.parametrize("name", ["netflow-v9", "ipfix"])
def test_many_and_long_interface_names_take_several_messages(name: str) -> None:
    rows = [flow(in_if=f"Interface {i} {'é' * (i % 120)}", out_if="Null") for i in range(300)]
    capture, written = write(name, [batch_of(4, rows)])
    assert max(d.packet for d in datagrams(capture)) <= MAX_PACKET
    back = {r["in_if"] for _, r in rows_of(read(capture).batches)}
    assert back == {str(r["in_if"]).encode()[:200].decode("utf-8", "ignore").strip() for r in rows}
    assert {r["out_if"] for _, r in rows_of(read(capture).batches)} == {"Null"}
    assert [loss.id for loss in written.losses] == ["interface-names"]
