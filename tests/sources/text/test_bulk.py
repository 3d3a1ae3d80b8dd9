"""Large captures: taking the rows out first reads the same as cutting the session first."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import HEADER, Row, dotted

from slowworm.sources.base import Reading
from slowworm.sources.formats import Formats
from slowworm.sources.inputs import read_bytes
from slowworm.sources.text import bulk, cache_flow_rows
from slowworm.sources.text.bulk import take_out
from slowworm.sources.text.cache_flow import CacheFlow
from slowworm.sources.text.flow_monitor import FlowMonitorCache
from slowworm.sources.text.ip_accounting import IpAccounting
from slowworm.sources.text.mls_entry import MlsEntry
from slowworm.sources.text.mls_ip import MlsIp

FORMATS = Formats(text=(CacheFlow(), FlowMonitorCache(), MlsEntry(), MlsIp(), IpAccounting()))
NEVER = 1 << 60


@dataclass(frozen=True)
class Told:
    """What a reading says, without the order in which formats were read."""

    rows: list[dict[str, object]]
    problems: list[tuple[str, str, int]]
    notes: list[tuple[str, str, int]]
    context: list[tuple[object, ...]]
    formats: dict[str, int]


def told(reading: Reading) -> Told:
    rows = [row for batch in reading.batches for row in batch.to_pylist()]
    return Told(
        rows=sorted(rows, key=lambda row: (row["line"], str(row))),
        problems=[(p.where, p.text, p.count) for p in reading.problems],
        notes=sorted((n.id, n.text, n.count) for n in reading.notes),
        context=[(c.name, c.value, c.router, c.where) for c in reading.context],
        formats=dict(reading.formats),
    )


def read(data: bytes, *, bulk_from: int) -> Told:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "COMPILE_FROM_BYTES", bulk_from)
        return told(read_bytes("f", data, FORMATS))


def taken(data: bytes) -> bool:
    """Whether the bulk path takes this text at all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "COMPILE_FROM_BYTES", len(HEADER))
        return take_out(data) is not None


def assert_same(data: bytes) -> Told:
    normal = read(data, bulk_from=NEVER)
    assert read(data, bulk_from=len(HEADER)) == normal
    return normal


def row(number: int) -> str:
    return str(
        Row(dotted(0x0A000000 + number), dotted(0xC0000200 + number), number % 65536, 80, 1 + number % 7,
            protocol=(6, 17, 1)[number % 3], in_if=f"Gi0/{number % 5}", out_if=("Null", "Vl1")[number % 2])
    )  # fmt: skip


SUMMARY = """\
IP Flow Switching Cache, 278544 bytes
  {active} active, 4092 inactive, 56 added
  1195 ager polls, 0 flow alloc failures
Protocol         Total    Flows   Packets Bytes  Packets Active(Sec) Idle(Sec)
--------         Flows     /Sec     /Flow  /Pkt     /Sec     /Flow     /Flow
TCP-WWW              2      0.0         9    93      0.0       0.1        1.5
"""
BLOCK = st.sampled_from(
    [
        "a#show ip cache flow\n",
        "b-1#show ip cache flow | include 0050\n",
        "RP/0/RSP0/CPU0:core#sh ip ca fl\n",
        "c>show ip cache flow | include 0050 | exclude Null\n",
        "Console> (enable) show mls entry\n",
        "a#\n",
        "a#show clock\n12:00:00 UTC\n",
        "b#show ip accounting\nSource Destination Packets Bytes\n 1.2.3.4 5.6.7.8 2 96\n",
        " 1.2.3.4 5.6.7.9 2 96\n",
        "a#show ip cahce flow\n       ^\n% Invalid input detected at '^' marker.\n\n",
        HEADER + "\n",
        SUMMARY.format(active=3),
        SUMMARY.format(active=0),
        "Vl1 1.2.3.4 Vl3 5.6.7.8 06 0001\n",
        "Vl1 1.2.3.4 Vl3 5.6.7.8 06 80  02       4 \n0001 /0  0  0002 /0  0  0.0.0.0   48    10.8\n",
        "some words (junk)\n",
        "other words (junk)\n",
        "*Mar  1 00:00:33.123: %LINK-3-UPDOWN: Interface up\n",
        " --More-- \n",
        "--More--",
        "\n\n",
        "a(config)#ip accounting a(config-if)#exit\n",
        " a#show ip cache flow ",
        "a#",
        "# \x1e odd (junk)\n",
        "caf\xc3\xa9 (junk)\n",
        "\r",
    ]
)


@settings(max_examples=250, deadline=None)
@given(
    st.lists(st.one_of(BLOCK, st.integers(1, 6)), min_size=1, max_size=14),
    st.sampled_from(["\n", "\r\n", " "]),
)
def test_taking_rows_out_first_changes_nothing(blocks: list[str | int], end: str) -> None:
    parts, number = [HEADER + "\n"], 0
    for block in blocks:
        if isinstance(block, str):
            parts.append(block)
        else:
            parts += [row(n) + end for n in range(number, number + block)]
            number += block
    data = "".join(parts).encode("latin-1")
    assert len(assert_same(data).rows) >= number


def test_the_comparison_is_not_of_the_normal_path_with_itself() -> None:
    assert taken(f"a#show ip cache flow\n{HEADER}\n{row(1)}\n{row(2)}\n".encode())
    assert not taken(f"a#show ip cache flow\n{row(1)}\n{row(2)}\n".encode()), "no header"


LISTING = f"a#show ip cache flow\n{HEADER}\n" + "".join(f"{row(n)}\n" for n in range(8))


@pytest.mark.parametrize(
    "data",
    [
        LISTING.encode("utf-16"),
        LISTING.encode("utf-16-le"),
        b"\xef\xbb\xbf" + LISTING.encode(),
        f"\ufeff{row(9)}\n{LISTING}".encode(),
        LISTING.replace("\n", "\r").encode(),
        LISTING.replace("\n", "\r\n").encode(),
        LISTING.replace("Gi0/1", "\x1b[KGi0/1").encode(),
        LISTING.replace("Gi0/1", " --More-- \b\b\b\b\b\b\b\b\b         \b\b\b\b\b\b\b\b\bGi0/1").encode(),
        LISTING.replace("Gi0/1", "--More--Gi0/1").encode(),
        LISTING.replace("Gi0/1", "a#Gi0/1").encode(),
        LISTING.replace("Pkts\n", "Pkts").encode(),
        LISTING.replace("\n", "\r\x00\n").encode(),
        (LISTING + LISTING.replace("Pkts", "Bytes").replace("ip cache flow", "ip flow top-talkers")).encode(),
        " ".join(LISTING.split()).encode(),
        (" ".join(LISTING.split()) + " b#show ip cache flow " + row(20)).encode(),
        LISTING.encode() + b"junk \xff\xfe (junk)\n",
        LISTING.encode() + b"\x1e" * 9,
    ],
)
def test_what_would_hide_rows_from_the_first_pass_does_not(data: bytes) -> None:
    assert len(assert_same(data).rows) >= 8


def test_more_junk_than_is_kept_between_rows_is_counted() -> None:
    with pytest.MonkeyPatch.context() as patch:
        for module in (bulk, cache_flow_rows):
            patch.setattr(module, "MAX_GAPS", 5)
        data = LISTING.replace("\n", "\n(junk)\n").encode()
        problems = assert_same(data).problems
    assert any("more pieces of text between rows" in text for _, text, _ in problems)


def test_a_real_capture_of_three_megabytes_reads_row_by_row() -> None:
    rng = random.Random(5)
    lines = ["edge1#show ip cache flow", SUMMARY.format(active=30_010) + HEADER]
    expected: list[tuple[int, int, int, int, str, str]] = []  # source, port, packets, line, input, router
    number = 2 + SUMMARY.count("\n")
    for router, count in (("edge1", 30_000), ("edge2", 10_000)):
        if router == "edge2":
            lines.append("Vl1 1.2.3.4 Vl3 5.6.7.8 06 0001")
            lines += ["edge1#show clock", "12:00:00 UTC", "edge2>sh ip ca fl", HEADER]
            number += 5
        for _ in range(count):
            source, port, packets = rng.getrandbits(32), rng.getrandbits(16), rng.randrange(1, 10**6)
            interface = f"Gi0/{rng.randrange(40)}"
            lines.append(
                str(Row(dotted(source), dotted(rng.getrandbits(32)), port, 80, packets, in_if=interface))
            )
            number += 1
            expected.append((source, port, packets, number, interface, router))
    data = "\n".join([*lines, "edge2>", ""]).encode()
    assert len(data) > 3_000_000
    reading = read_bytes("f", data, FORMATS)
    (batch,) = reading.batches
    names = ("src_addr", "src_port", "packets", "line")
    found = np.stack([batch.column(name).to_numpy(zero_copy_only=False).astype(np.int64) for name in names])
    assert (found == np.array([row[:4] for row in expected]).T).all()
    assert batch.column("in_if").to_pylist() == [row[4] for row in expected]
    assert batch.column("exporter").to_pylist() == [row[5] for row in expected]
    assert set(batch.column("input").to_pylist()) == {"f"}
    assert [(p.where, p.text) for p in reading.problems] == [
        ("f:30009", "cut off or damaged row: Vl1 1.2.3.4 Vl3 5.6.7.8 06 0001")
    ]
    notes = {n.id: n.count for n in reading.notes}
    assert notes == {"cache-listing-incomplete": 10, "other-commands": 1}
    assert {(c.name, c.value, c.where) for c in reading.context} >= {("flows_active", 30_010, "f:3")}
    assert told(reading) == read(data, bulk_from=NEVER)
