"""Events of firewalls and NAT: the records of a connection are one flow, as nfdump's file of the same export gives."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from tests.sources.netflow.messages import SENT, data, ip, ipfix, template, v9
from tests.support import SHARED

from slowworm.flows.addresses import to_objects
from slowworm.sources.base import Reading
from slowworm.sources.capture.pcap import PacketCapture
from slowworm.sources.netflow.bare import NetflowFile
from slowworm.sources.netflow.exports import Exports

LOGSTASH = SHARED / "data/netflow/logstash-codec-netflow/spec/codecs"
AKVORADO = SHARED / "data/netflow/akvorado/outlet/flow/decoder/netflow/testdata"
needs_fixtures = pytest.mark.skipif(not LOGSTASH.exists(), reason="fixtures are not here")

NSEL = ((148, 4), (8, 4), (7, 2), (10, 2), (12, 4), (11, 2), (14, 2), (4, 1), (233, 1), (323, 8))
CREATED, DELETED, DENIED, ALERT, UPDATED = 1, 2, 3, 4, 5
BEGUN = SENT * 1000 - 5000


def rows(reading: Reading) -> list[dict[str, Any]]:
    """Flows with addresses as text, without nulls; times in ms since BEGUN."""
    found = []
    for batch in reading.batches:
        addresses = {n: [str(a) for a in to_objects(batch.column(n))] for n in ("src_addr", "dst_addr")}
        for i, row in enumerate(batch.to_pylist()):
            row |= {name: texts[i] for name, texts in addresses.items()}
            row |= {n: int(row[n].timestamp() * 1000) - BEGUN for n in ("start_time", "end_time") if row[n]}
            found.append({k: v for k, v in row.items() if v is not None and k not in ("input", "exporter")})
    return found


def event(
    code: int,
    at: int,
    *,
    flow: int | None = 11,
    sp: int = 1111,
    dst: str = "192.0.2.1",
    dp: int = 80,
    tail: bytes = b"",
) -> bytes:
    head = b"" if flow is None else struct.pack(">I", flow)
    head += ip("10.0.0.1") + struct.pack(">HH", sp, 1) + ip(dst) + struct.pack(">HHBB", dp, 2, 6, code)
    return head + struct.pack(">Q", BEGUN + at) + tail


CREATE = template(256, *NSEL)
TEARDOWN = template(257, *NSEL, (231, 4), (232, 4), (152, 8))
DENY = template(258, *NSEL[1:])
UPDATE = template(259, *NSEL, (231, 4), (232, 4))


def ended(at: int, sent: int, answered: int, *, flow: int = 11, sp: int = 1111) -> bytes:
    return event(DELETED, at, flow=flow, sp=sp, tail=struct.pack(">IIQ", sent, answered, BEGUN))


def read(*sets: bytes) -> Reading:
    return NetflowFile().read("x", v9(CREATE, TEARDOWN, DENY, UPDATE) + v9(*sets, sequence=2))


def events(reading: Reading) -> int:
    return sum(n.count for n in reading.notes if n.id == "netflow-event-record")


BASE = {"protocol": 6, "in_if": "1", "out_if": "2", "action": "allow", "src_port": 1111, "dst_port": 80,
        "src_addr": "10.0.0.1", "dst_addr": "192.0.2.1"}  # fmt: skip
BACK = {**BASE, "in_if": "2", "out_if": "1", "src_port": 80, "dst_port": 1111, "src_addr": "192.0.2.1",
        "dst_addr": "10.0.0.1"}  # fmt: skip


def test_create_and_teardown_are_one_connection_and_a_denial_is_a_flow_of_its_own() -> None:
    # The same records sent to nfcapd 1.7.1: nfdump -o json lists CREATE 11, CREATE 12, DELETE 11 (700 bytes out, 900
    # back, 22:13:15.0 to 18.0) and DENIED; nfcapd's file read by Slowworm gives these four flows.
    reading = read(
        data(256, event(CREATED, 0), event(CREATED, 1, flow=12, sp=1112, dst="192.0.2.2")),
        data(257, ended(3000, 700, 900)),
        data(258, event(DENIED, 9, flow=None, sp=1113, dst="192.0.2.3", dp=23)),
    )
    assert rows(reading) == [
        {**BASE, "src_port": 1112, "dst_addr": "192.0.2.2", "start_time": 1, "end_time": 1},
        {**BASE, "bytes": 700, "start_time": 0, "end_time": 3000},
        {**BACK, "bytes": 900, "start_time": 0, "end_time": 3000},
        {**BASE, "src_port": 1113, "dst_addr": "192.0.2.3", "dst_port": 23, "action": "deny", "start_time": 9,
         "end_time": 9},
    ]  # fmt: skip
    assert (events(reading), reading.problems) == (1, ())


def test_octets_between_updates_and_the_end_are_summed_up() -> None:
    reading = read(
        data(256, event(CREATED, 0)),
        data(259, event(UPDATED, 60_000, tail=struct.pack(">II", 100, 0))),
        data(259, event(UPDATED, 120_000, tail=struct.pack(">II", 50, 30))),
        data(257, ended(130_000, 7, 8)),
    )
    assert rows(reading) == [
        {**BASE, "bytes": 157, "start_time": 0, "end_time": 130_000},
        {**BACK, "bytes": 38, "start_time": 0, "end_time": 130_000},
    ]
    assert events(reading) == 3


def test_a_connection_that_goes_on_is_its_last_update() -> None:
    reading = read(
        data(256, event(CREATED, 0)), data(259, event(UPDATED, 60_000, tail=struct.pack(">II", 100, 0)))
    )
    assert rows(reading) == [{**BASE, "bytes": 100, "start_time": 0, "end_time": 60_000}]


def test_events_of_different_firewalls_are_not_joined() -> None:
    first = v9(CREATE, TEARDOWN) + v9(data(256, event(CREATED, 0)), sequence=2)
    second = v9(CREATE, TEARDOWN, domain=8) + v9(data(257, ended(9, 1, 0)), sequence=2, domain=8)
    reading = NetflowFile().read("x", first + second)
    assert (len(rows(reading)), events(reading)) == (2, 0)


def test_records_without_an_event_in_an_event_template_are_flows() -> None:
    # Firewalls that send firewallEvent with every record, 0 where nothing happened (Palo Alto).
    fields = ((148, 4), (8, 4), (12, 4), (4, 1), (7, 2), (11, 2), (2, 4), (1, 4), (233, 1))

    def record(code: int, packets: int) -> bytes:
        head = struct.pack(">I", 5) + ip("10.0.0.1") + ip("192.0.2.1")
        return head + struct.pack(">BHHIIB", 6, 1, 80, packets, packets * 40, code)

    message = ipfix(
        template(300, *fields, version=10), data(300, record(0, 3), record(0, 4), record(DELETED, 0))
    )
    found = rows(NetflowFile().read("x", message))
    assert [(r.get("packets"), r.get("action")) for r in found] == [(3, None), (4, None), (None, "allow")]


@needs_fixtures
def test_the_asa_of_the_public_fixture_as_nfdump_has_it() -> None:
    # nfcapd -p … fed with both files, nfdump -o json: 14 events, all DELETE, 888 bytes; the first one:
    reader = NetflowFile(Exports(shared=True))
    reader.read("t", (LOGSTASH / "netflow9_test_cisco_asa_1_tpl.dat").read_bytes())
    reading = reader.read("d", (LOGSTASH / "netflow9_test_cisco_asa_1_data.dat").read_bytes())
    found = rows(reading)
    assert (len(found), sum(r["bytes"] for r in found)) == (14, 888)
    first = found[0]
    start, end = (first.pop(n) + BEGUN for n in ("start_time", "end_time"))
    assert (start, end) == (1_444_384_067_569, 1_444_384_069_599)  # 2015-10-09 09:47:47.569, 09:47:49.599
    assert first == {"src_addr": "192.168.14.1", "dst_addr": "2.2.2.11", "protocol": 1, "icmp_type": 0,
                     "icmp_code": 0, "bytes": 56, "in_if": "3", "out_if": "2", "action": "allow"}  # fmt: skip


@needs_fixtures
def test_new_translations_are_flows_and_their_ends_are_not() -> None:
    # tshark -r nat.pcap -V | grep 'Nat Event': 8 times create, once delete
    reading = PacketCapture().read("nat", (AKVORADO / "nat.pcap").read_bytes())
    found = rows(reading)
    assert (len(found), events(reading)) == (8, 1)
    assert {k: found[0][k] for k in ("src_addr", "dst_addr", "src_port", "dst_port", "protocol")} == {
        "src_addr": "172.16.100.198", "dst_addr": "10.89.87.1", "src_port": 35303, "dst_port": 53, "protocol": 17,
    }  # fmt: skip
    assert not [r for r in found if "packets" in r or "bytes" in r]
