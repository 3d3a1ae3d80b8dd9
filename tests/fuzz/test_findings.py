"""What fuzzing found, each with the smallest bytes that show it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slowworm.errors import InputError
from slowworm.flows.table import flow_batch, integers
from slowworm.sources import packing
from slowworm.sources.arrow import read_arrow
from slowworm.sources.base import Reading
from slowworm.sources.capture.pcap import PacketCapture
from slowworm.sources.netflow.account import MAX_KEPT
from slowworm.sources.netflow.bare import NetflowFile
from slowworm.sources.netflow.decode import decode
from slowworm.sources.netflow.sequence import lost
from slowworm.sources.nfcapd import NFCAPD
from slowworm.sources.packing import unpacked
from slowworm.sources.tables import SlowwormParquet
from slowworm.sources.tables.parquet import EXPANSION_FREE
from tests.fuzz import files
from tests.fuzz.decoders import datagrams
from tests.fuzz.messages import ipfix, sets, template
from tests.fuzz.mutate import Messages
from tests.fuzz.oracles import check_reading, limited, memory
from tests.sources.packets import frames

ADDRESS, PACKETS = (8, 4), (2, 1)


def netflow(data: bytes, *, factor: float = 1.0) -> Reading:
    """The reading of a file of messages, within the time that its size allows."""
    with limited(len(data), factor):
        reading = NetflowFile().read("x", data)
    check_reading(reading, len(data))
    return reading


def test_a_template_of_a_thousand_fields_does_not_cost_every_data_set_a_thousand_steps() -> None:
    wide = [ADDRESS, *[(210, 0)] * 1000, PACKETS]
    long = [ADDRESS, *[(210, 1)] * 1000, PACKETS]
    for fields in (wide, long):  # 6.6 s for 68 KB
        data = ipfix(sets((2, template(256, fields)))) + ipfix(sets(*[(256, b"")] * 15_000))
        assert netflow(data, factor=0.5).flows == 0


def test_fields_of_no_octets_take_no_memory_in_records_of_variable_length() -> None:
    # A record of one octet had 1,022 fields: 1.3 GB for 24 KB.
    data = ipfix(sets((2, template(256, [(82, 0xFFFF), *[(210, 0)] * 1022])), (256, bytes(20_000))))
    reading = memory(lambda: netflow(data, factor=4), len(data), free=2 << 20, per_byte=100)
    assert [(n.id, n.count) for n in reading.notes] == [("netflow-other-record", 20_000)]


def test_a_template_without_octets_is_no_withdrawal() -> None:
    good = template(256, [ADDRESS, PACKETS])
    empty = template(256, [(8, 0), (2, 0)])
    reading = netflow(ipfix(sets((2, good))) + ipfix(sets((2, empty))) + ipfix(sets((256, b"\1\2\3\4\5"))))
    assert reading.flows == 1
    assert [p.text for p in reading.problems] == ["IPFIX, domain 5: templates that do not fit their set"]


def test_withdrawing_all_templates_of_a_domain_does_not_look_at_those_of_others() -> None:
    # 8.5 s for 84 KB.
    many = sets((2, b"".join(template(256 + k, [ADDRESS]) for k in range(7000))))
    nothing = sets((2, struct.pack(">HH", 2, 0) * 7000))
    netflow(ipfix(many) + ipfix(nothing, domain=6), factor=0.5)


def test_the_rate_of_a_hundred_thousand_samplers_is_not_looked_for_by_every_template() -> None:
    # 16 s for 0.5 MB.
    options = struct.pack(">HHHHHHH", 256, 2, 1, 302, 4, 34, 1)
    rates = [ipfix(sets((256, b"".join(struct.pack(">IB", k + i, 9) for i in range(1000)))))
             for k in range(0, 100_000, 1000)]  # fmt: skip
    fields = [[ADDRESS, PACKETS, (210, 1 + k % 20), (211, 1 + k // 20)] for k in range(300)]
    flows = sets((2, b"".join(template(300 + k, f) for k, f in enumerate(fields))))
    data = sets(*((300 + k, bytes([1] * sum(n for _, n in f))) for k, f in enumerate(fields)))
    reading = netflow(ipfix(sets((3, options))) + b"".join(rates) + ipfix(flows) + ipfix(data), factor=0.2)
    assert reading.flows == 300
    assert {r for b in reading.batches for r in b.column("sampling_rate").to_pylist()} == {9}


@pytest.mark.parametrize("what", ["streams", "restarts"])
def test_loss_in_many_streams_is_found_in_one_pass(what: str) -> None:
    count = 200_000  # quadratic: half an hour
    number = np.arange(count, dtype=np.int64)
    stream, sequence = (number, 0 * number) if what == "streams" else (0 * number, (number % 2) << 30)
    with limited(1):
        assert not list(
            lost(exporter=stream, domain=0 * number, sequence=sequence, step=number % 2, offset=number)
        )


def test_datagrams_of_many_exporters_are_counted_in_one_pass() -> None:
    # Every exporter looked at all datagrams: minutes for the capture of a large network.
    count = 100_000
    short = Messages.of([struct.pack(">HHIII", 5, 1, 0, 0, 0) + bytes(8)] * count)
    given = replace(datagrams(short), exporter=np.arange(count), exporters=[f"r{k}" for k in range(count)])
    with limited(len(short.data), 0.2):
        decoded = decode(given, "x")
    assert sum(p.count for p in decoded.problems) == count


def test_problems_of_hostile_messages_are_counted_together_at_last() -> None:
    # Every four octets could name another template: a problem of 500 octets each.
    data = ipfix(sets(*((256 + k, b"") for k in range(12_000))))
    reading = memory(lambda: netflow(data, factor=4), len(data), free=4 << 20, per_byte=200)
    assert len(reading.problems) <= MAX_KEPT + 20
    assert sum(p.count for p in reading.problems) == 12_000
    assert "further ones" in reading.problems[-1].text


def test_an_extension_header_that_is_cut_off_leaves_the_protocol_unknown() -> None:
    packet = frames.ethernet(0x86DD, frames.ipv6(b"\x2c", 0))
    reading = PacketCapture().read("x", files.pcap([packet]))
    check_reading(reading, 1000)
    assert reading.flows == 1
    assert reading.batches[0].column("protocol").to_pylist() == [None]


def test_a_capture_without_exports_that_is_asked_for_exports_says_nothing_of_exports() -> None:
    packet = frames.ethernet(0x0800, frames.ipv4(frames.tcp(), 6))
    reading = PacketCapture(packets=False).read("x", files.pcap([packet]))
    assert [(n.id, n.count) for n in reading.notes] == [("capture-other-packets", 1)]


@pytest.mark.parametrize(
    "empty", [gzip.compress(b""), bz2.compress(b""), lzma.compress(b"")], ids=["gz", "bz2", "xz"]
)
def test_a_file_of_many_tiny_members_is_unpacked_in_one_pass(empty: bytes) -> None:
    # The rest of the file was copied for every member: hours for 10 MB.
    data = empty * (2_000_000 // len(empty))
    with limited(len(data), 0.2):
        assert unpacked("x", data) == (b"", ())


@pytest.mark.parametrize("number", range(4), ids=["gz", "bz2", "xz", "zstd"])
def test_a_bomb_does_not_go_off(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # 211 octets of bzip2 were 270 MB, and twice that in memory.
    monkeypatch.setattr(packing, "EXPANSION_FREE", 4 << 20)
    good, bomb = (files.packed(bytes(size))[number] for size in (4 << 20, (4 << 20) + 1))
    assert unpacked("x", good) == (bytes(4 << 20), ())

    def unpack() -> None:
        with pytest.raises(InputError, match="unpack to more than 4 MiB: unpack it first"):
            unpacked("x", bomb)

    memory(unpack, len(bomb), free=20 << 20)  # xz has a dictionary of 8 MiB


def test_an_xz_header_that_demands_gigabytes_is_refused_before_they_are_taken() -> None:
    data = bytearray(lzma.compress(b"hello", check=lzma.CHECK_CRC32))
    at, size = 12, (data[12] + 1) * 4
    data[data.index(b"\x21\x01", at) + 2] = 40  # a dictionary of 4 GiB
    data[at + size - 4 : at + size] = struct.pack("<I", zlib.crc32(bytes(data[at : at + size - 4])))
    with pytest.raises(
        InputError, match="xz data are cut off or damaged after 0 bytes: Memory usage limit exceeded"
    ):
        unpacked("x", bytes(data))


def test_counters_of_one_connection_that_add_up_beyond_the_column_are_unknown() -> None:
    fields = [(8, 4), (12, 4), (148, 4), (233, 1), (231, 8)]
    record = bytes([10, 0, 0, 1, 10, 0, 0, 2]) + struct.pack(">IBQ", 1, 5, 0x6000_0000_0000_0000)
    reading = netflow(ipfix(sets((2, template(256, fields)), (256, record * 2))))
    assert [b.column("bytes").to_pylist() for b in reading.batches] == [[None]]


def table(labels: pa.Array, **how: Any) -> bytes:
    """A Parquet file of flows with a label each."""
    sink = io.BytesIO()
    count = len(labels)
    columns = {"src_addr": pa.array([1] * count, pa.uint32()), "dst_addr": pa.array([2] * count, pa.uint32())}
    pq.write_table(pa.table({**columns, "label": labels}), sink, compression="zstd", **how)
    return sink.getvalue()


@pytest.mark.parametrize(
    "how",
    [
        {"store_schema": False},
        {"store_schema": True},
        {"use_dictionary": False},
        {"use_dictionary": False, "column_encoding": {"label": "DELTA_BYTE_ARRAY"}},
    ],
    ids=["dictionary", "dictionary-in-the-schema", "plain", "prefixes"],
)
def test_texts_that_a_few_bytes_of_parquet_repeat_are_not_written_out(how: dict[str, Any]) -> None:
    # One text in a dictionary, or one prefix, stood in all rows: 987 octets were 2.4 GB.
    def labels(size: int, count: int) -> pa.Array:
        one = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), ["x" * size])
        return one if how.get("store_schema") is not None else one.dictionary_decode()

    good = SlowwormParquet().read("x", table(labels(150, 20_000), **how))
    assert (good.flows, good.problems) == (20_000, ())
    assert good.batches[-1].column("label")[-1].as_py() == "x" * 150
    data = table(labels(40_000, 2000), **how)
    reading = memory(lambda: SlowwormParquet().read("x", data), len(data), free=3 * EXPANSION_FREE)
    assert reading.flows < 2000
    (problem,) = reading.problems
    assert "more than a file of this size can" in problem.text


def test_counters_that_no_int64_holds_are_unknown() -> None:
    # They ended the hunt: everything is counted in int64.
    rng = random.Random(1)
    record = next(r for r in files.records1(rng) if r[4] == 6)
    damaged = record.replace((300).to_bytes(8, "little"), (1 << 63).to_bytes(8, "little"))
    data = files.nfcapd1([files.nf_block([files.records1(rng)[0], record, damaged], 0)], 0)
    (batch,) = NFCAPD.read("x", data).batches
    assert batch.column("bytes").to_pylist()[::2] == [300, None]  # answers between them

    flows = {"src_addr": pa.array([1, 2], pa.uint32()), "dst_addr": pa.array([3, 4], pa.uint32()),
             "packets": pa.array([5, 1 << 63], pa.uint64())}  # fmt: skip
    pq.write_table(pa.table(flows), sink := io.BytesIO())
    (own,) = SlowwormParquet().read("x", sink.getvalue()).batches
    (table,) = read_arrow(pa.table(flows), name="x").batches
    assert own.column("packets").to_pylist() == table.column("packets").to_pylist() == [5, None]
    assert integers(flow_batch(flows, rows=2), "packets").tolist() == [5, -1]
