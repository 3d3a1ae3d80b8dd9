"""Numbers, addresses, times and fields are read from columns of text as one by one."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from slowworm.sources.tables.lines import Chunk, as_utf8, chunks
from slowworm.sources.tables.slices import DAMAGED, MISSING, Slices
from slowworm.sources.tables.times import BAD_TIME, NO_TIME, epoch_by_size, epoch_texts, iso


def test_integers_are_numbers_missing_or_damaged() -> None:
    texts = Slices.texts(
        ["0", "65535", "", "-", "12x", "-1", "9223372036854775807", "9223372036854775808", "1" * 30]
    )
    expected = [0, 65535, MISSING, MISSING, DAMAGED, DAMAGED, 2**63 - 1, DAMAGED, DAMAGED]
    assert texts.integers().tolist() == expected


@given(
    st.lists(st.one_of(st.ip_addresses(), st.text(alphabet="0123456789abcdef.:%-", max_size=20)), max_size=30)
)
def test_addresses_agree_with_the_standard_library(values: list[object]) -> None:
    texts = [str(v) for v in values]
    found = Slices.texts(texts).addresses()
    for i, text in enumerate(texts):
        try:
            expected = ipaddress.ip_address(text.split("%")[0] if ":" in text else text)
        except ValueError:
            # Routers print leading zeros, which the standard library refuses.
            zeros = found.version[i] == 4 and any(part.startswith("0") for part in text.split("."))
            assert zeros or found.version[i] in (MISSING, DAMAGED)
            continue
        if "%" in text:
            continue
        assert found.version[i] == expected.version
        if expected.version == 4:
            assert int(found.four[i]) == int(expected)
        else:
            assert found.six[i].tobytes() == expected.packed


def test_an_address_that_is_none_is_damaged_not_guessed() -> None:
    texts = Slices.texts(["1.2.3", "1.2.3.4.5", "256.1.1.1", "1..2.3", "1.2.3.", "host", "", "1.2.3.4444"])
    assert texts.addresses().version.tolist() == [DAMAGED] * 6 + [MISSING, DAMAGED]


@given(
    st.datetimes(min_value=datetime(1970, 1, 3), max_value=datetime(2260, 1, 1)),
    st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=7))]),
)
def test_iso_times_agree_with_the_standard_library(moment: datetime, zone: timezone | None) -> None:
    aware = moment.replace(tzinfo=zone)
    since = aware.replace(tzinfo=zone or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    expected = (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1_000
    time, zoned = iso(Slices.texts([aware.isoformat(), aware.isoformat(" ")]))
    assert time.tolist() == [expected] * 2
    assert zoned.tolist() == [zone is not None] * 2


def test_times_that_cannot_be_are_damaged() -> None:
    texts = [
        "2023-02-29T00:00:00",
        "2023-01-01T24:00:00",
        "2023-13-01T00:00:00Z",
        "2023-01-01 00:00",
        "x" * 25,
        "",
    ]
    texts += ["2023-01-01T00:00:00+9", "2023-01-01T00:00:00.5 horse", "9999-01-01T00:00:00"]
    assert iso(Slices.texts(texts))[0].tolist() == [BAD_TIME] * 5 + [NO_TIME] + [BAD_TIME] * 3


def test_seconds_since_1970_are_told_by_their_size_or_their_unit() -> None:
    values = np.array([1_557_513_467, 1_557_513_467_369, 1_557_513_467_369_913, 1_557_513_467_369_913_239])
    assert (epoch_by_size(values) // 10**9).tolist() == [1_557_513_467] * 4
    texts = Slices.texts(["1557513467.25", "1557513467", "", "x", "1.x"])
    assert epoch_texts(texts, 10**9).tolist() == [
        1_557_513_467_250_000_000, 1_557_513_467_000_000_000, NO_TIME, BAD_TIME, BAD_TIME,
    ]  # fmt: skip


def test_fields_respect_quotes_and_lines() -> None:
    chunk = Chunk.of(b'a,"b,c",\r\n\r\n"x","un\nclosed,1\n', 7)
    tokens = chunk.tokens(ord(","))
    assert chunk.number.tolist() == [7, 9, 10]
    assert tokens.count.tolist() == [3, 2, 2]
    assert tokens.field(1).binary().to_pylist() == [b"b,c", b'"un', b"1"]
    assert tokens.field(2).binary().to_pylist() == [b"", b"", b""]


def test_keys_are_found_at_the_begin_of_a_token_only() -> None:
    chunk = Chunk.of(b'srcip=1 name="x srcip=2" srcip=3\nasrcip=4\n\nSYN srcip=\n', 1)
    tokens = chunk.tokens(ord(" "), runs=True)
    assert tokens.keyed(b"srcip").binary().to_pylist() == [b"1", b"", b""]
    assert tokens.present(b"SYN").tolist() == [False, False, True]


@given(st.binary(max_size=300), st.sampled_from([44, 32]), st.booleans())
def test_any_bytes_can_be_cut_into_fields(data: bytes, separator: int, runs: bool) -> None:
    for chunk in chunks(data):
        tokens = chunk.tokens(separator, runs=runs)
        assert len(tokens.count) == len(chunk)
        for line, number in zip(chunk.lines.binary().to_pylist(), range(len(chunk)), strict=True):
            if b'"' not in line and not runs:
                assert int(tokens.count[number]) == line.count(bytes([separator])) + 1


def test_utf_16_and_byte_order_marks_are_read() -> None:
    assert as_utf8("ab".encode("utf-16")) == b"ab"
    assert as_utf8(b"\xef\xbb\xbfab") == b"ab"


def test_slices_of_arrow_columns_know_nulls_and_offsets() -> None:
    column = pa.array(["a", None, "ccc", "dd"])[1:]
    assert Slices.of(column).binary().to_pylist() == [b"", b"ccc", b"dd"]
    assert len(Slices.of(pa.array([], pa.string()))) == 0


def test_a_line_of_megabytes_is_too_long_and_the_lines_around_it_keep_their_numbers() -> None:
    data = b"first\n" + b"a," * 6_000_000 + b"\nlast\n"
    found = list(chunks(data))
    assert [n for chunk in found for n in chunk.number.tolist()] == [1, 2, 3]
    assert [bool(t) for chunk in found for t in chunk.too_long] == [False, True, False]
    assert all(len(chunk.buffer) < 100_000 for chunk in found)
