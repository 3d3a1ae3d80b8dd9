"""NetFlow and IPFIX beyond what tests/sources/agreement compares: missing templates, damage, loss, template changes."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import SHARED

from slowworm.sources.capture.pcap import PacketCapture
from slowworm.sources.netflow.bare import NetflowFile

AKVORADO = "netflow/akvorado/outlet/flow/decoder/netflow/testdata"
LOGSTASH = "netflow/logstash-codec-netflow/spec/codecs"

pytestmark = pytest.mark.skipif(not (SHARED / "data").exists(), reason="shared data are not here")


NO_TEMPLATE = [
    (f"{AKVORADO}/data.pcap", 0, 1),
    (f"{LOGSTASH}/netflow9_test_iptnetflow_reduced_size_encoding_tpldata260.dat", 12, 6),
    (f"{LOGSTASH}/netflow9_test_cisco_asa_1_data.dat", 0, 1),
    (f"{LOGSTASH}/ipfix_test_netscaler_data.dat", 0, 4),
]
"""Fixtures, their flows, and sets of data whose template is not in them (tshark's notemplate, data/INDEX.md)."""


@pytest.mark.parametrize(("path", "flows", "missing"), NO_TEMPLATE, ids=lambda v: str(v).rsplit("/", 1)[-1])
def test_data_without_a_template_are_counted(path: str, flows: int, missing: int) -> None:
    data = (SHARED / "data" / path).read_bytes()
    reader = NetflowFile() if path.endswith(".dat") else PacketCapture()
    assert reader.recognises(data[:65536])
    reading = reader.read(path, data)
    assert reading.flows == flows
    assert sum(p.count for p in reading.problems if "never sent" in p.text) == missing


def rows(path: str) -> list[dict[str, object]]:
    data = (SHARED / "data" / path).read_bytes()
    reader = NetflowFile() if path.endswith(".dat") else PacketCapture()
    return [row for batch in reader.read(path, data).batches for row in batch.to_pylist()]


def test_template_and_data_in_two_files_meet() -> None:
    data = b"".join(
        (SHARED / "data" / LOGSTASH / f"netflow9_test_ubnt_edgerouter_{part}.dat").read_bytes()
        for part in ("tpl", "data1024", "data1025")
    )
    reading = NetflowFile().read("x", data)
    assert not [p for p in reading.problems if "never sent" in p.text]
    assert reading.flows == 16  # upstream's own count for this sequence


def test_fields_of_a_version_5_record() -> None:
    # tshark -V on the same file, first PDU.
    first = rows(f"{LOGSTASH}/netflow5_test_juniper_mx80.dat")[0]
    assert {k: first[k] for k in ("protocol", "sampling_rate")} == {"protocol": 6, "sampling_rate": 1000}


@pytest.mark.parametrize("name", ["softflowd_v5", "softflowd_v9", "softflowd_ipfix"])
def test_the_scan_is_the_same_through_every_version(name: str) -> None:
    scanner = int.from_bytes(bytes((172, 16, 0, 8)))
    flows = [
        f for f in rows(f"derived/synscan/{name}.pcap") if f["src_addr"] == scanner and f["protocol"] == 6
    ]
    packets = [f for f in rows("detection/chrissanders-packets/synscan.pcapng")
               if f["src_addr"] == scanner and f["protocol"] == 6]  # fmt: skip
    assert {f["dst_port"] for f in flows} == {f["dst_port"] for f in packets}
    assert sum(int(str(f["packets"])) for f in flows) == sum(int(str(f["packets"])) for f in packets)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_never_raises_and_memory_stays_bounded(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["ipfix.dat", "netflow9_test_valid01.dat", "netflow5.dat",
                                      "netflow9_test_0length_fields_tpl_data.dat", "ipfix_test_yaf_tpls_option_tpl.dat",
                                      "netflow9_test_cisco_asa_1_tpl.dat"]))  # fmt: skip
    content = bytearray((SHARED / "data" / LOGSTASH / name).read_bytes())
    for _ in range(data.draw(st.integers(0, 12))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    reading = NetflowFile().read("x", bytes(content[:cut]) * data.draw(st.integers(1, 3)))
    # The smallest record that counts as a flow has an address and a counter; none is read twice.
    assert reading.flows <= 2 * 3 * len(content)
    for batch in reading.batches:
        batch.validate(full=True)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([1, 5, 7, 8, 9, 10]))
def test_any_bytes_behind_a_version_are_survived(content: bytes, version: int) -> None:
    NetflowFile().read("x", bytes((0, version)) + content)


def test_a_template_that_changes_in_mid_stream_is_used_from_there_on() -> None:
    def message(sequence: int, *sets: bytes) -> bytes:
        body = b"".join(sets)
        return struct.pack(">HHIII", 10, 16 + len(body), 1_000_000_000, sequence, 7) + body

    def template(*fields: tuple[int, int]) -> bytes:
        body = struct.pack(">HH", 256, len(fields)) + b"".join(struct.pack(">HH", *f) for f in fields)
        return struct.pack(">HH", 2, 4 + len(body)) + body

    def data_set(content: bytes) -> bytes:
        return struct.pack(">HH", 256, 4 + len(content)) + content

    first = data_set(bytes((10, 0, 0, 1, 10, 0, 0, 2)) + struct.pack(">I", 3))
    second = data_set(struct.pack(">H", 9) + bytes((10, 0, 0, 3, 10, 0, 0, 4)))
    stream = message(0, template((8, 4), (12, 4), (2, 4)), first) + message(
        1, template((2, 2), (8, 4), (12, 4)), second
    )
    found = [row for batch in NetflowFile().read("x", stream).batches for row in batch.to_pylist()]
    assert [(r["src_addr"] & 255, r["dst_addr"] & 255, r["packets"]) for r in found] == [(1, 2, 3), (3, 4, 9)]
    withdrawn = message(1, struct.pack(">HHHH", 2, 8, 256, 0), first)
    reading = NetflowFile().read("x", message(0, template((8, 4), (12, 4), (2, 4))) + withdrawn)
    assert reading.flows == 0
    assert "never sent" in reading.problems[0].text


def test_loss_is_counted_in_each_protocols_own_unit() -> None:
    def v5(sequence: int, count: int) -> bytes:
        head = struct.pack(">HHIIIIBBH", 5, count, 1000, 1_000_000_000, 0, sequence, 0, 0, 0)
        return head + bytes(48) * count

    reading = NetflowFile().read("x", v5(100, 3) + v5(103, 2) + v5(115, 1) + v5(116, 1))
    assert [(p.count, "flows lost" in p.text) for p in reading.problems] == [(10, True)]
    late = NetflowFile().read("x", v5(100, 3) + v5(105, 1) + v5(103, 2) + v5(106, 1))
    assert late.problems == ()


def test_numbers_that_fit_no_column_are_null() -> None:
    fields = ((4, 2), (8, 4), (12, 4), (7, 4), (34, 8), (2, 4))
    body = struct.pack(">HH", 256, len(fields)) + b"".join(struct.pack(">HH", *f) for f in fields)
    record = struct.pack(">HIIIQI", 1024, 1, 2, 1 << 20, 1 << 40, 5)
    sets = struct.pack(">HH", 2, 4 + len(body)) + body + struct.pack(">HH", 256, 4 + len(record)) + record
    stream = struct.pack(">HHIII", 10, 16 + len(sets), 1, 0, 1) + sets
    (row,) = [r for batch in NetflowFile().read("x", stream).batches for r in batch.to_pylist()]
    assert (row["protocol"], row["src_port"], row["sampling_rate"], row["packets"]) == (None, None, None, 5)
