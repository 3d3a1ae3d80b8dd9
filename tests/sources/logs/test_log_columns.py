"""The shared parts: numbers, times, addresses, JSON of whole columns against Python's own; damage everywhere."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import SHARED

from slowworm.sources.logs import FORMATS, lines
from slowworm.sources.logs.cells import Cells
from slowworm.sources.logs.hosts import hosts
from slowworm.sources.logs.jsonlines import whole_objects
from slowworm.sources.logs.lines import Account, chunks
from slowworm.sources.logs.numbers import clock, hexadecimal, instants, seconds, unsigned
from slowworm.sources.logs.words import words

DETECTION = SHARED / "data" / "detection"
SEEDS = [
    DETECTION / "netflowlabeler" / name
    for name in ("conn.json.small.log", "conn.tab.log", "nfcapd.sample1", "nfcapd.sample2", "test.binetflow")
] + [DETECTION / "StratosphereLinuxIPS/dataset/test5-mixed.binetflow"]
DNS = (
    b'{"timestamp":"2024-02-29T10:00:00.5+0000","event_type":"dns","src_ip":"10.0.0.1","src_port":4000,"dest_ip":'
    b'"10.0.0.53","dest_port":53,"dns":{"type":"answer","rdata":"192.0.2.1","answers":[{"rrtype":"A","rdata":'
    b'"192.0.2.2"}],"grouped":{"A":["192.0.2.2"],"AAAA":["2001:db8::1"]}}}\n'
    b'{"_path":"dns","ts":2.0,"id.orig_h":"10.0.0.1","id.resp_h":"10.0.0.53","id.resp_p":53,"trans_id":3,"query":'
    b'"a.test","answers":["192.0.2.1","b.test"]}\n'
)
EVE = (
    b'{"timestamp":"2024-03-01T10:05:00.1+0100","event_type":"flow","src_ip":"192.0.2.1","dest_ip":"2.2.2.2",'
    b'"proto":"TCP","flow":{"pkts_toserver":3,"start":"2024-03-01T10:05:00.1+0100"},"tcp":{"tcp_flags_ts":"1b"}}\n'
)
TOKENS = (
    *(
        b"null",
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"\\",
        b",",
        b":",
        b"\n",
        b"\x00",
        b"\xff",
        b"\t",
        b"->",
        b"-1",
        b"{}",
    ),
    *(
        b"9" * 30,
        b"1e999",
        b"\\ud800",
        b"#fields\t",
        b"#separator ,",
        b"SrcAddr",
        b"sa,da",
        b"\xff\xfe",
        b"NaN",
    ),
)


def column(*texts: str) -> Cells:
    return Cells.of(pa.array(list(texts), pa.string()))


@given(st.lists(st.text("0123456789 -+._xe", max_size=22), min_size=1, max_size=20))
def test_integers_are_digits_and_nothing_else(texts: list[str]) -> None:
    found = unsigned(column(*texts))
    for text, value, known in zip(texts, found.values.tolist(), found.known.tolist(), strict=True):
        assert known == (text.isdigit() and len(text) <= 18)
        assert not known or value == int(text)


@given(st.lists(st.integers(-(10**18), 9 * 10**18), min_size=1, max_size=20))
def test_seconds_are_exact_to_the_nanosecond(values: list[int]) -> None:
    texts = [f"{'-' if v < 0 else ''}{abs(v) // 10**9}.{abs(v) % 10**9:09}" for v in values]
    assert seconds(column(*texts)).values.tolist() == values


def test_seconds_of_other_tools_are_rounded_or_unknown() -> None:
    found = seconds(
        column("9.5e-05", "0.09628199999999865", "18446744073709540.000", "1e400", "-", "1.2.3", ".5", "nan")
    )
    assert found.values[found.known].tolist() == [95_000, 96_282_000, 500_000_000]


@given(
    st.lists(st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2260, 1, 1)), min_size=1, max_size=20),
    st.sampled_from("-/"),
)
def test_dates_are_those_of_python(times: list[dt.datetime], mark: str) -> None:
    texts = [t.strftime(f"%Y{mark}%m{mark}%d %H:%M:%S.%f") for t in times]
    expected = [(t - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1) * 1000 for t in times]
    assert instants(column(*texts)).values.tolist() == expected


def test_zones_fractions_and_impossible_dates() -> None:
    good = ("2013-10-21T10:00:00Z", "2013-10-21T12:00:00+0200", "2013-10-21T05:00:00.0-05:00", "1382349600")
    assert set(instants(column(*good, "1382349600000", "1382349600000.0")).values.tolist()) == {
        1_382_349_600 * 10**9
    }
    bad = (
        "2013-02-29 00:00:00",
        "2013-13-01 00:00:00",
        "2013-10-21",
        "10:00:00.5",
        "-5",
        "2013-10-21 25:00:00",
        "9" * 18,
    )
    assert not instants(column(*bad)).known.any()


def test_clocks_and_hexadecimals() -> None:
    assert clock(column("00:35:55.052", "12.5", "99:99")).values.tolist()[:2] == [
        2_155_052_000_000,
        12_500_000_000,
    ]
    found = hexadecimal(column("0x0303", "0xffffffffff", "0x", "303", "0xzz"))
    assert found.values[found.known].tolist() == [0x0303]


@given(st.lists(st.ip_addresses(), min_size=1, max_size=20))
def test_addresses_are_those_of_python(values: list[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> None:
    found = hosts(column(*map(str, values)))
    assert found.version.tolist() == [v.version for v in values]
    for row, value in enumerate(values):
        assert (
            (int(found.narrow[row]) == int(value))
            if value.version == 4
            else (found.wide[row].tobytes() == value.packed)
        )


def test_what_is_no_address_is_none() -> None:
    bad = (
        "",
        "1.2.3",
        "1.2.3.256",
        "1.2.3.4.5",
        "1..2.3",
        "0001.2.3.4",
        "fe80::d..8e",
        "00:00:00:00:00:00",
        ":",
        "host",
    )
    assert hosts(column(*bad)).version.tolist() == [0] * len(bad)
    assert hosts(column("fe80::1%eth0", "010.0.0.1")).version.tolist() == [6, 4]


@given(st.lists(st.text('{}[]":,\\ a1\r', max_size=12), min_size=1, max_size=8))
def test_lines_given_to_pyarrow_are_single_objects(texts: list[str]) -> None:
    data = "\n".join(texts).encode()
    for chunk in chunks(data, Account("x")):
        kept, rows = whole_objects(chunk, np.flatnonzero(chunk.end > chunk.start))
        assert len(kept.split()) == 0 if not len(rows) else kept.count(b"\n") == data.count(b"\n")
        for row in rows.tolist():
            text = chunk.line(row).strip()
            assert text.startswith(b"{")
            assert text.endswith(b"}")
    for line in texts:  # nothing that Python takes for one object is kept from pyarrow for long
        try:
            value = json.loads(line)
        except ValueError:
            continue
        (chunk,) = chunks(line.encode() or b"\n", Account("x"))
        _, rows = whole_objects(chunk, np.arange(chunk.rows))
        assert len(rows) == isinstance(value, dict)


@given(st.lists(st.text(" \tab", max_size=10), min_size=1, max_size=8))
def test_words_are_those_of_split(texts: list[str]) -> None:
    data = "\n".join(texts).encode() + b"\n"
    (chunk,) = chunks(data, Account("x"))
    assert words(chunk).count.tolist() == [len(text.split()) for text in texts]


def mutated(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 2, 5))):
        data = damaged(data, rng)
    return data


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Cut at an end, a bit flipped, a token put in, a line dropped, a line doubled."""
    at, rows = rng.randrange(len(data) + 1), data.split(b"\n")
    row = rng.randrange(len(rows))
    flipped = bytes([byte ^ 1 << rng.randrange(8) for byte in data[at : at + 1]])
    return rng.choice(
        (
            data[:at],
            data[at:],
            data[:at] + flipped + data[at + 1 :],
            data[:at] + rng.choice(TOKENS) + data[at + rng.choice((0, 1, 4)) :],
            b"\n".join(rows[:row] + rows[row + 1 :]),
            b"\n".join(rows[:row] + [rows[row]] * 3 + rows[row:]),
        )
    )


@pytest.mark.skipif(not SEEDS[0].exists(), reason="fixtures are not here")
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_damage_never_raises_and_nothing_is_invented(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr(lines, "CHUNK_BYTES", rng.choice((2000, 2_000_000)))
    seeds = [path.read_bytes()[:8000] for path in SEEDS] + [EVE * 3, DNS * 3]
    data = mutated(rng.choice(seeds), rng)
    for form in FORMATS:
        form.recognises(data)
        reading = form.read("x", data)
        assert reading.flows == sum(batch.num_rows for batch in reading.batches)
        assert reading.flows <= 2 * (data.count(b"\n") + data.count(b"{") + 1)
        for batch in reading.batches:
            batch.validate(full=True)
        for problem in reading.problems:
            assert problem.where.startswith("x:")
            assert problem.count > 0


@pytest.mark.skipif(not SEEDS[0].exists(), reason="fixtures are not here")
@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_a_file_cut_anywhere_loses_only_its_last_record(path: Path) -> None:
    data = path.read_bytes()[:4000]
    (form,) = [f for f in FORMATS if f.recognises(data)]
    ends = [at for at, byte in enumerate(data) if byte == 10]
    whole = form.read("x", data[: ends[-1] + 1])
    for cut in range(ends[-2] + 1, ends[-1], 7):
        reading = form.read("x", data[:cut])
        assert whole.flows - 2 <= reading.flows <= whole.flows
        assert reading.flows + sum(p.count for p in reading.problems) >= whole.flows - 2


@pytest.mark.skipif(not SEEDS[0].exists(), reason="fixtures are not here")
def test_small_pieces_read_like_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for path in SEEDS:
        data = path.read_bytes()
        (form,) = [f for f in FORMATS if f.recognises(data[:65_536])]
        whole = pa.Table.from_batches(
            [b for b in form.read("x", data).batches if b.schema.field(2).type == pa.uint32()]
        )
        monkeypatch.setattr(lines, "CHUNK_BYTES", 3000)
        small = pa.Table.from_batches(
            [b for b in form.read("x", data).batches if b.schema.field(2).type == pa.uint32()]
        )
        monkeypatch.undo()
        assert small.to_pydict() == whole.to_pydict()


def test_hostile_shapes_are_read_in_linear_time() -> None:
    for data in (
        b"\n" * 200_000,
        b"," * 200_000,
        b"{" * 200_000,
        b"{}\n" * 50_000,
        b"SrcAddr" * 30_000,
        b"-> " * 60_000,
    ):
        for form in FORMATS:
            form.recognises(data[:65_536])
            assert form.read("x", data).flows == 0


def test_every_format_has_a_name_of_its_own() -> None:
    names = [form.info.name for form in FORMATS]
    assert sorted(names) == [
        "argus-binetflow", "nfdump-csv", "nfdump-json", "nfdump-text", "suricata-eve", "zeek-conn", "zeek-dns",
        "zeek-other",
    ]  # fmt: skip
